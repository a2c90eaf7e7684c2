// The trees of paths and what is said otherwise for them against each check by itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { blankEvent } from "../blank-event.ts";
import type { DetectEvent } from "../event.ts";
import type { CheckNode, Operator } from "../falco/ast.ts";
import { checksOf } from "./approximate.ts";
import { createCompiler } from "./closures.ts";
import { forPlainPath, withEndsOfGlobs } from "./path-conditions.ts";
import { buildPathTree } from "./path-tree.ts";
import { newInterner, resolve } from "./resolve.ts";

const machine = { hostname: "", bootMs: 0, userName: () => undefined, groupName: () => undefined };

// Few characters, so that texts and paths meet.
const part = fc.string({ unit: fc.constantFrom("/", "/", "a", "b", "."), maxLength: 5 });
const path = fc
  .string({ unit: fc.constantFrom("/", "/", "a", "b", ".", "é"), minLength: 1, maxLength: 8 })
  .map((text) => `/${text}`);
const glob = fc.string({
  unit: fc.constantFrom("/", "a", "b", "*", "?", "[ab]", "[", "]", "\\", "!"),
  minLength: 1,
  maxLength: 5,
});

const fields = ["fd.name", "fd.directory", "fd.filename", "fd.nameraw", "garrison.host_path"];
const operators: readonly Operator[] = [
  "=",
  "!=",
  "in",
  "startswith",
  "endswith",
  "contains",
  "pmatch",
  "glob",
  "exists",
];

const check: fc.Arbitrary<CheckNode> = fc
  .record({
    field: fc.constantFrom(...fields),
    operator: fc.constantFrom(...operators),
    texts: fc.array(part, { minLength: 1, maxLength: 3 }),
    glob,
  })
  .map(({ field, operator, texts, glob: pattern }) => {
    const many = operator === "in" || operator === "pmatch";
    const given = operator === "exists" ? [] : operator === "glob" ? [pattern] : many ? texts : texts.slice(0, 1);
    return {
      kind: "check",
      left: { field, argument: undefined, transformers: [] },
      operator,
      values: given.map((text) => ({ kind: "text", text, isQuoted: true })),
    };
  });

function eventOf(name: string, asked: string): DetectEvent {
  return {
    ...blankEvent(machine, undefined),
    type: "openat",
    descriptorKind: "file",
    path: name,
    requestedPath: asked,
  };
}

test("what the trees answer about a path is what each check says by itself", () => {
  let held = 0;
  fc.assert(
    fc.property(fc.array(check, { minLength: 1, maxLength: 20 }), fc.array(path, { minLength: 1 }), (given, paths) => {
      const interner = newInterner();
      const nodes = given.map((one) => resolve(interner, one));
      const checks = nodes.flatMap((node) => [...checksOf(node)]);
      const tree = buildPathTree(checks);
      const compiler = createCompiler();
      for (const name of paths) {
        const event = eventOf(name, name);
        const count = tree.walk(name);
        const fitting = new Set(tree.fitting.slice(0, count));
        for (const each of checks) {
          const number = tree.numberOf(each);
          if (number === undefined) continue;
          const expected = compiler.compile(each)(event);
          held += expected ? 1 : 0;
          assert.equal(tree.closureOf(each)?.(event), expected, `${each.text} on ${name}`);
          assert.equal(fitting.has(number), expected);
        }
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(held > 100, String(held));
});

test("what is said otherwise for the trees holds for the same paths", () => {
  fc.assert(
    fc.property(check, path, fc.boolean(), (given, name, isAsked) => {
      const interner = newInterner();
      const compiler = createCompiler();
      const node = resolve(interner, given);
      const event = eventOf(name, isAsked ? name : "");
      const expected = compiler.compile(node)(event);
      assert.equal(compiler.compile(forPlainPath(interner, node))(event), expected);
      assert.equal(compiler.compile(withEndsOfGlobs(interner, node))(event), expected);
      assert.equal(compiler.compile(withEndsOfGlobs(interner, forPlainPath(interner, node)))(event), expected);
    }),
    { numRuns: 2000 },
  );
});
