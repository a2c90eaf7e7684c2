// Tokens and foldings of a value as lists, in the notation of libinjection's published tests: for tests and explanations.
import { emptyFold, foldSql, textOf, type SqlContext } from "./sql-fold.ts";
import { emptyReader, readTail, readToken } from "./sql-lexer.ts";
import { emptyToken, tokenLengthMax, type LexedToken } from "./sql-token.ts";
import type { SqlToken } from "./verdict.ts";

function toToken(token: LexedToken, text: string): SqlToken {
  const type = String.fromCharCode(token.type);
  const isQuoted = type === "s" || type === "v";
  const signs = type === "v" ? "@".repeat(token.signs) : "";
  return {
    type,
    value: text.slice(0, tokenLengthMax),
    open: signs + (isQuoted && token.open !== 0 ? String.fromCharCode(token.open) : ""),
    close: isQuoted && token.close !== 0 ? String.fromCharCode(token.close) : "",
  };
}

/** Every token of `text`, unfolded. */
export function sqlTokens(text: string, context: SqlContext): readonly SqlToken[] {
  const reader = { ...emptyReader(), text, isMysql: context.isMysql };
  const token = emptyToken();
  const tokens: SqlToken[] = [];
  const push = (): number => tokens.push(toToken(token, text.slice(token.start, token.start + token.length)));
  if (context.quote !== 0 && text !== "") {
    readTail(reader, token, context.quote);
    push();
  }
  while (readToken(reader, token)) push();
  return tokens;
}

/** The folded tokens of `text`, at most five. */
export function foldedTokens(text: string, context: SqlContext): readonly SqlToken[] {
  const fold = emptyFold();
  foldSql(fold, text, context);
  return fold.tokens.slice(0, fold.count).map((token) => toToken(token, textOf(fold, token)));
}
