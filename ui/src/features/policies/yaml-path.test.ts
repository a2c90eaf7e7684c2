// Where the cursor stands, for completion: parents by indentation, items of lists, documents apart; and the schema there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { propertiesOf, schemaAt, valuesOf, yamlPlace } from "./yaml-path.ts";

const text = `apiVersion: v1
kind: Other
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
spec:
  podSelector:
    matchLabels:
      app: db
  ingress:
    - from:
        - podSelector: {}
      ports:
        - protocol: T
`;

function at(marker: string, addition = "") {
  const lines = text.split("\n");
  const line = lines.findIndex((each) => each.includes(marker));
  const changed = [...lines.slice(0, line + 1), ...(addition === "" ? [] : [addition]), ...lines.slice(line + 1)];
  const target = addition === "" ? line : line + 1;
  return yamlPlace(changed.join("\n"), target, (changed[target] ?? "").length);
}

const cases: readonly [string, string, readonly string[], string][] = [
  ["kind: NetworkPolicy", "me", [], "me"],
  ["name: db", "  na", ["metadata"], "na"],
  ["app: db", "  eg", ["spec"], "eg"],
  ["app: db", "    match", ["spec", "podSelector"], "match"],
  ["- from:", "        - na", ["spec", "ingress", "[]", "from", "[]"], "na"],
  ["podSelector: {}", "          name", ["spec", "ingress", "[]", "from", "[]"], "name"],
  ["podSelector: {}", "      po", ["spec", "ingress", "[]"], "po"],
];

test("keys are completed in the mapping that holds them", () => {
  for (const [marker, addition, path, typed] of cases) {
    const place = at(marker, addition);
    assert.deepEqual([place.path, place.typed, place.wants.what], [path, typed, "key"], addition);
    assert.equal(place.kind, "NetworkPolicy");
    assert.equal(place.apiVersion, "networking.k8s.io/v1");
  }
});

test("a value knows its key and where it is", () => {
  const place = at("protocol: T");
  assert.deepEqual(place.wants, { what: "value", key: "protocol" });
  assert.deepEqual(place.path, ["spec", "ingress", "[]", "ports", "[]"]);
  assert.equal(place.typed, "T");
});

test("documents are apart", () => {
  assert.equal(yamlPlace(text, 1, 5).kind, "Other");
});

test("a schema is followed through items and unions", () => {
  const schema = {
    properties: {
      spec: {
        anyOf: [
          { properties: { ports: { type: "array", items: { properties: { protocol: { enum: ["TCP", "UDP"] } } } } } },
        ],
      },
    },
  };
  const found = schemaAt(schema, ["spec", "ports", "[]"]);
  assert.deepEqual(
    found.flatMap((each) => Object.keys(propertiesOf(each))),
    ["protocol"],
  );
  assert.deepEqual(schemaAt(schema, ["spec", "ports", "[]", "protocol"]).flatMap(valuesOf), ["TCP", "UDP"]);
  assert.deepEqual(schemaAt(schema, ["nothing"]), []);
});
