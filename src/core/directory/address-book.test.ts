import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { z } from "zod";
import { identityLimits, IdentitiesMessage, IdentityEntry } from "../../model/identity-entry.ts";
import { createAddressBook, type AddressBook } from "./address-book.ts";
import { remoteEndOf } from "./remote-end.ts";
import { spanLimits } from "./spans.ts";

type EntryInput = Partial<z.input<typeof IdentityEntry>>;

function pod(uid: string, address: string, fromMs: number, more: EntryInput = {}): IdentityEntry {
  return IdentityEntry.parse({
    key: `Pod/${uid}`,
    kind: "pod",
    addresses: address === "" ? [] : [address],
    namespace: "shop",
    workload: uid.split("-")[0],
    workloadKind: "Deployment",
    pod: uid,
    podUid: uid,
    fromMs,
    ...more,
  });
}

function service(name: string, address: string, more: EntryInput = {}): IdentityEntry {
  return IdentityEntry.parse({
    key: `Service/${name}`,
    kind: "service",
    addresses: [address],
    namespace: "shop",
    workload: "",
    workloadKind: "Unknown",
    services: [name],
    fromMs: 0,
    ...more,
  });
}

function node(name: string, address: string, more: EntryInput = {}): IdentityEntry {
  return IdentityEntry.parse({
    key: `Node/${name}`,
    kind: "node",
    addresses: [address],
    namespace: "",
    workload: name,
    workloadKind: "Host",
    node: name,
    fromMs: 0,
    ...more,
  });
}

function message(more: Partial<z.input<typeof IdentitiesMessage>>): IdentitiesMessage {
  return IdentitiesMessage.parse({ type: "identities", first: false, last: false, put: [], ended: [], ...more });
}

function whole(put: readonly IdentityEntry[], nowMs = 1_000_000, because = ""): AddressBook {
  const book = createAddressBook({ createdMs: 0 });
  book.apply(message({ first: true, last: true, put: [...put], because }), nowMs);
  return book;
}

function who(book: AddressBook, address: string, timeMs: number): string {
  const answer = book.byAddress({ address, timeMs });
  return answer.is === "known" ? answer.entry.key : answer.is === "unknown" ? answer.because : answer.is;
}

test("an address that changes hands belongs to who had it at the time", () => {
  const book = whole([pod("old-1", "10.0.0.5", 1000)], 10_000);
  book.apply(message({ ended: [{ key: "Pod/old-1", atMs: 20_000 }] }), 20_000);
  book.apply(message({ put: [pod("new-1", "10.0.0.5", 40_000)] }), 40_000);
  assert.equal(who(book, "10.0.0.5", 19_999), "Pod/old-1");
  assert.match(who(book, "10.0.0.5", 25_000), /^not in the inventory/);
  assert.equal(who(book, "10.0.0.5", 36_000), "Pod/new-1", "told a moment after its first packet");
  assert.equal(who(book, "10.0.0.5", 50_000), "Pod/new-1");
});

test("an ended thing is found for its kept time, then no more", () => {
  const book = whole([pod("a-1", "10.0.0.5", 1000)], 10_000);
  book.apply(message({ ended: [{ key: "Pod/a-1", atMs: 20_000 }] }), 20_000);
  const untilMs = 20_000 + identityLimits.endedKeptMs;
  book.apply(message({}), untilMs);
  assert.equal(who(book, "10.0.0.5", 15_000), "Pod/a-1");
  assert.equal(book.byPodUid("a-1")?.pod, "a-1");
  book.apply(message({}), untilMs + 1);
  assert.match(who(book, "10.0.0.5", 15_000), /^not in the inventory/);
  assert.equal(book.byPodUid("a-1"), undefined);
  assert.deepEqual(book.stats, { living: 0, ended: 0, refused: 0, endedDropped: 0 });
});

test("unknown has its reason: nothing heard, on its way, not in the inventory, inventory not whole; none is outside", () => {
  const book = createAddressBook({ createdMs: 0 });
  const ask = (address: string, timeMs = 100) => book.byAddress({ address, timeMs });
  assert.deepEqual(ask("10.0.3.7"), {
    is: "unknown",
    because: "the inventory has not arrived yet",
    isOnItsWay: true,
  });
  assert.equal((ask("10.0.3.7", 60_000) as { isOnItsWay: boolean }).isOnItsWay, false, "nobody waits for ever");
  assert.deepEqual(ask("93.184.216.34"), { is: "outside" });
  book.apply(message({ first: true, put: [pod("a-1", "10.0.3.1", 0)] }), 200);
  assert.equal(ask("10.0.3.1").is, "known", "what has arrived is used");
  assert.deepEqual(ask("10.9.9.9"), { is: "unknown", because: "the inventory has not arrived yet", isOnItsWay: true });
  book.apply(message({ last: true }), 300);
  assert.deepEqual(ask("10.0.3.7"), {
    is: "unknown",
    because: "not in the inventory (address 10.0.3.7)",
    isOnItsWay: true,
  });
  assert.deepEqual(ask("10.9.9.9"), { is: "outside" }, "a private address of nobody's neighbourhood");
  book.apply(message({ because: "pods: forbidden" }), 400);
  assert.match(who(book, "10.9.9.9", 100), /not in the inventory .*; pods: forbidden$/);
  book.disconnected();
  assert.match(who(book, "10.9.9.9", 100), /; pods: forbidden; the server is not connected$/);
  assert.equal(who(book, "10.0.3.1", 100), "Pod/a-1", "what is known stays");
  book.apply(message({ first: true, last: true, inventory: "none" }), 500);
  assert.deepEqual(ask("10.0.3.1"), { is: "outside" });
  assert.equal(book.state, "none");
});

test("a second snapshot ends what it does not name, and keeps the past", () => {
  const book = whole([pod("a-1", "10.0.0.1", 0), pod("b-1", "10.0.0.2", 0)], 10_000);
  book.apply(message({ first: true, put: [pod("a-1", "10.0.0.1", 0)] }), 20_000);
  assert.equal(who(book, "10.0.0.2", 20_000), "Pod/b-1", "while it comes in, nothing is lost");
  book.apply(message({ last: true }), 21_000);
  assert.match(who(book, "10.0.0.2", 21_500), /^not in/);
  assert.equal(who(book, "10.0.0.2", 15_000), "Pod/b-1");
});

test("clocks: a cluster's that is ahead hides nobody; the asker's is corrected by what is known of it", () => {
  const hour = 3_600_000;
  const ahead = whole([pod("a-1", "10.0.0.1", 10_000 + hour)], 10_000);
  assert.equal(who(ahead, "10.0.0.1", 10_000), "Pod/a-1");
  for (const aheadMs of [hour, -hour]) {
    const server = 100 * hour;
    const book = createAddressBook({ createdMs: 0, aheadMs: () => aheadMs });
    book.apply(message({ first: true, last: true, put: [pod("old-1", "10.0.0.1", server - 1000)] }), server + aheadMs);
    book.apply(message({ ended: [{ key: "Pod/old-1", atMs: server + 10_000 }] }), server + 10_000 + aheadMs);
    book.apply(message({ put: [pod("new-1", "10.0.0.1", server + 20_000)] }), server + 20_000 + aheadMs);
    assert.equal(who(book, "10.0.0.1", server + 5000 + aheadMs), "Pod/old-1");
    assert.equal(who(book, "10.0.0.1", server + 30_000 + aheadMs), "Pod/new-1");
  }
});

test("a pod gets its address later, loses it, and its name is used again", () => {
  const book = whole([pod("db-0", "", 1000)], 5000);
  book.apply(message({ put: [pod("db-0", "10.0.0.9", 1000)] }), 7000);
  assert.equal(who(book, "10.0.0.9", 6000), "Pod/db-0");
  book.apply(message({ put: [pod("db-0", "10.0.0.10", 1000)] }), 20_000);
  assert.equal(who(book, "10.0.0.9", 19_000), "Pod/db-0");
  assert.match(who(book, "10.0.0.9", 21_000), /^not in/);
  const again = pod("x", "10.0.0.11", 50_000, { key: "Pod/x", pod: "db-0", podUid: "x" });
  book.apply(message({ put: [again], ended: [{ key: "Pod/db-0", atMs: 40_000 }] }), 50_000);
  assert.equal(book.byPodName("shop", "db-0", 39_000)?.podUid, "db-0");
  assert.equal(book.byPodName("shop", "db-0", 60_000)?.podUid, "x");
});

test("containers are found by id with or without the runtime's scheme, until they are replaced", () => {
  const container = (containerId: string) => ({ containers: [{ name: "web", containerId }] });
  const book = whole([pod("a-1", "10.0.0.1", 0, container("containerd://aaa"))]);
  assert.equal(book.byContainerId("aaa")?.key, "Pod/a-1");
  book.apply(message({ put: [pod("a-1", "10.0.0.1", 0, container("bbb"))] }), 2_000_000);
  assert.equal(book.byContainerId("aaa"), undefined);
  assert.equal(book.byContainerId("containerd://bbb")?.key, "Pod/a-1");
});

test("a pod in its node's network leaves the address to the node", () => {
  const book = whole([node("n1", "10.1.0.1"), pod("proxy-1", "10.1.0.1", 9000, { hostNetwork: true })]);
  assert.equal(who(book, "10.1.0.1", 10_000), "Node/n1");
  assert.equal(book.byPodUid("proxy-1")?.workload, "proxy");
});

test("a dialled port of a node is the pod in its network that listens there; other ports are the node", () => {
  const exporter = pod("exporter-1", "10.1.0.1", 9000, {
    hostNetwork: true,
    node: "n1",
    containers: [{ name: "exporter", ports: [9100] }],
  });
  const book = whole([node("n1", "10.1.0.1"), exporter]);
  const at = (port?: number) => {
    const answer = book.byAddress({ address: "10.1.0.1", timeMs: 20_000, ...(port === undefined ? {} : { port }) });
    return answer.is === "known" ? answer.entry.key : answer.is;
  };
  assert.deepEqual([at(9100), at(10250), at()], ["Pod/exporter-1", "Node/n1", "Node/n1"]);
  book.apply(message({ ended: [{ key: "Pod/exporter-1", atMs: 30_000 }] }), 40_000);
  const after = book.byAddress({ address: "10.1.0.1", timeMs: 35_000, port: 9100 });
  assert.equal(after.is === "known" && after.entry.key, "Node/n1");
});

test("ranges that a node tells are the cluster's; other forms of one address are one", () => {
  const book = whole([node("n1", "fd00:1::1", { ranges: ["10.244.1.0/24", "nonsense"] })]);
  assert.match(who(book, "10.244.1.77", 1), /^not in the inventory \(address 10\.244\.1\.77\)$/);
  assert.equal(who(book, "fd00:1:0::1", 1), "Node/n1");
  assert.equal(who(book, "10.244.2.77", 1), "outside");
});

test("room ends: new things are refused and counted, ended ones leave early and are counted", () => {
  const book = createAddressBook({ createdMs: 0, entriesMax: 1 });
  book.apply(message({ first: true, last: true, put: [pod("a-1", "10.0.0.1", 0), pod("b-1", "10.0.0.2", 0)] }), 1000);
  assert.equal(book.stats.refused, 1);
  assert.equal(who(book, "10.0.0.1", 500), "Pod/a-1");
});

const cases: [string, { address: string; port: number; protocol?: string }, Record<string, unknown>][] = [
  [
    "a service with one workload: the workload, the service and the port behind it",
    { address: "10.96.0.1", port: 80 },
    { kind: "Deployment", workload: "web", service: "web", port: 8080, reason: "", pod: "" },
  ],
  [
    "a named port that differs from pod to pod stays as dialled",
    { address: "10.96.0.1", port: 81 },
    { service: "web", port: 81 },
  ],
  [
    "a port that the service does not have is still a call of the service",
    { address: "10.96.0.1", port: 99 },
    { service: "web", port: 99, workload: "web" },
  ],
  [
    "a service with several workloads says so",
    { address: "10.96.0.2", port: 80 },
    { kind: "Unknown", workload: "", service: "mixed", reason: "2 workloads behind the service" },
  ],
  [
    "a pod's address: the service that leads to the port, the digest of the container that declares it",
    { address: "10.0.0.1", port: 9090 },
    { pod: "web-1", workload: "web", service: "web-metrics", imageDigest: "sha256:metrics", port: 9090 },
  ],
  [
    "the end that dialled: first service by name, no digest of several containers",
    { address: "10.0.0.1", port: 0 },
    { pod: "web-1", service: "web", imageDigest: "", port: 0 },
  ],
  ["UDP is another port", { address: "10.96.0.3", port: 53, protocol: "udp" }, { service: "dns", port: 5353 }],
  ["TCP of the same service too", { address: "10.96.0.3", port: 53 }, { service: "dns", port: 53 }],
  ["a node", { address: "10.1.0.1", port: 22 }, { kind: "Host", workload: "n1", service: "", reason: "" }],
  [
    "an outside address of a service on a node: the service on its port",
    { address: "10.1.0.1", port: 443 },
    { service: "ingress", port: 8443 },
  ],
  ["the world", { address: "93.184.216.34", port: 443 }, { kind: "External", key: "outside", reason: "" }],
  [
    "nobody of our neighbourhood",
    { address: "10.0.0.200", port: 443 },
    { kind: "Unknown", reason: "not in the inventory (address 10.0.0.200)" },
  ],
];

const forwarded = (port: number, targetPort: number, protocol = "TCP") => ({ protocol, port, targetPort });
const world = [
  node("n1", "10.1.0.1"),
  pod("web-1", "10.0.0.1", 0, {
    services: ["web", "web-metrics"],
    containers: [
      { name: "web", imageDigest: "sha256:web", ports: [8080] },
      { name: "metrics", imageDigest: "sha256:metrics", ports: [9090] },
    ],
  }),
  service("web", "10.96.0.1", {
    workload: "web",
    workloadKind: "Deployment",
    ports: [forwarded(80, 8080), forwarded(81, 0)],
  }),
  service("web-metrics", "10.96.0.9", { ports: [forwarded(9090, 9090)] }),
  service("mixed", "10.96.0.2", { reason: "2 workloads behind the service", ports: [forwarded(80, 80)] }),
  service("dns", "10.96.0.3", { ports: [forwarded(53, 5353, "UDP")] }),
  service("ingress", "10.1.0.1", { ports: [forwarded(443, 8443)] }),
];

for (const [name, asked, expected] of cases) {
  test(`other end: ${name}`, () => {
    const end = remoteEndOf(whole(world), { protocol: "tcp", ...asked, timeMs: 100_000 });
    assert.deepEqual({ ...end, ...expected }, { ...end });
  });
}

test("without a book every other end is external", () => {
  assert.equal(remoteEndOf(undefined, { address: "10.0.0.1", port: 80, protocol: "tcp", timeMs: 0 }).kind, "External");
});

interface Life {
  readonly uid: number;
  readonly address: string;
  readonly fromMs: number;
  readonly endMs: number;
}

/** What the directory promises, said the slow way. */
function naive(lives: readonly Life[], address: string, timeMs: number): string | undefined {
  const had = lives.filter((life) => life.address === address);
  const covering = had.filter((life) => life.fromMs <= timeMs && timeMs < life.endMs);
  const soon = had.filter((life) => life.fromMs > timeMs && life.fromMs - timeMs <= spanLimits.earlyMsMax);
  const newest = covering.toSorted((a, b) => b.fromMs - a.fromMs || b.uid - a.uid)[0];
  const found = newest ?? soon.toSorted((a, b) => a.fromMs - b.fromMs || a.uid - b.uid)[0];
  return found === undefined ? undefined : `Pod/p-${found.uid}`;
}

test("addresses that are used again and again: as the naive model says, whatever the order of the news", () => {
  const life = fc.record({
    address: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3"),
    fromMs: fc.integer({ min: 0, max: 60_000 }),
    lengthMs: fc.option(fc.integer({ min: 1, max: 30_000 })),
  });
  fc.assert(
    fc.property(
      fc.array(life, { maxLength: 30 }),
      fc.array(fc.tuple(fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3"), fc.integer({ min: 0, max: 100_000 }))),
      fc.boolean(),
      (given, questions, isOneSnapshot) => {
        const lives = given.map(({ address, fromMs, lengthMs }, uid): Life => ({
          uid,
          address,
          fromMs,
          endMs: lengthMs === null ? Infinity : fromMs + lengthMs,
        }));
        const book = createAddressBook({ createdMs: 0 });
        const nowMs = 100_000;
        const put = lives.map(({ uid, address, fromMs }) => pod(`p-${uid}`, address, fromMs));
        const ended = lives.flatMap(({ uid, endMs }) =>
          endMs === Infinity ? [] : [{ key: `Pod/p-${uid}`, atMs: endMs }],
        );
        if (isOneSnapshot) book.apply(message({ first: true, last: true, put, ended }), nowMs);
        else {
          book.apply(message({ first: true, last: true }), nowMs);
          for (const entry of put) book.apply(message({ put: [entry] }), nowMs);
          for (const one of ended) book.apply(message({ ended: [one] }), nowMs);
        }
        for (const [address, timeMs] of questions) {
          const answer = book.byAddress({ address, timeMs });
          assert.equal(answer.is === "known" ? answer.entry.key : undefined, naive(lives, address, timeMs));
        }
      },
    ),
    { numRuns: 300 },
  );
});
