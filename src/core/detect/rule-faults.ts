// All that is wrong in one rule, once its compilation has stopped at the first of it: whoever mends a rule learns everything in one go.
// Only a condition's grammar ends the look at that condition.
import { Fault } from "../../base/fault.ts";
import { resolve, type Interner } from "./engine/resolve.ts";
import type { ConditionNode } from "./falco/ast.ts";
import { withExceptions } from "./falco/exceptions.ts";
import type { Expander } from "./falco/expand.ts";
import type { ExceptionItem, Library } from "./falco/items.ts";
import { parseCondition } from "./falco/parse-condition.ts";
import { lookupsOf } from "./output/template.ts";
import { addFault, type ItemPlace, type Problems } from "./problems.ts";

export interface RuleTexts {
  /** Texts, or trees that were made elsewhere. */
  readonly conditions: readonly (string | ConditionNode)[];
  readonly exceptions: readonly ExceptionItem[];
  /** Single fields: what groups, what is learnt. */
  readonly fields?: readonly string[];
  readonly output: string;
}

interface Look {
  readonly interner: Interner;
  readonly expander: Expander;
  readonly library: Pick<Library, "macros">;
  readonly found: Map<string, Fault>;
  /** Macros that were looked into: one that holds itself ends. */
  readonly macros: Set<string>;
}

/** Every fault of these texts as a problem of `place`, each once, after `first` if that is none of them. */
export function addRuleFaults(
  { problems, ...means }: Pick<Look, "interner" | "expander" | "library"> & { readonly problems: Problems },
  place: ItemPlace,
  { texts, first }: { readonly texts: RuleTexts; readonly first?: unknown },
): void {
  if (first !== undefined && !(first instanceof Fault)) throw first;
  const look: Look = { ...means, found: new Map(), macros: new Set() };
  for (const condition of texts.conditions) {
    const tree = attempt(look, () =>
      typeof condition === "string" ? parseCondition(condition, (fault) => add(look, fault)) : condition,
    );
    if (tree !== undefined) lookAt(look, tree);
  }
  for (const exception of texts.exceptions) {
    const tree = attempt(look, () => withExceptions({ kind: "and", children: [] }, [exception]));
    if (tree !== undefined) lookAt(look, tree);
  }
  for (const field of texts.fields ?? []) {
    const tree = attempt(look, () => parseCondition(`${field} exists`));
    if (tree !== undefined) lookAt(look, tree);
  }
  for (const lookup of lookupsOf(texts.output)) attempt(look, lookup);
  if (first !== undefined && !look.found.has(keyOf(first))) addFault(problems, place, first);
  for (const fault of look.found.values()) addFault(problems, place, fault);
}

function lookAt(look: Look, node: ConditionNode): void {
  switch (node.kind) {
    case "and":
    case "or":
      for (const child of node.children) lookAt(look, child);
      return;
    case "not":
      return lookAt(look, node.child);
    case "macro":
      return lookIntoMacro(look, node);
    case "check":
      attempt(look, () => resolve(look.interner, look.expander.expand(node)));
  }
}

/** As a whole where it can be written out; where not, part by part, so that two slips in it are two problems. */
function lookIntoMacro(look: Look, node: ConditionNode & { readonly kind: "macro" }): void {
  if (look.macros.has(node.name)) return;
  look.macros.add(node.name);
  const macro = look.library.macros.get(node.name);
  const before = look.found.size;
  const expanded = attempt(look, () => look.expander.expand(node));
  if (expanded !== undefined) return lookAt(look, expanded);
  if (macro === undefined || look.found.size === before) return;
  try {
    lookAt(look, parseCondition(macro.condition));
  } catch (thrown) {
    // Its grammar: the fault above says so, and in which macro.
    if (!(thrown instanceof Fault)) throw thrown;
  }
}

function attempt<T>(look: Look, act: () => T): T | undefined {
  try {
    return act();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    add(look, thrown);
    return undefined;
  }
}

function add(look: Look, fault: Fault): void {
  const key = keyOf(fault);
  if (!look.found.has(key)) look.found.set(key, fault);
}

function keyOf({ code, message, where = "" }: Fault): string {
  return `${code}\n${message}\n${where}`;
}
