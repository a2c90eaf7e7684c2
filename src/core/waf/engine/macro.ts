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
}

export function compileMacro(text: MacroText): Macro {
  const parts = text.map((part) => ("text" in part ? part.text : macroReader(part.collection, part.key)));
  const reads = text.flatMap((part) => ("collection" in part && part.collection === "TX" ? [part.key] : []));
  const constant = parts.every((part) => typeof part === "string") ? parts.join("") : undefined;
  return { constant, parts, reads };
}

export function expandMacro(state: State, macro: Macro): string {
  if (macro.constant !== undefined) return macro.constant;
  let text = "";
  for (const part of macro.parts) text += typeof part === "string" ? part : part(state);
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
