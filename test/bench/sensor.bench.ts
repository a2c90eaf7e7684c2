// What the kernel sensor costs and loses: CPU per event with every field a JS value in the agent's queue, floods on two ring sizes,
// an exec storm, and doing nothing. Needs root and BPF. Run: node test/bench/sensor.bench.ts
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { boundedQueue } from "../../src/base/bounded-queue.ts";
import type { Sensor, SensorEvent } from "../../src/core/sense/sensor.ts";
import { createKernelSensor } from "../../src/edge/sensor/kernel-sensor.ts";
import { makePrivateCgroup, type PrivateCgroup } from "../../src/edge/sensor/sensor.fixture.ts";

const run = promisify(execFile);
const loadFixture = fileURLToPath(new URL("../../src/edge/sensor/udp-load.fixture.ts", import.meta.url));
const senders = 4;
const sendsPerSender = 150_000;
const execsWanted = 15_000;
const idleSeconds = 10;
const mebibyte = 1024 * 1024;

function loadAverage(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
}

const emptiedEveryMs = 100;

/** A queue like the agent's, emptied ten times a second: what is measured includes handing every event over, and events die as young as there. */
function createSink() {
  const queue = boundedQueue<SensorEvent>(1_000_000);
  const counts = new Map<string, number>();
  const takeAll = (): void => {
    for (const event of queue.take(1_000_000)) counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
  };
  const timer = setInterval(takeAll, emptiedEveryMs);
  return {
    counts,
    [Symbol.dispose]: (): void => clearInterval(timer),
    onBatch: (events: readonly SensorEvent[]): void => {
      for (const event of events) queue.push(event);
    },
  };
}

async function untilQuiet(sensor: Sensor, type: string): Promise<void> {
  let before = -1;
  for (;;) {
    const now = sensor.stats().eventsByType[type] ?? 0;
    if (now === before) return;
    before = now;
    await sleep(200);
  }
}

interface Load {
  readonly sent: number;
  readonly cpuUs: number;
}

/** The senders' own account: four processes at once, each sending to `addresses` destinations in turn. */
async function send(cgroup: PrivateCgroup, addresses: number): Promise<readonly Load[]> {
  const command = `exec "$0" ${loadFixture} 127.0.0.1 9 ${sendsPerSender} 64 ${addresses}`;
  const [shell, flags] = cgroup.inside(command);
  const done = await Promise.all(Array.from({ length: senders }, () => run(shell, [...flags, process.execPath])));
  return done.map(({ stdout }) => JSON.parse(stdout) as Load);
}

function cpuPerSend(loads: readonly Load[]): string {
  const sum = (pick: (load: Load) => number): number => loads.reduce((total, load) => total + pick(load), 0);
  return (sum((load) => load.cpuUs) / sum((load) => load.sent)).toFixed(2);
}

/** Of all types: deeds of the machine's other processes are decoded beside the flood. */
function decodedBy(sensor: Sensor): number {
  return Object.values(sensor.stats().eventsByType).reduce((sum, count) => sum + count, 0);
}

async function udpFlood(
  cgroup: PrivateCgroup,
  ringLowBytes: number,
  addresses: number,
  name = "udp flood",
): Promise<void> {
  const sensor = await createKernelSensor({ cgroupPath: cgroup.path, ringLowBytes, excludedPid: process.pid });
  using sink = createSink();
  await sensor.start(sink.onBatch);
  await sleep(500);
  const decodedBefore = decodedBy(sensor);
  const cpuBefore = process.threadCpuUsage();
  const sensorBefore = sensor.stats().cpuMs;
  const startMs = performance.now();
  const loads = await send(cgroup, addresses);
  const elapsedMs = performance.now() - startMs;
  await untilQuiet(sensor, "udp");
  const cpu = process.threadCpuUsage(cpuBefore);
  const { eventsByType, dropsByType, cpuMs } = sensor.stats();
  const sent = loads.reduce((sum, load) => sum + load.sent, 0);
  const delivered = eventsByType["udp"] ?? 0;
  const dropped = dropsByType["udp"] ?? 0;
  const decoded = decodedBy(sensor) - decodedBefore;
  await sensor.close();
  console.log(
    `${name}, ring ${ringLowBytes / mebibyte} MiB, ${addresses} destinations: sent ${sent}, delivered ${delivered}, dropped ${dropped}, ` +
      `unaccounted ${sent - delivered - dropped}; reader ${(((cpuMs - sensorBefore) * 1000) / decoded).toFixed(3)} us CPU per decoded event (${decoded}), ` +
      `whole thread ${((cpu.user + cpu.system) / decoded).toFixed(3)} us; ${Math.round(sent / (elapsedMs / 1000))} sends/s, ${cpuPerSend(loads)} us CPU/send at the sender`,
  );
}

async function execStorm(): Promise<void> {
  const sensor = await createKernelSensor();
  let seen = 0;
  const shells = new Set<number>();
  await sensor.start((events) => {
    for (const event of events) if (event.type === "exec" && shells.has(event.parent.pid)) seen += 1;
  });
  const cpuBefore = sensor.stats().cpuMs;
  const decodedBefore = decodedBy(sensor);
  const rounds = execsWanted / senders;
  const script = `read go; i=0; while [ $i -lt ${rounds} ]; do /bin/true; i=$((i+1)); done`;
  const children = Array.from({ length: senders }, () =>
    spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "inherit"] }),
  );
  for (const child of children) shells.add(child.pid ?? 0);
  const ended = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  for (const child of children) child.stdin.end("go\n");
  await Promise.all(ended);
  await untilQuiet(sensor, "exec");
  const { eventsByType, dropsByType, cpuMs } = sensor.stats();
  const events = (eventsByType["exec"] ?? 0) + (eventsByType["fork"] ?? 0) + (eventsByType["exit"] ?? 0);
  const decoded = decodedBy(sensor) - decodedBefore;
  await sensor.close();
  console.log(
    `exec storm: ${rounds * senders} execs, ${seen} seen, ${rounds * senders - seen} lost, drops ${JSON.stringify(dropsByType)}; ` +
      `${(((cpuMs - cpuBefore) * 1000) / events).toFixed(1)} us reader CPU per process event, ` +
      `${(((cpuMs - cpuBefore) * 1000) / decoded).toFixed(1)} per decoded event (${decoded}: each program opens files, too)`,
  );
}

async function idle(cgroup: PrivateCgroup): Promise<void> {
  const sensor = await createKernelSensor({ cgroupPath: cgroup.path });
  await sensor.start(() => undefined);
  await sleep(1000);
  const before = process.cpuUsage();
  const eventsBefore = decodedBy(sensor);
  await sleep(idleSeconds * 1000);
  const used = process.cpuUsage(before);
  const events = decodedBy(sensor) - eventsBefore;
  await sensor.close();
  const share = (used.user + used.system) / (idleSeconds * 1e6);
  console.log(
    `idle: ${(share * 100).toFixed(3)} % of a core over ${idleSeconds} s (whole process; ${events} events of others arrived meanwhile)`,
  );
}

/** What the machine's other work costs: all programs, files and calls of it, nothing of our own doing. */
async function mixed(): Promise<void> {
  const sensor = await createKernelSensor({ excludedPid: process.pid });
  await sensor.start(() => undefined);
  await sleep(1000);
  const [cpuBefore, before] = [sensor.stats().cpuMs, decodedBy(sensor)];
  await sleep(idleSeconds * 1000);
  const cpuMs = sensor.stats().cpuMs - cpuBefore;
  const events = decodedBy(sensor) - before;
  await sensor.close();
  console.log(
    `the machine's own traffic: ${events} events in ${idleSeconds} s, ${((cpuMs * 1000) / Math.max(events, 1)).toFixed(1)} us reader CPU per event, ` +
      `${((cpuMs / (idleSeconds * 1000)) * 100).toFixed(2)} % of a core`,
  );
}

console.log(`load average ${loadAverage()}`);
{
  using cgroup = makePrivateCgroup("bench");
  await idle(cgroup);
  console.log(`without the sensor: ${cpuPerSend(await send(cgroup, 1))} us CPU/send at the sender`);
  // What is compiled late must not count for whoever comes first.
  await udpFlood(cgroup, 16 * mebibyte, 1, "warm-up");
  await udpFlood(cgroup, 16 * mebibyte, 1);
  await udpFlood(cgroup, 16 * mebibyte, 50_000);
  await udpFlood(cgroup, mebibyte, 1);
}
await mixed();
await execStorm();
console.log(`load average ${loadAverage()}`);
