// What is there in the simulated cluster: nodes, workloads, pods, processes. Plain data; what happens to it is in the other files.
import type { ProcessKey } from "../../../core/sense/sensor.ts";
import type { KubeObject } from "../../../edge/kube-server/object.ts";
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import type { Agenda } from "./agenda.ts";
import type { AppSpec, CronSpec, NodeSpec } from "./catalog.ts";
import type { Random } from "./random.ts";

export interface SimProcess {
  readonly key: ProcessKey;
  readonly parent: ProcessKey;
  readonly comm: string;
  readonly path: string;
  readonly arguments: readonly string[];
  readonly uid: number;
}

export interface SimNode extends NodeSpec {
  readonly uid: string;
  /** Pids are above every real one's (2^22), so that no agent mistakes them for processes of this machine. */
  nextPid: number;
  nextPodAddress: number;
  readonly kubelet: SimProcess;
  readonly containerd: SimProcess;
}

/** A template of a workload: for Deployments a ReplicaSet. */
export interface Revision {
  readonly number: number;
  /** The pod template's hash. */
  readonly hash: string;
  readonly uid: string;
  readonly version: string;
  readonly createdMs: number;
  /** Its containers are killed for want of memory this long after their start; 0: never. */
  readonly outOfMemoryAfterMs: number;
}

export interface App {
  readonly spec: AppSpec;
  readonly uid: string;
  readonly createdMs: number;
  readonly serviceUid: string;
  readonly sliceUid: string;
  readonly sliceName: string;
  readonly serviceName: string;
  /** "" without a Service. */
  readonly clusterAddress: string;
  revision: Revision;
  readonly revisions: Revision[];
  readonly pods: Pod[];
  generation: number;
  isRollingOut: boolean;
}

export interface Pod {
  /** Absent for pods of jobs. */
  readonly app: App | undefined;
  readonly revision: Revision | undefined;
  readonly job: Job | undefined;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containerName: string;
  readonly image: string;
  readonly imageDigest: string;
  readonly node: SimNode;
  readonly address: string;
  readonly createdMs: number;
  readonly command: readonly string[];
  readonly uidNumber: number;
  containerId: string;
  cgroupId: number;
  phase: "Pending" | "Running" | "Succeeded" | "Failed";
  isReady: boolean;
  readySinceMs: number;
  restarts: number;
  containerStartedMs: number;
  /** 0 while nobody asked for its end. */
  deletingMs: number;
  /** Not there any more. */
  isGone: boolean;
  waitingReason: string;
  lastEnd:
    | { readonly reason: string; readonly exitCode: number; readonly startedMs: number; readonly endedMs: number }
    | undefined;
  /** Undefined while no container runs. */
  main: SimProcess | undefined;
  /** Further processes that live as long as the container: workers, back ends. */
  readonly children: SimProcess[];
  nextPort: number;
  readonly resolved: Map<string, number>;
  /** Called once when the container ends, for what it held open. */
  readonly onEnd: Set<(timeMs: number) => void>;
}

export interface CronJob {
  readonly spec: CronSpec;
  readonly uid: string;
  readonly createdMs: number;
  readonly jobs: Job[];
  lastMs: number;
}

export interface Job {
  readonly cron: CronJob;
  readonly name: string;
  readonly uid: string;
  readonly createdMs: number;
  pod: Pod | undefined;
  completedMs: number;
}

/** Where the cluster's objects go: the embedded API server. */
export interface ObjectSink {
  put(kind: string, object: KubeObject): void;
  remove(kind: string, namespace: string, name: string): void;
}

export interface Told {
  readonly node: SimNode;
  readonly event: SensorEvent;
}

export interface World {
  readonly random: Random;
  readonly identities: Random;
  /** When this machine started, for process starts; milliseconds since the epoch. */
  readonly bootMs: number;
  readonly startMs: number;
  readonly nodes: readonly SimNode[];
  readonly apps: readonly App[];
  readonly cronJobs: readonly CronJob[];
  readonly objects: ObjectSink;
  readonly agenda: Agenda<(timeMs: number) => void>;
  readonly told: Agenda<Told>;
  nowMs: number;
  nextSocketId: number;
  nextCgroupId: number;
  /** Told events that found no room, by type. */
  readonly dropped: Record<string, number>;
  readonly story: Story;
}

/** What goes wrong now. */
export interface Story {
  failure: "none" | "slow-payments" | "crash-loop";
  attack: boolean;
}

/** `name` is unique among the shop's workloads. */
export function appOf(world: World, name: string): App {
  const app = world.apps.find(({ spec }) => spec.name === name);
  if (app === undefined) throw new Error(`the simulated shop has no workload ${name}`);
  return app;
}

export function readyPods(app: App): readonly Pod[] {
  return app.pods.filter((pod) => pod.isReady);
}

/** Something to do later; what finds no room is dropped (the agenda is far larger than a minute of the world). */
export function later(world: World, timeMs: number, run: (timeMs: number) => void): void {
  world.agenda.add(timeMs, run);
}

export function tell(world: World, node: SimNode, event: SensorEvent): void {
  if (!world.told.add(event.timeMs, { node, event })) world.dropped[event.type] = (world.dropped[event.type] ?? 0) + 1;
}
