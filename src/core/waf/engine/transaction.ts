// One request from its first byte to its report. Steps come in order; each says whether the transaction is to be stopped.
import type { Interruption, Transaction, TransactionReport } from "./engine.ts";
import type { Judge } from "./judge.ts";
import type { PersistentStore } from "./persistent.ts";
import { readConnection, readRequestHeaders, readRequestLine, readResponseHeaders } from "./read-request.ts";
import { createEmitters } from "./run-rule.ts";
import { createRequestBody, type RequestBody } from "./read-body.ts";
import { createScope, type MacroCache } from "./macro.ts";
import type { OutcomeMemo } from "./outcome-memo.ts";
import { applyPolicyExclusions, isStopped, runPhase, type PhaseContext } from "./run-phase.ts";
import { scoresOf } from "./scores.ts";
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

export function createTransaction(parts: TransactionParts): Transaction {
  const { state, judge } = parts;
  const context: PhaseContext = {
    state,
    persistent: parts.persistent,
    points: { inbound: 0, outbound: 0 },
    scope: createScope(state, parts.macros),
    outcomes: parts.outcomes,
    hasHits: judge !== undefined,
    place: { rule: undefined, part: undefined, target: undefined, isMatched: false },
    match: { variables: [], omitted: 0 },
    members: 0,
    ...createEmitters(() => context),
    isSilentListed: parts.isSilentListed,
  };
  let body: RequestBody | undefined;
  let responseChunks: string[] | undefined;
  let isResponseKept = false;
  let report: TransactionReport | undefined;
  const isIdle = (): boolean => report !== undefined || state.engineMode === "off" || isStopped(state);

  /** Runs one step under the clock; what it says only counts when the policy blocks. */
  function step(work: () => void): Interruption | undefined {
    if (!isIdle()) {
      state.enteredUs = state.clocks.nowUs();
      work();
      state.spentUs += state.clocks.nowUs() - state.enteredUs;
    }
    return answer();
  }

  /** Once finished the state is another transaction's. */
  function answer(): Interruption | undefined {
    if (report !== undefined) return report.isBlocked ? report.interruption : undefined;
    return isStopped(state) ? state.interruption : undefined;
  }

  return {
    id: state.id,
    connection: (facts) => void step(() => readConnection(state, judge, facts)),
    requestLine: (method, target, protocol) => {
      if (report !== undefined) return;
      state.requestBytes += method.length + target.length + protocol.length + 4;
      step(() => readRequestLine(state, judge, { method, target, protocol }));
    },
    requestHeaders: (headers) => {
      if (report !== undefined) return answer();
      for (const [name, value] of headers) state.requestBytes += name.length + value.length + 4;
      return step(() => {
        readRequestHeaders(state, judge, headers);
        applyPolicyExclusions(state);
        runPhase(context, 1);
      });
    },
    get wantsRequestBody() {
      return !isIdle() && state.isRequestBodyWanted;
    },
    requestBody: (chunk) => {
      if (report !== undefined) return answer();
      state.requestBytes += chunk.length;
      if (!state.isRequestBodyWanted || state.body.isOverLimit) return answer();
      return step(() => {
        body ??= createRequestBody(state, judge);
        if (!body.write(chunk) && state.compiled.ruleSet.settings.requestBodyLimitAction === "reject") {
          interrupt(state, 413, "limit: request body");
        }
      });
    },
    endRequest: () =>
      step(() => {
        body?.end();
        judgeBody(state);
        if (isStopped(state)) return;
        runPhase(context, 2);
      }),
    responseHeaders: (status, protocol, headers) =>
      step(() => {
        const type = readResponseHeaders(state, judge, { status, protocol, headers });
        isResponseKept = state.compiled.ruleSet.settings.responseBodyTypes.includes(type);
        runPhase(context, 3);
      }),
    get wantsResponseBody() {
      return !isIdle() && state.isResponseBodyWanted && isResponseKept;
    },
    responseBody: (chunk) => {
      const { responseBodyBytesMax, responseBodyLimitAction } = state.compiled.ruleSet.settings;
      if (report !== undefined || !state.isResponseBodyWanted || !isResponseKept) return answer();
      return step(() => {
        const room = responseBodyBytesMax - state.responseBytes;
        state.responseBytes += chunk.length;
        if (room > 0) (responseChunks ??= []).push(chunk.length > room ? chunk.slice(0, room) : chunk);
        if (chunk.length <= room || state.body.isResponseOverLimit) return;
        state.body.isResponseOverLimit = true;
        state.notInspected.push(`response body over ${responseBodyBytesMax} bytes`);
        if (responseBodyLimitAction === "reject") interrupt(state, 500, "limit: response body");
      });
    },
    endResponse: () =>
      step(() => {
        if (responseChunks !== undefined) addValue(state, judge, sources.responseBody, "", responseChunks.join(""));
        runPhase(context, 4);
      }),
    finish: () => {
      if (report !== undefined) return report;
      if (state.engineMode !== "off") {
        state.enteredUs = state.clocks.nowUs();
        runPhase(context, 5);
        state.spentUs += state.clocks.nowUs() - state.enteredUs;
      }
      report = reportOf(state);
      parts.done(state);
      return report;
    },
  };
}

function interrupt(state: State, status: number, because: string): void {
  if (state.interruption !== undefined) return;
  state.interruption = { action: "deny", status, location: "", ruleId: 0, phase: state.phase, because };
}

/** A body that could not be read is not a body that says nothing. Where no rule asks about it, the engine decides. */
function judgeBody(state: State): void {
  const { asks } = state.compiled;
  if (state.body.error !== "") {
    state.notInspected.push(`request body: ${state.body.error}`);
    if (!asks.bodyError) interrupt(state, 400, `limit: request body cannot be read: ${state.body.error}`);
  }
  if ((state.body.flags["MULTIPART_STRICT_ERROR"] ?? 0) !== 0 && !asks.multipartError) {
    interrupt(state, 400, "limit: multipart body is not strict");
  }
}

function reportOf(state: State): TransactionReport {
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
