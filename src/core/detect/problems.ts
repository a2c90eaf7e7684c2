// Where problems of rule files are gathered: bounded, in order.
import { Fault } from "../../base/fault.ts";
import { nearest } from "../../base/nearest.ts";
import type { RuleProblem } from "./contract.ts";
import { ruleLimits } from "./limits.ts";

/** Where an item of a file stands. */
export interface ItemPlace {
  readonly file: string;
  readonly line: number;
  readonly item: string;
}

export interface Problems {
  readonly list: RuleProblem[];
  left: number;
}

export function newProblems(): Problems {
  return { list: [], left: ruleLimits.problemsMax };
}

/** Adds one; beyond `problemsMax` only says that there are more. */
export function addProblem(
  problems: Problems,
  place: ItemPlace,
  problem: Pick<RuleProblem, "severity" | "code" | "message"> & { readonly hint?: string },
): void {
  problems.left -= 1;
  if (problems.left < 0) return;
  const last = problems.left === 0;
  problems.list.push(
    last
      ? { severity: "error", code: "detect/too-many-problems", ...place, message: "there are more problems", hint: "" }
      : { hint: "", ...problem, ...place },
  );
}

/** A fault that a reader threw, as a problem of its item. */
export function addFault(problems: Problems, place: ItemPlace, thrown: unknown): void {
  if (!(thrown instanceof Fault)) throw thrown;
  const where = thrown.where === undefined ? "" : ` (${thrown.where})`;
  addProblem(problems, place, {
    severity: "error",
    code: thrown.code,
    message: `${thrown.message}${where}`,
    hint: thrown.hint ?? "",
  });
}

/** "did you mean X?", or "" when nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const found = nearest(word, known);
  return found === undefined ? "" : `did you mean "${found}"?`;
}

/** What is overridden must have been read: in this file, or in one that was named before it. */
export const elsewhere = "name the file that has it before this one (`builtin` for the rules that Garrison brings)";
