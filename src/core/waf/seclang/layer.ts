// What is known while the files of one layer (the floor, a virtual patch, a team's overlay) are read, and what all layers share.
import type { SourcePosition, WafProblem } from "../position.ts";
import { emptyActionSet } from "./action-set.ts";
import type { ActionSet } from "./action-set.ts";
import type { Digest } from "./digest.ts";
import type { ItemDraft, RuleDraft } from "./draft.ts";
import type { FloorFacts } from "./floor-facts.ts";
import type { RuleFiles } from "./parsed.ts";
import type { Problems } from "./problems.ts";
import type { Phase } from "./rule-set.ts";
import type { Settings } from "./settings.ts";
import type { Update } from "./updates.ts";

export interface Shared {
  readonly problems: Problems;
  readonly digest: Digest;
  readonly settings: Settings;
  readonly updates: Update[];
  readonly files: { readonly file: string; readonly bytes: number }[];
  /** SecDefaultAction by phase, as the floor left it: layers begin with it. */
  readonly defaults: Map<Phase, ActionSet>;
  totalBytes: number;
  rules: number;
  refused: number;
}

export interface Layer {
  /** "" for the floor. */
  readonly name: string;
  /** Undefined: it may say everything. */
  readonly restrictedBy: FloorFacts | undefined;
  readonly reader: RuleFiles;
  readonly items: ItemDraft[];
  /** Ids of every rule that was read here, refused ones too, with their places. */
  readonly ids: Map<number, SourcePosition>;
  /** Ids that are not free here, with their places: those of the floor's other layers. */
  readonly taken: ReadonlyMap<number, SourcePosition>;
  readonly defaults: Map<Phase, ActionSet>;
  /** Phases of which the layer itself has said the default. */
  readonly ownDefaults: Set<Phase>;
  /** Word lists that were read, by file and name: rules that name the same list share it. */
  readonly wordLists: Map<string, readonly string[]>;
  words: number;
  /** A chain whose links are still to come. */
  open: OpenChain | undefined;
}

export interface OpenChain {
  /** Undefined: its head was refused; links are read over. */
  readonly draft: RuleDraft | undefined;
  isRefused: boolean;
  readonly position: SourcePosition;
}

/** What SecDefaultAction says when no file says it. */
export function builtInDefaults(position: SourcePosition): ActionSet {
  return { ...emptyActionSet(), disruptive: { value: "pass", position }, isLogged: true, isAudited: true };
}

export interface Objection {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function tell(
  shared: Shared,
  severity: WafProblem["severity"],
  objection: Objection,
  place: { readonly position: SourcePosition; readonly ruleId?: number | undefined },
): void {
  const { code, message, hint } = objection;
  const { position, ruleId } = place;
  shared.problems.add({ severity, code, message, hint, position, ...(ruleId === undefined ? {} : { ruleId }) });
}
