import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { jsonLimits, readJson } from "./read-json.ts";
import { readYaml } from "./read-yaml.ts";

test("what JSON.parse reads is read, and nothing else", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"\\n"',
    '"\\u00e9"',
    '"\\x"',
    "1",
    "-0.5e3",
    "01",
    "true",
    "nul",
    " ",
    "\n",
    '"',
    "\\",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = `[${parts.join("")}]`;
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        expected = undefined;
      }
      const found = readJson(text);
      // Of a key that stands twice JSON.parse takes the last.
      if (found !== undefined) assert.deepEqual(found.value, expected, text);
      else if (expected !== undefined) assert.match(text, /"a".*"a"/s);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())),
      fc.constantFrom(0, 2),
      (value, space) => {
        const text = JSON.stringify(value, null, space);
        assert.deepEqual(readJson(text)?.value, JSON.parse(text));
      },
    ),
    { numRuns: 500 },
  );
});

test("keys that stand twice, depth and other documents are left to the YAML reader, which refuses them", () => {
  assert.equal(readJson('{"a": 1, "a": 2}'), undefined);
  assert.match(readYaml('{"a": 1, "a": 2}')[0]?.errors[0]?.message ?? "", /stands twice/);
  const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.notEqual(readJson(deep(jsonLimits.depthMax)), undefined);
  assert.equal(readJson(deep(jsonLimits.depthMax + 1)), undefined);
  assert.equal(readJson('{"a": 1} {"b": 2}'), undefined);
  assert.equal(readJson("a: 1"), undefined);
  assert.equal(readJson("[".repeat(1_000_000)), undefined);
});

test("lines of everything, as the YAML reader tells them", () => {
  const text = '\n{\n  "a": 1,\n  "b": [\n    "x",\n    {\n      "y": [1,\n        2]\n    }\n  ],\n  "c": "z"\n}\n';
  const found = readJson(text);
  assert.equal(found?.line, 2);
  const paths = [[], ["a"], ["b"], ["b", 0], ["b", 1], ["b", 1, "y", 1], ["c"], ["b", 7], ["nothing", "here"]] as const;
  assert.deepEqual(
    paths.map((path) => found.lineOf(path)),
    [2, 3, 4, 5, 6, 8, 11, 4, 2],
  );
});

test("keys of objects are keys", () => {
  const value = readJson('{"__proto__": {"x": 1}, "constructor": 2}')?.value as object;
  assert.deepEqual(Object.entries(value), [
    ["__proto__", { x: 1 }],
    ["constructor", 2],
  ]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});
