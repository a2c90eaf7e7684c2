import assert from "node:assert/strict";
import { test } from "node:test";
import { gapParts, gapWords } from "./gap-parts.ts";
import { detailOf, joinGaps, type GapSum } from "./join-gaps.ts";

const options = { apartMs: 10_000, gapsMax: 100 };

function sum(sinceMs: number, more: Partial<GapSum> = {}): GapSum {
  return {
    cluster: "c",
    node: "n",
    table: "security_events",
    reason: "limit",
    words: "paths as asked for",
    count: undefined,
    sinceMs,
    untilMs: sinceMs + 2000,
    rows: 1,
    counted: ["estimate"],
    ingest: sinceMs,
    ...more,
  };
}

/** [from, until, rows, what] of each. */
function shown(sums: readonly GapSum[], given = options) {
  return joinGaps(sums, given).map((gap) => [gap.sinceMs, gap.untilMs, gap.rows, detailOf(gap)]);
}

test("a kind that is told every two seconds for an hour is one gap, and leaves room for the others", () => {
  const often = Array.from({ length: 1800 }, (_, index) => sum(index * 2000, { rows: 3 }));
  const rare = sum(5000, { reason: "ring-full", words: "events of type udp", count: 7, rows: 7 });
  assert.deepEqual(shown([...often, rare]), [
    [5000, 7000, 7, "7 events of type udp"],
    [0, 3_600_000, 5400, "paths as asked for"],
  ]);
});

test("a pause longer than that parts them; other nodes, reasons, tables and words are other kinds", () => {
  assert.deepEqual(
    shown([sum(0), sum(12_000), sum(24_001)]).map(([since, until]) => [since, until]),
    [
      [24_001, 26_001],
      [0, 14_000],
    ],
  );
  for (const other of [{ node: "m" }, { cluster: "d" }, { reason: "ring-full" }, { table: "flows" }, { words: "b" }])
    assert.equal(shown([sum(0), sum(0, other as Partial<GapSum>)]).length, 2);
});

test("a long gap reaches over a later, shorter one", () => {
  assert.deepEqual(
    shown([sum(0, { untilMs: 60_000 }), sum(20_000), sum(65_000)]).map(([since, until, rows]) => [since, until, rows]),
    [[0, 67_000, 3]],
  );
});

test("numbers before the words and names behind them are added up", () => {
  const keptBack = "detections beyond their rate";
  assert.deepEqual(
    shown([
      sum(0, { words: "events of type udp", count: 5, rows: 5 }),
      sum(3000, { words: "events of type udp", count: 7, rows: 7 }),
      sum(0, { words: `${keptBack}: Miner 2, Shell, of somebody 1` }),
      sum(3000, { words: `${keptBack}: Miner 4, and 3 rules more` }),
    ]).map(([, , rows, detail]) => [rows, detail]),
    [
      [12, "12 events of type udp"],
      [2, `${keptBack}: Miner 6, Shell, of somebody 1, and 3 rules more`],
    ],
  );
});

test("a kind beyond its share joins what is nearest: the longest pauses stay, and no row is lost", () => {
  const minute = 60_000;
  const scattered = Array.from({ length: 300 }, (_, index) => sum(index * minute));
  const withPause = [...scattered, sum(1000 * minute)];
  const joined = joinGaps(withPause, { ...options, gapsMax: 3 });
  assert.deepEqual(
    joined.map(({ sinceMs, untilMs, rows }) => [sinceMs, untilMs, rows]),
    [
      [1000 * minute, 1000 * minute + 2000, 1],
      [0, 299 * minute + 2000, 300],
    ],
  );
  const two = joinGaps([...scattered, ...scattered.map((one) => ({ ...one, node: "m" }))], options);
  assert.ok(two.length < options.gapsMax);
  assert.equal(
    two.reduce((rows, gap) => rows + gap.rows, 0),
    600,
  );
});

test("of more kinds than gaps may be shown the newest are kept", () => {
  const kinds = Array.from({ length: 150 }, (_, index) => sum(index * 1000, { node: `n${index}` }));
  const joined = joinGaps(kinds, options);
  assert.deepEqual([joined.length, joined[0]?.node, joined.at(-1)?.node], [100, "n149", "n50"]);
});

test("words are taken apart and put together again", () => {
  for (const detail of [
    "",
    "12 events of type udp",
    "3 blocks: no room",
    "pods: the API server did not answer",
    "beyond their rate: Miner 2, Shell, of somebody 1",
    "beyond their rate: a 1, and 4 rules more",
    "two\nlines: x",
  ])
    assert.equal(gapWords([gapParts(detail)]), detail);
});
