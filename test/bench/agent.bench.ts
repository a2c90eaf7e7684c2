// The whole agent as a process on this machine's kernel, against a door in this process: CPU per event under a flood of datagrams (sensor,
// pipeline, blocks, spool and uplink together), losses counted exactly, idle CPU, resident memory. Needs root and BPF; says so otherwise.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentReport } from "../../src/model/agent-protocol.ts";
import { formatJoinToken } from "../../src/edge/trust/join-token.ts";
import { openFakeDoor, type FakeDoor } from "../support/fake-door.ts";

const senders = 4;
const sendsEach = 150_000;
const load = join(import.meta.dirname, "../../src/edge/sensor/udp-load.fixture.ts");
const agent = join(import.meta.dirname, "../../src/apps/agent/agent-process.fixture.ts");

function residentMb(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return `${field("VmRSS")} MiB (anonymous ${field("RssAnon")}, files and rings ${field("RssFile")}; peak ${field("VmHWM")})`;
}

/** User and system time of a process in milliseconds (ticks of 10 ms). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function newReport(door: FakeDoor): Promise<AgentReport> {
  const before = door.reports.length;
  while (door.reports.length < before + 2) await sleep(100);
  return door.reports.at(-1) as AgentReport;
}

async function run(name: string, sensor: object): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "garrison-agent-bench-"));
  const door = await openFakeDoor({ folder: join(root, "pki") });
  const token = formatJoinToken(door.token);
  const config = { data: root, server: { address: door.url.host }, join: { token }, sensor };
  const child: ChildProcess = spawn(process.execPath, [agent, JSON.stringify(config)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout as NodeJS.ReadableStream, "data");
    const pid = child.pid ?? 0;
    const first = await newReport(door);
    console.log(`${name}: fidelity ${first.fidelity} ${first.fidelityBecause}`);
    const idleFrom = cpuMs(pid);
    await sleep(10_000);
    console.log(
      `  idle: ${((cpuMs(pid) - idleFrom) / 100).toFixed(2)} % of a core over 10 s, resident ${residentMb(pid)}`,
    );
    const before = await newReport(door);
    const cpuFrom = cpuMs(pid);
    const loads = Array.from({ length: senders }, () =>
      spawn(process.execPath, [load, "127.0.0.1", "9", String(sendsEach), "64"], { stdio: "ignore" }),
    );
    await Promise.all(loads.map((one) => once(one, "exit")));
    await sleep(1000);
    const used = cpuMs(pid) - cpuFrom;
    const after = await newReport(door);
    const seen = (after.counters.eventsByType["udp"] ?? 0) - (before.counters.eventsByType["udp"] ?? 0);
    const lost = (after.counters.ringDropsByType["udp"] ?? 0) - (before.counters.ringDropsByType["udp"] ?? 0);
    console.log(
      `  ${senders * sendsEach} sends: ${seen} seen, ${lost} counted as lost, ${((used * 1000) / seen).toFixed(2)} us CPU per event`,
    );
    console.log(
      `  after the load: resident ${residentMb(pid)}, blocks ${door.blocks.length}, queue drops ${after.counters.queueDrops}`,
    );
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
    await door.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

await run("default ring", {});
await run("1 MiB ring", { ringBytes: 1024 * 1024 });
