// What needs a person in the mock's world. `mock:calm`: nothing, and all was looked at; `mock:blind`: nothing, but not all was.
import type { Attention, Traffic } from "../../src/model/graph.ts";
import { refuseBySentinel, windowOf, type Asked } from "./asked.ts";
import { clustersAt, staleCluster } from "./clusters.ts";
import { sentinelOf } from "./filter.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

const nowhere = { cluster: "local", namespace: "", workload: "" } as const;

function attentionAt(nowMs: number): readonly Attention[] {
  return [...troubleInShop(nowMs), ...troubleOfSight(nowMs)];
}

function troubleInShop(nowMs: number): readonly Attention[] {
  const shop = { cluster: "local", namespace: "shop" } as const;
  return [
    {
      ...shop,
      id: "security/shell-in-checkout",
      severity: "critical",
      about: "security",
      title: "A shell was started in checkout",
      detail: "sh ran under /app/checkout in checkout-7c9d-1 and read the database; rule Shell in a container",
      workload: "checkout",
      workloadKind: "Deployment",
      since: iso(nowMs - 190_000),
      count: 3,
      link: { screen: "/detections", search: { q: "ns:shop workload:checkout" } },
    },
    {
      ...shop,
      id: "traffic/report-orders-db",
      severity: "high",
      about: "traffic",
      title: "nightly-report cannot reach orders-db",
      detail: "41 % of 212 connections were denied: policy shop/orders-db rule 2",
      workload: "nightly-report",
      workloadKind: "CronJob",
      since: iso(nowMs - 1_460_000),
      count: 87,
      link: { screen: "/flows", search: { q: "from:nightly-report to:orders-db verdict:deny" } },
    },
    {
      ...shop,
      id: "workload/cart",
      severity: "high",
      about: "workload",
      title: "cart: 1 of 3 pods is not ready",
      detail: "container cart runs out of memory (OOMKilled) and was restarted 14 times",
      workload: "cart",
      workloadKind: "Deployment",
      since: iso(nowMs - 600_000),
      count: 14,
      link: { screen: "/workloads/local/shop/Deployment/cart", search: { tab: "pods" } },
    },
  ];
}

function troubleOfSight(nowMs: number): readonly Attention[] {
  return [
    {
      ...nowhere,
      cluster: staleCluster,
      id: "coverage/stale",
      severity: "medium",
      about: "coverage",
      title: `${staleCluster} is not current`,
      detail: "no change came for 7 min; its pods and services may be others by now",
      since: iso(nowMs - 431_000),
      count: 1,
      link: { screen: `/clusters/${staleCluster}`, search: {} },
    },
    {
      ...nowhere,
      id: "coverage/worker-4",
      severity: "medium",
      about: "coverage",
      title: "worker-4 has no agent",
      detail: "2 pods on it are not watched",
      since: iso(nowMs - 8_600_000),
      count: 1,
      link: { screen: "/clusters/local", search: {} },
    },
    {
      ...nowhere,
      id: "self/laptop",
      severity: "low",
      about: "self",
      title: "The agent on laptop polls",
      detail: "short-lived processes and connections are missed there",
      count: 1,
      link: { screen: "/health", search: {} },
    },
  ];
}

const traffic: Traffic = {
  connections: 48_213,
  connectionsFailed: 412,
  connectionsDenied: 87,
  resets: 31,
  retransmits: 1204,
  packets: 3_120_442,
  bytesSent: 1_840_000_000,
  bytesReceived: 7_220_000_000,
  rttUsMean: 840,
  http: {
    requests: 21_876,
    errors4xx: 311,
    errors5xx: 64,
    unanswered: 9,
    latencyUsMedian: 4200,
    latencyUsP95: 61_000,
  },
};

const events = {
  process: 8123,
  dns: 5210,
  http: 4170,
  kubernetes: 61,
  inventory: 44,
  file: 390,
  audit: 212,
  security: 3,
};

const silent: Traffic = {
  connections: 0,
  connectionsFailed: 0,
  connectionsDenied: 0,
  resets: 0,
  retransmits: 0,
  packets: 0,
  bytesSent: 0,
  bytesReceived: 0,
};

const notLooked = [
  { about: "pods that are not ready in batch", because: "its API server refuses the credential" },
  { about: "HTTP errors in namespace payments", because: "no Visibility resource asks for first bytes there" },
];

function overview(asked: Asked) {
  const sentinel = sentinelOf(asked.query["q"] ?? "");
  refuseBySentinel(sentinel);
  const isNone = sentinel === "empty" || sentinel === "blind" || sentinel === "calm";
  const isWhole = sentinel === "empty" || sentinel === "calm";
  const clusters = clustersAt(asked.nowMs);
  const cluster = /(?:^|\s)cluster:(\S+)/.exec(asked.query["q"] ?? "")?.[1];
  const inScope = (name: string): boolean => cluster === undefined || name === cluster;
  return {
    attention: isNone ? [] : attentionAt(asked.nowMs).filter((each) => inScope(each.cluster)),
    notLooked: isWhole ? [] : notLooked,
    clusters: isWhole ? clusters.filter(({ name }) => name === "demo") : clusters.filter(({ name }) => inScope(name)),
    traffic: sentinel === "empty" ? silent : traffic,
    events: sentinel === "empty" ? [] : Object.entries(events).map(([kind, count]) => ({ kind, count })),
    window: windowOf(asked),
  };
}

export const overviewAnswers = { overview };
