// Runs inside an emulated guest: small helpers of the guest programs. They print lines that the test reads: "CHECK name: ok", "FIGURE name number".
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** One line on the guest's console. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function check(name: string, isTrue: boolean, because: unknown = ""): void {
  say(`CHECK ${name}: ${isTrue ? "ok" : `FAIL ${JSON.stringify(because)}`}`);
}

export function figure(name: string, value: number): void {
  say(`FIGURE ${name} ${value}`);
}

export interface Ran {
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: string;
}

export function cgroup(name: string): string {
  const folder = `/sys/fs/cgroup/${name}`;
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A shell line in a cgroup. */
export function runIn(folder: string, command: string): Ran {
  const ran = spawnSync("/bin/sh", ["-c", `echo $$ > ${folder}/cgroup.procs; exec 2>&1; ${command}`], {
    encoding: "utf8",
  });
  return { status: ran.status, signal: ran.signal, output: `${ran.stdout}${ran.stderr}`.trim() };
}
