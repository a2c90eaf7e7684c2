// Which variables of environments a rule needs: named in brackets, or in the texts that it looks for. Sensors read those and no others.
import type { CompiledRules } from "../contract.ts";
import { isEnvironment } from "../fields/environment-fields.ts";
import { checksOf } from "./approximate.ts";
import { nodesOf, ruleSetOf, type Program } from "./program.ts";
import type { Check, Term } from "./resolve.ts";

/** Of all rules that are switched on; empty: no environment need be read. Throws for rules that compileRules did not make. */
export function environmentNames(rules: CompiledRules): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { program, summary } of ruleSetOf(rules).programs) {
    if (!summary.isEnabled) continue;
    const checks = nodesOf(program).flatMap((node) => [...checksOf(node)]);
    for (const name of checks.flatMap(namesOfCheck)) names.add(name);
    for (const name of keysOf(program).flatMap(namesOfTerm)) names.add(name);
  }
  return names;
}

/** What it does not name it can not see: a check of environments without a name is never true here. */
export function namesNoVariable(check: Check): boolean {
  return isEnvironment(check.left) && namesOfTerm(check.left).length === 0 && namesInTexts(check).length === 0;
}

function namesOfCheck(check: Check): readonly string[] {
  const others = check.right.flatMap((right) => (right.kind === "field" ? namesOfTerm(right.term) : []));
  return [...namesOfTerm(check.left), ...(isEnvironment(check.left) ? namesInTexts(check) : []), ...others];
}

/** `proc.env[LD_PRELOAD]`; a number says which ancestor. */
export function namesOfTerm(term: Term): readonly string[] {
  const { argument } = term;
  return isEnvironment(term) && argument !== undefined && !/^\d+$/.test(argument) ? [argument] : [];
}

const operatorsWithNames: ReadonlySet<string> = new Set(["contains", "icontains", "startswith"]);

/** "HTTP_PROXY=http://x " and "HTTP_PROXY" name it; "LD_" is the beginning of many, "/tmp" of none. */
function namesInTexts({ left, operator, right }: Check): readonly string[] {
  if (left.argument !== undefined && !/^\d+$/.test(left.argument)) return [];
  if (!operatorsWithNames.has(operator)) return [];
  return right.flatMap((one) => {
    if (one.kind !== "text") return [];
    const name = /^\s*([A-Za-z_][A-Za-z0-9_]*)(=|\s*$)/.exec(one.text);
    if (name === null) return [];
    const [, word = "", sign] = name;
    return sign !== "=" && (word.endsWith("_") || word.length < shortestName) ? [] : [word];
  });
}

/** A word of two letters is a part of something more often than a name. */
const shortestName = 3;

/** Fields that a rule counts or groups by. */
function keysOf(program: Program): readonly Term[] {
  switch (program.kind) {
    case "condition":
      return [];
    case "sequence":
      return program.steps.flatMap(({ bind }) => [...bind.values()]);
    case "threshold":
      return program.distinct === undefined ? program.fields : [...program.fields, program.distinct];
    case "absence":
    case "baseline":
      return program.fields;
  }
}
