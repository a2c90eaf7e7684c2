// /proc/PID/cgroup, read at once: between a process's fork and this read it may be gone, which is an answer, not an error.
import { closeSync, openSync, readSync } from "node:fs";

/** cgroups(7): one line per hierarchy; far shorter in practice. Longer files are cut here and refused by the parser. */
const bytesMax = 65_536;
const buffer = Buffer.alloc(bytesMax);

/** The file's text; undefined when the process is gone or may not be looked at. Synchronous: about ten microseconds, and every wait makes it staler. */
export function readCgroupFile(procPath: string, pid: number): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(`${procPath}/${pid}/cgroup`, "r");
  } catch {
    return undefined; // gone, or hidden from this user: the caller records "gone"
  }
  try {
    return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, bytesMax, 0));
  } catch {
    return undefined; // it ended between open and read
  } finally {
    closeSync(descriptor);
  }
}
