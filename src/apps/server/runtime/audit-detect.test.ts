import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import { compileRules } from "../../../core/detect/compile-rules.ts";
import { createDetector } from "../../../core/detect/create-detector.ts";
import { auditSupply } from "../../../core/detect/supply.ts";
import { mapAudit } from "../../../core/foreign/audit.ts";
import type { Resource } from "../../../model/resource.ts";
import { createAuditDetect } from "./audit-detect.ts";
import { auditDetectionRow, nameActor } from "./audit-rows.ts";
import { auditDetectLimits } from "./limits.ts";

const receivedMs = Date.parse("2026-11-26T10:00:01Z");
let stored: Resource[] = [];

function detecting() {
  return createAuditDetect({
    resources: { list: async () => stored },
    compile: compileRules,
    createDetector,
    surroundings: {
      supply: auditSupply,
      machine: { hostname: "s", userName: () => undefined, groupName: () => undefined, bootMs: 0 },
    },
    logger: silentLogger,
  });
}

function rules(name: string, scope: string, over: object = {}): Resource {
  const text = `- rule: ${name}\n  desc: d\n  condition: ka.verb = get and ka.target.resource = secrets\n  output: "%ka.user.name %ka.target.name"\n  priority: WARNING\n  source: k8s_audit\n`;
  return {
    apiVersion: "garrison/v1",
    kind: "DetectionRules",
    scope,
    name: name.toLowerCase(),
    spec: { format: "auto", text, enabled: true, ...over },
    generation: 1,
    author: "t",
    time: "2026-11-26T10:00:00Z",
    deleted: false,
  };
}

let ids = 0;
const reads = (name: string, user = "system:serviceaccount:shop:web") => ({
  auditID: `a${(ids += 1)}`,
  stage: "ResponseComplete",
  verb: "get",
  user: { username: user },
  sourceIPs: ["10.1.0.5"],
  objectRef: { resource: "secrets", namespace: "shop", name },
  responseStatus: { code: 200 },
  requestObject: { data: { password: "c2VjcmV0" } },
  stageTimestamp: "2026-11-26T10:00:00Z",
});

test("rules of the resources of a cluster, of all clusters, and of no single node; refreshed without a restart", async () => {
  stored = [
    rules("All", "global"),
    rules("Shop", "cluster/shop"),
    rules("Node", "node/shop/n1"),
    rules("Off", "global", { enabled: false }),
  ];
  const detect = await detecting();
  const named = (cluster: string) =>
    detect
      .judge(cluster, reads("db"), receivedMs)
      .map(({ rule }) => rule)
      .toSorted();
  assert.deepEqual(named("shop"), ["All", "Shop"]);
  assert.deepEqual(named("other"), ["All"]);
  stored = [rules("New", "global")];
  await detect.refresh();
  assert.deepEqual(named("shop"), ["New"]);
  assert.ok(detect.rulesOf("shop").some(({ name }) => name === "Command is run in a pod"));
});

test("counters are a cluster's own, and what is no event fires nothing", async () => {
  stored = [];
  const detect = await detecting();
  const burst = (cluster: string, from: number, count: number) =>
    Array.from({ length: count }, (_, index) => detect.judge(cluster, reads(`s${from + index}`, "eve"), receivedMs))
      .flat()
      .filter(({ rule }) => rule === "Many secrets are read by one user").length;
  assert.equal(burst("a", 0, 9) + burst("b", 0, 9), 0);
  assert.equal(burst("a", 9, 1), 1);
  for (const odd of [null, 7, "text", [], {}, { user: 7, objectRef: "x", verb: null }, { verb: { a: 1 } }]) {
    assert.deepEqual(detect.judge("a", odd, receivedMs), [], JSON.stringify(odd));
  }
});

test("the cluster that was not heard of for the longest time is forgotten beyond the limit", async () => {
  stored = [];
  const detect = await detecting();
  const reading = (cluster: string, count: number) =>
    Array.from({ length: count }, (_, index) =>
      detect.judge(cluster, reads(`x${cluster}${index}${count}`, "eve"), receivedMs),
    ).flat().length;
  assert.equal(reading("first", 9), 0);
  for (let index = 0; index < auditDetectLimits.clustersMax; index += 1)
    detect.judge(`c${index}`, reads("a"), receivedMs);
  // Its nine are no more counted with these.
  assert.equal(reading("first", 8), 0);
});

test("a detection is a row with who asked as its subject, and no body", async () => {
  stored = [rules("All", "global")];
  const detect = await detecting();
  const event = reads("db");
  const mapped = mapAudit(event);
  const audit = "rows" in mapped ? mapped.rows[0] : undefined;
  assert.ok(audit?.table === "audit_events");
  const [detection] = detect.judge("shop", event, receivedMs);
  assert.ok(detection !== undefined);
  const made = auditDetectionRow(detection, audit);
  Object.assign(audit.row, {
    actorNamespace: "shop",
    actorWorkload: "web",
    actorKind: "Deployment",
    actorPod: "web-1",
    actorReason: "",
  });
  nameActor(made);
  const { row } = made.security;
  assert.deepEqual(
    [row.rule, row.severity, row.source, row.namespace, row.workload, row.workloadKind, row.pod, row.identityReason],
    ["All", "medium", "garrison", "shop", "web", "Deployment", "web-1", ""],
  );
  assert.deepEqual(row.outputFields, [
    `ka.auditid=${event.auditID}`,
    "ka.user.name=system:serviceaccount:shop:web",
    "ka.target.name=db",
  ]);
  assert.equal(row.message, "system:serviceaccount:shop:web db");
  assert.equal(row.time, Date.parse("2026-11-26T10:00:00Z"));
  assert.ok(!JSON.stringify(row).includes("c2VjcmV0"));
  Object.assign(audit.row, { actorWorkload: "", actorReason: "not a service account of the cluster" });
  nameActor(made);
  assert.deepEqual(
    [row.workload, row.workloadKind, row.identityReason],
    ["", "Unknown", "not a service account of the cluster"],
  );
});
