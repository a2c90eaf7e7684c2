// containsWord: the argument stands in the value with no ASCII letter or digit next to it.
import { comparing } from "./argument.ts";

export const containsWord = comparing((value, argument) => {
  if (argument === "") return argument;
  for (let at = value.indexOf(argument); at >= 0; at = value.indexOf(argument, at + 1))
    if (!isWordByte(value.charCodeAt(at - 1)) && !isWordByte(value.charCodeAt(at + argument.length))) return argument;
  return undefined;
});

/** False for NaN: before the beginning and after the end. */
function isWordByte(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}
