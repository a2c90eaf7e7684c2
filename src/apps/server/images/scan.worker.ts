// The worker of a scan: one image, one answer. It holds no credential longer than it lives.
import { parentPort, workerData } from "node:worker_threads";
import { toFault } from "../../../base/fault.ts";
import { openImage } from "../../../edge/registry/open-image.ts";
import { analyseImage } from "../../../edge/registry/pass/analyse-image.ts";
import { folderCache } from "../../../edge/registry/pass/folder-cache.ts";
import type { ScanMessage, ScanOrder } from "./scan-jobs.ts";

/** Progress is told so often at most. */
const progressEveryMs = 500;

async function main(order: ScanOrder, say: (message: ScanMessage) => void): Promise<void> {
  try {
    const stop = new AbortController();
    await using source = await openImage(
      { kind: "registry", reference: order.reference, platform: order.platform },
      { allowedRegistries: order.registries, pullSecretsFile: order.pullSecrets, caFile: order.registryCa },
    );
    let toldMs = 0;
    const analysis = await analyseImage(source, {
      secrets: true,
      cache: folderCache(order.cacheFolder),
      signal: stop.signal,
      onProgress: ({ layers, layersDone, bytes }) => {
        if (performance.now() - toldMs < progressEveryMs) return;
        toldMs = performance.now();
        say({ type: "progress", layers, layersDone, bytes });
      },
    });
    say({ type: "done", analysis });
  } catch (thrown) {
    const fault = toFault(thrown);
    say({ type: "failed", message: fault.message, hint: fault.hint ?? "" });
  }
}

if (parentPort !== null) {
  const port = parentPort;
  await main(workerData as ScanOrder, (message) => port.postMessage(message));
}
