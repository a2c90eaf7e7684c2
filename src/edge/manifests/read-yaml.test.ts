import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { parsePolicies } from "../../core/policy/parse/parse-policies.ts";
import { readYaml, yamlLimits } from "./read-yaml.ts";

/** Code and line of every error. */
function errorsOf(text: string): readonly string[] {
  return readYaml(text).flatMap(({ errors }) => errors.map(({ code, line, message }) => `${line} ${code} ${message}`));
}

test("documents become plain values with lines", () => {
  const text = "# first\na: 1\nb:\n  - x\n  - y: [p,\n      q]\n---\n---\n'a/b': ~\n...\n";
  const [first, second, ...rest] = readYaml(text);
  assert.deepEqual(rest, []);
  assert.deepEqual(first?.value, { a: 1, b: ["x", { y: ["p", "q"] }] });
  const paths = [[], ["a"], ["b", 1], ["b", 1, "y", 1], ["b", 9], ["nothing", "here"]] as const;
  assert.deepEqual(
    paths.map((path) => first.lineOf(path)),
    [2, 2, 5, 6, 3, 2],
  );
  assert.deepEqual(second?.value, { "a/b": null });
  assert.equal(second.line, 9);
});

test("JSON is YAML, and nothing is more than it says", () => {
  assert.deepEqual(readYaml('{"a": [1, "2", true, null], "d": "2020-01-01"}')[0]?.value, {
    a: [1, "2", true, null],
    d: "2020-01-01",
  });
  const text = "date: 2020-01-01\nyes: yes\noctal: 010\nhex: 0x10\nmerge: {<<: {a: 1}}\n__proto__: {x: 1}\n";
  const value = readYaml(text)[0]?.value as Record<string, unknown>;
  assert.deepEqual(Object.entries(value), [
    ["date", "2020-01-01"],
    ["yes", "yes"],
    ["octal", 10],
    ["hex", 16],
    ["merge", { "<<": { a: 1 } }],
    ["__proto__", { x: 1 }],
  ]);
  assert.deepEqual(readYaml(""), []);
  assert.deepEqual(readYaml("# nothing\n---\n"), []);
});

test("one bad document does not touch the others", () => {
  const found = readYaml("a: 1\n---\nb: [\n---\nc: 1\nc: 2\n---\nd: 1\n");
  assert.deepEqual(
    found.map(({ value }) => value),
    [{ a: 1 }, undefined, undefined, { d: 1 }],
  );
  assert.match(errorsOf("c: 1\nc: 2\n")[0] ?? "", /^2 bad-yaml the key "c" stands twice/);
  assert.match(errorsOf("a:\n\t- b\n")[0] ?? "", /^2 bad-yaml/);
  assert.match(errorsOf("? [a]\n: b\n")[0] ?? "", /a key must be a text/);
});

test("aliases are copied within a limit, and cycles are errors", () => {
  assert.deepEqual(readYaml("a: &x {k: 1}\nb: *x\n")[0]?.value, { a: { k: 1 }, b: { k: 1 } });
  assert.match(errorsOf("a: &x [*x]\n")[0] ?? "", /an alias holds itself/);
  assert.match(errorsOf("a: *x\n")[0] ?? "", /anchor|Unresolved alias/);
  const names = "a b c d e f g h i".split(" ");
  const laughs = names.map(
    (name, index) =>
      `${name}: &${name} [${Array(10)
        .fill(index === 0 ? "lol" : `*${names[index - 1]}`)
        .join(",")}]`,
  );
  assert.match(errorsOf(laughs.join("\n"))[0] ?? "", /aliasNodesMax = 10000/);
});

test("depth and size have limits with names", () => {
  const deep = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
  assert.deepEqual(errorsOf(deep(yamlLimits.depthMax)), []);
  assert.match(errorsOf(deep(yamlLimits.depthMax + 1))[0] ?? "", /depthMax = 100/);
  for (const text of ["[".repeat(20_000), "- ".repeat(20_000), "{a: ".repeat(20_000), "? ".repeat(20_000)]) {
    assert.ok(errorsOf(text).length > 0, text.slice(0, 4));
  }
  assert.match(errorsOf(" ".repeat(yamlLimits.textBytesMax + 1))[0] ?? "", /1 text-limit/);
});

test("what was printed is read back", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 6 }), fc.jsonValue(), { maxKeys: 4 }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(readYaml(JSON.stringify(plain))[0]?.value, plain);
      assert.deepEqual(readYaml(stringify(plain))[0]?.value, plain);
    }),
  );
});

test("any text is read without a throw", () => {
  const pieces = fc.constantFrom(
    "a",
    ":",
    " ",
    "\n",
    "- ",
    "  ",
    "[",
    "]",
    "{",
    "}",
    "&x ",
    "*x",
    "'",
    '"',
    "|",
    ">",
    "---\n",
    "!!binary ",
    "#",
    "\t",
    "?",
    "<<",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      for (const read of readYaml(parts.join(""))) {
        if (read.errors.length > 0) assert.equal(read.value, undefined);
        assert.ok(read.lineOf(["a", 0]) >= 1);
      }
    }),
    { numRuns: 1000 },
  );
});

test("problems of policies name file, line and path", () => {
  const text = `# two policies
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: one, namespace: ns}
spec:
  podSelector: {}
  ingress:
    - ports:
        - port: 80
        - port: 70000
---
apiVersion: v1
kind: List
items:
  - apiVersion: projectcalico.org/v3
    kind: GlobalNetworkPolicy
    metadata: {name: two}
    spec:
      selector: all()
      ingress:
        - action: Allow
          source:
            selector: app = 'x'
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: three, namespace: ns}
    spec: {podSelector: {}}
`;
  const { problems, objects, set } = parsePolicies([{ file: "p.yaml", text }], readYaml);
  assert.deepEqual(
    problems.map(({ place, path, object }) => [place.file, place.document, place.line, path, object]),
    [
      ["p.yaml", 0, 10, "spec.ingress[0].ports[1].port", "kubernetes/NetworkPolicy/ns/one"],
      ["p.yaml", 1, 23, "spec.ingress[0].source.selector", "calico/GlobalNetworkPolicy/-/two"],
    ],
  );
  assert.match(problems[1]?.message ?? "", /column 5/);
  assert.deepEqual(
    objects.map(({ state, place }) => [state, place.line]),
    [
      ["refused", 2],
      ["refused", 15],
      ["taken", 24],
    ],
  );
  assert.deepEqual(
    set.policies.map(({ name, place }) => [name, place.line]),
    [["three", 24]],
  );
});
