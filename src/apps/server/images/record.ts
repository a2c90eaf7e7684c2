// The row of an analysis: what lists show of it without opening it.
import { Fault } from "../../../base/fault.ts";
import { type ImageRecord, type ImageTrust, imageTrusts } from "../../../core/state/image-ports.ts";
import { isDistributionPackage } from "../../../core/vuln/match/keys.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { canonicalName } from "./surroundings.ts";

/** How an analysis came: made by this server, or sent to it. */
export interface Submission {
  readonly author: string;
  readonly how: "own" | "sent";
}

export function trustOf({ source }: ImageAnalysis, how: Submission["how"]): ImageTrust {
  if (how === "own") return "own";
  return ["registry", "oci-layout", "archive", "containerd"].includes(source) ? "layers" : "sent";
}

/** Throws Fault "images/less-trusted". */
export function refuseLessTrust(
  known: ImageRecord | undefined,
  { digest, trust }: Pick<ImageRecord, "digest" | "trust">,
): void {
  if (known?.digest !== digest || imageTrusts.indexOf(trust) >= imageTrusts.indexOf(known.trust)) return;
  throw new Fault(
    `a better analysis of ${digest.slice(0, 128)} is kept (${known.trust === "own" ? "the server's own scan" : "of its layers"})`,
    {
      code: "images/less-trusted",
      kind: "conflict",
      hint: "remove that one first, if this one shall count",
    },
  );
}

export interface RecordSurroundings {
  readonly ids: readonly number[];
  readonly author: string;
  readonly trust: ImageTrust;
  readonly nowMs: number;
  /** What was known of the same digest before: its names stay. */
  readonly known: ImageRecord | undefined;
}

export function recordOf(
  analysis: ImageAnalysis,
  { ids, author, trust, nowMs, known }: RecordSurroundings,
): ImageRecord {
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
    trust,
    ...(system !== undefined && analysis.packages.some(({ type }) => isDistributionPackage(type)) ? { system } : {}),
    subjects: Int32Array.from(ids),
  };
}
