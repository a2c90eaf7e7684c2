// What packets cannot be asked fails closed and is said; rules on names count for the client that asked; questions go to the proxy; strangers are dropped.
import assert from "node:assert/strict";
import test from "node:test";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { World, WorldEndpoint } from "../world.ts";
import { createNftCompiler } from "./create-compiler.ts";
import type { NftElement, NftRuleset } from "./nft/ruleset.ts";
import { createSimulator, type Packet } from "./nft/simulate.ts";
import type { CompileSettings } from "./settings.ts";
import { settingsFor } from "./settings.fixture.ts";

const web: WorldEndpoint = {
  id: "pod/shop/web",
  kind: "workload",
  namespace: "shop",
  name: "web",
  labels: { app: "web" },
  serviceAccount: "default",
  addresses: ["10.0.0.1"],
  ports: [],
  node: "here",
  workload: "",
  interfaceName: "pod0",
};
const db: WorldEndpoint = {
  ...web,
  id: "pod/shop/db",
  name: "db",
  labels: { app: "db" },
  addresses: ["10.0.0.2"],
  interfaceName: "pod1",
};

const emptyWorld: World = {
  namespaces: [{ name: "shop", labels: {} }],
  serviceAccounts: [],
  endpoints: [],
  services: [],
  ranges: [],
  incomplete: "",
};

function compiled(manifests: readonly object[], over: Partial<World> = {}, settings: Partial<CompileSettings> = {}) {
  const { set } = parseManifests(
    manifests.map((manifest, document) => ({ manifest, place: { file: "", document, line: 1 } })),
  );
  const world: World = { ...emptyWorld, endpoints: [web, db], ...over };
  return createNftCompiler().compile(createPolicyEngine({ set, world }), settingsFor(world, settings));
}

function globalPolicy(spec: object): object {
  return { apiVersion: "projectcalico.org/v3", kind: "GlobalNetworkPolicy", metadata: { name: "p" }, spec };
}

const toDb: Packet = {
  way: "forward",
  inInterface: "pod0",
  outInterface: "pod1",
  source: "10.0.0.1",
  destination: "10.0.0.2",
  protocol: 6,
  sourcePort: 40_000,
  destinationPort: 80,
};
const outside: Packet = { ...toDb, outInterface: "eth0", destination: "203.0.113.7", destinationPort: 443 };

function verdictOf(ruleset: NftRuleset, packet: Packet): string {
  return createSimulator(ruleset).run(packet).verdict;
}

test("a rule on HTTP allows nothing, or denies all that it might mean", () => {
  const policy = globalPolicy({
    selector: "app == 'db'",
    types: ["Ingress"],
    ingress: [
      { action: "Allow", protocol: "TCP", http: { methods: ["GET"] } },
      { action: "Allow", protocol: "UDP" },
    ],
  });
  const allow = compiled([policy]);
  assert.equal(verdictOf(allow.ruleset, toDb), "drop");
  assert.deepEqual(
    allow.problems.map(({ code, object, path }) => [code, object, path]),
    [["policy/not-compiled", "calico/GlobalNetworkPolicy/-/p", "spec.ingress[0]"]],
  );
  // Dialects have no Deny on HTTP; the model has.
  const { set } = parseManifests([{ manifest: policy, place: { file: "", document: 0, line: 1 } }]);
  const denying = set.policies.map((each) => ({
    ...each,
    ingress: each.ingress.map((rule) =>
      rule.http === undefined ? { ...rule, protocol: 6 } : { ...rule, action: "Deny" as const },
    ),
  }));
  const world: World = { ...emptyWorld, endpoints: [web, db] };
  const engine = createPolicyEngine({ set: { ...set, policies: denying }, world });
  const deny = createNftCompiler().compile(engine, settingsFor(world));
  assert.equal(verdictOf(deny.ruleset, toDb), "drop");
  assert.match(deny.problems[0]?.message ?? "", /it denies on this node/);
});

test("who is not selected cannot be told in a world that is not whole", () => {
  const policy = globalPolicy({
    selector: "app == 'db'",
    types: ["Ingress"],
    ingress: [{ action: "Allow", source: { notSelector: "app == 'job'" } }],
  });
  assert.equal(verdictOf(compiled([policy]).ruleset, toDb), "accept");
  const { ruleset, problems } = compiled([policy], { incomplete: "pods: forbidden" });
  assert.equal(verdictOf(ruleset, toDb), "drop");
  assert.match(problems[0]?.message ?? "", /pods: forbidden.*allows nothing/);
});

function withElement(ruleset: NftRuleset, name: string, element: NftElement): NftRuleset {
  return {
    ...ruleset,
    sets: ruleset.sets.map((set) => (set.name === name ? { ...set, elements: [...set.elements, element] } : set)),
  };
}

const names = globalPolicy({
  selector: "app == 'web' || app == 'db'",
  types: ["Egress"],
  egress: [{ action: "Allow", protocol: "TCP", destination: { domains: ["*.example.com"], ports: [443] } }],
});

test("a rule on names allows an address to the client that asked for it, and to no other", () => {
  const { ruleset, domainSets } = compiled([names]);
  const [set] = domainSets;
  assert.deepEqual(set?.names, ["*.example.com"]);
  assert.deepEqual(set?.clients, ["pod/shop/db", "pod/shop/web"]);
  assert.deepEqual(
    set?.rules.map(({ policy }) => policy),
    ["calico/GlobalNetworkPolicy/-/p"],
  );
  assert.equal(verdictOf(ruleset, outside), "drop");
  const asked = withElement(ruleset, set?.set4 ?? "", { key: ["10.0.0.1", "203.0.113.7"], timeoutMs: 60_000 });
  assert.equal(verdictOf(asked, outside), "accept");
  assert.equal(verdictOf(asked, { ...outside, inInterface: "pod1", source: "10.0.0.2" }), "drop");
  assert.equal(verdictOf(asked, { ...outside, destinationPort: 80 }), "drop");
});

test("questions to listed servers go to the proxy, to others they are judged", () => {
  const dns = { proxyPort: 5300, upstreams: ["10.96.0.10"] };
  const { ruleset } = compiled([names], {}, { dns, nodeAddresses: ["172.16.0.1"] });
  const question: Packet = { ...outside, destination: "10.96.0.10", destinationPort: 53, protocol: 17 };
  const turned = createSimulator(ruleset).run(question);
  assert.equal(turned.redirectPort, 5300);
  assert.equal(turned.verdict, "accept");
  const other = createSimulator(ruleset).run({ ...question, destination: "203.0.113.53" });
  assert.equal(other.redirectPort, 0);
  assert.equal(other.verdict, "drop");
});

test("workloads that nobody told of, and workloads' packets to the node, are dropped where the settings say so", () => {
  const { ruleset } = compiled([], {}, { workloadInterfacePrefixes: ["cali"], workloadToHost: "drop" });
  const stranger: Packet = { ...toDb, inInterface: "cali123", source: "10.0.0.9" };
  assert.equal(verdictOf(ruleset, stranger), "drop");
  assert.equal(verdictOf(ruleset, { ...toDb, outInterface: "cali123", destination: "10.0.0.9" }), "drop");
  assert.equal(verdictOf(ruleset, toDb), "accept");
  const toHost: Packet = { ...toDb, way: "input", outInterface: "", destination: "172.16.0.1" };
  assert.equal(verdictOf(ruleset, toHost), "drop");
  assert.equal(verdictOf(ruleset, { ...toHost, inInterface: "eth0", source: "203.0.113.7" }), "accept");
  assert.equal(verdictOf(ruleset, { ...toDb, source: "10.0.0.2" }), "drop", "posing as another pod");
  assert.equal(verdictOf(ruleset, { ...toDb, source: "10.0.0.2", state: "established" }), "drop");
});
