// One request and its answer: inspected on the way in and out, held only where a verdict can stop it, passed on as it comes otherwise.
// Ends in exactly one `finish` of its inspection. Nothing is sent twice upstream unless it is safe to.
import { toFault } from "../../../base/fault.ts";
import { headerOf, type HeaderList, type Inspection, type ResponseHead, type Stop } from "../inspect.ts";
import type { ExchangeParts } from "./exchange-parts.ts";
import { createPage } from "./block-page.ts";
import { endToEnd } from "./headers.ts";
import { canSendAgain, outgoingRequest } from "./outgoing-request.ts";
import { createExchange, type Exchange, type ExchangeNeeds } from "./exchange-state.ts";
import type { Answer, BodySize, ClientEvents, Tunnel, UpstreamEvents, UpstreamFailure } from "./streams.ts";
import { joinTunnel } from "./tunnel.ts";

/** Begins at once. The client's end tells it what comes by the events that are returned. No event throws: what fails ends this exchange and no other. */
export function startExchange(parts: ExchangeParts, needs: ExchangeNeeds): ClientEvents {
  parts.count.requests += 1;
  let inspection: Inspection;
  try {
    inspection = parts.inspector.begin(needs.source, needs.request);
  } catch (error) {
    return neverBegun(parts, needs, error);
  }
  const exchange = createExchange(parts, needs, inspection);
  exchange.requestHold.onEvict = (because) => guard(exchange, evicted, because);
  guard(exchange, begin, undefined);
  return {
    data: (chunk) => guard(exchange, requestData, chunk),
    end: (trailers) => guard(exchange, requestEnd, trailers),
    bad: (flaw) => guard(exchange, badBody, flaw),
    slow: (because) => guard(exchange, slow, because),
    gone: () => guard(exchange, gone, undefined),
    drained: () => exchange.end?.resume(),
  };
}

/** One step of one exchange. */
function guard<Given>(exchange: Exchange, step: (exchange: Exchange, given: Given) => void, given: Given): void {
  try {
    step(exchange, given);
  } catch (error) {
    broken(exchange, error);
  }
}

/** An error of ours, or something that an end cannot say: the client gets 502 while it may, and the rest goes on. */
function broken(exchange: Exchange, error: unknown): void {
  const { parts, client, isAnswered, isOver } = exchange;
  parts.count.errors += 1;
  parts.logger.error({ error: toFault(error).message, id: exchange.inspection.id }, "a request could not be served");
  try {
    if (isOver || isAnswered) client.destroy();
    else page(exchange, 502);
  } catch {
    client.destroy();
  }
  try {
    finish(exchange, isAnswered ? exchange.status : 502);
  } catch (again) {
    parts.logger.error({ error: toFault(again).message }, "an inspection could not be ended");
  }
}

/** Nothing can be said of the request, and it must not pass unseen. */
function neverBegun(parts: ExchangeParts, { client, request }: ExchangeNeeds, error: unknown): ClientEvents {
  parts.count.errors += 1;
  parts.logger.error({ error: toFault(error).message }, "a request could not be inspected");
  const { reason, headers, body } = createPage(502, "", request.headers, "");
  client.respond({ status: 502, reason, headers, size: body.length });
  if (request.method !== "HEAD") client.write(body);
  client.end([]);
  const nothing = (): void => undefined;
  return { data: nothing, end: nothing, bad: nothing, slow: nothing, gone: nothing, drained: nothing };
}

function begin(exchange: Exchange): void {
  const { inspection, request, client } = exchange;
  const stop = inspection.requestHead(request);
  if (request.flaw !== "") return refuse(exchange, request.flaw, request.flawStatus);
  if (stop !== undefined) return block(exchange, stop);
  if (request.size === "none") return;
  const coding = headerOf(request.headers, "content-encoding");
  if (coding !== undefined && inspection.wantsRequestBody) exchange.counted.push("request body: content coding");
  const isWanted = inspection.wantsRequestBody;
  exchange.isHolding = isWanted && inspection.mayBlock;
  if (request.expectsContinue) client.informational(100, []);
  if (exchange.isHolding) return;
  if (!isWanted && !judgeRequest(exchange)) return;
  open(exchange);
}

function requestData(exchange: Exchange, chunk: Buffer): void {
  if (exchange.isOver) return;
  const { inspection } = exchange;
  if (!exchange.isRequestJudged && inspection.wantsRequestBody && mayLook(exchange, chunk)) {
    const stop = inspection.requestBody(chunk);
    if (stop !== undefined && inspection.mayBlock) return block(exchange, stop);
  }
  if (!exchange.isHolding) return pass(exchange, chunk);
  const refused = exchange.requestHold.add(chunk);
  if (refused !== "") return tooLarge(exchange, chunk, refused);
  if (!inspection.wantsRequestBody && judgeRequest(exchange)) release(exchange);
}

function pass(exchange: Exchange, chunk: Buffer): void {
  if (exchange.isOver || exchange.end?.write(chunk) !== false) return;
  exchange.isClientPaused = true;
  exchange.client.pauseBody();
}

/** The body is longer than may be held for a verdict. */
function tooLarge(exchange: Exchange, chunk: Buffer, because: string): void {
  exchange.notInspected.push(`request body: ${because}`);
  if (exchange.parts.onBodyTooLarge === "block") {
    return block(exchange, { ...limitStop, because: `limit: ${because}` });
  }
  if (!judgeRequest(exchange)) return;
  release(exchange);
  if (!exchange.isOver && chunk.length > 0) pass(exchange, chunk);
}

const nothing = Buffer.alloc(0);

/** Smaller bodies need the room. */
function evicted(exchange: Exchange, because: string): void {
  if (exchange.isHolding && !exchange.isOver) tooLarge(exchange, nothing, because);
}

/** Whether there is room for what the rules keep of a body that passes on. If not, what came so far is all that they see of it. */
function mayLook(exchange: Exchange, chunk: Buffer): boolean {
  if (exchange.isHolding || exchange.look.take(chunk.length)) return true;
  const { bytesMax } = exchange.parts.looks;
  exchange.notInspected.push(`request body: all bodies that are looked at over ${bytesMax} bytes`);
  judgeRequest(exchange);
  return false;
}

const limitStop = { action: "deny", status: 413, location: "", ruleId: 0 } as const;

function requestEnd(exchange: Exchange, trailers: HeaderList): void {
  if (exchange.isOver) return;
  exchange.isRequestWhole = true;
  // Rules never see them, and applications take them for headers: they end here (RFC 9110, 6.5.1).
  if (trailers.length > 0) exchange.counted.push("request trailers: not passed on");
  if (!exchange.isRequestJudged && !judgeRequest(exchange)) return;
  if (exchange.isHolding) release(exchange);
  else if (exchange.end === undefined) open(exchange);
  if (!exchange.isOver) exchange.end?.end();
}

/** Whether the request may go on. */
function judgeRequest(exchange: Exchange): boolean {
  exchange.isRequestJudged = true;
  const stop = exchange.inspection.endRequest();
  if (stop === undefined) return true;
  block(exchange, stop);
  return false;
}

/** What was held goes upstream; kept until an answer begins, so that it could be sent again. */
function release(exchange: Exchange): void {
  exchange.isHolding = false;
  open(exchange);
}

function open(exchange: Exchange): void {
  exchange.attempts += 1;
  exchange.end = exchange.upstream.begin(outgoingRequest(exchange), upstreamEvents(exchange));
  let isFull = false;
  for (const chunk of exchange.requestHold.chunks) {
    if (exchange.isOver) return;
    isFull = !exchange.end?.write(chunk);
  }
  if (exchange.isRequestWhole) exchange.requestHold.spare();
  else if (exchange.requestHold.bytes > 0) exchange.requestHold.drop();
  if (isFull && !exchange.isRequestWhole) {
    exchange.isClientPaused = true;
    exchange.client.pauseBody();
  }
}

function upstreamEvents(exchange: Exchange): UpstreamEvents {
  return {
    informational: (status, headers) => guard(exchange, inform, { status, headers }),
    head: (head) => guard(exchange, answerHead, head),
    data: (chunk) => guard(exchange, answerData, chunk),
    end: (trailers) => guard(exchange, answerEnd, trailers),
    failed: (failure) => guard(exchange, failed, failure),
    drained: () => {
      if (!exchange.isClientPaused) return;
      exchange.isClientPaused = false;
      exchange.client.resumeBody();
    },
    upgraded: (head, tunnel) => guard(exchange, upgraded, { head, tunnel }),
  };
}

type Informational = { readonly status: number; readonly headers: HeaderList };

function inform({ client, isOver, isAnswered }: Exchange, { status, headers }: Informational): void {
  if (!isOver && !isAnswered && status !== 100) client.informational(status, endToEnd(headers));
}

type Upgraded = { readonly head: ResponseHead & { readonly reason: string }; readonly tunnel: Tunnel };

function upgraded(exchange: Exchange, { head, tunnel }: Upgraded): void {
  if (exchange.isOver) return void tunnel.stream.destroy();
  const stop = exchange.inspection.responseHead(head);
  if (stop !== undefined) {
    tunnel.stream.destroy();
    return block(exchange, stop);
  }
  exchange.client.respond({ ...head, size: "none" });
  const client = exchange.client.detach();
  exchange.counted.push("tunnel: only its handshake was looked at");
  finish(exchange, head.status);
  if (client === undefined) return void tunnel.stream.destroy();
  exchange.parts.count.tunnels += 1;
  joinTunnel(client, tunnel, exchange.parts.limits.tunnelIdleMsMax);
}

function answerHead(
  exchange: Exchange,
  head: ResponseHead & { readonly reason: string; readonly size: BodySize },
): void {
  if (exchange.isOver) return;
  exchange.requestHold.drop();
  const { inspection } = exchange;
  const stop = inspection.responseHead(head);
  if (stop !== undefined) return block(exchange, stop);
  exchange.status = head.status;
  const answer = { status: head.status, reason: head.reason, headers: endToEnd(head.headers), size: head.size };
  const isWanted = head.size !== "none" && inspection.wantsResponseBody;
  if (isWanted && headerOf(head.headers, "content-encoding") !== undefined) {
    exchange.counted.push("response body: content coding");
  }
  if (isWanted && inspection.mayBlock) exchange.heldAnswer = answer;
  else if (isWanted || judgeAnswer(exchange)) respond(exchange, answer);
}

function respond(exchange: Exchange, answer: Answer): void {
  exchange.client.respond(answer);
  exchange.isAnswered = true;
}

/** Whether the answer may go out. */
function judgeAnswer(exchange: Exchange): boolean {
  exchange.isAnswerJudged = true;
  const stop = exchange.inspection.endResponse();
  if (stop === undefined) return true;
  block(exchange, stop);
  return false;
}

function answerData(exchange: Exchange, chunk: Buffer): void {
  if (exchange.isOver) return;
  const { inspection, answerHold } = exchange;
  if (!exchange.isAnswerJudged && inspection.wantsResponseBody) {
    const stop = inspection.responseBody(chunk);
    if (stop !== undefined && inspection.mayBlock) return block(exchange, stop);
  }
  if (exchange.heldAnswer === undefined) return answerPass(exchange, chunk);
  const refused = answerHold.add(chunk);
  if (refused === "" && inspection.wantsResponseBody) return;
  if (refused !== "") exchange.notInspected.push(`response body: ${refused}`);
  if (!judgeAnswer(exchange)) return;
  releaseAnswer(exchange, exchange.heldAnswer);
  if (refused !== "") answerPass(exchange, chunk);
}

function answerPass(exchange: Exchange, chunk: Buffer): void {
  if (!exchange.client.write(chunk)) exchange.end?.pause();
}

function releaseAnswer(exchange: Exchange, answer: Answer): void {
  exchange.heldAnswer = undefined;
  respond(exchange, answer);
  let isFull = false;
  for (const chunk of exchange.answerHold.chunks) isFull = !exchange.client.write(chunk);
  exchange.answerHold.drop();
  if (isFull) exchange.end?.pause();
}

function answerEnd(exchange: Exchange, trailers: HeaderList): void {
  if (exchange.isOver) return;
  if (!exchange.isAnswerJudged && !judgeAnswer(exchange)) return;
  if (exchange.heldAnswer !== undefined) releaseAnswer(exchange, exchange.heldAnswer);
  exchange.client.end(trailers);
  finish(exchange, exchange.status);
}

function failed(exchange: Exchange, failure: UpstreamFailure): void {
  if (exchange.isOver) return;
  const { parts } = exchange;
  if (
    failure.mayBeStale &&
    exchange.attempts < 2 &&
    !exchange.isAnswered &&
    canSendAgain(exchange.request, isBodyHere(exchange))
  ) {
    open(exchange);
    if (!exchange.isOver) exchange.end?.end();
    return;
  }
  parts.count.upstreamFailures[failure.cause] = (parts.count.upstreamFailures[failure.cause] ?? 0) + 1;
  parts.logger.warn(
    { cause: failure.cause, because: failure.because, id: exchange.inspection.id },
    "the upstream failed",
  );
  exchange.end = undefined;
  if (exchange.isAnswered) {
    exchange.client.destroy();
    return finish(exchange, exchange.status);
  }
  page(exchange, failure.cause === "timeout" ? 504 : 502);
}

/** All of the request's body, or there is none: it could be sent once more. */
function isBodyHere({ request, requestHold, isRequestWhole }: Exchange): boolean {
  return isRequestWhole && (request.size === "none" || requestHold.bytes > 0);
}

function block(exchange: Exchange, stop: Stop): void {
  exchange.parts.count.blocked += 1;
  if (stop.action === "drop" || exchange.isAnswered) {
    exchange.client.destroy();
    return finish(exchange, exchange.isAnswered ? exchange.status : 0);
  }
  page(exchange, stop.status, stop.location);
}

/** A shape that no server should see: rules may have spoken already; it is told as what it is. */
function refuse(exchange: Exchange, flaw: string, status: number): void {
  if (exchange.isOver) return;
  exchange.parts.count.malformed += 1;
  if (exchange.isAnswered) {
    exchange.client.destroy();
    return finish(exchange, exchange.status, flaw);
  }
  page(exchange, status, "", flaw);
}

function slow(exchange: Exchange, because: string): void {
  if (exchange.isOver) return;
  exchange.parts.count.timeouts += 1;
  exchange.notInspected.push(because);
  if (exchange.isAnswered) {
    exchange.client.destroy();
    return finish(exchange, exchange.status);
  }
  page(exchange, 408);
}

function page(exchange: Exchange, status: number, location = "", malformed?: string): void {
  const { client, request, inspection } = exchange;
  const made = createPage(status, inspection.id, request.headers, location);
  finish(exchange, status, malformed);
  const isHead = request.method === "HEAD";
  client.respond({ status, reason: made.reason, headers: made.headers, size: made.body.length });
  if (!isHead) client.write(made.body);
  client.end([]);
}

/** The client is not there any more. What it sent of a body is not judged: half of a form is no form. */
function gone(exchange: Exchange): void {
  if (exchange.isOver) return;
  const { request, inspection, notInspected, counted } = exchange;
  if (!exchange.isRequestJudged && request.size !== "none" && inspection.wantsRequestBody) {
    // Some of it is upstream: that is told; what was held went nowhere.
    (exchange.end === undefined ? counted : notInspected).push("request body: the client left before its end");
  }
  finish(exchange, exchange.isAnswered ? exchange.status : 0);
}

function badBody(exchange: Exchange, flaw: string): void {
  refuse(exchange, flaw, 400);
}

/** Once: what is still under way upstream is broken off, what is held is let go, the inspection ends. */
function finish(exchange: Exchange, status: number, malformed?: string): void {
  if (exchange.isOver) return;
  exchange.isOver = true;
  exchange.end?.abort();
  exchange.end = undefined;
  exchange.requestHold.drop();
  exchange.answerHold.drop();
  exchange.look.drop();
  exchange.inspection.finish({
    status,
    ...(exchange.notInspected.length === 0 ? {} : { notInspected: exchange.notInspected }),
    ...(exchange.counted.length === 0 ? {} : { counted: exchange.counted }),
    ...(malformed === undefined ? {} : { malformed }),
  });
}
