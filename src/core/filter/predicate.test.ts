import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { conditionOf, fieldNamesOf, requireFields } from "./condition.ts";
import { columnKind } from "./columns.ts";
import { fields } from "./fields.ts";
import { parseFilter } from "./parse.ts";
import { matchesPattern, predicateOf } from "./predicate.ts";
import { tableNames } from "../../model/table.ts";

const flow = {
  sourceNamespace: "shop",
  sourceWorkload: "web",
  sourceAddress: "10.0.0.1",
  destinationNamespace: "data",
  destinationWorkload: "db",
  destinationService: "db-main",
  destinationAddress: "::ffff:10.0.0.2",
  destinationPort: 5432,
  destinationDomain: "db.example.com",
  bytesSent: 600,
  bytesReceived: 500,
  verdict: "deny",
  loopback: false,
};

const onFlow: readonly (readonly [string, boolean])[] = [
  ["", true],
  ["ns:shop", true],
  ["ns:data,other", true],
  ["from.ns:data", false],
  ["-from.ns:data", true],
  ["ns:shop ns:data", true],
  ["to:db", true],
  ["to:db-main", true],
  ["to:DB.example.com", true],
  ["workload:data/db", true],
  ["workload:shop/web", true],
  ["workload:shop/db", false],
  ["-workload:shop/db", true],
  ['workload:"data/db"', false],
  ["from.workload:shop/web to.workload:d*/db", true],
  ["from.workload:data/db", false],
  ["data/db", true],
  ["shop/db", false],
  ["to:data/db", true],
  ["to:shop/db", false],
  ["to:d*/db*", true],
  ["to:10.0.0.0/24", true],
  ["from:10.0.0.2", false],
  ["bytes:>1kb", true],
  ["bytes:>1100", false],
  ["sent:>=600 received:<600", true],
  ["loopback:no", true],
  ["verdict:deny,unknown", true],
  ["rcode:NXDOMAIN", false],
  ["-rcode:NXDOMAIN", true],
  ["EXAMPLE", true],
  ["-EXAMPLE", false],
  ["10.0.0.2", true],
  ["port:5432 port:>5000", true],
];

test("a predicate over flows", () => {
  for (const [q, expected] of onFlow) assert.equal(predicateOf(parseFilter(q), "flows")(flow), expected, q);
});

const asked = {
  reporter: "source",
  namespace: "shop",
  workload: "web",
  peerNamespace: "data",
  peerWorkload: "api",
  status: 503,
};
const answered = { ...asked, reporter: "destination" };
const onHttp: readonly (readonly [string, boolean, boolean])[] = [
  ["from.ns:shop", true, false],
  ["to.ns:shop", false, true],
  ["from.workload:api", false, true],
  ["to.workload:api", true, false],
  ["ns:data", true, true],
  ["workload:data/api", true, true],
  ["to.workload:data/api", true, false],
  ["workload:shop/api", false, false],
  ["status:5xx", true, true],
];

test("which end an HTTP subject is depends on who reported it", () => {
  for (const [q, bySource, byDestination] of onHttp) {
    const holds = predicateOf(parseFilter(q), "http_events");
    assert.deepEqual([holds(asked), holds(answered)], [bySource, byDestination], q);
  }
});

const audited = {
  user: "system:serviceaccount:ci:runner",
  actorNamespace: "ci",
  actorWorkload: "runner",
  actorPod: "runner-0",
  namespace: "shop",
  resource: "pods",
  name: "web-1",
  workload: "web",
  workloadKind: "Deployment",
};
const onAudit: readonly (readonly [string, boolean])[] = [
  ["from:runner", true],
  ["from:ci/runner", true],
  ["from:web", false],
  ["to:web", true],
  ["to:shop/web", true],
  ["to:runner", false],
  ["from.ns:ci to.ns:shop", true],
  ["from.ns:shop", false],
  ["actor:runner-0", true],
  ["actor:web", false],
  ["workload:web kind:Deployment resource:pods", true],
];

test("from is who asked the API server, to is whose object it was", () => {
  for (const [q, expected] of onAudit) assert.equal(predicateOf(parseFilter(q), "audit_events")(audited), expected, q);
});

const listed = {
  action: "changed",
  objectKind: "Deployment",
  objectName: "web",
  onNode: "n2",
  node: "kubernetes",
  change: "image web:1 -> web:2",
};
const onInventory: readonly (readonly [string, boolean])[] = [
  ["action:changed resource:Deployment object:web", true],
  ["action:removed", false],
  ["node:n2", true],
  ['message:"web:2"', true],
  ["deployment", true],
];

test("inventory events by action, object and what changed", () => {
  for (const [q, expected] of onInventory)
    assert.equal(predicateOf(parseFilter(q), "inventory_events")(listed), expected, q);
});

test("every column that a field names exists in its table", () => {
  for (const field of fields) {
    for (const map of [field.any, field.from ?? {}, field.to ?? {}]) {
      for (const [table, columns] of Object.entries(map)) {
        for (const column of columns) {
          assert.ok(columnKind(table as (typeof tableNames)[number], column), `${field.name}: ${table}.${column}`);
        }
      }
    }
    if (field.peer !== undefined) assert.ok(columnKind("http_events", field.peer), field.name);
  }
});

test("a field that no asked table has is refused by name, with those that can be used", () => {
  requireFields(parseFilter("rcode:NXDOMAIN uid:0"), ["dns_events", "process_events"]);
  assert.throws(() => requireFields(parseFilter("ns:a rcode:NXDOMAIN"), ["flows"]), {
    code: "filter/not-here",
    where: "q:5",
  });
  assert.ok(fieldNamesOf(["dns_events"]).includes("rcode"));
  assert.equal(fieldNamesOf(["dns_events"]).includes("verdict"), false);
});

test("a clause that cannot hold makes the condition a constant", () => {
  assert.deepEqual(conditionOf(parseFilter("rcode:NXDOMAIN ns:a"), "flows"), { is: "constant", value: false });
});

test("patterns agree with regular expressions", () => {
  const pieces = fc.array(fc.constantFrom("a", "b", "*", "ab", "."), { maxLength: 8 }).map((list) => list.join(""));
  const texts = fc.array(fc.constantFrom("a", "b", "ab", "."), { maxLength: 10 }).map((list) => list.join(""));
  fc.assert(
    fc.property(texts, pieces, (text, pattern) => {
      const expression = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`, "s");
      assert.equal(matchesPattern(text, pattern), expression.test(text));
    }),
    { numRuns: 1000 },
  );
});
