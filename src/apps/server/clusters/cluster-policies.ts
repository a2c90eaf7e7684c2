// The NetworkPolicies that a cluster has itself: watched so that boards, previews and explanations count them. Only read; who enforces them there is
// the cluster's business.
import type { WatchedKind } from "../../../edge/kube/resources.ts";
import { clusterLimits } from "./limits.ts";

/** As in the cluster, without what its API server added. */
export interface OwnPolicy {
  readonly uid: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

export interface OwnPolicies {
  /** Rises with each change. */
  readonly version: number;
  readonly policies: readonly OwnPolicy[];
  /** Why they may not be all; "" when they are. */
  readonly because: string;
}

export interface OwnPolicyBook {
  /** Undefined: it cannot be read. */
  read(raw: unknown): OwnPolicy | undefined;
  replace(items: readonly OwnPolicy[]): void;
  put(item: OwnPolicy): void;
  remove(uid: string): void;
  refuse(): void;
  of(gap: string): OwnPolicies;
}

export const ownPolicyKind: WatchedKind = "NetworkPolicy";

export function createOwnPolicyBook(): OwnPolicyBook {
  let known = new Map<string, OwnPolicy>();
  let version = 0;
  let refused = 0;
  let left = 0;
  return {
    read: readOwnPolicy,
    replace(items) {
      const kept = items.slice(0, clusterLimits.ownPoliciesMax);
      const next = new Map(kept.map((item) => [item.uid, item]));
      // A list that comes anew changes nothing where nothing changed.
      const isSame = next.size === known.size && kept.every((item) => isSameAs(item, known.get(item.uid)));
      left = items.length - kept.length;
      if (isSame) return;
      known = next;
      version += 1;
    },
    put(item) {
      if (isSameAs(item, known.get(item.uid))) return;
      if (!known.has(item.uid) && known.size >= clusterLimits.ownPoliciesMax) {
        left += 1;
        return;
      }
      known.set(item.uid, item);
      version += 1;
    },
    remove(uid) {
      if (known.delete(uid)) version += 1;
    },
    refuse() {
      refused += 1;
    },
    of(gap) {
      const because = [
        gap,
        left > 0 ? `${left} more than ${clusterLimits.ownPoliciesMax} are left out` : "",
        refused > 0 ? `${refused} could not be read` : "",
      ];
      const policies = [...known.values()].sort((one, other) => (one.uid < other.uid ? -1 : 1));
      return { version, policies, because: because.filter((text) => text !== "").join("; ") };
    },
  };
}

function isSameAs(item: OwnPolicy, before: OwnPolicy | undefined): boolean {
  return before !== undefined && JSON.stringify(item.manifest) === JSON.stringify(before.manifest);
}

function readOwnPolicy(raw: unknown): OwnPolicy | undefined {
  const { metadata, spec } = record(raw);
  const { uid, name, namespace, labels } = record(metadata);
  if (typeof uid !== "string" || uid === "" || typeof name !== "string" || typeof namespace !== "string")
    return undefined;
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
    spec: spec ?? {},
  };
  return JSON.stringify(manifest).length > clusterLimits.ownPolicyLengthMax ? undefined : { uid, manifest };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
