// Retention: which tables, how many days, and refusing a table that is not there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import { silentLogger } from "../../base/logger.ts";
import { storedTables } from "../../edge/store/partitions-on-disk.ts";
import { ask, bearer, emptyTelemetry, testServer } from "../../../test/support/test-server.ts";
import { checkRetention, dropExpired } from "./retention.ts";

const dayMs = 86_400_000;
const nowMs = Date.parse("2026-11-23T00:00:00Z");

test("each table is cut at its days, the resource's before the default", async () => {
  const asked = new Map<string, number>();
  const telemetry = {
    dropBefore: async (table: string, beforeMs: number) => {
      asked.set(table, (nowMs - beforeMs) / dayMs);
      return 1;
    },
  };
  const spec = { days: { flows: 2 }, bytesMax: 0 };
  const resource = { apiVersion: "garrison/v1", kind: "Retention", scope: "global", name: "default", spec } as const;
  const resources = {
    get: async () => ({ ...resource, generation: 1, author: "a", time: new Date(nowMs).toISOString(), deleted: false }),
  };
  const rows = await dropExpired({ resources, telemetry, clock: manualClock(nowMs), logger: silentLogger });
  assert.equal(rows, asked.size);
  for (const { name, days } of storedTables) assert.equal(asked.get(name), name === "flows" ? 2 : days, name);
});

test("a table that is not there is refused with the one that was meant", () => {
  assert.doesNotThrow(() => checkRetention({ days: { flows: 3 }, bytesMax: 0 }));
  assert.throws(
    () => checkRetention({ days: { flwos: 3 }, bytesMax: 0 }),
    (thrown: Fault) => thrown.where === "spec.days.flwos" && thrown.hint === 'did you mean "flows"?',
  );
});

test("the server drops at start and after each change", async () => {
  const flowsDays: number[] = [];
  const telemetry = emptyTelemetry({
    dropBefore: async (table, beforeMs) => {
      if (table === "flows") flowsDays.push(Math.round((Date.now() - beforeMs) / dayMs));
      return 0;
    },
  });
  await using server = await testServer({ telemetry });
  const headers = bearer(server.localToken);
  const path = "/api/v1/resources/Retention/default";
  const put = (spec: object) =>
    ask(server, { method: "PUT", path, headers, body: { kind: "Retention", name: "default", spec } });
  assert.equal((await put({ days: { flows: 3 } })).status, 200);
  while (flowsDays.at(-1) !== 3) await new Promise((resolve) => setTimeout(resolve, 5));
  const bad = await put({ days: { flwos: 3 } });
  assert.deepEqual(
    [bad.status, bad.json["code"], bad.json["where"]],
    [400, "retention/unknown-table", "spec.days.flwos"],
  );
});
