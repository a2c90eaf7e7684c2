// validateUrlEncoding: matches when a percent sign is not followed by two hexadecimal digits.
import { hexByteAt } from "../transform/bytes.ts";
import { hitOf, pure } from "./argument.ts";
import type { OperatorMaker } from "./operator.ts";

export const validateUrlEncoding: OperatorMaker = () =>
  pure((value) => {
    for (let at = value.indexOf("%"); at >= 0; at = value.indexOf("%", at + 1))
      if (hexByteAt(value, at + 1) < 0) return hitOf(value.slice(at, at + 3));
    return undefined;
  });
