// An action list cut into actions: `id:1,phase:2,msg:'a, b',setvar:'tx.x=1'`. What each means is said elsewhere.
import { isBlank, skipBlanks, trimBlanks } from "./blanks.ts";
import { seclangLimits } from "./limits.ts";
import type { Complaint } from "./parse-variables.ts";

export interface RawAction {
  /** Lower case. */
  readonly name: string;
  /** Undefined: there is no colon. */
  readonly value: string | undefined;
  /** Where it begins in the list. */
  readonly index: number;
}

export function splitActions(
  text: string,
): { readonly actions: readonly RawAction[]; readonly complaint?: undefined } | { readonly complaint: Complaint } {
  const actions: RawAction[] = [];
  let index = skipSeparators(text, 0);
  while (index < text.length) {
    const one = actionAt(text, index);
    if ("complaint" in one) return one;
    if (actions.length === seclangLimits.actionsMax) {
      const message = `a rule has at most ${seclangLimits.actionsMax} actions`;
      return { complaint: { code: "waf/too-many-actions", message, hint: "part it into two rules", index } };
    }
    actions.push(one.action);
    index = skipSeparators(text, one.end);
  }
  return { actions };
}

/** Empty places between commas say nothing. */
function skipSeparators(text: string, from: number): number {
  let index = from;
  while (index < text.length && (text[index] === "," || isBlank(text[index]))) index += 1;
  return index;
}

type One = { readonly action: RawAction; readonly end: number } | { readonly complaint: Complaint };

function actionAt(text: string, index: number): One {
  const name = /^[A-Za-z][A-Za-z0-9_]*/.exec(text.slice(index, index + 64))?.[0];
  if (name === undefined) {
    const hint = "actions are parted by commas; a value with commas stands in single quotes";
    return { complaint: { code: "waf/bad-action", message: "an action's name is missing", hint, index } };
  }
  const after = skipBlanks(text, index + name.length);
  const action = { name: name.toLowerCase(), index };
  if (after >= text.length || text[after] === ",") return { action: { ...action, value: undefined }, end: after };
  if (text[after] !== ":") {
    const hint = "write name:value, and a comma between actions";
    return { complaint: { code: "waf/bad-action", message: `${name} is followed by neither : nor ,`, hint, index } };
  }
  const value = valueFrom(text, skipBlanks(text, after + 1));
  if ("complaint" in value) return value;
  return { action: { ...action, value: value.text }, end: value.end };
}

type Value = { readonly text: string; readonly end: number } | { readonly complaint: Complaint };

function valueFrom(text: string, start: number): Value {
  if (text[start] === "'") {
    const quoted = quotedFrom(text, start);
    if ("complaint" in quoted) return quoted;
    const end = skipBlanks(text, quoted.end);
    if (end < text.length && text[end] !== ",") {
      const hint = "a quote inside the value is written \\'";
      return {
        complaint: { code: "waf/bad-action", message: "something follows the closing quote", hint, index: end },
      };
    }
    return { text: quoted.text, end };
  }
  let value = "";
  let from = start;
  let index = start;
  while (index < text.length && text[index] !== ",") {
    if (text[index] !== "'" || text[index - 1] !== "=") {
      index += 1;
      continue;
    }
    const quoted = quotedFrom(text, index);
    if ("complaint" in quoted) return quoted;
    value += text.slice(from, index) + quoted.text;
    from = quoted.end;
    index = quoted.end;
  }
  return { text: trimBlanks(value + text.slice(from, index)), end: index };
}

function quotedFrom(text: string, open: number): Value {
  let value = "";
  let from = open + 1;
  for (let index = open + 1; index < text.length; index += 1) {
    if (text[index] === "'") return { text: value + text.slice(from, index), end: index + 1 };
    if (text[index] !== "\\") continue;
    if (text[index + 1] === "'") {
      value += text.slice(from, index);
      from = index + 1;
    }
    index += 1;
  }
  const hint = "close the single quote; one inside the value is written \\'";
  return { complaint: { code: "waf/bad-action", message: "the quoted value has no end", hint, index: open } };
}
