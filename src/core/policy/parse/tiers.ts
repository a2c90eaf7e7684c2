// Tiers that are there without anybody writing them.
import type { Tier } from "../model.ts";

const nowhere = { file: "", document: 0, line: 0 } as const;

export const builtInTiers: readonly Tier[] = [
  { name: "kube-admin", order: 1000, defaultAction: "Pass", place: nowhere },
  { name: "default", order: 1_000_000, defaultAction: "Deny", place: nowhere },
  { name: "kube-baseline", order: 10_000_000, defaultAction: "Pass", place: nowhere },
];

/** Of imported Cilium policies; in the set only when there are some. */
export const ciliumTier: Tier = { name: "cilium", order: 900_000, defaultAction: "Deny", place: nowhere };
