// eq, ge, gt, le, lt: both sides read as C's atoi reads them: white space, a sign, digits; what is no number is 0.
import { hasMacro, hitOf } from "./argument.ts";
import type { OperatorMaker } from "./operator.ts";

/** Beyond this many digits a number is only large, which is all that a comparison needs. */
const digitsMax = 15;

export function integerOf(text: string): number {
  let at = 0;
  while (at < text.length && isSpace(text.charCodeAt(at))) at += 1;
  const sign = text.charCodeAt(at);
  if (sign === 0x2b || sign === 0x2d) at += 1;
  let value = 0;
  for (let count = 0; at < text.length && count < digitsMax; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    if (value > 0) count += 1;
  }
  return sign === 0x2d && value > 0 ? -value : value;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function numeric(holds: (value: number, argument: number) => boolean): OperatorMaker {
  return ({ argument }) => {
    const isPure = !hasMacro(argument);
    const fixed = isPure ? integerOf(argument) : 0;
    return {
      evaluate: (value, scope) =>
        holds(integerOf(value), isPure ? fixed : integerOf(scope.expand(argument))) ? hitOf(value) : undefined,
      isPure,
    };
  };
}

export const eq = numeric((value, argument) => value === argument);
export const ge = numeric((value, argument) => value >= argument);
export const gt = numeric((value, argument) => value > argument);
export const le = numeric((value, argument) => value <= argument);
export const lt = numeric((value, argument) => value < argument);
