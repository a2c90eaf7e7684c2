// One question to one server: by UDP from a socket, port and id of its own, by TCP where that was cut short or looked like guessing.
// Promise: an answer from exactly that server, to exactly that question, or the reason why not; never rejects.
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { AnswerMessage, DnsQuestion } from "../../core/policy/dns/wire.ts";
import { readAnswer, withId } from "../../core/policy/dns/wire.ts";
import type { DnsProxyCounters, DnsProxyLimits, IgnoredReason } from "./limits.ts";

export interface UpstreamQuestion {
  readonly bytes: Uint8Array;
  readonly question: DnsQuestion;
  readonly server: { readonly address: string; readonly port: number };
  readonly protocol: "udp" | "tcp";
}

export interface UpstreamOptions {
  readonly limits: DnsProxyLimits;
  readonly counters: DnsProxyCounters;
  /** 16 bits that nobody can guess. */
  readonly randomId: () => number;
  /** Aborts when the proxy closes. */
  readonly signal: AbortSignal;
}

export type UpstreamAnswer =
  /** The id is still ours. */
  | { readonly ok: true; readonly bytes: Uint8Array; readonly answer: AnswerMessage }
  | {
      readonly ok: false;
      readonly because: "upstream-timeout" | "upstream-unreachable" | "answer-malformed" | "closed";
    };

export async function askUpstream(asked: UpstreamQuestion, options: UpstreamOptions): Promise<UpstreamAnswer> {
  const { counters, limits, signal } = options;
  if (asked.protocol === "udp") {
    for (let attempt = 0; attempt < limits.attemptsMax; attempt += 1) {
      if (attempt > 0) counters.resent += 1;
      const answer = await askByUdp(asked, options);
      if (answer === "suspicious" || (typeof answer === "object" && answer.ok && answer.answer.isTruncated)) break;
      if (typeof answer === "object" && (answer.ok || answer.because !== "upstream-timeout")) return answer;
      if (attempt === limits.attemptsMax - 1 || signal.aborted) return failed(signal, "upstream-timeout");
    }
    counters.askedByTcp += 1;
  }
  return askByTcp(asked, options);
}

function failed(signal: AbortSignal, because: "upstream-timeout" | "upstream-unreachable"): UpstreamAnswer {
  return { ok: false, because: signal.aborted ? "closed" : because };
}

/** The socket is connected: the kernel drops what comes from another address or port, and hands over what ICMP says. */
function askByUdp(asked: UpstreamQuestion, options: UpstreamOptions): Promise<UpstreamAnswer | "suspicious"> {
  const { limits, signal } = options;
  const { address, port } = asked.server;
  const isV6 = address.includes(":");
  const id = options.randomId();
  return new Promise((resolve) => {
    const socket = createSocket({
      type: isV6 ? "udp6" : "udp4",
      lookup: (host, _options, callback) => callback(null, host, isV6 ? 6 : 4),
    });
    let mismatches = 0;
    const end = (answer: UpstreamAnswer | "suspicious") => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.removeAllListeners();
      // An ICMP error may still come before the handle is gone.
      socket.on("error", () => undefined);
      socket.close();
      resolve(answer);
    };
    const onAbort = () => end(failed(signal, "upstream-timeout"));
    const timer = setTimeout(() => end(failed(signal, "upstream-timeout")), limits.attemptMs);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", () => end(failed(signal, "upstream-unreachable")));
    socket.on("message", (bytes) => {
      const reading = readMatching(bytes, { id, question: asked.question });
      if (reading === "answer-malformed") return end({ ok: false, because: "answer-malformed" });
      if (typeof reading === "object") return end({ ok: true, bytes, answer: reading });
      options.counters.ignored[reading] += 1;
      mismatches += 1;
      if (mismatches >= limits.mismatchesMax) end("suspicious");
    });
    // Bound to port 0 by the connect: the kernel takes a random one of its range.
    socket.connect(port, address, () => socket.send(withId(asked.bytes, id)));
  });
}

/** The message when it answers the question; else why it is passed over, or that the rest of it cannot be read. */
function readMatching(
  bytes: Uint8Array,
  expected: { readonly id: number; readonly question: DnsQuestion },
): AnswerMessage | IgnoredReason | "answer-malformed" {
  if (bytes.length < 12) return "unreadable";
  if ((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0) !== expected.id) return "wrong-id";
  if (((bytes[2] ?? 0) & 0x80) === 0) return "not-a-response";
  const answer = readAnswer(bytes);
  if (!answer.ok) return "answer-malformed";
  const { name, type } = expected.question;
  const isSame = answer.name === name && answer.type === type && answer.class === expected.question.class;
  return isSame ? answer : "wrong-question";
}

function askByTcp(
  asked: UpstreamQuestion,
  { limits, signal, randomId, counters }: UpstreamOptions,
): Promise<UpstreamAnswer> {
  const id = randomId();
  return new Promise((resolve) => {
    const socket = connect({ host: asked.server.address, port: asked.server.port, noDelay: true });
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (answer: UpstreamAnswer) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.removeAllListeners();
      socket.on("error", () => undefined);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = () => end(failed(signal, "upstream-timeout"));
    const timer = setTimeout(() => end(failed(signal, "upstream-timeout")), limits.tcpAttemptMs);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", () => end(failed(signal, "upstream-unreachable")));
    socket.on("close", () => end(failed(signal, "upstream-unreachable")));
    socket.on("connect", () => {
      const message = withId(asked.bytes, id);
      socket.write(Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 0xff), message]));
    });
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length < 2) return;
      const bytes = Buffer.concat(chunks, length);
      const wanted = bytes.readUInt16BE(0);
      // More than one message on a connection of one question: only the first can be the answer.
      if (length < wanted + 2) return;
      const message = bytes.subarray(2, wanted + 2);
      const reading = readMatching(message, { id, question: asked.question });
      if (typeof reading === "object") return end({ ok: true, bytes: message, answer: reading });
      if (reading !== "answer-malformed") counters.ignored[reading] += 1;
      end({ ok: false, because: "answer-malformed" });
    });
  });
}
