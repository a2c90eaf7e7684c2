import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { and, eq, has, isIn, isNotIn, not, or } from "./build.ts";
import { selectorOf } from "./canonical.ts";
import { matches } from "./matches.ts";
import { parseSelector, selectorDepthMax, selectorLengthMax } from "./parse-selector.ts";
import { restrictionsOf } from "./restrictions.ts";
import { sha224 } from "./sha224.ts";
import type { SelectorNode } from "./selector.ts";
import { bad, canonical, matching } from "./vectors.ts";

test("labels that the published tables say are selected, and those that are not", () => {
  for (const [text, yes, no] of matching) {
    const selector = parseSelector(text);
    const again = parseSelector(selector.text);
    for (const labels of yes) {
      assert.ok(matches(selector, labels), `${text} selects ${JSON.stringify(labels)}`);
      assert.ok(matches(again, labels), `${selector.text} selects ${JSON.stringify(labels)}`);
    }
    for (const labels of no) {
      assert.ok(!matches(selector, labels), `${text} does not select ${JSON.stringify(labels)}`);
      assert.ok(!matches(again, labels), `${selector.text} does not select ${JSON.stringify(labels)}`);
    }
  }
});

test("canonical text and id are Calico's", () => {
  for (const [text, expected, id] of canonical) {
    const selector = parseSelector(text);
    assert.equal(selector.text, expected, text);
    if (id !== undefined) assert.equal(selector.id, id, text);
  }
});

test("texts that are no selectors are refused with a column", () => {
  for (const text of bad) {
    assert.throws(
      () => parseSelector(text),
      (thrown) => thrown instanceof Fault && thrown.code === "policy/bad-selector" && /column \d+/.test(thrown.message),
      text,
    );
  }
  assert.throws(() => parseSelector('app == "web" && tier = "x"'), /column 22: unexpected|column 22/);
});

test("length and depth have limits with names", () => {
  const long = `a in {${'"x",'.repeat(10_000)}}`;
  assert.throws(() => parseSelector(long), /selectorLengthMax = 1024/);
  assert.equal(parseSelector(`has(${"k".repeat(500)})`.padEnd(selectorLengthMax)).node.op, "has");
  const deep = (depth: number) => `${"(".repeat(depth)}has(a)${")".repeat(depth)}`;
  assert.equal(parseSelector(deep(selectorDepthMax)).text, "has(a)");
  assert.throws(() => parseSelector(deep(selectorDepthMax + 1)), /selectorDepthMax = 64/);
});

test("labels may have the names of operators and of properties that objects have", () => {
  assert.ok(matches(parseSelector('in in {"a"}'), { in: "a" }));
  assert.ok(matches(parseSelector('contains contains "a"'), { contains: "bab" }));
  assert.ok(!matches(parseSelector("has(constructor)"), {}));
  assert.ok(!matches(parseSelector("has(__proto__)"), {}));
});

test("built selectors are flat, sorted and without needless parts", () => {
  const table: readonly (readonly [SelectorNode, string])[] = [
    [and(eq("b", "1"), and(has("a"), { op: "all" })), '(b == "1" && has(a))'],
    [and(), "all()"],
    [or(), "!all()"],
    [or(eq("a", "1"), eq("a", "1")), 'a == "1"'],
    [or(eq("a", "1"), { op: "all" }), "all()"],
    [and(eq("a", "1"), isIn("a", [])), "!all()"],
    [isIn("a", ["y", "x", "y"]), 'a in {"x", "y"}'],
    [isNotIn("a", ["x"]), 'a != "x"'],
    [isNotIn("a", []), "all()"],
    [not(not(has("a"))), "has(a)"],
  ];
  for (const [node, text] of table) assert.equal(selectorOf(node).text, text);
});

const key = fc.constantFrom("a", "b", "c", "pcns.team", "projectcalico.org/namespace");
const value = fc.constantFrom("", "x", "y", "xy", "it's", 'say "x"');
const leaf: fc.Arbitrary<SelectorNode> = fc.oneof(
  fc.constant<SelectorNode>({ op: "all" }),
  key.map((name): SelectorNode => ({ op: "has", key: name })),
  fc
    .tuple(
      fc.constantFrom("eq" as const, "ne" as const, "contains" as const, "starts-with" as const, "ends-with" as const),
      key,
      value,
    )
    .map(([op, name, text]): SelectorNode => ({ op, key: name, value: text })),
  fc.tuple(key, fc.array(value, { maxLength: 3 })).map(([name, values]) => isIn(name, values)),
  fc
    .tuple(fc.constantFrom("in" as const, "not-in" as const), key, fc.uniqueArray(value, { maxLength: 3 }))
    .map(([op, name, values]): SelectorNode => ({ op, key: name, values: [...values].sort() })),
);
const trees = fc.letrec<{ node: SelectorNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc
      .tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("node"), { minLength: 2, maxLength: 3 }))
      .map(([op, nodes]): SelectorNode => ({ op, nodes })),
    tie("node").map(not),
  ),
})).node;
const labels = fc.dictionary(key, value, { maxKeys: 4 });

test("canonical text is a fixpoint, and means what the tree means", () => {
  fc.assert(
    fc.property(trees, labels, (node, some) => {
      const selector = selectorOf(node);
      const again = parseSelector(selector.text, { lengthMax: 100_000 });
      assert.equal(again.text, selector.text);
      assert.equal(matches(again, some), matches(selector, some));
    }),
  );
});

test("builders keep the meaning", () => {
  fc.assert(
    fc.property(trees, trees, labels, (left, right, some) => {
      const truth = (node: SelectorNode) => matches(selectorOf(node), some);
      assert.equal(truth(and(left, right)), truth(left) && truth(right));
      assert.equal(truth(or(left, right)), truth(left) || truth(right));
      assert.equal(truth(not(left)), !truth(left));
      assert.equal(selectorOf(and(left, right)).text, selectorOf(and(right, left)).text);
    }),
  );
});

test("whatever is selected satisfies the restrictions", () => {
  fc.assert(
    fc.property(trees, labels, (node, some) => {
      if (!matches(selectorOf(node), some)) return;
      for (const [name, { presence, values }] of restrictionsOf(node)) {
        const has = Object.hasOwn(some, name);
        assert.equal(has, presence === "present", `${selectorOf(node).text}: ${name}`);
        if (values !== undefined) assert.ok(values.includes(some[name] ?? ""), `${selectorOf(node).text}: ${name}`);
      }
    }),
    { numRuns: 500 },
  );
});

test("restrictions are found where an index can use them", () => {
  const table: readonly (readonly [string, Readonly<Record<string, readonly string[] | "present" | "absent">>])[] = [
    ['a == "x" && has(b)', { a: ["x"], b: "present" }],
    ['a == "x" || a in {"y", "z"}', { a: ["x", "y", "z"] }],
    ['a == "x" || b == "x"', {}],
    ['a in {"x", "y"} && a in {"y", "z"}', { a: ["y"] }],
    ['!(a != "x" || has(b))', { a: ["x"], b: "absent" }],
    ['a == "x" && !has(a)', { a: [] }],
    ['(a == "x" && !has(a)) || b == "y"', { b: ["y"] }],
    ['a contains "x"', { a: "present" }],
    ['!a == "x"', {}],
    ['a not in {"x"}', {}],
  ];
  for (const [text, expected] of table) {
    const found = [...restrictionsOf(parseSelector(text).node)].map(([name, { presence, values }]) => [
      name,
      values ?? presence,
    ]);
    assert.deepEqual(Object.fromEntries(found), expected, text);
  }
});

test("garbage is refused, never thrown on", () => {
  const letters = fc.constantFrom(
    ..."a b ( ) { } \" ' ! & | = ,".split(" "),
    " ",
    "\t",
    "has(",
    "in ",
    "not in",
    "all()",
    "global()",
  );
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 40 }), (parts) => {
      try {
        parseSelector(parts.join(""));
      } catch (thrown) {
        assert.ok(thrown instanceof Fault, String(thrown));
      }
    }),
    { numRuns: 2000 },
  );
});

test("SHA-224 is the one of the standard", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      assert.equal(sha224(text), createHash("sha224").update(text).digest("base64url"));
    }),
  );
});
