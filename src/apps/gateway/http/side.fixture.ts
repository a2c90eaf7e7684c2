// For tests of the HTTP side: a side on a real listener before a real upstream, an inspector that is told what to do, and raw sockets.
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { silentLogger } from "../../../base/logger.ts";
import type { Inspection, Inspector, Outcome, RequestHead, ResponseHead, Stop } from "../inspect.ts";
import { httpLimits, type HttpLimits } from "../limits.ts";
import { createHttpSide } from "./create-http-side.ts";
import type { HttpSide, HttpSideOptions, UpstreamTarget } from "./http-side.ts";

export const denied: Stop = { action: "deny", status: 403, location: "", ruleId: 1001, because: "rule" };

/** What the scripted inspector does; absent steps let everything pass. */
export interface Script {
  readonly mayBlock?: boolean;
  readonly readsResponses?: boolean;
  readonly wantsRequestBody?: boolean;
  readonly wantsResponseBody?: boolean;
  readonly requestHead?: (head: RequestHead) => Stop | undefined;
  readonly requestBody?: (body: string) => Stop | undefined;
  readonly responseHead?: (head: ResponseHead) => Stop | undefined;
  readonly responseBody?: (body: string) => Stop | undefined;
}

export interface Seen {
  readonly head: RequestHead;
  requestBytes: number;
  responseBytes: number;
  outcome: Outcome | undefined;
  finishes: number;
}

/** Remembers what it was shown. Bodies are joined only while a script wants them. */
export function scriptedInspector(script: Script): { readonly inspector: Inspector; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  return { seen, inspector: { begin: (_source, head) => inspection(script, head, seen) } };
}

function inspection(script: Script, head: RequestHead, all: Seen[]): Inspection {
  const one: Seen = { head, requestBytes: 0, responseBytes: 0, outcome: undefined, finishes: 0 };
  all.push(one);
  let requestBody = "";
  let responseBody = "";
  return {
    id: `id-${all.length}`,
    mayBlock: script.mayBlock ?? true,
    readsResponses: script.readsResponses ?? false,
    requestHead: (given) => script.requestHead?.(given),
    wantsRequestBody: script.wantsRequestBody ?? false,
    requestBody: (chunk) => {
      one.requestBytes += chunk.length;
      if (script.requestBody !== undefined) requestBody += chunk.toString("latin1");
      return undefined;
    },
    endRequest: () => script.requestBody?.(requestBody),
    responseHead: (given) => script.responseHead?.(given),
    wantsResponseBody: script.wantsResponseBody ?? false,
    responseBody: (chunk) => {
      one.responseBytes += chunk.length;
      if (script.responseBody !== undefined) responseBody += chunk.toString("latin1");
      return undefined;
    },
    endResponse: () => script.responseBody?.(responseBody),
    finish: (outcome) => {
      one.outcome = outcome;
      one.finishes += 1;
    },
  };
}

export interface Rig {
  readonly port: number;
  readonly side: HttpSide;
  readonly seen: readonly Seen[];
  readonly upstreamPort: number;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly script?: Script;
  readonly limits?: Partial<HttpLimits>;
  readonly side?: Partial<HttpSideOptions>;
  readonly protocol?: UpstreamTarget["protocol"];
}

/** `upstream` is a server of node:http, or any that listens on sockets. */
export async function startRig(upstream: RequestListener | Server, options: RigOptions = {}): Promise<Rig> {
  const back: HttpServer | Server = typeof upstream === "function" ? createHttpServer(upstream) : upstream;
  const sockets = new Set<Socket>();
  back.on("connection", (socket: Socket) => sockets.add(socket));
  back.listen(0, "127.0.0.1");
  await once(back, "listening");
  const upstreamPort = (back.address() as AddressInfo).port;
  const { inspector, seen } = scriptedInspector(options.script ?? {});
  const side = createHttpSide({
    inspector,
    upstreamFor: () => ({
      key: "one",
      protocol: options.protocol ?? "http1",
      isExclusive: false,
      connect: (signal) => dial(upstreamPort, signal),
    }),
    forwarded: "set",
    isTrustedProxy: () => false,
    limits: { ...httpLimits, tickMs: 10, ...options.limits },
    nowMs: () => performance.now(),
    logger: silentLogger,
    ...options.side,
  });
  const front = createServer({ allowHalfOpen: true }, (socket) => {
    side.accept(socket, {
      door: "proxy",
      clientAddress: socket.remoteAddress ?? "",
      clientPort: socket.remotePort ?? 0,
      serverAddress: socket.localAddress ?? "",
      serverPort: socket.localPort ?? 0,
      isTls: false,
    });
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    port: (front.address() as AddressInfo).port,
    side,
    seen,
    upstreamPort,
    async close() {
      front.close();
      await side.close(0);
      back.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export async function dial(port: number, signal?: AbortSignal): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, ...(signal === undefined ? {} : { signal }) });
  await once(socket, "connect");
  return socket;
}

/** Sends bytes and returns all that came until the other side ended. */
export async function say(port: number, text: string): Promise<string> {
  const socket = await dial(port);
  socket.write(text, "latin1");
  let answer = "";
  for await (const chunk of socket) answer += (chunk as Buffer).toString("latin1");
  socket.destroy();
  return answer;
}
