// The mounts of a namespace as /proc/PID/mountinfo tells them, and which of them a path can still lead through: a mount below a later one is there, but nobody
// gets to it by its name. A workload can make as many as it likes: no more are read than the caller says.
import { closeSync, openSync, readSync } from "node:fs";
import { localFilesystems } from "./safe-walk.ts";

/** One line of mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly id: string;
  readonly parent: string;
  readonly device: string;
  /** The folder of the file system that is mounted. */
  readonly root: string;
  readonly place: string;
  readonly isLocal: boolean;
}

/** Layers of overlays make long lines; more than so many on average are too many. */
const lineBytes = 512;
const chunkBytes = 64 * 1024;
const newline = 10;

/** Undefined: the process is gone. "too-many": more than `mountsMax`, or as long as if they were. */
export function readMounts(path: string, mountsMax: number): readonly Mount[] | "too-many" | undefined {
  const bytes = readLines(path, mountsMax);
  if (bytes === undefined || bytes === "too-many") return bytes;
  return bytes
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [id = "", parent = "", device = "", root = "", place = ""] = line.split(" ", 5);
      const filesystem = line.slice(line.indexOf(" - ") + 3).split(" ", 1)[0] ?? "";
      const isLocal = localFilesystems.has(filesystem);
      return { id, parent, device, root: unescaped(root), place: unescaped(place), isLocal };
    });
}

function readLines(path: string, linesMax: number): Buffer | "too-many" | undefined {
  let descriptor: number | undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let lines = 0;
  try {
    descriptor = openSync(path, "r");
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const read = readSync(descriptor, chunk);
      if (read === 0) return Buffer.concat(chunks);
      const filled = chunk.subarray(0, read);
      chunks.push(filled);
      bytes += read;
      for (let at = filled.indexOf(newline); at !== -1; at = filled.indexOf(newline, at + 1)) lines += 1;
      if (lines > linesMax || bytes > linesMax * lineBytes) return "too-many";
    }
  } catch {
    // The process is gone: the caller counts that nobody could be asked.
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * The mounts that a path leads through, in no order. Of mounts on one place the last one counts; only on "/" all do: whoever was there before goes on below,
 * and by ".." comes to what lies on top.
 */
export function reachableMounts(mounts: readonly Mount[]): readonly Mount[] {
  const ids = new Set(mounts.map(({ id }) => id));
  const children = new Map<string, Mount[]>();
  for (const mount of mounts) {
    const parent = mount.parent !== mount.id && ids.has(mount.parent) ? mount.parent : "";
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [mount]);
    else siblings.push(mount);
  }
  const found: Mount[] = [];
  const groups = [children.get("") ?? []];
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    for (const mount of uncovered(group)) {
      const stack = stackOn(mount, children);
      const open = mount.place === "/" ? stack : stack.slice(-1);
      found.push(...open);
      for (const { id } of open) groups.push((children.get(id) ?? []).filter(({ place }) => place !== mount.place));
    }
  }
  return found;
}

/** The mount, and what was mounted on all of it, the topmost last. */
function stackOn(mount: Mount, children: ReadonlyMap<string, readonly Mount[]>): readonly Mount[] {
  const stack = [mount];
  for (let top: Mount | undefined = mount; top !== undefined;) {
    top = children.get(top.id)?.findLast(({ place }) => place === mount.place);
    if (top !== undefined) stack.push(top);
  }
  return stack;
}

/** Of mounts with one parent those that no other one of them hides. */
function uncovered(siblings: readonly Mount[]): readonly Mount[] {
  if (siblings.length < 2) return siblings;
  // With a slash at the end a folder stands right before all that lies in it.
  const byKey = new Map<string, Mount>();
  for (const mount of siblings) byKey.set(mount.place === "/" ? "/" : `${mount.place}/`, mount);
  const found: Mount[] = [];
  let last: string | undefined;
  for (const [key, mount] of [...byKey].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    if (last !== undefined && key.startsWith(last)) continue;
    last = key;
    found.push(mount);
  }
  return found;
}

/** Blanks and the like stand as octal numbers there. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
