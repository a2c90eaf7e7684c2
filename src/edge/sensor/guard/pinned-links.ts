// Links of the guard that outlive the process: names in a bpffs, one folder for each run. Only files are touched here; what a name stands for is the kernel's.
// A link is in force as long as somebody holds it: a process by its descriptor, or a name.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "../../../base/fault.ts";
import type { AttachedLink } from "../bpf-object.ts";
import type { Libbpf } from "../libbpf.ts";

/** Below a machine's bpffs. */
export const pinFolderName = "garrison/guard";
const bpffsDefault = "/sys/fs/bpf";
/** BPF_FS_MAGIC of linux/magic.h */
const bpffsMagic = 0xcafe4a11;
/** Names of one run, and runs of one machine: more is not ours. */
export const pinLimits = { linksMax: 256, runsMax: 1024 } as const;

export type PinPlace = { readonly folder: string } | { readonly because: string };

/** Where every bpffs of this process's mount namespace is mounted, whole; the usual place first. */
export function bpffsMounts(procPath = "/proc"): readonly string[] {
  const file = `${procPath}/self/mountinfo`;
  const found: string[] = [];
  if (!existsSync(file)) return [];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root, path = ""] = left.split(" ");
    if (right.startsWith("bpf ") && root === "/") found.push(path.replaceAll("\\040", " "));
  }
  return [...new Set(found)].toSorted((a, b) => Number(b === bpffsDefault) - Number(a === bpffsDefault));
}

/**
 * The folder that runs' folders are made in. `configured` (absolute; "": below the machine's bpffs) must lie in a bpffs. Where none is mounted, `mount` is
 * asked to mount one and answers "" or why it does not.
 */
export function findPinPlace(configured: string, mount: (path: string) => string): PinPlace {
  if (configured !== "")
    return isInBpffs(configured) ? { folder: configured } : { because: `${configured} is in no bpffs (mount -t bpf)` };
  const [mounted] = bpffsMounts();
  if (mounted !== undefined) return { folder: join(mounted, pinFolderName) };
  const because = mount(bpffsDefault);
  return because === ""
    ? { folder: join(bpffsDefault, pinFolderName) }
    : { because: `no bpffs is mounted (mount -t bpf bpf ${bpffsDefault}): ${because}` };
}

/** Every folder that runs' folders may be in: the configured one, else one in each bpffs. */
export function pinPlaces(configured: string): readonly string[] {
  const places = configured === "" ? bpffsMounts().map((mounted) => join(mounted, pinFolderName)) : [configured];
  // Folders elsewhere hold somebody's files.
  return places.filter(isInBpffs);
}

function isInBpffs(path: string): boolean {
  let folder = path;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return statfsSync(folder).type === bpffsMagic;
}

export function isPinnedAt(folder: string): boolean {
  return existsSync(folder);
}

/** Pins all of them in a new folder, or none: Fault "guard/pin" names the one that the kernel refuses. */
export function pinLinks(
  libbpf: Pick<Libbpf, "pin" | "lastError">,
  folder: string,
  links: readonly AttachedLink[],
): void {
  removeFolder(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  for (const { name, descriptor } of links) {
    if (libbpf.pin(descriptor, join(folder, name)) === 0) continue;
    const because = libbpf.lastError();
    removeFolder(folder);
    throw new Fault(`the kernel does not pin ${name}: ${because}`, {
      code: "guard/pin",
      kind: "unavailable",
      hint: "Without pin the policy is in force as long as the agent runs.",
    });
  }
}

/** Names of the runs' folders that begin with `owner`. */
export function runsIn(place: string, owner = ""): readonly string[] {
  if (!existsSync(place)) return [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(owner))
    .map(({ name }) => name)
    .slice(0, pinLimits.runsMax);
}

/** Unpins the links of one run; returns how many. What nobody else holds is detached by the kernel. */
export function removeFolder(folder: string): number {
  if (!existsSync(folder)) return 0;
  const names = readdirSync(folder).slice(0, pinLimits.linksMax);
  for (const name of names) unlinkSync(join(folder, name));
  rmdirSync(folder);
  return names.length;
}

/** Unpins the links of all runs below `place`. */
export function removeRuns(place: string, runs: readonly string[]): number {
  return runs.reduce((sum, run) => sum + removeFolder(join(place, run)), 0);
}
