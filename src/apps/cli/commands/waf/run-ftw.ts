// What `garrison waf ftw` does: find tests, run them on the engine or through our proxy, print what failed and the sums.
import { withOverrides, readOverrides, type FtwOverrides } from "../../../../core/waf/ftw/overrides.ts";
import { createEngineRunner, type StageRunner } from "../../../../core/waf/ftw/run-stage.ts";
import { runTests, type FtwSummary, type StageResult } from "../../../../core/waf/ftw/run-tests.ts";
import { suitePolicy } from "../../../../core/waf/ftw/settings.ts";
import type { FtwTest } from "../../../../core/waf/ftw/test-file.ts";
import type { TransactionPolicy, TransactionReport } from "../../../../core/waf/engine/engine.ts";
import type { RawRequest } from "../../../../core/waf/http/read-request.ts";
import { modsecurityLines } from "../../../../core/waf/report/modsecurity-line.ts";
import type { Context } from "../../context.ts";
import { printDocument } from "../policy/words.ts";
import { harmless } from "../../output/harmless.ts";
import { numberOf, paranoiaOf, settingsOf, usage } from "./flags.ts";
import { wafFormatOf } from "./format-of.ts";
import type { WafFtwFlags } from "./ftw.ts";
import { engineOf, loadRules, type LoadedRules } from "./load-rules.ts";
import { isPartial, sayProblems } from "./problem-words.ts";
import { readTests, readYamlFile } from "./read-tests.ts";

export async function runFtw(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: WafFtwFlags },
): Promise<number> {
  const [rules = "", ...rest] = args;
  const isRuleFile = (name: string): boolean => name.endsWith(".conf");
  const loaded = loadRules([rules, ...rest.filter(isRuleFile)]);
  sayProblems(context, loaded.problems);
  const { tests, problems } = await readTests(rest.filter((name) => !isRuleFile(name)));
  for (const problem of problems) context.say(harmless(problem));
  const chosen = choose(tests, options, await overridesOf(options));
  if (chosen.length === 0)
    throw usage("no test is left to run", "name .yaml files of ftw-tests-schema, or folders with them");
  const runner = await runnerOf(context, loaded, options);
  try {
    const summary = await runTests(runner.stages, chosen, (result) => tell(context, result));
    await print(context, options, summary);
    if (summary.failed > 0) return 3;
    return problems.length > 0 || summary.notRun > 0 || isPartial(loaded.problems) ? 7 : 0;
  } finally {
    await runner.close();
  }
}

interface Runner {
  readonly stages: StageRunner;
  close(): Promise<void>;
}

async function runnerOf(context: Context, loaded: LoadedRules, options: WafFtwFlags): Promise<Runner> {
  const policy = policyOf(options, loaded);
  if (options.socket === true) {
    const { startSocketRunner } = await import("./socket-runner.ts");
    return startSocketRunner(loaded, policy, logLines);
  }
  const engine = engineOf(loaded, { isMultiline: options.multiline === true });
  sayProblems(context, engine.problems);
  const chunkBytes =
    options.chunkBytes === undefined
      ? undefined
      : numberOf(options.chunkBytes, "--chunk-bytes", { min: 1, max: 100_000_000 });
  const chunks = chunkBytes === undefined ? {} : { chunkBytes };
  return {
    stages: createEngineRunner({ engine, policy, logLines, ...chunks }),
    close: () => Promise.resolve(),
  };
}

/** ModSecurity's line for each logged rule: what log expressions of tests are written for. */
function logLines(report: TransactionReport, { target }: RawRequest): readonly string[] {
  return modsecurityLines(report, { hostname: "localhost", uri: target }, { redaction: "none" });
}

function policyOf(options: WafFtwFlags, { layers }: LoadedRules): TransactionPolicy {
  const paranoia = paranoiaOf(options.paranoia);
  const settings = new Map([...suitePolicy.settings, ...settingsOf(options.setting)]);
  return { ...suitePolicy, paranoia, detectionParanoia: paranoia, settings, layers };
}

async function overridesOf({ overrides }: WafFtwFlags): Promise<FtwOverrides | undefined> {
  if (overrides === undefined) return undefined;
  const read = readOverrides(await readYamlFile(overrides));
  if ("problem" in read)
    throw usage(
      `${overrides}: ${read.problem}`,
      "it holds test_overrides: a list of rule_id, test_ids, reason, output",
    );
  return read.overrides;
}

function choose(
  tests: readonly FtwTest[],
  options: WafFtwFlags,
  overrides: FtwOverrides | undefined,
): readonly FtwTest[] {
  const include = expressionOf(options.include, "--include");
  const exclude = expressionOf(options.exclude, "--exclude");
  return tests
    .filter(({ id }) => (include?.test(id) ?? true) && !(exclude?.test(id) ?? false))
    .map((test) => (overrides === undefined ? test : withOverrides(test, overrides)));
}

function expressionOf(source: string | undefined, flag: string): RegExp | undefined {
  if (source === undefined) return undefined;
  try {
    return new RegExp(source);
  } catch {
    throw usage(`${flag} ${source} is no regular expression`, `for example ${flag} '^9421'`);
  }
}

/** Failures as they come, so that a long run is not silent. */
function tell(context: Context, { test, stage, result }: StageResult): void {
  if (result.verdict !== "failed") return;
  context.say(harmless(`failed ${test.id} stage ${stage}: ${result.reasons.join("; ")}`));
}

async function print(context: Context, options: WafFtwFlags, summary: FtwSummary): Promise<void> {
  const { passed, failed, noAssertion, notRun } = summary;
  const format = wafFormatOf(context, options);
  if (format !== "table") {
    const failures = summary.failures.map(({ test, stage, result }) => ({
      test: test.id,
      stage,
      file: test.file,
      ...result,
    }));
    const withoutAssertion = summary.withoutAssertion.map(({ test, stage }) => ({
      test: test.id,
      stage,
      file: test.file,
    }));
    return printDocument(context, format, { passed, failed, noAssertion, notRun, failures, withoutAssertion });
  }
  const apart = noAssertion === 0 ? "" : `${noAssertion} without an assertion: ${namesOf(summary.withoutAssertion)}\n`;
  const left = notRun === 0 ? "" : `${notRun} not run: over the limit of a run\n`;
  await context.print(`${apart}${left}${passed} passed, ${failed} failed\n`);
}

function namesOf(results: readonly StageResult[]): string {
  const names = results.slice(0, 20).map(({ test, stage }) => (stage === 1 ? test.id : `${test.id} stage ${stage}`));
  return results.length > names.length ? `${names.join(", ")}, ...` : names.join(", ");
}
