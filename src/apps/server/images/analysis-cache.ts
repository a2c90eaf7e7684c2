// The last few analyses that were opened: the screens of one image ask several times.
import { Fault } from "../../../base/fault.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { deskLimits } from "./limits.ts";
import { unpackAnalysis } from "./packing.ts";

export interface AnalysisCache {
  get(digest: string): Promise<ImageAnalysis | undefined>;
  forget(digest: string): void;
}

/** The last few opened; an analysis that cannot be read is told as what it is. */
export function analysisCache(read: (digest: string) => Promise<Uint8Array | undefined>): AnalysisCache {
  const kept = new Map<string, Promise<ImageAnalysis | undefined>>();

  async function open(digest: string): Promise<ImageAnalysis | undefined> {
    const packed = await read(digest);
    if (packed === undefined) return undefined;
    try {
      return await unpackAnalysis(packed);
    } catch (cause) {
      throw new Fault(`the kept analysis of ${digest} cannot be read`, {
        code: "images/unreadable",
        kind: "internal",
        hint: "analyse the image again, or remove it",
        cause,
      });
    }
  }

  return {
    get(digest) {
      const found = kept.get(digest) ?? open(digest);
      kept.delete(digest);
      kept.set(digest, found);
      found.catch(() => kept.delete(digest));
      const [oldest] = kept.keys();
      if (kept.size > deskLimits.openAnalysesMax && oldest !== undefined) kept.delete(oldest);
      return found;
    },
    forget: (digest) => void kept.delete(digest),
  };
}
