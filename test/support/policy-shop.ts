// A small shop for tests of the server's policy side: its cluster as a stand-in, its policies as manifests, and keys of recorded flows.
import { createInventory } from "../../src/core/inventory/inventory.ts";
import type { PolicyFlowEnd, PolicyFlowKey } from "../../src/edge/store/queries/queries.ts";
import type { OwnPolicies } from "../../src/apps/server/clusters/cluster-policies.ts";
import type { ClustersSide } from "../../src/apps/server/clusters/clusters-side.ts";
import { Cluster } from "../../src/model/cluster.ts";

const addresses: Readonly<Record<string, string>> = {
  "shop/web-1": "10.1.0.1",
  "shop/web-2": "10.1.0.2",
  "shop/db-0": "10.1.0.3",
  "ops/probe-1": "10.1.1.1",
};

function rawPod(namespace: string, name: string): object {
  const app = name.replace(/-\d+$/, "");
  const owner = app === "db" ? { kind: "StatefulSet", name: "db" } : { kind: "Deployment", name: app };
  const ownerReferences = [{ apiVersion: "apps/v1", ...owner, uid: `u-${owner.name}`, controller: true }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, uid: `u-${name}`, labels: { app }, ownerReferences },
    spec: {
      nodeName: "n1",
      serviceAccountName: "default",
      containers: [
        { name: "main", image: `${app}:1`, ports: [{ name: "main", containerPort: app === "db" ? 5432 : 8080 }] },
      ],
    },
    status: {
      phase: "Running",
      podIP: addresses[`${namespace}/${name}`],
      podIPs: [{ ip: addresses[`${namespace}/${name}`] }],
    },
  };
}

function rawNamespace(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, uid: `u-${name}`, labels: { team: name } },
    status: {},
  };
}

export interface ShopClusters extends ClustersSide {
  /** Puts a pod, or takes it away. */
  put(namespace: string, name: string): void;
  remove(name: string): void;
  /** Why pods may be missing. */
  gap: string;
  /** Policies that the cluster has itself. */
  own: OwnPolicies | undefined;
}

/** One cluster "c" with shop/web-1, shop/web-2, shop/db-0 and ops/probe-1. */
export function shopClusters(): ShopClusters {
  const inventory = createInventory("c");
  const put = (kind: "Pod" | "Namespace", raw: object): void => {
    const found = inventory.read(kind, raw);
    if (found !== undefined) inventory.put(found, 0);
  };
  for (const name of ["shop", "ops"]) put("Namespace", rawNamespace(name));
  for (const key of Object.keys(addresses)) {
    const [namespace = "", name = ""] = key.split("/");
    put("Pod", rawPod(namespace, name));
  }
  const side: ShopClusters = {
    gap: "",
    own: undefined,
    put: (namespace, name) => put("Pod", rawPod(namespace, name)),
    remove: (name) => inventory.remove("Pod", `u-${name}`, 1),
    list: async () => [
      Cluster.parse({
        name: "c",
        simulated: false,
        state: "connected",
        because: "",
        source: "kubeconfig test",
        version: "v1",
        gaps: [],
        objectsRefused: {},
        coverage: { nodesWithAgent: 0, nodesSeeing: 0 },
      }),
    ],
    machines: async () => undefined,
    view: (cluster) => (cluster === "c" ? inventory : undefined),
    gapOf: () => side.gap,
    ownPolicies: () => side.own,
    notices: () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
  return side;
}

interface NetworkPolicySpec {
  readonly podSelector: object;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly object[];
  readonly egress?: readonly object[];
}

export function networkPolicy(name: string, spec: NetworkPolicySpec, namespace = "shop") {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec };
}

export const app = (name: string) => ({ matchLabels: { app: name } });

/** Pods of the shop's own namespace, on a port. */
export const from = (name: string, port: number) => ({ from: [{ podSelector: app(name) }], ports: [{ port }] });

/** Only web reaches db, on 5432. */
export const dbPolicy = networkPolicy("db", { podSelector: app("db"), ingress: [from("web", 5432)] });

export function policyResource(
  manifest: { readonly kind: string; readonly metadata: { readonly name: string; readonly namespace?: string } },
  name: string,
  scope = "cluster/c",
) {
  return { kind: "Policy", scope, name, spec: { manifest } };
}

const nobody: PolicyFlowEnd = { kind: "Unknown", namespace: "", workload: "", pod: "", address: "" };

export function podEnd(namespace: string, pod: string): PolicyFlowEnd {
  const kind = pod.startsWith("db") ? "StatefulSet" : "Deployment";
  return {
    kind,
    namespace,
    workload: pod.replace(/-\d+$/, ""),
    pod,
    address: addresses[`${namespace}/${pod}`] ?? "10.1.9.9",
  };
}

export function outsideEnd(address: string): PolicyFlowEnd {
  return { ...nobody, kind: "External", address };
}

export function flowKey(
  source: PolicyFlowEnd,
  destination: PolicyFlowEnd,
  port: number,
  rest: Partial<PolicyFlowKey> = {},
): PolicyFlowKey {
  return {
    source,
    destination,
    domains: [],
    port,
    protocol: "tcp",
    verdict: "allow",
    connections: 10,
    bytes: 1000,
    firstMs: Date.parse("2026-11-25T10:00:00Z"),
    lastMs: Date.parse("2026-11-25T10:30:00Z"),
    days: 1,
    ...rest,
  };
}
