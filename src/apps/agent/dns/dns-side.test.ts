// The agent's side of DNS rules without a kernel: one look-up is told once, doors lost are told and opened again, outages are gaps, sets are adopted,
// kept and refilled. With the real kernel: test/scenarios/policy-dns.test.ts.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  addressRecord,
  askByUdp,
  encodeDns,
  encodeQuestion,
  openDnsServer,
} from "../../../../test/support/dns-server.ts";
import { silentLogger } from "../../../base/logger.ts";
import type { TrackedConnection } from "../../../core/policy/compile/dataplane.ts";
import type { NftElement } from "../../../core/policy/compile/nft/ruleset.ts";
import { emptySubject } from "../../../core/process/subject.ts";
import { Enforcement } from "../../../model/enforcement.ts";
import type { Row } from "../../../model/table.ts";
import { createDeadMan } from "./dead-man.ts";
import { createDnsSide } from "./create-dns-side.ts";
import type { DnsKnowledge, DnsSideOptions, DnsState, SensorLookup } from "./dns-side.ts";
import { createLookupTwins, twinLimits } from "./lookup-twins.ts";
import { proxyAddressesOf } from "./proxy-addresses.ts";
import { noteSharing } from "./shared-addresses.ts";
import { upstreamsOf } from "./upstreams.ts";

/** Sets in memory; a deletion of what is not there refuses the whole transaction, as the kernel does. */
function memoryDataplane() {
  const sets = new Map<string, NftElement>();
  const keyOf = (set: string, { key }: NftElement) => `${set} ${key.map(String).join(" ")}`;
  const connections: TrackedConnection[] = [];
  const plane = {
    sets,
    live: connections,
    original: undefined as { address: string; port: number } | undefined,
    fails: false,
    addElements(entries: readonly { readonly set: string; readonly elements: readonly NftElement[] }[]) {
      if (plane.fails) throw new Error("no such set");
      for (const { set, elements } of entries) for (const element of elements) sets.set(keyOf(set, element), element);
    },
    deleteElements(entries: readonly { readonly set: string; readonly elements: readonly NftElement[] }[]) {
      for (const { set, elements } of entries) {
        for (const element of elements) if (!sets.has(keyOf(set, element))) throw new Error("ENOENT");
      }
      for (const { set, elements } of entries) for (const element of elements) sets.delete(keyOf(set, element));
    },
    listElements: (set: string) => [...sets].filter(([key]) => key.startsWith(`${set} `)).map(([, element]) => element),
    connections: () => ({ connections, more: 0 }),
    originalOf: () => plane.original,
  };
  return plane;
}

async function openRig(more: { dns?: Partial<Enforcement["dns"]>; options?: Partial<DnsSideOptions> } = {}) {
  const server = await openDnsServer("127.0.0.1", ({ id, name, type }) => [
    encodeDns({
      id,
      question: name,
      type,
      answers: [addressRecord(name, name.startsWith("inside") ? "10.0.0.1" : "192.0.2.1", 1)],
    }),
  ]);
  const dataplane = memoryDataplane();
  dataplane.original = { address: "127.0.0.1", port: server.port };
  const rows: Row<"dns_events">[] = [];
  const gaps: Row<"gaps">[] = [];
  const states: DnsState[] = [];
  const side = createDnsSide({
    clock: { nowMs: Date.now },
    logger: silentLogger,
    port: 0,
    dataplane,
    localAddresses: () => ["127.0.0.1"],
    subjectOf: () => ({ ...emptySubject, namespace: "shop", pod: "web" }),
    onRow: (row) => rows.push(row),
    onGap: (row) => gaps.push(row),
    onState: (state) => states.push(state),
    ...more.options,
  });
  const knowledge: DnsKnowledge = {
    sets: [{ set4: "gr_dom4_x", set6: "gr_dom6_x", names: ["*.example.com"], clients: ["pod/shop/web"] }],
    clients: [{ id: "pod/shop/web", addresses: ["127.0.0.1"] }],
    clusterRanges: [],
    upstreams: [`127.0.0.1:${server.port}`],
    settings: Enforcement.parse({ dns: more.dns ?? {} }).dns,
  };
  return {
    server,
    dataplane,
    rows,
    gaps,
    states,
    side,
    knowledge,
    ask: (name: string) => askByUdp(encodeQuestion(name), { address: "127.0.0.1", port: side.port, waitMs: 5000 }),
    [Symbol.asyncDispose]: async () => {
      await side.close();
      await server.close();
    },
  };
}

test("no rules: no door; rules: a door, filled sets, rows; no rules again: closed", async () => {
  await using rig = await openRig();
  await rig.side.update({ ...rig.knowledge, sets: [] });
  assert.deepEqual(rig.side.state, { state: "idle" });
  await rig.side.update(rig.knowledge);
  assert.deepEqual(rig.side.state, { state: "serving", port: rig.side.port, addresses: ["127.0.0.1"] });
  assert.ok(await rig.ask("www.example.com"));
  assert.ok(rig.dataplane.sets.has("gr_dom4_x 127.0.0.1 192.0.2.1"));
  assert.deepEqual(rig.side.namesOf("pod/shop/web", "192.0.2.1"), ["www.example.com"]);
  await rig.ask("inside.example.com");
  await rig.side.update({ ...rig.knowledge, sets: [] });
  assert.deepEqual(
    rig.states.map(({ state }) => state),
    ["serving", "idle"],
  );
  await rig.side.close();
  assert.deepEqual(
    rig.rows.map(({ reporter, fidelity, question, responseCode, answers, ttlSeconds, pod, serverPort }) => ({
      reporter,
      fidelity,
      question,
      responseCode,
      answers,
      ttlSeconds,
      pod,
      isServer: serverPort === rig.server.port,
    })),
    [
      {
        reporter: "proxy",
        fidelity: "proxy",
        question: "www.example.com",
        responseCode: "NOERROR",
        answers: ["192.0.2.1"],
        ttlSeconds: 1,
        pod: "web",
        isServer: true,
      },
      {
        reporter: "proxy",
        fidelity: "proxy",
        question: "inside.example.com",
        responseCode: "REFUSED",
        answers: ["10.0.0.1"],
        ttlSeconds: 1,
        pod: "web",
        isServer: true,
      },
    ],
  );
  const counters = rig.side.counters();
  assert.deepEqual([counters["programmed"], counters["refused rebinding"], counters["pairs"]], [1, 1, 0]);
});

test("a port that somebody else has: down, told as a gap, and opened once it is free", async () => {
  const other = createSocket("udp4");
  other.bind(0, "127.0.0.1");
  await once(other, "listening");
  await using rig = await openRig({ options: { port: other.address().port } });
  await rig.side.update(rig.knowledge);
  assert.equal(rig.side.state.state, "down");
  other.close();
  while (!rig.states.some(({ state }) => state === "serving")) await delay(20);
  assert.deepEqual(
    rig.states.map(({ state }) => state),
    ["down", "serving"],
  );
  assert.equal(rig.gaps.length, 1);
  assert.deepEqual(
    [rig.gaps[0]?.table, rig.gaps[0]?.reason, rig.gaps[0]?.counted],
    ["dns_events", "sensor-down", "no"],
  );
  assert.match(rig.gaps[0]?.detail ?? "", /fail mode closed: clients of DNS rules got no answers/);
});

test("with fail mode open an outage is a time without enforcement", async () => {
  await using rig = await openRig({ dns: { failMode: "open" }, options: { localAddresses: () => [] } });
  await rig.side.update({ ...rig.knowledge, liveSet: "gr_dnslive" });
  assert.equal(rig.side.state.state, "down");
  assert.equal(rig.dataplane.sets.size, 0);
  await rig.side.close();
  assert.equal(rig.gaps[0]?.reason, "policy-unenforced");
});

test("the kernel hears that the proxy lives only while it serves", async () => {
  await using rig = await openRig({ dns: { failMode: "open" } });
  await rig.side.update({ ...rig.knowledge, liveSet: "gr_dnslive" });
  assert.deepEqual([...rig.dataplane.sets.keys()], ["gr_dnslive 17", "gr_dnslive 6"]);
  await rig.side.update({ ...rig.knowledge, sets: [], liveSet: "gr_dnslive" });
  assert.equal(rig.dataplane.sets.size, 0);
  const deadMan = createDeadMan(rig.dataplane, 3000);
  deadMan.set("gr_dnslive", true);
  rig.dataplane.sets.clear();
  deadMan.beat(500);
  assert.equal(rig.dataplane.sets.size, 0);
  deadMan.beat(1000);
  assert.equal(rig.dataplane.sets.get("gr_dnslive 17")?.timeoutMs, 3000);
});

test("what an earlier run left is adopted, lost sets are refilled, what is gone is removed once", async () => {
  await using rig = await openRig();
  rig.dataplane.addElements([{ set: "gr_dom4_x", elements: [{ key: ["127.0.0.1", "192.0.2.7"], timeoutMs: 50_000 }] }]);
  await rig.side.update(rig.knowledge);
  await rig.ask("www.example.com");
  rig.dataplane.sets.clear();
  rig.side.refill();
  assert.deepEqual([...rig.dataplane.sets.keys()].toSorted(), [
    "gr_dom4_x 127.0.0.1 192.0.2.1",
    "gr_dom4_x 127.0.0.1 192.0.2.7",
  ]);
  // One of two has ended by itself: the other is removed all the same.
  rig.dataplane.sets.delete("gr_dom4_x 127.0.0.1 192.0.2.1");
  await rig.side.update({ ...rig.knowledge, clients: [{ id: "pod/shop/web", addresses: ["127.0.0.5"] }] });
  assert.deepEqual([...rig.dataplane.sets.keys()].toSorted(), [
    "gr_dom4_x 127.0.0.5 192.0.2.1",
    "gr_dom4_x 127.0.0.5 192.0.2.7",
  ]);
  assert.equal(rig.side.counters()["removalsMissed"], 1);
});

test("living connections keep their addresses, those that are over do not", async () => {
  await using rig = await openRig({ dns: { ttlSecondsMin: 1 }, options: { graceMs: 0 } });
  await rig.side.update(rig.knowledge);
  const connection = {
    protocol: 6,
    source: "127.0.0.1",
    sourcePort: 40_000,
    destinationPort: 443,
    realDestination: "192.0.2.1",
    realDestinationPort: 443,
    isAssured: true,
  };
  rig.dataplane.live.push({ ...connection, destination: "192.0.2.1" });
  await rig.ask("www.example.com");
  while ((rig.side.counters()["kept"] ?? 0) < 2) await delay(50);
  assert.deepEqual(rig.side.namesOf("pod/shop/web", "192.0.2.1"), ["www.example.com"]);
  rig.dataplane.live[0] = { ...connection, destination: "192.0.2.1", isOver: true };
  while (rig.side.counters()["pairs"] !== 0) await delay(50);
});

test("a kernel that refuses: the client gets an error, and nothing is thrown about", async () => {
  await using rig = await openRig();
  await rig.side.update(rig.knowledge);
  rig.dataplane.fails = true;
  assert.equal(((await rig.ask("www.example.com"))?.[3] ?? 0) & 15, 2);
  rig.side.refill();
  assert.equal(rig.side.counters()["refused program-failed"], 1);
});

function lookup(more: Partial<Row<"dns_events">> = {}, clientPort = 40_000): SensorLookup {
  const row: Row<"dns_events"> = {
    time: 1,
    reporter: "sensor",
    question: "www.example.com",
    questionType: "A",
    responseCode: "NOERROR",
    answers: [],
    ttlSeconds: 0,
    latencyUs: 1,
    server: "10.96.0.10",
    serverPort: 53,
    count: 1,
    processId: "",
    pid: 0,
    process: "",
    ...emptySubject,
    fidelity: "kernel",
    ...more,
  };
  return { row, clientAddress: "10.0.0.1", clientPort };
}

test("one look-up seen by sensor and proxy is told once, by the proxy's row with the sensor's process", () => {
  const told: Row<"dns_events">[] = [];
  const twins = createLookupTwins((row) => told.push(row));
  const sensor = lookup({ pid: 42, process: "curl", processId: "p", container: "main", containerId: "c1" });
  twins.fromProxy(lookup({ reporter: "proxy", pod: "web" }), 0);
  assert.equal(told.length, 0);
  assert.equal(twins.isTwin(sensor, 100), true);
  assert.deepEqual(
    told.map(({ reporter, pod, pid, process, container }) => ({ reporter, pod, pid, process, container })),
    [{ reporter: "proxy", pod: "web", pid: 42, process: "curl", container: "main" }],
  );
  assert.equal(twins.isTwin(sensor, 200), true, "told again by the sensor: still the same look-up");
  assert.equal(twins.isTwin(lookup({}, 40_001), 200), false, "another port is another look-up");
  assert.equal(twins.isTwin(lookup({ questionType: "AAAA" }), 200), false);
  assert.equal(twins.isTwin(sensor, 200 + twinLimits.rememberMs), false, "much later it is another look-up");
  assert.deepEqual(twins.stats, { merged: 1, droppedLate: 1, held: 0 });
});

test("without a sensor the proxy's row is told a little later; a sensor's row that comes after is dropped; waiting is bounded", () => {
  const told: Row<"dns_events">[] = [];
  const twins = createLookupTwins((row) => told.push(row));
  twins.fromProxy(lookup({ reporter: "proxy" }), 0);
  twins.expire(twinLimits.holdMs - 1);
  assert.equal(told.length, 0);
  twins.expire(twinLimits.holdMs);
  assert.equal(told.length, 1);
  assert.equal(twins.isTwin(lookup(), 5000), true);
  for (let port = 0; port <= twinLimits.heldMax; port += 1) twins.fromProxy(lookup({ reporter: "proxy" }, port), 6000);
  assert.deepEqual([told.length, twins.stats.held], [2, twinLimits.heldMax]);
  twins.fromProxy(lookup({ reporter: "proxy" }, 5), 6000);
  assert.equal(told.length, 3, "the same question again is a look-up of its own");
  twins.drain();
  assert.equal(told.length, twinLimits.heldMax + 3);
});

test("servers: those that are named, else the node's and the cluster's; a stub on loopback is nobody's", () => {
  const resolvConf =
    "# x\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n nameserver fd00::53%eth0\nnameserver nonsense\nsearch a b\n";
  assert.deepEqual(upstreamsOf({ named: [], resolvConf, clusterDns: ["10.96.0.10", "192.0.2.53"] }), [
    "10.96.0.10",
    "192.0.2.53",
    "fd00::53",
  ]);
  assert.deepEqual(upstreamsOf({ named: ["192.0.2.1:54"], resolvConf, clusterDns: ["10.96.0.10"] }), ["192.0.2.1:54"]);
});

test("questions are turned to the address that the cluster knows, else the first that is no workload link's", () => {
  const address = (text: string, internal = false) => ({
    address: text,
    internal,
    family: text.includes(":") ? ("IPv6" as const) : ("IPv4" as const),
    netmask: "",
    mac: "",
    cidr: null,
    ...(text.includes(":") ? { scopeid: 0 } : {}),
  });
  const interfaces = {
    lo: [address("127.0.0.1", true), address("::1", true)],
    veth1: [address("10.244.0.1"), address("fe80::1")],
    eth1: [address("192.0.2.7"), address("fe80::2"), address("2001:db8::7")],
    eth0: [address("169.254.9.9"), address("192.0.2.5")],
  } as unknown as NonNullable<Parameters<typeof proxyAddressesOf>[0]["interfaces"]>;
  const workloadInterfaces = new Set(["veth1"]);
  assert.deepEqual(proxyAddressesOf({ nodeAddresses: [], workloadInterfaces, interfaces }), [
    "192.0.2.5",
    "2001:db8::7",
  ]);
  assert.deepEqual(proxyAddressesOf({ nodeAddresses: ["192.0.2.7", "10.9.9.9"], workloadInterfaces, interfaces }), [
    "192.0.2.7",
    "2001:db8::7",
  ]);
  assert.deepEqual(proxyAddressesOf({ nodeAddresses: [], workloadInterfaces, interfaces: {} }), []);
});

test("a flow that a rule on names allowed says which other names its address serves", () => {
  const flow = (more: object) =>
    ({
      verdict: "allow",
      policies: [7],
      verdictBecause: "",
      destinationAddress: "192.0.2.1",
      destinationDomain: "a.example",
      ...more,
    }) as unknown as Row<"flows">;
  const told = (row: Row<"flows">, names: readonly string[]) => {
    noteSharing(row, new Set([7]), () => names);
    return row.verdictBecause;
  };
  assert.equal(told(flow({}), ["a.example", "b.example"]), "allowed by name: its address also serves b.example");
  assert.equal(
    told(flow({ verdictBecause: "x" }), ["b", "c", "d", "e", "f", "g"]),
    "x; allowed by name: its address also serves b, c, d, e and 2 more",
  );
  assert.equal(told(flow({}), ["a.example"]), "");
  assert.equal(told(flow({ policies: [8] }), ["b.example"]), "");
  assert.equal(told(flow({ verdict: "unknown" }), ["b.example"]), "");
});
