// Macros and lists written out. Names that nothing stands behind are Faults that name the nearest; what is used is remembered for lint.
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { ruleLimits } from "../limits.ts";
import type { CheckNode, ConditionNode, Operand } from "./ast.ts";
import type { Library } from "./items.ts";
import { parseCondition } from "./parse-condition.ts";

export interface Expander {
  expand(node: ConditionNode): ConditionNode;
  readonly usedMacros: ReadonlySet<string>;
  readonly usedLists: ReadonlySet<string>;
}

/** A tree without macros and without lists' names. One expander serves all rules: macros are read once. */
export function createExpander(library: Library): Expander {
  const state: State = {
    library,
    macros: new Map(),
    lists: new Map(),
    usedMacros: new Set(),
    usedLists: new Set(),
    open: [],
    left: 0,
  };
  return {
    usedMacros: state.usedMacros,
    usedLists: state.usedLists,
    expand(node) {
      state.left = ruleLimits.nodesMax;
      state.open = [];
      return expandNode(state, node);
    },
  };
}

interface State {
  readonly library: Library;
  /** Parsed once; their names are written out at each use, so that a problem counts for the rule that meets it. */
  readonly macros: Map<string, ConditionNode>;
  readonly lists: Map<string, readonly Operand[]>;
  readonly usedMacros: Set<string>;
  readonly usedLists: Set<string>;
  open: readonly string[];
  left: number;
}

function expandNode(state: State, node: ConditionNode): ConditionNode {
  state.left -= 1;
  if (state.left < 0)
    throw fault("too-large", `more than nodesMax = ${ruleLimits.nodesMax} parts with its macros written out`);
  switch (node.kind) {
    case "and":
    case "or":
      return { kind: node.kind, children: node.children.map((child) => expandNode(state, child)) };
    case "not":
      return { kind: "not", child: expandNode(state, node.child) };
    case "check":
      return expandCheck(state, node);
    case "macro":
      return expandMacro(state, node.name);
  }
}

function expandMacro(state: State, name: string): ConditionNode {
  const macro = state.library.macros.get(name);
  if (macro === undefined) {
    const isList = state.library.lists.has(name);
    throw fault(
      "unknown-macro",
      isList ? `${JSON.stringify(name)} is a list, not a macro` : `there is no macro ${JSON.stringify(name)}`,
      isList ? `write: FIELD in (${name})` : near(name, [...state.library.macros.keys()]),
    );
  }
  state.usedMacros.add(name);
  if (state.open.includes(name)) throw fault("macro-loop", `the macro ${JSON.stringify(name)} holds itself`);
  if (state.open.length >= ruleLimits.macroDepthMax)
    throw fault("too-large", `macros deeper than macroDepthMax = ${ruleLimits.macroDepthMax}`);
  let tree = state.macros.get(name);
  if (tree === undefined) {
    tree = parseMacro(name, macro.condition);
    state.macros.set(name, tree);
  }
  const before = state.open;
  state.open = [...before, name];
  const expanded = expandNode(state, tree);
  state.open = before;
  return expanded;
}

function parseMacro(name: string, condition: string): ConditionNode {
  try {
    return parseCondition(condition);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const options = {
      code: thrown.code,
      kind: thrown.kind,
      ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
    };
    throw new Fault(`the macro ${JSON.stringify(name)} that it uses: ${thrown.message}`, options);
  }
}

function expandCheck(state: State, node: CheckNode): CheckNode {
  if (!node.values.some((value) => isListName(state, value))) return node;
  const isList = node.operator === "in" || node.operator === "intersects" || node.operator === "pmatch";
  if (!isList) return node;
  return {
    ...node,
    values: node.values.flatMap((value) => (isListName(state, value) ? listItems(state, value.text) : [value])),
  };
}

function isListName(state: State, value: Operand): value is Operand & { readonly kind: "text" } {
  return value.kind === "text" && !value.isQuoted && state.library.lists.has(value.text);
}

function listItems(state: State, name: string): readonly Operand[] {
  const known = state.lists.get(name);
  state.usedLists.add(name);
  if (known !== undefined) return known;
  const items = flattened(state, name, []);
  state.lists.set(name, items);
  return items;
}

function flattened(state: State, name: string, open: readonly string[]): readonly Operand[] {
  if (open.includes(name)) throw fault("list-loop", `the list ${JSON.stringify(name)} holds itself`);
  const items = (state.library.lists.get(name)?.items ?? []).flatMap((text): readonly Operand[] => {
    // Lists' items may carry quotation marks of their own, as in '"(systemd)"'.
    const inner = /^"(.*)"$/s.exec(text) ?? /^'(.*)'$/s.exec(text);
    if (inner !== null) return [{ kind: "text", text: inner[1] ?? "", isQuoted: true }];
    if (!state.library.lists.has(text)) return [{ kind: "text", text, isQuoted: true }];
    state.usedLists.add(text);
    return flattened(state, text, [...open, name]);
  });
  if (items.length > ruleLimits.listItemsMax)
    throw fault(
      "too-large",
      `the list ${JSON.stringify(name)} has more than listItemsMax = ${ruleLimits.listItemsMax} values`,
    );
  return items;
}

function near(name: string, known: readonly string[]): string {
  const found = nearest(name, known);
  return found === undefined ? "" : `did you mean "${found}"?`;
}

function fault(code: string, message: string, hint = ""): Fault {
  const options = { code: `detect/${code}`, kind: "usage" } as const;
  return new Fault(message, hint === "" ? options : { ...options, hint });
}
