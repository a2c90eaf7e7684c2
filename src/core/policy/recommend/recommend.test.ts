import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecordedFlow, World, WorldEndpoint } from "../world.ts";
import { smallestSelecting, commonLasting, isLasting } from "./lasting-labels.ts";
import { publicPrefixes } from "./outside.ts";
import { recommend } from "./recommend.ts";

const day = 86_400_000;
const start = 20_000 * day;

function pod(workload: string, index: number, address: string, labels: Record<string, string> = {}): WorldEndpoint {
  const name = `${workload.split("/")[1] ?? ""}-7d9f8c6b5-x${index}z7k`;
  const own = { app: workload.split("/")[1] ?? "", "pod-template-hash": "7d9f8c6b5", ...labels };
  return {
    id: `pod/shop/${name}`,
    kind: "workload",
    namespace: "shop",
    name,
    labels: own,
    serviceAccount: "default",
    addresses: [address],
    ports: [],
    node: "n1",
    workload,
    interfaceName: "",
  };
}

function world(endpoints: readonly WorldEndpoint[], rest: Partial<World> = {}): World {
  return {
    namespaces: [{ name: "shop", labels: { "kubernetes.io/metadata.name": "shop" } }],
    serviceAccounts: [],
    endpoints,
    services: [],
    ranges: ["10.0.0.0/8"],
    incomplete: "",
    ...rest,
  };
}

function flow(from: string, to: string, port: number, rest: Partial<RecordedFlow> = {}): RecordedFlow {
  const end = (text: string) =>
    text.includes("/") ? { endpoint: text, address: "" } : { endpoint: "", address: text };
  return {
    source: end(from),
    destination: end(to),
    protocol: 6,
    sourcePort: 0,
    destinationPort: port,
    connections: 10,
    bytes: 1000,
    firstMs: start,
    lastMs: start + 6 * day,
    days: 5,
    verdict: "allow",
    sourceWorkload: "",
    destinationWorkload: "",
    ...rest,
  };
}

const web = [pod("Deployment/web", 1, "10.1.0.1"), pod("Deployment/web", 2, "10.1.0.2")];
const db = [pod("StatefulSet/db", 1, "10.1.0.3", { "statefulset.kubernetes.io/pod-name": "db-0" })];
const shop = world([...web, ...db]);
const idOf = (endpoint: WorldEndpoint | undefined): string => endpoint?.id ?? "";

test("what was shown is allowed on both sides, by labels that outlive a redeploy, with its evidence", () => {
  const flows = [flow(idOf(web[0]), idOf(db[0]), 5432), flow(idOf(web[1]), "10.1.0.3", 5432)];
  const found = recommend(flows, shop);
  assert.deepEqual(
    found.policies.map(({ draft }) => [draft.namespace, draft.name, draft.labels, draft.directions]),
    [
      ["shop", "recommended-web", { app: "web" }, ["ingress", "egress"]],
      ["shop", "recommended-db", { app: "db" }, ["ingress", "egress"]],
    ],
  );
  const [ofWeb, ofDb] = found.policies;
  assert.deepEqual(
    ofWeb?.rules.map(({ rule, from }) => [rule.direction, from, rule.peer]),
    [
      ["egress", "dns", { kind: "pods", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } }],
      ["egress", "shown", { kind: "pods", namespace: "shop", labels: { app: "db" } }],
    ],
  );
  const ingress = ofDb?.rules[0];
  assert.deepEqual(ingress?.rule.peer, { kind: "pods", namespace: "shop", labels: { app: "web" } });
  assert.deepEqual(ingress.evidence, {
    flows: 2,
    connections: 20,
    bytes: 2000,
    firstMs: start,
    lastMs: start + 6 * day,
    days: 5,
  });
  assert.equal(ingress.rule.comment, "seen: 20 connections on 5 days, last 2024-10-10");
});

test("the order of flows and of the world does not matter", () => {
  const flows = [
    flow(idOf(web[0]), idOf(db[0]), 5432),
    flow(idOf(web[1]), "203.0.113.9", 443, { domains: ["b.example.com", "a.example.com"] }),
    flow("198.51.100.7", idOf(web[0]), 8080),
    flow("198.51.100.8", idOf(web[0]), 8080),
  ];
  const turned = world([...shop.endpoints].reverse());
  assert.deepEqual(recommend([...flows].reverse(), turned), recommend(flows, shop));
});

test("rare edges are held until approved by their key; without days to compare nothing is", () => {
  const rare = flow(idOf(db[0]), idOf(web[0]), 9000, { lastMs: start, days: 1 });
  const flows = [flow(idOf(web[0]), idOf(db[0]), 5432), rare];
  const found = recommend(flows, shop);
  const key = "shop/StatefulSet/db -> shop/Deployment/web 9000/tcp";
  assert.deepEqual(
    found.held.map((held) => [held.key, held.because]),
    [[key, "rare"]],
  );
  const rules = (options: object) =>
    recommend(flows, shop, options).policies.flatMap((policy) => policy.rules.filter(({ from }) => from === "shown"));
  assert.equal(rules({}).length, 2);
  assert.equal(rules({ approve: [key] }).length, 4);
  assert.equal(rules({ daysMin: 1 }).length, 4);
  const sure = "shop/Deployment/web -> shop/StatefulSet/db 5432/tcp";
  const unknown = (approve: readonly string[]) => recommend(flows, shop, { approve }).approvedUnknown;
  assert.deepEqual(unknown([key, sure, "*"]), []);
  assert.deepEqual(unknown([key, "shop/StatefulSet/db -> shop/Deployment/web 9001/tcp"]), [
    "shop/StatefulSet/db -> shop/Deployment/web 9001/tcp",
  ]);
  const oneDay = recommend([rare], shop);
  assert.equal(oneDay.held.length, 0);
  assert.match(oneDay.notes[0] ?? "", /span 1 day/);
});

test("names instead of outside addresses where a look-up explains them, but never for private addresses", () => {
  const flows = [
    flow(idOf(web[0]), "203.0.113.9", 443, { domains: ["api.example.com"] }),
    flow(idOf(web[0]), "203.0.113.10", 443, { domains: ["api.example.com", "cdn.example.com"] }),
    flow(idOf(web[0]), "203.0.113.11", 443),
    flow(idOf(web[0]), "192.168.7.7", 443, { domains: ["intra.example.com"] }),
  ];
  const peers = (names: boolean) =>
    recommend(flows, shop, { names })
      .policies[0]?.rules.filter(({ from }) => from === "shown")
      .map(({ rule }) => rule.peer);
  assert.deepEqual(peers(true), [
    { kind: "domains", names: ["api.example.com"] },
    { kind: "nets", nets: ["192.168.7.7/32", "203.0.113.11/32"] },
  ]);
  assert.deepEqual(peers(false), [
    { kind: "nets", nets: ["192.168.7.7/32", "203.0.113.10/32", "203.0.113.11/32", "203.0.113.9/32"] },
  ]);
});

test("a port that many outside addresses reach is public only when the caller says so, and never takes cluster ranges in", () => {
  const flows = Array.from({ length: 20 }, (_, index) => flow(`203.0.113.${index}`, idOf(web[0]), 8443));
  const nets = (publicSourcesMin: number) =>
    recommend(flows, shop, { publicSourcesMin }).policies[0]?.rules.flatMap(({ rule, from }) =>
      rule.direction === "ingress" && rule.peer.kind === "nets" ? [{ from, nets: rule.peer.nets }] : [],
    );
  assert.equal(nets(0)?.[0]?.nets.length, 20);
  assert.equal(nets(0)?.[0]?.from, "shown");
  const told = nets(16)?.[0];
  assert.equal(told?.from, "public");
  assert.deepEqual(told.nets, publicPrefixes(["10.0.0.0/8"], 4));
  assert.ok(!told.nets.some((net) => net.startsWith("10.") || net.startsWith("192.168.")));
  assert.ok(told.nets.includes("11.0.0.0/8"));
});

test("scans are held whatever days they were seen on", () => {
  const pods = Array.from({ length: 40 }, (_, index) => pod(`Deployment/s${index}`, 1, `10.2.0.${index + 1}`));
  const scanned = pods.map(({ id }) => flow(idOf(web[0]), id, 22, { connections: 5, days: 3 }));
  const found = recommend(
    [...scanned, flow(idOf(web[0]), idOf(db[0]), 5432, { connections: 5000 })],
    world([...web, ...db, ...pods]),
  );
  assert.equal(found.held.filter(({ because }) => because === "scan").length, 40);
  const ofWeb = found.policies.find(({ draft }) => draft.name === "recommended-web");
  assert.equal(ofWeb?.rules.filter(({ from }) => from === "shown").length, 1);
});

test("what cannot become a rule is counted by its reason", () => {
  const flows = [
    flow(idOf(web[0]), idOf(db[0]), 1, { verdict: "deny" }),
    flow(idOf(web[0]), idOf(db[0]), 2, { verdict: "unknown" }),
    flow("pod/shop/gone", idOf(db[0]), 3),
    flow("10.9.9.9", idOf(db[0]), 4),
    flow("node/n1", idOf(db[0]), 5),
    flow("1.1.1.1", "9.9.9.9", 6),
    flow("pod/shop/gone", idOf(db[0]), 7, { sourceWorkload: "shop/Deployment/web" }),
  ];
  const node: WorldEndpoint = { ...pod("", 0, "172.20.0.1"), id: "node/n1", kind: "node", name: "n1" };
  const found = recommend(flows, world([...shop.endpoints, node]));
  assert.deepEqual(
    found.leftOut.map(({ because, flows: count }) => [because, count]),
    [
      ["a node to its own pods: always allowed", 1],
      ["an address of the cluster that nobody in the world has", 1],
      ["an end is gone and its owner is not in the world", 1],
      ["denied when it was recorded", 1],
      ["it did not connect", 1],
      ["neither end is a workload", 1],
    ],
  );
  const ports = found.policies.flatMap((policy) =>
    policy.rules.flatMap(({ rule, from }) => (from === "shown" ? rule.ports : [])),
  );
  assert.deepEqual(new Set(ports.map(({ from }) => from)), new Set([7]));
});

test("dialled services are followed to their backends", () => {
  const service = {
    namespace: "shop",
    name: "db",
    addresses: ["10.96.0.7"],
    backends: [{ address: "10.1.0.3", protocol: 6, port: 5432 }],
  };
  const found = recommend([flow(idOf(web[0]), "10.96.0.7", 15432)], world(shop.endpoints, { services: [service] }));
  const ofDb = found.policies.find(({ draft }) => draft.name === "recommended-db");
  assert.deepEqual(ofDb?.rules[0]?.rule.ports, [{ protocol: 6, from: 5432, to: 5432 }]);
});

test("owners that no lasting label tells apart share a policy and say so", () => {
  const blue = pod("Deployment/blue", 1, "10.1.1.1", { app: "x" });
  const green = pod("Deployment/green", 1, "10.1.1.2", { app: "x", track: "canary" });
  const found = recommend(
    [flow(idOf(blue), idOf(db[0]), 5432), flow(idOf(green), idOf(db[0]), 5432)],
    world([blue, green, ...db]),
  );
  const shared = found.policies.find(({ workloads }) => workloads.length === 2);
  assert.deepEqual(shared?.draft.labels, { app: "x" });
  assert.match(shared.notes[0] ?? "", /apart/);
});

test("per namespace: one policy for all pods, peers are whole namespaces", () => {
  const found = recommend([flow(idOf(web[0]), idOf(db[0]), 5432)], shop, { per: "namespace" });
  assert.deepEqual(
    found.policies.map(({ draft }) => [draft.name, draft.labels]),
    [["recommended-namespace", {}]],
  );
  assert.deepEqual(found.policies[0]?.rules[0]?.rule.peer, { kind: "pods", namespace: "shop", labels: {} });
});

test("lasting labels: hashes, ordinals, versions and runs are none", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["app", "web", true],
    ["app", "checkout", true],
    ["app.kubernetes.io/name", "postgres", true],
    ["tier", "backend", true],
    ["pod-template-hash", "anything", false],
    ["controller-revision-hash", "db-5d4f6c7b9", false],
    ["statefulset.kubernetes.io/pod-name", "db-0", false],
    ["example.com/config-hash", "x", false],
    ["rev", "7d9f8c6b5", false],
    ["run", "1f0e2d3c4b5a6978", false],
    ["run", "3b9d2c2e-0d3c-4f5b-8a52-0a8e4b4de2a1", false],
    ["started", "20261125", false],
    ["release", "1.22.3", false],
    ["app", "", false],
    ["pcns.team", "x", false],
  ];
  for (const [key, value, expected] of cases) assert.equal(isLasting(key, value), expected, `${key}=${value}`);
  assert.deepEqual(
    commonLasting([
      { app: "a", x: "1", y: "2" },
      { app: "a", x: "2", y: "2" },
    ]),
    { app: "a", y: "2" },
  );
  assert.deepEqual(smallestSelecting({ app: "a", tier: "web" }, [{ app: "a", tier: "db" }]), { tier: "web" });
  assert.deepEqual(smallestSelecting({ app: "a", tier: "web", zone: "z" }, [{ app: "a" }, { tier: "web" }]), {
    zone: "z",
  });
  const needed = { app: "a", tier: "web" };
  assert.deepEqual(smallestSelecting(needed, [{ app: "a" }, { tier: "web" }]), needed);
});
