// The simulated cluster: the same seed gives the same bytes, its objects agree with each other, and stories show in what agents hear.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { readDnsMessage } from "../../../core/protocol/dns-message.ts";
import { readHttpRequest, readHttpResponse } from "../../../core/protocol/http1.ts";
import { readTlsClientHello } from "../../../core/protocol/tls-client-hello.ts";
import { microsecondsBetween } from "../../../core/protocol/latency.ts";
import { readCgroupPath } from "../../../core/process/cgroup-path.ts";
import { guessWorkload } from "../../../core/process/workload-guess.ts";
import type { FirstBytesEvent, SensorEvent } from "../../../core/sense/sensor.ts";
import type { KubeObject } from "../../../edge/kube-server/object.ts";
import { createAgenda } from "./agenda.ts";
import { apps } from "./catalog.ts";
import { clientHello, dnsQuestion, dnsResponse, httpRequest, httpResponse } from "./packets.ts";
import { firstPid } from "./processes.ts";
import type { Story } from "./state.ts";
import { createSimulation, worldLimits } from "./world.ts";

const startMs = Date.parse("2026-01-05T10:00:00Z");
const calm: Story = { failure: "none", attack: false };

interface Run {
  readonly simulation: ReturnType<typeof createSimulation>;
  readonly objects: Map<string, KubeObject>;
  readonly heard: { readonly node: string; readonly event: SensorEvent }[];
  readonly digest: () => string;
  readonly advance: (seconds: number, stepMs?: number) => void;
}

function begin(seed = "test", visitsPerSecond = 4): Run {
  const objects = new Map<string, KubeObject>();
  const hash = createHash("sha256");
  const simulation = createSimulation({
    seed,
    startMs,
    bootMs: startMs - 86_400_000,
    visitsPerSecond,
    objects: {
      put(kind, object) {
        objects.set(`${kind}/${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}`, object);
        hash.update(`${kind}${JSON.stringify(object)}`);
      },
      remove: (kind, namespace, name) => void objects.delete(`${kind}/${namespace}/${name}`),
    },
  });
  const heard: Run["heard"] = [];
  let nowMs = startMs;
  return {
    simulation,
    objects,
    heard,
    digest: () => hash.copy().update(JSON.stringify(heard, payloadsAsText)).digest("hex"),
    advance(seconds, stepMs = 250) {
      const endMs = nowMs + seconds * 1000;
      for (; nowMs < endMs;) {
        nowMs = Math.min(endMs, nowMs + stepMs);
        for (const { node, event } of simulation.advance(nowMs)) heard.push({ node: node.name, event });
      }
    },
  };
}

/** Bytes as hex: as an object of numbers they would be most of the text. */
function payloadsAsText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

function ofKind(objects: Run["objects"], kind: string): KubeObject[] {
  return [...objects].filter(([key]) => key.startsWith(`${kind}/`)).map(([, object]) => object);
}

function field(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) found = (found as Record<string, unknown> | undefined)?.[key];
  return found;
}

/** Every slice as service and addresses, those that are ready apart. */
function checkSlices(objects: Run["objects"]): void {
  const pods = new Map(ofKind(objects, "Pod").map((pod) => [pod.metadata.uid, pod]));
  for (const slice of ofKind(objects, "EndpointSlice")) {
    for (const endpoint of field(slice, "endpoints") as unknown[]) {
      const pod = pods.get(String(field(endpoint, "targetRef", "uid")));
      assert.ok(pod !== undefined, `${slice.metadata.name} names a pod that is there`);
      assert.deepEqual(field(endpoint, "addresses"), [field(pod, "status", "podIP")]);
      const conditions = field(pod, "status", "conditions") as { type: string; status: string }[];
      const isReady = conditions.find(({ type }) => type === "Ready")?.status === "True";
      assert.equal(field(endpoint, "conditions", "ready"), isReady, `${slice.metadata.name}: ${pod.metadata.name}`);
    }
  }
}

describe("the simulated cluster", () => {
  test("the same seed gives the same bytes, however time is cut; another seed gives others", () => {
    const [one, two, other] = [begin(), begin(), begin("other")];
    one.advance(270);
    two.advance(270, 1700);
    other.advance(270);
    assert.ok(one.heard.length > 10_000, String(one.heard.length));
    assert.equal(one.digest(), two.digest());
    assert.notEqual(one.digest(), other.digest());
  });

  test("has the promised size, all of it marked as simulated", () => {
    const { objects } = begin();
    const pods = ofKind(objects, "Pod");
    assert.equal(ofKind(objects, "Node").length, 3);
    assert.ok(pods.length >= 40, String(pods.length));
    assert.equal(new Set(pods.map((pod) => pod.metadata.uid)).size, pods.length);
    assert.ok(ofKind(objects, "CronJob").length >= 2);
    for (const kind of ["Pod", "Node", "Deployment", "Service", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob"])
      for (const object of ofKind(objects, kind))
        assert.equal(object.metadata.labels?.["garrison.dev/simulated"], "true", kind);
    for (const node of ofKind(objects, "Node"))
      assert.match(String(field(node, "status", "nodeInfo", "kubeletVersion")), /\+garrison\.simulated$/);
  });

  test("endpoints follow the pods through roll-outs and crashes, and every pod's owner is there", () => {
    const { objects, advance } = begin();
    for (let minute = 0; minute < 13; minute += 1) {
      advance(61, 500);
      checkSlices(objects);
      const owners = new Set([...objects.values()].map((object) => object.metadata.uid));
      for (const object of objects.values())
        for (const owner of object.metadata.ownerReferences ?? [])
          assert.ok(owners.has(owner.uid), `${object.metadata.name}: ${owner.name}`);
    }
    assert.ok(
      ofKind(objects, "ReplicaSet").length > apps.filter(({ kind }) => kind === "Deployment").length,
      "something was rolled out",
    );
    assert.ok(ofKind(objects, "Job").length >= 4);
    const restarted = ofKind(objects, "Pod").some(
      (pod) => Number(field(pod, "status", "containerStatuses", 0, "restartCount")) > 0,
    );
    const warned = ofKind(objects, "Event").some((event) => event["reason"] === "BackOff");
    assert.ok(restarted || warned, "something crashed");
  });

  test("an address is one pod's at a time, and a pod's name tells its workload", () => {
    const { simulation, advance } = begin();
    for (let round = 0; round < 10; round += 1) {
      advance(61, 500);
      const living = simulation.world.apps
        .flatMap((app) => app.pods)
        .filter((pod) => pod.app?.spec.isHostNetwork !== true);
      assert.equal(new Set(living.map((pod) => pod.address)).size, living.length);
      for (const pod of living) {
        const { spec } = pod.app ?? assert.fail();
        assert.deepEqual(guessWorkload(pod.name, pod.labels), { workload: spec.name, workloadKind: spec.kind });
      }
    }
  });

  test("what agents hear is whole: known groups, pids of nobody, one answer a request, closes after opens", () => {
    const { heard, advance, simulation } = begin();
    const groups = new Set<number>();
    for (const node of simulation.world.nodes)
      for (const event of simulation.running(node, startMs)) {
        groups.add(event.cgroupId);
        if (event.type === "cgroup-made") assert.notEqual(readCgroupPath(event.path).kind, "unknown");
      }
    advance(120);
    const open = new Map<number, number>();
    for (const { event } of heard) {
      if (event.type === "cgroup-made") groups.add(event.cgroupId);
      assert.ok(groups.has(event.cgroupId), event.type);
      assert.ok(event.process.pid >= firstPid);
      assert.equal(event.timeMs, Math.floor(event.timeMs));
      if (event.type === "tcp-open") open.set(event.socketId, event.timeMs);
      if (event.type === "tcp-close" || event.type === "tcp-sample")
        assert.ok((open.get(event.socketId) ?? Infinity) <= event.timeMs, event.type);
      if (event.type === "tcp-close") open.delete(event.socketId);
    }
    assert.ok(open.size < 200, `${open.size} connections are still open`);
    assert.deepEqual(simulation.world.dropped, {});
    const rate = heard.length / 120;
    assert.ok(rate > 50 && rate < 800, `${rate} events a second`);
  });

  test("a world that stood still goes on from now", () => {
    const { simulation, heard, advance } = begin();
    advance(20);
    const before = heard.length;
    const told = simulation.advance(startMs + 3_600_000);
    assert.ok(told.every(({ event }) => event.timeMs >= startMs + 3_600_000 - worldLimits.catchUpMsMax - 5000));
    assert.ok(told.length < before * 10, `${told.length} events at once`);
  });
});

/** Latencies in ms that the clients of these services heard, and their statuses. */
function exchanges(heard: Run["heard"], host: string): { readonly latencies: number[]; readonly statuses: number[] } {
  const asked = new Map<number, FirstBytesEvent>();
  const latencies: number[] = [];
  const statuses: number[] = [];
  for (const { event } of heard) {
    if (event.type !== "first-bytes") continue;
    const request = readHttpRequest(event.payload);
    if (request.ok && request.host === host && event.direction === "outbound") asked.set(event.socketId, event);
    const answer = readHttpResponse(event.payload);
    const before = asked.get(event.socketId);
    if (!answer.ok || before === undefined) continue;
    latencies.push(microsecondsBetween(before, event) / 1000);
    statuses.push(answer.status);
  }
  return { latencies, statuses };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;
}

describe("stories", () => {
  test("slow-payments: retransmissions and round trips to the database, slow payments, failing checkouts, events that say why", () => {
    const normal = begin("story", 20);
    normal.advance(120);
    const slow = begin("story", 20);
    slow.simulation.follow({ failure: "slow-payments", attack: false }, startMs);
    slow.advance(120);
    const [before, during] = [exchanges(normal.heard, "payments"), exchanges(slow.heard, "payments")];
    assert.ok(before.latencies.length > 50 && during.latencies.length > 30);
    assert.ok(
      median(during.latencies) > 3 * median(before.latencies),
      `${median(before.latencies)} -> ${median(during.latencies)}`,
    );
    const failing = exchanges(slow.heard, "checkout").statuses.filter((status) => status >= 500).length;
    assert.ok(failing >= 3, `${failing} failing checkouts`);
    const retransmits = (run: Run, port: number) =>
      run.heard.reduce(
        (sum, { event }) => sum + (event.type === "tcp-sample" && event.remotePort === port ? event.retransmits : 0),
        0,
      );
    assert.equal(retransmits(normal, 5432), 0);
    assert.ok(retransmits(slow, 5432) > 50);
    const others = exchanges(slow.heard, "catalog");
    assert.ok(median(others.latencies) < 30, "who does not need that database is as fast as before");
    const reasons = ofKind(slow.objects, "Event")
      .filter((event) => event["type"] === "Warning")
      .map((event) => event["reason"]);
    assert.ok(reasons.includes("PacketsLost") && reasons.includes("Unhealthy"), reasons.join(" "));
    const troubled = () =>
      ofKind(slow.objects, "Node").filter((node) => JSON.stringify(node).includes('"PacketsLost"')).length;
    assert.equal(troubled(), 1);
    slow.simulation.follow(calm, startMs + 120_000);
    assert.equal(troubled(), 0);
  });

  test("crash-loop: containers killed for want of memory, refused connections from web, and back again", () => {
    const run = begin("story", 20);
    run.simulation.follow({ failure: "crash-loop", attack: false }, startMs);
    run.advance(150);
    checkSlices(run.objects);
    const pods = ofKind(run.objects, "Pod").filter((pod) => pod.metadata.labels?.["app"] === "recommendations");
    assert.ok(pods.length > 0);
    for (const pod of pods) {
      const status = field(pod, "status", "containerStatuses", 0);
      assert.equal(field(status, "lastState", "terminated", "reason"), "OOMKilled");
      assert.ok(Number(field(status, "restartCount")) >= 1);
      assert.match(String(field(status, "image")), /:2\.0\.0$/);
    }
    const killed = run.heard.filter(
      ({ event }) => event.type === "exit" && event.signal === 9 && event.comm === "python3",
    );
    assert.ok(killed.length >= 2);
    const refused = run.heard.filter(({ event }) => event.type === "tcp-failed" && event.error === 111);
    assert.ok(refused.length > 5, `${refused.length} refused`);
    run.simulation.follow(calm, startMs + 150_000);
    run.advance(60);
    const healed = ofKind(run.objects, "Pod").filter((pod) => pod.metadata.labels?.["app"] === "recommendations");
    assert.equal(healed.length, 2);
    for (const pod of healed) assert.match(String(field(pod, "spec", "containers", 0, "image")), /:1\.9\.2$/);
  });

  test("attack: a dropped program, strange questions, a scan, a new edge to the database, data sent out; again and again, until it is off", () => {
    const run = begin("story");
    run.simulation.follow({ failure: "none", attack: true }, startMs);
    run.advance(90);
    const commands = run.heard.flatMap(({ event }) => (event.type === "exec" ? [event.arguments.join(" ")] : []));
    for (const expected of [/^\/bin\/sh -c curl .+ \| sh$/, /^\/bin\/chmod \+x \/tmp/, /^\/tmp\/\.cache\/kworkerd/])
      assert.ok(
        commands.some((words) => expected.test(words)),
        expected.source,
      );
    const dropped = run.heard.find(
      ({ event }) => event.type === "exec" && event.path === "/tmp/.cache/kworkerd",
    )?.event;
    assert.ok(dropped !== undefined);
    const own = run.heard.map(({ event }) => event).filter((event) => event.process.pid === dropped.process.pid);
    const made = run.heard.flatMap(({ event }) =>
      event.type === "file" && event.path === "/tmp/.cache/kworkerd" ? [`${event.deed} by ${event.comm}`] : [],
    );
    assert.deepEqual(made.slice(0, 2), ["create by curl", "chmod by chmod"], "a file that is no part of the image");
    assert.ok(own.some((event) => event.type === "call" && event.call === "connect"));
    assert.ok(own.filter((event) => event.type === "tcp-failed").length > 50, "a scan");
    assert.ok(
      own.some((event) => event.type === "tcp-open" && event.remotePort === 5432),
      "the database",
    );
    assert.ok(own.some((event) => event.type === "dns"));
    const sent = own.reduce(
      (sum, event) => sum + (event.type === "tcp-sample" && event.remotePort === 443 ? event.bytesSent : 0),
      0,
    );
    assert.ok(sent > 20_000_000, `${sent} bytes sent out`);
    run.advance(120);
    const episodes = () =>
      run.heard.filter(({ event }) => event.type === "exec" && event.path === "/tmp/.cache/kworkerd").length;
    assert.equal(episodes(), 2);
    run.simulation.follow(calm, startMs + 210_000);
    run.advance(400, 1000);
    assert.equal(episodes(), 2);
  });

  test("following the same story again changes nothing", () => {
    const [once, often] = [begin("story"), begin("story")];
    for (const run of [once, often]) run.simulation.follow({ failure: "slow-payments", attack: true }, startMs);
    for (let second = 0; second < 60; second += 1) {
      once.advance(1);
      often.advance(1);
      often.simulation.follow({ failure: "slow-payments", attack: true }, startMs + second * 1000 + 1000);
    }
    assert.equal(once.digest(), often.digest());
  });
});

test("packets are what the agents' own readers read", () => {
  const asked = readDnsMessage(dnsQuestion(7, "cart.shop.svc.cluster.local", "A"));
  assert.ok(asked.ok);
  assert.deepEqual([asked.isResponse, asked.question, asked.questionType], [false, "cart.shop.svc.cluster.local", "A"]);
  const answer = readDnsMessage(
    dnsResponse(7, "a.example.com", "A", { addresses: ["192.0.2.1", "192.0.2.2"], code: 0, ttlSeconds: 30 }),
  );
  assert.ok(answer.ok);
  assert.deepEqual(
    answer.answers.map(({ value, ttlSeconds }) => [value, ttlSeconds]),
    [
      ["192.0.2.1", 30],
      ["192.0.2.2", 30],
    ],
  );
  const unknown = readDnsMessage(dnsResponse(7, "no.test", "A", { addresses: [], code: 3, ttlSeconds: 0 }));
  assert.ok(unknown.ok && unknown.responseCode === "NXDOMAIN");
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const request = readHttpRequest(
    httpRequest({ method: "POST", host: "cart", path: "/a", agent: "x", traceId, spanId: "b7ad6b7169203331" }),
  );
  assert.ok(request.ok);
  assert.deepEqual([request.method, request.host, request.path, request.traceId], ["POST", "cart", "/a", traceId]);
  const response = readHttpResponse(httpResponse(504, 12));
  assert.ok(response.ok && response.status === 504);
  const hello = readTlsClientHello(clientHello("api.payments.example.com", 5));
  assert.ok(hello.ok);
  assert.deepEqual([hello.serverName, hello.isCut], ["api.payments.example.com", false]);
});

test("an agenda gives what is due in order of time, then of arrival, and refuses when full", () => {
  const agenda = createAgenda<string>(5);
  for (const [timeMs, item] of [
    [5, "e"],
    [1, "a"],
    [3, "c"],
    [1, "b"],
    [4, "d"],
  ] as const)
    assert.ok(agenda.add(timeMs, item));
  assert.equal(agenda.add(2, "none"), false);
  const taken = [];
  for (let due = agenda.take(4); due !== undefined; due = agenda.take(4)) taken.push(due.item);
  assert.deepEqual(taken, ["a", "b", "c", "d"]);
  assert.equal(agenda.size, 1);
});
