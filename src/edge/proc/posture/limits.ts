// Limits of a process's cgroup, from cgroupfs of either version. "max": none; "": the file is not there.
import type { PostureFacts } from "../../../model/container-posture.ts";
import { lineOf } from "./read-text.ts";

interface Groups {
  /** Path in the v2 hierarchy, "" when there is none. */
  readonly unified: string;
  readonly byController: ReadonlyMap<string, string>;
}

/** /proc/PID/cgroup (cgroups(7)). */
export function parseCgroups(text: string): Groups {
  const byController = new Map<string, string>();
  let unified = "";
  for (const line of text.split("\n")) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === "") continue;
    if (controllers === "") unified = path;
    else for (const controller of controllers.split(",")) byController.set(controller, path);
  }
  return { unified, byController };
}

/** v1 writes "no limit" as the largest number of pages. */
const noLimitMin = 2 ** 62;

function firstOf(paths: readonly string[]): string {
  for (const path of paths) {
    const line = lineOf(path);
    if (line !== "") return line;
  }
  return "";
}

export function limitsOf(cgroupPath: string, text: string): PostureFacts["limits"] {
  const { unified, byController } = parseCgroups(text);
  const v1 = (controller: string, file: string): readonly string[] => {
    const path = byController.get(controller);
    return path === undefined ? [] : [`${cgroupPath}/${controller}${path}/${file}`];
  };
  const v2 = (file: string): readonly string[] =>
    unified === "" ? [] : [`${cgroupPath}${unified}/${file}`, `${cgroupPath}/unified${unified}/${file}`];
  const memory = firstOf([...v1("memory", "memory.limit_in_bytes"), ...v2("memory.max")]);
  const quota = firstOf(v1("cpu", "cpu.cfs_quota_us"));
  const period = firstOf(v1("cpu", "cpu.cfs_period_us"));
  const cpu = quota === "" ? firstOf(v2("cpu.max")).split(" ") : [quota, period];
  return {
    memoryBytes: Number(memory) >= noLimitMin ? "max" : memory || "max",
    pids: firstOf([...v1("pids", "pids.max"), ...v2("pids.max")]) || "max",
    cpu: cpuText(cpu[0] ?? "", cpu[1] ?? ""),
  };
}

/** Of a quota in microseconds per period: "0.5", in processors. */
function cpuText(quota: string, period: string): string {
  const share = Number(quota) / Number(period);
  return quota === "" || quota === "max" || quota === "-1" || !Number.isFinite(share)
    ? "max"
    : String(Math.round(share * 1000) / 1000);
}
