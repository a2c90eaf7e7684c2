// Drafts to manifests in a person's dialect. What a dialect cannot say is left out, which denies it, and told in a note: never widened.
import { unreachable } from "../../../base/assert.ts";
import { clusterManifests } from "./cluster.ts";
import { calicoManifest } from "./calico.ts";
import type { PolicyDraft, WriteDialect } from "./draft.ts";
import { kubernetesManifest } from "./kubernetes.ts";

export interface Written {
  /** Plain objects, ready to be printed as YAML or applied. */
  readonly manifests: readonly object[];
  /** Sentences: what was left out or split, and what the dialect does not cover. */
  readonly notes: readonly string[];
}

export interface WriteOptions {
  /** Calico: tier of the policy, "default" without. Its name then begins with the tier's. */
  readonly tier?: string;
  /** Calico: order in the tier; 100 without. */
  readonly order?: number;
  /** Calico: a staged policy with this action, which decides about no packet. */
  readonly staged?: "Set" | "Learn";
  /** ClusterNetworkPolicy: "Baseline" without, which NetworkPolicies of Kubernetes may override. */
  readonly clusterTier?: "Admin" | "Baseline";
  /** ClusterNetworkPolicy: 0 to 1000; 500 without. Further objects of the same draft take the numbers after it. */
  readonly priority?: number;
}

/** The draft as one manifest, or several where the dialect's limits ask for it. */
export function writeDraft(draft: PolicyDraft, dialect: WriteDialect, options: WriteOptions = {}): Written {
  switch (dialect) {
    case "kubernetes":
      return kubernetesManifest(draft);
    case "cluster":
      return clusterManifests(draft, options);
    case "calico":
      return calicoManifest(draft, options);
    default:
      return unreachable(dialect);
  }
}
