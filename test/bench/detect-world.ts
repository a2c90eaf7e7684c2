// A busy machine for the detection bench: thousands of processes in containers and outside, tens of thousands of files, made from a seed.
import type { DetectMachine, DetectSubject } from "../../src/core/detect/contract.ts";
import { unknownSubject } from "../../src/core/detect/blank-event.ts";
import type { FileDeedEvent } from "../../src/core/sense/deed-events.ts";
import type { ExecEvent, ProcessKey, SensorEvent } from "../../src/core/sense/sensor.ts";

/** A small generator of our own: the same world each time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

export const benchMachine: DetectMachine = {
  hostname: "bench",
  bootMs: 0,
  userName: (uid) => (uid === 0 ? "root" : undefined),
  groupName: () => undefined,
};

const init: ProcessKey = { pid: 1, startMs: 0 };

export const beginMs = 1_795_000_000_000;

export const programs = [
  ["/usr/sbin/nginx", "nginx", "-g", "daemon off;"],
  ["/usr/bin/node", "node", "server.js", "--port", "8080"],
  ["/usr/bin/python3.11", "python3", "-m", "gunicorn", "app:app", "--workers", "4"],
  ["/usr/bin/java", "java", "-Xmx512m", "-jar", "/app/app.jar"],
  ["/usr/bin/postgres", "postgres", "-D", "/var/lib/postgresql/data"],
  ["/usr/bin/redis-server", "redis-server", "*:6379"],
  ["/bin/sh", "sh", "-c", "sleep 5 && curl -s localhost:8080/healthz"],
  ["/usr/bin/curl", "curl", "-s", "localhost:8080/healthz"],
  ["/bin/cat", "cat", "/app/config.yaml"],
  ["/usr/bin/git", "git", "fetch", "--all"],
] as const;

export const directories = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/python3.11/site-packages/app",
  "/app/node_modules/express/lib",
  "/app/src",
  "/tmp",
  "/var/lib/postgresql/data/base/16384",
  "/proc/self",
  "/etc",
  "/etc/ssl/certs",
  "/var/log/app",
  "/home/app/.cache",
  "/sys/fs/cgroup",
] as const;

export interface World {
  readonly starts: readonly ExecEvent[];
  readonly opens: readonly FileDeedEvent[];
  readonly execs: readonly ExecEvent[];
  subjectOf(key: ProcessKey, cgroupId: number): DetectSubject;
}

export interface WorldSize {
  readonly processes: number;
  readonly paths: number;
  readonly opens: number;
  readonly execs: number;
}

/** Every tenth open writes; four of five processes are in one of 200 containers. */
export function makeWorld({ processes, paths, opens, execs }: WorldSize): World {
  const random = seeded(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const starts: ExecEvent[] = [];
  for (let index = 0; index < processes; index += 1) {
    const parent = starts[Math.floor(random() * Math.min(index, 50))]?.process ?? init;
    starts.push(execOf(100 + index, pick(programs), parent, random));
  }
  const files = Array.from({ length: paths }, (_, index) => fileOf(index, pick));
  const openEvents = Array.from({ length: opens }, (_, index) =>
    openOf(pick(starts), pick(files), { index, isWrite: random() < 0.1 }),
  );
  const shells = starts.filter(isShell);
  const execEvents = Array.from({ length: execs }, (_, index) =>
    execOf(20_000 + (index % 30_000), pick(programs), pick(shells).process, random),
  );
  const subjects = new Map<number, DetectSubject>();
  return {
    starts,
    opens: openEvents,
    execs: execEvents,
    subjectOf(_, cgroupId) {
      const known = subjects.get(cgroupId);
      if (known !== undefined) return known;
      const made = subjectOfGroup(cgroupId);
      subjects.set(cgroupId, made);
      return made;
    },
  };
}

function fileOf(index: number, pick: <T>(list: readonly T[]) => T): string {
  return `${pick(directories)}/file-${index}.${pick(["so", "js", "py", "conf", "pem", "log"])}`;
}

/** Who executes others: a server that did would be a detection, and those are rare. */
export function isShell({ path }: ExecEvent): boolean {
  return path === "/bin/sh";
}

export function openOf(
  { process, comm, cgroupId }: Pick<ExecEvent, "process" | "comm" | "cgroupId">,
  path: string,
  { index, isWrite }: { readonly index: number; readonly isWrite: boolean },
): FileDeedEvent {
  return {
    type: "file",
    deed: "open",
    call: "openat",
    way: "syscall",
    timeMs: beginMs + index,
    process,
    comm,
    cgroupId,
    path,
    requestedPath: path,
    targetPath: "",
    flags: isWrite ? 0o1101 : 0o2000000,
    mode: 0o644,
    device: 1,
    inode: index,
    error: 0,
    isUpper: false,
    count: 1,
  };
}

function subjectOfGroup(cgroupId: number): DetectSubject {
  const isContainer = cgroupId % 5 !== 0;
  const subject = {
    ...unknownSubject.subject,
    namespace: isContainer ? "shop" : "host",
    workload: `workload-${cgroupId}`,
    identityReason: "",
  };
  return isContainer
    ? {
        subject: {
          ...subject,
          containerId: `${cgroupId}`.padStart(64, "a"),
          container: "main",
          pod: `pod-${cgroupId}`,
          image: "docker.io/library/shop:1.2",
        },
        isPending: false,
        isContainer: true,
        isPrivileged: false,
        mounts: [],
      }
    : { subject, isPending: false, isContainer: false };
}

export function execOf(
  pid: number,
  [path, ...words]: readonly [string, ...string[]],
  parent: ProcessKey,
  random: () => number,
): ExecEvent {
  return {
    type: "exec",
    timeMs: beginMs,
    process: { pid, startMs: Math.floor(random() * 1e9) },
    parent,
    comm: (path.split("/").at(-1) ?? "").slice(0, 15),
    cgroupId: 1 + (pid % 250),
    uid: pid % 3 === 0 ? 0 : 1000,
    gid: 1000,
    capabilities: 0,
    path,
    arguments: words,
    argumentsCut: false,
    workingDirectory: "/app",
    facts: {
      device: 1,
      inode: pid,
      fileModifiedMs: 1,
      fileChangedMs: 1,
      isFileless: false,
      isUpper: false,
      mountNamespace: 1,
      pidNamespace: 1,
      innerPid: pid,
      processGroup: pid,
      session: pid,
      loginUid: 4_294_967_295,
      terminal: 0,
      capabilitiesPermitted: 0,
      capabilitiesInheritable: 0,
      seccompMode: 2,
      script: "",
    },
  };
}

/** Of a table of the decoder's size: what is not found there is made from its bytes, as the decoder does. */
const stringSlots = 4096;

/** Copies of events with texts as the decoder makes them: flat, and the same one again only while it stands in its table. */
export function createDecoding(): (event: SensorEvent) => SensorEvent {
  const table: (string | undefined)[] = Array.from({ length: stringSlots });
  function textOf(text: string): string {
    let hash = text.length;
    for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
    const slot = (hash >>> 7) & (stringSlots - 1);
    const known = table[slot];
    if (known === text) return known;
    const made = Buffer.from(text).toString("utf8");
    table[slot] = made;
    return made;
  }
  return (event) => {
    if (event.type === "file") {
      const path = textOf(event.path);
      const requestedPath = event.requestedPath === event.path ? path : textOf(event.requestedPath);
      return { ...event, path, requestedPath };
    }
    if (event.type !== "exec") return { ...event };
    // Of each execution the decoder makes all texts anew.
    const anew = (text: string): string => Buffer.from(text).toString("utf8");
    return {
      ...event,
      process: { ...event.process },
      path: anew(event.path),
      workingDirectory: anew(event.workingDirectory),
      arguments: event.arguments.map(anew),
    };
  };
}

/** All events of the world as a batch at a time, as a sensor gives them. */
export function batchesOf(events: readonly SensorEvent[], size = 1000): readonly (readonly SensorEvent[])[] {
  return Array.from({ length: Math.ceil(events.length / size) }, (_, index) =>
    events.slice(index * size, (index + 1) * size),
  );
}
