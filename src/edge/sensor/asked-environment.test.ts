// Taking asked variables out of the kernel's bytes: no other variable, whatever stands in values, at the ends and in broken areas.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { askedNames, environmentLimits, takeAsked } from "./asked-environment.ts";

function take(area: string, ...names: readonly string[]): readonly string[] {
  const asked = askedNames(new Set(names));
  assert.ok(asked !== undefined);
  // Neighbours in the ring are not part of it.
  const bytes = Buffer.from(`A=before\0${area}A=behind\0`);
  const from = "A=before\0".length;
  return takeAsked(bytes, from, from + Buffer.byteLength(area), asked);
}

const cases: readonly [area: string, names: readonly string[], expected: readonly string[]][] = [
  ["", ["A"], []],
  ["A=1\0", ["A"], ["A=1"]],
  ["A=1\0B=2\0", ["B"], ["B=2"]],
  ["A=\0", ["A"], ["A="]],
  ["a=1\0A=2\0", ["A"], ["a=1", "A=2"]],
  ["Http_Proxy=x\0", ["http_PROXY"], ["Http_Proxy=x"]],
  ["XA=1\0AX=1\0", ["A"], []],
  ["SECRET=A=1\0", ["A"], []],
  ["SECRET\0A=1\0", ["SECRET"], []],
  ["SECRET\0A=1\0", ["A"], ["A=1"]],
  ["\0\0A=1\0", ["A"], ["A=1"]],
  ["=x\0A=1\0", ["A"], ["A=1"]],
  ["A=cut short", ["A"], ["A=cut short"]],
  ["A", ["A"], []],
  ["A=ünï\0", ["A"], ["A=ünï"]],
];
for (const [area, names, expected] of cases)
  test(`${JSON.stringify(area)}, asked for ${names.join(", ")}`, () =>
    assert.deepEqual(take(area, ...names), expected));

test("nothing is asked for: no names", () => {
  assert.equal(askedNames(new Set()), undefined);
  assert.equal(askedNames(new Set(["a=b"])), undefined);
});

test("names beyond the limits are counted", () => {
  const many = Array.from({ length: environmentLimits.namesMax + 3 }, (_, index) => `NAME_${index}`);
  assert.equal(askedNames(new Set(many))?.leftOut, 3);
  assert.equal(askedNames(new Set(["A", "B".repeat(environmentLimits.nameBytesMax + 1)]))?.leftOut, 1);
});

test("of any environment exactly the asked variables, as a plain reading of it says", () => {
  const name = fc.stringMatching(/^[abAB_]{1,3}$/);
  const variable = fc.tuple(name, fc.stringMatching(/^[abAB_= ]{0,6}$/)).map(([key, value]) => `${key}=${value}`);
  fc.assert(
    fc.property(fc.array(variable), fc.uniqueArray(name, { minLength: 1 }), (variables, names) => {
      const wanted = new Set(names.map((one) => one.toLowerCase()));
      const expected = variables.filter((one) => wanted.has((one.split("=")[0] ?? "").toLowerCase()));
      assert.deepEqual(take(variables.map((one) => `${one}\0`).join(""), ...names), expected);
    }),
  );
});
