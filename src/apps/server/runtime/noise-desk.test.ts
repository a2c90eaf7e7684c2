import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentRecord } from "../../../core/state/ports.ts";
import { noiseBoard } from "./noise-desk.ts";

const nowMs = Date.parse("2026-11-26T10:00:00.000Z");
const window = { since: "", until: "", partial: false, partialBecause: "", gaps: [] };

/** Joined, and told nothing yet. */
const agent = (cluster: string, node: string): AgentRecord => ({
  cluster,
  node,
  serial: "1",
  expiresAtMs: nowMs + 1000,
  revoked: node === "revoked",
  lastSeenAtMs: nowMs,
  report: undefined,
});

function board(q: string) {
  return noiseBoard(
    {
      queries: {
        noiseSums: async () => ({
          rows: [],
          omitted: 0,
          clusters: [{ cluster: "foreign", perDay: new Map(), last24h: 3 }],
          lookedAt: { sinceMs: nowMs - 86_400_000, untilMs: nowMs },
          window,
        }),
      },
      state: { agents: { list: async () => [agent("far", "n1"), agent("far", "n2"), agent("past", "revoked")] } },
      clock: { nowMs: () => nowMs },
      clusters: { view: () => undefined },
    },
    { q, days: 2 },
  );
}

test("a cluster where nobody looks stands on the board with the reason, and is not said to be in order", async () => {
  const { clusters, cover } = await board("");
  assert.deepEqual(
    clusters.map(({ cluster, last24h, cover: own }) => [cluster, last24h, own.nodes, own.nodesDetecting]),
    [
      ["foreign", 3, 0, 0],
      ["far", 0, 2, 0],
    ],
  );
  assert.deepEqual([cover.nodes, cover.nodesDetecting], [2, 0]);
});

test("a filter leaves out clusters that it found nothing in", async () => {
  const { clusters } = await board("ns:shop");
  assert.deepEqual(
    clusters.map(({ cluster }) => cluster),
    ["foreign"],
  );
});
