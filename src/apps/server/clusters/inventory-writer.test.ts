// What the writer of the inventory does beside the plain case: a busy cluster is written again too, and what fell out heals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { silentLogger } from "../../../base/logger.ts";
import { createInventory } from "../../../core/inventory/inventory.ts";
import type { BaselineObject } from "../../../edge/store/queries/queries.ts";
import { createInventoryWriter } from "./inventory-writer.ts";
import { clusterLimits } from "./limits.ts";
import { emptyQueries } from "../../../../test/support/test-server.ts";

const startMs = Date.parse("2026-11-23T12:00:00Z");

/** A cluster of namespaces before a store that remembers the blocks' bytes as text. */
function world(factsHeldMax: number = clusterLimits.factsHeldMax) {
  const clock = manualClock(startMs);
  const inventory = createInventory("c");
  const blocks: string[] = [];
  const stored = { baseline: [] as BaselineObject[], asked: 0 };
  const writer = createInventoryWriter({
    cluster: "c",
    inventory,
    clock,
    logger: silentLogger,
    fidelity: () => "foreign",
    factsHeldMax,
    queries: emptyQueries({
      inventoryBaseline: async () => {
        stored.asked += 1;
        return stored.baseline;
      },
    }),
    agents: {
      accept: async (_place, { body }) => void blocks.push(Buffer.from(body).toString("latin1")),
      recordGap: async () => undefined,
    },
  });
  const put = (name: string, labels: Record<string, string> = {}) => {
    const found = inventory.read("Namespace", { metadata: { name, uid: `uid-${name}`, labels } });
    assert.ok(found !== undefined);
    inventory.put(found, clock.nowMs());
  };
  /** What a flush writes, as text. */
  const flush = async () => {
    writer.take(inventory.drain(clock.nowMs()).facts);
    blocks.length = 0;
    await writer.flush();
    return blocks.join("");
  };
  return { clock, inventory, writer, stored, put, flush };
}

test("in a cluster in which something changes with every flush, what lives is written again all the same", async () => {
  const { clock, put, flush } = world();
  put("quiet");
  put("busy");
  await flush();
  clock.advance(clusterLimits.seenMs);
  put("busy", { turn: "1" });
  const text = await flush();
  assert.match(text, /uid-quiet/);
  assert.equal(text.match(/uid-busy"/g)?.length, 1, "what is written anyway is not written twice");
});

test("an object that was added while there was no room is written when there is room again", async () => {
  const { clock, writer, stored, put, flush } = world(1);
  put("one");
  put("two");
  const first = await flush();
  assert.match(first, /uid-one/);
  assert.equal(writer.dropped, 1);
  const rest = await (async () => {
    clock.advance(clusterLimits.seenLookMs);
    return await flush();
  })();
  assert.match(first + rest, /uid-two/);
  assert.equal(stored.asked, 2, "once at the start and once to heal");
});

test("an object that went while there was no room is written as gone", async () => {
  const { clock, inventory, writer, stored, put, flush } = world(2);
  writer.listed("Namespace");
  put("one");
  put("two");
  await flush();
  const known = { kind: "Namespace", namespace: "", onNode: "", workload: "", workloadKind: "Unknown" } as const;
  const of = (name: string) => ({ ...known, name, uid: `uid-${name}`, digest: "-", writtenAtMs: clock.nowMs() });
  stored.baseline = [of("one"), of("two")];
  clock.advance(1000);
  put("three");
  put("four");
  inventory.remove("Namespace", "uid-two", clock.nowMs());
  const texts = [await flush()];
  assert.equal(writer.dropped, 1);
  clock.advance(clusterLimits.seenLookMs);
  texts.push(await flush());
  assert.match(texts.join(""), /uid-two/);
  assert.match(texts.join(""), /went while nobody watched/);
  clock.advance(clusterLimits.seenLookMs);
  assert.equal(await flush(), "", "healed once");
});
