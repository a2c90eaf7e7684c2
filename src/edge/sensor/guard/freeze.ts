// Stops every process of a v2 cgroup where it stands, and lets it go on. The kernel's own file; nothing of it outlives `release` but a frozen group of a dead agent,
// which is why freezing has an end that is written down (apps/agent/guard).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../base/fault.ts";

export function freeze(cgroupPath: string): void {
  write(cgroupPath, "1");
}

export function release(cgroupPath: string): void {
  write(cgroupPath, "0");
}

/** Whether all of its processes stand still by now. */
export function isFrozen(cgroupPath: string): boolean {
  return /^frozen 1$/m.test(readFileSync(join(cgroupPath, "cgroup.events"), "utf8"));
}

function write(cgroupPath: string, text: string): void {
  try {
    writeFileSync(join(cgroupPath, "cgroup.freeze"), text);
  } catch (error) {
    throw new Fault(`cannot freeze or release ${cgroupPath}`, {
      code: "guard/freeze",
      kind: "unavailable",
      hint: "It needs root, Linux 5.2 or newer and a cgroup of the v2 hierarchy that is not its root.",
      cause: error,
    });
  }
}
