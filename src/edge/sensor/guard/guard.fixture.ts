// Shared by the guard's tests: short forms of rules, and a child process in a private cgroup whose end says what was done to it.
import { spawnSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { CompiledChoice, CompiledPolicy, Guard, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import { makePrivateCgroup } from "../sensor.fixture.ts";
import { probeGuard } from "./load-guard.ts";
import { openGuard } from "./open-guard.ts";

export const nothing: CompiledPolicy = { paths: [], files: [], addresses: [], points: [], sources: [] };

export function choices(rule: number, more: Partial<CompiledChoice> = {}): readonly CompiledChoice[] {
  const plain = { isWriteOnly: false, isOwnerExempt: false, directBytes: 0, sources: 0 } as const;
  return [{ rule, action: "block", ...plain, ...more }];
}

/** Whether this machine lets the guard's base object run; the reason when not. */
export function guardMissing(): string {
  const { kill, cgroup } = probeGuard();
  return kill || cgroup;
}

export interface Ended {
  readonly output: string;
  /** 128 + signal when a signal ended it, as shells say. */
  readonly code: number;
}

/** Runs a shell line inside the cgroup; `code` is of the line's last command. */
export function runInside(cgroupPath: string, command: string): Ended {
  const script = `echo $$ > ${cgroupPath}/cgroup.procs; exec 2>&1; ${command}\necho "code $?"`;
  const { stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  const code = Number(/code (\d+)\n$/.exec(stdout)?.[1] ?? -1);
  return { output: stdout.replace(/code \d+\n$/, "").trim(), code };
}

/** Words of each record: "exec killed kill 1 /usr/bin/id". */
export function recordsOf(guard: Guard): readonly string[] {
  return guard.drain().map(words);
}

function words({ hook, outcome, plane, rule, path, tuple }: GuardedEvent): string {
  const end =
    tuple === undefined ? "" : `${tuple.remoteAddress}:${tuple.remotePort} ${tuple.localAddress}:${tuple.localPort}`;
  return `${hook} ${outcome} ${plane} ${rule} ${path}${end}`.trim();
}

export const execRule = (text: string, rule = 1): CompiledPolicy => ({
  ...nothing,
  paths: [{ class: "exec", text, isExact: true, choices: choices(rule) }],
});

export interface Scene extends Disposable {
  /** In scope, and beside it. */
  readonly a: string;
  readonly b: string;
  readonly guard: Guard;
  readonly scope: GuardScope;
  readonly number: number;
}

export interface Scenes extends Disposable {
  /** Two private cgroups, and a policy for the first one. */
  scene(policy: CompiledPolicy, more?: Partial<GuardScope>): Scene;
}

/** One guard for many tests, attached below one private cgroup: loading it reads all of the kernel's types each time. */
export async function openScenes(name: string): Promise<Scenes> {
  const outer = makePrivateCgroup(name);
  const guard = await openGuard({ cgroupPath: outer.path, agentPid: process.pid });
  let made = 0;
  return {
    scene(policy, more = {}) {
      made += 1;
      const [a, b] = [join(outer.path, `a${made}`), join(outer.path, `b${made}`)];
      mkdirSync(a);
      mkdirSync(b);
      const number = guard.addPolicy(policy);
      const own = more.dryPolicy === undefined ? { policy: number, dryPolicy: 0 } : { policy: 0, dryPolicy: number };
      const scope: GuardScope = { kind: "cgroup", id: statSync(a).ino, isContainer: false, ...more, ...own };
      guard.setScopes([scope]);
      return {
        a,
        b,
        guard,
        scope,
        number,
        [Symbol.dispose]: () => {
          guard.setScopes([]);
          guard.removePolicy(number);
          guard.drain();
          spawnSync("find", [a, b, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
        },
      };
    },
    [Symbol.dispose]: () => {
      guard.close();
      outer[Symbol.dispose]();
    },
  };
}
