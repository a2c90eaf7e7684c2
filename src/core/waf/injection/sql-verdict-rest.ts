// What may follow a value that the attacker closed: logic, an operation, a second statement.
import type { LexedToken } from "./sql-token.ts";
import { isCommand, isQuery } from "./sql-verdict-start.ts";
import { foldedTokensMax } from "./sql-fold.ts";
import { isCall, isCutting, isStar, isWord, shapeToken, type SqlShape } from "./sql-shape.ts";

/** Logic at `index`: "or 1=1", "and sleep(5)", "or 'a'='a". */
export function judgeLogic(shape: SqlShape, index: number): boolean {
  const { classes, isClosed, fold } = shape;
  const { comparisons, operators } = fold.reader;
  const rest = classes.slice(index + 1);
  const isName = classes.startsWith("n");
  const isLoose = isName || index === 0;
  if (isSubquery(shape, index + 1)) return true;
  if (isUnfinished(shape, index + 1)) return false;
  switch (rest.charAt(0)) {
    case "1":
      // Nothing was closed before a connective that comes first.
      if (!isEnded(rest.slice(1)) || (index === 0 && !rest.includes("U"))) return false;
      if (isClosed) return rest !== "1)";
      if (rest.startsWith("1B1") && !isLoose) return true;
      return isLoose ? comparisons > 0 : operators + fold.reader.comments > 0;
    case "s":
      if (index === 0) return false;
      if (rest === "s") return isClosed && isOpenEnded(shape, index - 1, index + 1);
      return (isClosed || comparisons > 0) && /^s[o&c;)U]/.test(rest);
    case "v":
      if (rest === "v" && !isClosed) return comparisons > 0 && !isLoose;
      return (
        !isLoose &&
        /^v(?:$|[oc&;)U])/.test(rest) &&
        (isClosed || comparisons > 0 || rest !== "v" || hasSigns(shapeToken(shape, index + 1)))
      );
    case "n":
      if (isLoose) return false;
      if (/^n(?:c|;(?![n1s]))/.test(rest)) return isClosed || isCutting(shape, index + 2);
      return isEnded(rest.slice(1)) && (/^no[sv1]/.test(rest) || (comparisons > 0 && !rest.startsWith("nok")));
    case "f":
      return isCall(shape, index + 1, isLoose ? "plain" : "any") && (!isLoose || !isWord(shape, index + 1, "IF"));
    case "(":
      return /^\([1nsvf]/.test(rest) && (comparesLater(shape) || (isClosed && /^\([sf]/.test(rest)));
    case "E":
      return !isLoose && isQuery(shape, index + 1);
    default:
      return false;
  }
}

/** The end of an expression, not the next word of a sentence: what follows ";" begins a statement. */
function isEnded(rest: string): boolean {
  return rest === "" || (/^[oc;)&BUk,]/.test(rest) && !/^;[n1s]/.test(rest));
}

/** A value with an operator and no second operand, or a call that ends at its "(": no database runs it. */
function isUnfinished(shape: SqlShape, index: number): boolean {
  const rest = shape.classes.slice(index);
  if (shape.fold.count === foldedTokensMax && !rest.endsWith("c")) return false;
  return /^(?:[1ns]oc?|f\()$/.test(rest);
}

function hasSigns(token: LexedToken | undefined): boolean {
  return (token?.signs ?? 0) > 0;
}

/** foo' + 'bar: the page's own quotes stand around both. */
function isOpenEnded(shape: SqlShape, left: number, right: number): boolean {
  const one = shapeToken(shape, left);
  const two = shapeToken(shape, right);
  return one?.open === 0 && two?.close === 0 && one.close === two.open;
}

const lookAheadMax = 64;

/** A comparison was read, or stands a little behind what was read. */
function comparesLater(shape: SqlShape): boolean {
  const { comparisons, text, position } = shape.fold.reader;
  return comparisons > 0 || /[=<>]/.test(text.slice(position, position + lookAheadMax));
}

/** "(select ..." or "(case when" at `index`. */
function isSubquery(shape: SqlShape, index: number): boolean {
  const rest = shape.classes.slice(index);
  if (!rest.startsWith("(E") || (!isWord(shape, index + 1, "SELECT") && !isWord(shape, index + 1, "CASE")))
    return false;
  if (rest === "(E") return shape.isClosed || !shape.classes.startsWith("n") || shape.fold.count === 5;
  return /^\(E(?:[1svfE(]|k|nk)/.test(rest) || isStar(shape, index + 2) || shape.isClosed;
}

/** An operator or comma at `index`. */
export function judgeOperation(shape: SqlShape, index: number): boolean {
  const { classes, isClosed, fold } = shape;
  const { comparisons } = fold.reader;
  const rest = classes.slice(index + 1);
  const isName = classes.startsWith("n");
  if (isSubquery(shape, index + 1)) return true;
  if (rest.startsWith("f")) return isCall(shape, index + 1, isClosed ? "any" : isName ? "hostile" : "plain");
  if (rest.startsWith("v") && hasSigns(shapeToken(shape, index + 1))) return isClosed || (comparisons > 0 && !isName);
  if (/^[1snv]&/.test(rest)) {
    const isWhole = isClosed ? /^[1sv]&/.test(rest) || comparisons > 0 : comparisons > (isName ? 1 : 0) || !isName;
    return isWhole && /^.&(?:$|[1sv(])/.test(rest) && (!isName || /^s&[1s]/.test(rest));
  }
  // One more row, or one more element, of the list that the value stood in.
  if (classes.charAt(index) === ",") return /^s,\([1s]\)/.test(classes) || (isClosed && /^s\),\([1s]/.test(classes));
  if (classes.startsWith("1)o(1") && isMembership(shape, index)) return true;
  if (!isClosed) return rest.startsWith("sc") && !isName && isCutting(shape, index + 2);
  return judgeClosedOperation(shape, index, rest);
}

function judgeClosedOperation(shape: SqlShape, index: number, rest: string): boolean {
  const { comparisons } = shape.fold.reader;
  // Divided by a text is NULL: whatever the page compares with it, nothing is found. Paths in quotes look like that.
  if (rest === "s") return index === 1 && isOpenEnded(shape, 0, 2) && !isDivision(shape, 1);
  if (/^s[c&o;)UB]/.test(rest)) return true;
  if (/^[1nv]c/.test(rest)) return isCutting(shape, index + 2) && (comparisons > 0 || !rest.startsWith("n"));
  if (rest.startsWith("v")) return isEnded(rest.slice(1));
  if (/^\([1s]\)/.test(rest) && isMembership(shape, index)) return true;
  if (/^\([1ns]/.test(rest)) return comparisons > 0;
  return /^1[;)UB]/.test(rest) && shape.classes !== "so1)";
}

function isMembership(shape: SqlShape, index: number): boolean {
  return isWord(shape, index, "IN") || isWord(shape, index, "NOT IN");
}

function isDivision(shape: SqlShape, index: number): boolean {
  const token = shapeToken(shape, index);
  const sign = shape.fold.reader.text.charCodeAt(token?.start ?? 0);
  return token?.length === 1 && (sign === 47 || sign === 37);
}

/** A statement of its own behind the value: after ";", or right after where the dialect allows it. */
export function judgeStacked(shape: SqlShape, index: number): boolean {
  const { classes, isClosed } = shape;
  const isName = classes.startsWith("n");
  const isSeparated = classes.charAt(index) === ";";
  const place = isSeparated ? index + 1 : index;
  switch (classes.charAt(place)) {
    case "E":
      if (isSeparated && /^[1s]\);E[1svf(]/.test(classes)) return true;
      return isSeparated && (isQuery(shape, place) || (isClosed && /^E[fo1(kv]/.test(classes.slice(place))));
    case "T":
      if (isName && !isSeparated && !isWord(shape, place, "WAITFOR DELAY")) return false;
      return isCommand(shape, place);
    case "k":
      return isSeparated && !isName && classes.charAt(place + 1) === "v" && hasSigns(shapeToken(shape, place + 1));
    case "f":
      return isSeparated && !isName && isCall(shape, place, "plain");
    case "c":
      return isSeparated && !isName && isCutting(shape, place) && (isClosed || classes.startsWith("1"));
    default:
      return false;
  }
}
