// Mounts the file system that pinned links live in, where nobody did and the agent was told that it may.
import koffi from "koffi";
import { errnoName, libcLibrary } from "../libbpf.ts";

/** MS_NOSUID, MS_NODEV, MS_NOEXEC of linux/mount.h */
const flags = 2 | 4 | 8;

/** "" when a new bpffs is mounted on the folder, else why not. It is only seen where this process's mounts are. */
export function mountBpffs(path: string): string {
  const mount = libcLibrary().func("int mount(str, str, str, uint64_t, void *)");
  return Number(mount("bpf", path, "bpf", flags, null)) === 0 ? "" : errnoName(koffi.errno());
}
