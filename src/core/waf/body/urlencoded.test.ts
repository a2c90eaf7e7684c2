// Forms and query strings: cases, limits, and that chunks do not matter.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assert as holds, constantFrom, property, string } from "fast-check";
import {
  cuts,
  flagsOf,
  inPieces,
  recordBody,
  roomyLimits,
  type MakeParser,
} from "../../../../test/support/recorded-body.ts";
import { createUrlencodedParser } from "./urlencoded.ts";

const make: MakeParser = (sink) => createUrlencodedParser(sink, roomyLimits);
const pairsOf = (body: string, maker = make) => recordBody(maker, [body]).told.map(([, name, value]) => [name, value]);

const cases: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    "a=1&b=2",
    [
      ["a", "1"],
      ["b", "2"],
    ],
  ],
  [
    "a=1&&b",
    [
      ["a", "1"],
      ["b", ""],
    ],
  ],
  [
    "=x&=",
    [
      ["", "x"],
      ["", ""],
    ],
  ],
  ["a+b=c+d", [["a b", "c d"]]],
  ["a=b=c", [["a", "b=c"]]],
  ["a%3db=%31%00", [["a=b", "1\0"]]],
  [
    "a=%4&b=%zz",
    [
      ["a", "%4"],
      ["b", "%zz"],
    ],
  ],
  [
    "a;b=1&a=\xff",
    [
      ["a;b", "1"],
      ["a", "\xff"],
    ],
  ],
  ["", []],
  ["&&", []],
];

describe("urlencoded bodies", () => {
  for (const [body, pairs] of cases) it(JSON.stringify(body), () => assert.deepEqual(pairsOf(body), pairs));

  it("invalid escapes set URLENCODED_ERROR, valid ones do not", () => {
    for (const body of ["a=%4", "%=1", "a=%%41"])
      assert.deepEqual(flagsOf(recordBody(make, [body])), ["URLENCODED_ERROR"], body);
    assert.deepEqual(flagsOf(recordBody(make, ["a=%41&b=+"])), []);
  });

  it("takes another separator", () => {
    const maker: MakeParser = (sink) => createUrlencodedParser(sink, roomyLimits, { separator: ";" });
    assert.deepEqual(pairsOf("a=1;b=2&3", maker), [
      ["a", "1"],
      ["b", "2&3"],
    ]);
  });

  it("chunks do not change what is told", () => {
    const bodies = string({ unit: constantFrom("a", "=", "&", "%", "4", "1", "+", "\xff"), maxLength: 60 });
    holds(
      property(bodies, cuts, (body, places) => {
        assert.deepEqual(recordBody(make, inPieces(body, places)), recordBody(make, [body]));
      }),
      { numRuns: 1_000 },
    );
  });

  it("limits end the reading and are named; what was read before is told", () => {
    const limited =
      (limits: Partial<typeof roomyLimits>): MakeParser =>
      (sink) =>
        createUrlencodedParser(sink, { ...roomyLimits, ...limits });
    const counted = recordBody(limited({ argumentsMax: 2 }), ["a=1&b=2&c=3&d=4"]);
    assert.deepEqual([counted.told.length, counted.verdict.limit], [2, "argumentsMax"]);
    const named = recordBody(limited({ nameBytesMax: 3 }), ["abc=1&abcd=2&e=3"]);
    assert.deepEqual([named.told.length, named.verdict.limit], [1, "nameBytesMax"]);
    const cut = recordBody(limited({ bytesMax: 6 }), ["a=1&b=", "23456", "&c=1"]);
    assert.deepEqual(cut.told, [
      ["argument", "a", "1"],
      ["argument", "b", ""],
    ]);
    assert.equal(cut.verdict.limit, "bytesMax");
    assert.notEqual(cut.verdict.error, "");
  });

  it("fifty megabytes of nothing and a million pairs are bounded", () => {
    const nothing = recordBody(
      make,
      Array.from({ length: 800 }, () => "&".repeat(65_536)),
    );
    assert.deepEqual(nothing, { told: [], verdict: { error: "", limit: "", flags: {} } });
    const many = recordBody(
      make,
      Array.from({ length: 100 }, () => "a=1&".repeat(10_000)),
    );
    assert.deepEqual([many.told.length, many.verdict.limit], [roomyLimits.argumentsMax, "argumentsMax"]);
  });
});
