// "regex": the whole text must match, as in Falco. Linear in the text, whatever the pattern (core/waf's engine); how much each character may cost is limited here.
import { Fault } from "../../../base/fault.ts";
import { compilePattern } from "../../waf/regex/compile-pattern.ts";
import { parsePattern } from "../../waf/regex/parse-pattern.ts";
import type { Pattern } from "../../waf/regex/pattern.ts";
import { buildProgram } from "../../waf/regex/program.ts";
import { ruleLimits } from "../limits.ts";
import { utf8Text } from "./utf8.ts";

const options = { isMultiline: false, isDotAll: false, isCaseless: false } as const;

/** For subjects as utf8Text makes them. Throws a Fault for what is no pattern, and for one whose automaton is larger than `patternInstructionsMax`. */
export function wholePattern(source: string): Pattern {
  const whole = `^(?:${utf8Text(source)})$`;
  const pattern = compilePattern(whole, options);
  const { root, captureCount } = parsePattern(whole, options);
  const size = buildProgram(root, captureCount, false).op.length;
  if (size > ruleLimits.patternInstructionsMax)
    throw new Fault(`it makes an automaton of ${size} instructions, more than patternInstructionsMax`, {
      code: "detect/too-large",
      kind: "usage",
      hint: `use smaller counts: ${ruleLimits.patternInstructionsMax} instructions are the limit`,
    });
  return pattern;
}
