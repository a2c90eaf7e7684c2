// What `garrison waf rules` does: find the rule set, read it, say what it is.
import type { Phase, Rule } from "../../../../core/waf/seclang/rule-set.ts";
import { baseFileName } from "../../../../core/waf/http/base-directives.ts";
import type { Context } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { counted, printDocument } from "../policy/words.ts";
import { wafFormatOf } from "./format-of.ts";
import { engineOf, loadRules, systemRules } from "./load-rules.ts";
import { isPartial, sayProblems } from "./problem-words.ts";
import type { WafRulesFlags } from "./rules.ts";

interface FileRow {
  readonly file: string;
  readonly bytes: number;
  readonly rules: number;
  readonly level1: number;
  readonly level2: number;
  readonly level3: number;
  readonly level4: number;
}

export async function runRules(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: WafRulesFlags },
): Promise<number> {
  const paths = args.length > 0 ? args : [systemRules()];
  const loaded = loadRules(paths);
  const { rules } = loaded;
  const rows = loaded.ruleSet.files.filter(({ file }) => file !== baseFileName).map((file) => rowOf(file, rules));
  // The same problems as lint tells: expressions are looked at when rules become closures.
  const problems = [...loaded.problems, ...engineOf(loaded).problems];
  const format = wafFormatOf(context, options);
  const phases = ([1, 2, 3, 4, 5] as const).map((phase) => inPhase(rules, phase));
  if (format !== "table") {
    const { counts, sources, ruleSet } = loaded;
    await printDocument(context, format, {
      sources,
      digest: ruleSet.digest,
      counts,
      rulesByPhase: phases,
      files: rows,
      problems,
    });
    return isPartial(problems) ? 7 : 0;
  }
  for (const { path, kind, version } of loaded.sources)
    await context.print(`${path}: ${kindWords(kind)}${version === "" ? "" : `, version ${version}`}\n`);
  await context.print(
    `${counted(rules.length, "rule")}: ${phases.map((count, index) => `${count} in phase ${index + 1}`).join(", ")}\n`,
  );
  await context.print(`digest ${loaded.ruleSet.digest}\n\n`);
  await context.print(render(rows, sheet, { format, width: context.width }));
  sayProblems(context, problems);
  context.say(
    problemsWords(
      problems.map(({ severity }) => severity),
      args.join(" "),
    ),
  );
  return isPartial(problems) ? 7 : 0;
}

const sheet: Sheet<FileRow> = {
  name: ({ file }) => file,
  columns: [
    { title: "file", value: ({ file }) => file },
    { title: "bytes", value: ({ bytes }) => String(bytes), align: "right" },
    { title: "rules", value: ({ rules }) => String(rules), align: "right" },
    { title: "level 1", value: ({ level1 }) => blankZero(level1), align: "right" },
    { title: "2", value: ({ level2 }) => blankZero(level2), align: "right" },
    { title: "3", value: ({ level3 }) => blankZero(level3), align: "right" },
    { title: "4", value: ({ level4 }) => blankZero(level4), align: "right" },
  ],
};

function blankZero(count: number): string {
  return count === 0 ? "-" : String(count);
}

function rowOf({ file, bytes }: { readonly file: string; readonly bytes: number }, rules: readonly Rule[]): FileRow {
  const mine = rules.filter(({ head }) => head.position.file === file);
  const atLevel = (level: number): number => mine.filter(({ tags }) => tags.includes(`paranoia-level/${level}`)).length;
  return {
    file,
    bytes,
    rules: mine.length,
    level1: atLevel(1),
    level2: atLevel(2),
    level3: atLevel(3),
    level4: atLevel(4),
  };
}

function inPhase(rules: readonly Rule[], phase: Phase): number {
  return rules.filter((rule) => rule.phase === phase).length;
}

function kindWords(kind: string): string {
  if (kind === "crs4") return "OWASP Core Rule Set 4";
  return kind === "crs3" ? "OWASP Core Rule Set 3" : "rule files";
}

function problemsWords(severities: readonly string[], paths: string): string {
  const count = (severity: string): number => severities.filter((one) => one === severity).length;
  const told = `${counted(count("error"), "error")}, ${counted(count("warning"), "warning")}, ${counted(count("note"), "note")}`;
  if (severities.length === 0) return told;
  return `${told}: garrison waf lint${paths === "" ? "" : ` ${paths}`}${count("note") > 0 ? " --notes" : ""} shows them`;
}
