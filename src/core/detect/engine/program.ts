// A rule as the engine runs it: one condition, or several with a memory between them.
import type { CompiledRules, RuleSummary } from "../contract.ts";
import type { Template } from "../output/template.ts";
import type { Interner, Node, Term } from "./resolve.ts";

/** What events must share to belong together. */
export const groupings = ["process", "ancestry", "container", "workload", "node"] as const;
export type Grouping = (typeof groupings)[number];

export interface Step {
  readonly name: string;
  readonly node: Node;
  /** Values that steps of the same name must agree on: "file" -> fd.name of one step, proc.exepath of another. */
  readonly bind: ReadonlyMap<string, Term>;
}

export type Program =
  | { readonly kind: "condition"; readonly node: Node }
  | { readonly kind: "sequence"; readonly by: Grouping; readonly withinMs: number; readonly steps: readonly Step[] }
  | {
      readonly kind: "threshold";
      readonly node: Node;
      readonly count: number;
      readonly withinMs: number;
      readonly by: Grouping;
      readonly fields: readonly Term[];
      /** Different values of this field are counted instead of events. */
      readonly distinct: Term | undefined;
    }
  | {
      readonly kind: "absence";
      readonly after: Node;
      readonly without: Node;
      readonly withinMs: number;
      readonly by: Grouping;
      readonly fields: readonly Term[];
    }
  | {
      readonly kind: "baseline";
      readonly node: Node;
      readonly by: Grouping;
      readonly fields: readonly Term[];
      readonly learnMs: number;
    };

export interface RuleProgram {
  readonly summary: RuleSummary;
  readonly program: Program;
  readonly output: Template;
}

/** All nodes that a rule's parts are, in their order. */
export function nodesOf(program: Program): readonly Node[] {
  switch (program.kind) {
    case "condition":
    case "threshold":
    case "baseline":
      return [program.node];
    case "sequence":
      return program.steps.map(({ node }) => node);
    case "absence":
      return [program.after, program.without];
  }
}

/** What stands behind the opaque CompiledRules. */
export class RuleSet implements CompiledRules {
  readonly programs: readonly RuleProgram[];
  readonly interner: Interner;
  readonly unusedMacros: readonly string[];
  readonly unusedLists: readonly string[];
  readonly summaries: readonly RuleSummary[];

  constructor(
    programs: readonly RuleProgram[],
    interner: Interner,
    unused: { readonly macros: readonly string[]; readonly lists: readonly string[] },
  ) {
    this.programs = programs;
    this.interner = interner;
    this.unusedMacros = unused.macros;
    this.unusedLists = unused.lists;
    this.summaries = programs.map(({ summary }) => summary);
  }
}

/** Throws when the rules were not made by compileRules. */
export function ruleSetOf(rules: CompiledRules): RuleSet {
  if (rules instanceof RuleSet) return rules;
  throw new Error("rules that compileRules did not make");
}
