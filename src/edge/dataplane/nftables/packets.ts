// Reports of packets from NFLOG: a thread waits for them and hands whole datagrams over; here they become packets.
import { Worker } from "node:worker_threads";
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { PacketBatch } from "../../../core/policy/compile/dataplane.ts";
import { logGroup } from "../../../core/policy/compile/nft/ruleset.ts";
import { openInterfaceNames } from "./interface-names.ts";
import type { NflogOrder } from "./nflog.worker.ts";
import { createPacketParser } from "./packet-parser.ts";

export interface PacketReaderOptions {
  readonly netns: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onBatch: (batch: PacketBatch) => void;
}

/**
 * Starts reading; resolves once the kernel reports to us. Returns how to stop, after which nothing is handed over. Throws "dataplane/nflog" when
 * another process has the group, "dataplane/netlink" and "dataplane/netns".
 */
export async function readPackets(options: PacketReaderOptions): Promise<() => Promise<void>> {
  const names = openInterfaceNames(options.netns);
  const parser = createPacketParser({
    interfaceName: (index) => names.nameOf(index),
    nowMs: () => options.clock.nowMs(),
  });
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const order: NflogOrder = { netns: options.netns, group: logGroup, shared };
  const worker = new Worker(new URL("nflog.worker.ts", import.meta.url), { workerData: order });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.once("error", (error: Error & { code?: string }) => reject(faultOf(error)));
    });
  } catch (error) {
    names.close();
    throw error;
  }
  let isStopped = false;
  worker.on("message", (bytes: Uint8Array) => {
    Atomics.sub(shared, 1, bytes.length);
    if (isStopped) return;
    const batch = parser.parse(bytes);
    if (batch.packets.length + batch.lost + batch.unreadable > 0) options.onBatch(batch);
  });
  worker.on("error", (error) => {
    options.logger.error({ error: String(error) }, "reports of packets are not read any more");
  });
  worker.unref();
  return async () => {
    isStopped = true;
    worker.ref();
    Atomics.store(shared, 0, 1);
    Atomics.notify(shared, 0);
    await ended;
    names.close();
  };
}

function faultOf(error: Error & { code?: string }): Fault {
  const isBusy = error.code === "dataplane/nflog";
  return new Fault(error.message, {
    code: isBusy ? "dataplane/nflog" : "dataplane/netlink",
    kind: isBusy ? "conflict" : "unavailable",
    cause: error,
  });
}
