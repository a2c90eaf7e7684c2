// Who is one of the machine's own care-takers (sshd, systemd, kubelet, a container runtime): by its program's file, never by its name alone.
import { readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { protectedPrograms } from "../../../core/runtime-policy/select.ts";

/** Where only root may mount or write: nothing here waits for somebody else's file system. */
const systemFolders = /^\/(?:usr|bin|sbin|lib|lib64|opt|snap|nix\/store|var\/lib\/rancher)\//;

/** `link` is /proc/PID/exe of a process in the machine's own mount namespace. True for a root-owned file of a protected name that only root may write. */
export function isCaretaker(link: string): boolean {
  try {
    const path = readlinkSync(link);
    if (!protectedPrograms.has(basename(path)) || !systemFolders.test(path)) return false;
    const { uid, mode } = statSync(path);
    return uid === 0 && (mode & 0o022) === 0;
  } catch {
    // Gone, or deleted under it: then nothing says that it is one.
    return false;
  }
}
