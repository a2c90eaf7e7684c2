// What goes into and comes out of the SecLang reader. `parseRuleSet` (parse-rule-set.ts) is its one door.
import type { WafProblem } from "../position.ts";
import type { RuleSet } from "./rule-set.ts";

export interface RuleFile {
  readonly file: string;
  /** latin1: one character is one byte. */
  readonly text: string;
}

/** The outside of rule texts: Include and word lists. Implemented at the rim with path and size checks. */
export interface RuleFiles {
  /** Files for a path or glob as it stands in an Include of `from`, sorted. Empty: none there. */
  include(pattern: string, from: string): readonly RuleFile[] | { readonly refused: string };
  /** A word list as it is named in a rule of `from`. */
  wordList(path: string, from: string): string | { readonly refused: string };
}

export interface RuleSetInput {
  readonly files: readonly RuleFile[];
  readonly reader: RuleFiles;
  /**
   * Restrictions of a team's overlay: `floor` may say everything; `overlay` may add rules and its own exclusions only, each refused line names its position.
   * Overlay files come after the floor's in `files` of their own. Their items stand before the floor's blocking evaluation (rule ids 949000 to 949999), so that
   * what they add to scores counts; without such rules, last.
   */
  readonly overlays?: readonly {
    readonly name: string;
    /** "floor": the operator's own (virtual patches): not restricted, and as protected from teams as the floor's files. Default "overlay". */
    readonly trust?: "floor" | "overlay";
    readonly files: readonly RuleFile[];
    readonly reader: RuleFiles;
  }[];
}

export interface ParsedRuleSet {
  readonly ruleSet: RuleSet;
  readonly problems: readonly WafProblem[];
  readonly counts: { readonly rules: number; readonly refused: number; readonly markers: number };
}
