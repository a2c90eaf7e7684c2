// Reading answers within bounds: whole documents, and streams of lines. Silence, too much and broken JSON are faults with their reason.
import { Fault } from "../../base/fault.ts";
import type { KubeAnswer } from "./transport.ts";

export function tooLarge(what: string, bytesMax: number): Fault {
  return new Fault(`${what} is larger than ${bytesMax} bytes`, { code: "kube/too-large", kind: "too-large" });
}

/** The parts of a body; throws Fault "kube/silent" when none came for `silentMs`. */
export async function* partsOf(body: AsyncIterable<Uint8Array>, silentMs: number): AsyncGenerator<Uint8Array> {
  const parts = body[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const next = await within(parts.next(), silentMs);
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // Ends the connection of a body that is not read to its end; what it may still say is not waited for.
    if (!isDone) void Promise.resolve(parts.return?.()).catch(() => undefined);
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `the API server was silent for ${Math.round(ms / 1000)} s`;
    reject(new Fault(message, { code: "kube/silent", kind: "unavailable" }));
  }, ms);
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** The whole body as text. Throws Fault "kube/too-large", "kube/silent", or what broke the connection. */
export async function readText(
  answer: KubeAnswer,
  what: string,
  { bytesMax, silentMs }: { readonly bytesMax: number; readonly silentMs: number },
): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of partsOf(answer.body, silentMs)) {
    bytes += part.length;
    if (bytes > bytesMax) throw tooLarge(what, bytesMax);
    parts.push(part);
  }
  return Buffer.concat(parts, bytes).toString("utf8");
}

/** The whole body in `scratch`, which is made larger where it must be; returns the part of it that was written, valid until the next read. */
export async function readInto(
  scratch: { buffer: Buffer },
  answer: KubeAnswer,
  what: string,
  { bytesMax, silentMs }: { readonly bytesMax: number; readonly silentMs: number },
): Promise<Buffer> {
  let bytes = 0;
  for await (const part of partsOf(answer.body, silentMs)) {
    const needed = bytes + part.length;
    if (needed > bytesMax) throw tooLarge(what, bytesMax);
    if (needed > scratch.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(bytesMax, Math.max(needed, 2 * scratch.buffer.length)));
      scratch.buffer.copy(larger, 0, 0, bytes);
      scratch.buffer = larger;
    }
    scratch.buffer.set(part, bytes);
    bytes = needed;
  }
  return scratch.buffer.subarray(0, bytes);
}

/** Throws Fault "kube/broken-json". */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault(`${what} is not JSON`, { code: "kube/broken-json", kind: "unavailable", cause });
  }
}

const lineFeed = 10;

/** Whole lines as text; `undefined` stands for one that is longer than `lineBytesMax`. A last line without its end is broken off: not given. */
export async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  { lineBytesMax, silentMs }: { readonly lineBytesMax: number; readonly silentMs: number },
): AsyncGenerator<string | undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let isTooLong = false;
  for await (const part of partsOf(body, silentMs)) {
    let from = 0;
    for (let end = part.indexOf(lineFeed); end >= 0; end = part.indexOf(lineFeed, from)) {
      held.push(part.subarray(from, end));
      bytes += end - from;
      from = end + 1;
      if (isTooLong || bytes > lineBytesMax) yield undefined;
      else if (bytes > 0) yield Buffer.concat(held, bytes).toString("utf8");
      [held, bytes, isTooLong] = [[], 0, false];
    }
    if (from === part.length) continue;
    bytes += part.length - from;
    isTooLong ||= bytes > lineBytesMax;
    // Of a line that is too long nothing is kept.
    if (isTooLong) held = [];
    else held.push(part.subarray(from));
  }
}
