// For tests of this room: rule texts from strings, includes and word lists from a table.
import { assert } from "../../../base/assert.ts";
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

/** The first rule of texts without an error. */
export function only(text: string, table: Readonly<Record<string, string>> = {}): Rule {
  const parsed = parseText(text, table);
  const [error] = parsed.problems.filter(({ severity }) => severity === "error");
  assert(error === undefined, `${text}: ${error?.message ?? ""}`);
  const [rule] = rulesOf(parsed);
  assert(rule !== undefined, text);
  return rule;
}

/** A small floor that scores as the Core Rule Set does. */
export const floor = `
  SecDefaultAction "phase:2,log,pass"
  SecAction "id:900,phase:1,pass,setvar:tx.blocking_paranoia_level=1,setvar:tx.critical_anomaly_score=5,initcol:ip=%{REMOTE_ADDR}"
  SecAction "id:901,phase:1,pass,setvar:tx.inbound_anomaly_score_threshold=5,setvar:tx.inbound_anomaly_score_pl1=0,setvar:tx.allowed=GET"
  SecRule ARGS "@rx attack" "id:942100,phase:2,block,tag:'attack-sqli',msg:'SQL injection',setvar:'tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}',setvar:'tx.param_%{MATCHED_VAR_NAME}=1'"
  SecRule TX:/^header_/ "@rx bad" "id:920450,phase:2,deny,skipAfter:END-FLOOR"
  SecMarker END-FLOOR
  SecRule REQUEST_METHOD "!@within %{tx.allowed}" "id:911100,phase:1,deny"
  SecRule TX:inbound_anomaly_score_pl1 "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny"
  SecAction "id:980170,phase:5,pass,msg:'Score %{TX.allowed} of the request'"`;
