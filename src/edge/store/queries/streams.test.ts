// A stream after a long absence: what one read does not take is counted, not lost in silence. Against a stand-in store of one row per block.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import type { QueryOptions, TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { decodeStream, encodeCursor } from "./cursor.ts";
import { queryLimits } from "./limits.ts";
import { flowsSince } from "./streams.ts";

/** Answers the three statements of a stream from `ingests`, by what each of them asks: its first words and its bound numbers. */
function standIn(ingests: readonly number[]) {
  const query = async (sql: string, { params = {}, rowsMax = 0 }: QueryOptions = {}) => {
    const values = Object.values(params);
    // The first four are the stretch of time.
    const [floor = 0, before] = values.slice(4).map(Number);
    const known = new Set(values.find((value) => Array.isArray(value)) as number[] | undefined);
    const newestFirst = ingests.toSorted((a, b) => b - a);
    const open = newestFirst.filter((ingest) => ingest > floor && !known.has(ingest));
    let rows: Record<string, unknown>[];
    if (sql.startsWith("SELECT DISTINCT ingest")) rows = open.map((ingest) => ({ ingest }));
    else if (sql.includes("AS older")) rows = [{ older: open.filter((ingest) => ingest < Number(before)).length }];
    else {
      const asked = newestFirst.filter((ingest) => known.has(ingest));
      rows = asked.map((ingest) => ({ ingest, _timeMs: ingest, _tie: "1", _matched: asked.length }));
    }
    const done = { rowsRead: 0, bytesRead: 0, elapsedMs: 0, partial: false, partialBecause: "" };
    return { ...done, rows: rows.slice(0, rowsMax) };
  };
  const store = { query } as unknown as TelemetryStore;
  return { store, clock: manualClock(Date.parse("2026-11-23T12:00:00Z")), oldestKept: async () => undefined };
}

const limit = 1000;
const start = {};

for (const count of [10, queryLimits.streamBlocksReadMax - 1, queryLimits.streamBlocksReadMax, 5000]) {
  test(`of ${count} new blocks every row is delivered or counted as skipped, once`, async () => {
    const parts = standIn(Array.from({ length: count }, (_, index) => 101 + index));
    const cursor = encodeCursor({ floor: 100, blocks: [] });
    const part = await flowsSince(parts, cursor, { q: "", limit, start });
    assert.equal(part.rows.length, Math.min(count, limit));
    assert.equal(part.rows.length + part.skipped, count);
    assert.equal(decodeStream(part.cursor).blocks.at(-1), 100 + count);
    const next = await flowsSince(parts, part.cursor, { q: "", limit, start });
    assert.deepEqual([next.rows.length, next.skipped], [0, 0]);
  });
}
