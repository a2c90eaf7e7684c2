// uppercase: ASCII letters only.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const smalls = /[a-z]/;
const smallRuns = /[a-z]+/g;
const highBytes = /[\x80-\xff]/;

export const uppercase: Transformation = {
  name: "uppercase",
  apply: applyUppercase,
  trigger: byteMask("", [[0x61, 0x7a]]),
  growthMax: 1,
};

function applyUppercase(value: string): string {
  if (!smalls.test(value)) return value;
  return highBytes.test(value) ? value.replace(smallRuns, (run) => run.toUpperCase()) : value.toUpperCase();
}
