// What Falco's files say, file after file, before conditions are read: lists, macros and rules with all overrides done.
import type { Priority, RuleFormat, RuleSource } from "../contract.ts";
import type { ItemPlace } from "../problems.ts";
import type { ConditionNode } from "./ast.ts";

export interface ListItem {
  readonly name: string;
  readonly place: ItemPlace;
  items: readonly string[];
}

export interface MacroItem {
  readonly name: string;
  readonly place: ItemPlace;
  condition: string;
}

export interface ExceptionItem {
  readonly name: string;
  fields: string | readonly string[] | undefined;
  comps: string | readonly string[] | undefined;
  values: readonly unknown[];
}

export interface RuleItem {
  readonly name: string;
  readonly place: ItemPlace;
  readonly format: RuleFormat;
  condition: string;
  output: string;
  description: string;
  priority: Priority;
  source: RuleSource;
  isEnabled: boolean;
  tags: readonly string[];
  exceptions: readonly ExceptionItem[];
  /** A rule with a field that is not known is left out in silence. */
  skipsUnknown: boolean;
  /** A tree that was made elsewhere (Sigma); then `condition` is "". */
  readonly tree?: ConditionNode | undefined;
}

/** Everything of all files so far. Later files change what stands here. */
export interface Library {
  readonly lists: Map<string, ListItem>;
  readonly macros: Map<string, MacroItem>;
  readonly rules: Map<string, RuleItem>;
  /** New rules that a problem has refused already: what else is wrong in their texts is told too, once all macros are known. */
  readonly refused: RuleItem[];
}

export function newLibrary(): Library {
  return { lists: new Map(), macros: new Map(), rules: new Map(), refused: [] };
}
