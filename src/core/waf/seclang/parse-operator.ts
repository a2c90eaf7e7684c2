// The second argument of a rule: `!@pmFromFile words.data`, `@rx ^a`, or an expression alone. Word lists are read through the port.
import { partsOf, skipBlanks, trimBlanks } from "./blanks.ts";
import { seclangLimits } from "./limits.ts";
import { knownOperators, neverReasons, operatorAliases, operatorNames, refusedOperators } from "./known-operators.ts";
import type { RuleFiles } from "./parsed.ts";
import type { Complaint } from "./parse-variables.ts";
import { hintFor } from "./problems.ts";
import type { RuleOperator } from "./rule-set.ts";

/** Where word lists come from, and who is told that one was read (for the digest). */
export interface WordSource {
  readonly reader: RuleFiles;
  /** The file whose rule names the list. */
  readonly from: string;
  readonly onRead: (path: string, text: string) => void;
  /** Lists that were read already. */
  readonly known: Map<string, readonly string[]>;
}

export interface ParsedOperator {
  readonly operator: RuleOperator | undefined;
  /** With an operator: a note. Without: why it was refused. */
  readonly complaint: Complaint | undefined;
}

export function parseOperator(text: string, source: WordSource): ParsedOperator {
  const isNegated = text[skipBlanks(text, 0)] === "!";
  const start = skipBlanks(text, 0);
  let index = isNegated ? skipBlanks(text, start + 1) : start;
  if (text[index] !== "@") return taken({ name: "rx", argument: text.slice(index), isNegated, words: [] });
  const at = index;
  const written = /^[A-Za-z0-9_]*/.exec(text.slice(at + 1, at + 65))?.[0] ?? "";
  index = skipBlanks(text, at + 1 + written.length);
  const argument = text.slice(index);
  const lower = written.toLowerCase();
  const name = operatorAliases.get(lower) ?? lower;
  const shape = knownOperators.get(name);
  if (shape === undefined) return refused(unknownOperator(written, at));
  switch (shape) {
    case "never": {
      // It stands for "was not found", which is what the peers say without a database.
      const hint = neverReasons.get(name) ?? "";
      const message = `@${written} never matches here`;
      const complaint = { code: "waf/never-matches", message, hint, index: at };
      return { operator: { name: "nomatch", argument, isNegated, words: [] }, complaint };
    }
    case "file":
      return fromFiles({ name, argument: trimBlanks(argument), isNegated, words: [] }, source, index);
    case "words": {
      const words = phrasesOf(argument);
      if (words.length > 0) return taken({ name, argument, isNegated, words });
      return refused({ code: "waf/empty-list", message: `@${written} names no words`, hint: "add words", index: at });
    }
    case "none":
      return taken({ name, argument, isNegated, words: [] });
    case "text": {
      if (argument === "" && needsArgument(name)) {
        const message = `@${written} needs an argument`;
        return refused({ code: "waf/missing-argument", message, hint: "see the reference", index: at });
      }
      return taken({ name, argument, isNegated, words: [] });
    }
  }
}

/** Phrases of @pm: parted by blanks; bytes may be written in hexadecimal between bars, as in `a|42 43|d`. */
function phrasesOf(argument: string): readonly string[] {
  return partsOf(argument.replace(/\|((?:[0-9a-fA-F]{2} ?)+)\|/g, (_, bytes: string) => bytesOf(bytes)));
}

function bytesOf(hexadecimal: string): string {
  return partsOf(hexadecimal.replace(/[0-9a-fA-F]{2}/g, "$& "))
    .map((byte) => String.fromCharCode(Number.parseInt(byte, 16)))
    .join("");
}

/** An empty text is what these may well be compared with. */
function needsArgument(name: string): boolean {
  return name === "ipmatch" || name === "validatebyterange";
}

function fromFiles(operator: RuleOperator, source: WordSource, index: number): ParsedOperator {
  const paths = partsOf(operator.argument);
  if (paths.length === 0) {
    const message = "the word list's file is missing";
    return refused({ code: "waf/missing-argument", message, hint: "name a file beside the rules", index });
  }
  let words: readonly string[] = [];
  for (const path of paths) {
    if (/^https?:\/\//i.test(path)) {
      const hint = "put the list into a file beside the rules";
      return refused({ code: "waf/remote-list", message: "lists are not fetched from elsewhere", hint, index });
    }
    const entries = listOf(path, source);
    if ("refused" in entries) {
      const message = `the word list ${path} cannot be read: ${entries.refused}`;
      return refused({ code: "waf/bad-word-list", message, hint: "name a file in the folder of the rules", index });
    }
    words = words.length === 0 ? entries : [...words, ...entries];
    if (words.length > seclangLimits.wordsMax || words.some((word) => word.length > seclangLimits.wordBytesMax)) {
      const message = `the word list ${path} is larger than ${seclangLimits.wordsMax} entries of ${seclangLimits.wordBytesMax} bytes`;
      return refused({ code: "waf/large-word-list", message, hint: "split it", index });
    }
  }
  if (words.length > 0) return taken({ ...operator, words });
  return {
    operator: { ...operator, words },
    complaint: { code: "waf/empty-list", message: "the word list is empty", hint: "the rule matches nothing", index },
  };
}

function listOf(path: string, source: WordSource): readonly string[] | { readonly refused: string } {
  const key = `${source.from}\0${path}`;
  const known = source.known.get(key);
  if (known !== undefined) return known;
  const text = source.reader.wordList(path, source.from);
  if (typeof text !== "string") return text;
  source.onRead(path, text);
  const entries = entriesOf(text);
  source.known.set(key, entries);
  return entries;
}

/** Entries of a word list: one a line, trimmed, comments and empty lines gone. */
export function entriesOf(text: string): readonly string[] {
  const entries: string[] = [];
  for (const line of text.split("\n")) {
    const entry = trimBlanks(line);
    if (entry !== "" && !entry.startsWith("#")) entries.push(entry);
  }
  return entries;
}

function unknownOperator(written: string, index: number): Complaint {
  const because = refusedOperators.get(written.toLowerCase());
  if (because !== undefined)
    return { code: "waf/unsupported-operator", message: `@${written} is not supported`, hint: because, index };
  const hint = hintFor(written, operatorNames, "see the reference for names of operators");
  return { code: "waf/unknown-operator", message: `there is no operator @${written}`, hint, index };
}

function taken(operator: RuleOperator): ParsedOperator {
  return { operator, complaint: undefined };
}

function refused(complaint: Complaint): ParsedOperator {
  return { operator: undefined, complaint };
}
