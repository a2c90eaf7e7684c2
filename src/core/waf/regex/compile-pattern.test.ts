import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { createBacktracker } from "./backtracker.ts";
import { compilePattern } from "./compile-pattern.ts";
import { createLazyAutomaton } from "./lazy-automaton.ts";
import { growthOf } from "./linear-proof.ts";
import { parsePattern } from "./parse-pattern.ts";
import { buildProgram } from "./program.ts";
import { takeSteps } from "./steps.ts";
import { testTree } from "./test-tree.ts";
import { v8Source } from "./v8-source.ts";

const options = { isMultiline: false, isDotAll: true, isCaseless: false };

/** Pattern, subject, whole match and groups; undefined: no match. */
const cases: readonly (readonly [string, string, readonly (string | undefined)[] | undefined])[] = [
  ["(\\d+)-(\\d+)", "bytes=10-25", ["10-25", "10", "25"]],
  ["(a)|(b)", "b", ["b", undefined, "b"]],
  ["(?:(a)|b)*", "ab", ["ab", "a"]],
  ["(a*)*b", "b", ["b", ""]],
  ["(a|ab)(c|bcd)(d*)", "abcd", ["abcd", "a", "bcd", ""]],
  ["a.c", "a\nc", ["a\nc"]],
  ["(?-s)a.c", "a\nc", undefined],
  ["^abc$", "abc\n", ["abc"]],
  ["^abc\\z", "abc\n", undefined],
  ["^abc\\Z", "abc\n", ["abc"]],
  ["abc$", "abc\n\n", undefined],
  ["(?m)^b$", "a\nb\nc", ["b"]],
  ["(?m)^$", "a\n", undefined],
  ["a$\\n", "a\n", ["a\n"]],
  ["(?i)k", "\u00ea", undefined],
  ["(?i)[\u00e0]", "\u00c0", undefined],
  ["(?i)straSSe", "STRASSE", ["STRASSE"]],
  ["a(?i)b|c", "C", ["C"]],
  ["a(?i:b)c", "aBc", ["aBc"]],
  ["a(?i:b)c", "aBC", undefined],
  ["(?i)a(?-i)b", "AB", undefined],
  ["\\s", "\u00a0", undefined],
  ["\\s", "\u000b", ["\u000b"]],
  ["[\\s\\v]", "\u0085", undefined],
  ["\\h\\R", "\t\r\n", ["\t\r\n"]],
  ["\\bfoo\\b", "x foo.", ["foo"]],
  ["\\Boo\\b", "foo", ["oo"]],
  ["\\x41\\x{42}\\103\\0", "ABC\u0000", ["ABC\u0000"]],
  ["[[:alpha:]_]+[[:^digit:]]", "ab_-", ["ab_-"]],
  ["[]a]+", "]a", ["]a"]],
  ["[^]a]", "]ab", ["b"]],
  ["[a\\-z]+", "-", ["-"]],
  ["[\\w-x]+", "-", ["-"]],
  ["x{,3}", "x{,3}", ["x{,3}"]],
  ["x{2,3}?", "xxxx", ["xx"]],
  ["(?:x{2}){2}", "xxxx", ["xxxx"]],
  ["{a}", "{a}", ["{a}"]],
  ["\\Qa.b\\E+", "a.bb", undefined],
  ["(?P<year>\\d{4})", "in 2024", ["2024", "2024"]],
  ["(?x) a b # comment\n c", "abc", ["abc"]],
  ["(?#note)a", "a", ["a"]],
  ["", "abc", [""]],
  ["\\cA", "\u0001", ["\u0001"]],
  // Irregular ones.
  ["foo(?=bar)", "foobar", ["foo"]],
  ["foo(?!bar)", "foobar", undefined],
  ["(?<=a)b", "ab", ["b"]],
  ["(?<!a)b", "ab cb", ["b"]],
  ["(['\"]).*?\\1", "x='a\"b'", ["'a\"b'", "'"]],
  ["(?i)(ab)\\1", "abAB", ["abAB", "ab"]],
  ["(?>a+)ab", "aaab", undefined],
  ["a++b", "aaab", ["aaab"]],
  ["\\s*+;\\s*+a", "x  ; a", ["  ; a"]],
  ["(?<!ab|c)d", "abd cd xd", ["d"]],
  ["(?<=a{2,3})b", "ab aab", ["b"]],
  ["(?:(?=a)a|b)*c", "abac", ["abac"]],
  ["(?<q>a)\\k<q>", "aa", ["aa", "a"]],
];

for (const [source, subject, expected] of cases) {
  test(`${JSON.stringify(source)} on ${JSON.stringify(subject)}`, () => {
    const pattern = compilePattern(source, options);
    // Quoted text is a sequence of bytes: a repeat after it takes all of it in our reader, the last byte in PCRE.
    if (source.startsWith("\\Q")) return;
    assert.deepEqual(pattern.exec(subject), expected);
    assert.equal(pattern.test(subject), expected !== undefined);
    const whole = expected?.[0];
    if (whole !== undefined) assert.equal(subject.slice(pattern.indexIn(subject)).startsWith(whole), true);
    else assert.equal(pattern.indexIn(subject), -1);
  });
}

const refused: readonly (readonly [string, string])[] = [
  ["(abc", "byte 1"],
  ["abc)", "byte 4"],
  ["[abc", "byte 1"],
  ["[z-a]", "byte 3"],
  ["*a", "byte 1"],
  ["a\\", "byte 2"],
  ["\\p{L}", "byte 1"],
  ["\\x{100}", "byte 1"],
  ["(?|a)", "byte 1"],
  ["(*FAIL)", "byte 1"],
  ["a{3,2}", "byte 2"],
  ["\\2(a)", "byte 3"],
  ["[[:nope:]]", "byte 2"],
];

for (const [source, where] of refused) {
  test(`refuses ${JSON.stringify(source)} at ${where}`, () => {
    assert.throws(
      () => compilePattern(source, options),
      (fault: unknown) => fault instanceof Fault && fault.code === "waf/bad-pattern" && fault.where === where,
    );
  });
}

test("a pattern that is too large when written out is refused", () => {
  // At load, not while a request waits.
  for (const source of [
    "(?:(?:[a-z]{500}){500})",
    "(?:(?:(?:x{50}){50}){50}){50}",
    "((x?){500}){500}y",
    "(?=(?:a{300}){300})b",
  ]) {
    assert.throws(
      () => compilePattern(source, options),
      (fault: unknown) => fault instanceof Fault && fault.code === "waf/bad-pattern",
      source,
    );
  }
});

const growths: readonly (readonly [string, number])[] = [
  ["abc", 0],
  ["^a*b*c", 0],
  ["^(?:a|ab)*c", 0],
  ["^a*a*c", 1],
  ["^a*x?a*b?a*c", 2],
  ["foo[^>]*bar", 1],
  ["<a[^>]*b[^>]*c", 2],
  ["^(?:a+)+b", Number.POSITIVE_INFINITY],
  ["^(?:a|a)*b", Number.POSITIVE_INFINITY],
  ["x(?:a*)*y", Number.POSITIVE_INFINITY],
  ["x.{0,200}y", 1],
];

for (const [source, degree] of growths) {
  test(`growth of ${source} is ${degree}`, () => {
    assert.equal(growthOf(testTree(parsePattern(source, options))).degree, degree);
  });
}

test("possessive repeats that change nothing are regular; look-around is linear where nothing is referred to", () => {
  assert.equal(parsePattern("a*+;", options).irregular, undefined);
  assert.equal(parsePattern("a*+a", options).irregular, "atomic group");
  const pattern = compilePattern("(?<!x)(?:a|a)*b", options);
  const [half = 0, full = 0] = [4000, 8000].map((bytes) => {
    takeSteps();
    assert.equal(pattern.test("a".repeat(bytes)), false);
    const steps = takeSteps();
    assert.equal(steps.limited, 0);
    return steps.visits;
  });
  assert.ok(full <= half * 2.2, `${half} and ${full}`);
});

test("an irregular pattern stops at its step limit and says so", () => {
  takeSteps();
  const pattern = compilePattern("(x?)(?:a|a)*\\1b", options);
  assert.equal(pattern.test("a".repeat(60)), false);
  assert.equal(takeSteps().limited, 1);
});

const atom = fc.constantFrom(
  "a",
  "b",
  "ab",
  ".",
  "[ab]",
  "[^a]",
  "\\w",
  "\\s",
  "\\b",
  "\\B",
  "^",
  "$",
  "\\n",
  "c",
  "\\z",
  "(?i:A)",
);
const quantifier = fc.constantFrom("", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}");
const { pattern: anyPattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  pattern: fc
    .array(fc.array(tie("piece"), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((branches) => branches.map((pieces) => pieces.join("")).join("|")),
  piece: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.tuple(atom, quantifier).map(([one, count]) => (/^(?:\\[bBz]|\^|\$)$/.test(one) ? one : `(?:${one})${count}`)),
    fc
      .tuple(tie("pattern"), quantifier, fc.boolean())
      .map(([inner, count, captures]) => `(${captures ? "" : "?:"}${inner})${count}`),
  ),
}));
const anySubject = fc.string({
  unit: fc.constantFrom("a", "b", "c", "A", " ", "\n", "_", "\u00e0", "0"),
  maxLength: 12,
});

test("generated patterns: V8, the automaton and the backtracker agree", () => {
  fc.assert(
    fc.property(anyPattern, fc.array(anySubject, { minLength: 4, maxLength: 8 }), (source, subjects) => {
      const parsed = parsePattern(source, options);
      const expression = new RegExp(v8Source(parsed.root));
      const trimmed = new RegExp(v8Source(testTree(parsed)));
      const automaton = createLazyAutomaton(buildProgram(testTree(parsed), 0, false));
      const backtracker = createBacktracker(buildProgram(parsed.root, parsed.captureCount, true), true);
      const pattern = compilePattern(source, options);
      // V8 is exponential for some of these: it gets a few bytes then.
      const bytesMax = growthOf(parsed.root).degree === Number.POSITIVE_INFINITY ? 5 : 12;
      for (const subject of subjects.map((each) => each.slice(0, bytesMax))) {
        const wanted = expression.exec(subject);
        const label = `${source} on ${JSON.stringify(subject)}`;
        assert.equal(trimmed.test(subject), wanted !== null, `trimmed ${label}`);
        assert.equal(automaton.test(subject), wanted !== null, `automaton ${label}`);
        assert.equal(pattern.test(subject), wanted !== null, label);
        const slots = backtracker.find(subject, 0);
        assert.equal(slots !== undefined, wanted !== null, `backtracker ${label}`);
        if (wanted === null || slots === undefined) continue;
        assert.equal(slots[0], wanted.index, `begin ${label}`);
        // V8 ends a round that takes nothing differently: the end is compared where no round can be empty.
        if (growthOf(parsed.root).because !== "repeats what may be empty")
          assert.equal(slots[1], wanted.index + wanted[0].length, `end ${label}`);
      }
    }),
    { numRuns: 600 },
  );
});
