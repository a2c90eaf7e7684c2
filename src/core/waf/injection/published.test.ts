// The part of libinjection's test files that lies beside the repository: tokens, foldings, verdicts, HTML tokens. Then each
// input is respelled as a database or browser would not notice, and the verdict must stay: no rule may know a test's subject.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import { detectSqli } from "./detect-sqli.ts";
import { detectXss } from "./detect-xss.ts";
import { emptyHtmlReader, readHtml, startHtml } from "./html-reader.ts";
import { foldedTokens, sqlTokens } from "./sql-tokens.ts";
import type { SqlToken } from "./verdict.ts";

const folder = path.resolve(import.meta.dirname, "../../../..", "../shared/data/libinjection-tests");
const missing = "libinjection's test files (../shared/data/libinjection-tests)";
const plain = { quote: 0, isMysql: false };

interface Published {
  readonly file: string;
  readonly input: string;
  readonly expected: string;
}

/** The files whose name begins with `kind`. Their authors' editors ended lines and files with white space: it is not part of the input. */
function read(kind: string): readonly Published[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(`test-${kind}-`))
    .map((file) => {
      const text = readFileSync(path.join(folder, file), "latin1");
      const [, input = "", expected = ""] = /--INPUT--\n([^]*?)\n?--EXPECTED--\n?([^]*)$/.exec(text) ?? [];
      return { file, input: input.replace(/[ \t\r\n]+$/, ""), expected: expected.trim() };
    });
}

function print(tokens: readonly SqlToken[]): string {
  return tokens
    .map(({ type, open, value, close }) => `${type} ${open}${value}${close}`)
    .join("\n")
    .trim();
}

function printHtml(input: string): string {
  const reader = emptyHtmlReader();
  startHtml(reader, input, "data");
  const lines: string[] = [];
  while (readHtml(reader))
    lines.push(`${reader.type},${reader.length},${input.slice(reader.start, reader.start + reader.length)}`);
  return lines.join("\n").trim();
}

function printVerdict(input: string): string {
  return detectSqli(input).fingerprint;
}

const kinds: readonly (readonly [string, number, (input: string) => string])[] = [
  ["tokens", 139, (input) => print(sqlTokens(input, plain))],
  ["folding", 83, (input) => print(foldedTokens(input, plain))],
  ["sqli", 39, printVerdict],
  ["html5", 45, printHtml],
];

describe("libinjection's test files", () => {
  for (const [kind, filesMin, run] of kinds)
    it(`${kind}: as expected`, (context) => {
      if (!skipUnless(context, existsSync(folder), missing)) return;
      const files = read(kind);
      assert.ok(files.length >= filesMin, `${files.length} files`);
      for (const { file, input, expected } of files) assert.equal(run(input), expected, file);
    });
});

/** Spellings of SQL that mean the same. Undefined where a value has no such spelling. */
const sqlSpellings: readonly (readonly [string, (value: string) => string | undefined])[] = [
  ["case", (value) => swapCase(value)],
  ["more white space", (value) => value.replace(/ /g, "  ")],
  ["tabs", (value) => value.replace(/ /g, "\t")],
  ["other numbers", (value) => value.replace(/(?<![\w.$!])[1-9](?![\w.])/g, "47")],
  ["other names", (value) => value.replace(/\b(?:foo|bar|zap|blah|junk)\b/gi, (name) => `q${name}q`)],
  ["comments for spaces", (value) => (/['"`#]|--|\/\*/.test(value) ? undefined : value.replace(/ /g, "/* */"))],
];

function swapCase(value: string): string {
  return value.replace(/[a-z]/gi, (letter) => (letter < "a" ? letter.toLowerCase() : letter.toUpperCase()));
}

describe("libinjection's inputs, respelled", () => {
  for (const [spelling, respell] of sqlSpellings)
    it(`SQL: ${spelling}`, (context) => {
      if (!skipUnless(context, existsSync(folder), missing)) return;
      for (const { file, input } of [...read("sqli"), ...read("folding"), ...read("tokens")]) {
        const respelled = respell(input);
        if (respelled === undefined) continue;
        // A comment can be what gives an attack away: it must not hide one, but may show one.
        if (spelling.startsWith("comments") && !detectSqli(input).isSqli) continue;
        assert.equal(detectSqli(respelled).isSqli, detectSqli(input).isSqli, `${file}: ${respelled.slice(0, 80)}`);
      }
    });
  it("SQL: the other quotes", (context) => {
    if (!skipUnless(context, existsSync(folder), missing)) return;
    for (const { file, input } of read("sqli")) {
      const kinds = new Set(input.match(/['"]/g));
      // MySQL alone has strings in double quotes, and reads "--x" as two signs.
      if (kinds.size !== 1 || /--\S/.test(input)) continue;
      const respelled = input.replace(/['"]/g, (quote) => (quote === "'" ? '"' : "'"));
      assert.equal(detectSqli(respelled).isSqli, detectSqli(input).isSqli, `${file}: ${respelled}`);
    }
  });
  it("HTML: case, white space, quotes, what stands around", (context) => {
    if (!skipUnless(context, existsSync(folder), missing)) return;
    const spellings: readonly ((value: string) => string)[] = [
      swapCase,
      (value) => value.replace(/ /g, "\n"),
      (value) => value.replaceAll("foo", "qux").replaceAll("bar", "quux"),
      (value) => `text ${value}`,
    ];
    for (const { file, input } of read("html5"))
      for (const respell of spellings)
        assert.equal(detectXss(respell(input)), detectXss(input), `${file}: ${respell(input)}`);
  });
});
