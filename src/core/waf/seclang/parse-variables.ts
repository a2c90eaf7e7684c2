// The targets of a rule: `ARGS|!ARGS:password|&REQUEST_HEADERS:Host|TX:/^score_/|XML:/*`. What is excluded is put last, because it counts wherever it stands.
import { skipBlanks, trimBlanks } from "./blanks.ts";
import { hintFor } from "./problems.ts";
import { knownVariables, refusedVariables, variableAliases, variableNames } from "./known-variables.ts";
import type { VariableShape } from "./known-variables.ts";
import { selectorFlaw } from "./expressions.ts";
import { seclangLimits } from "./limits.ts";
import type { RuleVariable } from "./rule-set.ts";

/** What is wrong with a piece of a directive, and where in its text. */
export interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly index: number;
}

export type ParsedVariables =
  | { readonly variables: readonly RuleVariable[]; readonly complaint?: undefined }
  | { readonly complaint: Complaint };

const isSeparator = (character: string | undefined): boolean => character === "|" || character === ",";

/** Targets of a rule, an update or a ctl. Separated by `|` or `,`; a selector in quotes or slashes may hold both. */
export function parseVariables(text: string): ParsedVariables {
  const variables: RuleVariable[] = [];
  let index = 0;
  for (;;) {
    index = skipBlanks(text, index);
    const one = parseVariable(text, index);
    if ("complaint" in one) return one;
    if (variables.length === seclangLimits.variablesMax)
      return complain("waf/too-many-variables", `a rule has at most ${seclangLimits.variablesMax} targets`, index);
    variables.push(one.variable);
    index = one.end;
    index = skipBlanks(text, index);
    if (index >= text.length) return { variables: excludedLast(variables) };
    if (!isSeparator(text[index]))
      return complain("waf/bad-variable", "targets are parted by |", index, "write ARGS|ARGS_NAMES");
    index += 1;
  }
}

/** Same order, but all that is excluded after all that is looked at. */
export function excludedLast(variables: readonly RuleVariable[]): readonly RuleVariable[] {
  if (!variables.some((each) => each.isExcluded)) return variables;
  return [...variables.filter((each) => !each.isExcluded), ...variables.filter((each) => each.isExcluded)];
}

/** In SecLang again: "ARGS:q", "!REQUEST_COOKIES:/^sess/", "&TX:x". */
export function variableText(variable: RuleVariable): string {
  const sign = `${variable.isExcluded ? "!" : ""}${variable.isCount ? "&" : ""}`;
  switch (variable.select) {
    case "all":
      return sign + variable.name;
    case "regex":
      return `${sign}${variable.name}:/${variable.argument}/`;
    case "key":
    case "xpath":
      return `${sign}${variable.name}:${variable.argument}`;
  }
}

type OneVariable = { readonly variable: RuleVariable; readonly end: number } | { readonly complaint: Complaint };

function parseVariable(text: string, from: number): OneVariable {
  let index = from;
  let isExcluded = false;
  let isCount = false;
  for (; text[index] === "!" || text[index] === "&"; index += 1) {
    if (text[index] === "!") isExcluded = true;
    else isCount = true;
  }
  const named = /^[A-Za-z][A-Za-z0-9_]*/.exec(text.slice(index, index + 64));
  if (named === null) return complain("waf/bad-variable", "the name of a variable is missing", index);
  const written = named[0].toUpperCase();
  const name = variableAliases.get(written) ?? written;
  const shape = knownVariables.get(name);
  if (shape === undefined) return unknownVariable(named[0], index);
  const end = index + named[0].length;
  if (text[end] !== ":") return { variable: { name, select: "all", argument: "", isCount, isExcluded }, end };
  const selector = selectorFrom(text, end + 1, shape);
  if ("complaint" in selector) return selector;
  if (shape === "plain")
    return complain("waf/bad-variable", `${name} is one value and has no members`, end, `write ${name} alone`);
  const { select, argument } = selector;
  const flaw = select === "regex" ? selectorFlaw(argument) : undefined;
  if (flaw !== undefined)
    return complain("waf/bad-selector", `the expression after ${name}: ${flaw}`, end + 1, "mend the expression");
  return { variable: { name, select, argument, isCount, isExcluded }, end: selector.end };
}

type Selector =
  | { readonly select: RuleVariable["select"]; readonly argument: string; readonly end: number }
  | { readonly complaint: Complaint };

function selectorFrom(text: string, start: number, shape: VariableShape): Selector {
  if (text[start] === "'" || text[start] === '"') {
    const close = closing(text, start + 1, text[start] ?? "'");
    if (close === undefined) return complain("waf/bad-variable", "the quoted selector has no end", start);
    const inner = text.slice(start + 1, close).replaceAll("\\'", "'");
    return { ...meaning(inner, shape), end: close + 1 };
  }
  if (shape !== "path" && text[start] === "/") {
    // A slash that is followed by the end of the target closes the expression; others belong to it.
    for (let close = closing(text, start + 1, "/"); close !== undefined; close = closing(text, close + 1, "/")) {
      const after = text[skipBlanks(text, close + 1)];
      if (after === undefined || isSeparator(after))
        return { ...meaning(text.slice(start, close + 1), shape), end: close + 1 };
    }
  }
  let end = start;
  while (end < text.length && !isSeparator(text[end])) end += 1;
  const inner = trimBlanks(text.slice(start, end));
  if (inner === "") return complain("waf/bad-variable", "the member's name is missing after the colon", start);
  return { ...meaning(inner, shape), end };
}

function meaning(inner: string, shape: VariableShape): { readonly select: RuleVariable["select"]; argument: string } {
  if (shape === "path") return { select: "xpath", argument: inner };
  if (inner.length > 1 && inner.startsWith("/") && inner.endsWith("/"))
    return { select: "regex", argument: inner.slice(1, -1).replaceAll("\\/", "/") };
  return { select: "key", argument: inner.toLowerCase() };
}

function closing(text: string, from: number, quote: string): number | undefined {
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === "\\") index += 1;
    else if (text[index] === quote) return index;
  }
  return undefined;
}

function unknownVariable(written: string, index: number): { readonly complaint: Complaint } {
  const because = refusedVariables.get(written.toUpperCase());
  if (because !== undefined) return complain("waf/unsupported-variable", `${written} is not supported`, index, because);
  const hint = /^HTTP_/i.test(written)
    ? `write REQUEST_HEADERS:${written.slice(5).replaceAll("_", "-")}`
    : hintFor(written, variableNames, "see the reference for names of variables");
  return complain("waf/unknown-variable", `there is no variable ${written}`, index, hint);
}

function complain(
  code: string,
  message: string,
  index: number,
  hint = "a target is NAME, NAME:member, NAME:/expression/, with & or ! before it",
): { readonly complaint: Complaint } {
  return { complaint: { code, message, hint, index } };
}
