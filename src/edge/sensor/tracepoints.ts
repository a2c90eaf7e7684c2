// Numbers of the kernel's tracepoints, read from tracefs; where nobody mounted it, from a mount of our own that stands nowhere in the machine's tree.
import { readFileSync } from "node:fs";
import koffi from "koffi";
import { closeDescriptor, mountDetached } from "./detached-mounts.ts";
import { errnoName, libcLibrary } from "./libbpf.ts";

export interface Tracepoints extends Disposable {
  /** "" while tracefs can be read; else why not. */
  readonly because: string;
  /** Opens the tracepoint ("syscalls/sys_exit_openat") for attaching: a descriptor that the link closes, or why not. */
  open(point: string): number | string;
}

/** perf_event_open, which libc has no function for. */
const perfEventOpen = process.arch === "arm64" ? 241 : 298;
const PERF_TYPE_TRACEPOINT = 2;
const PERF_ATTRIBUTES_BYTES = 64;
const PERF_FLAG_FD_CLOEXEC = 8;
const mountedAt = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/** Never throws: without tracefs every point is refused with the reason. */
export function openTracepoints(): Tracepoints {
  const perfOpen = libcLibrary().func("long syscall(long, void *, int64_t, int64_t, int64_t, int64_t)");
  let detached = -1;
  let because = "";
  let folder = mountedAt.find((path) => isTracefs(path));
  if (folder === undefined) {
    const mounted = mountDetached("tracefs");
    if (typeof mounted === "string") because = `tracefs is not mounted, and cannot be: ${mounted}`;
    else {
      detached = mounted;
      folder = `/proc/self/fd/${detached}`;
    }
  }
  return {
    because,
    open: (point) => {
      if (folder === undefined) return because;
      const id = readNumber(`${folder}/events/${point}/id`);
      if (id === undefined) return `this kernel has no tracepoint ${point}`;
      const attributes = new DataView(new ArrayBuffer(PERF_ATTRIBUTES_BYTES));
      attributes.setUint32(0, PERF_TYPE_TRACEPOINT, true);
      attributes.setUint32(4, PERF_ATTRIBUTES_BYTES, true);
      attributes.setBigUint64(8, BigInt(id), true);
      const bytes = new Uint8Array(attributes.buffer);
      const descriptor = Number(perfOpen(perfEventOpen, bytes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
      return descriptor >= 0 ? descriptor : `${point} cannot be opened: ${errnoName(koffi.errno())}`;
    },
    [Symbol.dispose]: () => {
      if (detached >= 0) closeDescriptor(detached);
      detached = -1;
    },
  };
}

function isTracefs(path: string): boolean {
  return readNumber(`${path}/events/syscalls/sys_exit_openat/id`) !== undefined;
}

function readNumber(path: string): number | undefined {
  try {
    const value = Number(readFileSync(path, "utf8").trim());
    return Number.isInteger(value) ? value : undefined;
  } catch {
    // Not there is an answer: the caller names what it costs.
    return undefined;
  }
}
