// Resident memory of the agent as `garrison up` starts it, with Falco's rules and 10,000 live processes: before, with and after them, and what it is made of.
// Needs root and BPF. Run: node test/bench/agent-memory.bench.ts [PROCESSES]. Takes about a minute and a half.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentConfig } from "../../src/apps/agent/config.ts";
import { supervisedVariable } from "../../src/apps/cli/commands/run.ts";
import { runtimeFlagsOf } from "../../src/apps/cli/runtime-flags.ts";
import { formatJoinToken } from "../../src/edge/trust/join-token.ts";
import { openFakeDoor } from "../support/fake-door.ts";

const wanted = Number(process.argv[2] ?? 10_000);
const entry = join(import.meta.dirname, "../../bin/garrison.js");
const rules = join(import.meta.dirname, "../../../shared/data/falco-rules");
const goalMib = 150;
const batch = 100;

function loadAverage(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
}

function residentMib(pid: number): { readonly total: number; readonly text: string } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  const total = field("VmRSS");
  const parts = `anonymous ${field("RssAnon").toFixed(0)}, files and rings ${field("RssFile").toFixed(0)}, peak ${field("VmHWM").toFixed(0)}`;
  return { total, text: `${total.toFixed(0)} MiB (${parts})` };
}

/** Resident MiB by what it is: the program's files, rings, the C library's heap, and the rest without a name (V8's heap, buffers, stacks). */
function partsOf(pid: number): string {
  const kibs = new Map<string, number>();
  let part = "";
  for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line)?.[1];
    if (mapping !== undefined) {
      part = mapping.startsWith("/") ? "files" : mapping.startsWith("anon_inode:") ? "rings" : mapping || "unnamed";
    }
    const kib = /^Rss: +(\d+) kB/.exec(line)?.[1];
    if (kib !== undefined) kibs.set(part, (kibs.get(part) ?? 0) + Number(kib));
  }
  const large = [...kibs].filter(([, kib]) => kib >= 1024).toSorted(([, one], [, other]) => other - one);
  return large.map(([name, kib]) => `${name} ${(kib / 1024).toFixed(0)}`).join(", ");
}

/** One shell in a cgroup of its own that starts sleepers in small batches. */
function startSleepers(cgroup: string, count: number): ChildProcess {
  // In turn, each shell ends when its hundred are started: a shell looks through all its jobs at each start.
  const few = `j=0; while [ $j -lt ${batch} ]; do busybox sleep 900 & j=$((j+1)); done`;
  const loop = `echo $$ > ${cgroup}/cgroup.procs; i=0; while [ $i -lt ${count} ]; do (${few}); i=$((i+${batch})); busybox usleep 50000; done; echo started; wait`;
  return spawn("/bin/sh", ["-c", loop], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Every process in the cgroup is one that this bench started. */
async function endSleepers(cgroup: string): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    const pids = readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
    if (pids.length === 0) break;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await sleep(200);
  }
  rmdirSync(cgroup);
}

const unified = existsSync("/sys/fs/cgroup/unified/cgroup.procs") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
const cgroup = join(unified, `garrison-bench-${process.pid}`);
const root = mkdtempSync(join(tmpdir(), "garrison-agent-memory-"));
const door = await openFakeDoor({ folder: join(root, "pki") });
const config = AgentConfig.parse({
  data: root,
  server: { address: door.url.host },
  join: { token: formatJoinToken(door.token) },
  policy: { enforce: "never" },
  detect: existsSync(rules) ? { rules } : {},
});

/** Resolves when it watches. Compiled code is kept in the folder, as `garrison up` keeps it: the second start is the usual one. */
async function startAgent(): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const agent = spawn(process.execPath, [...runtimeFlagsOf("agent"), entry, "run", "agent"], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, [supervisedVariable]: "1", NODE_COMPILE_CACHE: join(root, "code") },
  });
  const ended = once(agent, "exit");
  agent.send(config);
  await once(agent, "message");
  return {
    pid: agent.pid ?? 0,
    async stop() {
      agent.kill("SIGTERM");
      await ended;
    },
  };
}

mkdirSync(cgroup);
const warming = await startAgent();
await warming.stop();
const agent = await startAgent();
try {
  const { pid } = agent;
  console.log(`load average ${loadAverage()}, Falco's rules ${existsSync(rules) ? "loaded" : "absent"}`);
  await sleep(15_000);
  console.log(`ready for 15 s: ${residentMib(pid).text}\n  ${partsOf(pid)}`);
  const sleepers = startSleepers(cgroup, wanted);
  await once(sleepers.stdout as NodeJS.ReadableStream, "data");
  const live = readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n").filter(Boolean).length - 1;
  for (let second = 0; second <= 15; second += 15) {
    const { total, text } = residentMib(pid);
    console.log(
      `${live} more live processes for ${second} s: ${text}, ${total <= goalMib ? "met" : "missed"} (${goalMib})\n  ${partsOf(pid)}`,
    );
    await sleep(15_000);
  }
  await endSleepers(cgroup);
  await sleep(15_000);
  console.log(`they ended 15 s ago: ${residentMib(pid).text}`);
  const counters = door.reports.at(-1)?.counters;
  console.log(
    `events ${JSON.stringify(counters?.eventsByType)}, lost ${JSON.stringify(counters?.ringDropsByType)}, load ${loadAverage()}`,
  );
} finally {
  if (existsSync(cgroup)) await endSleepers(cgroup);
  await agent.stop();
  await door.stop();
  rmSync(root, { recursive: true, force: true });
}
