// A scan in a worker of its own: a large or hostile image takes its memory and time, not the server's.
import { Worker } from "node:worker_threads";
import { Fault } from "../../../base/fault.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { deskLimits } from "./limits.ts";

/** Plain data: it crosses to another thread. */
export interface ScanOrder {
  readonly reference: string;
  readonly platform: string;
  readonly registries: readonly string[];
  readonly pullSecrets: string;
  readonly registryCa: string;
  readonly tokenRealms: readonly string[];
  readonly cacheFolder: string;
}

export interface ScanSteps {
  readonly layersDone: number;
  readonly layers: number;
  readonly bytes: number;
}

export type ScanMessage =
  | ({ readonly type: "progress" } & ScanSteps)
  | { readonly type: "done"; readonly analysis: ImageAnalysis }
  | { readonly type: "failed"; readonly message: string; readonly hint: string };

export type Scan = (
  order: ScanOrder,
  onProgress: (steps: ScanSteps) => void,
  signal: AbortSignal,
) => Promise<ImageAnalysis>;

/** Rejects with what the worker says, or that it was ended. */
export const scanApart: Scan = async (order, onProgress, signal) => {
  const worker = new Worker(new URL("scan.worker.ts", import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: deskLimits.scanOldSpaceMegabytesMax },
  });
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<ImageAnalysis>((resolve, reject) => {
      worker.on("message", (message: ScanMessage) => {
        if (message.type === "progress") onProgress(message);
        else if (message.type === "done") resolve(message.analysis);
        else
          reject(new Fault(message.message, { code: "images/scan-failed", kind: "unavailable", hint: message.hint }));
      });
      worker.on("error", reject);
      worker.on("exit", () => {
        const why = signal.aborted ? "it took too long, or the server stops" : "its worker ended without an answer";
        reject(
          new Fault(`the scan of ${order.reference} ended: ${why}`, { code: "images/scan-ended", kind: "unavailable" }),
        );
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
};
