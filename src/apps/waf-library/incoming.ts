// Requests of node:http servers. A body is read for the verdict and put back before its end is told, so that whoever reads it next sees all of it.
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { HeaderPairs, JudgedHead, Judging } from "./judge.ts";
import type { WafLibraryLimits } from "./types.ts";

/** The head as it came: Express and Connect shorten `url` below a mount, `originalUrl` stays. */
export function headOfIncoming(request: IncomingMessage): JudgedHead {
  const { socket } = request;
  const original: unknown = "originalUrl" in request ? request.originalUrl : undefined;
  return {
    method: request.method ?? "",
    target: typeof original === "string" ? original : (request.url ?? ""),
    protocol: `HTTP/${request.httpVersion}`,
    headers: pairsOf(request.rawHeaders),
    clientAddress: plainAddress(socket.remoteAddress),
    clientPort: socket.remotePort ?? 0,
    serverAddress: plainAddress(socket.localAddress),
    serverPort: socket.localPort ?? 0,
  };
}

/** Names and values in turn to pairs. HTTP/2's ":authority" is what Host is to rules; its other names are in the request line. */
export function pairsOf(raw: readonly string[]): HeaderPairs {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    if (name === ":authority") pairs.push(["host", raw[index + 1] ?? ""]);
    else if (!name.startsWith(":")) pairs.push([name, raw[index + 1] ?? ""]);
  }
  return pairs;
}

function plainAddress(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}

export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  if (request.httpVersionMajor >= 2) {
    const stream = http2StreamOf(request);
    return stream === undefined || !("endAfterHeaders" in stream && stream.endAfterHeaders === true);
  }
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && Number(length) !== 0);
}

/** What feeds a request of HTTP/2. The request itself calls itself complete only after its end was told, which is too late to put anything back. */
function http2StreamOf(request: IncomingMessage): Readable | undefined {
  return "stream" in request && request.stream instanceof Readable ? request.stream : undefined;
}

/** Hands the body to `judging` and puts it back. Resolves when there is a verdict to be had; rejects when the client went away. */
export async function judgeBody(request: IncomingMessage, judging: Judging, limits: WafLibraryLimits): Promise<void> {
  if (request.readableEnded || request.readableFlowing === true) {
    judging.skip("the body was read before the WAF saw the request");
    return;
  }
  if (request.httpVersionMajor >= 2 && http2StreamOf(request) === undefined) {
    judging.skip("the body of a kind of server that is not known");
    return;
  }
  // Whole and empty: asking for more would tell its end before a handler listens.
  if (request.complete && request.readableLength === 0) return;
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limits.bodyBytesMax) return tooLarge(judging, limits);
  const chunks: Buffer[] = [];
  const outcome = await collect(request, { judging, limits, chunks });
  if (outcome === "too-large") tooLarge(judging, limits);
  if (outcome === "too-slow") {
    judging.skip(`the body took longer than ${limits.bodyMsMax} ms`);
    judging.stop({ status: 408, because: "limit: request body time" });
  }
}

function tooLarge(judging: Judging, limits: WafLibraryLimits): void {
  judging.skip(`request body over ${limits.bodyBytesMax} bytes`);
  judging.stop({ status: 413, because: "limit: request body" });
}

type Outcome = "whole" | "stopped" | "too-large" | "too-slow";

interface Collecting {
  readonly judging: Judging;
  readonly limits: WafLibraryLimits;
  readonly chunks: Buffer[];
}

function collect(request: IncomingMessage, { judging, limits, chunks }: Collecting): Promise<Outcome> {
  const stream = request.httpVersionMajor >= 2 ? http2StreamOf(request) : undefined;
  // All has come, but its end is told on the next tick only: what is put back now comes before it.
  const isWhole = (): boolean => (stream === undefined ? request.complete : stream.readableEnded);
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let isDone = false;
    const timer = setTimeout(() => done("too-slow"), limits.bodyMsMax);
    const onReadable = (): void => {
      // An emitter that is at it calls listeners which were taken off meanwhile.
      if (isDone) return;
      while (request.readableLength > 0) {
        const chunk = pieceOf(request);
        if (chunk === undefined) break;
        chunks.push(chunk);
        bytes += chunk.length;
        if (judging.body(chunk)) return done("stopped");
        if (bytes > limits.bodyBytesMax) return done("too-large");
      }
      if (isWhole()) done("whole");
    };
    const onClose = (): void => {
      release();
      reject(new Error("the client went away before its request was whole"));
    };
    const release = (): void => {
      isDone = true;
      clearTimeout(timer);
      request.off("readable", onReadable);
      stream?.off("end", onReadable);
      request.off("close", onClose);
      request.off("error", onClose);
      request.off("aborted", onClose);
    };
    const done = (outcome: Outcome): void => {
      release();
      if (bytes > 0) putBack(request, Buffer.concat(chunks));
      resolve(outcome);
    };
    request.on("readable", onReadable);
    stream?.on("end", onReadable);
    request.on("close", onClose);
    request.on("error", onClose);
    request.on("aborted", onClose);
  });
}

/** Bytes, also of a request that gives text because somebody called setEncoding: then of what its handler sees. */
function pieceOf(request: IncomingMessage): Buffer | undefined {
  const piece: unknown = request.read();
  if (typeof piece === "string") return Buffer.from(piece, request.readableEncoding ?? "utf8");
  return Buffer.isBuffer(piece) ? piece : undefined;
}

function putBack(request: IncomingMessage, bytes: Buffer): void {
  const encoding = request.readableEncoding;
  if (encoding === null) request.unshift(bytes);
  else request.unshift(bytes.toString(encoding), encoding);
}
