// removeCommentsChar: the marks of comments are taken out, what stands between them stays.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const marks = /\/\*|\*\/|<!--|-->|--|#/;
const eachMark = /\/\*|\*\/|<!--|-->|--|#/g;

export const removeCommentsChar: Transformation = {
  name: "removecommentschar",
  apply: (value) => (marks.test(value) ? value.replace(eachMark, "") : value),
  trigger: byteMask("*-#"),
  growthMax: 1,
};
