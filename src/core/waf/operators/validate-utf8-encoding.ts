// validateUtf8Encoding: matches when the value is not UTF-8.
import { hitOf, pure } from "./argument.ts";
import type { OperatorMaker } from "./operator.ts";
import { invalidUtf8At } from "../transform/utf8.ts";

export const validateUtf8Encoding: OperatorMaker = () =>
  pure((value) => {
    const at = invalidUtf8At(value);
    return at < 0 ? undefined : hitOf(value.slice(at, at + 1));
  });
