// The other end of harness.c: compiles it, starts it with a rule file, sends requests in frames. One batch at a time.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { MixRequest } from "../../../src/apps/cli/commands/waf/request-mix.ts";

export interface Batch {
  /** CPU of the harness's one thread. */
  readonly cpuNs: number;
  readonly residentKib: number;
  /** Of each request: what the client would get; 0: passed. */
  readonly statuses: readonly number[];
  /** Of each request: the last rule that gave points; 0: none. */
  readonly lastRules: readonly number[];
}

export interface Harness {
  readonly loadCpuNs: number;
  readonly loadResidentKib: number;
  run(requests: readonly MixRequest[]): Promise<Batch>;
  close(): Promise<void>;
}

/** Compiles into `folder`; undefined when the library or the compiler is not there. */
export function compileHarness(folder: string): string | undefined {
  const program = path.join(folder, "harness");
  const source = path.join(import.meta.dirname, "harness.c");
  const { status, stderr } = spawnSync("gcc", ["-O2", "-o", program, source, "-lmodsecurity"], { encoding: "utf8" });
  if (status === 0) return program;
  console.error(`the harness does not compile (apt-get install libmodsecurity-dev gcc): ${stderr}`);
  return undefined;
}

export async function startHarness(program: string, ruleFile: string): Promise<Harness> {
  const child = spawn(program, [ruleFile], { stdio: ["pipe", "pipe", "inherit"] });
  const frames = framesOf(child);
  const first = await frames.next();
  return {
    loadCpuNs: first.cpuNs,
    loadResidentKib: first.residentKib,
    run(requests) {
      const payload = Buffer.concat([u32(requests.length), ...requests.map(frameOf)]);
      child.stdin.write(Buffer.concat([u32("R".charCodeAt(0)), u32(payload.length), payload]));
      return frames.next();
    },
    async close() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function span(bytes: string | Buffer): Buffer {
  const content = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  return Buffer.concat([u32(content.length), content, Buffer.alloc(1)]);
}

function frameOf({ method, target, protocol, headers, body }: MixRequest): Buffer {
  const fields = headers.flatMap(([name, value]) => [span(name), span(value)]);
  return Buffer.concat([
    span(method),
    span(target),
    span(protocol.replace(/^HTTP\//, "")),
    u32(headers.length),
    ...fields,
    span(body),
  ]);
}

interface Frames {
  next(): Promise<Batch>;
}

function framesOf(child: ChildProcess): Frames {
  let held = Buffer.alloc(0);
  let waiting: ((batch: Batch) => void) | undefined;
  let refuse: ((error: Error) => void) | undefined;
  const deliver = (): void => {
    const batch = waiting === undefined ? undefined : takeBatch(held);
    if (batch === undefined) return;
    held = held.subarray(batch.length);
    waiting?.(batch.batch);
    waiting = undefined;
  };
  child.stdout?.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    deliver();
  });
  child.on("exit", (code) => refuse?.(new Error(`the harness ended with ${code}`)));
  return {
    next: () =>
      new Promise((resolve, reject) => {
        [waiting, refuse] = [resolve, reject];
        deliver();
      }),
  };
}

function takeBatch(held: Buffer): { readonly batch: Batch; readonly length: number } | undefined {
  if (held.length < 20) return undefined;
  const count = held.readUInt32LE(16);
  const length = 20 + count * 8;
  if (held.length < length) return undefined;
  const numbers = (from: number): readonly number[] =>
    Array.from({ length: count }, (_, index) => held.readUInt32LE(from + index * 4));
  const batch = {
    cpuNs: Number(held.readBigUInt64LE(0)),
    residentKib: Number(held.readBigUInt64LE(8)),
    statuses: numbers(20),
    lastRules: numbers(20 + count * 4),
  };
  return { batch, length };
}
