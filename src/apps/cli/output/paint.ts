// Colour for people, nothing for pipes: follows the terminal, NO_COLOR and --color.
import { createColors } from "picocolors";
import type { VerdictName } from "../../../model/verdict.ts";

export interface Paint {
  dim(text: string): string;
  bold(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  odd(text: string): string;
}

export function paint(isOn: boolean): Paint {
  const colors = createColors(isOn);
  return { dim: colors.dim, bold: colors.bold, good: colors.green, bad: colors.red, odd: colors.yellow };
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
