// Which images really run in a workload's living pods, by digest, the most frequent first. Pure.
import type { Pod } from "../../../../src/model/inventory.ts";

export interface RunningImage {
  readonly image: string;
  /** "sha256:..."; empty when the runtime did not say. */
  readonly digest: string;
}

/** Init containers are left out: they do not run any more. */
export function runningImages(pods: readonly Pod[]): readonly RunningImage[] {
  const known = new Map<string, { readonly image: string; readonly digest: string; count: number }>();
  for (const { containers } of pods)
    for (const { isInit, image, imageDigest } of containers) {
      if (isInit || image === "") continue;
      const key = `${image} ${imageDigest}`;
      const entry = known.get(key) ?? { image, digest: imageDigest, count: 0 };
      entry.count += 1;
      known.set(key, entry);
    }
  return [...known.values()].toSorted((a, b) => b.count - a.count).map(({ image, digest }) => ({ image, digest }));
}
