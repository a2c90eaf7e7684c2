// Who is who on a node: an unused source behind a shared link is dropped, an address that two claim falls to the stricter, and following changes ends the same.
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { World, WorldEndpoint } from "../world.ts";
import { createNftCompiler } from "./create-compiler.ts";
import { printRuleset } from "./nft/print.ts";
import { createSimulator, type Packet } from "./nft/simulate.ts";
import { settingsFor } from "./settings.fixture.ts";
import type { CompileSettings } from "./settings.ts";

function pod(name: string, address: string, interfaceName = ""): WorldEndpoint {
  return {
    id: `pod/shop/${name}`,
    kind: "workload",
    namespace: "shop",
    name,
    labels: { app: name.replace(/\d+$/, "") },
    serviceAccount: "default",
    addresses: [address],
    ports: [],
    node: "here",
    workload: "",
    interfaceName,
  };
}

function worldOf(endpoints: readonly WorldEndpoint[]): World {
  const namespaces = [{ name: "shop", labels: {} }];
  return { namespaces, serviceAccounts: [], endpoints, services: [], ranges: [], incomplete: "" };
}

function policy(app: string, types: readonly ("Ingress" | "Egress")[], ingress: readonly object[] = []): object {
  const spec = {
    podSelector: { matchLabels: { app } },
    policyTypes: types,
    ...(ingress.length > 0 ? { ingress } : {}),
  };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: app, namespace: "shop" },
    spec,
  };
}

function setOf(manifests: readonly object[]) {
  return parseManifests(manifests.map((manifest, document) => ({ manifest, place: { file: "", document, line: 1 } })))
    .set;
}

const bridge: NonNullable<CompileSettings["sharedLinks"]> = [{ name: "cni0", prefixes: ["10.99.0.0/16"] }];

function compiled(manifests: readonly object[], endpoints: readonly WorldEndpoint[], sharedLinks = bridge) {
  const world = worldOf(endpoints);
  const engine = createPolicyEngine({ set: setOf(manifests), world });
  const { ruleset, problems } = createNftCompiler().compile(engine, settingsFor(world, { sharedLinks }));
  return { simulator: createSimulator(ruleset), problems };
}

function packet(source: string, destination: string, inInterface = "cni0"): Packet {
  const ports = { protocol: 6, sourcePort: 40_000, destinationPort: 80 };
  return { way: "forward", inInterface, outInterface: "eth0", source, destination, ...ports };
}

test("from a shared link only addresses pass that an endpoint there is known by, and its egress policies are not proved", () => {
  const pods = [pod("job", "10.99.0.2"), pod("web", "10.99.0.3")];
  const { simulator, problems } = compiled([policy("job", ["Egress"])], pods);
  for (const [source, verdict] of [
    ["10.99.0.2", "drop"],
    ["10.99.0.3", "accept"],
    ["10.99.0.77", "drop"],
    ["203.0.113.5", "drop"],
  ] as const)
    assert.equal(simulator.run(packet(source, "198.51.100.1")).verdict, verdict, source);
  assert.equal(simulator.run(packet("10.99.0.77", "198.51.100.1", "eth0")).verdict, "accept");
  assert.deepEqual(
    problems.map(({ code, object }) => [code, object]),
    [["policy/sources-shared", "kubernetes/NetworkPolicy/shop/job"]],
  );
});

test("a shared link without egress policies is left alone, and an endpoint with a link of its own needs no word", () => {
  const open = compiled([policy("web", ["Ingress"])], [pod("job", "10.99.0.2"), pod("web", "10.99.0.3")]);
  assert.equal(open.simulator.run(packet("10.99.0.77", "198.51.100.1")).verdict, "accept");
  assert.deepEqual(open.problems, []);
  const own = compiled([policy("job", ["Egress"])], [pod("job", "10.99.0.2", "veth1")]);
  assert.deepEqual(own.problems, []);
});

test("an address that two endpoints have keeps the policies of the one that has some; two different ones let nothing pass", () => {
  const web = pod("web", "10.88.1.2", "to-web");
  const thief = { ...pod("job", "10.88.3.2", "to-job"), addresses: ["10.88.3.2", "10.88.1.2"] };
  const toWeb = packet("10.88.2.2", "10.88.1.2", "to-db");
  const closed = compiled([policy("web", ["Ingress"])], [thief, web]);
  assert.equal(closed.simulator.run(toWeb).verdict, "drop");
  assert.equal(closed.simulator.run({ ...toWeb, destination: "10.88.3.2" }).verdict, "accept");
  const both = compiled([policy("web", ["Ingress"], [{}]), policy("job", ["Ingress"], [{ from: [] }])], [thief, web]);
  assert.equal(both.simulator.run(toWeb).verdict, "drop");
  assert.deepEqual(
    both.problems.map(({ code, object }) => [code, object]),
    [["policy/address-conflict", "10.88.1.2"]],
  );
});

test("following pods that share links and addresses ends where looking at everything does", () => {
  const set = setOf([policy("job", ["Egress", "Ingress"]), policy("web", ["Ingress"], [{}])]);
  const some = fc.record({
    name: fc.constantFrom("job1", "job2", "web1", "web2", "other1", "other2"),
    address: fc.constantFrom("10.99.0.1", "10.99.0.2", "10.99.0.3", "10.88.0.1"),
    link: fc.constantFrom("", "", "veth1", "veth2"),
    isGone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(some, { minLength: 1, maxLength: 14 }), (steps) => {
      let world = worldOf([pod("job1", "10.99.0.1"), pod("web1", "10.99.0.2"), pod("other1", "10.99.0.3")]);
      const engine = createPolicyEngine({ set, world });
      const follower = createNftCompiler();
      follower.compile(engine, settingsFor(world, { sharedLinks: bridge }));
      for (const { name, address, link, isGone } of steps) {
        const next = pod(name, address, link);
        engine.change(isGone ? { remove: [next.id] } : { put: [next] });
        const others = world.endpoints.filter(({ id }) => id !== next.id);
        world = worldOf(isGone ? others : [...others, next]);
        const settings = settingsFor(world, { sharedLinks: bridge });
        const followed = follower.compile(engine, settings, { endpoints: [next.id] }).ruleset;
        const fresh = createNftCompiler().compile(createPolicyEngine({ set, world }), settings).ruleset;
        assert.equal(printRuleset({ ...followed, digest: "" }), printRuleset({ ...fresh, digest: "" }));
        assert.equal(followed.digest, fresh.digest);
      }
    }),
    { numRuns: 150 },
  );
});
