// removeNulls, replaceNulls: NUL bytes gone, or a space in their place.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const removeNulls: Transformation = {
  name: "removenulls",
  apply: (value) => (value.includes("\0") ? value.replaceAll("\0", "") : value),
  trigger: byteMask("\0"),
  growthMax: 1,
};

export const replaceNulls: Transformation = {
  name: "replacenulls",
  apply: (value) => (value.includes("\0") ? value.replaceAll("\0", " ") : value),
  trigger: byteMask("\0"),
  growthMax: 1,
};
