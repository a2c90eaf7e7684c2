// What a body parser found wrong so far. The first error and the first limit stay; a limit ends the reading.
import type { BodyLimits, BodyVerdict } from "./body-parser.ts";

export interface Findings {
  /** The body is not well-formed; reading goes on where that still shows what a lenient back end would see. */
  error(text: string): void;
  /** Nothing more is read. */
  stop(limit: keyof BodyLimits): void;
  flag(name: string, value?: number): void;
  has(name: string): boolean;
  readonly isStopped: boolean;
  readonly hasError: boolean;
  verdict(): BodyVerdict;
}

export function createFindings(limits: BodyLimits): Findings {
  let error = "";
  let limit = "";
  const flags: Record<string, number> = {};
  const note = (text: string) => {
    if (error === "") error = text;
  };
  return {
    error: note,
    stop: (name) => {
      if (limit === "") limit = name;
      note(`over ${name} (${String(limits[name])})`);
    },
    flag: (name, value = 1) => {
      flags[name] = value;
    },
    has: (name) => flags[name] !== undefined,
    get isStopped() {
      return limit !== "";
    },
    get hasError() {
      return error !== "";
    },
    verdict: () => ({ error, limit, flags }),
  };
}

/** Cuts a chunk to what `bytesMax` leaves; the limit is noted when something was cut. */
export function createByteGate(limits: BodyLimits, findings: Findings): (chunk: string) => string {
  let taken = 0;
  return (chunk) => {
    const left = limits.bytesMax - taken;
    taken += chunk.length;
    if (chunk.length <= left) return chunk;
    findings.stop("bytesMax");
    return chunk.slice(0, Math.max(0, left));
  };
}

/** A sink that counts arguments and looks at the length of their names; over a limit nothing more gets through. */
export function createArgumentGate(
  sink: { argument(name: string, value: string): void },
  limits: BodyLimits,
  findings: Findings,
): (name: string, value: string) => void {
  let count = 0;
  return (name, value) => {
    if (count >= limits.argumentsMax) findings.stop("argumentsMax");
    else if (name.length > limits.nameBytesMax) findings.stop("nameBytesMax");
    else {
      count += 1;
      sink.argument(name, value);
    }
  };
}
