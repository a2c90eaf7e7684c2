// The cgroups of a test node, which no namespace hides: made before kubelet starts, removed after it.
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "./processes.ts";

const hierarchiesFolder = "/sys/fs/cgroup";
const goneTimeoutMs = 10_000;

/** True where the controllers are mounted one by one (cgroup v1), as kubelet 1.20 is used here. */
export async function hasHierarchies(): Promise<boolean> {
  return (await hierarchies()).includes("memory");
}

async function hierarchies(): Promise<string[]> {
  const entries = await readdir(hierarchiesFolder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Makes the group, with all processors and memory nodes, in every hierarchy: kubelet wants its root to be there. */
export async function makeGroups(group: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const folder = join(hierarchiesFolder, hierarchy, group);
    await mkdir(folder, { recursive: true });
    if (hierarchy !== "cpuset") continue;
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      await writeFile(join(folder, file), await readFile(join(folder, "..", file)));
  }
}

/** Removes the group and what is below it, in every hierarchy, once its processes are gone. */
export async function removeGroups(group: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const folder = join(hierarchiesFolder, hierarchy, group);
    await until(`${folder} is gone`, goneTimeoutMs, async () => ((await removeGroup(folder)) ? true : undefined));
  }
}

/** True when it is gone. The kernel says "busy" for a moment after the last process went. */
async function removeGroup(folder: string): Promise<boolean> {
  try {
    for (const entry of await readdir(folder, { withFileTypes: true }))
      if (entry.isDirectory() && !(await removeGroup(join(folder, entry.name)))) return false;
    await rmdir(folder);
    return true;
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return true;
    if (code === "EBUSY") return false;
    throw thrown;
  }
}
