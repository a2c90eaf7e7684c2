// Names in policies: what a star stands for, what is no name, and that the table finds what matching each pattern would.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createNameTable, matchesName, parseNamePattern } from "./name-pattern.ts";

const matches: readonly (readonly [string, string, boolean])[] = [
  ["example.com", "example.com", true],
  ["Example.COM.", "example.com", true],
  ["example.com", "www.example.com", false],
  ["example.com", "notexample.com", false],
  ["*.example.com", "www.example.com", true],
  ["*.example.com", "a.b.example.com", true],
  ["*.example.com", "example.com", false],
  ["*.example.com", ".example.com", false],
  ["*.example.com", "badexample.com", false],
  ["*.example.com", "www.example.com.evil.org", false],
  ["api.*.example.com", "api.eu.example.com", true],
  ["api.*.example.com", "api.eu.west.example.com", true],
  ["api.*.example.com", "api.example.com", false],
  ["api.*.example.com", "api.ex.example.org", false],
  ["www.*", "www.example.com", true],
  ["www.*", "www", false],
  ["*", "com", true],
  ["*", "a.b.c", true],
  ["_dmarc.example.com", "_dmarc.example.com", true],
];

test("a star is one or more whole labels", () => {
  for (const [written, name, expected] of matches) {
    const pattern = parseNamePattern(written);
    assert.ok(pattern, written);
    assert.equal(matchesName(pattern, name), expected, `${written} ${name}`);
    assert.equal(
      createNameTable([{ pattern: written, value: 1 }]).find(name).length,
      expected ? 1 : 0,
      `table: ${written} ${name}`,
    );
  }
});

test("what is no name is refused", () => {
  for (const written of [
    "",
    ".",
    "a..b",
    "*.*.com",
    "w*.example.com",
    "-a.com",
    "a-.com",
    "a b.com",
    "a/b",
    "x".repeat(64),
    `${"a.".repeat(130)}com`,
  ]) {
    assert.equal(parseNamePattern(written), undefined, written);
  }
});

test("the table finds what matching each pattern by itself finds, in order, each value once", () => {
  const label = fc.constantFrom("a", "b", "example", "com");
  const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
  const pattern = fc
    .tuple(fc.array(label, { maxLength: 2 }), fc.constantFrom("", "*"), fc.array(label, { minLength: 1, maxLength: 2 }))
    .map(([head, star, tail]) => [...head, ...(star === "" ? [] : [star]), ...tail].join("."));
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 8 }), name, (patterns, asked) => {
      const table = createNameTable(patterns.map((text, value) => ({ pattern: text, value })));
      const expected = patterns.flatMap((text, value) => {
        const parsed = parseNamePattern(text);
        return parsed !== undefined && matchesName(parsed, asked) ? [value] : [];
      });
      assert.deepEqual(table.find(asked), expected);
    }),
  );
});
