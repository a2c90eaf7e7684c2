// A node's sensing and detecting as the agent puts it together, without a server: the kernel's sensor, the pipeline and the rules; rows of detections come back.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AgentConfig } from "../../src/apps/agent/config.ts";
import type { DetectSide } from "../../src/apps/agent/detect/detect-side.ts";
import { openDetect } from "../../src/apps/agent/detect/open-detect.ts";
import { createPipeline } from "../../src/apps/agent/pipeline.ts";
import { createVisibilityBook } from "../../src/apps/agent/visibility.ts";
import type { SensorEvent } from "../../src/core/sense/sensor.ts";
import { readCgroupFile } from "../../src/edge/proc/cgroup-file.ts";
import { readMachine } from "../../src/edge/proc/machine.ts";
import { createKernelSensor } from "../../src/edge/sensor/kernel-sensor.ts";
import type { Row } from "../../src/model/table.ts";

/** The rule files of others, read from where they are kept beside the project. */
export const falcoRules = join(import.meta.dirname, "../../../shared/data/falco-rules");

export interface DetectingNode {
  readonly detect: DetectSide;
  readonly rows: readonly Row<"security_events">[];
  /** Every process that this one started, by what the kernel told; itself too. */
  descendantsOf(pid: number): ReadonlySet<number>;
  /** Resolves when the sensor has told of all that happened before the call. */
  caughtUp(): Promise<void>;
  /** What the sensor lost so far, of anybody's events, by type. */
  losses(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const markFolder = "/nowhere/garrison-mark-";
const caughtUpMsMax = 60_000;

/** `onAnything`: every event and every row of any table. Opens the kernel's sensor; packets and sockets are seen in the given v2 cgroup only. Rejects with a Fault where the kernel refuses. */
export async function openDetectingNode(
  cgroupPath: string,
  rules: string,
  onAnything: (rowOrEvent: unknown) => void = () => undefined,
): Promise<DetectingNode> {
  const sensor = await createKernelSensor({ cgroupPath, excludedPid: process.pid });
  const machine = readMachine("/proc");
  const rows: Row<"security_events">[] = [];
  const config = AgentConfig.parse({ data: "/nowhere", detect: { rules, cpuShare: 1 } });
  const detect = await openDetect(config, {
    sensor,
    sensorDown: "",
    bootTimeMs: machine.bootTimeMs,
    onDetection: (detection) => pipeline.detected(detection),
    // All of the machine is one workload: what others do there must not keep back what the test does.
    limits: { rateBurst: Number.MAX_SAFE_INTEGER },
  });
  const pipeline = createPipeline({
    machine,
    fidelity: sensor.fidelity,
    windowMs: 60_000,
    rowsPerWindowMax: 100_000,
    visibility: createVisibilityBook("test"),
    containers: undefined,
    containersBecause: "no container runtime is asked in this test",
    readCgroup: (pid) => readCgroupFile("/proc", pid),
    outbox: {
      push(table, row) {
        onAnything(row);
        if (table === "security_events") rows.push(row as Row<"security_events">);
      },
    },
    detect,
  });
  const parents = new Map<number, number>();
  const told = new Set<number>();
  const opened = new Set<string>();
  await sensor.start((events: readonly SensorEvent[]) => {
    pipeline.take(events);
    for (const event of events) {
      onAnything(event);
      if (event.type === "fork") parents.set(event.process.pid, event.parent.pid);
      if (event.type === "exit") told.add(event.process.pid);
      if (event.type === "file" && event.requestedPath.startsWith(markFolder)) opened.add(event.requestedPath);
    }
  });
  const timer = setInterval(() => pipeline.tick(Date.now()), 100);
  return {
    detect,
    rows,
    descendantsOf(pid) {
      const found = new Set([pid]);
      for (const [child] of parents) {
        const chain = [child];
        for (let at = parents.get(child); at !== undefined && chain.length < 64; at = parents.get(at)) chain.push(at);
        if (chain.includes(pid)) found.add(child);
      }
      return found;
    },
    async caughtUp() {
      // A process of our own marks the place in both rings: its end in one, a name that it asks for in the other.
      const mark = `${markFolder}${randomUUID()}`;
      const child = spawn("/bin/cat", [mark], { stdio: "ignore" });
      const endMs = Date.now() + caughtUpMsMax;
      while (!told.has(child.pid ?? 0) || !opened.has(mark)) {
        if (Date.now() > endMs) throw new Error("the sensor did not tell of a process that ended long ago");
        await pause(20);
      }
      pipeline.tick(Date.now());
    },
    losses: () => sensor.stats().dropsByType,
    async close() {
      clearInterval(timer);
      await sensor.close();
    },
  };
}
