// What a Dockerfile rule is: one noun, told for commands of RUN, for instructions, for stages or for the whole file; and how it tells what it found.
import type { AdviceSeverity } from "../advice.ts";
import type { LabelKind } from "./options.ts";
import type { Dockerfile, Instruction } from "./parse/model.ts";
import type { Stage } from "./parse/stages.ts";
import type { ShellCommand } from "./shell/script.ts";

/** What a rule may look at. */
export interface LintView {
  readonly file: Dockerfile;
  /** The file's own, in order. */
  readonly stages: readonly Stage[];
  /** Of ONBUILD. */
  readonly triggers: readonly Stage[];
  /** The stage that the build makes when nobody names another. */
  readonly final: Stage | undefined;
  readonly globals: ReadonlyMap<string, string | undefined>;
  readonly trustedRegistries: readonly string[];
  readonly labelSchema: ReadonlyMap<string, LabelKind>;
  readonly hasStrictLabels: boolean;
  readonly nowMs: number | undefined;
}

/** Tells a finding. `fix` replaces the rule's own. */
export interface Tell {
  instruction(
    instruction: Instruction,
    message: string,
    details?: { readonly offset?: number; readonly fix?: string },
  ): void;
  command(run: Instruction, command: ShellCommand, message: string, fix?: string): void;
  place(place: { readonly line: number; readonly column: number }, message: string, fix?: string): void;
}

export interface RunPlace {
  readonly run: Instruction;
  readonly stage: Stage;
  readonly view: LintView;
}

export interface Rule {
  /** "dockerfile/untagged-image". */
  readonly id: `dockerfile/${string}`;
  /** "DL3006"; "" when Hadolint has no such rule. */
  readonly hadolint: string;
  readonly severity: AdviceSeverity;
  /** What it is about, in one line; shown in lists of rules. */
  readonly title: string;
  readonly fix: string;
  /** Numbers of others for the same: "CIS-DI-0006". */
  readonly references?: readonly string[];
  /** Told only when an override names it. */
  readonly isOff?: true;
  readonly onCommand?: {
    /** "pip" stands for pip2, pip3.11, ...; "python" for python3, ...; "*" for every command. */
    readonly names: readonly string[];
    check(command: ShellCommand, tell: Tell, at: RunPlace): void;
  };
  readonly onInstruction?: {
    readonly keywords: readonly string[];
    check(instruction: Instruction, tell: Tell, at: { readonly stage: Stage; readonly view: LintView }): void;
  };
  /** Called for the stages of triggers too. */
  readonly onStage?: (stage: Stage, tell: Tell, view: LintView) => void;
  readonly onFile?: (view: LintView, tell: Tell) => void;
}

export function defineRules(...rules: readonly Rule[]): readonly Rule[] {
  return rules;
}
