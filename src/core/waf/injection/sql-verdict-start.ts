// Values that are statements by themselves: SELECT ..., DROP TABLE ..., EXEC ..., a call that waits or leaks.
import { hasTrait, isCall, isCutting, isStar, isWord, shapeToken, type SqlShape } from "./sql-shape.ts";
import { wordTraits } from "./sql-words.ts";

/** Whether the value, read from its first byte, is a statement. */
export function judgeStart(shape: SqlShape): boolean {
  if (shape.isClosed) return false;
  switch (shape.classes.charAt(0)) {
    case "E":
      return isQuery(shape, 0);
    case "T":
      return isCommand(shape, 0);
    case "B":
      return shape.classes.startsWith("B1") && shape.fold.reader.comparisons > 0;
    case "f":
      return isCall(shape, 0, "hostile");
    default:
      return false;
  }
}

/** SELECT, INSERT, UPDATE, CREATE, CASE at `index` with what only SQL puts behind them. */
export function isQuery(shape: SqlShape, index: number): boolean {
  const rest = shape.classes.slice(index + 1);
  const { comparisons } = shape.fold.reader;
  if (hasTrait(shape, index, wordTraits.phrase)) return (index > 0 && rest === "n") || /^[nf][k(E]/.test(rest);
  if (isWord(shape, index, "CASE")) return /^k[1nsvf(]/.test(rest) && comparisons > 0;
  if (isCall(shape, index + 1, "plain")) return true;
  if (rest.startsWith("ok")) return isStar(shape, index + 1);
  if (rest.startsWith("v")) return (shapeToken(shape, index + 1)?.signs ?? 0) > 0;
  if (/^[1s]k/.test(rest)) return isWord(shape, index + 2, "FROM") && /^.k(?:$|k|[nf](?:$|[kc;(]))/.test(rest);
  if (rest.startsWith("nkn"))
    return isWord(shape, index + 2, "SET")
      ? comparisons > 0
      : /^nkn(?:k|c|;)/.test(rest) && isWord(shape, index + 2, "FROM");
  return /^[1s](?:c|;c)$/.test(rest) && isCutting(shape, index + rest.length);
}

/** DROP TABLE, EXEC, DECLARE, WAITFOR DELAY at `index` with what they take. */
export function isCommand(shape: SqlShape, index: number): boolean {
  const rest = shape.classes.slice(index + 1);
  if (isWord(shape, index, "WAITFOR DELAY") || isWord(shape, index, "WAITFOR TIME")) return /^[sv1]/.test(rest);
  if (hasTrait(shape, index, wordTraits.phrase)) return /^[nsvf](?:$|[kc;o(])/.test(rest);
  if (isWord(shape, index, "DECLARE")) return rest.startsWith("v") && (shapeToken(shape, index + 1)?.signs ?? 0) > 0;
  if (isWord(shape, index, "IF")) return rest.startsWith("(");
  return hasTrait(shape, index, wordTraits.foreign) && /^(?:[nfvs(]|c$)/.test(rest);
}
