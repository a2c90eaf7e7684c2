import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { ruleLimits } from "../limits.ts";
import { listOperators, operators, transformers, type ConditionNode, type FieldTerm, type Operand } from "./ast.ts";
import { globPattern } from "../engine/glob.ts";
import { parseCondition } from "./parse-condition.ts";
import { printCondition } from "./print-condition.ts";

const term: fc.Arbitrary<FieldTerm> = fc.record({
  field: fc.constantFrom("proc.name", "fd.name", "evt.arg.flags", "k8s.pod.label.app-x"),
  argument: fc.option(fc.constantFrom("1", "a b", "/proc*", 'q"x', "it's", "]"), { nil: undefined }),
  transformers: fc.array(fc.constantFrom(...transformers), { maxLength: 3 }),
});
const bare = fc
  .stringMatching(/^[A-Za-z0-9/*.:@_-]{1,12}$/)
  .filter((text) => !/^(val|tolower|toupper|b64|basename|len)$/.test(text));
const operand: fc.Arbitrary<Operand> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text): Operand => ({ kind: "text", text, isQuoted: true })),
  bare.map((text): Operand => ({ kind: "text", text, isQuoted: false })),
  term.map((one): Operand => ({ kind: "field", term: one })),
);
const check: fc.Arbitrary<ConditionNode> = fc
  .record({
    left: term,
    operator: fc.constantFrom(...operators),
    values: fc.array(operand, { minLength: 1, maxLength: 4 }),
  })
  .map(({ left, operator, values }) => ({
    kind: "check",
    left,
    operator,
    values: operator === "exists" ? [] : listOperators.includes(operator) ? values : values.slice(0, 1),
  }));
const { tree } = fc.letrec<{ tree: ConditionNode }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    check,
    fc
      .stringMatching(/^[a-z][a-z_0-9]{2,10}$/)
      .filter((name) => !["and", "not"].includes(name))
      .map((name): ConditionNode => ({ kind: "macro", name })),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      children: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant("not" as const), child: tie("tree") }),
  ),
}));

test("a printed tree parses to itself", () => {
  fc.assert(
    fc.property(tree, (node) =>
      assert.equal(JSON.stringify(parseCondition(printCondition(node))), JSON.stringify(node)),
    ),
    { numRuns: 500 },
  );
});

test("any text is a tree or a Fault, never another error", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc
          .array(
            fc.constantFrom(
              "(",
              ")",
              "and",
              "or",
              "not",
              "in",
              "proc.name",
              "=",
              ",",
              '"',
              "x",
              "[",
              "]",
              "val(",
              "exists",
            ),
          )
          .map((words) => words.join(" ")),
      ),
      (text) => {
        try {
          parseCondition(text);
        } catch (thrown) {
          assert.ok(thrown instanceof Fault);
          assert.equal(thrown.code, "detect/bad-condition");
        }
      },
    ),
    { numRuns: 1000 },
  );
});

const trees: readonly (readonly [text: string, printed: string])[] = [
  ["evt.type=open and fd.name=/etc/shadow or a", "evt.type = open and fd.name = /etc/shadow or a"],
  ["not (a and b)", "not (a and b)"],
  ["not not a", "not not a"],
  ["a and (b or c)", "a and (b or c)"],
  ["proc.name in (a, 'b c', \"d\",)", 'proc.name in (a, "b c", "d")'],
  ["proc.name in shells", "proc.name in (shells)"],
  ["proc.aname[2]=x and proc.aname[ 3 ] exists", "proc.aname[2] = x and proc.aname[3] exists"],
  ["tolower(proc.name) = val(fd.nameraw)", "tolower(proc.name) = val(fd.nameraw)"],
  ['proc.args contains "\\""', 'proc.args contains "\\""'],
  ["evt.rawres>=0\n and\tfd.port!=22", "evt.rawres >= 0 and fd.port != 22"],
];
for (const [text, printed] of trees)
  test(`reads ${text}`, () => assert.equal(printCondition(parseCondition(text)), printed));

const wrong: readonly (readonly [text: string, hint: RegExp])[] = [
  ["proc.name containz x", /did you mean "contains"/],
  ["proc.name", /known are|did you mean/],
  ["tolowr(proc.name) = x", /did you mean "tolower"/],
];
for (const [text, hint] of wrong)
  test(`refuses ${text} with the nearest word`, () =>
    assert.throws(
      () => parseCondition(text),
      (thrown) => thrown instanceof Fault && hint.test(thrown.hint ?? ""),
    ));

for (const text of [
  "",
  "(",
  "a and",
  "a b",
  "proc.name = ",
  "proc.name in (a b)",
  'proc.name = "x',
  "a)",
  "(".repeat(ruleLimits.depthMax + 1),
])
  test(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => assert.throws(() => parseCondition(text), Fault));

test("a condition that is too long is refused", () => {
  assert.throws(
    () => parseCondition(`a and ${"b or ".repeat(ruleLimits.conditionCharactersMax / 4)}c`),
    /conditionCharactersMax/,
  );
});

const globs: readonly (readonly [glob: string, text: string, holds: boolean])[] = [
  ["a[[:digit:]]", "a1", true],
  ["a[[:digit:]]", "ad]", false],
  ["[![:alpha:]x]*", "1b", true],
  ["[![:alpha:]x]*", "bb", false],
  ["[]a]b", "]b", true],
  ["[!]a]b", "]b", false],
  ["[!]a]b", "cb", true],
  ["[a\\]]", "]", true],
  ["[[:constructor:]]", "n", true],
  ["[a", "[a", true],
];
for (const [glob, text, holds] of globs)
  test(`the glob ${glob} ${holds ? "fits" : "does not fit"} ${text}, as with fnmatch`, () =>
    assert.equal(globPattern(glob)(text), holds));
