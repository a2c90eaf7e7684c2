// Columns of `garrison get Policy`: what a policy is in its own words, and how far nodes enforce it.
import { PolicyObject } from "../../../model/policy-object.ts";
import type { ResourceStatus, Resource } from "../../../model/resource.ts";
import type { Column } from "../output/format.ts";
import { age } from "../output/units.ts";

type PolicyRow = Resource & { readonly status?: readonly Omit<ResourceStatus, "kind" | "scope" | "name">[] };

export function policyColumns(nowMs: number): readonly Column<PolicyRow>[] {
  return [
    // What get, delete and history take.
    { title: "resource", value: (row) => row.name },
    { title: "kind", value: (row) => manifestOf(row)?.kind ?? "?" },
    { title: "namespace", value: (row) => manifestOf(row)?.metadata.namespace ?? "-" },
    { title: "name", value: (row) => manifestOf(row)?.metadata.name ?? row.name },
    { title: "tier", value: tierOf },
    { title: "scope", value: (row) => row.scope },
    { title: "generation", value: (row) => String(row.generation), align: "right" },
    { title: "nodes", value: (row) => nodeWords(row) },
    { title: "age", value: (row) => age(Date.parse(row.time), nowMs), align: "right" },
    { title: "by", value: (row) => row.author, isWide: true },
  ];
}

function manifestOf({ spec }: Resource): PolicyObject["manifest"] | undefined {
  const parsed = PolicyObject.safeParse(spec);
  return parsed.success ? parsed.data.manifest : undefined;
}

/** Kinds that are no policies have none. */
function tierOf(row: PolicyRow): string {
  const manifest = manifestOf(row);
  if (manifest === undefined || !manifest.kind.endsWith("Policy")) return "-";
  const { tier } = (manifest["spec"] ?? {}) as { readonly tier?: unknown };
  if (manifest.kind === "BaselineAdminNetworkPolicy" || tier === "Baseline") return "kube-baseline";
  if (manifest.kind === "AdminNetworkPolicy" || tier === "Admin") return "kube-admin";
  if (manifest.apiVersion.startsWith("cilium.io/")) return "cilium";
  return typeof tier === "string" ? tier : "default";
}

/** "2 enforced, 1 refused", "-" while nobody said anything of this generation. */
function nodeWords({ status = [], generation }: PolicyRow): string {
  const counts = new Map<string, number>();
  for (const { state, enforcement, generation: told } of status) {
    const word = told !== generation ? "waiting" : state === "refused" ? "refused" : (enforcement?.state ?? "received");
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ") || "-";
}
