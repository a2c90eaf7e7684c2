// removeWhitespace: white space of C and the no-break space gone: both bytes of its UTF-8 form (C2, A0), each wherever it stands.
import { byteMask, whitespace } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const one = /[\t\n\v\f\r \xa0\xc2]/;
const runs = /[\t\n\v\f\r \xa0\xc2]+/g;

export const removeWhitespace: Transformation = {
  name: "removewhitespace",
  apply: (value) => (one.test(value) ? value.replace(runs, "") : value),
  trigger: byteMask(`${whitespace}\xa0\xc2`),
  growthMax: 1,
};
