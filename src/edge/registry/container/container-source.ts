// A running container's root, read in place through /proc/PID/root: what it really holds now, its writable layer included; its volumes are not.
import { closeSync, readdirSync, readFileSync } from "node:fs";
import { Fault } from "../../../base/fault.ts";
import type { ImageSource } from "../image-source.ts";
import { createGapList } from "../folder/gaps.ts";
import { openRoot, walkTree } from "../folder/safe-walk.ts";

export type ContainerPlace = { readonly id: string } | { readonly pid: number };

const processesMax = 500_000;
const leftOut: ReadonlyMap<string, string> = new Map([
  ["proc", ""],
  ["sys", ""],
  ["dev", ""],
]);

/** Throws Fault "registry/no-container" when none runs by this id, "registry/choose-image" when several do, "registry/unreadable" without the right to look. */
export function openContainer(place: ContainerPlace, procPath = "/proc"): ImageSource {
  const pid = "pid" in place ? place.pid : processOf(place.id, procPath);
  const before = containerIdOf(pid, procPath);
  const root = openRoot(`${procPath}/${pid}/root`);
  // The number may have passed to another process between the look and the opening.
  if (containerIdOf(pid, procPath) !== before) {
    closeSync(root.descriptor);
    throw noContainer(`process ${pid} ended while it was looked at`);
  }
  const gaps = createGapList();
  return {
    kind: "tree",
    source: "container",
    reference: before === "" ? `pid:${pid}` : before,
    config: undefined,
    gaps: gaps.rows,
    entries: (signal) => walkTree(root, { leftOut, isOneFileSystem: true }, gaps, signal),
    [Symbol.asyncDispose]: async () => closeSync(root.descriptor),
  };
}

/** The container's oldest process: the lowest number of those whose cgroup names it. */
function processOf(id: string, procPath: string): number {
  if (!/^[0-9a-f]{6,64}$/.test(id)) {
    throw new Fault(`"${id.slice(0, 80).replaceAll(/[^ -~]/g, "?")}" is no container id`, {
      code: "registry/bad-container-id",
      kind: "usage",
      hint: "write at least 6 hexadecimal digits of it, or the number of a process in it",
    });
  }
  const found = new Map<string, number>();
  for (const pid of processes(procPath)) {
    const own = containerIdOf(pid, procPath);
    if (own.startsWith(id) && !found.has(own)) found.set(own, pid);
  }
  const [first] = found.values();
  if (first === undefined) throw noContainer(`no process of container ${id} is seen`);
  if (found.size === 1) return first;
  throw new Fault(`several containers begin with ${id}`, {
    code: "registry/choose-image",
    kind: "usage",
    hint: `name one of them: ${[...found.keys()].slice(0, 10).join(", ")}`,
  });
}

function noContainer(message: string): Fault {
  return new Fault(message, {
    code: "registry/no-container",
    kind: "not-found",
    hint: "it must be running on this machine; other users' processes are seen by root alone",
  });
}

function processes(procPath: string): number[] {
  try {
    const names = readdirSync(procPath).filter((name) => /^\d{1,10}$/.test(name));
    return names
      .map(Number)
      .sort((left, right) => left - right)
      .slice(0, processesMax);
  } catch (cause) {
    throw new Fault(`${procPath} cannot be read`, { code: "registry/unreadable", kind: "unavailable", cause });
  }
}

/** The last 64 hexadecimal digits of the deepest path in /proc/PID/cgroup, as every runtime names its cgroups; "" for none. */
function containerIdOf(pid: number, procPath: string): string {
  let text: string;
  try {
    text = readFileSync(`${procPath}/${pid}/cgroup`, "latin1").slice(0, 65_536);
  } catch {
    // Ended, or not ours to see: it is no process of the container for us.
    return "";
  }
  return [...text.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)].at(-1)?.[0] ?? "";
}
