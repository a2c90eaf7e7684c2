// Diff and refusals: tables of cases and the properties that must hold for any JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { changesMax, diffValues } from "./diff.ts";
import { parseInput, pathText } from "./validate-input.ts";

test("diff names each changed path", () => {
  const cases = [
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, [{ path: "spec.a", before: 1, after: 2 }]],
    [{ a: 1 }, {}, [{ path: "spec.a", before: 1, after: undefined }]],
    [{}, { b: { c: [1] } }, [{ path: "spec.b", before: undefined, after: { c: [1] } }]],
    [
      { a: [1, 2] },
      { a: [1, 3, 4] },
      [
        { path: "spec.a[1]", before: 2, after: 3 },
        { path: "spec.a[2]", before: undefined, after: 4 },
      ],
    ],
    [{ "a b": 1 }, { "a b": 2 }, [{ path: 'spec["a b"]', before: 1, after: 2 }]],
    [undefined, { a: 1 }, [{ path: "spec", before: undefined, after: { a: 1 } }]],
    [{ a: [1] }, { a: { 0: 1 } }, [{ path: "spec.a", before: [1], after: { 0: 1 } }]],
  ] as const;
  for (const [before, after, expected] of cases) assert.deepEqual(diffValues("spec", before, after), expected);
});

test("diff is empty exactly for equal JSON values", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: true }), fc.jsonValue(), (a, b) => {
      const x = JSON.parse(JSON.stringify(a)) as unknown;
      const y = JSON.parse(JSON.stringify(b)) as unknown;
      assert.deepEqual(diffValues("", x, structuredClone(x)), []);
      assert.equal(diffValues("", x, y).length === 0, JSON.stringify(sorted(x)) === JSON.stringify(sorted(y)));
    }),
    {
      examples: [
        [{}, []],
        [{}, { toString: 1 }],
        [[{}], [[]]],
      ],
    },
  );
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
  // Told apart from an array: {} is not [].
  return { entries };
}

test("very many changes are one", () => {
  const many = Object.fromEntries(Array.from({ length: changesMax + 1 }, (_, index) => [`k${index}`, index]));
  assert.equal(diffValues("spec", {}, many).length, 1);
});

test("a refusal says where, what, and what was meant", () => {
  const schema = z.strictObject({
    match: z.strictObject({ namespace: z.string() }).default({ namespace: "*" }),
    rules: z.array(z.strictObject({ port: z.int() })).default([]),
    days: z.record(z.string(), z.strictObject({ keep: z.int() })).default({}),
  });
  const place = { root: "spec", code: "test/invalid" };
  const cases = [
    [{ match: { namspace: "x", namespace: "y" } }, "spec.match.namspace", 'did you mean "namespace"?'],
    [{ rules: [{ port: 1 }, { port: 1, prot: 1 }] }, "spec.rules[1].prot", 'did you mean "port"?'],
    [{ days: { flows: { kep: 1, keep: 2 } } }, "spec.days.flows.kep", 'did you mean "keep"?'],
    [{ qqqqqqqq: 1 }, "spec.qqqqqqqq", "known keys here: match, rules, days"],
    [{ rules: [{ port: "x" }] }, "spec.rules[0].port", undefined],
    ["text", "spec", undefined],
  ] as const;
  for (const [value, where, hint] of cases) {
    assert.throws(
      () => parseInput(schema, value, place),
      (thrown: Fault) => {
        assert.equal(thrown.where, where);
        assert.equal(thrown.hint, hint);
        assert.equal(thrown.kind, "usage");
        assert.ok(thrown.message.startsWith(`${where}: `), thrown.message);
        return true;
      },
    );
  }
  assert.equal(pathText("", ["a", 0, "b"]), "a[0].b");
});
