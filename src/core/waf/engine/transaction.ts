// One request from its first byte to its report. Steps come in order; each says whether the transaction is to be stopped.
import type { Interruption, Transaction, TransactionReport } from "./engine.ts";
import type { Judge } from "./judge.ts";
import type { PersistentStore } from "./persistent.ts";
import {
  readConnection,
  readRequestHeaders,
  readRequestLine,
  readResponseHeaders,
  type Headers,
  type RequestLine,
} from "./read-request.ts";
import { createEmitters } from "./run-rule.ts";
import { createRequestBody, type RequestBody } from "./read-body.ts";
import { createScope, type MacroCache } from "./macro.ts";
import { stopAtLimit } from "./over-limit.ts";
import type { OutcomeMemo } from "./outcome-memo.ts";
import { applyPolicyExclusions, isStopped, runPhase, type PhaseContext } from "./run-phase.ts";
import { scoresOf } from "./scores.ts";
import { collectSecrets } from "./secret-members.ts";
import { sources } from "./sources.ts";
import type { State } from "./state.ts";
import { addValue } from "./values.ts";

export interface TransactionParts {
  readonly state: State;
  /** Undefined: every rule asks for itself. */
  readonly judge: Judge | undefined;
  readonly persistent: PersistentStore;
  readonly isSilentListed: boolean;
  readonly macros: MacroCache;
  readonly outcomes: OutcomeMemo;
  /** Called once, with the report: the state may be used again. */
  readonly done: (state: State) => void;
}

/** A transaction while its steps come. */
interface Run {
  readonly parts: TransactionParts;
  readonly state: State;
  readonly judge: Judge | undefined;
  readonly context: PhaseContext;
  body: RequestBody | undefined;
  responseChunks: string[] | undefined;
  isResponseKept: boolean;
  /** Once there is one, the state is another transaction's. */
  report: TransactionReport | undefined;
}

export function createTransaction(parts: TransactionParts): Transaction {
  const { state, judge } = parts;
  const context = createContext(parts);
  const run: Run = {
    parts,
    state,
    judge,
    context,
    body: undefined,
    responseChunks: undefined,
    isResponseKept: false,
    report: undefined,
  };
  return {
    id: state.id,
    connection: (facts) => void step(run, () => readConnection(state, judge, facts)),
    requestLine: (method, target, protocol) => takeRequestLine(run, { method, target, protocol }),
    requestHeaders: (headers) => takeRequestHeaders(run, headers),
    get wantsRequestBody() {
      return !isIdle(run) && state.isRequestBodyWanted;
    },
    requestBody: (chunk) => takeRequestBody(run, chunk),
    endRequest: () =>
      step(run, () => {
        run.body?.end();
        judgeBody(state);
        stopAtLimit(state);
        if (isStopped(state)) return;
        runPhase(context, 2);
        stopAtLimit(state);
      }),
    responseHeaders: (status, protocol, headers) =>
      step(run, () => {
        const type = readResponseHeaders(state, judge, { status, protocol, headers });
        run.isResponseKept = state.compiled.ruleSet.settings.responseBodyTypes.includes(type);
        runPhase(context, 3);
        stopAtLimit(state);
      }),
    get wantsResponseBody() {
      return !isIdle(run) && state.isResponseBodyWanted && run.isResponseKept;
    },
    responseBody: (chunk) => takeResponseBody(run, chunk),
    endResponse: () =>
      step(run, () => {
        if (run.responseChunks !== undefined) {
          addValue(state, judge, sources.responseBody, "", run.responseChunks.join(""));
        }
        runPhase(context, 4);
        stopAtLimit(state);
      }),
    finish: () => finish(run),
  };
}

function createContext(parts: TransactionParts): PhaseContext {
  const context: PhaseContext = {
    state: parts.state,
    persistent: parts.persistent,
    points: { inbound: 0, outbound: 0 },
    scope: createScope(parts.state, parts.macros),
    outcomes: parts.outcomes,
    hasHits: parts.judge !== undefined,
    place: { rule: undefined, part: undefined, target: undefined, isMatched: false },
    match: { variables: [], omitted: 0 },
    members: 0,
    ...createEmitters(() => context),
    isSilentListed: parts.isSilentListed,
  };
  return context;
}

function isIdle({ report, state }: Run): boolean {
  return report !== undefined || state.engineMode === "off" || isStopped(state);
}

/** Runs one step under the clock; what it says only counts when the policy blocks. */
function step(run: Run, work: () => void): Interruption | undefined {
  const { state } = run;
  if (!isIdle(run)) {
    state.enteredUs = state.clocks.nowUs();
    work();
    state.spentUs += state.clocks.nowUs() - state.enteredUs;
  }
  return answer(run);
}

function answer({ report, state }: Run): Interruption | undefined {
  if (report !== undefined) return report.isBlocked ? report.interruption : undefined;
  return isStopped(state) ? state.interruption : undefined;
}

function takeRequestLine(run: Run, line: RequestLine): void {
  if (run.report !== undefined) return;
  run.state.requestBytes += line.method.length + line.target.length + line.protocol.length + 4;
  step(run, () => readRequestLine(run.state, run.judge, line));
}

function takeRequestHeaders(run: Run, headers: Headers): Interruption | undefined {
  const { state, judge, context } = run;
  if (run.report !== undefined) return answer(run);
  for (const [name, value] of headers) state.requestBytes += name.length + value.length + 4;
  return step(run, () => {
    readRequestHeaders(state, judge, headers);
    applyPolicyExclusions(state);
    runPhase(context, 1);
    stopAtLimit(state);
  });
}

function takeRequestBody(run: Run, chunk: string): Interruption | undefined {
  const { state, judge } = run;
  if (run.report !== undefined) return answer(run);
  state.requestBytes += chunk.length;
  if (!state.isRequestBodyWanted || state.body.isOverLimit) return answer(run);
  return step(run, () => {
    run.body ??= createRequestBody(state, judge);
    const isWithin = run.body.write(chunk);
    if (!isWithin && state.compiled.ruleSet.settings.requestBodyLimitAction === "reject") {
      interrupt(state, 413, "limit: request body");
    }
  });
}

function takeResponseBody(run: Run, chunk: string): Interruption | undefined {
  const { state } = run;
  const { responseBodyBytesMax, responseBodyLimitAction } = state.compiled.ruleSet.settings;
  if (run.report !== undefined || !state.isResponseBodyWanted || !run.isResponseKept) return answer(run);
  return step(run, () => {
    const room = responseBodyBytesMax - state.responseBytes;
    state.responseBytes += chunk.length;
    if (room > 0) (run.responseChunks ??= []).push(chunk.length > room ? chunk.slice(0, room) : chunk);
    if (chunk.length <= room || state.body.isResponseOverLimit) return;
    state.body.isResponseOverLimit = true;
    state.notInspected.push(`response body over ${responseBodyBytesMax} bytes`);
    if (responseBodyLimitAction === "reject") interrupt(state, 500, "limit: response body");
  });
}

function finish(run: Run): TransactionReport {
  const { state } = run;
  if (run.report !== undefined) return run.report;
  if (state.engineMode !== "off") {
    state.enteredUs = state.clocks.nowUs();
    runPhase(run.context, 5);
    state.spentUs += state.clocks.nowUs() - state.enteredUs;
  }
  run.report = reportOf(state);
  run.parts.done(state);
  return run.report;
}

function interrupt(state: State, status: number, because: string): void {
  if (state.interruption !== undefined) return;
  state.interruption = { action: "deny", status, location: "", ruleId: 0, phase: state.phase, because };
}

/**
 * A body that could not be read is not a body that says nothing. Where none of the operator's rules asks about it, or the policy leaves that rule out, the engine
 * decides. What the operator's rules take away by ctl is the operator's word.
 */
function judgeBody(state: State): void {
  const { asks } = state.program;
  const isExcluded = state.isBodyAskExcluded;
  if (state.body.error !== "") {
    state.notInspected.push(`request body: ${state.body.error}`);
    if (!asks.bodyError || isExcluded) interrupt(state, 400, `limit: request body cannot be read: ${state.body.error}`);
  }
  if ((state.body.flags["MULTIPART_STRICT_ERROR"] ?? 0) !== 0 && (!asks.multipartError || isExcluded)) {
    interrupt(state, 400, "limit: multipart body is not strict");
  }
}

function reportOf(state: State): TransactionReport {
  if (state.rules.length > 0) state.secrets.push(...collectSecrets(state));
  const scores = scoresOf(state);
  return {
    id: state.id,
    policy: state.policy.name,
    mode: state.policy.mode,
    interruption: state.interruption,
    isBlocked: isStopped(state),
    rules: state.rules,
    rulesOmitted: state.rulesOmitted,
    inboundScore: scores.inbound,
    outboundScore: scores.outbound,
    notInspected: state.notInspected,
    evaluationUs: Math.max(0, Math.round(state.spentUs)),
    requestBytes: state.requestBytes,
    responseBytes: state.responseBytes,
  };
}
