// streq: the value is the argument.
import { comparing } from "./argument.ts";

export const streq = comparing((value, argument) => (value === argument ? value : undefined));
