import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { manualClock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import { foreignLimits } from "../../../core/foreign/limits.ts";
import { inspectBlock } from "../../../edge/blocks/inspect-block.ts";
import type { TableName } from "../../../model/table.ts";
import { foreignHandlers, type ForeignParts } from "./handlers.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
type Stored = { cluster: string; node: string; table: TableName; rows: number; body: Uint8Array };

function door(over: Partial<ForeignParts> = {}) {
  const stored: Stored[] = [];
  const handlers = foreignHandlers({
    clock: manualClock(nowMs),
    accept: async (place, block) => void stored.push({ ...place, ...block }),
    isAgentCluster: async (cluster) => cluster === "local",
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
