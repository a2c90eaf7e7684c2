// What truth tables do not hold, on a real kernel: tiers and pass, staged policies, host endpoints with failsafes, IPv6, ICMP, connections that live on,
// pods that pose as others, reports of the deciding rule.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { createNftCompiler } from "../../src/core/policy/compile/create-compiler.ts";
import type { PolicyPacket } from "../../src/core/policy/compile/dataplane.ts";
import type { CompileSettings } from "../../src/core/policy/compile/settings.ts";
import { settingsFor } from "../../src/core/policy/compile/settings.fixture.ts";
import { createPolicyEngine } from "../../src/core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../src/core/policy/evaluate/engine.ts";
import { parseManifests } from "../../src/core/policy/parse/parse-policies.ts";
import type { World, WorldEndpoint } from "../../src/core/policy/world.ts";
import { mayMakeNamespaces } from "../support/netns/namespace.ts";
import type { Outcome } from "../support/netns/probes.ts";
import { skipUnless } from "../support/skip.ts";
import { openConnection, ping } from "./policy-kernel/sockets.ts";
import { openKernel, type Kernel } from "./policy-kernel/kernel.ts";

const missing = "root in a kernel with network namespaces and nf_tables";
/** Pods web and db, and "far": a machine behind the node's interface, no endpoint of the cluster. */
const addresses = {
  web: ["10.1.0.2", "fd01::2"],
  db: ["10.1.0.3", "fd01::3"],
  far: ["203.0.113.5", "2001:db8::5"],
  node: ["10.255.255.254", "fd00:ffff::1"],
} as const;
type Name = keyof typeof addresses;

let kernel: Kernel | undefined;

before(async () => {
  if (!mayMakeNamespaces()) return;
  const ports = [80, 81, 22, 5432];
  kernel = await openKernel({
    pods: (["web", "db", "far"] as const).map((name) => ({ name, addresses: addresses[name] })),
    routerAddresses: addresses.node,
    listeners: (star) =>
      [star.pod("web"), star.pod("db"), star.pod("far"), star.router].flatMap((namespace) =>
        ports.flatMap((port) =>
          (["0.0.0.0", "::"] as const).flatMap((address) =>
            (["tcp", "udp"] as const).map((protocol) => ({ in: namespace, address, port, protocol, echo: true })),
          ),
        ),
      ),
  });
});

after(async () => {
  await kernel?.close();
});

function kernelOf(context: TestContext): Kernel | undefined {
  return skipUnless(context, kernel !== undefined, missing) ? kernel : undefined;
}

function worldOf({ star }: Kernel): World {
  const pod = (name: "web" | "db"): WorldEndpoint => ({
    id: `pod/shop/${name}`,
    kind: "workload",
    namespace: "shop",
    name,
    labels: { app: name },
    serviceAccount: "default",
    addresses: addresses[name],
    ports: [{ name: "sql", protocol: 6, port: 5432 }],
    node: "here",
    workload: "",
    interfaceName: star.linkOf(name),
  });
  const node: WorldEndpoint = {
    ...pod("web"),
    id: "node/here",
    kind: "node",
    namespace: "",
    name: "here",
    labels: {},
    addresses: addresses.node,
    ports: [],
    interfaceName: "",
  };
  return {
    namespaces: [{ name: "shop", labels: {} }],
    serviceAccounts: [],
    endpoints: [pod("web"), pod("db"), node],
    services: [],
    ranges: ["10.1.0.0/16", "fd01::/16"],
    incomplete: "",
  };
}

function enforced(on: Kernel, manifests: readonly object[], over: Partial<CompileSettings> = {}): PolicyEngine {
  const parsed = parseManifests(
    manifests.map((manifest, document) => ({ manifest, place: { file: "", document, line: 1 } })),
  );
  assert.deepEqual(
    parsed.problems.filter(({ severity }) => severity === "error"),
    [],
  );
  const world = worldOf(on);
  const engine = createPolicyEngine({ set: parsed.set, world });
  const { ruleset, problems } = createNftCompiler().compile(engine, settingsFor(world, over));
  assert.deepEqual(problems, []);
  on.enforce(ruleset);
  return engine;
}

interface Ask {
  readonly from: Name;
  readonly to: Name;
  readonly port: number;
  readonly protocol?: "tcp" | "udp";
  readonly family?: 4 | 6;
  readonly wanted: Outcome;
}

async function asked(on: Kernel, asks: readonly Ask[]): Promise<void> {
  const { star } = on;
  const probes = asks.map(({ from, to, port, protocol, family }) => ({
    from: from === "node" ? star.router : star.pod(from),
    to: addresses[to][family === 6 ? 1 : 0],
    port,
    protocol: protocol ?? ("tcp" as const),
  }));
  const got = await on.outcomes(probes, (index) => asks[index]?.wanted === "open");
  assert.deepEqual(
    asks.map((ask, index) => ({ ...ask, wanted: got[index] })),
    asks,
  );
}

const calico = "projectcalico.org/v3";

function networkPolicy(name: string, spec: object): object {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace: "shop" }, spec };
}

function globalPolicy(name: string, spec: object): object {
  return { apiVersion: calico, kind: "GlobalNetworkPolicy", metadata: { name }, spec };
}

const denyAll = networkPolicy("deny-all", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });

test("without policies everything is open; a deny for all closes pods, never the node's own way to them", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  enforced(on, []);
  await asked(on, [
    { from: "web", to: "db", port: 80, wanted: "open" },
    { from: "far", to: "web", port: 80, wanted: "open" },
    { from: "web", to: "node", port: 80, wanted: "open" },
  ]);
  enforced(on, [denyAll]);
  await asked(on, [
    { from: "web", to: "db", port: 80, wanted: "timeout" },
    { from: "web", to: "db", port: 80, protocol: "udp", wanted: "timeout" },
    { from: "far", to: "web", port: 80, wanted: "timeout" },
    { from: "web", to: "far", port: 80, wanted: "timeout" },
    { from: "web", to: "node", port: 80, wanted: "timeout" },
    { from: "node", to: "web", port: 80, wanted: "open" },
    { from: "far", to: "node", port: 80, wanted: "open" },
  ]);
});

test("IPv6 is judged as IPv4 is, and neighbours are still found", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  const spec = {
    podSelector: { matchLabels: { app: "db" } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: "sql" }] }],
  };
  enforced(on, [networkPolicy("db", spec)]);
  for (const family of [4, 6] as const)
    await asked(on, [
      { from: "web", to: "db", port: 5432, family, wanted: "open" },
      { from: "web", to: "db", port: 80, family, wanted: "timeout" },
      { from: "far", to: "db", port: 5432, family, wanted: "timeout" },
      { from: "node", to: "db", port: 80, family, wanted: "open" },
      { from: "db", to: "web", port: 80, family, wanted: "open" },
    ]);
});

test("a tier passes on what it does not decide, and Pass leaves it; the next tier decides", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  const tier = { apiVersion: calico, kind: "Tier", metadata: { name: "security" }, spec: { order: 10 } };
  const first = globalPolicy("security.first", {
    tier: "security",
    order: 1,
    selector: "app == 'db'",
    types: ["Ingress"],
    ingress: [
      { action: "Deny", protocol: "TCP", destination: { ports: [22] } },
      { action: "Pass", protocol: "TCP", destination: { ports: [80, 81] } },
    ],
  });
  const second = globalPolicy("security.second", {
    tier: "security",
    order: 2,
    selector: "app == 'db'",
    types: ["Ingress"],
    ingress: [{ action: "Deny", protocol: "TCP", destination: { ports: [80] } }],
  });
  const below = networkPolicy("db", {
    podSelector: { matchLabels: { app: "db" } },
    ingress: [{ ports: [{ port: 80 }] }],
  });
  enforced(on, [tier, first, second, below]);
  await asked(on, [
    { from: "web", to: "db", port: 22, wanted: "timeout" },
    // Passed by the first policy, so the second is not asked; allowed below.
    { from: "web", to: "db", port: 80, wanted: "open" },
    // Passed, and nothing below allows it.
    { from: "web", to: "db", port: 81, wanted: "timeout" },
    // Neither decided nor passed: the tier's end denies.
    { from: "web", to: "db", port: 5432, wanted: "timeout" },
  ]);
});

test("a staged policy touches no packet and no rule", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  const engine = enforced(on, []);
  const staged = {
    apiVersion: calico,
    kind: "StagedGlobalNetworkPolicy",
    metadata: { name: "closed" },
    spec: { selector: "all()", types: ["Ingress", "Egress"], stagedAction: "Set" },
  };
  const before = createNftCompiler().compile(engine, settingsFor(worldOf(on))).ruleset.digest;
  const withStaged = enforced(on, [staged]);
  assert.equal(createNftCompiler().compile(withStaged, settingsFor(worldOf(on))).ruleset.digest, before);
  await asked(on, [{ from: "web", to: "db", port: 80, wanted: "open" }]);
});

test("a host endpoint denies by default but for its failsafes, and forwarded packets are not its own", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  const endpoint = {
    apiVersion: calico,
    kind: "HostEndpoint",
    metadata: { name: "uplink", labels: { role: "node" } },
    spec: { node: "here", interfaceName: on.star.linkOf("far"), expectedIPs: ["10.255.255.254"] },
  };
  enforced(on, [endpoint]);
  const always: readonly Ask[] = [
    { from: "far", to: "node", port: 22, wanted: "open" },
    { from: "far", to: "web", port: 80, wanted: "open" },
    { from: "web", to: "far", port: 80, wanted: "open" },
    { from: "web", to: "node", port: 80, wanted: "open" },
    { from: "node", to: "web", port: 80, wanted: "open" },
  ];
  await asked(on, [
    ...always,
    { from: "far", to: "node", port: 80, wanted: "timeout" },
    { from: "node", to: "far", port: 80, wanted: "timeout" },
  ]);
  const open = globalPolicy("node", {
    selector: "role == 'node'",
    types: ["Ingress"],
    ingress: [{ action: "Allow", protocol: "TCP", destination: { ports: [80] } }],
  });
  const forwarded = globalPolicy("through", {
    selector: "role == 'node'",
    types: ["Ingress"],
    applyOnForward: true,
    ingress: [{ action: "Allow", protocol: "TCP", destination: { ports: [80] } }],
  });
  const early = globalPolicy("early", {
    selector: "role == 'node'",
    types: ["Ingress"],
    applyOnForward: true,
    preDNAT: true,
    ingress: [{ action: "Deny", protocol: "TCP", destination: { ports: [81] } }],
  });
  enforced(on, [endpoint, open, forwarded, early], {
    alwaysAllowed: [{ address: "203.0.113.5", protocol: 6, port: 81 }],
  });
  await asked(on, [
    ...always,
    { from: "far", to: "node", port: 80, wanted: "open" },
    { from: "far", to: "node", port: 5432, wanted: "timeout" },
    { from: "far", to: "web", port: 5432, wanted: "timeout" },
    { from: "far", to: "web", port: 81, wanted: "timeout" },
    { from: "node", to: "far", port: 81, wanted: "open" },
    { from: "node", to: "far", port: 80, wanted: "timeout" },
  ]);
});

test("ICMP is judged by its type, and errors of live connections pass", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  const { star } = on;
  enforced(on, [denyAll]);
  assert.equal(await ping(star.pod("web"), "10.1.0.3", 300), false);
  assert.equal(await ping(star.router, "10.1.0.3", 30_000), true);
  const echo = globalPolicy("echo", {
    selector: "all()",
    order: 1,
    types: ["Ingress", "Egress"],
    ingress: [
      { action: "Allow", protocol: "ICMP", icmp: { type: 8 } },
      { action: "Allow", protocol: "ICMPv6", icmp: { type: 128 } },
      { action: "Allow", protocol: "UDP" },
    ],
    egress: [{ action: "Allow" }],
  });
  enforced(on, [echo, denyAll]);
  assert.equal(await ping(star.pod("web"), "10.1.0.3", 30_000), true);
  assert.equal(await ping(star.pod("web"), "fd01::3", 30_000), true);
  // Nobody listens: the error of an allowed packet comes back through a policy that allows no such ICMP.
  await asked(on, [{ from: "web", to: "db", port: 4444, protocol: "udp", wanted: "refused" }]);
});

test("an established connection outlives a policy that would deny it, until it is cut", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  enforced(on, []);
  const connection = openConnection(on.star.pod("web"), "10.1.0.3", 5432);
  context.after(() => connection.close());
  assert.equal(await connection.answers(30_000), true);
  const world = worldOf(on);
  const { set } = parseManifests([{ manifest: denyAll, place: { file: "", document: 0, line: 1 } }]);
  const { ruleset } = createNftCompiler().compile(createPolicyEngine({ set, world }), settingsFor(world));
  on.plane.apply(ruleset);
  assert.equal(await connection.answers(30_000), true);
  await asked(on, [{ from: "web", to: "db", port: 5432, wanted: "timeout" }]);
  const { connections } = on.plane.connections(100_000);
  assert.ok(on.plane.cut(connections.filter(({ destinationPort }) => destinationPort === 5432)) >= 1);
  assert.equal(await connection.answers(300), false);
});

test("a pod that sends from another's address is heard by nobody, and wrapped packets do not leave it", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  const { star } = on;
  enforced(on, []);
  const wrapped = { from: star.pod("web"), to: "10.1.0.3", port: 4789, protocol: "udp" } as const;
  assert.deepEqual(await on.outcomes([wrapped], () => false), ["timeout"]);
  // "far" is no endpoint; make it one with another address, so that its own is foreign.
  const world = worldOf(on);
  const posing: WorldEndpoint = {
    ...(world.endpoints[0] as WorldEndpoint),
    id: "pod/shop/far",
    name: "far",
    addresses: ["10.1.0.9"],
    interfaceName: star.linkOf("far"),
  };
  const changed = { ...world, endpoints: [...world.endpoints, posing] };
  const { set } = parseManifests([]);
  const { ruleset } = createNftCompiler().compile(createPolicyEngine({ set, world: changed }), settingsFor(changed));
  on.enforce(ruleset);
  await asked(on, [{ from: "far", to: "web", port: 80, wanted: "timeout" }]);
});

test("first packets are reported with the rule that decided, allow and deny", async (context) => {
  const on = kernelOf(context);
  if (on === undefined) return;
  const spec = { podSelector: { matchLabels: { app: "db" } }, ingress: [{ ports: [{ port: 80 }] }] };
  const engine = enforced(on, [networkPolicy("db", spec)]);
  const packets: PolicyPacket[] = [];
  const stop = await on.plane.packets((batch) => packets.push(...batch.packets));
  try {
    await asked(on, [
      { from: "web", to: "db", port: 80, wanted: "open" },
      { from: "web", to: "db", port: 81, wanted: "timeout" },
    ]);
    const seen = (port: number) => packets.find(({ destinationPort }) => destinationPort === port);
    const end = performance.now() + 30_000;
    while ((seen(80) === undefined || seen(81) === undefined) && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const expected = (port: number) =>
      engine.evaluate({
        source: { endpoint: "pod/shop/web", address: "" },
        destination: { endpoint: "pod/shop/db", address: "" },
        protocol: 6,
        sourcePort: 0,
        destinationPort: port,
      }).ingress;
    for (const port of [80, 81]) {
      const packet = seen(port);
      assert.equal(packet?.verdict, port === 80 ? "allow" : "deny");
      assert.equal(packet?.direction, "ingress");
      assert.equal(packet?.ruleId, expected(port).decidedBy?.ruleId);
      assert.equal(packet?.source, "10.1.0.2");
    }
    const counter = on.plane.counters().find(({ ruleId }) => ruleId === expected(80).decidedBy?.ruleId);
    assert.ok((counter?.packets ?? 0) >= 1);
  } finally {
    await stop();
  }
});
