// What a recommendation is: drafts of policies whose every rule shows the recorded flows it comes from, and what was held back or left out.
import type { Direction } from "../model.ts";
import type { PeerDraft, PolicyDraft, PortDraft, RuleDraft } from "../write/draft.ts";

/** The recorded flows behind a rule. Days are a lower bound: keys say how often they were seen, not on which days. */
export interface Evidence {
  readonly flows: number;
  readonly connections: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly days: number;
}

export interface RecommendedRule {
  readonly rule: RuleDraft;
  /** Absent for what was told and never seen. */
  readonly evidence?: Evidence;
  /** 0 to 1: how often and on how many days it was seen; 1 for what was told. */
  readonly confidence: number;
  /** shown: from flows. dns: cluster DNS, always. public: the caller said that so many outside sources make a port public. */
  readonly from: "shown" | "dns" | "public";
}

export interface RecommendedPolicy {
  readonly draft: PolicyDraft;
  /** Owners it applies to: "shop/Deployment/web"; more than one where no lasting label tells them apart. */
  readonly workloads: readonly string[];
  readonly rules: readonly RecommendedRule[];
  /** What a person should look at before taking it. */
  readonly notes: readonly string[];
}

/** An edge that was seen but is in no draft until it is seen again, or approved. */
export interface HeldEdge {
  /** Stable; what `approve` takes: "shop/Deployment/web -> shop/Deployment/db 5432/tcp". */
  readonly key: string;
  readonly workloads: readonly string[];
  readonly direction: Direction;
  readonly peer: PeerDraft;
  readonly port: PortDraft;
  readonly evidence: Evidence;
  /** rare: seen on too few days. scan: its source tried many ends, each a few times. */
  readonly because: "rare" | "scan";
}

/** Flows that no rule comes from, by reason. */
export interface LeftOut {
  readonly because: string;
  readonly flows: number;
  readonly connections: number;
}

export interface Recommendation {
  readonly policies: readonly RecommendedPolicy[];
  readonly held: readonly HeldEdge[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
  /** Keys of `approve` that no edge of the asked workloads has: typing errors, or of other flows. */
  readonly approvedUnknown: readonly string[];
}

export interface RecommendOptions {
  /** One policy for each workload (default), or for each namespace. */
  readonly per?: "workload" | "namespace";
  /** Only for these namespaces; default: all but kube-system. */
  readonly namespaces?: readonly string[];
  /** Only for these owners, "Deployment/web" or "web"; default: all. */
  readonly workloads?: readonly string[];
  /** Names for outside addresses where a look-up explains them (default true). Kubernetes NetworkPolicy cannot say names: false there. */
  readonly names?: boolean;
  /** An edge seen on fewer days is held (default 2), unless the flows as a whole span fewer days. */
  readonly daysMin?: number;
  /** Keys of held edges that a person let through; "*": all of them. */
  readonly approve?: readonly string[];
  /** A port reached from so many outside addresses is public: any public address may reach it. Default 0: never. */
  readonly publicSourcesMin?: number;
  /** Where cluster DNS runs; default kube-system, k8s-app=kube-dns. */
  readonly dns?: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
}

/** Most edges that one workload may have in one direction; what is beyond is left out by name. */
export const edgesPerWorkloadMax = 5000;
/** Most addresses in one rule: an ingress from more is not a list for a person to keep. */
export const netsPerRuleMax = 200;
