// CPU per event of the process table: a storm of fork, exec, exit with one cgroup read each, and the attribution that every flow event needs.
import { createProcessTable } from "../../src/core/process/process-table.ts";

const table = createProcessTable({ bootId: "ddaa07dc-854a-455c-9fc2-a4836faadb8c", bootTimeMs: 0 });
const lines = `9:name=systemd:/\n8:pids:/kubepods/burstable/pod5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8/${"f75a".repeat(16)}\n0::/\n`;
const parent = { pid: 1, startMs: 5 };
const common = { comm: "sh", cgroupId: 1, parent, uid: 0, gid: 0 };

function life(pid: number, startMs: number): void {
  const process = { pid, startMs };
  table.observe({ ...common, type: "fork", timeMs: startMs, process });
  table.observe({
    ...common,
    type: "exec",
    timeMs: startMs,
    process,
    capabilities: 0,
    path: "/bin/sh",
    arguments: [],
    argumentsCut: false,
    workingDirectory: "/",
  });
  if (table.needsCgroup(process)) table.cgroupRead(process, lines);
  table.attribute(process);
  table.observe({ type: "exit", timeMs: startMs + 2, process, comm: "sh", cgroupId: 1, exitCode: 0, signal: 0 });
}

function measure(rounds: number, body: (round: number) => void): number {
  for (let round = 0; round < rounds / 10; round++) body(round);
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) body(round + rounds);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / rounds;
}

const lives = measure(300_000, (round) => {
  life(100 + (round % 30_000), round);
  if (round % 1000 === 0) table.expire(round);
});
const hot = Array.from({ length: 2000 }, (_, index) => ({ pid: 200_000 + index, startMs: index }));
for (const key of hot) {
  table.observe({ ...common, type: "fork", timeMs: 1, process: key });
  table.cgroupRead(key, lines);
}
const attributions = measure(3_000_000, (round) => {
  table.attribute(hot[round % hot.length] ?? parent);
});
const { processes, evictedLiving, evictedEnded } = table.stats();
console.log(
  `process table: ${lives.toFixed(2)} us CPU per process life (fork, exec, cgroup, attribution, exit), ${attributions.toFixed(3)} us per attribution`,
);
console.log(
  `process table: ${processes} held, ${evictedLiving} living and ${evictedEnded} ended pushed out, rss ${Math.round(process.memoryUsage().rss / 1e6)} MB`,
);
