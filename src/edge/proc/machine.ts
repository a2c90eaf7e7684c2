// What this machine is: boot id, boot time, kernel and system, for process ids and the agent's report.
import { readFileSync } from "node:fs";
import { arch, release } from "node:os";

export interface Machine {
  /** Of this boot; "" when the kernel does not say. */
  readonly bootId: string;
  /** Milliseconds since the epoch, to a few milliseconds. */
  readonly bootTimeMs: number;
  readonly kernel: string;
  /** PRETTY_NAME of os-release(5). */
  readonly operatingSystem: string;
  readonly architecture: string;
}

export function readMachine(procPath: string): Machine {
  return {
    bootId: textOf(`${procPath}/sys/kernel/random/boot_id`).trim(),
    bootTimeMs: Math.round(Date.now() - uptimeMs(procPath)),
    kernel: release(),
    operatingSystem: prettyName(textOf("/etc/os-release")),
    architecture: arch(),
  };
}

/** First number of /proc/uptime: seconds since boot, suspended time included. */
function uptimeMs(procPath: string): number {
  const seconds = Number.parseFloat(textOf(`${procPath}/uptime`));
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

export function prettyName(osRelease: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? "";
}

/** Facts for a report: a file that is not there is an empty fact. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
