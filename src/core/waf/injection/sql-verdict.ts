// Says of folded tokens whether they are a piece of SQL that breaks out of a value or runs by itself. Rules of our own over
// the classes: what a statement may hold after a value, and what prose, names and addresses do not.
import { foldedTokensMax, type SqlFold } from "./sql-fold.ts";
import { typeOf, type LexedToken } from "./sql-token.ts";
import {
  classesOf,
  codeAt,
  hasTrait,
  isCall,
  isCutting,
  isStar,
  isWord,
  shapeToken,
  type SqlShape,
} from "./sql-shape.ts";
import { wordTraits } from "./sql-words.ts";
import { judgeStart } from "./sql-verdict-start.ts";
import { judgeLogic, judgeOperation, judgeStacked } from "./sql-verdict-rest.ts";

const [comment, name, hostile, operator] = [typeOf("c"), typeOf("n"), typeOf("X"), typeOf("o")];
const tick = 96;

/** SQL Server leaves statements with this word out of its log. */
const hidesFromLog = /sp_password/i;

/** Whether what `fold` holds is SQL injection; `isClosed` as in SqlShape. */
export function judgeFold(fold: SqlFold, isClosed: boolean): boolean {
  const last = fold.count - 1;
  const lastToken = fold.tokens[last];
  if (lastToken === undefined || fold.count === 0) return false;
  // PHP's habit: an open tick at the end hides the rest as a comment does.
  if (
    fold.count > 2 &&
    lastToken.type === name &&
    lastToken.open === tick &&
    lastToken.length === 0 &&
    lastToken.close === 0
  )
    lastToken.type = comment;
  if (!mayBeHostile(fold, isClosed) || endsInHash(fold, lastToken)) return false;
  const shape: SqlShape = { classes: classesOf(fold), fold, isClosed };
  if (shape.classes.includes("X")) return isHostileComment(shape);
  if (fold.count < 2) return false;
  if (codeAt(fold, last) === comment && hidesFromLog.test(fold.reader.text)) return true;
  if (fold.count === 2 && codeAt(fold, 1) === comment) return judgeComment(shape);
  return judgeUnion(shape) || judgeStart(shape) || judgeRest(shape);
}

/** "#" at the end is a comment where it is one: that reading follows and decides. */
function endsInHash(fold: SqlFold, last: LexedToken): boolean {
  const { text, isMysql } = fold.reader;
  return (
    !isMysql && last.type === operator && text.charCodeAt(last.start) === 35 && last.start === text.trimEnd().length - 1
  );
}

/** Two names after each other, or a value and a name, are prose in every rule: the common case ends here. */
function mayBeHostile(fold: SqlFold, isClosed: boolean): boolean {
  for (let index = 0; index < fold.count; index++) if (codeAt(fold, index) === hostile) return true;
  if (fold.count < 2) return false;
  return codeAt(fold, 1) !== name || (!isClosed && "EUTBk".includes(String.fromCharCode(codeAt(fold, 0))));
}

/** MySQL runs what "/*!" holds. A comment within a comment counts beside a word of SQL: paths have stars and slashes too. */
function isHostileComment(shape: SqlShape): boolean {
  const { classes, fold } = shape;
  for (let index = 0; index < classes.length; index++) {
    if (classes.charAt(index) !== "X") continue;
    const token = fold.tokens[index];
    if (token === undefined || token.joined !== "" || token.length === 0) return true;
    if (fold.reader.text.charCodeAt(token.start + 2) === 33) return true;
  }
  return /[UEBTk&f]/.test(classes);
}

/** A value and a comment, and nothing else. */
function judgeComment(shape: SqlShape): boolean {
  const { text, tokens } = shape.fold.reader;
  const first = shapeToken(shape, 0);
  const second = shapeToken(shape, 1);
  if (first === undefined || second === undefined) return false;
  const sign = text.charCodeAt(second.start);
  const isHash = sign === 35;
  switch (shape.classes.charAt(0)) {
    case "s":
      return shape.isClosed && (isHash ? second.length === 1 : isCutting(shape, 1));
    case "1": {
      if (isHash) return false;
      // "1234-name--" is one identifier to its author: the comment must begin right after the number.
      if (tokens > 2) return !/[A-Za-z]{4}/.test(text.slice(0, second.start));
      const next = text.charCodeAt(first.start + first.length);
      return next <= 32 || next === 45 || next === 47 || next === 0xa0;
    }
    case "n": {
      if (sign !== 47) return false;
      const isEnded = text.startsWith("*/", text.length - 2) && text.length - second.start >= 4;
      return isEnded || text.charCodeAt(second.start - 1) <= 32;
    }
    default:
      return false;
  }
}

/** A second query behind the value. */
function judgeUnion(shape: SqlShape): boolean {
  const { classes } = shape;
  if (classes.length === 2 && classes.charAt(1) === "U") {
    // Parameters that are joined later: the comment hides what is between.
    return "1nsv)".includes(classes.charAt(0)) && shape.fold.reader.comments > 0;
  }
  const place = classes.search(/U\(?E/);
  if (place < 0 || classes.startsWith("o")) return false;
  const rest = classes.slice(classes.indexOf("E", place) + 1);
  if (rest === "o" && shape.fold.count < foldedTokensMax) return false;
  if (shape.isClosed || /^[1vs)]/.test(classes)) return true;
  return rest === "" ? place > 2 : /^(?:[1vsofk(]|n[kco(,;])/.test(rest);
}

/** Index of what follows the value and the ")" that close what it stood in. */
function judgeRest(shape: SqlShape): boolean {
  const { classes } = shape;
  if (classes.startsWith("&")) return judgeLogic(shape, 0);
  if (!/^[1nsv)f]/.test(classes)) return false;
  const index = classes.startsWith("f()") ? 3 : classes.startsWith(")") || classes.charAt(1) !== ")" ? 1 : 2;
  switch (classes.charAt(index)) {
    case "&":
      return judgeLogic(shape, index);
    case "o":
    case ",":
      return judgeOperation(shape, index);
    case ";":
    case "T":
    case "E":
      return judgeStacked(shape, index);
    default:
      return judgeClause(shape, index);
  }
}

/** ORDER BY, INTO OUTFILE, COLLATE, a call or a comment right after the value. */
function judgeClause(shape: SqlShape, index: number): boolean {
  const { classes, isClosed, fold } = shape;
  const rest = classes.slice(index);
  const isName = classes.startsWith("n");
  switch (rest.charAt(0)) {
    case "c":
      return isCutting(shape, index) && (isClosed || classes.startsWith("1"));
    case "B": {
      const isOrdered = hasTrait(shape, index, wordTraits.phrase);
      const isCut = rest.includes("c");
      if (rest === "B1o") return false;
      if (isClosed) return /^B[1fv(]/.test(rest) || (isOrdered && (isCut || /^B.B/.test(rest)));
      if (/^B[1ns](?:$|c|U)/.test(rest) && isOrdered && !isName) return rest.startsWith("B1") || isCut;
      if (classes === "1B1" && isWord(shape, index, "LIMIT")) return true;
      return rest.startsWith("B1") && (isOrdered ? isCut : fold.reader.comparisons > 0);
    }
    case "k": {
      const isOutput = isWord(shape, index, "INTO OUTFILE") || isWord(shape, index, "INTO DUMPFILE");
      return (
        (isOutput && /^k[sv1f(]/.test(rest)) || (isWord(shape, index, "PROCEDURE ANALYSE") && rest.startsWith("k("))
      );
    }
    case "A":
      return isClosed && /^A[tn][U&B)]/.test(rest);
    case "f":
      if (/^f\([1s]\)/.test(rest) && (isWord(shape, index, "LIKE") || isWord(shape, index, "NOT LIKE")))
        return isClosed;
      return isClosed && isCall(shape, index, "plain");
    case "(":
      return (
        /^\(E(?:f|o|1k)/.test(rest) &&
        isWord(shape, index + 1, "SELECT") &&
        (!rest.startsWith("(Eo") || isStar(shape, index + 2))
      );
    default:
      return false;
  }
}
