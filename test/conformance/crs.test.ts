// The Core Rule Set's own regression tests, all of them that lie beside the project: on the engine in this process, then over a socket through our proxy.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { engineOf, loadRules, type LoadedRules } from "../../src/apps/cli/commands/waf/load-rules.ts";
import { readTests } from "../../src/apps/cli/commands/waf/read-tests.ts";
import { startSocketRunner } from "../../src/apps/cli/commands/waf/socket-runner.ts";
import type { EngineRunnerOptions } from "../../src/core/waf/ftw/run-stage.ts";
import { createEngineRunner } from "../../src/core/waf/ftw/run-stage.ts";
import { runTests, type FtwSummary } from "../../src/core/waf/ftw/run-tests.ts";
import { suitePolicy } from "../../src/core/waf/ftw/settings.ts";
import { modsecurityLines } from "../../src/core/waf/report/modsecurity-line.ts";
import { skipUnless } from "../support/skip.ts";

const folder = path.resolve(import.meta.dirname, "../../..", "shared/data/crs");

/** Content-Length beside Transfer-Encoding: which of them counts is settled before rules see the request. */
const frontEndOnly: readonly string[] = ["920181-1"];
/** Over a socket: our proxy gives no tunnels and answers CONNECT with 405 after the rules have seen it; the suite's answered it with 200. */
const proxyDiffers: readonly string[] = ["920100-4"];

const logLines: EngineRunnerOptions["logLines"] = (report, { target }) =>
  modsecurityLines(report, { hostname: "localhost", uri: target }, { redaction: "none" });

let loaded: LoadedRules | undefined;

/** Undefined: the data is not there, and the test says so. */
function rulesOr(context: TestContext): LoadedRules | undefined {
  if (
    !skipUnless(
      context,
      existsSync(path.join(folder, "tests")),
      "the Core Rule Set's rules and tests (shared/data/crs)",
    )
  )
    return undefined;
  loaded ??= loadRules([folder]);
  return loaded;
}

function failedNames({ failures }: FtwSummary): readonly string[] {
  return failures.map(({ test: { id } }) => id);
}

function reasonsOf({ failures }: FtwSummary): string {
  return failures
    .map(
      ({ test: { id }, stage, result }) =>
        `${id}.${stage}: ${result.verdict === "failed" ? result.reasons.join("; ") : ""}`,
    )
    .join("\n");
}

test("the rule set loads without an error, and every directive of it is taken", (context) => {
  const rules = rulesOr(context);
  if (rules === undefined) return;
  const problems = [...rules.problems, ...engineOf(rules).problems].filter(({ severity }) => severity !== "note");
  assert.deepEqual(problems, []);
  assert.equal(rules.counts.refused, 0);
});

for (const chunkBytes of [undefined, 7]) {
  test(`on the engine, bodies ${chunkBytes === undefined ? "at once" : `in pieces of ${chunkBytes} bytes`}`, async (context) => {
    const rules = rulesOr(context);
    if (rules === undefined) return;
    const { tests, problems } = await readTests([path.join(folder, "tests")]);
    assert.deepEqual(problems, []);
    const options = { engine: engineOf(rules), policy: suitePolicy, logLines };
    const summary = await runTests(
      createEngineRunner(chunkBytes === undefined ? options : { ...options, chunkBytes }),
      tests,
    );
    assert.deepEqual(failedNames(summary), frontEndOnly, reasonsOf(summary));
    assert.ok(summary.passed > 3000, `only ${summary.passed} stages ran`);
    assert.equal(summary.notRun, 0);
    context.diagnostic(
      `${summary.passed} passed, ${summary.failed} failed, ${summary.noAssertion} without an assertion`,
    );
  });
}

test("over a socket through our proxy", async (context) => {
  const rules = rulesOr(context);
  if (rules === undefined) return;
  const { tests } = await readTests([path.join(folder, "tests")]);
  const runner = await startSocketRunner(rules, suitePolicy, logLines);
  try {
    const summary = await runTests(runner.stages, tests);
    assert.deepEqual(failedNames(summary), proxyDiffers, reasonsOf(summary));
    context.diagnostic(`${summary.passed} passed, ${summary.failed} failed`);
  } finally {
    await runner.close();
  }
});
