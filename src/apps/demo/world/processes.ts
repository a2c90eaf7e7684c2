// Processes of the simulated nodes: what an agent hears of a container's start, of commands run in it, and of their end.
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import { later, tell, type Pod, type SimNode, type SimProcess, type World } from "./state.ts";

/** Linux never gives out pids from here on (PID_MAX_LIMIT). */
export const firstPid = 4_194_305;

export function makeProcess(
  world: { readonly bootMs: number },
  node: { nextPid: number },
  given: Omit<SimProcess, "key"> & { readonly startedMs: number },
): SimProcess {
  node.nextPid += 1;
  const { parent, comm, path, uid, startedMs } = given;
  const key = { pid: node.nextPid, startMs: Math.max(1, Math.floor(startedMs - world.bootMs)) };
  return { key, parent, comm, path, uid, arguments: given.arguments };
}

/** The short name that the kernel shows. */
export function commOf(path: string): string {
  return (path.split("/").at(-1) ?? path).slice(0, 15);
}

/** The v2 group of a pod's container, as the kubelet's systemd driver names it. */
export function cgroupPath(pod: Pod): string {
  const uid = pod.uid.replaceAll("-", "_");
  return `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid}.slice/cri-containerd-${pod.containerId}.scope`;
}

export function execEvent(
  type: "exec" | "running",
  process: SimProcess,
  cgroupId: number,
  timeMs: number,
): SensorEvent {
  return {
    type,
    timeMs: Math.floor(timeMs),
    process: process.key,
    comm: process.comm,
    cgroupId,
    parent: process.parent,
    uid: process.uid,
    gid: process.uid,
    capabilities: process.uid === 0 ? 0xa80425fb : 0,
    path: process.path,
    arguments: process.arguments,
    argumentsCut: false,
    workingDirectory: "/",
  };
}

/** What the agent hears when a container starts now. */
export function startContainer(world: World, pod: Pod, timeMs: number): void {
  const { node } = pod;
  pod.containerStartedMs = timeMs;
  pod.main = mainProcess(world, pod, timeMs);
  tell(world, node, groupEvent("cgroup-made", pod, timeMs));
  tell(world, node, execEvent("exec", pod.main, pod.cgroupId, timeMs));
  for (const child of startChildren(world, pod, timeMs)) tell(world, node, forkEvent(child, pod.cgroupId, timeMs));
}

/** The processes of a container that runs since before the agents; they are listed at the agents' start. */
export function assumeContainer(world: World, pod: Pod, startedMs: number): void {
  pod.containerStartedMs = startedMs;
  pod.main = mainProcess(world, pod, startedMs);
  startChildren(world, pod, startedMs);
}

function mainProcess(world: World, pod: Pod, startedMs: number): SimProcess {
  const path = pod.command[0] ?? "/app/main";
  const parent = pod.node.containerd.key;
  return makeProcess(world, pod.node, {
    parent,
    comm: commOf(path),
    path,
    arguments: pod.command,
    uid: pod.uidNumber,
    startedMs,
  });
}

/** Servers that work with several processes. */
const workers: Readonly<Record<string, readonly string[]>> = {
  postgres: ["postgres: checkpointer", "postgres: walwriter", "postgres: autovacuum launcher"],
  "catalog-db": ["postgres: checkpointer", "postgres: walwriter", "postgres: autovacuum launcher"],
  "ingress-nginx": ["nginx: worker process", "nginx: worker process"],
};

function startChildren(world: World, pod: Pod, startedMs: number): readonly SimProcess[] {
  const { main } = pod;
  pod.children.length = 0;
  for (const name of workers[pod.containerName] ?? []) {
    if (main === undefined) break;
    const given = { parent: main.key, comm: main.comm, path: main.path, arguments: [name], uid: main.uid, startedMs };
    pod.children.push(makeProcess(world, pod.node, given));
  }
  return pod.children;
}

function forkEvent(process: SimProcess, cgroupId: number, timeMs: number): SensorEvent {
  const { key, parent, comm, uid } = process;
  return { type: "fork", timeMs: Math.floor(timeMs), process: key, comm, cgroupId, parent, uid, gid: uid };
}

function exitEvent(
  process: SimProcess,
  cgroupId: number,
  timeMs: number,
  end: { exitCode: number; signal: number },
): SensorEvent {
  return { type: "exit", timeMs: Math.floor(timeMs), process: process.key, comm: process.comm, cgroupId, ...end };
}

export function groupEvent(type: "cgroup-made" | "cgroup-removed", pod: Pod, timeMs: number): SensorEvent {
  const { key, comm } = pod.node.containerd;
  return { type, timeMs: Math.floor(timeMs), process: key, comm, cgroupId: pod.cgroupId, path: cgroupPath(pod) };
}

/** Ends the container: what it held open first, then its processes. `signal` 0: it ended by itself. */
export function endContainer(
  world: World,
  pod: Pod,
  timeMs: number,
  end: { readonly exitCode: number; readonly signal: number },
): void {
  for (const close of pod.onEnd) close(timeMs);
  pod.onEnd.clear();
  const { main, node, cgroupId } = pod;
  if (main === undefined) return;
  for (const child of pod.children) tell(world, node, exitEvent(child, cgroupId, timeMs, end));
  tell(world, node, exitEvent(main, cgroupId, timeMs, end));
  tell(world, node, groupEvent("cgroup-removed", pod, timeMs + 50));
  pod.children.length = 0;
  pod.main = undefined;
}

export interface Command {
  readonly parent: SimProcess;
  readonly path: string;
  readonly arguments: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly exitCode?: number;
  readonly uid?: number;
}

/** A command run in a pod's container: fork and exec now, exit later. Undefined when no container runs. */
export function runCommand(world: World, pod: Pod, command: Command): SimProcess | undefined {
  if (pod.main === undefined) return undefined;
  const { path, parent, startMs, endMs } = command;
  const given = { parent: parent.key, comm: commOf(path), path, arguments: command.arguments, startedMs: startMs };
  const process = makeProcess(world, pod.node, { ...given, uid: command.uid ?? pod.uidNumber });
  const { cgroupId } = pod;
  tell(world, pod.node, { ...forkEvent(process, cgroupId, startMs), comm: parent.comm });
  tell(world, pod.node, execEvent("exec", process, cgroupId, startMs + 1));
  const end = { exitCode: command.exitCode ?? 0, signal: 0 };
  later(world, endMs, (timeMs) => {
    if (!pod.isGone) tell(world, pod.node, exitEvent(process, cgroupId, timeMs, end));
  });
  return process;
}

/** What ran on a node before its agent: groups first, so that every process is known by its group. */
export function runningOn(world: World, node: SimNode, timeMs: number): readonly SensorEvent[] {
  const events: SensorEvent[] = [];
  for (const service of [node.containerd, node.kubelet]) {
    const cgroupId = hostGroupId(node, service);
    const path = `/system.slice/${service.comm}.service`;
    events.push({
      type: "cgroup-made",
      timeMs: Math.floor(timeMs),
      process: service.key,
      comm: service.comm,
      cgroupId,
      path,
    });
    events.push(execEvent("running", service, cgroupId, timeMs));
  }
  for (const pod of podsOn(world, node)) {
    if (pod.main === undefined) continue;
    events.push(groupEvent("cgroup-made", pod, timeMs));
    for (const process of [pod.main, ...pod.children]) events.push(execEvent("running", process, pod.cgroupId, timeMs));
  }
  return events;
}

export function hostGroupId(node: SimNode, service: SimProcess): number {
  return service === node.kubelet ? 11 : 12;
}

export function podsOn(world: World, node: SimNode): readonly Pod[] {
  const jobs = world.cronJobs.flatMap((cron) => cron.jobs.flatMap(({ pod }) => (pod === undefined ? [] : [pod])));
  return [...world.apps.flatMap((app) => app.pods), ...jobs].filter((pod) => pod.node === node && !pod.isGone);
}
