// JSON bodies: names and values, what is an error, limits, and that chunks do not matter.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assert as holds, constantFrom, json, property, string } from "fast-check";
import { cuts, inPieces, recordBody, roomyLimits, type MakeParser } from "../../../../test/support/recorded-body.ts";
import { createJsonParser } from "./json.ts";

const make: MakeParser = (sink) => createJsonParser(sink, roomyLimits);
const pairsOf = (body: string, maker = make) =>
  Object.fromEntries(recordBody(maker, [body]).told.map(([, name, value]) => [name, value]));

const good: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [
    '{"a":{"b":[1,2,{"c":"x"}],"d":true,"e":null,"f":1.50e3},"":"y"}',
    {
      "json.a.b.array_0": "1",
      "json.a.b.array_1": "2",
      "json.a.b.array_2.c": "x",
      "json.a.d": "true",
      "json.a.e": "",
      "json.a.f": "1.50e3",
      "json.": "y",
    },
  ],
  ["[1,[2,3]]", { "json.array_0": "1", "json.array_1.array_0": "2", "json.array_1.array_1": "3" }],
  ['{"g":[],"h":{}}', { "json.g": "", "json.h": "" }],
  ['"x"', { json: "x" }],
  [" 5 ", { json: "5" }],
  ["null", { json: "" }],
  ["[]", {}],
  ["{}", {}],
  ["", {}],
  ['{"a":"\\u0041\\ud83d\\ude00\\ud800\\u00e9"}', { "json.a": "A\xf0\x9f\x98\x80?\xc3\xa9" }],
  ['{"a":"b\\/c\\n\\"\\\\"}', { "json.a": 'b/c\n"\\' }],
  ['{"\\u0061":"\\u0000b"}', { "json.a": "\0b" }],
  [
    '{"a":-0,"b":1e999,"c":12345678901234567890123}',
    { "json.a": "-0", "json.b": "1e999", "json.c": "12345678901234567890123" },
  ],
  ['{"a":"\xc3\xa9"}', { "json.a": "\xc3\xa9" }],
];

const bad: readonly string[] = [
  " ",
  '{"a":1}x',
  '{"a":1}{"b":2}',
  '{"a":1',
  '{"a":"b',
  '{"a"}',
  '{"a":01}',
  '{"a":1,}',
  "[1,]",
  "[,1]",
  "{'a':1}",
  "{a:1}",
  '{"a":tru}',
  '{"a":truex}',
  '{"a":"\\x"}',
  '{"a":"\\u12"}',
  '{"a":"x\ty"}',
  '{"a":"\xff"}',
  '{"a":1]',
  "[1}",
  '{"a" 1}',
  '{"a":1 "b":2}',
  "\xef\xbb\xbf{}",
  '{"a":+1}',
  '{"a":.5}',
  '{"a":NaN}',
  "[1 2]",
  "]",
  "// x\n{}",
];

describe("JSON bodies", () => {
  for (const [body, pairs] of good)
    it(body, () => {
      assert.deepEqual(pairsOf(body), pairs);
      assert.equal(recordBody(make, [body]).verdict.error, "");
    });

  for (const body of bad)
    it(`is an error: ${JSON.stringify(body)}`, () => assert.notEqual(recordBody(make, [body]).verdict.error, ""));

  it("duplicates are told each, and what stands before an error too", () => {
    const { told } = recordBody(make, ['{"a":1,"a":2}x']);
    assert.deepEqual(told, [
      ["argument", "json.a", "1"],
      ["argument", "json.a", "2"],
    ]);
    assert.deepEqual(pairsOf('{"a":"bad \\x \xff","b":"cut'), { "json.a": "bad \\x \xff", "json.b": "cut" });
  });

  it("names members of arrays by index when asked", () => {
    const maker: MakeParser = (sink) => createJsonParser(sink, roomyLimits, { arrayNames: "index" });
    assert.deepEqual(pairsOf('{"a":[{"b":1}]}', maker), { "json.a.0.b": "1" });
  });

  it("reads what JSON.stringify writes, however it is cut", () => {
    holds(
      property(json(), cuts, (text, places) => {
        const bytes = Buffer.from(text).toString("latin1");
        const whole = recordBody(make, [bytes]);
        assert.equal(whole.verdict.error, "");
        assert.deepEqual(recordBody(make, inPieces(bytes, places)), whole);
      }),
      { numRuns: 500 },
    );
  });

  it("agrees with JSON.parse on what is JSON, and chunks do not matter", () => {
    const texts = string({
      unit: constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "1", "-", "e", "t", "null", "true", "u00", " "),
      maxLength: 14,
    });
    holds(
      property(texts, cuts, (text, places) => {
        const whole = recordBody(make, [text]);
        let isJson = text === "";
        try {
          JSON.parse(text);
          isJson = true;
        } catch {
          isJson ||= false;
        }
        assert.equal(whole.verdict.error === "", isJson, text);
        assert.deepEqual(recordBody(make, inPieces(text, places)), whole);
      }),
      { numRuns: 5_000 },
    );
  });

  it("limits are named: depth, arguments, names, bytes", () => {
    const limitOf = (body: string, limits: Partial<typeof roomyLimits>) =>
      recordBody((sink) => createJsonParser(sink, { ...roomyLimits, ...limits }), [body]).verdict;
    assert.equal(limitOf("[[[]]]", { depthMax: 2 }).limit, "depthMax");
    assert.equal(limitOf("[[[]]]", { depthMax: 3 }).limit, "");
    assert.equal(limitOf("[1,2,3]", { argumentsMax: 2 }).limit, "argumentsMax");
    assert.equal(limitOf(`{"${"k".repeat(20)}":1}`, { nameBytesMax: 10 }).limit, "nameBytesMax");
    assert.equal(limitOf('{"a":"bcdef"}', { bytesMax: 8 }).limit, "bytesMax");
    assert.notEqual(limitOf("[1,2,3]", { argumentsMax: 2 }).error, "");
  });

  it("a million brackets, a million members and endless white space are bounded", () => {
    assert.equal(recordBody(make, ["[".repeat(1_000_000)]).verdict.limit, "depthMax");
    assert.equal(recordBody(make, ['{"a":'.repeat(1_000_000)]).verdict.limit, "depthMax");
    assert.equal(recordBody(make, [`[${"1,".repeat(1_000_000)}`]).verdict.limit, "argumentsMax");
    assert.deepEqual(
      recordBody(
        make,
        Array.from({ length: 100 }, () => " ".repeat(65_536)),
      ).told,
      [],
    );
    const long = recordBody(make, ['"', ...Array.from({ length: 1_000 }, () => "x\\n".repeat(300)), '"']);
    assert.equal(long.told[0]?.[2]?.toString().length, 600_000);
  });
});
