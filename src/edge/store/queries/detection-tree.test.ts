// What a process tree asks of the store: how far back, which rows whole, and for how long; against a stand-in store that answers by the question.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import type { QueryOptions, TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { detectionTree } from "./detection-tree.ts";
import { queryLimits } from "./limits.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const hour = 3_600_000;
const limits = { ancestorsMax: 8, descendantsMax: 64, depthMax: 4, deedsMax: 8 };
const request = {
  cluster: "local",
  node: "local",
  processId: "30",
  window: { sinceMs: nowMs - hour, untilMs: nowMs },
};

type Kind = "lives" | "children" | "deeds";

interface Asked {
  readonly kind: Kind;
  readonly sql: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly ids: readonly string[];
  readonly timeoutMs: number;
}

/** Processes of the machine itself, one below the other: 1 <- 2 <- ... ; all began `startedMs` ago. */
function standIn({ startedMs, tookMs = 0 }: { readonly startedMs: number; readonly tookMs?: number }) {
  const asked: Asked[] = [];
  const clock = manualClock(nowMs);
  const rowOf = (id: string) => ({
    processId: id,
    parentProcessId: id === "1" ? "" : String(Number(id) - 1),
    containerId: "",
    pid: Number(id),
    startTime: new Date(nowMs - startedMs).toISOString(),
    _endedMs: 0,
  });
  const query = async (sql: string, { params = {}, timeoutMs = 0 }: QueryOptions = {}) => {
    const kind: Kind = sql.includes("parentProcessId IN") ? "children" : sql.includes("AS facts") ? "lives" : "deeds";
    const lists = Object.values(params).filter((value) => Array.isArray(value));
    const ids = (lists[0] ?? []).map(String);
    asked.push({ kind, sql, sinceMs: Number(params["p0"]), untilMs: Number(params["p1"]), ids, timeoutMs });
    clock.advance(tookMs);
    const rows = {
      lives: () => ids.map(rowOf),
      children: () => ids.map((id) => ({ id: String(Number(id) + 1) })),
      deeds: () => [],
    }[kind]();
    return { rows, rowsRead: 0, bytesRead: 0, elapsedMs: 0, partial: false, partialBecause: "" };
  };
  const parts = { store: { query } as unknown as TelemetryStore, clock, oldestKept: async () => undefined };
  return { asked, parts };
}

test("whole rows are asked for by the id that has an index, who started whom in narrow ones", async () => {
  const { asked, parts } = standIn({ startedMs: 2 * hour });
  const tree = await detectionTree(parts, request, limits);
  assert.deepEqual(
    tree.nodes.map(({ process, generation }) => [process.processId, generation]),
    Array.from({ length: 13 }, (_, index) => [String(22 + index), index - 8]),
  );
  assert.equal(tree.because, "");
  for (const { kind, sql } of asked) {
    if (kind === "lives") assert.ok(!sql.includes("parentProcessId IN"));
    if (kind === "children") assert.match(sql, /^SELECT processId AS id, min\(startTime\) AS began FROM/);
  }
  assert.equal(asked.filter(({ kind }) => kind === "children").length, limits.depthMax);
});

test("however old the process is, nothing is asked of the time before the look-back", async () => {
  const { asked, parts } = standIn({ startedMs: 400 * 24 * hour });
  await detectionTree(parts, request, limits);
  const earliest = request.window.sinceMs - queryLimits.processLookBackMs;
  assert.deepEqual(
    [...new Set(asked.filter(({ kind }) => kind !== "deeds").map(({ sinceMs }) => sinceMs))],
    [earliest],
  );
  assert.deepEqual([...new Set(asked.map(({ untilMs }) => untilMs))], [nowMs]);
});

test("a young process's children are looked for since its start, or since the window where that is earlier", async () => {
  for (const [startedMs, sinceMs] of [
    [3 * hour, nowMs - 3 * hour],
    [60_000, request.window.sinceMs],
  ] as const) {
    const { asked, parts } = standIn({ startedMs });
    await detectionTree(parts, request, limits);
    assert.deepEqual(
      [...new Set(asked.filter(({ kind }) => kind === "children").map((each) => each.sinceMs))],
      [sinceMs],
    );
  }
});

test("a slow store: all questions together end in time, and what was left out is said", async () => {
  const { asked, parts } = standIn({ startedMs: hour, tookMs: 4000 });
  const tree = await detectionTree(parts, request, limits);
  assert.match(tree.because, /took longer than 9 s/);
  // Itself, two ancestors, and what these did: nobody below.
  assert.deepEqual(
    asked.map(({ kind }) => kind),
    ["lives", "lives", "lives", "deeds", "deeds", "deeds"],
  );
  assert.deepEqual(
    asked.map(({ timeoutMs }) => timeoutMs),
    [8000, 5000, 2000, 2000, 2000, 2000],
  );
});
