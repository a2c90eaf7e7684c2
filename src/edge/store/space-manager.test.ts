import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import type { TableUsage } from "../../core/store/telemetry-store.ts";
import { createSpaceManager, type SpaceManagerOptions } from "./space-manager.ts";
import { storedTables } from "./partitions-on-disk.ts";

const dayMs = 24 * 3600 * 1000;
const now = Date.UTC(2026, 10, 23, 12);

/** A store of one partition per day: each of `rows` rows and as many bytes. */
function fakeStore(
  days: Readonly<Record<string, readonly number[]>>,
): SpaceManagerOptions["store"] & { readonly left: Map<string, number[]> } {
  const left = new Map(Object.entries(days).map(([table, starts]) => [table, [...starts]]));
  return {
    left,
    usage: async () =>
      storedTables.map((table): TableUsage => {
        const starts = left.get(table.name) ?? [];
        const bytes = starts.length * 100;
        const range = {
          oldestMs: starts.length === 0 ? undefined : Math.min(...starts),
          newestMs: starts.length === 0 ? undefined : Math.max(...starts),
        };
        return { table: table.name, rollup: table.rollup, rows: bytes, bytes, days: table.days, ...range };
      }),
    dropBefore: async (table, beforeMs) => {
      const starts = left.get(table) ?? [];
      const kept = starts.filter((start) => (Math.floor(start / dayMs) + 1) * dayMs > beforeMs);
      left.set(table, kept);
      return (starts.length - kept.length) * 100;
    },
  };
}

const ago = (days: number): number => now - days * dayMs;
const empty = { days: {}, bytesMax: 0, bytesKeptMin: 0 } as const;

function managerOf(
  store: SpaceManagerOptions["store"],
  rest: Partial<SpaceManagerOptions> = {},
): ReturnType<typeof createSpaceManager> {
  return createSpaceManager({
    store,
    clock: manualClock(now),
    logger: silentLogger,
    disk: async () => undefined,
    policy: () => empty,
    ...rest,
  });
}

test("drops what is older than its days, the default's or the policy's", async () => {
  const store = fakeStore({ flows: [ago(20), ago(9), ago(6), now], spans: [ago(5), now], findings: [ago(300), now] });
  const report = await managerOf(store, { policy: () => ({ ...empty, days: { spans: 30 } }) }).tick();

  assert.deepEqual([report.state, report.droppedByTime, report.droppedBySpace], ["ok", 200, 0]);
  assert.deepEqual(store.left.get("flows"), [ago(6), now]);
  assert.deepEqual(store.left.get("spans"), [ago(5), now]);
  assert.deepEqual(store.left.get("findings"), [ago(300), now]);
});

test("over its bytes it drops the oldest raw partitions, among equals the heaviest, never findings, gaps, rollups or the newest", async () => {
  const store = fakeStore({
    flows: [ago(2), ago(1), now],
    audit_events: [ago(2), now],
    findings: [ago(3), now],
    gaps: [ago(3)],
    edges_1h: [ago(2)],
  });
  const report = await managerOf(store, { policy: () => ({ ...empty, bytesMax: 750 }) }).tick();

  assert.deepEqual(
    report.dropped.map((drop) => drop.table),
    ["flows", "audit_events"],
  );
  assert.equal(report.droppedBySpace, 200);
  const tight = await managerOf(store, { policy: () => ({ ...empty, bytesMax: 1 }) }).tick();
  assert.deepEqual(
    tight.dropped.map((drop) => drop.table),
    ["flows"],
  );
  assert.deepEqual(
    [store.left.get("flows"), store.left.get("audit_events"), store.left.get("gaps")?.length],
    [[now], [now], 1],
  );
});

test("tells how full the disk is", async () => {
  const cases = [
    [50, "ok"],
    [81, "dropping"],
    [91, "tight"],
    [96, "full"],
  ] as const;
  for (const [used, state] of cases) {
    const store = fakeStore({ flows: [now] });
    const report = await managerOf(store, { disk: async () => ({ freeBytes: 100 - used, totalBytes: 100 }) }).tick();
    assert.equal(report.state, state);
    assert.equal(report.because === "", state === "ok", report.because);
    assert.deepEqual(store.left.get("flows"), [now], "the newest partition stays");
  }
});

test("stops dropping as soon as there is room", async () => {
  const store = fakeStore({ flows: [ago(3), ago(2), ago(1), now] });
  const disk = async (): Promise<{ freeBytes: number; totalBytes: number }> => ({
    freeBytes: 25 - 3 * ((store.left.get("flows")?.length ?? 0) - 2),
    totalBytes: 100,
  });
  const report = await managerOf(store, { disk }).tick();

  assert.equal(report.dropped.length, 1);
  assert.equal(report.state, "ok");
});

test("a disk that others fill takes nothing below the floor, and only down to it above; bytesMax holds below it too", async () => {
  const disk = async (): Promise<{ freeBytes: number; totalBytes: number }> => ({ freeBytes: 2, totalBytes: 100 });
  const cases = [
    { bytesKeptMin: 400, bytesMax: 0, left: 4, because: /98 % full, little of it telemetry/ },
    { bytesKeptMin: 399, bytesMax: 0, left: 3, because: /98 % full/ },
    { bytesKeptMin: 200, bytesMax: 0, left: 2, because: /98 % full/ },
    { bytesKeptMin: 400, bytesMax: 250, left: 2, because: /98 % full/ },
  ] as const;
  for (const { left, because, ...policy } of cases) {
    const store = fakeStore({ flows: [ago(3), ago(2), ago(1), now], edges_1h: [ago(3), ago(2)] });
    // Rollups count for bytesMax, which is the whole store's, not for the floor.
    const bytesMax = policy.bytesMax === 0 ? 0 : policy.bytesMax + 200;
    const report = await managerOf(store, { disk, policy: () => ({ ...empty, ...policy, bytesMax }) }).tick();
    assert.equal(store.left.get("flows")?.length, left, JSON.stringify(policy));
    assert.match(report.because, because);
  }
  const store = fakeStore({ flows: [ago(1), now] });
  const quarter = async (): Promise<{ freeBytes: number; totalBytes: number }> => ({ freeBytes: 15, totalBytes: 100 });
  const report = await managerOf(store, { disk: quarter, policy: () => ({ ...empty, bytesKeptMin: 2 ** 31 }) }).tick();
  assert.deepEqual([report.state, report.because, report.droppedBySpace], ["dropping", "", 0]);
});
