import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse as parseWhole } from "yaml";
import { Fault } from "../../../../base/fault.ts";
import { closureOf, developmentOnly } from "./closure.ts";
import { combineFound, createCollector, foundLimits } from "./found.ts";
import { stripJsonComments } from "./json.ts";
import { parseToml, tablesOf } from "./toml.ts";
import type { YamlValue } from "./yaml.ts";
import { parseYaml } from "./yaml.ts";
import { parseXml } from "./xml.ts";

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const toml: readonly (readonly [string, string, unknown])[] = [
  ["tables and dotted keys", 'a.b = "x"\n[t.u]\nc = true # why\n', { a: { b: "x" }, t: { u: { c: true } } }],
  [
    "arrays of tables in each other",
    "[[p]]\nn = '1'\n[[p.q]]\nm = \"2\"\n[[p]]\nn = '3'\n",
    { p: [{ n: "1", q: [{ m: "2" }] }, { n: "3" }] },
  ],
  [
    "every string",
    'a = "t\\t\\u00e9\\""\nb = \'c:\\x\'\nc = """\none\\\n   two"""\nd = \'\'\'\nraw\\\'\'\'\n',
    { a: 't\té"', b: "c:\\x", c: "onetwo", d: "raw\\" },
  ],
  [
    "inline tables and lists over lines",
    'a = [\n  { x = "1", y = [1, 2] }, # c\n  {},\n]\n',
    { a: [{ x: "1", y: ["1", "2"] }, {}] },
  ],
  [
    "dates and numbers stay text",
    "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00\nc = 1_000\n",
    { a: "1979-05-27T07:32:00Z", b: "1979-05-27 07:32:00", c: "1_000" },
  ],
  ["quoted keys, also a dangerous one", '"a b" = "1"\n"__proto__" = "2"\n', JSON.parse('{"a b":"1","__proto__":"2"}')],
];

for (const [name, text, expected] of toml) {
  test(`TOML: ${name}`, () => {
    assert.deepEqual(plain(parseToml(text)), expected);
    assert.deepEqual(plain(parseToml(text.replaceAll("\n", "\r\n"))), expected);
  });
}

test("TOML: what is none is a fault with its line", () => {
  for (const text of [
    "a",
    "a =",
    "[a",
    "a = [1",
    'a = "x',
    "a = {b",
    "a = 1 b = 2",
    "a = 'x'\n[a]\n",
    `a = ${"[".repeat(100)}`,
  ]) {
    assert.throws(
      () => parseToml(text),
      (error) => error instanceof Fault && /^line \d+$/.test(error.where ?? ""),
      text,
    );
  }
});

function toPlain(value: YamlValue): unknown {
  if (typeof value === "string") return value;
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, toPlain(item)]));
  return (value as readonly YamlValue[]).map(toPlain);
}

const yaml: readonly string[] = [
  "a: b\nc:\n  d: 'e ''f'''\n  g: \"h\\n\"\n",
  "list:\n- a\n- b: c\n  d: e\n-\n  f: g\n- - x\n  - y\n",
  "list:\n  - a\n  - [b, 'c, d', {e: f}]\n",
  "m: {a: b, c: [d, e], 'f': \"g\"}\nn: {}\no: []\n",
  "? long\n: \n  a: b\n",
  "a: |\n  one\n  two\nb: >\n  one\n  two\n",
  "a: plain text\n  that goes on\nb: x # comment\n# more\nc: a#b\n",
  "/@s/a@1.0.0(b@2.0.0):\n  x: y\n'k: q':\n  z: w\n",
  "a: {b: c,\n  d: [e,\n    f]}\ng: h\n",
];

for (const [index, text] of yaml.entries()) {
  test(`YAML (${index}) reads as the whole language does`, () => {
    const expected = parseWhole(text, { schema: "failsafe" }) as unknown;
    const ours = JSON.parse(
      JSON.stringify(toPlain(parseYaml(text)), (_key, value: unknown) =>
        typeof value === "string" ? value.trim() : value,
      ),
    );
    assert.deepEqual(
      ours,
      JSON.parse(
        JSON.stringify(expected, (_key, value: unknown) => (typeof value === "string" ? value.trim() : value)),
      ),
    );
  });
}

test("YAML: anchors, tags, wrong indentation and depth are faults", () => {
  const deep = Array.from({ length: 100 }, (_, index) => `${" ".repeat(index)}a:`).join("\n");
  for (const text of [
    "a: &x 1\n",
    "a: *x\n",
    "a: !!binary x\n",
    "a: 1\n   b: 2\n  c: 3\n  - 4\n",
    deep,
    `a: ${"[".repeat(100)}`,
    "a: [b",
  ]) {
    assert.throws(() => parseYaml(text), Fault, text.slice(0, 40));
  }
});

test("XML: attributes, text, CDATA, comments; entities of a document type are never expanded", () => {
  const root = parseXml(
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "boom">]><n:a b="1 &amp; 2" c=\'>\'>t&#x41;&x;<!-- <z> --><![CDATA[<raw>]]><d/></n:a>',
  );
  assert.deepEqual(
    [root.name, root.attributes.get("b"), root.attributes.get("c"), root.text],
    ["a", "1 & 2", ">", "tA&x;<raw>"],
  );
  for (const text of [
    "",
    "x",
    "<a>",
    "<a",
    "</a>",
    "<a b>",
    "<a b=1>",
    "<!--",
    "<a><![CDATA[</a>",
    "<a>".repeat(200),
  ]) {
    assert.throws(() => parseXml(text), Fault, text.slice(0, 20));
  }
});

test("readers give a value or a fault for any text, soon", () => {
  const pieces = fc.constantFrom(
    "[",
    "]",
    "[[",
    "{",
    "}",
    '"',
    "'",
    '"""',
    "=",
    ":",
    ": ",
    "\n",
    "  ",
    "- ",
    "a",
    "#",
    ",",
    "\\",
    "<",
    ">",
    "/",
    "<!",
    "|",
    "\u0000",
  );
  const text = fc.array(pieces, { maxLength: 120 }).map((list) => list.join(""));
  for (const read of [parseToml, parseYaml, parseXml, stripJsonComments]) {
    fc.assert(
      fc.property(text, (input) => {
        try {
          read(input);
        } catch (error) {
          assert.ok(error instanceof Fault, `${JSON.stringify(input)}: ${String(error)}`);
        }
      }),
      { numRuns: 1500 },
    );
  }
});

test("comments and trailing commas go, strings stay", () => {
  const text = '{ "a": "// no, \\" ,]", /* x */ "b": [1, 2, ], // y\n "c": {}, }';
  assert.deepEqual(JSON.parse(stripJsonComments(text)), { a: '// no, " ,]', b: [1, 2], c: {} });
});

test("a closure is transitive, also in circles", () => {
  const edges: Record<string, string[]> = { a: ["b"], b: ["c", "a"], d: ["c", "e"] };
  const next = (key: string): string[] => edges[key] ?? [];
  assert.deepEqual([...closureOf(["a"], next)].toSorted(), ["a", "b", "c"]);
  assert.deepEqual([...developmentOnly(["a"], ["d"], next)].toSorted(), ["d", "e"]);
});

test("a file's packages are bounded, checked and told once", () => {
  const collector = createCollector();
  for (let index = 0; index < foundLimits.packagesMax + 5; index += 1)
    collector.add({ type: "npm", name: `p${index}`, version: "1" });
  collector.add({ type: "npm", name: "p0", version: "1", scope: "development" });
  collector.add({ type: "npm", name: "\u202eevil", version: "1" });
  collector.add({ type: "npm", name: "x", version: "v".repeat(600) });
  const part = collector.part();
  assert.ok(part !== undefined);
  assert.equal(part.packages.length, foundLimits.packagesMax);
  const { gaps } = combineFound("npm/x", "lockfile", "declared")([{ path: "a/b", layer: 3, part }]);
  assert.deepEqual(
    gaps?.map((gap) => [gap.kind, gap.subject, gap.layer, gap.count]),
    [
      ["file-unreadable", "/a/b", 3, 2],
      ["limit-reached", "/a/b", 3, 5],
    ],
  );
});

test("TOML: a document of more tables than any lock file has is broken, not slow", () => {
  assert.equal(tablesOf(parseToml("[[package]]\n".repeat(1000))["package"]).length, 1000);
  assert.throws(() => parseToml("[[package]]\n".repeat(60_001)), /more than 60000 tables/);
});

test("far beyond a file's limit packages are only counted", () => {
  const collector = createCollector();
  let looked = 0;
  for (let index = 0; index < foundLimits.packagesMax + 3000; index += 1) {
    const name = `p${index}`;
    collector.add({
      type: "npm",
      get name() {
        looked += 1;
        return name;
      },
    });
  }
  const over = collector.part()?.gaps?.find((gap) => gap.kind === "limit-reached");
  assert.equal(over?.count, 3000);
  assert.ok(looked <= 2 * (foundLimits.packagesMax + foundLimits.overCheckedMax), `${looked}`);
});
