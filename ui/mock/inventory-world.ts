// Kubernetes objects of the mock's actors: pods (some ended), their owners, services, namespaces. Seeded by the actors' names.
import {
  Namespace,
  Pod,
  Service,
  WorkloadObject,
  type Container,
  type InventoryKind,
  type InventoryObject,
} from "../../src/model/inventory.ts";
import { actors, type Actor } from "./world.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

export interface KnownPod {
  readonly pod: Pod;
  readonly endedAt?: string | undefined;
}

const replicasByKind: Readonly<Partial<Record<Actor["kind"], number>>> = {
  Deployment: 3,
  StatefulSet: 2,
  DaemonSet: 3,
};

export function isInKubernetes({ namespace }: Actor): boolean {
  return namespace !== "host";
}

function digestOf(image: string): string {
  let hash = 7;
  for (const letter of image) hash = (hash * 31 + letter.charCodeAt(0)) % 0xffffffff;
  return `sha256:${hash.toString(16).padStart(8, "0").repeat(8)}`;
}

function containerOf(actor: Actor, isSick: boolean, nowMs: number): Partial<Container> {
  return {
    name: actor.name,
    image: actor.image,
    imageDigest: digestOf(actor.image),
    containerId: "3f9c1e2ab7d4".padEnd(64, "0"),
    ready: !isSick,
    restarts: isSick ? 14 : 0,
    state: isSick ? "waiting" : "running",
    stateReason: isSick ? "CrashLoopBackOff" : "",
    ...(isSick ? { lastEndReason: "OOMKilled", lastEndAt: iso(nowMs - 71_000), exitCode: 137 } : {}),
    ports: [{ name: "http", protocol: "TCP", port: 8080 }],
    environment: [
      { name: "LOG_LEVEL", from: "literal", reference: "" },
      { name: "DATABASE_PASSWORD", from: "secret", reference: "orders-db" },
      { name: "FEATURE_FLAGS", from: "config-map", reference: `${actor.name}-flags` },
      { name: "POD_IP", from: "field", reference: "status.podIP" },
    ],
    requests: { cpu: "250m", memory: "256Mi" },
    limits: { memory: "512Mi" },
  };
}

function podOf(actor: Actor, number: number, nowMs: number): Pod {
  // One pod of the cart runs out of memory, over and over.
  const isSick = actor.name === "cart" && number === 2;
  const name = actor.kind === "Deployment" ? `${actor.name}-7c9d-${number}` : `${actor.name}-${number}`;
  const prefix = actor.cluster === "demo" ? "demo-" : "worker-";
  const place = (actor.name.length + number) % 3;
  return Pod.parse({
    kind: "Pod",
    cluster: actor.cluster,
    namespace: actor.namespace,
    name,
    uid: `pod-${actor.cluster}-${actor.namespace}-${name}`,
    labels: { app: actor.name },
    createdAt: iso(nowMs - 7_300_000 - number * 60_000),
    workload: actor.name,
    workloadKind: actor.kind,
    node: isSick ? "worker-4" : prefix + (actor.cluster === "demo" ? ("abc"[place] ?? "a") : String(1 + place)),
    phase: "Running",
    ready: !isSick,
    addresses: [`10.42.${place}.${10 + number + actor.name.length * 3}`],
    serviceAccount: actor.name,
    containers: [
      containerOf(actor, isSick, nowMs),
      ...(actor.name === "checkout"
        ? [
            {
              name: "migrate",
              isInit: true,
              image: actor.image,
              imageDigest: digestOf(actor.image),
              state: "terminated",
              stateReason: "Completed",
              exitCode: 0,
            },
          ]
        : []),
    ],
    volumes: ["secret/orders-db", `config-map/${actor.name}-flags`],
    startedAt: iso(nowMs - 7_290_000 - number * 60_000),
  });
}

/** Living pods, then those that ended: of the cart the pods of the roll-out before, of cron jobs the runs that are done. */
export function podsOf(actor: Actor, nowMs: number): readonly KnownPod[] {
  if (!isInKubernetes(actor)) return [];
  const living = Array.from({ length: replicasByKind[actor.kind] ?? 0 }, (_, number) => ({
    pod: podOf(actor, number, nowMs),
  }));
  const endedCount = actor.name === "cart" ? 2 : actor.kind === "CronJob" ? 3 : 0;
  const ended = Array.from({ length: endedCount }, (_, number): KnownPod => {
    const pod = podOf(actor, 0, nowMs);
    const name = actor.kind === "CronJob" ? `${actor.name}-2941${number}-x7k2` : `${actor.name}-5b8f-${number}`;
    const isJob = actor.kind === "CronJob";
    return {
      pod: {
        ...pod,
        name,
        uid: `pod-ended-${name}`,
        phase: isJob ? "Succeeded" : "Running",
        ready: false,
        containers: pod.containers.map((container) => ({
          ...container,
          state: "terminated",
          stateReason: isJob ? "Completed" : "",
          exitCode: 0,
          image: isJob ? container.image : container.image.replace(/:.*$/, ":1.9.2"),
        })),
      },
      endedAt: iso(nowMs - 900_000 - number * 1_200_000),
    };
  });
  return [...living, ...ended];
}

export function workloadObjectOf(actor: Actor, nowMs: number): WorkloadObject | undefined {
  if (!isInKubernetes(actor)) return undefined;
  const living = podsOf(actor, nowMs).filter(({ endedAt }) => endedAt === undefined);
  return WorkloadObject.parse({
    kind: actor.kind,
    cluster: actor.cluster,
    namespace: actor.namespace,
    name: actor.name,
    uid: `workload-${actor.cluster}-${actor.namespace}-${actor.name}`,
    labels: { app: actor.name },
    createdAt: iso(nowMs - 30 * 86_400_000),
    generation: 7,
    replicasDesired: living.length,
    replicasReady: living.filter(({ pod }) => pod.ready).length,
    replicasUpdated: living.length,
    images: [actor.image],
    serviceAccount: actor.name,
    schedule: actor.kind === "CronJob" ? "15 2 * * *" : "",
    selector: { app: actor.name },
    conditions:
      actor.name === "cart"
        ? [
            {
              type: "Available",
              status: "False",
              reason: "MinimumReplicasUnavailable",
              message: "Deployment does not have minimum availability.",
              since: iso(nowMs - 600_000),
            },
          ]
        : [],
  });
}

function serviceOf(actor: Actor, index: number, nowMs: number): Service {
  return Service.parse({
    kind: "Service",
    cluster: actor.cluster,
    namespace: actor.namespace,
    name: actor.name,
    uid: `service-${actor.cluster}-${actor.namespace}-${actor.name}`,
    createdAt: iso(nowMs - 30 * 86_400_000),
    type: actor.name === "frontend" ? "LoadBalancer" : "ClusterIP",
    addresses: actor.kind === "StatefulSet" ? [] : [`10.96.0.${20 + index}`],
    externalAddresses: actor.name === "frontend" ? ["203.0.113.80"] : [],
    ports: [{ name: "http", protocol: "TCP", port: actor.kind === "StatefulSet" ? 5432 : 8080, targetPort: "http" }],
    selector: { app: actor.name },
  });
}

/** Objects of a kind, by namespace and name. Empty for kinds that the mock does not make up. */
export function objectsOf(cluster: string, kind: InventoryKind, nowMs: number): readonly InventoryObject[] {
  const own = actors.filter((actor) => actor.cluster === cluster && isInKubernetes(actor));
  switch (kind) {
    case "Namespace":
      return [...new Set(own.map(({ namespace }) => namespace))].map((name) =>
        Namespace.parse({ kind, cluster, name, uid: `ns-${cluster}-${name}`, phase: "Active" }),
      );
    case "Pod":
      return own
        .flatMap((actor) => podsOf(actor, nowMs))
        .filter(({ endedAt }) => endedAt === undefined)
        .map(({ pod }) => pod);
    case "Service":
      return own.filter((actor) => actor.kind !== "CronJob").map((actor, index) => serviceOf(actor, index, nowMs));
    case "Node":
    case "EndpointSlice":
    case "ReplicaSet":
    case "Job":
      return [];
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
    case "CronJob":
      return own.filter((actor) => actor.kind === kind).flatMap((actor) => workloadObjectOf(actor, nowMs) ?? []);
  }
}
