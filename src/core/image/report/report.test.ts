// Reports of advice: SARIF, Markdown, the gate, and that lines with secrets are not quoted.
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { lintDockerfile } from "../dockerfile/lint.ts";
import { isAtGate, quotedLine, type AdvisedTarget, type AdviceReport } from "./advice-report.ts";
import { writeAdviceMarkdown } from "./write-advice-markdown.ts";
import { writeAdviceSarif } from "./write-advice-sarif.ts";

const text = "FROM debian\nRUN curl \\\n  -u bob:hunter2secret https://x.example && sudo ls\nUSER root | <b>\n";
const target: AdvisedTarget = {
  name: "a b/Dockerfile",
  kind: "dockerfile",
  findings: lintDockerfile(text),
  lines: text.split("\n"),
};
const report: AdviceReport = { toolVersion: "1.2.3", targets: [target] };

test("SARIF: a rule once, a place for each result, the same bytes again", () => {
  const written = writeAdviceSarif(report);
  equal(written, writeAdviceSarif(report));
  const log = JSON.parse(written) as {
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: { ruleId: string; ruleIndex: number; level: string; locations: object[] }[];
    }[];
  };
  const [run] = log.runs;
  const ids = run?.tool.driver.rules.map(({ id }) => id) ?? [];
  equal(new Set(ids).size, ids.length);
  for (const { ruleId, ruleIndex } of run?.results ?? []) equal(ids[ruleIndex], ruleId);
  const untagged = run?.results.find(({ ruleId }) => ruleId === "dockerfile/untagged-image");
  deepEqual(
    [untagged?.level, untagged?.locations],
    [
      "warning",
      [
        {
          physicalLocation: { artifactLocation: { uri: "a%20b/Dockerfile" }, region: { startLine: 1, startColumn: 6 } },
        },
      ],
    ],
  );
});

test("Markdown: others' words are neither markup nor cells", () => {
  const markdown = writeAdviceMarkdown(report);
  ok(markdown.startsWith("## a b/Dockerfile\n"));
  for (const row of markdown.split("\n").filter((one) => one.startsWith("| ")))
    equal(row.replaceAll("\\|", "").split("|").length, 7, row);
  equal(markdown.includes("<b>"), false);
});

test("instructions that may hold a secret are not quoted, on none of their lines", () => {
  const quotes = target.findings.map((finding) => quotedLine(target, finding));
  equal(
    quotes.some((quote) => quote.includes("hunter2")),
    false,
  );
  ok(quotes.includes("FROM debian"));
});

test("the gate: as bad or worse", () => {
  const [finding] = target.findings.filter(({ severity }) => severity === "warning");
  const only = finding === undefined ? [] : [finding];
  deepEqual(
    (["error", "warning", "info", "style", "never", "none"] as const).map((gate) => isAtGate(only, gate)),
    [false, true, true, true, false, false],
  );
});
