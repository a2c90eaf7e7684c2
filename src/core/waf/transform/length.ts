// length: how many bytes, in decimal.
import type { Transformation } from "./transformation.ts";

export const length: Transformation = {
  name: "length",
  apply: (value) => String(value.length),
  trigger: undefined,
  // The empty value becomes "0": growth is said for values of at least one byte.
  growthMax: 1,
};
