import assert from "node:assert/strict";
import { test } from "node:test";
import { queryLimits } from "../../../edge/store/queries/limits.ts";
import { gapLines } from "./gap-lines.ts";

const base = {
  time: "2026-11-23T10:00:00.000Z",
  durationMs: 1000,
  cluster: "c",
  node: "n",
  ingest: 1,
  fidelity: "kernel" as const,
  table: "security_events",
  reason: "limit" as const,
  rows: 1,
  counted: "exact" as const,
  detail: "",
};
const gapsOf = (...given: readonly (readonly [rows: number, detail: string])[]) =>
  given.map(([rows, detail]) => ({ ...base, rows, detail })) as unknown as Parameters<typeof gapLines>[0];

test("gaps of one kind are one line; rules that were kept back are named, with their sums", () => {
  const keptBack = "detections of one rule and workload beyond their rate; the next one says how many";
  const links = "files whose path is told as it was asked for: links on the way could not be followed";
  for (const [gaps, lines] of [
    [
      gapsOf([1, `${keptBack}: Miner 1`]),
      ["less exact: 1 repeated detection on n: counted with the next one of their rule: Miner 1"],
    ],
    [
      gapsOf([3, `${keptBack}: Miner 2, Shell, of somebody 1`], [40, links], [4, `${keptBack}: Miner 4`], [2, links]),
      [
        "less exact: 7 repeated detections on n: counted with the next one of their rule: Miner 6, Shell, of somebody 1",
        "less exact: 42 files on n: the path as the program gave it",
      ],
    ],
    // From agents that do not name rules yet.
    [
      gapsOf([1, "beyond their rate: the next one"], [1, "beyond their rate: the next one"]),
      ["limit, 2 rows in 2 gaps: beyond their rate: the next one"],
    ],
    [
      gapsOf([7, `${keptBack}: a 2, b 1, c 1, d 1, e 1, and 1 rules more`], [1, `${keptBack}: f 1`]),
      [
        "less exact: 8 repeated detections on n: counted with the next one of their rule: a 2, b 1, c 1, d 1, e 1, and 1 more",
      ],
    ],
    [
      gapsOf([7, "7 events of type udp"], [5, "5 events of type udp"], [2, "2 events of type dns"]),
      ["limit, 12 rows in 2 gaps: events of type udp", "limit, 2 rows, 2 events of type dns"],
    ],
    [gapsOf([1, ""], [1, ""]), ["limit, 2 rows in 2 gaps"]],
  ] as const)
    assert.deepEqual(
      gapLines(gaps),
      lines.map((line) => (line.startsWith("less exact") ? line : `gap: security_events on n: ${line}`)),
    );
});

test("an answer brings so many gaps and no more: then that is said", () => {
  const gaps = gapsOf(...Array.from({ length: queryLimits.gapsMax }, () => [1, "x"] as const));
  assert.equal(gapLines(gaps).length, 2);
  assert.match(gapLines(gaps).at(-1) ?? "", /only the newest 100 kinds of gaps/);
});
