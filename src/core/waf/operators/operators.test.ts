// Every operator: cases from the reference, captures, macros, refusals; the word matcher against a naive search.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { array, assert as holds, constantFrom, property, string } from "fast-check";
import { Fault } from "../../../base/fault.ts";
import type { RuleOperator } from "../seclang/rule-set.ts";
import type { BoundOperator, OperatorScope } from "./operator.ts";
import { operatorMakers } from "./operators.ts";
import { createWordMatcher } from "./word-matcher.ts";

const scope: OperatorScope = {
  expand: (argument) => argument.replaceAll("%{tx.a}", "abc").replaceAll("%{tx.none}", ""),
};

function made(name: string, argument: string, words: readonly string[] = []): BoundOperator {
  const maker = operatorMakers.get(name);
  assert.ok(maker, name);
  const operator: RuleOperator = { name, argument, isNegated: false, words };
  return maker(operator);
}

interface Case {
  readonly name: string;
  readonly argument?: string;
  readonly words?: readonly string[];
  readonly yes: readonly string[];
  readonly no: readonly string[];
}

const cases: readonly Case[] = [
  { name: "contains", argument: "abc", yes: ["abc", "xabcx"], no: ["ABC", "", "ab"] },
  { name: "strmatch", argument: "abc", yes: ["xabcx"], no: ["aBc"] },
  { name: "contains", argument: "%{tx.none}", yes: ["", "x"], no: [] },
  {
    name: "containsword",
    argument: "abc",
    yes: ["abc", "x abc-d", "abc_d", "5abc1", "abcd abc"],
    no: ["xabcx", "Aabc"],
  },
  { name: "beginswith", argument: "%{tx.a}", yes: ["abc", "abcd"], no: ["xabc", "ab"] },
  { name: "endswith", argument: "abc", yes: ["xabc"], no: ["abcx"] },
  { name: "streq", argument: "%{tx.a}", yes: ["abc"], no: ["abcd", "ABC", ""] },
  { name: "within", argument: "abc,def", yes: ["abc", "", "c,d", "abc,def"], no: ["abcd", "abc,defg"] },
  { name: "eq", argument: "5", yes: ["5", " 5", "5x", "05", "+5"], no: ["", "x", "-5", "55"] },
  { name: "eq", argument: "0", yes: ["", "x", "0", "- 5"], no: ["1"] },
  { name: "ge", argument: "5", yes: ["5", "6", "99999999999999999999999"], no: ["4", "", "-99999999999999999999"] },
  { name: "gt", argument: "%{tx.none}", yes: ["1"], no: ["0", "-1"] },
  { name: "le", argument: "5", yes: ["5", "", "-1"], no: ["6"] },
  { name: "lt", argument: "5", yes: ["4", "x"], no: ["5"] },
  {
    name: "ipmatch",
    argument: "1.2.3.0/24, ::1,fd00::/8,5.6.7.8,1.2.0.0/16",
    yes: ["1.2.3.4", "1.2.9.9", "::1", "fd00::5", "5.6.7.8", "::ffff:1.2.3.4"],
    no: ["1.3.0.0", "::2", "5.6.7.9", "", "x", "1.2.3.4 ", "fe00::"],
  },
  { name: "ipmatchfromfile", argument: "f", words: ["10.0.0.0/8", "::1"], yes: ["10.1.1.1", "::1"], no: ["11.0.0.0"] },
  { name: "validatebyterange", argument: "32-126, 10,13", yes: ["a\0", "\xc3", "\t"], no: ["", "abc\r\n~"] },
  { name: "validateurlencoding", yes: ["a%4", "a%zz", "%", "%%41"], no: ["a%41", "", "abc", "%fF"] },
  {
    name: "validateutf8encoding",
    yes: ["a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe0\x80\xaf", "\x80", "\xf0\x9f\x98", "\xff"],
    no: ["", "abc\0", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"],
  },
  {
    name: "verifycc",
    argument: "\\d{13,16}",
    yes: ["card 4111111111111111.", "04111111111111111", "4111111111111112"],
    no: ["1234567890123", ""],
  },
  {
    name: "verifycpf",
    argument: "[0-9.-]{11,14}",
    yes: ["111.444.777-35", "11144477735"],
    no: ["111.111.111-11", "111.444.777-36"],
  },
  {
    name: "verifyssn",
    argument: "\\d{3}-?\\d{2}-?\\d{4}",
    yes: ["078-05-1120"],
    no: ["123-45-6789", "666-12-3456", "000-12-3456", "740-12-3456"],
  },
  { name: "verifysvnr", argument: "[0-9]{4} ?[0-9]{6}", yes: ["1237010180", "1237 010180"], no: ["1238010180"] },
  {
    name: "pm",
    argument: "",
    words: ["abc", "Ghi", "x|41 42|y"],
    yes: ["xABCx", "ghi", "xaby"],
    no: ["ab", "", "x|41 42|y"],
  },
  { name: "pmfromfile", argument: "", words: ["etc/passwd", "x y"], yes: ["/ETC/passwd", "ax yb"], no: ["etc"] },
  { name: "pm", argument: "", words: [""], yes: [], no: ["", "a"] },
  { name: "rx", argument: "a(b)?", yes: ["xab", "a"], no: ["b", ""] },
  { name: "rx", argument: "^%{tx.a}$", yes: ["abc"], no: ["abcd"] },
  { name: "rxglobal", argument: "a(b)?", yes: ["xab"], no: ["b"] },
  { name: "unconditionalmatch", yes: ["", "x"], no: [] },
  { name: "nomatch", yes: [], no: ["", "x"] },
  { name: "rbl", argument: "x.test", yes: [], no: ["1.2.3.4"] },
];

describe("operators", () => {
  for (const { name, argument = "", words, yes, no } of cases) {
    it(`${name} ${argument || (words?.join(" ") ?? "")}`, () => {
      const operator = made(name, argument, words);
      for (const value of yes) assert.ok(operator.evaluate(value, scope), `matches ${JSON.stringify(value)}`);
      for (const value of no) assert.equal(operator.evaluate(value, scope), undefined, JSON.stringify(value));
      assert.equal(operator.isPure, !argument.includes("%{"));
    });
  }

  it("captures as ModSecurity does", () => {
    assert.deepEqual(made("rx", "(a)(b)?").evaluate("xac", scope), { matched: "a", captures: ["a", "a", undefined] });
    assert.deepEqual(made("pm", "", ["ghi"]).evaluate("xGHIx", scope), { matched: "GHI", captures: ["GHI"] });
    assert.deepEqual(made("contains", "b").evaluate("abc", scope), { matched: "b", captures: [] });
    assert.deepEqual(made("rxglobal", "(\\d)x").evaluate("1x2x3", scope), {
      matched: "1x",
      captures: ["1x", "1", "2x", "2"],
    });
    assert.deepEqual(
      made("rxglobal", "(\\d)(x)?").evaluate("1x2345", scope)?.captures,
      "1x 1 x 2 2 3 3 4 4 5".split(" "),
    );
    assert.deepEqual(made("verifycc", "\\d{16}").evaluate("n 4111111111111111", scope)?.captures, ["4111111111111111"]);
  });

  it("refuses arguments that cannot be read, by name", () => {
    for (const [name, argument] of [
      ["ipmatch", "1.2.3.4/33"],
      ["ipmatch", "localhost"],
      ["validatebyterange", "5-3"],
      ["validatebyterange", "1-256"],
      ["rx", "("],
    ] as const)
      assert.throws(
        () => made(name, argument),
        (thrown) => thrown instanceof Fault && thrown.kind === "usage",
      );
  });

  it("a pattern that only macros make bad matches nothing", () => {
    assert.equal(made("rx", "%{tx.a}(").evaluate("abc(", scope), undefined);
  });

  it("many words are found where a naive search finds them first", () => {
    const letters = string({ unit: constantFrom("a", "b", "A"), maxLength: 12 });
    holds(
      property(array(letters, { maxLength: 6 }), letters, (words, value) => {
        const found = createWordMatcher(words).find(value);
        const lower = value.toLowerCase();
        let naive: string | undefined;
        for (let end = 1; end <= value.length && naive === undefined; end += 1)
          for (let start = 0; start < end && naive === undefined; start += 1)
            if (words.some((word) => word.toLowerCase() === lower.slice(start, end))) naive = value.slice(start, end);
        assert.equal(found, naive);
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds thousands of words", () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `word${String(index * 7919)}x`);
    const matcher = createWordMatcher(words);
    assert.equal(matcher.find(`${"word".repeat(10_000)}7919X`), "word7919X");
    assert.equal(matcher.find("word7919".repeat(10_000)), undefined);
  });
});
