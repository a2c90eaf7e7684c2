// none: the value as it is. A rule set never holds it (it clears what stands before it); it is here so that its name is known.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const none: Transformation = { name: "none", apply: (value) => value, trigger: byteMask(""), growthMax: 1 };
