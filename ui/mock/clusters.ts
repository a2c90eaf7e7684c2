// The mock's clusters, one for each state that the console must be able to show, and their nodes.
import type { Cluster, ClusterMachine } from "../../src/model/cluster.ts";
import type { ClusterNode } from "../../src/model/inventory.ts";
import { revokedNodes } from "./access-answers.ts";
import { nodeOf } from "./status.ts";
import { actors } from "./world.ts";
import { podsOf } from "./inventory-world.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

export const staleCluster = "edge-berlin";
const gib = 1024 ** 3;

/** Nodes that Kubernetes knows, by cluster; "worker-4" of "local" has no agent. */
const kubernetesNodes: Readonly<Record<string, readonly string[]>> = {
  local: ["worker-1", "worker-2", "worker-3", "worker-4"],
  demo: ["demo-a", "demo-b", "demo-c"],
  [staleCluster]: ["kiosk-1", "kiosk-2"],
};

function countsOf(cluster: string, nowMs: number): Cluster["counts"] {
  const own = actors.filter((actor) => actor.cluster === cluster && actor.namespace !== "host");
  const pods = own.flatMap((actor) => podsOf(actor, nowMs)).filter(({ endedAt }) => endedAt === undefined);
  return {
    nodes: kubernetesNodes[cluster]?.length ?? 0,
    namespaces: new Set(own.map(({ namespace }) => namespace)).size,
    workloads: own.length,
    services: own.filter(({ kind }) => kind !== "CronJob").length,
    pods: pods.length,
    podsNotReady: pods.filter(({ pod }) => !pod.ready).length,
  };
}

const healthy: Pick<Cluster, "state" | "because" | "gaps" | "objectsRefused"> = {
  state: "connected",
  because: "",
  gaps: [],
  objectsRefused: {},
};

export function clustersAt(nowMs: number): readonly Cluster[] {
  return [...clustersRead(nowMs), ...clustersNotRead(nowMs)];
}

function clustersRead(nowMs: number): readonly Cluster[] {
  const local = countsOf("local", nowMs);
  const demo = countsOf("demo", nowMs);
  return [
    {
      ...healthy,
      name: "local",
      simulated: false,
      source: "kubeconfig ops.yaml",
      version: "v1.36.3",
      gaps: [
        {
          resource: "cronjobs.batch",
          state: "forbidden",
          because: "the service account may not list cronjobs in the API group batch",
          since: iso(nowMs - 5_400_000),
        },
        {
          resource: "endpointslices.discovery.k8s.io",
          state: "failing",
          because: "the API server answered 500 five times in a row; asked again every 30 s",
          since: iso(nowMs - 95_000),
        },
      ],
      objectsRefused: { Pod: 1 },
      clockAheadMs: 140,
      currentAt: iso(nowMs - 1800),
      inventorySince: iso(nowMs - 6 * 86_400_000),
      counts: local,
      coverage: { nodesWithAgent: 3, nodesSeeing: 3, podsCovered: (local?.pods ?? 0) - 2 },
    },
    {
      ...healthy,
      name: "demo",
      simulated: true,
      source: "embedded API server",
      version: "v1.36.0+garrison.simulated",
      clockAheadMs: 0,
      currentAt: iso(nowMs - 700),
      inventorySince: iso(nowMs - 86_400_000),
      counts: demo,
      coverage: { nodesWithAgent: 3, nodesSeeing: 3, podsCovered: demo?.pods },
    },
  ];
}

function clustersNotRead(nowMs: number): readonly Cluster[] {
  return [
    {
      ...healthy,
      name: staleCluster,
      simulated: false,
      state: "stale",
      because: "no change and no bookmark for 7 min; the connection times out",
      source: "kubeconfig ops.yaml",
      version: "v1.35.1",
      clockAheadMs: 3_612_000,
      currentAt: iso(nowMs - 431_000),
      inventorySince: iso(nowMs - 2 * 86_400_000),
      counts: { nodes: 2, namespaces: 1, workloads: 2, services: 1, pods: 4, podsNotReady: 1 },
      coverage: { nodesWithAgent: 1, nodesSeeing: 0, podsCovered: 2 },
    },
    {
      ...healthy,
      name: "batch",
      simulated: false,
      state: "refused",
      because: "the API server refused the credential: 401 Unauthorized",
      source: "kubeconfig batch.yaml",
      version: "",
      coverage: { nodesWithAgent: 0, nodesSeeing: 0 },
    },
    {
      ...healthy,
      name: "warehouse",
      simulated: false,
      state: "agents-only",
      because: "no kubeconfig names it; only its agents tell of it",
      source: "",
      version: "",
      coverage: { nodesWithAgent: 1, nodesSeeing: 1 },
    },
  ];
}

function kubernetesNode(cluster: string, name: string, index: number, nowMs: number): ClusterNode {
  const old = cluster === staleCluster;
  const isSick = name === "worker-4" || name === "kiosk-2";
  return {
    kind: "Node",
    cluster,
    namespace: "",
    name,
    uid: `node-${cluster}-${name}`,
    labels: { "kubernetes.io/hostname": name },
    createdAt: iso(nowMs - 40 * 86_400_000),
    addresses: [`192.0.2.${10 + index}`],
    ready: name === "kiosk-2" ? "Unknown" : isSick ? "False" : "True",
    unschedulable: name === "worker-4",
    conditions: isSick
      ? [
          {
            type: "Ready",
            status: name === "kiosk-2" ? "Unknown" : "False",
            reason: name === "kiosk-2" ? "NodeStatusUnknown" : "KubeletNotReady",
            message: name === "kiosk-2" ? "Kubelet stopped posting node status." : "container runtime is down",
            since: iso(nowMs - 640_000),
          },
        ]
      : [],
    kubeletVersion: old ? "v1.35.1" : "v1.36.3",
    osImage: "Debian GNU/Linux 12 (bookworm)",
    operatingSystem: "linux",
    architecture: "amd64",
    kernelVersion: "6.18.0",
    containerRuntime: "containerd://2.3.1",
    cpuMillis: 8000,
    memoryBytes: 32 * gib,
    podsMax: 110,
    zone: `zone-${"abc"[index % 3] ?? "a"}`,
    podCidrs: [`10.42.${index}.0/24`],
  };
}

function agentOf(name: string, index: number, nowMs: number): ClusterMachine["agent"] {
  const node = nodeOf(nowMs, name, index);
  return {
    state: revokedNodes.has(name) ? "revoked" : node.state,
    fidelity: name.startsWith("demo-") ? "simulated" : node.fidelity,
    fidelityBecause: name.startsWith("demo-") ? "the demo cluster is made up" : node.fidelityBecause,
    version: node.agentVersion,
    lastSeenAt: node.lastSeenAt,
    lagMs: node.lagMs,
    counters: node.counters,
    notSeen: node.capabilities
      .filter(({ available }) => !available)
      .map(({ name: what, because }) => ({ name: what, because })),
  };
}

/** Nodes of a cluster: known to Kubernetes, to an agent, or to both. */
export function machinesOf(cluster: string, nowMs: number): readonly ClusterMachine[] {
  const known = (kubernetesNodes[cluster] ?? []).map((name, index): ClusterMachine => {
    const pods = actors
      .filter((actor) => actor.cluster === cluster && actor.namespace !== "host")
      .flatMap((actor) => podsOf(actor, nowMs))
      .filter(({ pod, endedAt }) => pod.node === name && endedAt === undefined);
    const watched = name !== "worker-4" && name !== "kiosk-2";
    return {
      cluster,
      name,
      kubernetes: kubernetesNode(cluster, name, index, nowMs),
      pods: pods.length,
      podsNotReady: pods.filter(({ pod }) => !pod.ready).length,
      ...(watched ? { agent: agentOf(name, index, nowMs) } : {}),
    };
  });
  const only = cluster === "local" ? "laptop" : cluster === "warehouse" ? "forklift-1" : undefined;
  return only === undefined ? known : [...known, { cluster, name: only, agent: agentOf(only, 3, nowMs) }];
}
