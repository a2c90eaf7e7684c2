// Filesystems mounted nowhere: reachable by a descriptor of this process alone, gone when it is closed. The machine's own tree of mounts is not touched.
import koffi from "koffi";
import { errnoName, libcLibrary } from "./libbpf.ts";

/** System calls that libc has no function for; their numbers are the same on every architecture. */
const callNumbers = { fsopen: 430, fsconfig: 431, fsmount: 432 } as const;
const FSOPEN_CLOEXEC = 1;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSMOUNT_CLOEXEC = 1;

/** A descriptor of the mount's root, to be closed by the caller, or why the kernel refuses. */
export function mountDetached(filesystem: string, options: Readonly<Record<string, string>> = {}): number | string {
  const library = libcLibrary();
  const open = library.func("long syscall(long, str, int64_t)");
  const configure = library.func("long syscall(long, int64_t, int64_t, str, str, int64_t)");
  const mount = library.func("long syscall(long, int64_t, int64_t, int64_t)");
  const context = Number(open(callNumbers.fsopen, filesystem, FSOPEN_CLOEXEC));
  if (context < 0) return errnoName(koffi.errno());
  try {
    for (const [name, value] of Object.entries(options)) {
      if (Number(configure(callNumbers.fsconfig, context, FSCONFIG_SET_STRING, name, value, 0)) < 0)
        return `${name}: ${errnoName(koffi.errno())}`;
    }
    if (Number(configure(callNumbers.fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0)) < 0)
      return errnoName(koffi.errno());
    const mounted = Number(mount(callNumbers.fsmount, context, FSMOUNT_CLOEXEC, 0));
    return mounted < 0 ? errnoName(koffi.errno()) : mounted;
  } finally {
    closeDescriptor(context);
  }
}

/** Of descriptors that Node did not open: its own close would warn of them in a worker. */
export function closeDescriptor(descriptor: number): void {
  libcLibrary().func("int close(int)")(descriptor);
}
