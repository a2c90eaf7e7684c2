import assert from "node:assert/strict";
import { test } from "node:test";
import type { Subject } from "../../model/identity.ts";
import type { Resource } from "../../model/resource.ts";
import { createVisibilityBook, defaultSight, matches } from "./visibility.ts";

function resource(name: string, spec: Record<string, unknown>, kind = "Visibility"): Resource {
  const time = new Date(0).toISOString();
  return {
    apiVersion: "garrison/v1",
    kind,
    scope: "global",
    name,
    spec,
    generation: 3,
    author: "me",
    time,
    deleted: false,
  };
}

function subject(namespace: string, workload: string): Subject {
  return {
    namespace,
    workload,
    workloadKind: "Deployment",
    service: "",
    pod: "",
    container: "",
    containerId: "",
    image: "",
    imageDigest: "",
    identityReason: "",
  };
}

test("patterns: '*' is any run of characters, the rest is literal", () => {
  const cases: readonly (readonly [pattern: string, text: string, expected: boolean])[] = [
    ["", "x", true],
    ["*", "", true],
    ["shop", "shop", true],
    ["shop", "shops", false],
    ["shop-*", "shop-", true],
    ["*-db", "shop-db", true],
    ["a*a", "a", false],
    ["a*b*c", "axxbyyc", true],
    ["a*b*c", "axxc", false],
    ["a*bc*c", "abc", false],
    ["s.op", "shop", false],
    ["***", "x", true],
  ];
  for (const [pattern, text, expected] of cases) assert.equal(matches(pattern, text), expected, `${pattern} ${text}`);
});

test("first bytes: any matching resource; arguments and redaction: the most specific, of equals the strictest", () => {
  const book = createVisibilityBook("local");
  assert.equal(book.isBlind, true);
  const statuses = book.apply([
    resource("all", { http: true }),
    resource("shop", { match: { namespace: "shop" }, redact: false }),
    resource("db", { match: { namespace: "shop", workload: "db" }, tls: true, arguments: false }),
    resource("elsewhere", { match: { node: "other" }, arguments: false, tls: true }),
  ]);
  assert.deepEqual(
    statuses.map(({ state }) => state),
    ["applied", "applied", "applied", "applied"],
  );
  assert.equal(book.isBlind, false);
  assert.deepEqual(book.sightOf(subject("pay", "api")), { http: true, tls: false, arguments: true, redact: true });
  assert.deepEqual(book.sightOf(subject("shop", "web")), { http: true, tls: false, arguments: true, redact: false });
  assert.deepEqual(book.sightOf(subject("shop", "db")), { http: true, tls: true, arguments: false, redact: true });
  book.apply([]);
  assert.deepEqual(book.sightOf(subject("shop", "db")), defaultSight);
});

test("what cannot be applied is refused by itself, with the reason", () => {
  const book = createVisibilityBook("local");
  const statuses = book.apply([
    resource("bad", { http: "yes" }),
    resource("new", {}, "SomethingNew"),
    resource("keep", {}, "Retention"),
    resource("good", { http: true }),
  ]);
  assert.deepEqual(
    statuses.map(({ name, generation, state }) => [name, generation, state]),
    [
      ["bad", 3, "refused"],
      ["new", 3, "refused"],
      ["keep", 3, "refused"],
      ["good", 3, "applied"],
    ],
  );
  assert.match(statuses[0]?.because ?? "", /^http: /);
  assert.match(statuses[1]?.because ?? "", /does not know the kind SomethingNew/);
  assert.equal(book.sightOf(subject("a", "b")).http, true);
});
