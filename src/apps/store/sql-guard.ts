// Judges a statement before the engine sees it: readers only read, and nobody reaches a file outside the spool folder or another host.
// An allow list where a table may stand, a deny list everywhere, one statement at a time. What cannot be cut into tokens is refused.
import {
  readerFirstWords,
  readerRefusedWords,
  readerSettings,
  readerShowWords,
  readerSystemTables,
  readerTableFunctions,
  refusedFunctionPrefixes,
  refusedFunctions,
} from "./guard-lists.ts";
import { SqlLexError, tokenize, type Token } from "./sql-tokens.ts";

export interface GuardContext {
  readonly role: "reader" | "writer";
  /** True for a path (as written) that, links followed, is a file of the spool folder. */
  readonly isSpoolFile: (path: string) => boolean;
  /** Names of the parameters given beside the statement. */
  readonly params: ReadonlySet<string>;
}

/** Undefined when the statement may run, else one clause that says why not. */
export function refusalOf(sql: string, context: GuardContext): string | undefined {
  try {
    const tokens = withoutTrailingSemicolon(tokenize(sql));
    if (tokens.length === 0) return "the statement is empty";
    if (tokens.some((token) => isSymbol(token, ";"))) return "more than one statement";
    const common = refusedCall(tokens, context) ?? refusedOutput(tokens) ?? refusedParameter(tokens, context.params);
    if (common !== undefined || context.role === "writer") return common;
    return refusedForReader(tokens);
  } catch (thrown) {
    if (thrown instanceof SqlLexError) return thrown.message;
    throw thrown;
  }
}

function refusedForReader(tokens: readonly Token[]): string | undefined {
  return (
    refusedStart(tokens) ??
    refusedWord(tokens) ??
    refusedTablePosition(tokens) ??
    refusedDatabase(tokens) ??
    refusedSettings(tokens)
  );
}

/** Names followed by "(": the deny list for both roles; `file` only for the writer and only on a spool file. */
function refusedCall(tokens: readonly Token[], context: GuardContext): string | undefined {
  for (const [index, token] of tokens.entries()) {
    if (!isName(token) || !isSymbol(tokens[index + 1], "(")) continue;
    const name = token.text.toLowerCase();
    if (!isRefusedName(name)) continue;
    if (context.role === "writer" && name === "file") {
      const path = tokens[index + 2];
      if (path?.kind === "string" && context.isSpoolFile(path.text)) continue;
      return "file() reads only files of the spool folder";
    }
    // `INSERT INTO t (url, file) SELECT`, `PRIMARY KEY (input)`: a name before "(" that is a table's, not a function's, is the writer's own business.
    if (context.role === "writer" && isTableBeforeColumns(tokens, index)) continue;
    return `the function ${token.text}() is not allowed here`;
  }
  return undefined;
}

function isTableBeforeColumns(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  return isWord(before, "into") || (isWord(before, "table") && isWord(tokens[index - 2], "create"));
}

function isRefusedName(lowerName: string): boolean {
  return refusedFunctions.has(lowerName) || refusedFunctionPrefixes.some((prefix) => lowerName.startsWith(prefix));
}

/** `INTO OUTFILE` and `FROM INFILE` write and read files of the host: nobody's. */
function refusedOutput(tokens: readonly Token[]): string | undefined {
  const found = tokens.find((token) => isWord(token, "outfile") || isWord(token, "infile"));
  return found === undefined ? undefined : `${found.text.toUpperCase()} is not allowed`;
}

function refusedStart(tokens: readonly Token[]): string | undefined {
  const first = tokens.find((token) => !isSymbol(token, "("));
  const name = first?.kind === "word" ? first.text.toLowerCase() : "";
  if (!readerFirstWords.has(name)) return `a reader's statement begins with SELECT, WITH, SHOW, DESCRIBE or EXPLAIN`;
  if (name === "show") return refusedShow(tokens);
  if (name === "explain") return refusedExplain(tokens);
  return undefined;
}

function refusedShow(tokens: readonly Token[]): string | undefined {
  const words = tokens.slice(1).map((token) => token.text.toLowerCase());
  const subject = words.find((word) => !["extended", "full"].includes(word)) ?? "";
  const isShowCreate = subject === "create" && ["table", "view"].includes(words[words.indexOf("create") + 1] ?? "");
  return readerShowWords.has(subject) || isShowCreate ? undefined : `SHOW ${subject.toUpperCase()} is not allowed`;
}

const explainWords = new Set(["plan", "pipeline", "syntax", "ast", "estimate", "query", "tree"]);

/** EXPLAIN may only explain a read; the options between are `word = value`, separated by commas. */
function refusedExplain(tokens: readonly Token[]): string | undefined {
  for (const token of tokens.slice(1)) {
    if (isWord(token, "select") || isWord(token, "with")) return undefined;
    const isOption = ["number", "word", "symbol", "string"].includes(token.kind);
    if (token.kind === "word" && ["table", "override"].includes(token.text.toLowerCase())) break;
    if (!isOption && !explainWords.has(token.text.toLowerCase())) break;
  }
  return "EXPLAIN explains only SELECT here";
}

function refusedWord(tokens: readonly Token[]): string | undefined {
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || !readerRefusedWords.has(token.text.toLowerCase())) continue;
    if (isWord(token, "create") && isWord(tokens[index - 1], "show")) continue;
    // A column of that name (`flow.update`, `update AS x`) has to be quoted; that is the price of a guard without a parser.
    return `the word ${token.text.toUpperCase()} is not allowed for a reader (quote it if it is a column)`;
  }
  return undefined;
}

const endsTables = new Set(
  "where prewhere group order limit settings format union having on using sample window qualify except intersect offset select".split(
    " ",
  ),
);
const beginsTables = new Set(["from", "join", "describe", "desc", "table", "exists"]);

/** Follows FROM lists by parenthesis depth: a call where a table may stand must be on the allow list. */
function refusedTablePosition(tokens: readonly Token[]): string | undefined {
  const inTables: boolean[] = [false];
  for (const [index, token] of tokens.entries()) {
    const depth = inTables.length - 1;
    if (isSymbol(token, "(")) {
      // `FROM (a JOIN f(x))`: a parenthesis that opens in table position is one itself.
      inTables.push(inTables[depth] === true && !isName(tokens[index - 1]));
      continue;
    }
    if (isSymbol(token, ")")) {
      if (depth > 0) inTables.pop();
      continue;
    }
    if (!isName(token)) continue;
    const name = token.text.toLowerCase();
    if (isSymbol(tokens[index + 1], "(") && isTablePosition(tokens, index, inTables[depth] === true)) {
      if (!readerTableFunctions.has(name)) return `the table function ${token.text}() is not allowed`;
    }
    if (token.kind !== "word") continue;
    if (beginsTables.has(name)) inTables[depth] = beginsTableList(tokens, index);
    else if (endsTables.has(name)) inTables[depth] = false;
  }
  return undefined;
}

/** `ORDER BY time DESC, f(x)` and a column named `table` begin no list of tables; `DESC t`, `DESCRIBE TABLE t`, `FROM t` do. */
function beginsTableList(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  const name = tokens[index]?.text.toLowerCase();
  if (name === "desc" || name === "describe") return before === undefined || isSymbol(before, "(");
  if (name === "table") return ["desc", "describe", "exists", "from", "join"].some((word) => isWord(before, word));
  return !isWord(before, "array");
}

const tableLeaders = new Set(["from", "join", "in", "table", "describe", "desc", "exists", "final"]);
const notTables = new Set(
  (
    "in exists select from join where on using as values and or not final sample global any all asof semi anti left right inner full " +
    "outer cross array union"
  ).split(" "),
);

function isTablePosition(tokens: readonly Token[], index: number, inTables: boolean): boolean {
  const token = tokens[index];
  if (token?.kind === "word" && notTables.has(token.text.toLowerCase()) && token.text.toLowerCase() !== "values")
    return false;
  const before = tokens[index - 1];
  if (before?.kind === "word") {
    const lead = before.text.toLowerCase();
    if (lead === "join" && isWord(tokens[index - 2], "array")) return false;
    // `EXTRACT(YEAR FROM toDate(x))`, `trim(BOTH ' ' FROM lower(x))`: refused as table functions; use the functional spelling.
    if (tableLeaders.has(lead)) return true;
  }
  return inTables && (isSymbol(before, ",") || isSymbol(before, "("));
}

/** `system.x` only from the list, `information_schema` not at all (it shows nothing more). */
function refusedDatabase(tokens: readonly Token[]): string | undefined {
  for (const [index, token] of tokens.entries()) {
    if (!isName(token)) continue;
    const name = token.text.toLowerCase();
    if (name === "information_schema") return "use system.tables and system.columns";
    if (name !== "system" || !isSymbol(tokens[index + 1], ".")) continue;
    const table = tokens[index + 2];
    if (table === undefined || !readerSystemTables.has(table.text)) return `system.${table?.text ?? ""} is not allowed`;
  }
  return undefined;
}

/** Each `name =` after SETTINGS must be a setting that a reader may give. */
function refusedSettings(tokens: readonly Token[]): string | undefined {
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, "settings")) continue;
    for (let at = index + 1; at < tokens.length; at += 4) {
      const name = tokens[at];
      if (name === undefined || !isName(name) || !isSymbol(tokens[at + 1], "=")) return "SETTINGS is not understood";
      if (!readerSettings.has(name.text) || isClamped(name.text)) return `the setting ${name.text} is not allowed here`;
      if (!["number", "string", "word"].includes(tokens[at + 2]?.kind ?? "")) return "SETTINGS is not understood";
      if (!isSymbol(tokens[at + 3], ",")) break;
    }
  }
  return undefined;
}

/** Guard rails are given beside the statement, where they are clamped, never inside it. */
function isClamped(setting: string): boolean {
  return setting.startsWith("max_") && setting !== "max_block_size" && setting !== "max_threads";
}

/** Placeholders take values, never names, and every one must be given: a session remembers what an earlier request set. */
function refusedParameter(tokens: readonly Token[], given: ReadonlySet<string>): string | undefined {
  for (const token of tokens) {
    if (isSymbol(token, "{") || isSymbol(token, "}")) return "a brace that is no {name:Type} placeholder";
    if (token.kind !== "parameter") continue;
    const [name = "", type = ""] = token.text.split(/:([\s\S]*)/).map((part) => part.trim());
    if (/^identifier$/i.test(type)) return "a parameter cannot be an identifier";
    if (!given.has(name)) return `the parameter ${name} has no value`;
  }
  return undefined;
}

function withoutTrailingSemicolon(tokens: readonly Token[]): readonly Token[] {
  let end = tokens.length;
  while (end > 0 && isSymbol(tokens[end - 1], ";")) end -= 1;
  return tokens.slice(0, end);
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === "symbol" && token.text === text;
}

function isWord(token: Token | undefined, lowerText: string): boolean {
  return token?.kind === "word" && token.text.toLowerCase() === lowerText;
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === "word" || token?.kind === "quoted";
}
