// The simulated cluster as one thing: made from a seed, moved on by time, told to the API server and to the nodes' sensors.
// The same seed, start and story give the same world, whatever the steps in which time moves on.
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import { createAgenda } from "./agenda.ts";
import { startBackground } from "./background.ts";
import { apps, cronJobs, fixedAddresses, nodes, serviceNames, type AppSpec, type NodeSpec } from "./catalog.ts";
import { createLifecycle } from "./lifecycle.ts";
import { makePod } from "./make-pod.ts";
import { createNotes } from "./notes.ts";
import { cronObject, namespaceObject, nodeObject, serviceObject } from "./objects.ts";
import { podObject } from "./pod-object.ts";
import { createPools } from "./pools.ts";
import { assumeContainer, firstPid, makeProcess, runningOn } from "./processes.ts";
import { createRandom, type Random } from "./random.ts";
import { createStories } from "./stories.ts";
import type { App, ObjectSink, Pod, SimNode, Story, Told, World } from "./state.ts";

export const worldLimits = {
  /** Things planned; a minute of the world has some hundreds. */
  plannedMax: 50_000,
  /** Sensor events that wait for their time. What finds no room is a drop of the sensor, counted by type. */
  toldMax: 100_000,
  /** A world that stood still for longer goes on from now: the time between is a hole, as on a machine that slept. */
  catchUpMsMax: 10_000,
} as const;

export interface WorldOptions {
  readonly seed: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  /** When this machine started: process starts are counted from there. */
  readonly bootMs: number;
  readonly visitsPerSecond: number;
  readonly objects: ObjectSink;
}

export interface Simulation {
  readonly world: World;
  /** Moves on to this time, and gives what sensors heard until then, oldest first. */
  advance(timeMs: number): readonly Told[];
  /** Brings what goes wrong to what is wanted. */
  follow(story: Readonly<Story>, timeMs: number): void;
  /** What runs on a node already, for a sensor that starts now. */
  running(node: SimNode, timeMs: number): readonly SensorEvent[];
}

/** The cluster as it stands at the start: everything ready, put into `objects`. */
export function createSimulation(options: WorldOptions): Simulation {
  const { startMs, objects } = options;
  const world = createWorld(options);
  const notes = createNotes(objects);
  const lifecycle = createLifecycle(world, notes);
  for (const node of world.nodes) objects.put("Node", nodeObject(world, node, undefined));
  for (const name of new Set(["default", ...apps.map(({ namespace }) => namespace)]))
    objects.put("Namespace", namespaceObject(name, world.identities.uuid(), startMs - 120_000));
  for (const app of world.apps) {
    if (app.serviceName !== "") objects.put("Service", serviceObject(app));
    for (let replica = 0; replica < app.spec.replicas; replica += 1) standUp(world, app, startMs);
    lifecycle.show(app);
  }
  for (const cron of world.cronJobs) objects.put("CronJob", cronObject(cron));
  const pools = createPools(world);
  startBackground({ world, pools, lifecycle, visitsPerSecond: options.visitsPerSecond }, startMs);
  const stories = createStories(world, lifecycle);

  return {
    world,
    advance(timeMs) {
      if (timeMs - world.nowMs > worldLimits.catchUpMsMax) skip(world, timeMs - worldLimits.catchUpMsMax);
      for (let due = world.agenda.take(timeMs); due !== undefined; due = world.agenda.take(timeMs)) {
        world.nowMs = Math.max(world.nowMs, due.timeMs);
        due.item(world.nowMs);
      }
      world.nowMs = Math.max(world.nowMs, timeMs);
      const told: Told[] = [];
      for (let due = world.told.take(timeMs); due !== undefined; due = world.told.take(timeMs)) told.push(due.item);
      return told;
    },
    follow: (story, timeMs) => stories.apply(story, timeMs),
    running: (node, timeMs) => runningOn(world, node, timeMs),
  };
}

/** What was planned for the time between happens at its end, all at once; what was to be heard in it was not. */
function skip(world: World, toMs: number): void {
  world.nowMs = toMs;
  for (let missed = world.told.take(toMs); missed !== undefined; missed = world.told.take(toMs)) {
    const { type } = missed.item.event;
    world.dropped[type] = (world.dropped[type] ?? 0) + 1;
  }
}

function createWorld({ seed, startMs, bootMs, objects }: WorldOptions): World {
  // Another start is another cluster: nothing of an earlier run comes back under the same uid.
  const root = createRandom(`${seed}/${startMs}`);
  const identities = root.fork("identities");
  const createdMs = startMs - 90_000;
  const simNodes = nodes.map((spec, index) =>
    makeNode(spec, identities, { bootMs, startedMs: startMs - 110_000, index }),
  );
  return {
    random: root.fork("traffic"),
    identities,
    bootMs,
    startMs,
    nodes: simNodes,
    apps: apps.map((spec, index) => makeApp(spec, identities, createdMs, index)),
    cronJobs: cronJobs.map((spec) => ({ spec, uid: identities.uuid(), createdMs, jobs: [], lastMs: 0 })),
    objects,
    agenda: createAgenda(worldLimits.plannedMax),
    told: createAgenda(worldLimits.toldMax),
    nowMs: startMs,
    nextSocketId: 1,
    nextCgroupId: 1000,
    dropped: {},
    story: { failure: "none", attack: false },
  };
}

function makeNode(
  spec: NodeSpec,
  identities: Random,
  { bootMs, startedMs, index }: { readonly bootMs: number; readonly startedMs: number; readonly index: number },
): SimNode {
  const pids = { nextPid: firstPid + index * 100_000 };
  const init = { pid: firstPid, startMs: 1 };
  const service = (path: string, words: readonly string[]) =>
    makeProcess({ bootMs }, pids, {
      parent: init,
      comm: path.split("/").at(-1) ?? path,
      path,
      arguments: [path, ...words],
      uid: 0,
      startedMs,
    });
  const containerd = service("/usr/bin/containerd", []);
  const kubelet = service("/usr/bin/kubelet", ["--config=/var/lib/kubelet/config.yaml"]);
  return { ...spec, uid: identities.uuid(), nextPid: pids.nextPid, nextPodAddress: 10, containerd, kubelet };
}

function makeApp(spec: AppSpec, identities: Random, createdMs: number, index: number): App {
  const hash = spec.kind === "Deployment" ? identities.suffix(10) : `${spec.name}-${identities.suffix(9)}`;
  const revision = { number: 1, hash, uid: identities.uuid(), version: spec.version, createdMs, outOfMemoryAfterMs: 0 };
  const serviceName = spec.servicePort === 0 ? "" : (serviceNames[spec.name] ?? spec.name);
  return {
    spec,
    uid: identities.uuid(),
    createdMs,
    serviceUid: identities.uuid(),
    sliceUid: identities.uuid(),
    sliceName: `${serviceName}-${identities.suffix(5)}`,
    serviceName,
    clusterAddress:
      serviceName === "" ? "" : (fixedAddresses[serviceName] ?? `10.96.${1 + index}.${identities.int(10, 240)}`),
    revision,
    revisions: [revision],
    pods: [],
    generation: 1,
    isRollingOut: false,
  };
}

/** A pod that runs since shortly before the start. */
function standUp(world: World, app: App, startMs: number): Pod {
  const createdMs = startMs - world.identities.int(40, 80) * 1000;
  const pod = makePod(world, { app, revision: app.revision, job: undefined, createdMs });
  app.pods.push(pod);
  pod.phase = "Running";
  pod.isReady = true;
  pod.readySinceMs = createdMs + 3000;
  assumeContainer(world, pod, createdMs + 1500);
  world.objects.put("Pod", podObject(pod));
  return pod;
}
