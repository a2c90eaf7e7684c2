// Pages read object by object are what JSON.parse makes of them, however they are laid out; what is broken is a fault.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readPage } from "./page.ts";

/** null is kept apart: `undefined` alone is a refusal. */
function read(text: string) {
  const { rest, items } = readPage(Buffer.from(text), "page", (item) => ({ item }));
  return { page: rest, items: items.map(({ item }) => item) };
}

const cases: readonly [what: string, text: string, items: readonly unknown[]][] = [
  ["none", '{"metadata":{"resourceVersion":"1"},"items":[]}', []],
  ["null", '{"metadata":{},"items":null}', []],
  [
    "objects after each other",
    '{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}],"kind":"List"}',
    [{ metadata: { name: "a" } }, { metadata: { name: "b" } }],
  ],
  [
    "the boundary inside of an object",
    '{"items":[{"a":[{"a":1},{"a":2}]},{"a":[]}]}',
    [{ a: [{ a: 1 }, { a: 2 }] }, { a: [] }],
  ],
  [
    "the boundary inside of a text",
    '{"items":[{"a":"x},{\\"a\\":"},{"a":"]"}],"b":[1]}',
    [{ a: 'x},{"a":' }, { a: "]" }],
  ],
  ["spaces", '{ "items" : [ {"a": 1} , {"a": 2} ] }', [{ a: 1 }, { a: 2 }]],
  ["things that are no objects", '{"items":[{"a":1},7,null]}', [{ a: 1 }, 7, null]],
];

test("pages of every layout", () => {
  for (const [what, text, items] of cases) {
    const found = read(text);
    assert.deepEqual(found.items, items, what);
    const { items: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
    const { items: _left, ...page } = found.page as Record<string, unknown>;
    assert.deepEqual(page, rest, what);
  }
});

test("what is broken is a fault, whichever way it is read", () => {
  for (const text of ['{"items":[{"a":1},{"a":', '{"items":[{"a":1}', "", '{"items":[{"a":1}]', '{"items":[{"a":1},]}'])
    assert.throws(() => read(text), { code: "kube/broken-json" }, text);
});

test("the same as JSON.parse", () => {
  const item = fc.dictionary(fc.constantFrom("metadata", "spec", "items"), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), fc.jsonValue(), fc.boolean(), (items, metadata, isFirst) => {
      const page = isFirst ? { items, metadata } : { metadata, items };
      const found = read(JSON.stringify(page));
      assert.deepEqual(found.items, JSON.parse(JSON.stringify(items)));
    }),
  );
});
