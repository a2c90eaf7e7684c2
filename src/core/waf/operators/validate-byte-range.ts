// validateByteRange: matches when a byte stands in the value that the argument does not allow ("10,13,32-126").
import { byteMask, maskHas } from "../transform/bytes.ts";
import { badArgument, hitOf, pure } from "./argument.ts";
import type { OperatorMaker } from "./operator.ts";

export const validateByteRange: OperatorMaker = (operator) => {
  const pieces = operator.argument.split(",").map((piece) => piece.trim());
  const ranges = pieces
    .filter((piece) => piece !== "")
    .map((piece): readonly [number, number] => {
      const found = /^(\d{1,3})(?:\s*-\s*(\d{1,3}))?$/.exec(piece);
      const first = Number(found?.[1] ?? 256);
      const last = Number(found?.[2] ?? first);
      if (first > last || last > 255) throw badArgument(operator, `"${piece}" is no range of bytes`);
      return [first, last];
    });
  const allowed = byteMask("", ranges);
  return pure((value) => {
    for (let index = 0; index < value.length; index += 1)
      if (!maskHas(allowed, value.charCodeAt(index))) return hitOf(value.charAt(index));
    return undefined;
  });
};
