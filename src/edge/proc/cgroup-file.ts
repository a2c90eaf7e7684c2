// /proc/PID/cgroup, read at once: between a process's fork and this read it may be gone, which is an answer, not an error.
import { closeSync, openSync, readSync } from "node:fs";
import type { CgroupReading } from "../../core/process/process-table.ts";

/** cgroups(7): one line per hierarchy; far shorter in practice. Longer files are cut here and refused by the parser. */
const bytesMax = 65_536;
const buffer = Buffer.alloc(bytesMax);

/** The file's text, or why there is none. Synchronous: about ten microseconds, and every wait makes it staler. */
export function readCgroupFile(procPath: string, pid: number): CgroupReading {
  let descriptor: number;
  try {
    descriptor = openSync(`${procPath}/${pid}/cgroup`, "r");
  } catch (error) {
    return { unread: isRefusal(error) ? "refused" : "gone" };
  }
  try {
    return { text: buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, bytesMax, 0)) };
  } catch (error) {
    // It ended between open and read, or became another user's.
    return { unread: isRefusal(error) ? "refused" : "gone" };
  } finally {
    closeSync(descriptor);
  }
}

function isRefusal(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM";
}
