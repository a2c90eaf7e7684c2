import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { manualClock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import { createIdentityHub } from "../../../core/directory/identity-hub.ts";
import { foreignLimits } from "../../../core/foreign/limits.ts";
import { inspectBlock } from "../../../edge/blocks/inspect-block.ts";
import { IdentityEntry } from "../../../model/identity-entry.ts";
import type { TableName } from "../../../model/table.ts";
import { createBooks } from "./books.ts";
import { foreignHandlers, type ForeignParts } from "./handlers.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
type Stored = { cluster: string; node: string; table: TableName; rows: number; body: Uint8Array };

function door(over: Partial<ForeignParts> = {}) {
  const stored: Stored[] = [];
  const handlers = foreignHandlers({
    clock: manualClock(nowMs),
    accept: async (place, block) => void stored.push({ ...place, ...block }),
    isAgentCluster: async (cluster) => cluster === "local",
    books: { of: () => undefined },
    ...over,
  });
  type Name = keyof typeof handlers;
  const send = async (
    name: Name,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
    cluster = "foreign",
  ) => {
    const request = new Request("http://localhost/", {
      method: "POST",
      body: typeof body === "string" ? body : new Uint8Array(body),
      headers: { "content-type": "application/json", ...headers },
    });
    const handler = handlers[name] as (call: unknown) => Promise<Record<string, unknown>>;
    return handler({ request, query: { cluster } });
  };
  return { send, stored };
}

const alert = (hostname: string) => ({
  rule: "r",
  priority: "Error",
  output: "o",
  time: "2026-11-23T11:59:00Z",
  hostname,
});

test("rows become one sound block per table and node", async () => {
  const { send, stored } = door();
  const items = [alert("n1"), alert("n2"), alert("n1"), { rule: "" }];
  const answer = await send("ingestFalco", JSON.stringify(items), {}, "prod");
  assert.deepEqual(answer, {
    accepted: 3,
    refused: 1,
    reasons: [{ item: 3, because: "it has no rule: not a Falco alert" }],
  });
  assert.deepEqual(
    stored.map(({ cluster, node, table, rows }) => [cluster, node, table, rows]),
    [
      ["prod", "n1", "security_events", 2],
      ["prod", "n2", "security_events", 1],
    ],
  );
  for (const block of stored) {
    assert.equal(inspectBlock(block.table, block.body).rows, block.rows);
  }
});

test("gzip is taken, and OTLP answers partial success", async () => {
  const { send, stored } = door();
  const span = {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    startTimeUnixNano: `${nowMs}000000`,
  };
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [span, { ...span, spanId: "" }] }] }] };
  const answer = await send("ingestOtlpTraces", gzipSync(JSON.stringify(request)), { "content-encoding": "gzip" });
  assert.deepEqual(answer, {
    partialSuccess: { rejectedSpans: "1", errorMessage: "item 1: the span has no valid traceId and spanId" },
  });
  assert.equal(stored[0]?.rows, 1);
  assert.deepEqual(await send("ingestOtlpLogs", "{}"), {});
});

test("rows of too many nodes are filed without a node", async () => {
  const { send, stored } = door();
  const items = Array.from({ length: foreignLimits.nodesMax + 5 }, (_, index) => alert(`n${index}`));
  await send("ingestFalco", JSON.stringify(items));
  assert.equal(stored.length, foreignLimits.nodesMax + 1);
  assert.deepEqual(
    stored.filter((block) => block.node === "").map((block) => block.rows),
    [5],
  );
});

const refused: readonly (readonly [string, string, string | Uint8Array, Record<string, string>])[] = [
  ["foreign/empty", "ingestFalco", "", {}],
  ["foreign/too-large", "ingestFalco", "x".repeat(foreignLimits.bytesMax + 1), {}],
  [
    "foreign/too-large",
    "ingestHubble",
    gzipSync(Buffer.alloc(foreignLimits.bytesInflatedMax + 1)),
    { "content-encoding": "gzip" },
  ],
  ["foreign/broken-gzip", "ingestAudit", "not gzip", { "content-encoding": "gzip" }],
  ["foreign/broken-gzip", "ingestAudit", gzipSync("[1,2,3]").subarray(0, 15), { "content-encoding": "gzip" }],
  ["foreign/unknown-encoding", "ingestAudit", "x", { "content-encoding": "br" }],
  ["foreign/not-otlp", "ingestOtlpLogs", "x", { "content-type": "text/plain" }],
  ["foreign/not-otlp", "ingestOtlpTraces", "x", { "content-type": "application/x-protobuf" }],
  ["foreign/broken-json", "ingestOtlpLogs", "{", {}],
  ["foreign/broken-json", "ingestOtlpLogs", "[".repeat(100), {}],
];

test("what cannot be read is refused, and nothing is stored", async () => {
  for (const [code, name, body, headers] of refused) {
    const { send, stored } = door();
    await assert.rejects(
      send(name as "ingestFalco", body, headers),
      (thrown) => thrown instanceof Fault && thrown.code === code,
      code,
    );
    assert.deepEqual(stored, []);
  }
});

test("foreign rows never pass for an agent's, and a full spool is the sender's to retry", async () => {
  const { send, stored } = door();
  await assert.rejects(send("ingestFalco", JSON.stringify(alert("n")), {}, "local"), { code: "foreign/agent-cluster" });
  assert.deepEqual(stored, []);
  const full = door({
    accept: async () =>
      Promise.reject(new Fault("full", { code: "agents/spool-full", kind: "limited", retryAfterMs: 1000 })),
  });
  await assert.rejects(full.send("ingestFalco", JSON.stringify(alert("n"))), {
    code: "agents/spool-full",
    retryAfterMs: 1000,
  });
});

const auditEvent = (name: string, over: Record<string, unknown> = {}) => ({
  auditID: `a-${name}`,
  stage: "ResponseComplete",
  stageTimestamp: "2026-11-23T12:00:00Z",
  verb: "delete",
  user: { username: "system:serviceaccount:shop:default" },
  sourceIPs: ["10.0.0.5"],
  objectRef: { resource: "pods", namespace: "shop", name },
  ...over,
});

const shopPod = (name: string, address: string): IdentityEntry =>
  IdentityEntry.parse({
    key: `Pod/${name}`,
    kind: "pod",
    addresses: [address],
    namespace: "shop",
    workload: name.split("-")[0],
    workloadKind: "Deployment",
    pod: name,
    podUid: name,
    fromMs: 0,
  });

test("audit events of a cluster with agents are completed from its inventory; a pod that comes a moment later too", async () => {
  const hub = createIdentityHub();
  hub.reset("local", { entries: [shopPod("web-1", "10.0.0.5")], because: "" }, nowMs);
  hub.reset("other", { entries: [], because: "" }, nowMs);
  const { send, stored } = door({ books: createBooks(hub, manualClock(nowMs)), identityHoldMs: 20 });
  const sending = send(
    "ingestAudit",
    JSON.stringify({ items: [auditEvent("web-1"), auditEvent("new-1")] }),
    {},
    "local",
  );
  setTimeout(() => hub.change("local", { put: [shopPod("new-1", "10.0.0.6")], ended: [] }), 5);
  await sending;
  await send("ingestAudit", JSON.stringify(auditEvent("web-1")), {}, "other");
  await send("ingestAudit", JSON.stringify(auditEvent("web-1")), {}, "third");
  const texts = stored.map(({ cluster, body }) => [cluster, Buffer.from(body).toString("latin1")] as const);
  assert.deepEqual(
    texts.map(([cluster]) => cluster),
    ["local", "other", "third"],
  );
  assert.match(texts[0]?.[1] ?? "", /Deployment/);
  assert.doesNotMatch(texts[0]?.[1] ?? "", /not in the inventory/);
  assert.match(texts[1]?.[1] ?? "", /not in the inventory \(pod shop\/web-1\)/);
  assert.match(texts[2]?.[1] ?? "", /nobody keeps an inventory of this cluster/);
});
