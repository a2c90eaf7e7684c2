// One line on standard error that says how far a scan is, when somebody looks; nothing at all when nobody does.
import type { ScanProgress } from "../../../../edge/registry/image-source.ts";
import { bytes } from "../../output/units.ts";

export interface Progress {
  readonly show: (progress: ScanProgress) => void;
  end(): void;
}

const intervalMs = 100;
const barCells = 24;

/** Writes at most ten times a second, over itself, and takes the line away at the end. */
export function createProgress(
  to: { readonly isTTY?: boolean; write(text: string): unknown },
  nowMs: () => number = Date.now,
): Progress {
  let shownAtMs = 0;
  let isShown = false;
  if (to.isTTY !== true) return { show: () => undefined, end: () => undefined };
  return {
    show: (progress) => {
      const now = nowMs();
      if (now - shownAtMs < intervalMs) return;
      shownAtMs = now;
      isShown = true;
      to.write(`\r${progressLine(progress)}\u001b[K`);
    },
    end: () => {
      if (isShown) to.write("\r\u001b[K");
      isShown = false;
    },
  };
}

/** "[########----------------] 3/8 layers, 120M of 401M". */
export function progressLine({ layers, layersDone, bytes: done, bytesTotal }: ScanProgress): string {
  const share = bytesTotal > 0 ? Math.min(1, done / bytesTotal) : layers > 0 ? layersDone / layers : 0;
  const full = Math.round(share * barCells);
  const total = bytesTotal > 0 ? ` of ${bytes(bytesTotal)}` : "";
  return `[${"#".repeat(full)}${"-".repeat(barCells - full)}] ${layersDone}/${layers} layers, ${bytes(done)}${total}`;
}
