// base64Decode: what stands before the first character that is not of the alphabet. Line ends between are skipped; a last group without its padding is left out.
import { decodeBase64 } from "./base64.ts";
import type { Transformation } from "./transformation.ts";

export const base64Decode: Transformation = {
  name: "base64decode",
  apply: (value) => decodeBase64(value, "stop"),
  trigger: undefined,
  growthMax: 1,
};
