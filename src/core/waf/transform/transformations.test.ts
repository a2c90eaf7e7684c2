// Every transformation: cases from the reference, and what all of them promise (total, identity without a trigger byte, bounded growth).
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { assert as holds, constantFrom, integer, oneof, property, string } from "fast-check";
import { maskHas } from "./bytes.ts";
import { transformationNames, transformationOf } from "./transformations.ts";
import type { Transformation, WafHashes } from "./transformation.ts";

const digest = (kind: string) => (bytes: string) =>
  createHash(kind).update(Buffer.from(bytes, "latin1")).digest("latin1");
const hashes: WafHashes = { sha1: digest("sha1"), md5: digest("md5") };

function named(name: string): Transformation {
  const found = transformationOf(name, hashes);
  assert.ok(found, name);
  return found;
}

/** Name, then pairs of input and output. */
const cases: readonly (readonly [string, ...(readonly [string, string])[]])[] = [
  [
    "base64decode",
    ["VGVzdENhc2U=", "TestCase"],
    ["VGVzdENhc2U", "TestCa"],
    ["VGVz\r\ndENh", "TestCa"],
    ["VGVz!dENh", "Tes"],
    ["VA", ""],
    ["VA==", "T"],
    ["VA=\n=", "T"],
    ["VGU=", "Te"],
    ["V", ""],
    ["", ""],
  ],
  ["base64decodeext", ["VGVz!dENh", "TestCa"], ["P.HNjcmlwdA", "<script"], ["VGVzdA==", "Test"], ["VG", "T"]],
  ["base64encode", ["TestCase", "VGVzdENhc2U="], ["Te\0s", "VGUAcw=="], ["abc", "YWJj"], ["", ""]],
  [
    "cmdline",
    ['C^md "A"', "cmd a"],
    ["a ,;b", "a b"],
    ["a /b", "a/b"],
    ["a (b", "a(b"],
    ["a\\b'c", "abc"],
    ["a ", "a "],
    [" a", " a"],
    ["\t/", "/"],
    ["a\vb", "a\vb"],
  ],
  ["compresswhitespace", [" \v\f\r\nb", " b"], ["a b", "a b"], ["a\tb", "a b"], ["a \xa0 b", "a \xa0 b"]],
  [
    "cssdecode",
    ["a\\61 b", "aab"],
    ["\\ff1c", "<"],
    ["\\00ff1c", "<"],
    ["\\123456", "V"],
    ["\\", ""],
    ["a\\\nb", "ab"],
    ["j\\a\\v\\a", "j\nv\n"],
    ["\\g\\", "g"],
    ["\\\\a", "\\a"],
  ],
  [
    "escapeseqdecode",
    ["\\x41\\101\\n", "AA\n"],
    ["\\x4", "x4"],
    ["\\?\\'\\\"\\\\", "?'\"\\"],
    ["\\777", "\xff"],
    ["\\u0061\\", "u0061\\"],
    ["\\e\\x41", "eA"],
    ["\\8\\08", "8\x008"],
  ],
  ["hexdecode", ["54657374", "Test"], ["414", "A"], ["zz41", "SA"], ["", ""]],
  ["hexencode", ["Test\0\xff", "5465737400ff"]],
  [
    "htmlentitydecode",
    ["&lt;&LT&gt;", "<<>"],
    ["&#60;&#x3c;&#X3C", "<<<"],
    ["&ltx", "&ltx"],
    ["&amp;lt;", "&lt;"],
    ["&nbsp;", "\xa0"],
    ["&#316", "<"],
    ["&#;&#x;&", "&#;&#x;&"],
    ["&#xffffffffffffffffffffff", "\xff"],
    ["&#99999999999999999999", "\xff"],
    ["&#x0000000000000000000000003c", "<"],
    ["&&quot;&apos;", '&"&apos;'],
    ["&lbrace;", "&lbrace;"],
  ],
  [
    "jsdecode",
    ["\\u0061\\uff1c", "a<"],
    ["\\x41\\101\\47", "AA'"],
    ["\\400", " 0"],
    ["\\q\\8", "q8"],
    ["\\a\\b\\f\\n\\r\\t\\v", "\x07\b\f\n\r\t\v"],
    ["\\", "\\"],
    ["\\\\x41", "\\x41"],
    ["\\u00", "u00"],
  ],
  ["length", ["", "0"], ["a\0b", "3"]],
  ["lowercase", ["ABC\xc0d", "abc\xc0d"], ["ABC", "abc"]],
  ["uppercase", ["abc\xe0D", "ABC\xe0D"]],
  [
    "normalizepath",
    ["/foo/../bar", "/bar"],
    ["//a//b", "/a/b"],
    ["a/./b", "a/b"],
    ["a/../../b", "../b"],
    ["/../a", "/a"],
    ["/a/b/..", "/a"],
    ["/a/b/.", "/a/b"],
    ["a/b/../", "a/"],
    [".", ""],
    ["./", ""],
    ["..", ".."],
    ["../", "../"],
    ["/..", ""],
    ["/../", "/"],
    ["/", "/"],
    ["...", "..."],
    ["/a/.b", "/a/.b"],
    ["a\0/../b", "b"],
  ],
  ["normalisepath", ["a//b", "a/b"]],
  ["normalizepathwin", ["a\\b", "a/b"], ["..\\a", "../a"], ["C:\\a\\..\\b", "C:/b"], ["a/..\\b", "b"]],
  ["normalisepathwin", ["a\\\\b", "a/b"]],
  ["parityeven7bit", ["ac\xff", "\xe1c\x7f"]],
  ["parityodd7bit", ["ac\xff", "a\xe3\xff"]],
  ["parityzero7bit", ["a\x80\xff", "a\0\x7f"]],
  [
    "removecomments",
    ["a/*b*/c", "ac"],
    ["a<!--b-->c", "ac"],
    ["a--b", "a"],
    ["a#b", "a"],
    ["a/*b", "a "],
    ["a/*b*/", "a\0"],
    ["a/*b*/#c", "a#c"],
    ["/*/", " "],
    ["a-b", "a-b"],
  ],
  ["removecommentschar", ["a/*b*/c", "abc"], ["a<!--b-->c", "abc"], ["a--b#c", "abc"], ["--->", "->"]],
  ["removenulls", ["a\0b\0", "ab"]],
  ["replacenulls", ["a\0b", "a b"]],
  ["removewhitespace", ["a \t\v\xa0b", "ab"], ["a\xc2\xa0b", "ab"]],
  ["replacecomments", ["a/*b*/c", "a c"], ["a/*b", "a "], ["/*/x", " "], ["a*/b", "a*/b"], ["/*a*//*b*/", "  "]],
  [
    "sqlhexdecode",
    ["0x414243", "ABC"],
    ["0x41424", "AB4"],
    ["a0X4a4b,0x4c", "aJK,L"],
    ["0x", "0x"],
    ["x\x000x41", "x\0A"],
  ],
  ["trim", [" a\v", "a"], ["\xa0a\0", "\xa0a\0"], ["  ", ""]],
  ["trimleft", [" a ", "a "]],
  ["trimright", [" a ", " a"]],
  ["urldecode", ["a+b%41", "a bA"], ["%4%41", "%4A"], ["%u0041", "%u0041"], ["%", "%"], ["%%41", "%A"]],
  [
    "urldecodeuni",
    ["%u0041%U0042", "AB"],
    ["%uff1c%UFF1C", "<<"],
    ["%u0141", "A"],
    ["%u4%u00zz%u", "%u4%u00zz%u"],
    ["%41+", "A "],
    ["%%u0041", "%A"],
  ],
  ["urlencode", ["a-b c*\0\xff", "a%2db+c*%00%ff"]],
  [
    "utf8tounicode",
    ["\xc3\xa9", "%u00e9"],
    ["\xe2\x82\xac", "%u20ac"],
    ["\xf0\x9f\x98\x80", "%u1f600"],
    ["\xc0\xaf", "%u002f\xc0"],
    ["\xed\xa0\x80", "%ud800\xed"],
    ["a\xffb\xc3", "a\xffb\xc3"],
    ["\xe2\x82a", "\xe2\x82a"],
  ],
  ["md5", ["", "\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e"]],
];

const bytes = oneof(
  string({ unit: integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 60 }),
  string({ unit: constantFrom(..."\\uxX01aAfF%+&#;lt/*-<!>. \t\n\"'^,(\0\xa0\xc3\xa9\xff".split("")), maxLength: 60 }),
);

describe("transformations", () => {
  for (const [name, ...pairs] of cases) {
    it(`${name} does what the reference says`, () => {
      for (const [input, output] of pairs) assert.equal(named(name).apply(input), output, JSON.stringify(input));
    });
  }

  it("knows every name of the reference and no other", () => {
    assert.equal(transformationNames.length, 38);
    assert.equal(transformationOf("rot13", hashes), undefined);
    for (const name of transformationNames) assert.equal(named(name).name, name);
  });

  for (const name of transformationNames) {
    it(`${name}: identity without a trigger byte, growth bounded, bytes stay bytes`, () => {
      const one = named(name);
      const trigger = one.trigger;
      const check = (value: string) => {
        const out = one.apply(value);
        assert.ok(out.length <= Math.max(1, value.length) * one.growthMax);
        assert.doesNotMatch(out, /[\u0100-\uffff]/);
        if (trigger === undefined) return;
        const without = value
          .split("")
          .filter((byte) => !maskHas(trigger, byte.charCodeAt(0)))
          .join("");
        assert.equal(one.apply(without), without);
      };
      holds(property(bytes, check), { numRuns: 500 });
    });
  }

  it("a unicode map decides over code units, the low byte where it says nothing", () => {
    const mapped = transformationOf("urldecodeuni", hashes, { unicodeMap: new Map([[0x2329, 0x3c]]) });
    assert.equal(mapped?.apply("%u2329%u0141%uff1e"), "<A>");
  });

  it("stays linear on a megabyte of what it looks for", () => {
    for (const name of transformationNames) {
      for (const unit of ["/*", "\\", "%u", "&#", "../", "--", " ", "<!--"]) {
        const value = unit.repeat(200_000 / unit.length);
        assert.ok(named(name).apply(value).length <= value.length * named(name).growthMax);
      }
    }
  });
});
