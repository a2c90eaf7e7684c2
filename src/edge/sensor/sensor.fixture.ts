// Shared by the sensor's tests: a private child cgroup and network namespace, and a recorder that waits for events of the test's own doing.
import { execFileSync, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { cgroupMount } from "./proc.ts";

/** Whether this machine lets the kernel sensor run; the reason when not. */
export async function kernelSensorMissing(): Promise<string> {
  try {
    const sensor = await createKernelSensor({ ringHighBytes: 65_536, ringLowBytes: 65_536 });
    await sensor.close();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface PrivateCgroup extends Disposable {
  readonly path: string;
  /** A shell command line that first moves into the cgroup. */
  inside(command: string): readonly [string, readonly string[]];
}

/** A child of the v2 hierarchy's root; removed when disposed, after its processes were waited for. */
export function makePrivateCgroup(name: string): PrivateCgroup {
  const mount = cgroupMount("/proc");
  if (mount === undefined) throw new Error("no cgroup v2 hierarchy is mounted");
  const path = `${mount}/garrison-test-${name}-${process.pid}`;
  mkdirSync(path);
  return {
    path,
    inside: (command) => ["/bin/sh", ["-c", `echo $$ > ${path}/cgroup.procs; ${command}`]],
    [Symbol.dispose]: () => {
      for (const pid of readFileSync(`${path}/cgroup.procs`, "utf8").split("\n").filter(Boolean)) {
        writeFileSync(`${mount}/cgroup.procs`, pid);
      }
      rmdirSync(path);
    },
  };
}

export interface Ran {
  readonly pid: number;
  /** Exit code; null when a signal ended it. */
  readonly status: number | null;
  readonly stderr: string;
}

/** Runs a program to its end while the sensor goes on reading: other tests fill its ring meanwhile. Its output goes nowhere. */
export async function run(command: string, given: readonly string[] = [], options: SpawnOptions = {}): Promise<Ran> {
  const child = spawn(command, given, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  return { pid: child.pid ?? 0, status: child.exitCode, stderr };
}

export interface PrivateNetwork extends Disposable {
  readonly name: string;
}

/** A network namespace with its loopback up. */
export function makePrivateNetwork(label: string): PrivateNetwork {
  const name = `garrison-${label}-${process.pid}`;
  execFileSync("ip", ["netns", "add", name]);
  execFileSync("ip", ["-n", name, "link", "set", "lo", "up"]);
  return { name, [Symbol.dispose]: () => void execFileSync("ip", ["netns", "delete", name]) };
}

type EventOf<Type, Event = SensorEvent> = Event extends { readonly type: infer Own }
  ? Type extends Own
    ? Event
    : never
  : never;

export interface Recorder {
  readonly events: SensorEvent[];
  readonly onBatch: (events: readonly SensorEvent[]) => void;
  /** The first event that matches, waiting up to half a minute; throws with what was seen of that type. */
  find<Type extends SensorEvent["type"]>(
    type: Type,
    matches: (event: EventOf<Type>) => boolean,
  ): Promise<EventOf<Type>>;
}

const waitMsMax = 30_000;

/** `losses`: of its sensor, told where an event did not come. */
export function createRecorder(losses: () => unknown = () => "not known"): Recorder {
  const events: SensorEvent[] = [];
  return {
    events,
    onBatch: (batch) => {
      for (const event of batch) events.push(event);
    },
    async find(type, matches) {
      for (let waitedMs = 0; waitedMs < waitMsMax; waitedMs += 20) {
        for (const event of events) {
          if (event.type !== type) continue;
          const narrowed = event as EventOf<typeof type>;
          if (matches(narrowed)) return narrowed;
        }
        await sleep(20);
      }
      throw new Error(
        `no ${type} event matched; seen ${events.filter((event) => event.type === type).length} of that type; lost: ${JSON.stringify(losses())}`,
      );
    },
  };
}
