import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createPolicyWorld, flowsOf } from "../../../../test/support/policy-world.ts";
import { inRange, parsePrefix } from "../../../base/ip.ts";
import { Invariant, PolicyInvariants, type InvariantEnd } from "../../../model/policy-invariants.ts";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import type { PolicyEngine } from "../evaluate/engine.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { PolicyFlow, World } from "../world.ts";
import { addressCells } from "./address-cells.ts";
import { parsePorts } from "./port-cells.ts";
import { prove } from "./prove.ts";
import { isOf } from "./select-ends.ts";

const place = { file: "", document: 0, line: 1 };

function namespace(name: string) {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { "kubernetes.io/metadata.name": name } } };
}

function pod(space: string, app: string, ip: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: app, namespace: space, labels: { app } },
    spec: { nodeName: "n1", containers: [{ name: "c", ports: [{ name: "sql", containerPort: 5432 }] }] },
    status: { podIP: ip },
  };
}

const base = [
  namespace("pci"),
  namespace("shop"),
  pod("pci", "db", "10.0.0.1"),
  pod("pci", "app", "10.0.0.2"),
  pod("shop", "web", "10.0.0.3"),
  pod("shop", "gateway", "10.0.0.4"),
];
const dbPolicy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "db", namespace: "pci" },
  spec: {
    podSelector: { matchLabels: { app: "db" } },
    ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 5432 }] }],
  },
};

function engineOf(...manifests: readonly object[]): { engine: PolicyEngine; world: World } {
  const parsed = parseManifests([...base, ...manifests].map((manifest) => ({ manifest, place })));
  assert.deepEqual(
    parsed.problems.filter(({ severity }) => severity === "error"),
    [],
  );
  const world = { ...parsed.world, ranges: ["10.0.0.0/8"] };
  return { engine: createPolicyEngine({ set: parsed.set, world }), world };
}

function proved(invariant: unknown, ...manifests: readonly object[]) {
  const { engine, world } = engineOf(...manifests);
  const [result] = prove(engine, world, [Invariant.parse({ name: "it", ...(invariant as object) })]).results;
  assert.ok(result !== undefined);
  return result;
}

const outsidePci = {
  deny: { from: { not: { namespaces: ["pci"] } }, to: { namespaces: ["pci"], workloads: ["db"] }, ports: ["5432/tcp"] },
};

test("nothing outside a namespace reaches its database: proved with the policy, a counter-example without", () => {
  assert.equal(proved(outsidePci, dbPolicy).outcome, "proved");
  const failed = proved(outsidePci);
  assert.equal(failed.outcome, "failed");
  assert.equal(failed.counterExample?.flow.destination.endpoint, "pod/pci/db");
  assert.equal(failed.counterExample.verdict.verdict, "allow");
  assert.ok(failed.counterExample.explanation.now.ingress.steps.length > 0);
});

test("a single address let in is found, wherever in the space it lies", () => {
  const hole = (cidr: string) => ({
    ...dbPolicy,
    metadata: { name: "hole", namespace: "pci" },
    spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr } }], ports: [{ port: 5432 }] }] },
  });
  for (const [cidr, address] of [
    ["203.0.113.77/32", "203.0.113.77"],
    ["0.0.0.0/32", "0.0.0.0"],
    ["255.255.255.255/32", "255.255.255.255"],
    ["10.0.0.3/32", ""],
  ] as const) {
    const { outcome, counterExample } = proved(outsidePci, dbPolicy, hole(cidr));
    assert.equal(outcome, "failed", cidr);
    const source = counterExample?.flow.source;
    if (address === "") assert.equal(source?.endpoint, "pod/shop/web");
    else assert.equal(source?.address, address);
  }
  // An address of the cluster that nobody has sends nothing: an assumption that the proof names.
  assert.equal(proved(outsidePci, dbPolicy, hole("10.9.9.9/32")).outcome, "proved");
});

test("only the gateway reaches the internet: other ports, protocols and names are all looked at", () => {
  const invariant = { allowOnly: { from: { workloads: ["shop/gateway"] }, to: { outside: true } } };
  const calico = (name: string, selector: string, egress: readonly object[]) => ({
    apiVersion: "projectcalico.org/v3",
    kind: "GlobalNetworkPolicy",
    metadata: { name },
    spec: { selector, types: ["Egress"], egress },
  });
  const closed = calico("closed", "app != 'gateway'", [{ action: "Allow", destination: { nets: ["10.0.0.0/8"] } }]);
  assert.equal(proved(invariant, closed).outcome, "proved");
  const leaks: readonly (readonly [string, object])[] = [
    ["a port range", { action: "Allow", protocol: "TCP", destination: { ports: ["60000:60001"] } }],
    ["one type of ICMP", { action: "Allow", protocol: "ICMP", icmp: { type: 13, code: 0 } }],
    ["a protocol by number", { action: "Allow", protocol: 47 }],
    ["a name", { action: "Allow", protocol: "TCP", destination: { domains: ["*.example.com"], ports: [443] } }],
    ["IPv6 alone", { action: "Allow", ipVersion: 4, protocol: "UDP", destination: { nets: ["198.51.100.0/24"] } }],
    ["from one source port", { action: "Allow", protocol: "TCP", source: { ports: [1234] } }],
  ];
  for (const [what, rule] of leaks) {
    const { outcome } = proved(invariant, closed, calico("leak", "app == 'web'", [rule]));
    assert.equal(outcome, "failed", what);
  }
});

test("IPv6 prefixes around the IPv4 addresses are no IPv4 addresses, in rules and in invariants", () => {
  const closed = (cidr: string) => ({
    apiVersion: "projectcalico.org/v3",
    kind: "GlobalNetworkPolicy",
    metadata: { name: "only" },
    spec: { selector: "all()", types: ["Egress"], egress: [{ action: "Allow", destination: { nets: [cidr] } }] },
  });
  const toNets = (net: string) => ({
    deny: { from: { workloads: ["web"] }, to: { nets: [net], not: { nets: ["10.0.0.0/8"] } } },
  });
  assert.equal(proved(toNets("0.0.0.0/0"), closed("::/0")).outcome, "proved");
  assert.equal(proved(toNets("0.0.0.0/0"), closed("0.0.0.0/0")).outcome, "failed");
  // The pods have IPv4 addresses alone: no flow of theirs goes to an IPv6 one.
  assert.equal(proved(toNets("::/0"), closed("0.0.0.0/0")).outcome, "unknown");
});

test("allow: a flow that must stay open is proved open, and its closing is found", () => {
  const invariant = { allow: { from: { workloads: ["pci/app"] }, to: { workloads: ["pci/db"] }, ports: ["5432/tcp"] } };
  assert.equal(proved(invariant, dbPolicy).outcome, "proved");
  const closed = { ...dbPolicy, spec: { podSelector: {}, policyTypes: ["Egress"] } };
  assert.equal(proved(invariant, closed).outcome, "failed");
});

test("nodes are told apart by the host endpoints at their doors", () => {
  const node = (name: string, ip: string) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: { addresses: [{ type: "InternalIP", address: ip }] },
  });
  const nodes = [node("m1", "172.20.0.1"), node("m2", "172.20.0.2")];
  const host = (name: string, ip: string) => ({
    apiVersion: "projectcalico.org/v3",
    kind: "HostEndpoint",
    metadata: { name, labels: { host: name } },
    spec: { node: name, interfaceName: "*", expectedIPs: [ip] },
  });
  const closed = {
    apiVersion: "projectcalico.org/v3",
    kind: "GlobalNetworkPolicy",
    metadata: { name: "hosts" },
    spec: { selector: "has(host)", types: ["Ingress"], ingress: [{ action: "Deny" }] },
  };
  const invariant = {
    deny: { from: { namespaces: ["shop"] }, to: { nets: ["172.20.0.1", "172.20.0.2/32"] }, ports: ["8080/tcp"] },
  };
  assert.equal(proved(invariant, ...nodes, closed).outcome, "failed");
  const half = proved(invariant, ...nodes, closed, host("m1", "172.20.0.1"));
  assert.equal(half.outcome, "failed");
  assert.equal(half.counterExample?.flow.destination.address, "172.20.0.2");
  const both = proved(invariant, ...nodes, closed, host("m1", "172.20.0.1"), host("m2", "172.20.0.2"));
  assert.equal(both.outcome, "proved", both.because);
});

test("what cannot be decided, or was not looked at, is not proved", () => {
  const nobody = proved({ deny: { from: { workloads: ["nobody"] }, to: {} } }, dbPolicy);
  assert.deepEqual(
    [nobody.outcome, nobody.because],
    ["unknown", "`from` selects nothing in this world: nothing was checked"],
  );
  const apart = proved({ deny: { from: { outside: true }, to: { outside: true } } }, dbPolicy);
  assert.equal(apart.outcome, "unknown");
  const http = {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { name: "http", namespace: "pci" },
    spec: {
      selector: "app == 'db'",
      ingress: [{ action: "Allow", protocol: "TCP", http: { methods: ["GET"] }, source: {}, destination: {} }],
    },
  };
  const undecided = proved(outsidePci, http);
  assert.equal(undecided.outcome, "unknown");
  assert.match(undecided.because, /questions have no answer/);
});

test("invariants that cannot be read are refused by name", () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ deny: { to: { nets: ["10.0.0.0/40"] } } }, /invariant "it": "10.0.0.0\/40" is no address/],
    [{ deny: { to: { selector: "app ==" } } }, /invariant "it"/],
    [{ deny: { ports: ["70000/tcp"] } }, /70000/],
    [{ deny: { ports: ["90-80/tcp"] } }, /90-80/],
  ];
  for (const [invariant, message] of cases) assert.throws(() => proved(invariant, dbPolicy), message);
  const shapes = [
    { invariants: [] },
    { invariants: [{ name: "x" }] },
    { invariants: [{ name: "x", deny: {}, allow: {} }] },
    { invariants: [{ name: "x", deny: { form: {} } }] },
    { invariants: [{ name: "x", deny: { ports: ["http"] } }] },
  ];
  for (const shape of shapes) assert.equal(PolicyInvariants.safeParse(shape).success, false, JSON.stringify(shape));
});

test("ports and workloads as people write them", () => {
  assert.deepEqual(parsePorts("5432/tcp"), { protocol: 6, from: 5432, to: 5432 });
  assert.deepEqual(parsePorts("80-90/udp"), { protocol: 17, from: 80, to: 90 });
  assert.deepEqual(parsePorts("icmp"), { protocol: 1, from: 0, to: 65_535 });
  assert.deepEqual(parsePorts("47"), { protocol: 47, from: 0, to: 65_535 });
  for (const text of ["5432", "http", "1-70000/tcp", "/tcp", "1/2/3"]) assert.equal(parsePorts(text), undefined, text);
  const { world } = engineOf();
  const web = world.endpoints.find(({ id }) => id === "pod/shop/web");
  for (const name of ["web", "Pod/web", "shop/web", "shop/Pod/web"]) assert.ok(isOf(name, web), name);
  for (const name of ["we", "pci/web", "Deployment/web"]) assert.ok(!isOf(name, web), name);
});

test("cells cover every address, and addresses of one cell are in the same ranges", () => {
  const prefix = fc
    .tuple(fc.constantFrom("10.1.2.3", "10.1.2.4", "203.0.113.9", "2001:db8::1", "::"), fc.nat(128))
    .map(([address, bits]) => `${address}/${address.includes(":") ? bits : bits % 33}`);
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom("10.1.2.3", "10.1.2.4", "10.1.2.5", "255.255.255.255", "0.0.0.0", "::", "::1"),
  );
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 8 }), address, (texts, text) => {
      const ranges = texts.flatMap((one) => parsePrefix(one) ?? []);
      const cells = addressCells(ranges);
      const signature = cells.signatureOf(text);
      const cell = cells.cells.find((one) => one.signature === signature);
      assert.ok(cell !== undefined, "an address without a cell");
      const [one, other] = [parsePrefix(text), parsePrefix(cell.address)];
      for (const [index, range] of ranges.entries()) {
        const isIn = (point: typeof one) =>
          point !== undefined && compare(range.low, point.low) <= 0 && compare(point.low, range.high) <= 0;
        assert.equal(isIn(one), isIn(other));
        assert.equal(isIn(one), cells.holds(signature, index));
      }
    }),
  );
});

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((word, index) => word !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

test("a proof agrees with asking: no flow breaks what was proved, and a counter-example does", () => {
  const ends = fc.constantFrom<object>(
    {},
    { outside: true },
    { namespaces: ["ns-1"] },
    { labels: { role: "db" } },
    { not: { namespaces: ["ns-0"] } },
    { nets: ["10.0.0.0/24"] },
  );
  let provedCount = 0;
  const ports = fc.constantFrom<string[] | undefined>(undefined, ["tcp"], ["5432/tcp"], ["udp"]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), ends, ends, ports, (seed, from, to, list) => {
      const { set, world } = createPolicyWorld({ seed, pods: 24, policies: seed % 3 === 0 ? 12 : 200, namespaces: 4 });
      const engine = createPolicyEngine({ set, world });
      const flows = list === undefined ? { from, to } : { from, to, ports: list };
      const invariant = Invariant.parse({ name: "it", deny: flows });
      const [result] = prove(engine, world, [invariant]).results;
      if (result?.outcome === "failed")
        assert.equal(engine.evaluate(result.counterExample?.flow as PolicyFlow).verdict, "allow");
      if (result?.outcome !== "proved") return;
      provedCount += 1;
      for (const flow of flowsOf({ set, world }, 400, seed)) {
        if (!isAbout(flow, invariant, engine)) continue;
        assert.notEqual(engine.evaluate(flow).verdict, "allow", JSON.stringify(flow));
      }
    }),
    { numRuns: 50 },
  );
  assert.ok(provedCount >= 3, `only ${provedCount} were proved: the property says little`);
});

/** The invariant's words read once more, naively: does it speak about this flow? */
function isAbout(flow: PolicyFlow, { deny }: Invariant, engine: PolicyEngine): boolean {
  if (deny === undefined || flow.source.endpoint === flow.destination.endpoint) return false;
  const isPort = (text: string): boolean => {
    const range = parsePorts(text);
    const { protocol, destinationPort: port } = flow;
    return range !== undefined && range.protocol === protocol && range.from <= port && port <= range.to;
  };
  if (deny.ports?.some(isPort) === false) return false;
  return isEnd(flow.source, deny.from, engine) && isEnd(flow.destination, deny.to, engine);
}

function isEnd({ endpoint, address }: PolicyFlow["source"], words: InvariantEnd, engine: PolicyEngine): boolean {
  const thing = engine.thing(endpoint);
  const known = engine.endpoint(endpoint);
  const text = address === "" ? (thing?.addresses[0] ?? "") : address;
  const point = parsePrefix(text);
  const isIn = (net: string): boolean => {
    const range = parsePrefix(net);
    return range !== undefined && point !== undefined && inRange(point.low, range);
  };
  if (words.outside === true && (endpoint !== "" || isIn("10.0.0.0/8"))) return false;
  // An address of the cluster that nobody has is left out of proofs.
  if (endpoint === "" && isIn("10.0.0.0/8")) return false;
  if (words.nets?.some(isIn) === false) return false;
  if (words.namespaces?.includes(known?.namespace ?? "") === false) return false;
  const labels = Object.entries(words.labels ?? {});
  if (!labels.every(([key, value]) => thing?.labels[key] === value)) return false;
  return words.not === undefined || !isEnd({ endpoint, address }, words.not, engine);
}
