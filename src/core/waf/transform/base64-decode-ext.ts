// base64DecodeExt: as base64Decode, but characters that are not of the alphabet are skipped instead of ending the text.
import { decodeBase64 } from "./base64.ts";
import type { Transformation } from "./transformation.ts";

export const base64DecodeExt: Transformation = {
  name: "base64decodeext",
  apply: (value) => decodeBase64(value, "skip"),
  trigger: undefined,
  growthMax: 1,
};
