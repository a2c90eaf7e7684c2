// Retention and space: which tables, how many days, what went for space as gaps and notices, and refusing a table that is not there.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "../../base/fault.ts";
import type { TableUsage } from "../../core/store/telemetry-store.ts";
import { storedTables } from "../../edge/store/partitions-on-disk.ts";
import { ask, bearer, emptyTelemetry, quietAgents, testServer } from "../../../test/support/test-server.ts";
import { Retention } from "../../model/retention.ts";
import type { AgentsSide } from "./parts.ts";
import { checkRetention } from "./retention.ts";

const dayMs = 86_400_000;

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a table that is not there is refused with the one that was meant", () => {
  assert.doesNotThrow(() => checkRetention(Retention.parse({ days: { flows: 3 } })));
  assert.throws(
    () => checkRetention(Retention.parse({ days: { flwos: 3 } })),
    (thrown: Fault) => thrown.where === "spec.days.flwos" && thrown.hint === 'did you mean "flows"?',
  );
});

test("each table is cut at its days: the defaults at start, the resource's after each change", async () => {
  const asked = new Map<string, number>();
  const telemetry = emptyTelemetry({
    dropBefore: async (table, beforeMs) => {
      asked.set(table, Math.round((Date.now() - beforeMs) / dayMs));
      return 0;
    },
  });
  await using server = await testServer({ telemetry });
  const cut = storedTables.filter(({ days }) => days > 0);
  await until(() => asked.size === cut.length);
  for (const { name, days } of cut) assert.equal(asked.get(name), days, name);
  const headers = bearer(server.localToken);
  const path = "/api/v1/resources/Retention/default";
  const put = (spec: object) =>
    ask(server, { method: "PUT", path, headers, body: { kind: "Retention", name: "default", spec } });
  assert.equal((await put({ days: { flows: 3 } })).status, 200);
  await until(() => asked.get("flows") === 3);
  const bad = await put({ days: { flwos: 3 } });
  assert.deepEqual([bad.status, bad.json["code"]], [400, "retention/unknown-table"]);
  assert.equal((await ask(server, { method: "DELETE", path, headers })).status, 200);
  await until(() => asked.get("flows") === storedTables.find(({ name }) => name === "flows")?.days);
});

test("what goes for space is a gap that says how many rows and which time", async () => {
  const nowMs = Date.now();
  const oldestMs = nowMs - 3 * dayMs;
  let isDropped = false;
  const usage = (): TableUsage[] => {
    const left = isDropped ? { bytes: 500, oldestMs: nowMs } : { bytes: 2000, oldestMs };
    return [{ table: "flows", rollup: false, rows: 10, ...left, newestMs: nowMs, days: 7 }];
  };
  const telemetry = emptyTelemetry({
    usage: async () => usage(),
    dropBefore: async (table, beforeMs) => {
      if (table !== "flows" || beforeMs <= oldestMs) return 0;
      isDropped = true;
      return 7;
    },
  });
  const gaps: Parameters<AgentsSide["recordGap"]>[1][] = [];
  const agents = quietAgents({
    recordGap: async (place, gap) => {
      assert.deepEqual(place, { cluster: "local", node: "" });
      gaps.push(gap);
    },
  });
  await using server = await testServer({ telemetry, agents });
  const headers = bearer(server.localToken);
  const path = "/api/v1/resources/Retention/default";
  const body = { kind: "Retention", name: "default", spec: { bytesMax: 1000 } };
  assert.equal((await ask(server, { method: "PUT", path, headers, body })).status, 200);
  await until(() => gaps.length === 1);
  const [gap] = gaps;
  assert.deepEqual([gap?.table, gap?.reason, gap?.rows, gap?.counted], ["flows", "disk-full", 7, "exact"]);
  assert.ok(gap !== undefined && gap.time <= oldestMs && gap.time + gap.durationMs > oldestMs);
});
