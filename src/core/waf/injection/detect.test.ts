// SQL and script in values: attacks are found in every spelling that means the same, what people and programs send is not, and no value takes long.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { scriptAttacks, sqlAttacks } from "./attacks.fixture.ts";
import { benignValues } from "./benign.fixture.ts";
import { detectSqli } from "./detect-sqli.ts";
import { detectXss } from "./detect-xss.ts";
import { emptyHtmlReader, readHtml, startHtml } from "./html-reader.ts";
import { emptyFold, foldSql } from "./sql-fold.ts";
import { emptyReader, readToken } from "./sql-lexer.ts";
import { emptyToken } from "./sql-token.ts";

/** Spellings that a database takes for the same: the verdict must not change. */
const sqlSpellings: readonly (readonly [string, (value: string) => string])[] = [
  ["upper case", (value) => value.toUpperCase()],
  ["lower case", (value) => value.toLowerCase()],
  ["doubled white space", (value) => value.replace(/ /g, "  ")],
  ["tabs", (value) => value.replace(/ /g, "\t")],
  // A variable's name may hold that byte: it is part of letters in UTF-8.
  ["0xA0", (value) => (value.startsWith("@") ? value : value.replace(/ /g, "\xa0"))],
];

/** Where a comment stands for a space outside strings: only values without quotes, so that no string changes. */
function commentsForSpaces(value: string): string | undefined {
  return /['"`#{]|--|\/\*/.test(value) ? undefined : value.trim().replace(/ /g, "/**/");
}

describe("detectSqli", () => {
  it("finds attacks", () => {
    assert.deepEqual(
      sqlAttacks.filter((value) => !detectSqli(value).isSqli),
      [],
    );
    assert.ok(sqlAttacks.length >= 180);
  });
  for (const [spelling, respell] of sqlSpellings)
    it(`finds them in ${spelling}`, () => {
      assert.deepEqual(
        sqlAttacks.filter((value) => !detectSqli(respell(value)).isSqli),
        [],
      );
    });
  it("finds them with comments between the words", () => {
    const respelled = sqlAttacks.flatMap((value) => commentsForSpaces(value) ?? []);
    assert.ok(respelled.length > 60);
    assert.deepEqual(
      respelled.filter((value) => !detectSqli(value).isSqli),
      [],
    );
  });
  it("finds them with other numbers", () => {
    for (const digit of ["2", "7"]) {
      const respelled = sqlAttacks.map((value) => value.replace(/(?<![\w.:!%])1(?![\w.])/g, `${digit}3`));
      assert.deepEqual(
        respelled.filter((value) => !detectSqli(value).isSqli),
        [],
      );
    }
  });
  it("lets pass what people and programs send", () => {
    assert.ok(benignValues.length >= 200);
    assert.deepEqual(
      benignValues.filter(([, value]) => detectSqli(value).isSqli),
      [],
    );
  });
  it("names the context's classes, five at most, and nothing for a clean value", () => {
    assert.deepEqual(detectSqli("x' or 1=1--"), { isSqli: true, fingerprint: "s&1c" });
    assert.deepEqual(detectSqli('x" union select a, b from c'), { isSqli: true, fingerprint: "sUEnk" });
    assert.deepEqual(detectSqli("1 /*!00000or*/ 1"), { isSqli: true, fingerprint: "X" });
    assert.deepEqual(detectSqli("x"), { isSqli: false, fingerprint: "" });
  });
  it("never throws, forgets what it read before, and says what it said", () => {
    const piece = fc.constantFrom(
      ...sqlAttacks,
      "'",
      '"',
      "/*",
      "*/",
      "--",
      "#",
      "q'",
      "$a$",
      "@",
      "`",
      "[",
      "{",
      "\\",
      "\xa0",
      "0x",
      "e'",
      "union ",
      "select ",
      "(",
      ")",
      ";",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string({ unit: "binary-ascii" })), { maxLength: 8 }),
        fc.constantFrom(...sqlAttacks),
        (parts, other) => {
          const value = parts.join("");
          const first = detectSqli(value);
          detectSqli(other);
          assert.deepEqual(detectSqli(value), first);
          assert.ok(first.fingerprint.length <= 5);
          assert.equal(first.fingerprint !== "", first.isSqli);
        },
      ),
    );
  });
});

describe("detectXss", () => {
  it("finds attacks", () => {
    assert.deepEqual(
      scriptAttacks.filter((value) => !detectXss(value)),
      [],
    );
  });
  it("finds them in other spellings", () => {
    const spellings: readonly ((value: string) => string)[] = [
      (value) =>
        value.replace(/[a-z]+(?=[^a-z;])/gi, (word) => (/^x[0-9a-f]*$/i.test(word) ? word : word.toUpperCase())),
      (value) => value.replace(/ /g, "\n"),
      (value) => value.replace(/ /g, "  "),
      (value) => `some text ${value}`,
      (value) => `${value} and more`,
    ];
    for (const respell of spellings)
      assert.deepEqual(
        scriptAttacks.filter((value) => !detectXss(respell(value))),
        [],
      );
  });
  it("lets pass what people and programs send", () => {
    assert.deepEqual(
      benignValues.filter(([, value]) => detectXss(value)),
      [],
    );
  });
  it("never throws and forgets what it read before", () => {
    const piece = fc.constantFrom(
      ...scriptAttacks,
      "<",
      ">",
      "</",
      "<!--",
      "--!>",
      "<![CDATA[",
      "<%",
      "=",
      "'",
      '"',
      "`",
      "&#",
      "&#x",
      "/",
      "\0",
      "<a ",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string({ unit: "binary-ascii" })), { maxLength: 8 }),
        fc.constantFrom(...scriptAttacks),
        (parts, other) => {
          const value = parts.join("");
          const first = detectXss(value);
          detectXss(other);
          assert.equal(detectXss(value), first);
        },
      ),
    );
  });
});

/** Pieces whose repetition would show work that grows faster than the value. */
const pumps: readonly string[] = [
  "a ",
  "1+",
  "(",
  ")",
  "'",
  '"',
  "''",
  "\\'",
  "/*",
  "/*/",
  "*/",
  "--",
  "-- \n",
  "#",
  "$",
  "$a",
  "$a$",
  "$$",
  "@",
  "@`",
  "`",
  "[",
  "]",
  "{a ",
  "{",
  "}",
  "q'",
  "q'(",
  "nq'",
  "u&'",
  "e'",
  "x'0",
  "b'0",
  "0x",
  "1e",
  "1.",
  ".",
  ",",
  "1,",
  "1,-",
  "- ",
  "a.b",
  "select.",
  "union all ",
  "or ",
  "a or ",
  ";",
  "; if",
  ":",
  "::int",
  "like ",
  "in ",
  "collate a_",
  "\\",
  "int ",
  "not ",
];

describe("SQL in long values", () => {
  it("reads each byte a bounded number of times, whatever repeats", () => {
    for (const pump of pumps) {
      const [short, long] = [pump.repeat(2000), pump.repeat(4000)].map(countSteps);
      assert.ok(
        short !== undefined && long !== undefined && long <= short * 2.2 + 50,
        `${JSON.stringify(pump)}: ${short} then ${long}`,
      );
    }
  });
  it("folds each token once", () => {
    for (const pump of pumps) {
      const fold = emptyFold();
      const text = pump.repeat(4000);
      for (const quote of [0, 39, 34]) {
        foldSql(fold, text, { quote, isMysql: quote === 34 });
        assert.ok(fold.reader.tokens <= text.length + 1);
        assert.ok(fold.count <= 5);
      }
    }
  });
});

/** Reads of characters, counted by a string that counts them. */
function countSteps(text: string): number {
  let steps = 0;
  const counting = new Proxy(Object(text) as object, {
    get: (_, name) => {
      if (name === "length") return text.length;
      const value: unknown = Reflect.get(String.prototype, name);
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, text, parameters);
        steps += stepsOf(String(name), text, parameters, result);
        return result;
      };
    },
  }) as unknown as string;
  const reader = { ...emptyReader(), text: counting };
  const token = emptyToken();
  while (readToken(reader, token)) steps += 1;
  const html = emptyHtmlReader();
  for (const context of ["data", "unquoted", "single", "double", "tick"] as const) {
    startHtml(html, counting, context);
    while (readHtml(html)) steps += 1;
  }
  return steps;
}

/** What a call of a string's method reads: a search from its beginning to what it found, a piece its length. */
function stepsOf(name: string, text: string, parameters: readonly unknown[], result: unknown): number {
  if (name === "indexOf") return (result === -1 ? text.length : Number(result)) - Number(parameters[1] ?? 0) + 1;
  return typeof result === "string" ? result.length : 1;
}
