// compressWhitespace: each run of white space becomes one space.
import { byteMask, whitespace } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const run = /[\t\n\v\f\r ]+/g;
const changes = /[\t\n\v\f\r]|  /;

export const compressWhitespace: Transformation = {
  name: "compresswhitespace",
  apply: (value) => (changes.test(value) ? value.replace(run, " ") : value),
  trigger: byteMask(whitespace),
  growthMax: 1,
};
