// The mock's workloads and who talks to whom, for the service graph. `large` is a generated world of 5,000 endpoints.
import type { WorkloadKind } from "../../src/model/identity.ts";
import { seeded } from "./random.ts";

export interface GraphActor {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
  /** Empty: no service stands before it. */
  readonly service: string;
  readonly endpoints: number;
  readonly notReady: number;
  readonly simulated: boolean;
}

export interface GraphLink {
  readonly from: GraphActor;
  /** A workload, or a DNS name outside. */
  readonly to: GraphActor | string;
  readonly port: string;
  /** Connections a second. */
  readonly rate: number;
  /** Parts of 1. */
  readonly failed: number;
  readonly denied: number;
  readonly http: boolean;
  readonly latencyUs: number;
  readonly bytesPerConnection: number;
  /** Only in the newer (or only in the older) of two compared windows. */
  readonly only?: "new" | "old";
}

export interface GraphWorld {
  readonly actors: readonly GraphActor[];
  readonly links: readonly GraphLink[];
}

type Row = readonly [cluster: string, namespace: string, kind: WorkloadKind, name: string, endpoints: number];
const rows: readonly Row[] = [
  ["local", "shop", "Deployment", "frontend", 4],
  ["local", "shop", "Deployment", "checkout", 3],
  ["local", "shop", "Deployment", "cart", 3],
  ["local", "shop", "Deployment", "catalog", 2],
  ["local", "shop", "StatefulSet", "orders-db", 1],
  ["local", "shop", "StatefulSet", "session-cache", 1],
  ["local", "shop", "CronJob", "nightly-report", 1],
  ["local", "payments", "Deployment", "gateway", 2],
  ["local", "payments", "StatefulSet", "ledger", 2],
  ["local", "kube-system", "Deployment", "coredns", 2],
  ["local", "kube-system", "DaemonSet", "node-exporter", 3],
  ["demo", "web", "Deployment", "storefront", 3],
  ["demo", "web", "Deployment", "recommendations", 2],
  ["demo", "web", "StatefulSet", "stock-db", 1],
];
const serviceless = new Set(["nightly-report", "node-exporter"]);

const small: readonly GraphActor[] = rows.map(([cluster, namespace, kind, name, endpoints]) => ({
  cluster,
  namespace,
  kind,
  name,
  endpoints,
  service: serviceless.has(name) ? "" : name,
  notReady: name === "recommendations" ? 1 : 0,
  simulated: cluster === "demo",
}));

type LinkRow = readonly [from: string, to: string, port: string, rate: number, extra?: Partial<GraphLink>];
const linkRows: readonly LinkRow[] = [
  ["frontend", "checkout", "tcp/8080", 9, { http: true, latencyUs: 310_000 }],
  ["frontend", "catalog", "tcp/8080", 12, { http: true }],
  ["frontend", "cart", "tcp/8080", 8, { http: true }],
  ["frontend", "coredns", "udp/53", 5],
  ["checkout", "orders-db", "tcp/5432", 7, { bytesPerConnection: 60_000 }],
  ["checkout", "gateway", "tcp/8443", 4, { failed: 0.31, latencyUs: 890_000, http: true }],
  ["checkout", "coredns", "udp/53", 4],
  ["cart", "session-cache", "tcp/6379", 9, { bytesPerConnection: 2000 }],
  ["catalog", "orders-db", "tcp/5432", 3, { bytesPerConnection: 180_000 }],
  ["gateway", "ledger", "tcp/9000", 4, { failed: 0.04 }],
  ["gateway", "api.payments.example", "tcp/443", 3],
  ["gateway", "coredns", "udp/53", 1],
  ["nightly-report", "orders-db", "tcp/5432", 0.4, { denied: 0.4 }],
  ["nightly-report", "files.example", "tcp/443", 0.1, { only: "new" }],
  ["node-exporter", "192.0.2.77", "tcp/9100", 0.2, { denied: 1 }],
  ["catalog", "old-search.example", "tcp/443", 0.2, { only: "old" }],
  ["storefront", "recommendations", "tcp/8080", 6, { http: true, failed: 0.05 }],
  ["storefront", "stock-db", "tcp/5432", 5],
  ["recommendations", "stock-db", "tcp/5432", 2],
];

const plain = { failed: 0, denied: 0, http: false, latencyUs: 4000, bytesPerConnection: 5200 } as const;

/** Fourteen workloads in four namespaces of two clusters, one edge failing and one slow. */
export const smallWorld: GraphWorld = {
  actors: small,
  links: linkRows.map(([from, to, port, rate, extra = {}]) => ({
    ...plain,
    from: small.find(({ name }) => name === from) as GraphActor,
    to: small.find(({ name }) => name === to) ?? to,
    port,
    rate,
    ...extra,
  })),
};

let large: GraphWorld | undefined;
const namespaces = 20;
const workloadsPerNamespace = 50;
const endpointsPerWorkload = 5;

/** 1,000 workloads, 5,000 endpoints, about 1,600 links, the same at every start. */
export function largeWorld(): GraphWorld {
  large ??= makeLarge();
  return large;
}

function makeLarge(): GraphWorld {
  const random = seeded(5000);
  const actors = Array.from({ length: namespaces * workloadsPerNamespace }, (_, index): GraphActor => {
    const namespace = `team-${String(1 + Math.floor(index / workloadsPerNamespace)).padStart(2, "0")}`;
    const name = `service-${String(1 + (index % workloadsPerNamespace)).padStart(2, "0")}`;
    const common = { cluster: "local", namespace, kind: "Deployment", name, service: name } as const;
    return { ...common, endpoints: endpointsPerWorkload, notReady: 0, simulated: false };
  });
  const at = (index: number): GraphActor => actors[index] as GraphActor;
  const link = (from: number, to: number, extra: Partial<GraphLink> = {}): GraphLink => {
    const http = random() < 0.3;
    return { ...plain, from: at(from), to: at(to), port: "tcp/8080", rate: 0.1 + random() * 8, http, ...extra };
  };
  const inside = actors.flatMap((_, index) => {
    const place = index % workloadsPerNamespace;
    // Every workload is called by one before it: nobody is left out of the graph.
    return place === 0 ? [] : [link(index - place + Math.floor(random() * Math.min(place, 8)), index)];
  });
  const across = Array.from({ length: 600 }, (_, index) => {
    const [from, to] = [Math.floor(random() * actors.length), Math.floor(random() * actors.length)];
    return link(from, to === from ? (to + 1) % actors.length : to, { failed: index % 40 === 0 ? 0.4 : 0 });
  });
  return { actors, links: [...inside, ...across] };
}
