// For policy-packets.bench.ts: reads reports of packets in a namespace, as an agent does, until it is told to stop; then says how many it saw and how many were lost.
import { parentPort, workerData } from "node:worker_threads";
import { silentLogger } from "../../src/base/logger.ts";
import { tableName } from "../../src/core/policy/compile/settings.ts";
import { openNftables } from "../../src/edge/dataplane/nftables/open-nftables.ts";

const { netns } = workerData as { netns: string };
const plane = openNftables({ netns, table: tableName, clock: { nowMs: Date.now }, logger: silentLogger });
const sums = { seen: 0, lost: 0 };
const stop = await plane.packets((batch) => {
  sums.seen += batch.packets.length;
  sums.lost += batch.lost;
});
parentPort?.once("message", async () => {
  await stop();
  plane.close();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort?.postMessage(sums);
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage("reading");
