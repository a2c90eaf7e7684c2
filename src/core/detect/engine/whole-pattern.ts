// "regex": the whole text must match, as in Falco. Linear in the text, whatever the pattern (core/waf's engine).
import { compilePattern } from "../../waf/regex/compile-pattern.ts";
import type { Pattern } from "../../waf/regex/pattern.ts";
import { utf8Text } from "./utf8.ts";

/** For subjects as utf8Text makes them. Throws a Fault for what is no pattern. */
export function wholePattern(source: string): Pattern {
  return compilePattern(`^(?:${utf8Text(source)})$`, { isMultiline: false, isDotAll: false, isCaseless: false });
}
