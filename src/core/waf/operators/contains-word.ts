// containsWord: the argument stands in the value with no ASCII letter next to it (digits and _ are none).
import { comparing } from "./argument.ts";

export const containsWord = comparing((value, argument) => {
  if (argument === "") return argument;
  for (let at = value.indexOf(argument); at >= 0; at = value.indexOf(argument, at + 1))
    if (!isLetter(value.charCodeAt(at - 1)) && !isLetter(value.charCodeAt(at + argument.length))) return argument;
  return undefined;
});

/** False for NaN: before the beginning and after the end. */
function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}
