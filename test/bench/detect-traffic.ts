// Mixed traffic of a machine for the detection bench, in the proportions that the sensor told of one that builds and tests (40 s, 30,000 events), with more sockets.
import type { CallEvent, FileDeed, FileDeedEvent } from "../../src/core/sense/deed-events.ts";
import type { ExecEvent, ExitEvent, ForkEvent, SensorEvent, UdpEvent } from "../../src/core/sense/sensor.ts";
import { beginMs, directories, execOf, isShell, openOf, programs, seeded, type World } from "./detect-world.ts";

/** Parts of 1000 events. A third of the opens is of paths never seen before. */
const parts = [
  ["open", 620],
  ["create", 100],
  ["rename", 100],
  ["life", 60],
  ["connect", 40],
  ["udp", 40],
  ["unlink", 20],
  ["socket", 20],
] as const;

/** Five of six events are of the process that the event before was of. */
const sameProcess = 5 / 6;
const knownFiles = 5000;

type Doer = Pick<ExecEvent, "process" | "comm" | "cgroupId">;

/** Events without end: ask for as many as are needed. Short lives (fork, exec, then their deeds, exit) beside the world's processes. */
export function* mixedTraffic({ starts }: World): Generator<SensorEvent> {
  const random = seeded(11);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const files = Array.from({ length: knownFiles }, (_, index) => `${pick(directories)}/known-${index}.so`);
  const shells = starts.filter(isShell);
  let doer: Doer = starts[0] as Doer;
  let living: ExecEvent | undefined;
  let pid = 100_000;
  for (let index = 0; ; index += 1) {
    const timeMs = beginMs + index;
    const at = (events: readonly SensorEvent[]): readonly SensorEvent[] =>
      events.map((event) => ({ ...event, timeMs }));
    if (random() >= sameProcess) doer = living !== undefined && random() < 0.5 ? living : pick(starts);
    const what = kindOf(random());
    if (what === "life") {
      if (living !== undefined) yield* at([exitOf(living)]);
      const parent = pick(shells);
      pid += 1;
      living = execOf(pid, pick(programs), parent.process, random);
      living = { ...living, timeMs, cgroupId: parent.cgroupId };
      yield* at([forkOf(living, parent)]);
      yield living;
      doer = living;
    } else {
      const path = random() < 2 / 3 ? pick(files) : `${pick(directories)}/new-${index}.tmp`;
      yield* at([deedOf(what, doer, { path, index })]);
    }
  }
}

function kindOf(chance: number): (typeof parts)[number][0] {
  let left = chance * 1000;
  for (const [kind, part] of parts) {
    left -= part;
    if (left < 0) return kind;
  }
  return "open";
}

function deedOf(
  kind: Exclude<(typeof parts)[number][0], "life">,
  doer: Doer,
  { path, index }: { readonly path: string; readonly index: number },
): SensorEvent {
  const open = openOf(doer, path, { index, isWrite: index % 10 === 0 });
  switch (kind) {
    case "open":
      return open;
    case "create":
      return fileDeed(open, "create", "openat");
    case "rename":
      return { ...fileDeed(open, "rename", "rename"), targetPath: `${path}.old` };
    case "unlink":
      return fileDeed(open, "unlink", "unlinkat");
    case "connect":
    case "socket":
      return callOf(doer, kind, index);
    case "udp":
      return udpOf(doer, index);
  }
}

function fileDeed(open: FileDeedEvent, deed: FileDeed, call: string): FileDeedEvent {
  return { ...open, deed, call };
}

function tupleOf(index: number) {
  return {
    localAddress: "10.0.0.5",
    localPort: 32_768 + (index % 20_000),
    remoteAddress: `10.0.${index % 8}.${index % 200}`,
    remotePort: index % 3 === 0 ? 443 : 5432,
  };
}

function callOf({ process, comm, cgroupId }: Doer, call: "connect" | "socket", index: number): CallEvent {
  const tuple = call === "connect" ? tupleOf(index) : undefined;
  return {
    type: "call",
    call,
    way: "syscall",
    timeMs: 0,
    process,
    comm,
    cgroupId,
    arguments: [2, 1, 0],
    result: call === "connect" ? 0 : 7,
    text: "",
    descriptor: { number: 7, kind: "ipv4", protocol: "tcp", path: "", tuple },
    credentials: undefined,
    count: 1,
  };
}

function udpOf({ process, comm, cgroupId }: Doer, index: number): UdpEvent {
  return {
    type: "udp",
    timeMs: 0,
    process,
    comm,
    cgroupId,
    ...tupleOf(index),
    remotePort: 53,
    direction: "outbound",
    bytes: 60,
    packets: 1,
  };
}

function forkOf({ process, cgroupId, uid, gid }: ExecEvent, parent: ExecEvent): ForkEvent {
  return { type: "fork", timeMs: 0, process, parent: parent.process, comm: parent.comm, cgroupId, uid, gid };
}

function exitOf({ process, comm, cgroupId }: ExecEvent): ExitEvent {
  return { type: "exit", timeMs: 0, process, comm, cgroupId, exitCode: 0, signal: 0 };
}
