// What no change may cut, and how many live connections it would: engines of real policies, nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import { createPolicyEngine } from "../../../core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { TrackedConnection } from "../../../core/policy/compile/dataplane.ts";
import { parseManifests } from "../../../core/policy/parse/parse-policies.ts";
import type { WorldEndpoint } from "../../../core/policy/world.ts";
import { IdentityEntry } from "../../../model/identity-entry.ts";
import { chooseProbes } from "./choose-probes.ts";
import { guardsCut, guardsOf } from "./guards.ts";
import { judgeLive } from "./judge-live.ts";
import { ruleWords } from "./rule-words.ts";

const entry = (more: Partial<z.input<typeof IdentityEntry>>): IdentityEntry =>
  IdentityEntry.parse({
    key: "k",
    kind: "pod",
    addresses: [],
    namespace: "kube-system",
    workload: "",
    workloadKind: "Pod",
    fromMs: 0,
    ...more,
  });

const dnsService = entry({
  key: "Service/dns",
  kind: "service",
  addresses: ["10.96.0.10"],
  services: ["kube-dns"],
  ports: [
    { protocol: "udp", port: 53, targetPort: 53 },
    { protocol: "tcp", port: 53, targetPort: 53 },
  ],
});
const dnsPod = entry({ key: "Pod/dns", pod: "dns", podUid: "dns", addresses: ["10.1.0.53"], services: ["kube-dns"] });
const api = entry({
  key: "Service/api",
  kind: "service",
  namespace: "default",
  addresses: ["10.96.0.1"],
  services: ["kubernetes"],
  ports: [{ protocol: "tcp", port: 443, targetPort: 6443 }],
  backends: [{ address: "192.0.2.7", protocol: "tcp", port: 6443 }],
});
const guards = guardsOf({
  entries: [dnsService, dnsPod, api],
  server: { addresses: ["192.0.2.1"], port: 8687 },
  nameservers: ["192.0.2.53"],
});

const endpoint = (namespace: string, name: string, address: string): WorldEndpoint => ({
  id: `pod/${namespace}/${name}`,
  kind: "workload",
  namespace,
  name,
  labels: { app: name },
  serviceAccount: "",
  addresses: [address],
  ports: [],
  node: "n1",
  workload: "",
  interfaceName: "",
});

function engine(
  manifests: readonly { readonly name: string; readonly namespace: string; readonly spec: object }[],
): PolicyEngine {
  const { set } = parseManifests(
    manifests.map(({ name, namespace, spec }, document) => ({
      manifest: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec },
      place: { file: "", document, line: 0 },
    })),
  );
  const endpoints = [
    endpoint("kube-system", "dns", "10.1.0.53"),
    endpoint("shop", "web", "10.1.0.1"),
    endpoint("shop", "db", "10.1.0.2"),
  ];
  const namespaces = ["shop", "kube-system"].map((name) => ({ name, labels: {} }));
  return createPolicyEngine({
    set,
    world: { namespaces, serviceAccounts: [], endpoints, services: [], ranges: [], incomplete: "" },
  });
}

const closed = { podSelector: {}, policyTypes: ["Ingress"] };
const onlyWeb = {
  podSelector: { matchLabels: { app: "db" } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }] }],
};

test("guards are the server, nameservers, the API server and the cluster's DNS with their backends, each once", () => {
  const words = guards.map(({ what, address, protocol, port }) => `${what} ${address} ${protocol}/${port}`);
  assert.equal(new Set(words).size, words.length);
  for (const wanted of [
    "Garrison's server 192.0.2.1 6/8687",
    "a nameserver 192.0.2.53 17/53",
    "the API server 10.96.0.1 6/443",
    "the API server 192.0.2.7 6/6443",
    "the cluster's DNS 10.96.0.10 17/53",
    "the cluster's DNS 10.1.0.53 6/53",
  ])
    assert.ok(words.includes(wanted), wanted);
});

test("a policy that closes the cluster's DNS cuts a guarded path; one that closes a shop does not", () => {
  const open = engine([]);
  const dnsClosed = engine([{ name: "all", namespace: "kube-system", spec: closed }]);
  const cut = guardsCut(guards, { before: open, after: dnsClosed, askers: { nodes: ["10.1.0.1"], workloads: [] } });
  assert.deepEqual(
    cut.map((line) => line.replace(/ \(.*/, "")),
    ["the cluster's DNS", "the cluster's DNS"],
  );
  assert.match(cut[0] ?? "", /would refuse 10\.1\.0\.1/);
  const shopClosed = engine([{ name: "all", namespace: "shop", spec: closed }]);
  assert.deepEqual(
    guardsCut(guards, { before: open, after: shopClosed, askers: { nodes: ["10.1.0.1"], workloads: [] } }),
    [],
  );
  assert.deepEqual(
    guardsCut(guards, { before: dnsClosed, after: dnsClosed, askers: { nodes: ["10.1.0.1"], workloads: [] } }),
    [],
    "it was closed already",
  );
});

test("live connections: those over, of others, and denied already do not count; real destinations are judged", () => {
  const connection = (more: Partial<TrackedConnection>): TrackedConnection => ({
    protocol: 6,
    source: "10.1.0.1",
    destination: "10.96.0.99",
    sourcePort: 4000,
    destinationPort: 80,
    realDestination: "10.1.0.2",
    realDestinationPort: 5432,
    isAssured: true,
    ...more,
  });
  const connections = [
    connection({}),
    connection({ source: "10.1.0.53" }),
    connection({ source: "10.1.0.53", isOver: true }),
    connection({ source: "203.0.113.1", realDestination: "203.0.113.2" }),
  ];
  const isOurs = (address: string) => address.startsWith("10.1.");
  const after = engine([{ name: "db", namespace: "shop", spec: onlyWeb }]);
  const judged = judgeLive(connections, { before: undefined, after, isOurs });
  assert.deepEqual([judged.live, judged.cut.length, judged.examples], [2, 1, ["10.1.0.53 -> 10.1.0.2:5432/tcp"]]);
  assert.equal(judgeLive(connections, { before: after, after, isOurs }).live, 1);
});

test("probes are what the policy itself decides, and its words name it", () => {
  const policies = engine([{ name: "db", namespace: "shop", spec: onlyWeb }]);
  const [policy] = policies.set.policies;
  assert.ok(policy !== undefined);
  const end = (name: string, address: string, namespace = "shop") => ({
    endpoint: `pod/${namespace}/${name}`,
    addresses: [address],
    file: name,
  });
  const ends = [end("web", "10.1.0.1"), end("db", "10.1.0.2"), end("dns", "10.1.0.53", "kube-system")];
  const { allow, deny } = chooseProbes(policies, policy, ends);
  assert.deepEqual([allow?.source.endpoint, allow?.address, allow?.port], ["pod/shop/web", "10.1.0.2", 5432]);
  assert.equal(deny?.destination.endpoint, "pod/shop/db");
  assert.deepEqual(chooseProbes(policies, policy, ends.slice(0, 1)), { allow: undefined, deny: undefined });
  const flow = (port: number) => ({
    source: { endpoint: "", address: "10.1.0.1" },
    destination: { endpoint: "", address: "10.1.0.2" },
    protocol: 6,
    sourcePort: 0,
    destinationPort: port,
  });
  const words = (port: number) =>
    ruleWords(policies, policies.evaluate(flow(port)).ingress.decidedBy?.ruleId ?? 0, "pod/shop/db");
  assert.equal(words(5432), "policy shop/db rule 0");
  assert.equal(words(1), "no rule of policy shop/db allows it");
  assert.match(ruleWords(policies, 1, ""), /^rule 00000001 of an earlier policy set$/);
});
