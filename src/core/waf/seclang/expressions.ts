// Regular expressions that rule texts hold outside of operators: in selectors of members, and as names of tags and messages. Checked where they stand, so that no
// text gets through whose expression cannot be compiled later.
import { Fault } from "../../../base/fault.ts";
import { compilePattern } from "../regex/compile-pattern.ts";
import { parsePattern } from "../regex/parse-pattern.ts";
import type { Pattern } from "../regex/pattern.ts";
import { seclangLimits } from "./limits.ts";

const selectorOptions = { isMultiline: false, isDotAll: true, isCaseless: true } as const;
const nameOptions = { isMultiline: false, isDotAll: true, isCaseless: false } as const;

/** Why a selector's expression is none; undefined: it is one. */
export function selectorFlaw(source: string): string | undefined {
  return flawOf(() => parsePattern(source, selectorOptions), source);
}

/** Why a tag's or message's expression is none; undefined: it is one. */
export function nameFlaw(source: string): string | undefined {
  return flawOf(() => parsePattern(source, nameOptions), source);
}

/** Members by expression are found without case. Throws the Fault of what is none. */
export function compileSelector(source: string): Pattern {
  return compilePattern(source, selectorOptions);
}

export function compileName(source: string): Pattern {
  return compilePattern(source, nameOptions);
}

function flawOf(parse: () => unknown, source: string): string | undefined {
  if (source.length > seclangLimits.selectorBytesMax)
    return `it is longer than ${seclangLimits.selectorBytesMax} bytes`;
  try {
    parse();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.message;
    throw thrown;
  }
}
