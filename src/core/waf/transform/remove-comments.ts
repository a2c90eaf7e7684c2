// removeComments: comments of C, HTML, SQL and shells are taken out. One that does not end becomes a space, -- and # end the text.
// As in the reference, the byte behind a comment is taken as it is; a comment at the very end leaves a NUL.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const removeComments: Transformation = {
  name: "removecomments",
  apply: applyRemoveComments,
  trigger: byteMask("*-#"),
  growthMax: 1,
};

const opening = /\/\*|<!--|--|#/g;

function applyRemoveComments(value: string): string {
  let out = "";
  let from = 0;
  opening.lastIndex = 0;
  for (let found = opening.exec(value); found !== null; found = opening.exec(value)) {
    out += value.slice(from, found.index);
    const close = found[0] === "/*" ? "*/" : found[0] === "<!--" ? "-->" : undefined;
    if (close === undefined) return out;
    const end = value.indexOf(close, opening.lastIndex);
    if (end < 0) return `${out} `;
    from = end + close.length;
    if (from >= value.length) return `${out}\0`;
    opening.lastIndex = from + 1;
  }
  return from === 0 ? value : out + value.slice(from);
}
