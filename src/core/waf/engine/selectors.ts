// Targets of a rule as tests over (source, key). Which member of a collection a variable means is decided here and nowhere else.
import type { RuleVariable } from "../seclang/rule-set.ts";
import { compilePattern } from "../regex/compile-pattern.ts";
import { trimBlanks } from "../seclang/blanks.ts";
import { sourcesOf } from "./sources.ts";

export interface Selector {
  /** "ARGS". */
  readonly name: string;
  readonly isCount: boolean;
  /** Of values of the request; undefined: read while rules run. */
  readonly sources: readonly number[] | undefined;
  readonly select: RuleVariable["select"];
  /** Key in lower case, or the regular expression. */
  readonly argument: string;
  /** Whether a member with this key is meant. */
  readonly hasKey: (key: string) => boolean;
  /** "ARGS:" for collections, "REQUEST_URI" for plain ones is told by `nameOf`. */
  readonly prefix: string;
}

export function selectorOf(variable: RuleVariable): Selector {
  return {
    name: variable.name,
    isCount: variable.isCount,
    sources: sourcesOf(variable.name, variable.select, variable.argument),
    select: variable.select,
    argument: variable.argument,
    hasKey: keyTest(variable),
    prefix: `${variable.name}:`,
  };
}

/** Keys are compared without ASCII case, as peers do, in tests for equality and in patterns. */
function keyTest(variable: RuleVariable): (key: string) => boolean {
  switch (variable.select) {
    case "all":
    case "xpath":
      return () => true;
    case "key": {
      const wanted = variable.argument;
      return (key) => key.length === wanted.length && (key === wanted || key.toLowerCase() === wanted);
    }
    case "regex": {
      const pattern = compilePattern(variable.argument, { isMultiline: false, isDotAll: true, isCaseless: true });
      return (key) => pattern.test(key);
    }
  }
}

/** A target text in SecLang, as in an exclusion: "ARGS:comment", "REQUEST_COOKIES:/^sess/", "ARGS_NAMES", "XML:/*". */
export function targetOf(text: string): RuleVariable {
  const colon = text.indexOf(":");
  const name = trimBlanks(colon < 0 ? text : text.slice(0, colon)).toUpperCase();
  const key = colon < 0 ? "" : trimBlanks(text.slice(colon + 1));
  const base = { name, isCount: false, isExcluded: false };
  if (key === "") return { ...base, select: "all", argument: "" };
  if (name === "XML") return { ...base, select: "xpath", argument: key };
  if (key.length > 1 && key.startsWith("/") && key.endsWith("/")) {
    return { ...base, select: "regex", argument: key.slice(1, -1) };
  }
  return { ...base, select: "key", argument: key.toLowerCase() };
}
