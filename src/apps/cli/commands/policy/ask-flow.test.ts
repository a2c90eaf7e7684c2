import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../../base/fault.ts";
import { createPolicyEngine } from "../../../../core/policy/evaluate/create-engine.ts";
import type { PolicySet } from "../../../../core/policy/model.ts";
import type { World, WorldEndpoint } from "../../../../core/policy/world.ts";
import { askedFlow, endOf, flowOf, portOf } from "./ask-flow.ts";
import type { FlowFlags } from "./flags.ts";
import { rangesAroundPods, withRanges } from "./ranges.ts";

function endpoint(id: string, rest: Partial<WorldEndpoint>): WorldEndpoint {
  const [, namespace = "", name = ""] = id.split("/");
  const common = {
    kind: "workload",
    labels: {},
    serviceAccount: "",
    addresses: [],
    ports: [],
    node: "",
    workload: "",
    interfaceName: "",
  } as const;
  return { ...common, id, namespace, name, ...rest };
}

const world: World = {
  namespaces: [],
  serviceAccounts: [],
  endpoints: [
    endpoint("pod/shop/web-2", { workload: "Deployment/web" }),
    endpoint("pod/shop/web-1", { workload: "Deployment/web" }),
    endpoint("pod/shop/web", { workload: "" }),
    endpoint("pod/pay/api-1", { workload: "Deployment/api" }),
    endpoint("node/n1", { kind: "node", namespace: "", name: "n1" }),
  ],
  services: [],
  ranges: [],
  incomplete: "",
};
const place = { file: "", document: 0, line: 1 };
const host = {
  name: "gate",
  labels: {},
  node: "n1",
  interfaceName: "*",
  expectedAddresses: [],
  ports: [],
  profiles: [],
  place,
};
const set: PolicySet = { tiers: [], policies: [], networkSets: [], hostEndpoints: [host], profiles: [] };

test("ends: an exact pod wins over a workload, whose first pod by name stands for all", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["shop/web", "pod/shop/web", ""],
    ["shop/web-2", "pod/shop/web-2", ""],
    ["pod/shop/web-2", "pod/shop/web-2", ""],
    ["shop/Deployment/web", "pod/shop/web-1", ""],
    ["pay/api", "pod/pay/api-1", ""],
    ["node/n1", "node/n1", ""],
    ["gate", "hostEndpoint/gate", ""],
    ["hostEndpoint/gate", "hostEndpoint/gate", ""],
    ["203.0.113.9", "", "203.0.113.9"],
    ["2001:db8::1", "", "2001:db8::1"],
  ];
  for (const [text, id, address] of cases) assert.deepEqual(endOf(text, world, set), { endpoint: id, address }, text);
});

test("an end that is not there is refused, with the nearest name; without any pods the world is asked for", () => {
  const hintOf = (text: string, of: World): string => {
    try {
      endOf(text, of, set);
    } catch (fault) {
      return fault instanceof Fault ? `${fault.message}: ${fault.hint ?? ""}` : "no fault";
    }
    return "";
  };
  assert.match(hintOf("pay/apj", world), /there is no "pay\/apj" in the world: did you mean "pay\/api"\?/);
  assert.match(hintOf("nothing/like/it", world), /use namespace\/pod/);
  assert.match(hintOf("shop/web", { ...world, endpoints: [] }), /no pods were given: give the world/);
  assert.match(hintOf("999.1.1.1", world), /there is no/);
});

test("ports as people write them", () => {
  assert.deepEqual(portOf("5432"), { protocol: 6, port: 5432 });
  assert.deepEqual(portOf("53/UDP"), { protocol: 17, port: 53 });
  assert.deepEqual(portOf("9/sctp"), { protocol: 132, port: 9 });
  assert.deepEqual(portOf("icmp"), { protocol: 1, port: 0, icmp: { type: 8, code: 0 } });
  assert.deepEqual(portOf("icmpv6/135"), { protocol: 58, port: 0, icmp: { type: 135, code: 0 } });
  assert.deepEqual(portOf("proto/47"), { protocol: 47, port: 0 });
  for (const text of ["", "http", "70000", "53/foo", "-1", "1.5", "icmp/300", "proto/x"])
    assert.throws(() => portOf(text), Fault, text);
});

test("a flow needs both ends; names are told only when given", () => {
  const flags: FlowFlags = { from: "shop/web", to: "203.0.113.9", port: "443", name: ["example.com"] };
  assert.deepEqual(flowOf(flags, world, set).domains, ["example.com"]);
  assert.equal(flowOf({ from: "shop/web", to: "203.0.113.9" }, world, set).domains, undefined);
  assert.throws(() => flowOf({ from: "shop/web" }, world, set), /--from and --to are needed/);
  assert.throws(() => flowOf({ ...flags, sourcePort: "x" }, world, set), /--source-port/);
});

test("a port that nobody gave is said", () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const ends: FlowFlags = { from: "shop/web", to: "203.0.113.9" };
  assert.equal(askedFlow({ say }, { ...ends, port: "443" }, { world, set }).destinationPort, 443);
  assert.deepEqual(said, []);
  assert.equal(askedFlow({ say }, ends, { world, set }).destinationPort, 80);
  assert.deepEqual(said, ["port 80/tcp assumed (--port)"]);
});

test("ranges are prefixes, each once", () => {
  assert.deepEqual(withRanges({ ...world, ranges: ["10.0.0.0/8"] }, ["10.0.0.0/8", "fd00::/8"]).ranges, [
    "10.0.0.0/8",
    "fd00::/8",
  ]);
  assert.throws(() => withRanges(world, ["10.0.0.0/99"]), /not a prefix/);
});

test("without told ranges those around pods are the cluster's; nodes and pods in told ranges add nothing", () => {
  const pods: World = {
    ...world,
    endpoints: [
      endpoint("pod/a/a", { addresses: ["10.1.0.11", "fd00:1:0:0:5::7"] }),
      endpoint("pod/a/b", { addresses: ["10.1.0.200"] }),
      endpoint("pod/a/c", { addresses: ["10.2.3.4"] }),
      endpoint("pod/a/d", { addresses: ["198.51.100.4"], kind: "hostNetwork" }),
      endpoint("node/n1", { addresses: ["198.51.100.4"], kind: "node" }),
    ],
  };
  assert.deepEqual(rangesAroundPods(pods), ["10.1.0.0/24", "10.2.3.0/24", "fd00:1::/64"]);
  assert.deepEqual(withRanges({ ...pods, ranges: ["10.1.0.0/16"] }, []).ranges, [
    "10.1.0.0/16",
    "10.2.3.0/24",
    "fd00:1::/64",
  ]);
  assert.deepEqual(withRanges(pods, ["10.0.0.0/8"]).ranges, ["10.0.0.0/8"]);
  const engine = createPolicyEngine({ set, world: withRanges(pods, []) });
  const verdictOf = (to: string) => engine.evaluate(flowOf({ from: "a/a", to }, pods, set)).verdict;
  assert.deepEqual(["10.1.0.99", "10.1.0.200", "203.0.113.9"].map(verdictOf), ["unknown", "allow", "allow"]);
});
