import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpoolLoss } from "../../edge/spool/loss-book.ts";
import type { TableName } from "../../model/table.ts";
import { createGapWatch, gapOfLoss, lossOfGap, type GapSources } from "./gap-watch.ts";
import { downGap } from "./heartbeat.ts";

const day = 24 * 3600 * 1000;

function sources(more: Partial<GapSources>): GapSources {
  return {
    sensorStats: () => ({ eventsByType: {}, dropsByType: {}, cpuMs: 0 }),
    queueDrops: () => new Map(),
    flowLosses: () => undefined,
    sensorDown: "",
    ...more,
  };
}

test("ring drops are told once, by table, with the window they fell into", () => {
  const drops: Record<string, number> = { udp: 5, exec: 2 };
  const watch = createGapWatch(
    sources({ sensorStats: () => ({ eventsByType: {}, dropsByType: { ...drops }, cpuMs: 0 }) }),
    1000,
  );
  assert.deepEqual(
    watch(3000).map(({ time, durationMs, table, reason, rows, counted }) => [
      time,
      durationMs,
      table,
      reason,
      rows,
      counted,
    ]),
    [
      [1000, 2000, "flows", "ring-full", 5, "estimate"],
      [1000, 2000, "process_events", "ring-full", 2, "exact"],
    ],
  );
  assert.deepEqual(watch(4000), []);
  drops["udp"] = 6;
  assert.deepEqual(
    watch(5000).map(({ time, rows }) => [time, rows]),
    [[4000, 1]],
  );
});

test("environments that were not read whole are a gap of detections, not of processes", () => {
  const dropsByType = { "environment-cut": 3, "environment-names": 2 };
  const watch = createGapWatch(sources({ sensorStats: () => ({ eventsByType: {}, dropsByType, cpuMs: 0 }) }), 0);
  assert.deepEqual(
    watch(10).map(({ table, reason, rows, counted }) => [table, reason, rows, counted]),
    [
      ["security_events", "limit", 3, "estimate"],
      ["security_events", "limit", 2, "estimate"],
    ],
  );
  assert.deepEqual(watch(20), []);
});

test("what was told with less than is there is a gap of what rules find, and repeats that are forgotten are none", () => {
  const dropsByType = { "path-as-written": 2, "host-path-unknown": 3, "repeats-forgotten": 4 };
  const watch = createGapWatch(sources({ sensorStats: () => ({ eventsByType: {}, dropsByType, cpuMs: 0 }) }), 0);
  assert.deepEqual(
    watch(10).map(({ table, reason, rows, counted, detail }) => [table, reason, rows, counted, detail.split(" ", 3)]),
    [
      ["security_events", "limit", 2, "estimate", ["files", "whose", "path"]],
      ["security_events", "limit", 3, "estimate", ["files", "of", "containers"]],
    ],
  );
});

test("a part that is missed all the time is told at once, then added up: no row for each look, no count lost", () => {
  let missed = 0;
  const watch = createGapWatch(
    sources({ sensorStats: () => ({ eventsByType: {}, dropsByType: { "path-as-written": missed }, cpuMs: 0 }) }),
    0,
  );
  const told: (readonly [time: number, durationMs: number, rows: number])[] = [];
  const look = (nowMs: number, which?: "last"): void => {
    for (const { time, durationMs, rows } of watch(nowMs, which)) told.push([time, durationMs, rows]);
  };
  for (let nowMs = 2000; nowMs <= 70_000; nowMs += 2000) {
    missed += 5;
    look(nowMs);
  }
  assert.deepEqual(told, [
    [0, 2000, 5],
    [2000, 30_000, 75],
    [32_000, 30_000, 75],
  ]);
  look(70_500, "last");
  assert.deepEqual(told.at(-1), [62_000, 8500, 20]);
  // After a pause the next one is told at once, with its own window.
  look(600_000);
  missed += 1;
  look(602_000);
  assert.deepEqual(told.at(-1), [600_000, 2000, 1]);
  assert.equal(
    told.reduce((sum, [, , rows]) => sum + rows, 0),
    missed,
  );
});

test("queue drops, merged detail, flows over the limit and a sensor that is down are rows", () => {
  const watch = createGapWatch(
    sources({
      queueDrops: () => new Map<TableName, number>([["flows", 7]]),
      flowLosses: () => ({ rowsMerged: 3, flowsOverLimit: 4, detail: "w is merged to level 3" }),
      sensorDown: "no root",
    }),
    0,
  );
  assert.deepEqual(
    watch(10).map(({ table, reason, rows, counted }) => [table, reason, rows, counted]),
    [
      ["flows", "queue-full", 7, "exact"],
      ["flows", "merged", 3, "exact"],
      ["flows", "limit", 4, "estimate"],
      ["*", "sensor-down", 0, "no"],
    ],
  );
});

test("spool losses keep their own window, cut to what the server takes, and come back from a row as they went", () => {
  const loss: SpoolLoss = {
    table: "flows",
    reason: "spool-full",
    blocks: 2,
    rows: 20,
    counted: "exact",
    fromMs: 0,
    toMs: 10 * day - 5,
    detail: "cap",
    refusals: 0,
  };
  const row = gapOfLoss(loss, 10 * day);
  assert.deepEqual([row.rows, row.reason, row.detail], [20, "spool-full", "2 blocks: cap"]);
  assert.equal(row.time, 9 * day + 60_000);
  assert.equal(row.time + row.durationMs, 10 * day - 5);
  const other = { ...loss, reason: "ring-full", blocks: 0, fromMs: 9.5 * day } as const;
  assert.deepEqual(lossOfGap(gapOfLoss(other, 10 * day)), other);
});

test("the gap of a start reaches from the last heartbeat to now", () => {
  assert.equal(downGap(undefined, { timeMs: 5, bootId: "a" }, 0), undefined);
  assert.equal(downGap({ timeMs: 9, bootId: "a" }, { timeMs: 5, bootId: "a" }, 0), undefined);
  const gap = downGap({ timeMs: 1000, bootId: "a" }, { timeMs: 5000, bootId: "b" }, 2000);
  assert.deepEqual([gap?.time, gap?.durationMs, gap?.reason], [2000, 3000, "agent-down"]);
  assert.match(gap?.detail ?? "", /restarted/);
});

test("the gap of a start after a kill holds the flow window that was open; after an orderly end there is none", () => {
  const killed = downGap({ timeMs: 60_000, toldMs: 45_000, bootId: "a" }, { timeMs: 70_000, bootId: "a" }, 0);
  assert.deepEqual([killed?.time, killed?.durationMs], [45_000, 25_000]);
  const ended = downGap({ timeMs: 60_000, toldMs: 60_000, bootId: "a" }, { timeMs: 70_000, bootId: "a" }, 0);
  assert.deepEqual([ended?.time, ended?.durationMs], [60_000, 10_000]);
});
