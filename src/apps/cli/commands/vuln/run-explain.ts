// What `garrison vuln explain` does: analyse, ask the database, lay decisions over, print the steps.
import { Fault } from "../../../../base/fault.ts";
import { explain } from "../../../../core/vuln/explain.ts";
import { matchAnalysis } from "../../../../core/vuln/match/match-analysis.ts";
import { suppress } from "../../../../core/vuln/vex/apply.ts";
import { openConfiguredDatabase, type AdvisoryPlace } from "../../../../edge/advisories/open-configured.ts";
import type { AdvisoryDatabase } from "../../../../core/vuln/advisory.ts";
import type { ImageAnalysis } from "../../../../model/image-analysis.ts";
import type { MatchExplanation } from "../../../../model/match-explanation.ts";
import type { VulnerabilityMatch } from "../../../../model/vulnerability-match.ts";
import type { Context } from "../../context.ts";
import { harmless, harmlessJson } from "../../output/harmless.ts";
import { placeOf } from "../db/feed-table.ts";
import { loadExceptions, loadVex } from "../image/load-decisions.ts";
import { analysisOf } from "../image/open-analysis.ts";
import type { VulnExplainFlags } from "./explain.ts";

const partialCode = 7;
/** Steps of one verdict that are shown unless all are asked for. */
const alikeShown = 10;
const namesShown = 10;

type Step = MatchExplanation["steps"][number];

/** 0 with an answer, 7 when a gap could change it. */
export async function runExplain(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: VulnExplainFlags },
): Promise<number> {
  const [id = "", ...references] = args;
  if (!/^[A-Za-z][A-Za-z0-9]*[-:]\S*\d/.test(id))
    throw new Fault(`${id} is no name of a vulnerability`, {
      code: "cli/usage",
      kind: "usage",
      hint: "write it as an advisory does: CVE-2024-3094, GHSA-jf85-cpcp-j695, GO-2023-2102, DSA-5497-1",
    });
  const place: AdvisoryPlace = placeOf(context, options);
  using database = openConfiguredDatabase(place, (line) => context.say(`warning: ${line}`));
  const decisions = {
    documents: await loadVex(context, options.vex ?? []),
    exceptions: await loadExceptions(context, options.exceptions ?? []),
  };
  const analysis = await analysisOf(context, { args: references, options });
  const hasDecisions = decisions.documents.length > 0 || decisions.exceptions.length > 0;
  const matches = hasDecisions ? decided(context, analysis, database, decisions) : [];
  const explanation = explain(id, analysis, database, { matches });
  if (context.flags.output === "json")
    await context.print(
      harmlessJson(`${JSON.stringify({ apiVersion: "garrison/v1", ...explanation }, undefined, 2)}\n`),
    );
  else await context.print(textOf(context, explanation, options.all === true));
  return explanation.verdict === "unknown" ? partialCode : 0;
}

function decided(
  context: Context,
  analysis: ImageAnalysis,
  database: AdvisoryDatabase,
  decisions: Pick<Parameters<typeof suppress>[1], "documents" | "exceptions">,
): readonly VulnerabilityMatch[] {
  const nowMs = context.nowMs();
  const image = {
    references: [analysis.reference],
    digests: [analysis.digest, ...analysis.otherDigests].filter((digest) => digest !== ""),
    workloads: [],
    packages: analysis.packages,
  };
  return suppress([...matchAnalysis(analysis, database, { nowMs }).matches], { ...decisions, image, nowMs });
}

function painted(context: Context, verdict: Step["verdict"]): string {
  const { paint } = context;
  switch (verdict) {
    case "holds":
      return paint.bad(verdict);
    case "upstream-only":
    case "unknown":
      return paint.odd(verdict);
    default:
      return paint.good(verdict);
  }
}

function stepLines(context: Context, step: Step): string {
  const record = step.record === "" ? "" : `  ${harmless(step.record)} (${harmless(step.feed)})`;
  return `${painted(context, step.verdict)}  ${harmless(step.purl)}${record}\n    ${harmless(step.because)}\n`;
}

function textOf(context: Context, explanation: MatchExplanation, isWhole: boolean): string {
  const { vulnerability, names, summary, steps, omitted, gaps } = explanation;
  const others = names.filter((name) => name !== vulnerability);
  const parts = [`${context.paint.bold(harmless(summary))}\n`];
  if (others.length > 0) {
    const more = others.length > namesShown ? ` and ${others.length - namesShown} more` : "";
    parts.push(`also named: ${harmless(others.slice(0, namesShown).join(", "))}${more}\n`);
  }
  let hidden = omitted;
  const shown = new Map<Step["verdict"], number>();
  for (const step of steps) {
    const count = (shown.get(step.verdict) ?? 0) + 1;
    shown.set(step.verdict, count);
    if (isWhole || count <= alikeShown) parts.push(`\n${stepLines(context, step)}`);
    else hidden += 1;
  }
  if (hidden > 0) parts.push(`\nand ${hidden} more steps${isWhole ? "" : ": --all shows them"}\n`);
  if (gaps.length > 0) parts.push(`\nnot known:\n${gaps.map((gap) => `  ${harmless(gap)}\n`).join("")}`);
  return parts.join("");
}
