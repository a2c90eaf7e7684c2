// endsWith: the value ends with the argument.
import { comparing } from "./argument.ts";

export const endsWith = comparing((value, argument) => (value.endsWith(argument) ? argument : undefined));
