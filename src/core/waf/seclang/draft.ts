// Rules while they are being read: updates may still change them, so defaults are merged and lists are closed only by `ruleOf`.
import type { SourcePosition } from "../position.ts";
import { effectiveTransformations, mergeActionSets } from "./action-set.ts";
import type { ActionSet } from "./action-set.ts";
import { excludedLast } from "./parse-variables.ts";
import type { DisruptiveAction, Phase, Rule, RuleOperator, RulePart, RuleVariable } from "./rule-set.ts";

export interface PartDraft {
  readonly position: SourcePosition;
  variables: readonly RuleVariable[];
  readonly operator: RuleOperator;
  actions: ActionSet;
}

export interface RuleDraft {
  readonly kind: "rule";
  readonly id: number;
  readonly phase: Phase;
  /** The head, then its links. */
  readonly parts: PartDraft[];
  readonly layer: string;
  /** What SecDefaultAction said for its phase where the rule stands. */
  readonly defaults: ActionSet;
}

export interface MarkerDraft {
  readonly kind: "marker";
  readonly name: string;
  readonly position: SourcePosition;
  readonly layer: string;
}

export type ItemDraft = RuleDraft | MarkerDraft;

export function headOf(draft: RuleDraft): PartDraft {
  const [head] = draft.parts;
  if (head === undefined) throw new TypeError("a rule has a head");
  return head;
}

/** `skipAfter` is the name as resolved: of a marker, or "id:..."; "" for none. */
export function ruleOf(draft: RuleDraft, skipAfter: string): Rule {
  const head = headOf(draft);
  const { actions } = head;
  const { defaults } = draft;
  const byDefault = defaults.disruptive?.value ?? "pass";
  const blockAction: DisruptiveAction = byDefault === "block" ? "pass" : byDefault;
  return {
    kind: "rule",
    id: draft.id,
    phase: draft.phase,
    head: partOf(head, defaults),
    links: draft.parts.slice(1).map((part) => partOf(part, defaults)),
    disruptive: actions.disruptive?.value ?? blockAction,
    blockAction,
    status: actions.status ?? defaults.status ?? 403,
    redirect: actions.redirect ?? defaults.redirect ?? [],
    isLogged: actions.isLogged ?? defaults.isLogged ?? true,
    isAudited: actions.isAudited ?? defaults.isAudited ?? true,
    severity: actions.severity,
    tags: actions.tags,
    version: actions.version ?? "",
    revision: actions.revision ?? "",
    maturity: actions.maturity ?? "",
    accuracy: actions.accuracy ?? "",
    skip: actions.skip?.value ?? 0,
    skipAfter,
    layer: draft.layer,
  };
}

function partOf(part: PartDraft, defaults: ActionSet): RulePart {
  const { actions } = part;
  const names = effectiveTransformations([...defaults.transformations, ...actions.transformations]);
  return {
    position: part.position,
    variables: excludedLast(part.variables),
    operator: part.operator,
    transformations: names.map((name) => ({ name })),
    isMultiMatch: actions.isMultiMatch,
    isCapture: actions.isCapture,
    assignments: actions.assignments.map(({ value }) => value),
    expirations: actions.expirations.map(({ value }) => value),
    controls: actions.controls.map(({ value }) => value),
    collections: actions.collections.map(({ value }) => value),
    logData: actions.logData ?? [],
    message: actions.message ?? [],
  };
}

/** Actions of an update put over a part's own. Id, phase and chain stay. */
export function updateActions(part: PartDraft, change: ActionSet): void {
  part.actions = { ...mergeActionSets(part.actions, change), id: part.actions.id, phase: part.actions.phase };
}
