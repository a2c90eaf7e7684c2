// What goes on without visitors: pools, scrapes, dashboards, probes, scheduled jobs, roll-outs, a crash now and then. And the visitors.
import { callOutside, callPod, callService, visitFromOutside } from "./calls.ts";
import { clientPrefixes, outside, publicName } from "./catalog.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { carry, close, connect, endOfKubelet, endOfPod } from "./network.ts";
import { aboutPod } from "./notes.ts";
import { runCommand } from "./processes.ts";
import { call, type ShopParts } from "./services.ts";
import { appOf, later, readyPods, type CronJob, type Job, type Pod, type World } from "./state.ts";

export interface BackgroundParts extends ShopParts {
  readonly lifecycle: Lifecycle;
  /** Visitors of the shop, on average. */
  readonly visitsPerSecond: number;
}

const scrapeEveryMs = 30_000;
const jobsKept = 3;
/** Pods on which monitoring asks for numbers: those that speak HTTP. */
const notScraped: ReadonlySet<string> = new Set([
  "postgres",
  "catalog-db",
  "redis",
  "rabbitmq",
  "prometheus",
  "ingress-nginx",
  "metrics-server",
]);

/** Sets everything going; each thing plans its own next time. */
export function startBackground(parts: BackgroundParts, startMs: number): void {
  const { world, pools } = parts;
  pools.tend(startMs);
  repeat(world, startMs + 500, 1000, (timeMs) => pools.tend(timeMs));
  planVisit(parts, startMs);
  repeat(world, startMs + 1500, scrapeEveryMs, (timeMs) => scrapeAll(world, timeMs));
  repeat(world, startMs + 3000, 15_000, (timeMs) => dashboard(world, timeMs));
  repeat(world, startMs + 5000, 30_000, (timeMs) => readKubelets(world, timeMs));
  repeat(world, startMs + 4000, 15_000, (timeMs) => probes(world, timeMs));
  for (const cron of world.cronJobs) planJob(parts, cron, startMs);
  // Not in the first minutes: a newcomer shall see a healthy shop first.
  later(world, startMs + 240_000, (timeMs) => rollOutOne(parts, timeMs));
  later(world, startMs + 390_000, (timeMs) => crashOne(parts, timeMs));
}

function repeat(world: World, firstMs: number, everyMs: number, run: (timeMs: number) => void): void {
  later(world, firstMs, (timeMs) => {
    run(timeMs);
    repeat(world, timeMs + everyMs, everyMs, run);
  });
}

/** What visitors do, by weight. */
const visits: readonly (readonly [weight: number, service: string, method: string, path: string])[] = [
  [28, "storefront", "GET", "/"],
  [10, "storefront", "GET", "/products/lamp"],
  [20, "web", "GET", "/api/products?page=1"],
  [12, "web", "GET", "/api/search?q=lamp"],
  [14, "web", "GET", "/api/recommendations"],
  [12, "web", "POST", "/api/cart"],
  [9, "web", "POST", "/api/checkout"],
];
const homePage = [1, "storefront", "GET", "/"] as const;
const weights = visits.reduce((sum, [weight]) => sum + weight, 0);

function planVisit(parts: BackgroundParts, afterMs: number): void {
  const { world, visitsPerSecond } = parts;
  // The tide of a day in ten minutes: a third up, a third down.
  const tide = 1 + 0.33 * Math.sin((afterMs - world.startMs) / 95_000);
  later(world, afterMs + world.random.exponential(1000 / (visitsPerSecond * tide)), (timeMs) => {
    visit(parts, timeMs);
    planVisit(parts, timeMs);
  });
}

function visit(parts: BackgroundParts, timeMs: number): void {
  const { world } = parts;
  const { random } = world;
  const doors = readyPods(appOf(world, "ingress-nginx"));
  if (doors.length === 0) return;
  const door = random.pick(doors);
  let rest = random.next() * weights;
  const [, service, method, path] = visits.find(([weight]) => (rest -= weight) < 0) ?? homePage;
  const address = `${random.pick(clientPrefixes)}${random.int(70, 190)}`;
  const traceId = random.hex(32);
  visitFromOutside(world, door, address, {
    timeMs,
    port: 443,
    serverName: publicName,
    serve: (atMs) =>
      call(parts, door, service, { method, path, traceId, timeMs: atMs + 0.4, bodyBytes: method === "POST" ? 900 : 0 }),
  });
}

function scrapeAll(world: World, timeMs: number): void {
  const [scraper] = readyPods(appOf(world, "prometheus"));
  if (scraper === undefined) return;
  const pods = world.apps
    .filter(({ spec }) => !notScraped.has(spec.name))
    .flatMap((app) => app.pods.filter((pod) => pod.isReady));
  for (const [index, pod] of pods.entries()) {
    later(world, timeMs + (index * scrapeEveryMs) / (pods.length + 1), (atMs) => {
      if (!pod.isReady || !scraper.isReady) return;
      const port = pod.containerName === "coredns" ? 9153 : (pod.app?.spec.port ?? 8080);
      const ask = { method: "GET", path: "/metrics", traceId: "", timeMs: atMs };
      callPod(world, scraper, pod, { port }, ask, (_, servedMs) => ({
        status: 200,
        endMs: servedMs + world.random.latency(6),
        bytes: world.random.int(20_000, 60_000),
      }));
    });
  }
}

function dashboard(world: World, timeMs: number): void {
  const [grafana] = readyPods(appOf(world, "grafana"));
  if (grafana === undefined) return;
  const ask = { method: "GET", path: "/api/v1/query_range?query=up", traceId: "", timeMs };
  callService(world, grafana, appOf(world, "prometheus"), ask, (_, atMs) => ({
    status: 200,
    endMs: atMs + world.random.latency(28),
    bytes: 14_000,
  }));
}

function readKubelets(world: World, timeMs: number): void {
  const [reader] = readyPods(appOf(world, "metrics-server"));
  if (reader === undefined) return;
  for (const node of world.nodes) {
    const server = endOfKubelet(node);
    const connection = connect(
      world,
      { client: endOfPod(reader), server, address: node.address, port: 10_250, targetPort: 10_250 },
      timeMs,
    );
    carry(connection, { sent: 700, received: 9000 });
    close(world, connection, timeMs + world.random.latency(14));
  }
}

/** Commands that the kubelet has run in containers. */
function probes(world: World, timeMs: number): void {
  const commands: readonly (readonly [app: string, path: string, ...rest: string[]])[] = [
    ["postgres", "/usr/bin/pg_isready", "-U", "postgres"],
    ["catalog-db", "/usr/bin/pg_isready", "-U", "postgres"],
    ["redis", "/usr/local/bin/redis-cli", "ping"],
  ];
  for (const [app, path, ...rest] of commands) {
    for (const pod of readyPods(appOf(world, app))) {
      const parent = pod.node.containerd;
      runCommand(world, pod, {
        parent,
        path,
        arguments: [path, ...rest],
        startMs: timeMs,
        endMs: timeMs + world.random.latency(18),
      });
    }
  }
}

function planJob(parts: BackgroundParts, cron: CronJob, afterMs: number): void {
  const everyMs = cron.spec.everyMinutes * 60_000;
  const dueMs = (Math.floor(afterMs / everyMs) + 1) * everyMs;
  later(parts.world, dueMs, (timeMs) => {
    runJob(parts, cron, timeMs);
    planJob(parts, cron, timeMs + 1);
  });
}

function runJob(parts: BackgroundParts, cron: CronJob, timeMs: number): void {
  const { world, lifecycle } = parts;
  const name = `${cron.spec.name}-${Math.floor(timeMs / 60_000)}`;
  const job: Job = { cron, name, uid: world.identities.uuid(), createdMs: timeMs, pod: undefined, completedMs: 0 };
  cron.jobs.push(job);
  cron.lastMs = timeMs;
  const pod = lifecycle.createForJob(job, timeMs);
  later(world, timeMs + 1500, (atMs) => workOfJob(world, pod, atMs));
  later(world, timeMs + 1500 + cron.spec.runsMs, (atMs) => {
    lifecycle.complete(job, atMs);
    while (cron.jobs.length > jobsKept) {
      const oldest = cron.jobs.shift();
      if (oldest?.pod === undefined) continue;
      oldest.pod.isGone = true;
      world.objects.remove("Pod", oldest.pod.namespace, oldest.pod.name);
      world.objects.remove("Job", "shop", oldest.name);
    }
  });
}

function workOfJob(world: World, pod: Pod, timeMs: number): void {
  if (pod.main === undefined) return;
  const isBackup = pod.containerName === "postgres-backup";
  const server = appOf(world, isBackup ? "postgres" : "redis");
  const [back] = readyPods(server);
  const words = isBackup
    ? ["/usr/bin/pg_dump", "--host=postgres", "shop"]
    : ["/app/cart", "cleanup", "--older-than=72h"];
  const endMs = timeMs + (isBackup ? 6000 : 2200);
  runCommand(world, pod, { parent: pod.main, path: words[0] ?? "", arguments: words, startMs: timeMs, endMs });
  if (back === undefined) return;
  const { servicePort, port } = server.spec;
  const dial = {
    client: endOfPod(pod),
    server: endOfPod(back),
    address: server.clusterAddress,
    port: servicePort,
    targetPort: port,
  };
  const connection = connect(world, dial, timeMs + 60);
  carry(
    connection,
    isBackup ? { sent: 4000, received: world.random.int(8, 20) * 1_000_000 } : { sent: 12_000, received: 30_000 },
  );
  later(world, endMs - 100, (atMs) => close(world, connection, atMs));
  if (isBackup)
    callOutside(world, pod, outside.backups, {
      timeMs: timeMs + 900,
      port: 443,
      latencyMs: 4200,
      sent: world.random.int(3, 7) * 1_000_000,
      received: 900,
    });
}

function rollOutOne(parts: BackgroundParts, timeMs: number): void {
  const { world, lifecycle } = parts;
  const candidates = world.apps.filter(
    (app) => app.spec.isRolledOut && app.spec.kind === "Deployment" && !app.isRollingOut,
  );
  const app = world.random.pick(candidates);
  const [major = "1", minor = "0", patch = "0"] = app.revision.version.split(".");
  lifecycle.rollOut(app, { version: `${major}.${minor}.${Number(patch) + 1}`, outOfMemoryAfterMs: 0 }, timeMs);
  later(world, timeMs + world.random.int(240, 420) * 1000, (atMs) => rollOutOne(parts, atMs));
}

function crashOne(parts: BackgroundParts, timeMs: number): void {
  const { world, lifecycle } = parts;
  const app = world.random.pick(
    world.apps.filter((one) => one.spec.isRolledOut && one.spec.replicas > 1 && !one.isRollingOut),
  );
  const [pod] = readyPods(app);
  if (pod !== undefined) {
    const message = `Readiness probe failed: Get "http://${pod.address}:${app.spec.port}/healthz": context deadline exceeded`;
    lifecycle.note(
      aboutPod(pod),
      { type: "Warning", reason: "Unhealthy", message, source: "kubelet", host: pod.node.name },
      timeMs,
    );
    later(world, timeMs + 4000, (atMs) =>
      lifecycle.crash(pod, atMs, { reason: "Error", exitCode: 1, restartAfterMs: 2500 }),
    );
  }
  later(world, timeMs + world.random.int(360, 660) * 1000, (atMs) => crashOne(parts, atMs));
}
