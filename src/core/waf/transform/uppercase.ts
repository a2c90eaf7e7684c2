// uppercase: ASCII letters only.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const smalls = /[a-z]/;
const smallRuns = /[a-z]+/g;

export const uppercase: Transformation = {
  name: "uppercase",
  apply: (value) => (smalls.test(value) ? value.replace(smallRuns, (run) => run.toUpperCase()) : value),
  trigger: byteMask("", [[0x61, 0x7a]]),
  growthMax: 1,
};
