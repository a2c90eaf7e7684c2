// The worker of a scan: one image, one answer. It holds no credential longer than it lives.
import { readFile } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { toFault } from "../../../base/fault.ts";
import { openImage } from "../../../edge/registry/open-image.ts";
import { analyseImage } from "../../../edge/registry/pass/analyse-image.ts";
import { folderLayerCache } from "../../../edge/registry/pass/layer-cache.ts";
import { readDockerConfig } from "../../../edge/registry/registry/credentials.ts";
import type { ScanMessage, ScanOrder } from "./scan-apart.ts";

/** Progress is told so often at most. */
const progressEveryMs = 500;

async function main(order: ScanOrder, say: (message: ScanMessage) => void): Promise<void> {
  try {
    const { registryCa, pullSecrets } = order;
    await using source = await openImage(
      { kind: "registry", reference: order.reference },
      {
        platform: order.platform,
        registry: {
          allowedRegistries: order.registries,
          tokenRealms: order.tokenRealms,
          ...(registryCa === "" ? {} : { ca: await readFile(registryCa, "utf8") }),
          ...(pullSecrets === ""
            ? {}
            : { credentials: readDockerConfig(await readFile(pullSecrets), { what: pullSecrets }) }),
        },
      },
    );
    let toldMs = Number.NEGATIVE_INFINITY;
    const analysis = await analyseImage(source, {
      secrets: true,
      cache: folderLayerCache(order.cacheFolder),
      onProgress({ layers, layersDone, bytes }) {
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
