// What is taken but will hardly do what it seems to say: jumps to nowhere, markers that nothing jumps to, exclusions of rules that are not there, values that nothing sets.
import type { SourcePosition } from "../position.ts";
import type { ItemDraft, RuleDraft } from "./draft.ts";
import { headOf } from "./draft.ts";
import { literalPrefix, parseMacroText, plainText } from "./macro.ts";
import { markerName } from "./overlay.ts";
import type { Problems } from "./problems.ts";
import type { ControlAction, MacroText } from "./rule-set.ts";

/** All items, in order, updates applied. */
export function lint(items: readonly ItemDraft[], problems: Problems): void {
  lintJumps(items, problems);
  lintControls(items, problems);
  lintValues(items, problems);
}

/** Where a skipAfter leads: a marker's name, "id:..." of a rule, or the name as it stands. */
export function resolveSkipAfter(draft: RuleDraft, markers: ReadonlySet<string>): string {
  const name = headOf(draft).actions.skipAfter?.value;
  if (name === undefined) return "";
  const own = markerName(draft.layer, name);
  if (markers.has(own)) return own;
  // The operator's patches jump among the floor's markers too; a team's rules never get here without a marker of their own.
  if (markers.has(name)) return name;
  return /^\d+$/.test(name) ? `id:${name}` : own;
}

export function markersOf(items: readonly ItemDraft[]): ReadonlySet<string> {
  return new Set(items.filter((item) => item.kind === "marker").map(({ name }) => name));
}

function lintJumps(items: readonly ItemDraft[], problems: Problems): void {
  const markers = markersOf(items);
  const lastAt = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    if (item.kind === "marker") lastAt.set(item.name, index);
    else lastAt.set(`id:${item.id}`, index);
  }
  const used = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (item.kind !== "rule") continue;
    const target = resolveSkipAfter(item, markers);
    if (target === "") continue;
    used.add(target);
    const at = lastAt.get(target);
    if (at !== undefined && at > index) continue;
    problems.add({
      severity: "warning",
      code: "waf/no-marker",
      message: `skipAfter leads to ${target}, which ${at === undefined ? "is nowhere" : "stands before the rule"}`,
      hint: "where the rule matches, the rest of its phase is skipped; add a SecMarker",
      position: headOf(item).actions.skipAfter?.position ?? headOf(item).position,
      ruleId: item.id,
    });
  }
  for (const item of items) {
    if (item.kind !== "marker" || used.has(item.name)) continue;
    problems.add({
      severity: "note",
      code: "waf/idle-marker",
      message: `no rule jumps to the marker ${item.name}`,
      hint: "nothing is wrong with it; it can go",
      position: item.position,
    });
  }
}

function lintControls(items: readonly ItemDraft[], problems: Problems): void {
  const ids = items.flatMap((item) => (item.kind === "rule" ? [item.id] : [])).sort((left, right) => left - right);
  for (const item of items) {
    if (item.kind !== "rule") continue;
    for (const { value, position } of item.parts.flatMap((part) => part.actions.controls)) {
      const missing = missingIds(value, ids);
      if (missing === undefined) continue;
      problems.add({
        severity: "note",
        code: "waf/control-of-nothing",
        message: `ctl:${value.kind} means ${missing}, and no such rule is there`,
        hint: "it has no effect until the rule is loaded",
        position,
        ruleId: item.id,
      });
    }
  }
}

function missingIds(control: ControlAction, sorted: readonly number[]): string | undefined {
  if (control.kind !== "ruleRemoveById" && control.kind !== "ruleRemoveTargetById") return undefined;
  const idle = control.ranges.find(({ from, to }) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    return (sorted[low] ?? Number.POSITIVE_INFINITY) > to;
  });
  if (idle === undefined) return undefined;
  return idle.from === idle.to ? `rule ${idle.from}` : `rules ${idle.from} to ${idle.to}`;
}

/** `%{tx.name}` that no rule sets is empty for ever. Names that a rule looks at itself are settings that may be left out: those are not told. */
function lintValues(items: readonly ItemDraft[], problems: Problems): void {
  const rules = items.filter((item) => item.kind === "rule");
  const keys = rules
    .flatMap((draft) => draft.parts.flatMap(({ actions }) => actions.assignments))
    .filter(({ value }) => value.collection === "TX" && value.change !== "unset")
    .map(({ value }) => value.key);
  const lookedAt = rules
    .flatMap((draft) => draft.parts.flatMap(({ variables }) => variables))
    .filter(({ name, select }) => name === "TX" && select === "key");
  const set = new Set([...keys.map((key) => plainText(key)), ...lookedAt.map(({ argument }) => argument)]);
  const prefixes = [...new Set(keys.filter((key) => plainText(key) === undefined).map(literalPrefix))];
  const told = new Set<string>();
  for (const draft of rules) {
    for (const { text, position } of textsOf(draft)) {
      for (const part of text) {
        if ("text" in part || part.collection !== "TX" || set.has(part.key) || /^\d$/.test(part.key)) continue;
        if (told.has(part.key) || prefixes.some((prefix) => part.key.startsWith(prefix))) continue;
        told.add(part.key);
        problems.add({
          severity: "warning",
          code: "waf/never-set",
          message: `%{tx.${part.key}} is set by no rule`,
          hint: "it stands for the empty text; set it, or mend its name",
          position,
          ruleId: draft.id,
        });
      }
    }
  }
}

function textsOf(draft: RuleDraft): readonly { readonly text: MacroText; readonly position: SourcePosition }[] {
  return draft.parts.flatMap(({ actions, operator, position }) => [
    { text: parseMacroText(operator.argument), position },
    { text: actions.message ?? [], position },
    { text: actions.logData ?? [], position },
    ...actions.assignments.map(({ value, position: at }) => ({ text: value.value, position: at })),
    ...actions.expirations.map(({ value, position: at }) => ({ text: value.seconds, position: at })),
    ...actions.collections.map(({ value, position: at }) => ({ text: value.key, position: at })),
  ]);
}
