// A stage's assertions against what was seen. A stage that asserts nothing is told apart, never as passed.
import { unreachable } from "../../../base/assert.ts";
import type { Observation } from "./run-stage.ts";
import { ftwLimits, type StageOutput } from "./test-file.ts";

export type StageVerdict =
  | { readonly verdict: "passed" }
  | { readonly verdict: "failed"; readonly reasons: readonly string[] }
  | { readonly verdict: "noAssertion" };

type Assertion =
  | { readonly kind: "error"; readonly isExpected: boolean }
  | { readonly kind: "status"; readonly statuses: readonly number[] }
  | { readonly kind: "responseContains"; readonly text: string }
  | { readonly kind: "ids"; readonly ids: readonly number[]; readonly isExpected: boolean }
  | { readonly kind: "line"; readonly pattern: string; readonly isExpected: boolean }
  | { readonly kind: "isolated" };

/** `seen`: one observation for each address that the stage asks for, all of which must hold. */
export function judge(output: StageOutput, seen: readonly Observation[]): StageVerdict {
  const assertions = assertionsOf(output);
  if (assertions.length === 0) return { verdict: "noAssertion" };
  const reasons = seen.flatMap((one) => reasonsOf(assertions, one));
  return reasons.length === 0 ? { verdict: "passed" } : { verdict: "failed", reasons };
}

function reasonsOf(assertions: readonly Assertion[], seen: Observation): readonly string[] {
  const error = assertions.find((one) => one.kind === "error");
  // An expected error is the whole answer: there is no status and no log to judge.
  if (error?.isExpected === true) return seen.error === "" ? [`expected no answer, got status ${seen.status}`] : [];
  if (seen.error !== "" && (seen.isSimple !== true || error !== undefined)) return [`no answer: ${seen.error}`];
  return assertions.flatMap((one) => reasonOf(one, seen) ?? []);
}

function assertionsOf({ status, log, ...output }: StageOutput): readonly Assertion[] {
  const list: Assertion[] = [];
  const { match_regex: match = "", no_match_regex: noMatch = "" } = log ?? {};
  const { log_contains: contains = "", no_log_contains: containsNot = "", response_contains: text = "" } = output;
  if (output.expect_error !== undefined) list.push({ kind: "error", isExpected: output.expect_error });
  if (status !== undefined && status.some((one) => one !== 0)) list.push({ kind: "status", statuses: status });
  if (text !== "") list.push({ kind: "responseContains", text });
  if ((log?.expect_ids ?? []).length > 0) list.push({ kind: "ids", ids: log?.expect_ids ?? [], isExpected: true });
  if ((log?.no_expect_ids ?? []).length > 0)
    list.push({ kind: "ids", ids: log?.no_expect_ids ?? [], isExpected: false });
  if (match !== "") list.push({ kind: "line", pattern: match, isExpected: true });
  if (noMatch !== "") list.push({ kind: "line", pattern: noMatch, isExpected: false });
  if (contains !== "") list.push({ kind: "line", pattern: contains, isExpected: true });
  if (containsNot !== "") list.push({ kind: "line", pattern: containsNot, isExpected: false });
  if (output.isolated === true) list.push({ kind: "isolated" });
  return list;
}

/** What does not hold, in words; undefined: it holds. */
function reasonOf(assertion: Assertion, seen: Observation): string | undefined {
  switch (assertion.kind) {
    case "error":
      return undefined;
    case "status":
      return assertion.statuses.includes(seen.status)
        ? undefined
        : `expected status ${assertion.statuses.join(" or ")}, got ${seen.status}`;
    case "responseContains":
      return seen.responseBody.includes(assertion.text) ? undefined : "the answer does not hold the expected text";
    case "ids":
      return idsReason(assertion.ids, assertion.isExpected, seen);
    case "line":
      return lineReason(assertion.pattern, assertion.isExpected, seen);
    case "isolated":
      return new Set(seen.ruleIds).size === 1 ? undefined : `expected one rule alone, got ${ruleWords(seen)}`;
    default:
      return unreachable(assertion);
  }
}

function idsReason(ids: readonly number[], isExpected: boolean, seen: Observation): string | undefined {
  const wrong = ids.filter((id) => seen.ruleIds.includes(id) !== isExpected);
  if (wrong.length === 0) return undefined;
  return isExpected ? `expected ${wrong.join(", ")}, got ${ruleWords(seen)}` : `did not expect ${wrong.join(", ")}`;
}

function lineReason(pattern: string, isExpected: boolean, seen: Observation): string | undefined {
  const expression = expressionOf(pattern);
  if (expression === undefined) return `the log expression cannot be read: ${pattern.slice(0, 80)}`;
  const line = seen.logLines.find((one) => expression.test(one));
  if ((line !== undefined) === isExpected) return undefined;
  return isExpected
    ? `no log line matches ${pattern.slice(0, 200)}; rules: ${ruleWords(seen)}`
    : `a log line matches ${pattern.slice(0, 200)}: ${(line ?? "").slice(0, 200)}`;
}

function expressionOf(pattern: string): RegExp | undefined {
  if (pattern.length > ftwLimits.patternBytesMax) return undefined;
  const [, flags = "", rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  try {
    return new RegExp(rest, flags);
  } catch {
    // A SyntaxError: the caller says so as the stage's reason.
    return undefined;
  }
}

function ruleWords({ ruleIds }: Observation): string {
  return ruleIds.length === 0 ? "no rule" : ruleIds.join(", ");
}
