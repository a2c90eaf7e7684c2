import assert from "node:assert/strict";
import { test } from "node:test";
import { mapAudit } from "./audit.ts";

const event = {
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  level: "RequestResponse",
  auditID: "ca58d695",
  stage: "ResponseComplete",
  requestURI: "/api/v1/namespaces/shop/secrets/db?token=abc",
  verb: "get",
  user: { username: "alice", groups: ["dev", "system:authenticated"] },
  sourceIPs: ["10.0.0.9"],
  userAgent: "kubectl/v1.36",
  objectRef: { resource: "secrets", namespace: "shop", name: "db", apiVersion: "v1" },
  responseStatus: { code: 403 },
  requestReceivedTimestamp: "2026-11-23T11:59:59.999900Z",
  stageTimestamp: "2026-11-23T12:00:00.000150Z",
  requestObject: { data: { password: "hunter2hunter2" } },
  responseObject: { data: { password: "hunter2hunter2" } },
  annotations: { "authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "no rule" },
};

function rowOf(item: unknown): Record<string, unknown> {
  const mapped = mapAudit(item);
  assert.ok("rows" in mapped, JSON.stringify(mapped));
  return { ...mapped.rows[0]?.row };
}

test("an event keeps who, what and the decision, and loses its bodies", () => {
  const row = rowOf(event);
  const expected = {
    auditId: "ca58d695",
    stage: "ResponseComplete",
    verb: "get",
    user: "alice",
    groups: ["dev", "system:authenticated"],
    sourceAddresses: ["10.0.0.9"],
    resource: "secrets",
    namespace: "shop",
    name: "db",
    responseCode: 403,
    decision: "forbid",
    decisionReason: "no rule",
    latencyUs: 250,
  };
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(row[name], value, name);
  assert.equal(row["time"], Date.parse("2026-11-23T12:00:00.000Z"));
  assert.equal(JSON.stringify(row).includes("hunter2"), false);
  assert.equal(JSON.stringify(row).includes("abc"), false);
});

test("a request about no object is named by its path", () => {
  assert.equal(rowOf({ ...event, objectRef: undefined, requestURI: "/healthz?verbose=1" })["name"], "/healthz");
  assert.equal(rowOf({ ...event, requestReceivedTimestamp: undefined })["latencyUs"], 0);
});

test("what is no audit event is refused with its reason", () => {
  for (const item of [
    [],
    "x",
    {},
    { ...event, auditID: "" },
    { ...event, stageTimestamp: "", requestReceivedTimestamp: "" },
  ]) {
    assert.ok("because" in mapAudit(item), JSON.stringify(item));
  }
});
