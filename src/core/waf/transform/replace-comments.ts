// replaceComments: each C comment becomes one space; one that does not end too. A closing mark alone stays.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const replaceComments: Transformation = {
  name: "replacecomments",
  apply: applyReplaceComments,
  trigger: byteMask("*"),
  growthMax: 1,
};

function applyReplaceComments(value: string): string {
  let at = value.indexOf("/*");
  if (at < 0) return value;
  let out = "";
  let from = 0;
  while (at >= 0) {
    out += `${value.slice(from, at)} `;
    const end = value.indexOf("*/", at + 2);
    if (end < 0) return out;
    from = end + 2;
    at = value.indexOf("/*", from);
  }
  return out + value.slice(from);
}
