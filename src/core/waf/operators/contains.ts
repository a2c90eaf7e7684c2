// contains, strmatch: the argument stands in the value, letters compared as they are.
import { comparing } from "./argument.ts";

export const contains = comparing((value, argument) => (value.includes(argument) ? argument : undefined));
