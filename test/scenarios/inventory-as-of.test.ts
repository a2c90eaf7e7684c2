// "As of" against a real store process: whose rows are believed, what is said of times when nobody looked, and pages behind the last.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import type { InventoryKind } from "../../src/model/inventory.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

const hour = 3_600_000;
const nowMs = Date.parse("2026-11-23T12:00:00Z");
const beganMs = nowMs - 60 * hour;
const place = { cluster: "c", node: "kubernetes", fidelity: "foreign" };

let store: ScratchStore;
let queries: Queries;

function namespace(name: string, timeMs: number, over: Record<string, unknown> = {}) {
  const object = {
    cluster: "c",
    kind: "Namespace",
    uid: name,
    name,
    namespace: "",
    createdAt: "2026-11-01T00:00:00.000Z",
    labels: {},
    phase: "Active",
  };
  const row = { objectKind: "Namespace", objectName: name, uid: name, object: JSON.stringify(object) };
  return { ...place, ...row, time: timeMs, ingest: 1, action: "added", ...over };
}

before(async () => {
  store = await startScratchStore();
  // Three namespaces 60 hours ago; then nothing until 20 hours ago; written again 8 hours ago.
  const seen = (timeMs: number, action: string) => ["a", "b", "x"].map((name) => namespace(name, timeMs, { action }));
  await store.insert("inventory_events", [
    ...seen(beganMs, "added"),
    ...seen(nowMs - 20 * hour, "seen"),
    ...seen(nowMs - 8 * hour, "seen"),
    // What a node says of itself as inventory is nobody's word: one that never was, one taken away, and an earlier beginning.
    namespace("forged", nowMs - 2 * hour, { node: "n1" }),
    namespace("a", nowMs - 2 * hour, { node: "n1", action: "removed", object: "" }),
    namespace("early", beganMs - hour, { node: "n1" }),
  ]);
  const gap = { ...place, table: "inventory_events", reason: "inventory-down", counted: "no", durationMs: hour };
  await store.insert("gaps", [
    { ...gap, time: nowMs - 4 * hour, detail: "namespaces: forbidden" },
    { ...gap, time: nowMs - 6 * hour, detail: "cronjobs.batch: forbidden" },
    { ...gap, time: nowMs - 7 * hour, node: "n1", detail: "namespaces: said by an agent" },
  ]);
  queries = createQueries({ store: store.store, clock: manualClock(nowMs) });
});
after(async () => store[Symbol.asyncDispose]());

async function asOf(agoMs: number, over: { kind?: InventoryKind; offset?: number } = {}) {
  const request = { cluster: "c", kind: over.kind ?? "Namespace", atMs: nowMs - agoMs } as const;
  const found = await queries.inventoryAsOf({ ...request, limit: 2, offset: over.offset ?? 0 });
  return { names: found.objects.map(({ name }) => name), total: found.total, because: found.because };
}

test("only rows of the API server are believed", async () => {
  assert.deepEqual(await asOf(0), { names: ["a", "b"], total: 3, because: "" });
  assert.equal(await queries.inventorySince("c"), beganMs);
  const baseline = await queries.inventoryBaseline("c");
  assert.deepEqual(baseline.map(({ uid }) => uid).sort(), ["a", "b", "x"]);
});

test("a page behind the last one still says how many there are", async () => {
  assert.deepEqual(await asOf(0, { offset: 2 }), { names: ["x"], total: 3, because: "" });
  assert.deepEqual(await asOf(0, { offset: 4 }), { names: [], total: 3, because: "" });
});

const unseen: readonly (readonly [string, number, number, RegExp])[] = [
  ["shortly after the first rows", 59 * hour, 3, /^$/],
  ["when what lives should have been written again", 40 * hour, 3, /^nothing was written between 2026-11-21T00:00/],
  ["when the look back finds nothing", 30 * hour, 0, /^nothing was written between .* is not known$/],
  ["before anything was kept", 60.5 * hour, 0, /is kept since/],
  ["while the kind's watch was down", 3.5 * hour, 3, /^nobody could look between .*: namespaces: forbidden$/],
  ["while another kind's watch was down", 5.5 * hour, 3, /^$/],
  ["while an agent says so", 6.5 * hour, 3, /^$/],
];
for (const [when, agoMs, total, expected] of unseen) {
  test(`as of a time ${when}`, async () => {
    const found = await asOf(agoMs);
    assert.equal(found.total, total);
    assert.match(found.because, expected);
  });
}

test("no object of a kind that was never written is not told as none", async () => {
  const found = await asOf(0, { kind: "CronJob" });
  assert.equal(found.total, 0);
  assert.match(found.because, /no CronJob was written/);
});
