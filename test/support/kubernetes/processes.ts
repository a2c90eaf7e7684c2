// Programs of a test cluster as children of the test: output to files, ended with the test even when that is killed.
// A Place is where they run: here, or inside a node's namespaces (node-namespace.ts).
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readdir, readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
/** After SIGTERM, before SIGKILL: an API server with open watches would take a minute. */
const graceMs = 5_000;
const pauseTimeoutMs = 10_000;
const logTailLines = 25;
const outputBytesMax = 16 * 1024 * 1024;

export interface ProgramToStart {
  /** For the log file and messages. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

export interface Daemon {
  readonly name: string;
  /** Process id on the host. */
  readonly pid: number;
  isRunning(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** SIGSTOP; resolves when the kernel has stopped every thread, so that nothing is answered any more. */
  pause(): Promise<void>;
  /** SIGCONT and SIGTERM, SIGKILL after 5 s; resolves when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
}

export interface Place {
  readonly start: (wanted: ProgramToStart) => Promise<Daemon>;
  /** Runs to the end; returns the standard output. Rejects with the standard error in the message. */
  readonly run: (program: string, args: readonly string[]) => Promise<string>;
}

/** This process's own namespaces. Logs go to `folder`/logs. */
export function hostPlace(folder: string): Place {
  return {
    run: runHere,
    async start(wanted) {
      const child = await startLogged(folder, wanted, withDeathSignal(wanted.program, wanted.args));
      return daemonOf(wanted.name, child, child.pid ?? 0);
    },
  };
}

export async function runHere(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, [...args], { maxBuffer: outputBytesMax });
  return stdout;
}

/** The kernel ends the program when this process goes, however that happens. */
function withDeathSignal(program: string, args: readonly string[]): readonly string[] {
  const setpriv = "/usr/bin/setpriv";
  return existsSync(setpriv) ? [setpriv, "--pdeathsig", "KILL", "--", program, ...args] : [program, ...args];
}

/** Spawns `command` with its output appended to the program's log file. */
export async function startLogged(
  folder: string,
  wanted: ProgramToStart,
  command: readonly string[],
): Promise<ChildProcess> {
  await mkdir(join(folder, "logs"), { recursive: true });
  const log = await open(logPath(folder, wanted.name), "a", 0o600);
  try {
    const [program = "", ...args] = command;
    const child = spawn(program, args, { stdio: ["ignore", log.fd, log.fd], cwd: folder });
    await once(child, "spawn");
    return child;
  } finally {
    await log.close();
  }
}

export function daemonOf(name: string, child: ChildProcess, pid: number): Daemon {
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  function signal(which: NodeJS.Signals): void {
    if (!isRunning()) return;
    try {
      process.kill(pid, which);
    } catch (thrown) {
      // It ended, and the event that says so is on its way.
      if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
    }
    // nsenter stops itself when its program is stopped.
    if (which === "SIGCONT") child.kill(which);
  }
  async function stop(): Promise<void> {
    if (!isRunning()) return;
    const ended = once(child, "exit");
    // Before the wait: a paused program does not see SIGTERM.
    signal("SIGCONT");
    signal("SIGTERM");
    const late = setTimeout(() => signal("SIGKILL"), graceMs);
    await ended;
    clearTimeout(late);
  }
  async function kill(): Promise<void> {
    if (!isRunning()) return;
    const ended = once(child, "exit");
    signal("SIGKILL");
    // A stopped nsenter would not see that its program is gone.
    signal("SIGCONT");
    await ended;
  }
  async function pause(): Promise<void> {
    signal("SIGSTOP");
    await until(`${name} is stopped`, pauseTimeoutMs, async () => ((await isStopped(pid)) ? true : undefined));
  }
  return { name, pid, isRunning, signal, pause, stop, kill };
}

/** State T of every thread in proc(5); where there is no /proc, the signal must do. */
async function isStopped(pid: number): Promise<boolean> {
  if (process.platform !== "linux") return true;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
    if (!/\) [Tt] /.test(stat)) return false;
  }
  return true;
}

export function logPath(folder: string, name: string): string {
  return join(folder, "logs", `${name}.log`);
}

/** The last lines of a program's log; "" when it has none. */
export async function tailOfLog(folder: string, name: string): Promise<string> {
  try {
    return (await readFile(logPath(folder, name), "utf8")).split("\n").slice(-logTailLines).join("\n");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw thrown;
  }
}

/** Polls until `probe` gives something else than undefined. Throws with `what` after `timeoutMs`; a rejection of the probe ends it. */
export async function until<T>(what: string, timeoutMs: number, probe: () => Promise<T | undefined>): Promise<T> {
  const startedMs = performance.now();
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 500)) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() - startedMs > timeoutMs) throw new Error(`${what}: not so after ${timeoutMs} ms`);
    await wait(pauseMs);
  }
}
