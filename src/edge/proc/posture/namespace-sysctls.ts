// Sysctls as a container sees them. /proc/sys shows those of the reader's own namespaces, so a helper of util-linux enters the process's first.
import { spawnSync } from "node:child_process";
import { safeSysctls } from "../../../core/profile/posture/safe-sysctls.ts";

export const sysctlLimits = { waitMsMax: 2000, outputBytesMax: 64 * 1024 } as const;

/** Beside the safe ones: those whose values say something about rights or that workloads often change. */
const further = [
  "fs.mqueue.msg_max",
  "kernel.msgmax",
  "kernel.shmmax",
  "net.core.somaxconn",
  "net.ipv4.conf.all.route_localnet",
  "net.ipv4.ip_forward",
  "net.ipv6.conf.all.forwarding",
];

export type SysctlReading = { readonly values: Record<string, string> } | { readonly because: string };

/** Needs root. Some milliseconds: a process is started. */
export function readSysctls(pid: number): SysctlReading {
  const names = [...safeSysctls, ...further];
  const files = names.map((name) => `/proc/sys/${name.replaceAll(".", "/")}`);
  // Mounts stay this process's own: the program that reads is ours, not the container's.
  const result = spawnSync("nsenter", ["-t", String(pid), "-n", "-i", "-u", "--", "grep", "-sH", "", ...files], {
    encoding: "utf8",
    timeout: sysctlLimits.waitMsMax,
    maxBuffer: sysctlLimits.outputBytesMax,
  });
  if (result.error !== undefined)
    return {
      because: `nsenter (util-linux) could not be run: ${(result.error as NodeJS.ErrnoException).code ?? "failed"}`,
    };
  const values: Record<string, string> = {};
  for (const line of result.stdout.split("\n")) {
    const [, path = "", value = ""] = /^\/proc\/sys\/([^:]+):(.*)$/.exec(line) ?? [];
    if (path !== "") values[path.replaceAll("/", ".")] = value.trim();
  }
  // 2: some of the files are not there, which is usual.
  if (Object.keys(values).length === 0) return { because: "its namespaces may not be entered (run as root)" };
  return { values };
}
