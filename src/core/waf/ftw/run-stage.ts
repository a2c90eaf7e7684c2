// One request of a stage through the engine, with the suite's back end behind it. What was seen comes back as data; judging is judge.ts's.
// Promises: never throws because of what a request holds; a transaction that began is finished.
import type { Interruption, Transaction, TransactionPolicy, TransactionReport, WafEngine } from "../engine/engine.ts";
import { readRequest, type RawRequest } from "../http/read-request.ts";
import { refusalOf } from "../http/refusal.ts";
import { answer, type BackendResponse } from "./backend.ts";
import type { StageInput } from "./test-file.ts";

/** What one request led to. */
export interface Observation {
  /** What the client got; 0: no answer came. */
  readonly status: number;
  readonly responseHeaders: readonly (readonly [name: string, value: string])[];
  readonly responseBody: string;
  /** Of logged rules, in the order they matched. */
  readonly ruleIds: readonly number[];
  /** One line for each logged rule, in ModSecurity's format. */
  readonly logLines: readonly string[];
  /** Why a client of HTTP/1 has no answer that it can read; "" when it has one. */
  readonly error: string;
  /** With `error`: whether bytes came all the same, without a status line (HTTP/0.9), so that what rules said can be judged. */
  readonly isSimple?: boolean;
}

export interface StageRunner {
  /** Sends the bytes and says what came of them. */
  run(bytes: string, input: StageInput): Observation | Promise<Observation>;
}

export interface EngineRunnerOptions {
  readonly engine: WafEngine;
  readonly policy: TransactionPolicy;
  /** ModSecurity's lines of a report, without line ends. */
  readonly logLines: (report: TransactionReport, request: RawRequest) => readonly string[];
  /** Bytes handed over at a time; default: all at once. */
  readonly chunkBytes?: number;
}

/** Judges on the engine alone, in this process. */
export function createEngineRunner(options: EngineRunnerOptions): StageRunner {
  return { run: (bytes, input) => runOnEngine(options, bytes, input) };
}

function runOnEngine(options: EngineRunnerOptions, bytes: string, input: StageInput): Observation {
  const request = readRequest(bytes);
  const refusal = refusalOf(request);
  const transaction = options.engine.begin(options.policy);
  const stopped = feedRequest(transaction, request, options.chunkBytes);
  const fromBackend: BackendResponse = answer(request, input.response);
  // A refused request reaches no back end; its rules were run so that they can be judged.
  const isPassed = stopped === undefined && refusal === undefined;
  const response = isPassed ? fromBackend : { status: stopped?.status ?? 400, headers: [], body: "" };
  const late = stopped === undefined ? feedResponse(transaction, response, request, options.chunkBytes) : undefined;
  const report = transaction.finish();
  const logged = report.rules.filter((rule) => rule.isLogged);
  const interruption = stopped ?? late;
  return {
    status: interruption === undefined ? response.status : interruption.status,
    responseHeaders: response.headers,
    responseBody: interruption === undefined ? response.body : "",
    ruleIds: logged.map(({ ruleId }) => ruleId),
    logLines: options.logLines(report, request),
    ...errorOf(request, interruption),
  };
}

/** A simple request has a simple answer: the body alone (RFC 1945 6). */
function errorOf(
  { protocol }: RawRequest,
  interruption: Interruption | undefined,
): Pick<Observation, "error" | "isSimple"> {
  if (interruption?.action === "drop") return { error: "dropped" };
  return protocol === "HTTP/0.9"
    ? { error: "the answer has no status line (HTTP/0.9)", isSimple: true }
    : { error: "" };
}

/** Connection to end of request. The first interruption ends it. */
export function feedRequest(
  transaction: Transaction,
  request: RawRequest,
  chunkBytes?: number,
): Interruption | undefined {
  transaction.connection({
    clientAddress: "127.0.0.1",
    clientPort: 40_000,
    serverAddress: "127.0.0.1",
    serverPort: 80,
  });
  transaction.requestLine(request.method, request.target, request.protocol);
  const atHead = transaction.requestHeaders(request.headers);
  if (atHead !== undefined) return atHead;
  if (request.body !== "" && transaction.wantsRequestBody) {
    for (const chunk of chunksOf(request.body, chunkBytes)) {
      const inBody = transaction.requestBody(chunk);
      if (inBody !== undefined) return inBody;
    }
  }
  return transaction.endRequest();
}

function feedResponse(
  transaction: Transaction,
  response: BackendResponse,
  request: RawRequest,
  chunkBytes: number | undefined,
): Interruption | undefined {
  const protocol = request.protocol === "HTTP/1.0" ? "HTTP/1.0" : "HTTP/1.1";
  const headers = [...response.headers, ["Content-Length", String(response.body.length)] as const];
  const atHead = transaction.responseHeaders(response.status, protocol, headers);
  if (atHead !== undefined) return atHead;
  if (response.body !== "" && transaction.wantsResponseBody) {
    for (const chunk of chunksOf(response.body, chunkBytes)) {
      const inBody = transaction.responseBody(chunk);
      if (inBody !== undefined) return inBody;
    }
  }
  return transaction.endResponse();
}

function chunksOf(body: string, chunkBytes = body.length): readonly string[] {
  const size = Math.max(1, chunkBytes);
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.slice(index * size, (index + 1) * size),
  );
}
