// verifyCC, verifyCPF, verifySSN, verifySVNR: a number that the argument's pattern finds and whose check digits hold. TX:0 is the number.
import { compilePattern } from "../regex/compile-pattern.ts";
import { isCpf, isLuhn, isSsn, isSvnr } from "./check-digits.ts";
import { defaultOperatorContext, type OperatorHit, type OperatorMaker } from "./operator.ts";
import { pure } from "./argument.ts";

/** So many places of a value are tried; what lies behind is not looked at. */
export const candidatesMax = 4_096;

function verifying(holds: (candidate: string) => boolean): OperatorMaker {
  return (operator, context = defaultOperatorContext) => {
    const pattern = compilePattern(operator.argument, context.patternOptions);
    const evaluate = (value: string): OperatorHit | undefined => {
      let rest = value;
      for (let tried = 0; tried < candidatesMax; tried += 1) {
        const at = pattern.indexIn(rest);
        if (at < 0) return undefined;
        rest = rest.slice(at);
        const matched = pattern.exec(rest)?.[0] ?? "";
        if (holds(matched)) return { matched, captures: [matched] };
        rest = rest.slice(1);
      }
      return undefined;
    };
    return { ...pure(evaluate), pattern };
  };
}

export const verifyCc = verifying(isLuhn);
export const verifyCpf = verifying(isCpf);
export const verifySsn = verifying(isSsn);
export const verifySvnr = verifying(isSvnr);
