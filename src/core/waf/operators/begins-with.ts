// beginsWith: the value begins with the argument.
import { comparing } from "./argument.ts";

export const beginsWith = comparing((value, argument) => (value.startsWith(argument) ? argument : undefined));
