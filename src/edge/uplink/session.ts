// One HTTP/2 session to the server's agents' door, and bounded requests over it. Every failure is a Fault with a retry hint.
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";
import { Fault } from "../../base/fault.ts";
import type { Credentials } from "./credentials.ts";

export const sessionLimits = {
  connectMsMax: 10_000,
  requestMsMax: 30_000,
  responseBytesMax: 1024 * 1024,
  /** Bytes that a session may hold (Node's unit: 10^6). One block at the protocol's limit and a window of others; beyond it streams fail. */
  memoryMegabytesMax: 64,
  /** A session that does not answer a ping in this time is dead. */
  pingMsMax: 10_000,
  pingEveryMs: 15_000,
} as const;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What to present: the credentials, or before joining only the CA that the token names. */
export type Presented = Pick<Credentials, "caPem"> & Partial<Pick<Credentials, "keyPem" | "certificatePem">>;

/** Connects and verifies the server against `caPem` and the address's own host name. Rejects with "uplink/unreachable" or "uplink/untrusted". */
export async function openSession(server: URL, presented: Presented): Promise<ClientHttp2Session> {
  const session = connect(server.origin, {
    ca: presented.caPem,
    minVersion: "TLSv1.3",
    maxSessionMemory: sessionLimits.memoryMegabytesMax,
    ...(presented.keyPem === undefined ? {} : { key: presented.keyPem, cert: presented.certificatePem }),
  });
  const timer = setTimeout(() => session.destroy(new Error("no answer in time")), sessionLimits.connectMsMax);
  try {
    await new Promise<void>((resolve, reject) => {
      session.once("connect", () => resolve());
      session.once("error", reject);
      session.once("close", () => reject(new Error("closed while connecting")));
    });
  } catch (cause) {
    session.destroy();
    throw connectFault(server, cause as NodeJS.ErrnoException);
  } finally {
    clearTimeout(timer);
  }
  session.on("error", () => undefined); // "close" follows, which is what the uplink waits for
  keepAlive(session);
  return session;
}

function connectFault(server: URL, cause: NodeJS.ErrnoException): Fault {
  const untrusted = /CERT|SIGNATURE|ALTNAME|ISSUER/.test(cause.code ?? "");
  return new Fault(
    `the server at ${server.host} ${untrusted ? "is not the one this agent trusts" : "cannot be reached"}: ${cause.message}`,
    {
      code: untrusted ? "uplink/untrusted" : "uplink/unreachable",
      kind: "unavailable",
      hint: untrusted ? "join again with a token of this server" : "check the server address and that the server runs",
      retryAfterMs: 1000,
      cause,
    },
  );
}

/** Destroys the session when a ping stays unanswered, so that a cut network is noticed without traffic. */
function keepAlive(session: ClientHttp2Session): void {
  const timer = setInterval(() => {
    const dead = setTimeout(() => session.destroy(new Error("ping not answered")), sessionLimits.pingMsMax);
    dead.unref();
    if (!session.destroyed) session.ping(() => clearTimeout(dead));
  }, sessionLimits.pingEveryMs);
  timer.unref();
  session.once("close", () => clearInterval(timer));
}

/** A POST and its whole answer. Faults: "uplink/unreachable" when the session ends or the time is over. */
export function post(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(lost(path, why));
    if (session.destroyed || session.closed) return fail("the session is closed");
    const stream = session.request({ ":method": "POST", ":path": path, ...headers });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let answered: IncomingHttpHeaders | undefined;
    stream.setTimeout(sessionLimits.requestMsMax, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.on("response", (responseHeaders) => {
      answered = responseHeaders;
    });
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > sessionLimits.responseBytesMax) stream.close(constants.NGHTTP2_CANCEL);
      else chunks.push(chunk);
    });
    let ended = false;
    stream.on("end", () => {
      ended = true;
    });
    stream.on("error", (error) => fail(error.message));
    stream.on("close", () => {
      if (answered === undefined || !ended || bytes > sessionLimits.responseBytesMax) return fail("the answer was cut");
      resolve({ status: Number(answered[":status"]), headers: answered, text: Buffer.concat(chunks).toString("utf8") });
    });
    stream.end(body);
  });
}

export function postJson(session: ClientHttp2Session, path: string, value: unknown): Promise<Answer> {
  return post(session, path, { "content-type": "application/json" }, JSON.stringify(value));
}

/** A GET whose answer is read as it comes. */
export function openStream(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  if (session.destroyed || session.closed) throw lost(path, "the session is closed");
  return session.request({ ":method": "GET", ":path": path });
}

function lost(path: string, why: string): Fault {
  return new Fault(`no answer to ${path}: ${why}`, {
    code: "uplink/unreachable",
    kind: "unavailable",
    retryAfterMs: 1000,
  });
}

/** An answer that is not 200 as a Fault: code and detail of its problem+json (cut), Retry-After as milliseconds. */
export function faultOfAnswer(path: string, answer: Answer): Fault {
  const problem = problemOf(answer.text);
  const seconds = Number(answer.headers["retry-after"]);
  const kind =
    answer.status === 401
      ? "unauthenticated"
      : answer.status === 403
        ? "forbidden"
        : answer.status === 409
          ? "conflict"
          : answer.status === 413
            ? "too-large"
            : answer.status === 429
              ? "limited"
              : answer.status >= 500
                ? "unavailable"
                : "usage";
  return new Fault(`the server answered ${answer.status} to ${path}: ${problem.detail}`, {
    code: problem.code,
    kind,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: Math.min(seconds, 3600) * 1000 } : {}),
  });
}

function problemOf(text: string): { code: string; detail: string; hint?: string } {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const field = (name: string) => (typeof value[name] === "string" ? value[name].slice(0, 300) : undefined);
    const hint = field("hint");
    return {
      code: field("code") ?? "uplink/refused",
      detail: field("detail") ?? field("title") ?? "no reason given",
      ...(hint === undefined ? {} : { hint }),
    };
  } catch {
    return { code: "uplink/refused", detail: "an answer that is not JSON" };
  }
}
