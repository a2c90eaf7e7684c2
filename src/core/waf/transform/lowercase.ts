// lowercase: ASCII letters only; other bytes are not letters of any alphabet here.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const capitals = /[A-Z]/;
const capitalRuns = /[A-Z]+/g;
const highBytes = /[\x80-\xff]/;

export const lowercase: Transformation = {
  name: "lowercase",
  apply: applyLowercase,
  trigger: byteMask("", [[0x41, 0x5a]]),
  growthMax: 1,
};

function applyLowercase(value: string): string {
  if (!capitals.test(value)) return value;
  return highBytes.test(value) ? value.replace(capitalRuns, (run) => run.toLowerCase()) : value.toLowerCase();
}
