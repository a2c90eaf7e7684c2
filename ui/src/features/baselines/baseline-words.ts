// What the screens say of baselines, and their addresses.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { BaselineItemKind } from "../../../../src/model/baseline.ts";
import { formatDateTime } from "../../kit/format.ts";

export type Ladder = ResponseOf<Api["listBaselines"]>["rows"][number];
export type BaselineDetail = ResponseOf<Api["getBaseline"]>;
export type BaselinePreview = ResponseOf<Api["previewBaseline"]>;
export type BaselineItem = BaselineDetail["items"][number];
export type BaselineStep = Ladder["step"];
export type BaselineKey = Pick<Ladder, "cluster" | "namespace" | "kind" | "workload" | "imageDigest">;

/** Learning looks at this much, whatever window the head shows: an hour says little of a workload. */
export const learnSince = "7d";

export const steps = ["learning", "monitoring", "protecting"] as const satisfies readonly BaselineStep[];

export const stepWords: Readonly<Record<BaselineStep, string>> = {
  learning: "Learning",
  monitoring: "Monitoring",
  protecting: "Protecting",
};

export const stepHints: Readonly<Record<BaselineStep, string>> = {
  learning: "What it does is recorded; nothing is told.",
  monitoring: "A frozen copy holds: what is outside it is told as drift.",
  protecting: "Programs outside the frozen copy are ended by the kernel; all other drift is told.",
};

export const kindWords: Readonly<Record<BaselineItemKind, string>> = {
  executables: "Programs",
  parents: "Started by",
  reads: "Reads",
  writes: "Writes",
  loads: "Loaded code",
  destinations: "Destinations",
  listens: "Ports served",
  domains: "DNS names",
};

/** "DNS names" stays, "Programs" does not. */
export function inSentence(words: string): string {
  return /^[A-Z]{2}/.test(words) ? words : words.charAt(0).toLowerCase() + words.slice(1);
}

export function stepText({ step, baseline }: Pick<Ladder, "step" | "baseline">): string {
  return step === "protecting" && baseline?.dryRun === true ? "Protecting, dry run" : stepWords[step];
}

/** "shop/web:1 · 0123456789ab"; "no image" for units and sessions. */
export function imageText({ image, imageDigest }: Pick<Ladder, "image" | "imageDigest">): string {
  const digest = imageDigest.replace(/^sha256:/, "").slice(0, 12);
  return [image, digest].filter((part) => part !== "").join(" · ") || "no image";
}

export function keyOf({ cluster, namespace, kind, workload, imageDigest }: BaselineKey): BaselineKey {
  return { cluster, namespace, kind, workload, imageDigest };
}

/** An address has no empty parts. */
const noImage = "none";

export function baselineParams({ cluster, namespace, kind, workload, imageDigest }: BaselineKey) {
  return { cluster, namespace: namespace || "-", kind, name: workload, image: imageDigest || noImage };
}

export function keyOfParams(params: ReturnType<typeof baselineParams>): BaselineKey {
  const { cluster, namespace, kind, name, image } = params;
  return {
    cluster,
    namespace: namespace === "-" ? "" : namespace,
    kind,
    workload: name,
    imageDigest: image === noImage ? "" : image,
  };
}

/** Why no drift was told says nothing; "" when it is a fact. */
export function driftNotKnown({ step, drift, nodesJudging }: Pick<Ladder, "step" | "drift" | "nodesJudging">): string {
  if (step === "learning") return "no drift is told while it learns";
  return drift === 0 && nodesJudging === 0 ? "no node has taken its baseline" : "";
}

/** Steps that may be taken from here: one up, any down. Why not, for the others. */
export function stepProblem(ladder: Pick<Ladder, "step" | "baseline">, to: BaselineStep): string {
  const from = steps.indexOf(ladder.step);
  const wanted = steps.indexOf(to);
  if (wanted === from) return to === "protecting" && ladder.baseline?.dryRun === true ? "" : "It stands here now.";
  return wanted > from + 1 ? "Freeze it first (monitoring), and look at its drift for a while." : "";
}

/** What stands outside, what is new, then the rest by name. */
export function orderedItems(items: readonly BaselineItem[], find: string): readonly BaselineItem[] {
  const weight = ({ inBaseline, isNew }: BaselineItem): number => (inBaseline ? 0 : 2) + (isNew ? 1 : 0);
  const text = find.trim().toLowerCase();
  return items
    .filter(({ item }) => text === "" || item.toLowerCase().includes(text))
    .toSorted((one, other) => weight(other) - weight(one) || (one.item < other.item ? -1 : 1));
}

/** Evidence begins with the moment as the store writes it; people read their own clock. */
export function evidenceText(evidence: string): string {
  return evidence.replace(/^\d{4}-\d\d-\d\dT\S+Z(?= )/, formatDateTime);
}

export function itemState({ inBaseline, isNew, accepted, firstSeen }: BaselineItem): string {
  if (!inBaseline) return "not in the baseline";
  if (accepted !== undefined) return `accepted: ${accepted}`;
  if (firstSeen === undefined) return "not seen in 7 days";
  return isNew ? "new" : "";
}

/** Rows whose workload, namespace, kind or image hold all the words. */
export function matching(rows: readonly Ladder[], find: string): readonly Ladder[] {
  const words = find
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return rows.filter((row) => {
    const text =
      `${row.cluster} ${row.namespace} ${row.workload} ${row.kind} ${row.image} ${stepText(row)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
