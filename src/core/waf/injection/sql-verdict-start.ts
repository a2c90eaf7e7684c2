// Values that are statements by themselves: SELECT ..., DROP TABLE ..., EXEC ..., a call that waits or leaks.
import { foldedTokensMax } from "./sql-fold.ts";
import { hasTrait, isAdjacent, isCall, isCutting, isStar, isWord, shapeToken, type SqlShape } from "./sql-shape.ts";
import { wordTraits } from "./sql-words.ts";

/** Whether the value, read from its first byte, is a statement. */
export function judgeStart(shape: SqlShape): boolean {
  if (shape.isClosed) return false;
  switch (shape.classes.charAt(0)) {
    case "E":
      return isQuery(shape, 0);
    case "T":
      return isCommand(shape, 0);
    case "k":
      return isCondition(shape);
    case "f":
      if (/^f\(t,[(f]/.test(shape.classes)) return isCall(shape, 0, "any");
      // "benchmark(s)" is prose.
      if (isCall(shape, 0, "hostile")) return !/^f\((?:n\)?)?$/.test(shape.classes);
      return /^f\(..?f/.test(shape.classes) && hasTrait(shape, shape.classes.lastIndexOf("f"), wordTraits.hostile);
    default:
      return false;
  }
}

/** SELECT, INSERT, UPDATE, CREATE, CASE at `index` with what only SQL puts behind them. */
export function isQuery(shape: SqlShape, index: number): boolean {
  const rest = shape.classes.slice(index + 1);
  const { comparisons } = shape.fold.reader;
  if (isWord(shape, index, "CREATE OR REPLACE")) return /^(?:k|n\()/.test(rest);
  if (hasTrait(shape, index, wordTraits.phrase)) return (index > 0 && rest === "n") || /^[nf][k(E]/.test(rest);
  if (isWord(shape, index, "CASE"))
    return (comparisons > 0 && /^k[1nsvf(]/.test(rest)) || (/^k[1nsv]k/.test(rest) && isWord(shape, index + 3, "THEN"));
  if (isWord(shape, index, "SELECT") && isCalling(shape, index + 1)) return true;
  if (rest.startsWith("ok")) return isStar(shape, index + 1);
  if (rest.startsWith("v")) return (shapeToken(shape, index + 1)?.signs ?? 0) > 0;
  if (/^[1s]k/.test(rest)) return isWord(shape, index + 2, "FROM") && /^.k(?:$|k|\(E|[nf](?:$|[kc;(]))/.test(rest);
  if (rest === "nk" && index > 0) return isWord(shape, index + 2, "SET");
  if (rest.startsWith("nkn"))
    return isWord(shape, index + 2, "SET")
      ? comparisons > 0
      : /^nkn(?:k|c|;)/.test(rest) && isWord(shape, index + 2, "FROM");
  if (/^[1s]&\(E/.test(rest)) return true;
  return /^[1s](?:c|;c)$/.test(rest) && isCutting(shape, index + rest.length);
}

/** "where f(...", "from t where f(...": the middle of a query whose beginning the page has. */
function isCondition(shape: SqlShape): boolean {
  if (shape.classes.startsWith("kf(")) return isWord(shape, 0, "WHERE") && isCall(shape, 1, "plain");
  if (!shape.classes.startsWith("knkf(")) return false;
  return isWord(shape, 0, "FROM") && isWord(shape, 2, "WHERE") && isCall(shape, 3, "any");
}

/** A list of columns that begins with a call: of a hostile function however written, else right before its "(" and with values in it. */
function isCalling(shape: SqlShape, index: number): boolean {
  const rest = shape.classes.slice(index);
  if (rest.endsWith("f(") && shape.fold.count < foldedTokensMax) return false;
  if (rest.startsWith("(f")) return isCall(shape, index + 1, "plain");
  if (!rest.startsWith("f(")) return false;
  if (hasTrait(shape, index, wordTraits.hostile) || isCall(shape, index, "plain")) return true;
  return isCall(shape, index, "any") && (/^f\([1svfE(]/.test(rest) || isStar(shape, index + 2));
}

/** DROP TABLE, EXEC, DECLARE, WAITFOR DELAY at `index` with what they take. */
export function isCommand(shape: SqlShape, index: number): boolean {
  const rest = shape.classes.slice(index + 1);
  if (isWord(shape, index, "WAITFOR DELAY") || isWord(shape, index, "WAITFOR TIME")) return /^[sv1]/.test(rest);
  if (rest.startsWith("T")) return hasTrait(shape, index + 1, wordTraits.phrase);
  if (rest.startsWith("n(") && index > 0) return isAdjacent(shape, index + 1);
  // A whole statement with its own ";" is a script that somebody wrote: it ends nothing of the page's.
  if (hasTrait(shape, index, wordTraits.phrase))
    return (index > 0 ? /^[nsvf](?:$|[kc;o(])/ : /^[nsvf](?:$|[kco(])/).test(rest);
  if (isWord(shape, index, "PRINT")) return index > 0 && /^(?:\(s|[sfv]c)/.test(rest);
  if (isWord(shape, index, "DECLARE")) return rest.startsWith("v") && (shapeToken(shape, index + 1)?.signs ?? 0) > 0;
  if (isWord(shape, index, "IF")) return rest.startsWith("(");
  if (isWord(shape, index, "EXEC"))
    return (index > 0 ? /^[fvs(]/ : /^(?:[fvs]|\(v)/).test(rest) || isProcedure(shape, index + 1);
  if (isWord(shape, index, "SHUTDOWN")) return /^(?:c?$|;)/.test(rest) && (index > 0 || rest !== "");
  return hasTrait(shape, index, wordTraits.foreign) && /^(?:[fvs(]|n[;o(]|c$)/.test(rest);
}

/** The name of a system procedure: "sp_...", "xp_...", or one of another database. */
function isProcedure(shape: SqlShape, index: number): boolean {
  const token = shapeToken(shape, index);
  if (token === undefined || shape.classes.charAt(index) !== "n") return false;
  const name = shape.fold.reader.text.slice(token.start, token.start + token.length).toLowerCase();
  return /^[sx]p_|^\[?(?:master|msdb|sys)\b|\.\./.test(name);
}
