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
  /** Stopped by another limit than the body's bytes: then what was taken already is not read to its end either. */
  readonly isAborted: boolean;
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
    get isAborted() {
      return limit !== "" && limit !== "bytesMax";
    },
    get hasError() {
      return error !== "";
    },
    verdict: () => ({ error, limit, flags }),
  };
}

/** Hands on of each chunk what `bytesMax` leaves. The limit is noted after that was read, so that where chunks are cut does not matter. */
export function createByteGate(
  limits: BodyLimits,
  findings: Findings,
  read: (text: string) => void,
): (chunk: string) => void {
  let left = limits.bytesMax;
  return (chunk) => {
    if (findings.isStopped || chunk === "") return;
    const text = chunk.length <= left ? chunk : chunk.slice(0, left);
    left -= text.length;
    if (text !== "") read(text);
    if (text.length < chunk.length) findings.stop("bytesMax");
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
