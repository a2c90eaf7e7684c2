// The largest blocks that the protocol allows, over the real door with the real session.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { bootOf, doorWorld, reportOf, rowOf, until } from "../support/agents-door.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { agentPaths, blockLimits } from "../../src/model/agent-protocol.ts";
import { sealBlock, type SealedBlock } from "../../src/edge/blocks/seal-block.ts";
import { createBackoff } from "../../src/edge/uplink/backoff.ts";
import { createBlockSender, type SpooledBlock } from "../../src/edge/uplink/block-sender.ts";
import { openSession, post, postJson, type Answer } from "../../src/edge/uplink/session.ts";

const mebibyte = 1024 * 1024;

/** About `mebibytes` on the wire: text that hardly compresses. */
function largeBlock(sequence: number, mebibytes: number): SealedBlock {
  const rows = Array.from({ length: mebibytes * 64 }, () =>
    rowOf("process_events", { time: Date.now(), processId: randomBytes(16 * 1024).toString("base64") }),
  );
  return sealBlock("process_events", rows, { boot: bootOf("large"), sequence });
}

test("blocks of 15 MiB go through, and small ones and reports beside them", async (context) => {
  const world = await doorWorld();
  context.after(() => world[Symbol.asyncDispose]());
  const sealed = [largeBlock(1, 15), largeBlock(2, 1), largeBlock(3, 15), largeBlock(4, 2)];
  assert.ok(sealed.every(({ body }) => body.length < blockLimits.bytesMax));
  assert.ok((sealed[0]?.body.length ?? 0) >= 15 * mebibyte, "it is as large as it should be");
  const waiting = new Map<number, SpooledBlock & { readonly body: Uint8Array }>();
  for (const { header, body } of sealed) {
    waiting.set(header.sequence, { order: header.sequence, header, body, bytes: body.length });
  }
  const refused: string[] = [];
  const sender = createBlockSender({
    source: {
      next: (busy) => [...waiting.values()].find(({ order }) => !busy.has(order)),
      read: async ({ body }) => body,
      acknowledge: async ({ order }) => void waiting.delete(order),
      refuse: async ({ order }, because) => {
        refused.push(because);
        waiting.delete(order);
      },
      replayAcknowledged: async () => 0,
    },
    clock: { nowMs: Date.now },
    backoff: createBackoff({ firstMs: 10, maxMs: 100, random: () => 0.5 }),
    logger: silentLogger,
  });
  const session = await openSession(world.url, await world.joinNode("a"));
  context.after(() => session.destroy());
  const stop = new AbortController();
  let ended: unknown;
  const reports: Promise<Answer>[] = [];
  const running = sender
    .run((headers, body) => {
      const answer = post(session, agentPaths.blocks, headers, body);
      reports.push(postJson(session, agentPaths.report, reportOf()));
      return answer;
    }, stop.signal)
    .catch((error: unknown) => {
      ended = error;
    });
  await until(
    "all blocks",
    () => {
      assert.equal(ended, undefined);
      return waiting.size === 0;
    },
    60_000,
  );
  stop.abort();
  await running;
  assert.deepEqual(refused, []);
  for (const report of await Promise.all(reports)) assert.ok(report.status < 300, "a report beside a large block");
  await until("the store", () => world.store.appended.length === 4);
  assert.deepEqual(new Set(world.store.appended.map(({ rows }) => rows)), new Set([15 * 64, 64, 2 * 64]));
});
