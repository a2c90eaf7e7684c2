// What policies cost a packet: round trips and connects between two pods, with 1,000 policies of 10,000 pods against no rules at all and against one
// list of 1,000 rules; once as agents enforce them (each new connection is reported, and somebody reads) and once with reports of denied packets alone;
// and what reports of first packets cost. Needs root (namespaces, nf_tables). Prints ratios, decides nothing.
// Run: node test/bench/policy-packets.bench.ts [pairs]
import path from "node:path";
import { Worker } from "node:worker_threads";
import { reportedPackets } from "../../src/apps/agent/enforce/surroundings.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createNftCompiler } from "../../src/core/policy/compile/create-compiler.ts";
import type { NftRule, NftRuleset } from "../../src/core/policy/compile/nft/ruleset.ts";
import { tableName, type CompileSettings } from "../../src/core/policy/compile/settings.ts";
import { settingsFor } from "../../src/core/policy/compile/settings.fixture.ts";
import { createPolicyEngine } from "../../src/core/policy/evaluate/create-engine.ts";
import type { PolicySet, Policy } from "../../src/core/policy/model.ts";
import { eq } from "../../src/core/policy/selector/build.ts";
import { selectorOf } from "../../src/core/policy/selector/canonical.ts";
import type { World, WorldEndpoint } from "../../src/core/policy/world.ts";
import { addressBytes } from "../../src/edge/dataplane/nftables/address-bytes.ts";
import { openNftables } from "../../src/edge/dataplane/nftables/open-nftables.ts";
import { check, close, connect, send, socket, socketAddress } from "../support/netns/libc.ts";
import { mayMakeNamespaces, runInNetns } from "../support/netns/namespace.ts";
import { openStar, type Star } from "../support/netns/star.ts";
import { createPolicyWorld, podAddress } from "../support/policy-world.ts";
import { recvWaiting, tuned } from "./policy-sockets.ts";

const pairs = Number(process.argv[2] ?? 31);
const tripsPerSample = 300;
const connectsPerSample = 60;
const port = 7000;
const addresses = { client: "172.30.0.2", server: "172.30.0.3" } as const;
const clock = { nowMs: () => Date.now() };
/** How many policies select the server; the last one allows. */
const ownPolicies = 5;
const one = new Uint8Array([1]);
const answer = new Uint8Array(16);

if (mayMakeNamespaces()) {
  await packets();
  await reports();
} else console.log("MISSING: root in a kernel with network namespaces and nf_tables");

interface LaneRules {
  readonly ruleset?: NftRuleset;
  /** Somebody reads its reports. */
  readonly isRead?: boolean;
}

interface Lane {
  readonly name: string;
  readonly star: Star;
  readonly trips: number[];
  readonly connects: number[];
  /** What was read of reports; undefined when nobody read. */
  close(): Promise<Reports | undefined>;
}

interface Reports {
  readonly seen: number;
  readonly lost: number;
}

async function packets(): Promise<void> {
  const lanes: Lane[] = [];
  try {
    lanes.push(await openLane("no rules", () => ({})));
    lanes.push(await openLane(`1,000 policies as agents enforce them, reports "${reportedPackets}" read`, enforced));
    lanes.push(await openLane('1,000 policies, reports "denied"', (star) => policies(star, "denied")));
    lanes.push(await openLane("connection tracking alone", () => list(0, { isShort: true })));
    lanes.push(await openLane("list of 1,000 rules, established first", () => list(1000, { isShort: true })));
    lanes.push(await openLane("list of 1,000 rules, every packet", () => list(1000, { isShort: false })));
    for (let round = -3; round < pairs; round += 1) {
      // Who begins changes with each round: drift of the machine meets all alike.
      for (let at = 0; at < lanes.length; at += 1) {
        const lane = lanes[(at + Math.max(0, round)) % lanes.length];
        if (lane === undefined) continue;
        const [trip, connected] = [tripUs(lane), connectUs(lane)];
        if (round < 0) continue;
        lane.trips.push(trip);
        lane.connects.push(connected);
        // The reader is a thread of its own; here it only gets to say what went wrong.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const [none, ours, quiet, tracked, short, long] = lanes as [Lane, Lane, Lane, Lane, Lane, Lane];
    for (const { name, trips, connects } of lanes)
      console.log(
        `${name}: round trip p50 ${middle(trips).toFixed(1)} us, connect and one trip p50 ${middle(connects).toFixed(1)} us`,
      );
    console.log(
      `${pairs} interleaved pairs, median of ratios with its 95 % interval; ${ownPolicies + 1} of the 1,000 policies apply to the two ends:`,
    );
    console.log(
      `  1,000 policies / no rules: round trip ${ratio(ours.trips, none.trips)}, connect ${ratio(ours.connects, none.connects)} (goal: interval reaches below 1.10)`,
    );
    console.log(
      `  the same without reports of allowed connections: round trip ${ratio(quiet.trips, none.trips)}, connect ${ratio(quiet.connects, none.connects)}; with / without them: connect ${ratio(ours.connects, quiet.connects)}`,
    );
    console.log(
      `  1,000 policies / connection tracking alone: round trip ${ratio(ours.trips, tracked.trips)}, connect ${ratio(ours.connects, tracked.connects)}`,
    );
    console.log(
      `  list with established first / 1,000 policies: connect ${ratio(short.connects, ours.connects)} (goal at least 1.3)`,
    );
    console.log(
      `  list, every packet / 1,000 policies: connect ${ratio(long.connects, ours.connects)} (goal at least 3), round trip ${ratio(long.trips, ours.trips)}`,
    );
  } finally {
    for (const lane of lanes) {
      const read = await lane.close();
      if (read !== undefined) console.log(`${lane.name}: ${read.seen} reports read, ${read.lost} lost`);
    }
  }
}

async function openLane(name: string, rules: (star: Star) => LaneRules): Promise<Lane> {
  const star = openStar({
    pods: [
      { name: "client", addresses: [addresses.client] },
      { name: "server", addresses: [addresses.server] },
    ],
  });
  const { ruleset, isRead = false } = rules(star);
  const plane = openNftables({ netns: star.router.path, table: tableName, clock, logger: silentLogger });
  if (ruleset !== undefined) plane.apply(ruleset);
  plane.close();
  const reader = isRead ? await startWorker("policy-reader.worker.ts", { netns: star.router.path }) : undefined;
  const worker = await startWorker("policy-echo.worker.ts", { netns: star.pod("server").path, port });
  // The echo server takes one connection at a time: the lasting one is opened for each sample anew.
  return {
    name,
    star,
    trips: [],
    connects: [],
    async close() {
      const last = dial(star);
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      send(last, new Uint8Array([255]));
      await ended;
      close(last);
      const read = reader === undefined ? undefined : await stopReader(reader);
      star.close();
      return read;
    },
  };
}

/** Once it said that it is ready. */
async function startWorker(file: string, workerData: object): Promise<Worker> {
  const worker = new Worker(new URL(file, import.meta.url), { workerData });
  await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return worker;
}

async function stopReader(reader: Worker): Promise<Reports> {
  const said = new Promise<Reports>((resolve, reject) => {
    reader.once("message", resolve);
    reader.once("error", reject);
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  reader.postMessage("stop");
  return await said;
}

function dial(star: Star): number {
  const bytes = addressBytes(addresses.server);
  if (bytes === undefined) throw new Error("no address");
  const descriptor = star.pod("client").inside(() => check(socket(2, 1, 0), "socket"));
  tuned(descriptor);
  const address = socketAddress(bytes, port);
  check(connect(descriptor, address, address.length), "connect");
  return descriptor;
}

function trip(descriptor: number): void {
  send(descriptor, one);
  if (recvWaiting(descriptor, answer) <= 0) throw new Error("no answer");
}

/** Median of a sample of round trips on one connection, microseconds. */
function tripUs({ star }: Lane): number {
  const descriptor = dial(star);
  const times: number[] = [];
  for (let index = 0; index < tripsPerSample; index += 1) {
    const start = performance.now();
    trip(descriptor);
    times.push((performance.now() - start) * 1000);
  }
  close(descriptor);
  return middle(times);
}

function connectUs({ star }: Lane): number {
  const bytes = addressBytes(addresses.server);
  if (bytes === undefined) throw new Error("no address");
  const address = socketAddress(bytes, port);
  const times: number[] = [];
  for (let index = 0; index < connectsPerSample; index += 1) {
    const descriptor = star.pod("client").inside(() => check(socket(2, 1, 0), "socket"));
    tuned(descriptor);
    const start = performance.now();
    check(connect(descriptor, address, address.length), "connect");
    trip(descriptor);
    times.push((performance.now() - start) * 1000);
    close(descriptor);
  }
  return middle(times);
}

/** The two pods in a cluster of 10,000 pods with 1,000 policies. */
function clusterWith(star: Star): { readonly world: World; readonly set: PolicySet } {
  const base = createPolicyWorld({ seed: 1, pods: 10_000, policies: 1000 - ownPolicies - 1 });
  const [pattern] = base.world.endpoints;
  const [policy] = base.set.policies;
  if (pattern === undefined || policy === undefined) throw new Error("an empty world");
  const pod = (name: "client" | "server"): WorldEndpoint => ({
    ...pattern,
    id: `pod/bench/${name}`,
    namespace: "bench",
    name,
    labels: { bench: name },
    addresses: [addresses[name]],
    interfaceName: star.linkOf(name),
  });
  const own = Array.from({ length: ownPolicies }, (_, index): Policy => ({
    ...policy,
    id: `kubernetes/NetworkPolicy/bench/p${String(index).padStart(2, "0")}`,
    namespace: "bench",
    name: `p${String(index).padStart(2, "0")}`,
    selector: selectorOf(eq("bench", "server")),
    kinds: ["workload"],
    directions: ["ingress"],
    ingress: [
      {
        action: "Allow",
        written: 0,
        name: "",
        protocol: 6,
        source: {
          selector: selectorOf(eq("bench", index === ownPolicies - 1 ? "client" : `other-${index}`)),
          kinds: ["workload"],
        },
        destination: { ports: [{ from: port, to: port }] },
      },
    ],
    egress: [],
  }));
  const outwards: Policy = {
    ...(own[ownPolicies - 1] as Policy),
    id: "kubernetes/NetworkPolicy/bench/out",
    name: "out",
    selector: selectorOf(eq("bench", "client")),
    directions: ["egress"],
    ingress: [],
    egress: [
      {
        action: "Allow",
        written: 0,
        name: "",
        protocol: 6,
        source: {},
        destination: { selector: selectorOf(eq("bench", "server")), kinds: ["workload"] },
      },
    ],
  };
  return {
    world: { ...base.world, endpoints: [...base.world.endpoints, pod("client"), pod("server")] },
    set: { ...base.set, policies: [...base.set.policies, ...own, outwards] },
  };
}

function enforced(star: Star): LaneRules {
  return { ...policies(star, reportedPackets), isRead: true };
}

function policies(star: Star, log: CompileSettings["log"]): LaneRules {
  const { world, set } = clusterWith(star);
  return {
    ruleset: createNftCompiler().compile(createPolicyEngine({ set, world }), settingsFor(world, { log })).ruleset,
  };
}

/** One list: the last rule is the one. */
function list(length: number, { isShort }: { readonly isShort: boolean }): LaneRules {
  const rules = Array.from({ length }, (_, index): NftRule => ({
    expressions: [
      { do: "compare", field: "meta nfproto", operator: "eq", value: 2 },
      {
        do: "compare",
        field: "ip daddr",
        operator: "eq",
        value: index === length - 1 ? addresses.server : podAddress(index),
      },
      {
        do: "compare",
        field: "ip saddr",
        operator: "eq",
        value: index === length - 1 ? addresses.client : podAddress(index + 1),
      },
      { do: "compare", field: "meta l4proto", operator: "eq", value: 6 },
      { do: "compare", field: "th dport", operator: "eq", value: port },
      { do: "counter" },
      { do: "verdict", verdict: "accept" },
    ],
  }));
  const shortcut: NftRule = {
    expressions: [
      { do: "ct-state", states: ["established", "related"], operator: "eq" },
      { do: "verdict", verdict: "accept" },
    ],
  };
  const ruleset: NftRuleset = {
    table: { family: "inet", name: tableName },
    digest: "list",
    sets: [],
    chains: [
      {
        name: "gr_forward",
        base: { type: "filter", hook: "forward", priority: -10, policy: "accept" },
        rules: isShort ? [shortcut, ...rules] : rules,
      },
    ],
  };
  return { ruleset };
}

async function reports(): Promise<void> {
  const star = openStar({
    pods: [
      { name: "client", addresses: [addresses.client] },
      { name: "server", addresses: [addresses.server] },
    ],
  });
  const plane = openNftables({ netns: star.router.path, table: tableName, clock, logger: silentLogger });
  try {
    const { world, set } = clusterWith(star);
    const allow = set.policies.map((policy) =>
      policy.namespace === "bench" && policy.name !== "out"
        ? { ...policy, ingress: policy.ingress.map((rule) => ({ ...rule, protocol: 17, destination: {} })) }
        : { ...policy, ...(policy.name === "out" ? { directions: [] } : {}) },
    );
    const engine = createPolicyEngine({ set: { ...set, policies: allow }, world });
    plane.apply(createNftCompiler().compile(engine, settingsFor(world)).ruleset);
    for (const rate of [10_000, 30_000, 60_000]) await reportsAt(star, plane, rate);
  } finally {
    plane.close();
    star.close();
  }
}

async function reportsAt(star: Star, plane: ReturnType<typeof openNftables>, rate: number): Promise<void> {
  const flows = rate * 2;
  const sums = { seen: 0, lost: 0, unreadable: 0 };
  const stop = await plane.packets((batch) => {
    sums.seen += batch.packets.length;
    sums.lost += batch.lost;
    sums.unreadable += batch.unreadable;
  });
  plane.cut(plane.connections(1_000_000).connections);
  const before = process.cpuUsage();
  const took = await generated(star, flows, rate);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const used = process.cpuUsage(before);
  await stop();
  const cpuUs = used.user + used.system;
  console.log(
    `reports asked at ${rate} new flows/s: ${Math.round(flows / (took / 1000))}/s made, ${sums.seen} of ${flows} seen, ${sums.lost} lost, ${sums.unreadable} unreadable; ${(cpuUs / Math.max(1, sums.seen)).toFixed(1)} us CPU per report, the threads' idle included`,
  );
}

/** Milliseconds that the generator took. */
async function generated(star: Star, flows: number, rate: number): Promise<number> {
  const script = path.join(import.meta.dirname, "policy-generator.ts");
  const child = runInNetns(
    star.pod("client"),
    [process.execPath, script, addresses.server, String(flows), String(rate)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  child.stdout?.on("data", (bytes: Buffer) => (text += bytes.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  return Number(text.trim());
}

/** Median of ratios of pairs, with the interval of order statistics that holds the median with 95 %. */
function ratio(above: readonly number[], below: readonly number[]): string {
  const ratios = above.map((value, index) => value / (below[index] ?? Number.NaN)).sort((a, b) => a - b);
  const rank = Math.max(0, Math.floor(ratios.length / 2 - 0.98 * Math.sqrt(ratios.length)) - 1);
  const [low, high] = [ratios[rank] ?? 0, ratios[ratios.length - 1 - rank] ?? 0];
  return `${middle(ratios).toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
