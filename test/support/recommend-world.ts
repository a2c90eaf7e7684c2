// A seeded cluster whose truth is known: services with a dependency graph, rare edges, noise, scans, redeploys and outside names whose addresses
// rotate. It records flows over a training window and asks others in a test window, in which every workload has been deployed anew.
import type { RecordedFlow, World, WorldEndpoint } from "../../src/core/policy/world.ts";
import { createChance, pick } from "./policy-world.ts";

export interface RecommendShape {
  readonly seed: number;
  /** 30 to 100. */
  readonly services: number;
  /** Days of training; the test window is the seven days behind it. */
  readonly days: number;
}

/** daily: every day. weekly: one day of the week. failover: by chance, one day of five. */
export type EdgeRhythm = "daily" | "weekly" | "failover";

export interface Service {
  readonly namespace: string;
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet";
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  readonly replicas: number;
  readonly isPublic: boolean;
}

export interface TrueEdge {
  readonly from: number;
  readonly to: number;
  readonly port: number;
  readonly rhythm: EdgeRhythm;
  readonly weekday: number;
}

export interface OutsideEdge {
  readonly from: number;
  readonly name: string;
}

export interface RecommendWorld {
  readonly services: readonly Service[];
  readonly edges: readonly TrueEdge[];
  readonly outside: readonly OutsideEdge[];
  /** At the end of training. */
  readonly world: World;
  /** After another rollout of everything, with one replica more. */
  readonly later: World;
  readonly training: readonly RecordedFlow[];
  /** Legitimate flows of the test window, with how often the edge was used: one for each edge and day, in the later world. */
  readonly test: readonly RecordedFlow[];
  /** Share of true edges that the training window shows at all. */
  readonly shownShare: number;
}

const dayMs = 86_400_000;
const startMs = 20_400 * dayMs;
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const namespaces = ["shop", "pay", "media", "data", "ops", "search"] as const;
const roles = ["web", "api", "worker", "db", "cache", "queue", "gateway", "auth"] as const;
const rolePorts: Readonly<Record<(typeof roles)[number], readonly number[]>> = {
  web: [8080, 9090],
  api: [8080, 9090],
  worker: [9090],
  db: [5432],
  cache: [6379],
  queue: [5672, 15_672],
  gateway: [8443, 9090],
  auth: [8443],
};
export const clusterRange = "10.0.0.0/8";

export function createRecommendWorld(shape: RecommendShape): RecommendWorld {
  const chance = createChance(shape.seed);
  const services = Array.from({ length: shape.services }, (_, index) => serviceOf(index, chance));
  const edges = edgesOf(services, chance);
  const outside = outsideOf(services, chance);
  const pods = podsOf(services, shape.days, chance);
  const training = [
    ...recorded({ services, edges, outside, pods, firstDay: 0, days: shape.days, chance }),
    ...noiseOf(pods.at(shape.days - 1), chance, shape.days),
  ];
  const last = pods.at(shape.days - 1);
  const next = rollOut(services, shape.days + 100, chance, 1);
  const asked = recorded({
    services,
    edges,
    outside,
    pods: { at: () => next },
    firstDay: shape.days,
    days: 7,
    chance,
  });
  const shown = new Set(training.filter(isLegitimate).map(edgeKeyOf));
  const whole = edges.filter((edge) => shown.has(keyOf(services, edge)));
  return {
    services,
    edges,
    outside,
    world: worldOf(last),
    later: worldOf(next),
    training,
    test: asked,
    shownShare: whole.length / edges.length,
  };
}

function serviceOf(index: number, chance: () => number): Service {
  const role = index < 2 ? "gateway" : pick(chance, roles);
  const name = `${role}-${index}`;
  const namespace = pick(chance, namespaces);
  const styles: readonly Readonly<Record<string, string>>[] = [
    { app: name, tier: role },
    { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": namespace, "app.kubernetes.io/version": "1.4.2" },
    { app: role, instance: name, "helm.sh/chart": `${role}-3.1.0` },
    { "k8s-app": name, team: namespace },
  ];
  return {
    namespace,
    name,
    kind: role === "db" || role === "queue" ? "StatefulSet" : "Deployment",
    labels: pick(chance, styles),
    ports: rolePorts[role],
    replicas: 1 + Math.floor(chance() * 5),
    isPublic: role === "gateway",
  };
}

/** Everybody calls two to five others further down; most every day, a few weekly or by failover. */
function edgesOf(services: readonly Service[], chance: () => number): readonly TrueEdge[] {
  const edges = new Map<string, TrueEdge>();
  for (const from of services.keys()) {
    const count = 2 + Math.floor(chance() * 4);
    for (let call = 0; call < count; call += 1) {
      const to = Math.floor(chance() * services.length);
      const port = services[to]?.ports[0] ?? 0;
      const luck = chance();
      const rhythm: EdgeRhythm = luck < 0.92 ? "daily" : luck < 0.985 ? "weekly" : "failover";
      const weekday = Math.floor(chance() * 7);
      if (to !== from) edges.set(`${from} ${to} ${port}`, { from, to, port, rhythm, weekday });
    }
  }
  // One service scrapes everybody's metrics, as in most clusters.
  const scraper = services.findIndex(({ name }) => name.startsWith("worker"));
  for (const [to, { ports }] of services.entries()) {
    const metrics = ports.find((port) => port === 9090);
    if (metrics === undefined || to === scraper || scraper < 0) continue;
    edges.set(`${scraper} ${to} ${metrics}`, { from: scraper, to, port: metrics, rhythm: "daily", weekday: 0 });
  }
  return [...edges.values()];
}

function outsideOf(services: readonly Service[], chance: () => number): readonly OutsideEdge[] {
  return [...services.keys()]
    .filter(() => chance() < 0.3)
    .map((from) => ({ from, name: `api.partner-${Math.floor(chance() * 20)}.example` }));
}

type Pods = readonly (readonly WorldEndpoint[])[];

/** Pods by service and day: each day a tenth of the workloads is rolled out anew. */
function podsOf(services: readonly Service[], days: number, chance: () => number) {
  let current = rollOut(services, 0, chance, 0);
  const byDay: Pods[] = [];
  for (let day = 0; day < days; day += 1) {
    const fresh = rollOut(services, day + 1, chance, 0);
    current = current.map((pods, index) => (day > 0 && chance() < 0.1 ? (fresh[index] ?? pods) : pods));
    byDay.push(current);
  }
  return { at: (day: number): Pods => byDay[day] ?? current };
}

function rollOut(services: readonly Service[], round: number, chance: () => number, more: number): Pods {
  return services.map((service, index) => {
    const hash = word(chance, 9);
    return Array.from({ length: service.replicas + more }, (_, number) =>
      podOf(service, { index, round, number, hash, chance }),
    );
  });
}

function podOf(
  { namespace, name, kind, labels }: Service,
  at: { index: number; round: number; number: number; hash: string; chance: () => number },
): WorldEndpoint {
  const isSet = kind === "StatefulSet";
  const pod = isSet ? `${name}-${at.number}` : `${name}-${at.hash}-${word(at.chance, 5)}`;
  const own = isSet
    ? { "controller-revision-hash": `${name}-${at.hash}`, "statefulset.kubernetes.io/pod-name": pod }
    : { "pod-template-hash": at.hash };
  return {
    id: `pod/${namespace}/${pod}`,
    kind: "workload",
    namespace,
    name: pod,
    labels: { ...labels, ...own },
    serviceAccount: "default",
    addresses: [`10.${at.round % 250}.${at.index}.${at.number + 1}`],
    ports: [],
    node: `node-${(at.index + at.number) % 5}`,
    workload: `${kind}/${name}`,
    interfaceName: "",
  };
}

function word(chance: () => number, length: number): string {
  return Array.from({ length }, (_, at) =>
    at === 0 ? "7" : (alphabet[Math.floor(chance() * alphabet.length)] ?? "b"),
  ).join("");
}

const dnsPod: WorldEndpoint = {
  id: "pod/kube-system/coredns-1",
  kind: "workload",
  namespace: "kube-system",
  name: "coredns-1",
  labels: { "k8s-app": "kube-dns" },
  serviceAccount: "coredns",
  addresses: ["10.255.0.53"],
  ports: [],
  node: "node-0",
  workload: "Deployment/coredns",
  interfaceName: "",
};

function worldOf(pods: Pods): World {
  return {
    namespaces: [...namespaces, "kube-system"].map((name) => ({
      name,
      labels: { "kubernetes.io/metadata.name": name },
    })),
    serviceAccounts: [],
    endpoints: [...pods.flat(), dnsPod],
    services: [],
    ranges: [clusterRange],
    incomplete: "",
  };
}

interface Recording {
  readonly services: readonly Service[];
  readonly edges: readonly TrueEdge[];
  readonly outside: readonly OutsideEdge[];
  readonly pods: { at(day: number): Pods };
  readonly firstDay: number;
  readonly days: number;
  readonly chance: () => number;
}

function recorded(recording: Recording): readonly RecordedFlow[] {
  const { services, edges, outside, pods, firstDay, days, chance } = recording;
  const flows: RecordedFlow[] = [];
  const owner = (index: number): string => {
    const { namespace = "", kind = "", name = "" } = services[index] ?? {};
    return `${namespace}/${kind}/${name}`;
  };
  for (let day = firstDay; day < firstDay + days; day += 1) {
    const today = pods.at(day);
    const podOfService = (index: number): string => pick(chance, today[index] ?? []).id;
    for (const edge of edges) {
      if (!isUsed(edge, day, chance)) continue;
      const ends = { source: podOfService(edge.from), destination: podOfService(edge.to) };
      const owners = { sourceWorkload: owner(edge.from), destinationWorkload: owner(edge.to) };
      const connections = edge.rhythm === "daily" ? 50 + Math.floor(chance() * 5000) : 1 + Math.floor(chance() * 20);
      flows.push({ ...flowOf(ends, edge.port, day, connections), ...owners });
    }
    for (const { from, name } of outside) {
      const address = `203.0.${Math.floor(chance() * 8)}.${Math.floor(chance() * 250)}`;
      const flow = flowOf(
        { source: podOfService(from), destination: address },
        443,
        day,
        20 + Math.floor(chance() * 200),
      );
      flows.push({ ...flow, domains: [name], sourceWorkload: owner(from) });
    }
    for (const [index, { isPublic, ports }] of services.entries()) {
      flows.push({
        ...flowOf({ source: podOfService(index), destination: dnsPod.id }, 53, day, 500),
        protocol: 17,
        sourceWorkload: owner(index),
        destinationWorkload: "kube-system/Deployment/coredns",
      });
      if (!isPublic) continue;
      for (let visit = 0; visit < 30; visit += 1) {
        const visitor = `198.${20 + Math.floor(chance() * 30)}.${Math.floor(chance() * 250)}.${Math.floor(chance() * 250)}`;
        const flow = flowOf({ source: visitor, destination: podOfService(index) }, ports[0] ?? 0, day, 3);
        flows.push({ ...flow, destinationWorkload: owner(index) });
      }
    }
  }
  return flows;
}

function isUsed({ rhythm, weekday }: TrueEdge, day: number, chance: () => number): boolean {
  if (rhythm === "daily") return true;
  return rhythm === "weekly" ? day % 7 === weekday : chance() < 0.2;
}

function flowOf(
  ends: { source: string; destination: string },
  port: number,
  day: number,
  connections: number,
): RecordedFlow {
  const endOf = (text: string) =>
    text.includes("/") ? { endpoint: text, address: "" } : { endpoint: "", address: text };
  const firstMs = startMs + day * dayMs + 3_600_000;
  return {
    source: endOf(ends.source),
    destination: endOf(ends.destination),
    protocol: 6,
    sourcePort: 0,
    destinationPort: port,
    connections,
    bytes: connections * 1500,
    firstMs,
    lastMs: firstMs + 40_000_000,
    days: 1,
    verdict: "allow",
    sourceWorkload: "",
    destinationWorkload: "",
  };
}

/** Somebody's debugging on one day, a scanner in the cluster on three days, and tries that nobody answered. None of it is legitimate. */
function noiseOf(pods: Pods, chance: () => number, days: number): readonly RecordedFlow[] {
  const all = pods.flat();
  const random = (): string => pick(chance, all).id;
  const flows: RecordedFlow[] = [];
  for (let index = 0; index < pods.length; index += 1) {
    const ends = { source: random(), destination: random() };
    flows.push(marked(flowOf(ends, pick(chance, [22, 5432, 6379, 8080]), Math.floor(chance() * days), 2)));
    flows.push(marked({ ...flowOf(ends, 23, 1, 1), verdict: "unknown" }));
  }
  const scanner = random();
  for (const { id } of all.filter((_, index) => index % 2 === 0)) {
    for (const port of [22, 5432, 6379]) {
      const scan = flowOf({ source: scanner, destination: id }, port, days - 3, 1);
      flows.push(marked({ ...scan, lastMs: scan.lastMs + 2 * dayMs, days: 3, connections: 3 }));
    }
  }
  return flows;
}

const noise = new WeakSet<RecordedFlow>();

function marked(flow: RecordedFlow): RecordedFlow {
  noise.add(flow);
  return flow;
}

export function isLegitimate(flow: RecordedFlow): boolean {
  return !noise.has(flow);
}

/** "shop/Deployment/web -> shop/StatefulSet/db 5432". */
export function edgeKeyOf({ sourceWorkload, destinationWorkload, destinationPort }: RecordedFlow): string {
  return `${sourceWorkload} -> ${destinationWorkload} ${destinationPort}`;
}

function keyOf(services: readonly Service[], { from, to, port }: TrueEdge): string {
  const nameOf = (index: number): string => {
    const { namespace = "", kind = "", name = "" } = services[index] ?? {};
    return `${namespace}/${kind}/${name}`;
  };
  return `${nameOf(from)} -> ${nameOf(to)} ${port}`;
}
