// The row of an analysis: what lists show of it without opening it.
import type { ImageRecord } from "../../../core/state/image-ports.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { canonicalName } from "./surroundings.ts";

export interface RecordSurroundings {
  readonly ids: readonly number[];
  readonly author: string;
  readonly nowMs: number;
  /** What was known of the same digest before: its names stay. */
  readonly known: ImageRecord | undefined;
}

export function recordOf(analysis: ImageAnalysis, { ids, author, nowMs, known }: RecordSurroundings): ImageRecord {
  const isNamed = analysis.source === "registry" || analysis.source === "containerd";
  const name = isNamed ? canonicalName(analysis.reference) : analysis.reference;
  const { operatingSystem: system, layers } = analysis;
  return {
    digest: analysis.digest,
    references: [...new Set([name, ...(known?.digest === analysis.digest ? known.references : [])])],
    otherDigests: analysis.otherDigests,
    source: analysis.source,
    operatingSystem: system === undefined ? "" : [system.id, system.versionId].filter((part) => part !== "").join(" "),
    layers: layers.length,
    diffIds: layers.map(({ diffId }) => diffId),
    sizeBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
    secrets: analysis.secretsSearched ? analysis.secrets.length : undefined,
    gaps: analysis.gaps.reduce((sum, gap) => sum + gap.count, 0),
    createdAt: analysis.config?.created ?? "",
    analysedAtMs: nowMs,
    author,
    subjects: Int32Array.from(ids),
  };
}
