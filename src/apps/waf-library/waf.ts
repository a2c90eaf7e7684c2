// garrison/waf: the Core Rule Set, or rules of one's own, before a service's handlers, in its own process. `createWaf` is the door.
import type { IncomingMessage, ServerResponse } from "node:http";
import { hasBody, headOfIncoming, judgeBody } from "./incoming.ts";
import { judgeFetch } from "./fetch.ts";
import { beginJudging, type HeaderPairs } from "./judge.ts";
import { loadWaf } from "./load.ts";
import type { Waf, WafDecision, WafMiddleware, WafOptions, WafRequest } from "./types.ts";

export type * from "./types.ts";

/** Reads and compiles the rules (hundreds of milliseconds for the Core Rule Set): once, at start. Throws a Fault with a hint when they or the options are no good. */
export function createWaf(options: WafOptions): Waf {
  const loaded = loadWaf(options);
  const tell = options.onEvent ?? ((): void => undefined);

  function inspect(request: WafRequest): WafDecision {
    const { method, target, protocol = "HTTP/1.1", clientAddress = "127.0.0.1", clientPort = 0, body } = request;
    const ends = { clientAddress, clientPort, serverAddress: "127.0.0.1", serverPort: 0 };
    const judging = beginJudging(
      loaded,
      { method, target, protocol, headers: toPairs(request.headers), ...ends },
      tell,
    );
    if (body !== undefined && body.length > 0 && judging.wantsBody) judging.body(toBuffer(body));
    return judging.finish();
  }

  async function inspectIncoming(request: IncomingMessage): Promise<WafDecision> {
    const judging = beginJudging(loaded, headOfIncoming(request), tell);
    if (!hasBody(request) || !judging.wantsBody) return judging.finish();
    try {
      await judgeBody(request, judging, loaded.limits);
    } catch (error) {
      judging.skip("the client went away");
      judging.finish();
      throw error;
    }
    return judging.finish();
  }

  function inspectHandshake(request: IncomingMessage): WafDecision {
    const judging = beginJudging(loaded, headOfIncoming(request), tell);
    // What follows its head belongs to the other protocol: nobody could say where a body ends.
    if (hasBody(request)) {
      judging.skip("the body of a handshake");
      judging.stop({ status: 400, because: "malformed: a handshake with a body" });
    }
    return judging.finish();
  }

  return {
    inspect,
    inspectIncoming,
    inspectHandshake,
    inspectFetch: (request, source = {}) => judgeFetch(loaded, { request, source, tell }),
    middleware: createMiddleware(inspectIncoming),
    problems: loaded.problems,
    rules: loaded.rules,
  };
}

function toPairs(headers: WafRequest["headers"]): HeaderPairs {
  if (Array.isArray(headers)) return headers as HeaderPairs;
  return Object.entries(headers as Readonly<Record<string, string | readonly string[]>>).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : value.map((each) => [name, each] as const),
  );
}

function toBuffer(body: Uint8Array | string): Buffer {
  return typeof body === "string"
    ? Buffer.from(body, "utf8")
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function createMiddleware(inspectIncoming: Waf["inspectIncoming"]): WafMiddleware {
  async function pass(...[request, response, next]: Parameters<WafMiddleware>): Promise<void> {
    try {
      const decision = await inspectIncoming(request);
      if (decision.isBlocked) refuse(request, response, decision);
      else goOn(next);
    } catch (error) {
      if (request.destroyed || response.destroyed) response.destroy();
      else goOn(next, error);
    }
  }
  return (request, response, next) => void pass(request, response, next);
}

/** What comes after is the service's own: what it throws is an exception as without the WAF, and no rejected promise of ours. */
function goOn(next: Parameters<WafMiddleware>[2], error?: unknown): void {
  try {
    next(error);
  } catch (thrown) {
    process.nextTick(() => {
      throw thrown;
    });
  }
}

/** Answers for the handler. The connection is closed when a part of the request was not read: what is left of it is no next request. */
function refuse(request: IncomingMessage, response: ServerResponse, decision: WafDecision): void {
  if (decision.isDropped) {
    request.socket.destroy();
    return;
  }
  // Somebody else has answered meanwhile, a time-out for one. An answer that is not whole yet must not go on.
  if (response.headersSent || response.writableEnded || response.destroyed) {
    if (response.writableEnded) request.resume();
    else response.destroy();
    return;
  }
  if (!request.complete && request.httpVersionMajor < 2) response.setHeader("connection", "close");
  response.writeHead(decision.status, {
    ...decision.headers,
    "content-length": String(Buffer.byteLength(decision.body)),
  });
  response.end(decision.body);
  request.resume();
}
