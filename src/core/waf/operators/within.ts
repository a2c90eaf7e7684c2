// within: the value stands in the argument; the empty value stands in every argument.
import { comparing } from "./argument.ts";

export const within = comparing((value, argument) => (argument.includes(value) ? value : undefined));
