// Colour for people, nothing for pipes: follows the terminal, NO_COLOR and --color. What is painted is cleaned first, and a colour is a mark that only this run can write (harmless.ts).
import { createColors } from "picocolors";
import type { VerdictName } from "../../../model/verdict.ts";
import { colourMark, harmlessLines } from "./harmless.ts";

export interface Paint {
  dim(text: string): string;
  bold(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  odd(text: string): string;
}

const same = (text: string): string => text;

/** Painted text holds marks: `coloured` of harmless.ts, which the printing context calls, makes colours of them. */
export function paint(isOn: boolean): Paint {
  const colors = createColors(true);
  const brush = (color: (text: string) => string): ((text: string) => string) => {
    if (!isOn) return same;
    const [open, close] = endsOf(color);
    // A colour inside that ends the same way must not end this one.
    return (text) => `${open}${harmlessLines(text).replaceAll(close, `${close}${open}`)}${close}`;
  };
  return {
    dim: brush(colors.dim),
    bold: brush(colors.bold),
    good: brush(colors.green),
    bad: brush(colors.red),
    odd: brush(colors.yellow),
  };
}

/** The marks for what a colour writes before and after a text. */
function endsOf(color: (text: string) => string): readonly [string, string] {
  const [open = "", close = ""] = color("|").split("|");
  return [colourMark(open), colourMark(close)];
}

/** The word in its colour; the word itself always stays, so that colour is never the only sign. */
export function paintVerdict(by: Paint, verdict: VerdictName): string {
  switch (verdict) {
    case "allow":
      return by.good(verdict);
    case "deny":
      return by.bad(verdict);
    case "unknown":
      return by.odd(verdict);
    case "pass":
    case "log":
      return verdict;
  }
}
