// Nodes -> closures over an event. Equal nodes share one closure; short chains are written out, because that is where the time goes.
import type { Predicate } from "../event.ts";
import { compileCheck, readField, type ReadTerm } from "./compile-check.ts";
import type { Check, Node } from "./resolve.ts";

export interface Compiler {
  compile(node: Node): Predicate;
}

export const alwaysTrue: Predicate = () => true;
export const alwaysFalse: Predicate = () => false;

/** `special` may give another closure for a check (the prefix tree does). */
export function createCompiler(
  readTerm: ReadTerm = readField,
  special?: (check: Check) => Predicate | undefined,
): Compiler {
  const known = new Map<Node, Predicate>();
  function compile(node: Node): Predicate {
    const found = known.get(node);
    if (found !== undefined) return found;
    const made = make(node);
    known.set(node, made);
    return made;
  }
  function make(node: Node): Predicate {
    switch (node.kind) {
      case "constant":
        return node.value ? alwaysTrue : alwaysFalse;
      case "not": {
        const child = compile(node.child);
        return (event) => !child(event);
      }
      case "and":
        return allOf(node.children.map(compile));
      case "or":
        return anyOf(node.children.map(compile));
      case "check":
        return special?.(node) ?? compileCheck(node, readTerm);
    }
  }
  return { compile };
}

function allOf(children: readonly Predicate[]): Predicate {
  const [first, second, third] = children as [Predicate, Predicate, Predicate | undefined];
  if (children.length === 2) return (event) => first(event) && second(event);
  if (children.length === 3 && third !== undefined) return (event) => first(event) && second(event) && third(event);
  return (event) => {
    for (const child of children) if (!child(event)) return false;
    return true;
  };
}

function anyOf(children: readonly Predicate[]): Predicate {
  const [first, second] = children as [Predicate, Predicate];
  if (children.length === 2) return (event) => first(event) || second(event);
  return (event) => {
    for (const child of children) if (child(event)) return true;
    return false;
  };
}
