// SecRuleUpdate* and SecRuleRemove*: read where they stand, applied when everything is read, to all rules, wherever those stand.
import type { SourcePosition } from "../position.ts";
import type { ActionSet } from "./action-set.ts";
import type { ItemDraft, PartDraft, RuleDraft } from "./draft.ts";
import { headOf, updateActions } from "./draft.ts";
import { fixedText } from "./macro.ts";
import type { NamePattern } from "./names-match.ts";
import { variableText } from "./parse-variables.ts";
import type { Problems } from "./problems.ts";
import type { IdRange, RuleVariable } from "./rule-set.ts";

export type Aim =
  | { readonly by: "id"; readonly ranges: readonly IdRange[] }
  | { readonly by: "tag" | "message"; readonly pattern: NamePattern };

export type Update = {
  readonly aim: Aim;
  readonly position: SourcePosition;
  /** "" for the floor's: those reach every layer; a layer's reach its own rules only. */
  readonly layer: string;
} & (
  | { readonly kind: "remove" }
  | {
      readonly kind: "targets";
      readonly targets: readonly RuleVariable[];
      /** Taken out for what is put in; undefined: put in only. */
      readonly replaced: RuleVariable | undefined;
      readonly link: number;
    }
  /** `link` 0: the head. */
  | { readonly kind: "actions"; readonly actions: ActionSet; readonly link: number }
);

export function aimText(aim: Aim): string {
  if (aim.by !== "id") return aim.pattern.text;
  return aim.ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(" ");
}

/** Messages are compared without their macros. */
export function isAimedAt(aim: Aim, draft: RuleDraft): boolean {
  switch (aim.by) {
    case "id":
      return aim.ranges.some(({ from, to }) => draft.id >= from && draft.id <= to);
    case "tag":
      return headOf(draft).actions.tags.some((tag) => aim.pattern.matches(tag));
    case "message":
      return aim.pattern.matches(fixedText(headOf(draft).actions.message ?? []));
  }
}

/** Items that are left, changed in place. An update that finds nothing is a warning. */
export function applyUpdates(
  items: readonly ItemDraft[],
  updates: readonly Update[],
  problems: Problems,
): readonly ItemDraft[] {
  if (updates.length === 0) return items;
  const rules = items.filter((item) => item.kind === "rule");
  const removed = new Set<ItemDraft>();
  const byId = Map.groupBy(rules, (draft) => draft.id);
  for (const update of updates) {
    const found = aimedRules(rules, byId, update.aim).filter(
      (draft) => update.layer === "" || draft.layer === update.layer,
    );
    if (found.length === 0) tellNothing(update, problems);
    for (const draft of found) applyTo(draft, update, removed, problems);
  }
  return removed.size === 0 ? items : items.filter((item) => !removed.has(item));
}

/** One id, which nearly all updates have, costs a look-up. */
function aimedRules(
  rules: readonly RuleDraft[],
  byId: ReadonlyMap<number, readonly RuleDraft[]>,
  aim: Aim,
): readonly RuleDraft[] {
  const [only] = aim.by === "id" && aim.ranges.length === 1 ? aim.ranges : [];
  if (only !== undefined && only.from === only.to) return byId.get(only.from) ?? [];
  return rules.filter((draft) => isAimedAt(aim, draft));
}

function tellNothing(update: Update, problems: Problems): void {
  problems.add({
    severity: "warning",
    code: "waf/update-of-nothing",
    message: `no rule is meant by ${aimText(update.aim)}`,
    hint: "the line has no effect; remove it or mend the id",
    position: update.position,
  });
}

function applyTo(draft: RuleDraft, update: Update, removed: Set<ItemDraft>, problems: Problems): void {
  if (update.kind === "remove") {
    removed.add(draft);
    return;
  }
  const part = draft.parts[update.link];
  if (part === undefined) {
    problems.add({
      severity: "warning",
      code: "waf/update-of-nothing",
      message: `rule ${draft.id} has no link ${update.link}`,
      hint: "links are counted from 0, which is the head",
      position: update.position,
      ruleId: draft.id,
    });
    return;
  }
  if (update.kind === "actions") updateActions(part, update.actions);
  else updateTargets(part, update.targets, update.replaced);
}

function updateTargets(part: PartDraft, targets: readonly RuleVariable[], replaced: RuleVariable | undefined): void {
  const gone = replaced === undefined ? undefined : variableText(replaced);
  const kept = part.variables.filter((variable) => variableText(variable) !== gone);
  const known = new Set(kept.map(variableText));
  part.variables = [...kept, ...targets.filter((target) => !known.has(variableText(target)))];
}
