// eq, ge, gt, le, lt: both sides read as C's atoi reads them: white space, a sign, digits; what is no number is 0.
import { comparing } from "./argument.ts";

const leadingNumber = /^[\t\n\v\f\r ]*([+-]?\d{1,18})/;

/** Digits beyond the eighteenth are not read: such a number is large, which is all that a comparison needs. */
export function integerOf(text: string): number {
  const digits = leadingNumber.exec(text)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

function numeric(test: (value: number, argument: number) => boolean) {
  return comparing((value, argument) => (test(integerOf(value), integerOf(argument)) ? value : undefined));
}

export const eq = numeric((value, argument) => value === argument);
export const ge = numeric((value, argument) => value >= argument);
export const gt = numeric((value, argument) => value > argument);
export const le = numeric((value, argument) => value <= argument);
export const lt = numeric((value, argument) => value < argument);
