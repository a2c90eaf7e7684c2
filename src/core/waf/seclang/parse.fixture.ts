// For tests of this room: rule texts from strings, includes and word lists from a table.
import { parseRuleSet } from "./parse-rule-set.ts";
import type { ParsedRuleSet, RuleFiles, RuleSetInput } from "./parsed.ts";
import type { Rule } from "./rule-set.ts";

export function filesOf(table: Readonly<Record<string, string>> = {}): RuleFiles {
  return {
    include: (pattern) =>
      pattern.startsWith("/")
        ? { refused: "it lies outside the folder of the rules" }
        : Object.entries(table)
            .filter(([name]) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
            .map(([file, text]) => ({ file, text })),
    wordList: (name) => table[name] ?? { refused: "it is not there" },
  };
}

export function parseText(text: string, table: Readonly<Record<string, string>> = {}): ParsedRuleSet {
  return parseRuleSet({ files: [{ file: "a.conf", text }], reader: filesOf(table) });
}

/** One overlay over a floor. */
export function parseOverlay(
  floor: string,
  overlay: string,
  table: Readonly<Record<string, string>> = {},
): ParsedRuleSet {
  return parseRuleSet(overlayInput(floor, overlay, table));
}

export function overlayInput(
  floor: string,
  overlay: string,
  table: Readonly<Record<string, string>> = {},
): RuleSetInput {
  return {
    files: [{ file: "floor.conf", text: floor }],
    reader: filesOf(),
    overlays: [{ name: "team", files: [{ file: "team.conf", text: overlay }], reader: filesOf(table) }],
  };
}

export function rulesOf(parsed: ParsedRuleSet): readonly Rule[] {
  return parsed.ruleSet.items.filter((item) => item.kind === "rule");
}

export function codesOf(parsed: ParsedRuleSet, severity?: "error" | "warning" | "note"): readonly string[] {
  return parsed.problems
    .filter((problem) => severity === undefined || problem.severity === severity)
    .map(({ code }) => code);
}
