// One request and its answer over HTTP/2: bounded bodies, JSON out, problem+json for every fault. Knows no path and no agent.
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Fault, httpStatusOf, toFault } from "../../../base/fault.ts";
import type { Problem } from "../contract/common.ts";
import { doorLimits } from "./limits.ts";

/** Content-Length as a whole number, or undefined when absent or not one. */
export function contentLengthOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers["content-length"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The whole body, at most `bytesMax`, in at most `doorLimits.bodyMsMax`. Throws a Fault and takes nothing more otherwise. */
export function readBody(stream: ServerHttp2Stream, bytesMax: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => end(() => reject(slowBody())), doorLimits.bodyMsMax);
  const onData = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) end(() => reject(largeBody(bytesMax)));
    else chunks.push(chunk);
  };
  const onEnd = () => end(() => resolve(Buffer.concat(chunks, bytes)));
  const onCut = () => end(() => reject(cutBody()));
  function end(settle: () => void): void {
    clearTimeout(timer);
    stream.off("data", onData).off("end", onEnd).off("aborted", onCut).off("close", onCut);
    settle();
  }
  stream.on("data", onData).on("end", onEnd).on("aborted", onCut).on("close", onCut);
  return promise;
}

/** Parses a small JSON body. Throws a Fault that says where it is broken. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new Fault(`the body is not JSON: ${(error as Error).message.slice(0, 200)}`, {
      code: "agents/bad-json",
      kind: "usage",
      hint: "send one JSON object",
    });
  }
}

export function answerJson(stream: ServerHttp2Stream, value: unknown): void {
  answer(stream, { ":status": 200, "content-type": "application/json" }, JSON.stringify(value));
}

/** problem+json with our code and, when a retry helps, Retry-After in whole seconds. Internal errors say nothing of their cause. */
export function answerFault(stream: ServerHttp2Stream, thrown: unknown): Fault {
  const fault = toFault(thrown);
  const status = httpStatusOf(fault);
  const isInternal = fault.kind === "internal";
  const problem: Problem = {
    type: `https://garrison.invalid/problems/${fault.code}`,
    title: fault.kind,
    status,
    detail: isInternal ? "the server met an error of its own; its log says more" : fault.message,
    code: fault.code,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    ...(fault.where === undefined ? {} : { where: fault.where }),
  };
  const retry = fault.retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(fault.retryAfterMs / 1000)) };
  answer(stream, { ":status": status, "content-type": "application/problem+json", ...retry }, JSON.stringify(problem));
  return fault;
}

function answer(stream: ServerHttp2Stream, headers: Record<string, string | number>, text: string): void {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond(headers);
  stream.end(text, () => {
    // What the other side still sends of a refused body is not waited for.
    if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}

function slowBody(): Fault {
  return new Fault("the body did not arrive in time", {
    code: "agents/slow-body",
    kind: "limited",
    hint: "send smaller blocks",
    retryAfterMs: 1_000,
  });
}

function largeBody(bytesMax: number): Fault {
  return new Fault(`the body is larger than ${bytesMax} bytes`, {
    code: "agents/body-too-large",
    kind: "too-large",
    hint: "send smaller bodies",
  });
}

function cutBody(): Fault {
  return new Fault("the body was cut", { code: "agents/cut-body", kind: "unavailable", retryAfterMs: 1_000 });
}
