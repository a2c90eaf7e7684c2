// Texts with `%{collection.key}` in them, cut into pieces once at load. What does not read as a macro stays text.
import { seclangLimits } from "./limits.ts";
import type { MacroPart, MacroText } from "./rule-set.ts";

const macro = /%\{([^{}]*)\}/g;
const name = /^([A-Za-z][A-Za-z0-9_]*)(?:[.:](.*))?$/s;

/** Pieces of `text`; none for the empty text. */
export function parseMacroText(text: string): MacroText {
  if (text === "") return [];
  const parts: MacroPart[] = [];
  let from = 0;
  for (const found of text.matchAll(macro)) {
    const inner = (found[1] ?? "").trim();
    const named = inner.length <= seclangLimits.macroNameBytesMax ? name.exec(inner) : null;
    if (named === null) continue;
    if (found.index > from) parts.push({ text: text.slice(from, found.index) });
    parts.push({ collection: (named[1] ?? "").toUpperCase(), key: (named[2] ?? "").toLowerCase() });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** The text where it holds no macro; undefined where it does. */
export function plainText(text: MacroText): string | undefined {
  let whole = "";
  for (const part of text) {
    if (!("text" in part)) return undefined;
    whole += part.text;
  }
  return whole;
}

/** The text without its macros: what is the same in every request. */
export function fixedText(text: MacroText): string {
  return text.map((part) => ("text" in part ? part.text : "")).join("");
}

/** What stands before the first macro. */
export function literalPrefix(text: MacroText): string {
  const [first] = text;
  return first !== undefined && "text" in first ? first.text : "";
}
