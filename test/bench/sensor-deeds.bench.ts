// What file deeds and watched calls cost: per event in the reader, per call at the one who makes it, against nothing attached, paired round by round.
// Needs root and BPF. Run: node test/bench/sensor-deeds.bench.ts
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Sensor, SensorEvent } from "../../src/core/sense/sensor.ts";
import { createKernelSensor } from "../../src/edge/sensor/kernel-sensor.ts";

const run = promisify(execFile);
const loadFixture = fileURLToPath(new URL("../../src/edge/sensor/call-load.fixture.ts", import.meta.url));
const mebibyte = 1024 * 1024;
const openers = 4;
const opensPerOpener = 150_000;
const rounds = 7;
const callsPerRound = 200_000;
const execsPerRound = 300;

interface Load {
  readonly count: number;
  readonly cpuUs: number;
}

function loadAverage(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
}

async function call(what: "open" | "unrelated", count: number, path: string): Promise<Load> {
  const { stdout } = await run(process.execPath, [loadFixture, what, String(count), path]);
  return JSON.parse(stdout) as Load;
}

/** User and system time of the shell's children, in microseconds, as its `times` prints them: "0m1.230s 0m0.450s" in the second line. */
async function execs(count: number): Promise<Load> {
  const { stdout } = await run("/bin/sh", [
    "-c",
    `i=0; while [ $i -lt ${count} ]; do /bin/true; i=$((i+1)); done; times`,
  ]);
  const children = stdout.trim().split("\n").at(-1) ?? "";
  const cpuUs = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1e6,
    0,
  );
  return { count, cpuUs };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Both sides in every round, in turn, so that the machine's other work meets both alike. */
async function paired(name: string, work: () => Promise<Load>): Promise<void> {
  const without: number[] = [];
  const with_: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await work();
    const sensor = await createKernelSensor({ excludedPid: process.pid });
    await sensor.start(() => undefined);
    const seen = await work();
    await sensor.close();
    without.push(bare.cpuUs / bare.count);
    with_.push(seen.cpuUs / seen.count);
  }
  const differences = with_.map((value, index) => value - (without[index] ?? 0));
  console.log(
    `${name}: ${median(without).toFixed(3)} us without, ${median(with_).toFixed(3)} us with, ` +
      `difference ${median(differences).toFixed(3)} us (median of ${rounds} pairs)`,
  );
}

async function untilQuiet(sensor: Sensor): Promise<void> {
  let before = -1;
  for (let looks = 0; looks < 100; looks += 1) {
    const now = sensor.stats().eventsByType["file"] ?? 0;
    if (now - before < 200) return;
    before = now;
    await sleep(200);
  }
}

/** Four processes that open without pause, every open told; their own events are counted apart from those of the machine. */
async function flood(ringLowBytes: number, path: string): Promise<void> {
  const sensor = await createKernelSensor({ ringLowBytes, tellsRepeats: true, excludedPid: process.pid });
  let own = 0;
  await sensor.start((events: readonly SensorEvent[]) => {
    for (const event of events) if (event.type === "file" && event.path === path) own += 1;
  });
  await sleep(500);
  const before = sensor.stats();
  await Promise.all(Array.from({ length: openers }, () => call("open", opensPerOpener, path)));
  await untilQuiet(sensor);
  const { eventsByType, dropsByType, cpuMs } = sensor.stats();
  await sensor.close();
  const total = Object.entries(eventsByType).reduce(
    (sum, [type, count]) => sum + count - (before.eventsByType[type] ?? 0),
    0,
  );
  // Each warms up with 20,000 more.
  const sent = openers * (opensPerOpener + 20_000);
  const dropped = dropsByType["file"] ?? 0;
  console.log(
    `open flood, ring ${ringLowBytes / mebibyte} MiB: opened ${sent}, told ${own}, dropped ${dropped} (of all processes), missing ${sent - own}; ` +
      `reader ${(((cpuMs - before.cpuMs) * 1000) / total).toFixed(3)} us CPU per event of ${total}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "garrison-bench-"));
const path = join(folder, "file");
writeFileSync(path, "");
try {
  console.log(`load average ${loadAverage()}`);
  await flood(16 * mebibyte, path);
  await flood(mebibyte, path);
  await paired("unrelated system call", () => call("unrelated", callsPerRound, path));
  await paired("open and close, de-duplicated", () => call("open", callsPerRound, path));
  await paired("exec", () => execs(execsPerRound));
  console.log(`load average ${loadAverage()}`);
} finally {
  rmSync(folder, { recursive: true });
}
