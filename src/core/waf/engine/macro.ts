// Texts with `%{...}` in them, ready to be expanded. What stands in `%{}` is read when the text is needed; a name that is not there is empty.
import type { OperatorScope } from "../operators/operator.ts";
import { parseMacroText } from "../seclang/macro.ts";
import type { MacroText } from "../seclang/rule-set.ts";
import type { State } from "./state.ts";
import { macroReader, type MacroReader } from "./variables.ts";

export interface Macro {
  /** The whole text when nothing stands in it that changes. */
  readonly constant: string | undefined;
  readonly parts: readonly (string | MacroReader)[];
  /** Names of TX variables it reads, in lower case. */
  readonly reads: readonly string[];
  /** For each part: it may be shown whatever the request holds. */
  readonly isShown: readonly boolean[];
}

/** Macros that hold nothing of what a client sent but names. */
const namesOnly =
  /^(?:MATCHED_VARS?_NAMES?|RULE|TIME(?:_[A-Z]+)?|UNIQUE_ID|REMOTE_ADDR|REMOTE_PORT|SERVER_ADDR|SERVER_PORT|HIGHEST_SEVERITY|RESPONSE_STATUS)$/;

export function compileMacro(text: MacroText): Macro {
  const isShown = text.map((part) => "text" in part || namesOnly.test(part.collection));
  const parts = text.map((part) => ("text" in part ? part.text : macroReader(part.collection, part.key)));
  const reads = text.flatMap((part) => ("collection" in part && part.collection === "TX" ? [part.key] : []));
  const constant = parts.every((part) => typeof part === "string") ? parts.join("") : undefined;
  return { constant, parts, reads, isShown };
}

export function expandMacro(state: State, macro: Macro): string {
  if (macro.constant !== undefined) return macro.constant;
  let text = "";
  for (const part of macro.parts) text += typeof part === "string" ? part : part(state);
  return text;
}

/** The text without anything that could be a value of the request. */
export function expandMasked(state: State, macro: Macro): string {
  if (macro.constant !== undefined) return macro.constant;
  let text = "";
  for (const [index, part] of macro.parts.entries()) {
    text += typeof part === "string" ? part : macro.isShown[index] === true ? part(state) : "‹redacted:value›";
  }
  return text;
}

export type MacroCache = (text: string) => Macro;

const macrosMax = 4096;

/** Texts of operators' arguments, cut once and remembered; one cache for each engine, as readers remember their slots. */
export function createMacroCache(): MacroCache {
  const macros = new Map<string, Macro>();
  return (text) => {
    let macro = macros.get(text);
    if (macro === undefined) {
      if (macros.size >= macrosMax) macros.clear();
      macros.set(text, (macro = compileMacro(parseMacroText(text))));
    }
    return macro;
  };
}

/** Scope of operators whose argument holds macros. */
export function createScope(state: State, cache: MacroCache): OperatorScope {
  return { expand: (argument) => (argument.includes("%{") ? expandMacro(state, cache(argument)) : argument) };
}
