// base64Encode: RFC 4648, with padding, in one line.
import { encodeBase64 } from "./base64.ts";
import type { Transformation } from "./transformation.ts";

export const base64Encode: Transformation = {
  name: "base64encode",
  apply: encodeBase64,
  trigger: undefined,
  growthMax: 4,
};
