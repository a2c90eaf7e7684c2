// Tests to a summary: each stage's requests sent, judged, tried once more where the file asks for it.
import { buildRequest } from "./build-request.ts";
import { judge, type StageVerdict } from "./judge.ts";
import type { Observation, StageRunner } from "./run-stage.ts";
import { ftwLimits, type FtwStage, type FtwTest, type StageInput } from "./test-file.ts";

export interface StageResult {
  readonly test: FtwTest;
  /** From 1. */
  readonly stage: number;
  readonly result: StageVerdict;
}

export interface FtwSummary {
  readonly passed: number;
  readonly failed: number;
  readonly noAssertion: number;
  /** Stages that were not run: over the limit of a run. */
  readonly notRun: number;
  readonly failures: readonly StageResult[];
  readonly withoutAssertion: readonly StageResult[];
}

/** What a test keeps from one stage to the next. */
interface Memory {
  cookies: readonly string[];
  redirect: string | undefined;
}

/** Runs tests in order. `onStage` hears of each stage as it ends. */
export async function runTests(
  runner: StageRunner,
  tests: readonly FtwTest[],
  onStage: (result: StageResult) => void = () => undefined,
): Promise<FtwSummary> {
  const results: StageResult[] = [];
  let notRun = 0;
  for (const test of tests) {
    const memory: Memory = { cookies: [], redirect: undefined };
    for (const [index, stage] of test.stages.entries()) {
      if (results.length >= ftwLimits.stagesMax) {
        notRun += 1;
        continue;
      }
      // Stages of a test follow one another: a later one may need the cookies of an earlier one.
      // oxlint-disable-next-line no-await-in-loop
      const result = { test, stage: index + 1, result: await runStage(runner, stage, memory) };
      results.push(result);
      onStage(result);
    }
  }
  return summaryOf(results, notRun);
}

async function runStage(runner: StageRunner, stage: FtwStage, memory: Memory): Promise<StageVerdict> {
  const first = await tryStage(runner, stage, memory);
  return first.verdict === "failed" && stage.output.retry_once === true ? tryStage(runner, stage, memory) : first;
}

async function tryStage(runner: StageRunner, { input, output }: FtwStage, memory: Memory): Promise<StageVerdict> {
  const seen: Observation[] = [];
  for (const uri of urisOf(input, memory)) {
    const { bytes, problem } = buildRequest(input, uri, input.save_cookie === true ? memory.cookies : []);
    const trouble = bytes.length > ftwLimits.requestBytesMax ? `the request has ${bytes.length} bytes` : problem;
    if (trouble !== "") return { verdict: "failed", reasons: [trouble] };
    // oxlint-disable-next-line no-await-in-loop
    seen.push(await runner.run(bytes, input));
  }
  const last = seen.at(-1);
  if (last !== undefined) remember(memory, last);
  return judge(output, seen);
}

function urisOf(input: StageInput, memory: Memory): readonly string[] {
  if (input.follow_redirect === true && memory.redirect !== undefined) return [memory.redirect];
  if (input.uris !== undefined && input.uris.length > 0) return input.uris;
  return [input.uri ?? "/"];
}

function remember(memory: Memory, { status, responseHeaders }: Observation): void {
  const values = (name: string): readonly string[] =>
    responseHeaders.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  const cookies = values("set-cookie").map((value) => value.split(";", 1)[0] ?? "");
  if (cookies.length > 0) memory.cookies = cookies;
  memory.redirect = status >= 300 && status < 400 ? values("location")[0] : undefined;
}

function summaryOf(results: readonly StageResult[], notRun: number): FtwSummary {
  const withVerdict = (verdict: StageVerdict["verdict"]): readonly StageResult[] =>
    results.filter(({ result }) => result.verdict === verdict);
  const failures = withVerdict("failed");
  const withoutAssertion = withVerdict("noAssertion");
  return {
    passed: withVerdict("passed").length,
    failed: failures.length,
    noAssertion: withoutAssertion.length,
    notRun,
    failures,
    withoutAssertion,
  };
}
