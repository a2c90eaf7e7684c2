import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { foldByte, hasByte } from "../regex/byte-set.ts";
import { compilePattern } from "../regex/compile-pattern.ts";
import type { Clause } from "../regex/pattern.ts";
import { createPrefilter } from "./create-prefilter.ts";
import { createWordMatcher } from "./create-word-matcher.ts";
import type { PrefilterEntry } from "./prefilter.ts";

function fold(text: string): string {
  return Array.from(text, (char) => String.fromCharCode(foldByte(char.charCodeAt(0)))).join("");
}

/** What a clause says, word by word. */
function holds(clause: Clause, value: string): boolean {
  if (clause.kind === "bytes") return Array.from(value).some((char) => hasByte(clause.mask, char.charCodeAt(0)));
  return clause.literals.some((literal) => fold(value).includes(fold(literal)));
}

function bit(bits: Uint32Array, index: number): boolean {
  return (((bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
}

const letter = fc.constantFrom("a", "b", "A", "B", "c", "<", "'", " ", "\u00c0", "\u00e0", "\u0000", "[", "{");
const word = fc.string({ unit: letter, minLength: 1, maxLength: 7 });
const value = fc.string({ unit: letter, maxLength: 24 });
const clause: fc.Arbitrary<Clause> = fc.oneof(
  fc
    .array(word, { minLength: 1, maxLength: 6 })
    .map((literals): Clause => ({ kind: "literals", literals, isCaseless: true })),
  fc.array(letter, { minLength: 1, maxLength: 4 }).map((letters): Clause => {
    const mask = new Uint32Array(8);
    for (const one of letters) mask[one.charCodeAt(0) >>> 5]! |= 1 << (one.charCodeAt(0) & 31);
    return { kind: "bytes", mask };
  }),
);
const entry: fc.Arbitrary<PrefilterEntry> = fc.array(clause, { maxLength: 4 });

test("an entry is a candidate when its clauses hold, and never left out; one clause is answered exactly", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 70 }), fc.array(value, { maxLength: 6 }), (entries, values) => {
      const prefilter = createPrefilter(entries);
      const second = createPrefilter([], prefilter.tables);
      for (const text of values) {
        const bits = prefilter.candidates(text);
        assert.deepEqual(second.candidates(text), bits, "shared tables answer alike");
        for (const [index, clauses] of entries.entries()) {
          const all = clauses.every((one) => holds(one, text));
          const label = `${JSON.stringify(clauses)} on ${JSON.stringify(text)}`;
          assert.ok(bit(bits, index) || !all, `left out: ${label}`);
          if (clauses.length <= 1) assert.equal(bit(bits, index), all, label);
          if (bit(prefilter.exact, index)) assert.equal(bit(bits, index), all, `exact: ${label}`);
        }
        for (let byte = 0; byte < 256; byte++)
          assert.equal(hasByte(prefilter.byteMask, byte), text.includes(String.fromCharCode(byte)));
      }
    }),
    { numRuns: 400 },
  );
});

test("nothing of a call is left for the next", () => {
  const prefilter = createPrefilter([[{ kind: "literals", literals: ["select", "'"], isCaseless: true }]]);
  assert.equal(prefilter.candidates("SELECT 1")[0], 1);
  assert.equal(prefilter.candidates("selec")[0], 0);
  assert.equal(prefilter.candidates("it's")[0], 1);
  assert.equal(prefilter.candidates("")[0], 0);
});

test("a word matcher finds the word that ends first, the longest of those", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), value, (words, text) => {
      const found = createWordMatcher(words).find(text);
      let wanted: { end: number; length: number } | undefined;
      for (const one of words) {
        const at = fold(text).indexOf(fold(one));
        if (at < 0) continue;
        const end = at + one.length;
        if (wanted === undefined || end < wanted.end || (end === wanted.end && one.length > wanted.length))
          wanted = { end, length: one.length };
      }
      assert.equal(found === undefined, wanted === undefined);
      if (found === undefined || wanted === undefined) return;
      assert.equal(fold(text.slice(found.index, found.index + found.word.length)), fold(found.word));
      assert.deepEqual({ end: found.index + found.word.length, length: found.word.length }, wanted);
    }),
  );
});

const options = { isMultiline: false, isDotAll: true, isCaseless: false };

/** Pattern, values it must be asked for, values it need not be asked for. */
const telling: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["(?i)union.*?select", ["UNION x Select"], ["union", "select", "reunion"]],
  ["^(?:GET|HEAD)$", ["GET"], ["POST", "ge"]],
  ["\\d{3}-x", ["123-x"], ["123"]],
  ["a[\"']*b[\"']*c", ["abc", "a'bc"], ["a b c", "acb"]],
  ["(?:cat|ls)[\\s<>]", ["cat /etc", "LS<"], ["cats", "ls"]],
  ["x(?:ab)+y", ["xababy"], ["xay", "by"]],
];

for (const [source, asked, spared] of telling) {
  test(`clauses of ${source}`, () => {
    const prefilter = createPrefilter([compilePattern(source, options).clauses]);
    for (const text of asked) assert.equal(prefilter.candidates(text)[0], 1, text);
    for (const text of spared) assert.equal(prefilter.candidates(text)[0], 0, text);
  });
}
