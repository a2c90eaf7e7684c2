// A scan in a worker of its own: a large or hostile image takes its memory and time, not the server's.
import { Fault } from "../../../base/fault.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { askWorker } from "../ask-worker.ts";
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
export const scanApart: Scan = (order, onProgress, signal) =>
  askWorker<ScanMessage, ImageAnalysis>({
    url: new URL("scan.worker.ts", import.meta.url),
    data: order,
    oldSpaceMegabytesMax: deskLimits.scanOldSpaceMegabytesMax,
    signal,
    answerOf(message) {
      switch (message.type) {
        case "progress":
          onProgress(message);
          return undefined;
        case "done":
          return { answer: message.analysis };
        case "failed":
          throw new Fault(message.message, { code: "images/scan-failed", kind: "unavailable", hint: message.hint });
      }
    },
    endedBecause(cause) {
      const why = signal.aborted ? "it took too long, or the server stops" : "its worker ended without an answer";
      return new Fault(`the scan of ${order.reference} ended: ${why}`, {
        code: "images/scan-ended",
        kind: "unavailable",
        cause,
      });
    },
  });
