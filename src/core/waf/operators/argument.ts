// What operators share: arguments with and without macros, hits, refusals at load.
import { Fault } from "../../../base/fault.ts";
import type { RuleOperator } from "../seclang/rule-set.ts";
import type { BoundOperator, OperatorHit, OperatorMaker, OperatorScope } from "./operator.ts";

const noCaptures: readonly string[] = [];

/** A hit that sets no TX:n. */
export function hitOf(matched: string): OperatorHit {
  return { matched, captures: noCaptures };
}

export function hasMacro(argument: string): boolean {
  return argument.includes("%{");
}

/** An operator that compares the value with its argument; `match` says what matched, undefined for no match. Macros are expanded per call. */
export function comparing(match: (value: string, argument: string) => string | undefined): OperatorMaker {
  return (operator: RuleOperator): BoundOperator => {
    const { argument } = operator;
    const isPure = !hasMacro(argument);
    const evaluate = (value: string, scope: OperatorScope): OperatorHit | undefined => {
      const matched = match(value, isPure ? argument : scope.expand(argument));
      return matched === undefined ? undefined : hitOf(matched);
    };
    return { evaluate, isPure };
  };
}

/** An operator whose verdict needs only the value. */
export function pure(evaluate: (value: string) => OperatorHit | undefined): BoundOperator {
  return { evaluate, isPure: true };
}

/** The argument of a rule cannot be read. */
export function badArgument(operator: RuleOperator, why: string): Fault {
  return new Fault(`@${operator.name}: ${why}`, {
    code: "waf/bad-argument",
    kind: "usage",
    hint: "See the operator's argument in the ModSecurity reference.",
  });
}
