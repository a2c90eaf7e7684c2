// removeWhitespace: white space of C and the no-break space (byte A0) gone.
import { byteMask, whitespace } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const one = /[\t\n\v\f\r \xa0]/;
const runs = /[\t\n\v\f\r \xa0]+/g;

export const removeWhitespace: Transformation = {
  name: "removewhitespace",
  apply: (value) => (one.test(value) ? value.replace(runs, "") : value),
  trigger: byteMask(`${whitespace}\xa0`),
  growthMax: 1,
};
