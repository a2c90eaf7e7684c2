// The few functions of libbpf 1.x and libc that the sensor calls, through koffi. Pointers are BigInts; nothing else in the room sees koffi.
import koffi from "koffi";
import { Fault } from "../../base/fault.ts";

export type Pointer = bigint;

export interface Libbpf {
  readonly openObject: (path: string) => Pointer;
  /** 0, or a negative errno. */
  readonly loadObject: (object: Pointer) => number;
  /** The same on a thread of its own: the kernel may look at the programs for a second, and nothing waits for it here. */
  readonly loadObjectAside: (object: Pointer) => Promise<number>;
  readonly closeObject: (object: Pointer) => void;
  readonly findProgram: (object: Pointer, name: string) => Pointer;
  readonly setAutoload: (program: Pointer, isLoaded: boolean) => number;
  readonly attach: (program: Pointer) => Pointer;
  readonly attachCgroup: (program: Pointer, cgroupDescriptor: number) => Pointer;
  /** To an open perf event (a tracepoint), which belongs to the link from then on. */
  readonly attachPerf: (program: Pointer, perfDescriptor: number, cookie: bigint) => Pointer;
  readonly attachIterator: (program: Pointer) => Pointer;
  readonly createIterator: (linkDescriptor: number) => number;
  readonly linkDescriptor: (link: Pointer) => number;
  readonly destroyLink: (link: Pointer) => number;
  /** From then on `destroyLink` frees memory only: neither detaches nor closes the link's descriptors. */
  readonly disconnectLink: (link: Pointer) => void;
  /** Gives what the descriptor stands for a name in a bpffs, so that it outlives this process. 0, or -1 with the errno. */
  readonly pin: (descriptor: number, path: string) => number;
  readonly findMap: (object: Pointer, name: string) => Pointer;
  readonly setMapEntries: (map: Pointer, entries: number) => number;
  /** The map is another object's, by descriptor; before the object is loaded. */
  readonly reuseMap: (map: Pointer, descriptor: number) => number;
  readonly mapDescriptor: (map: Pointer) => number;
  readonly readElement: (mapDescriptor: number, key: Uint8Array, value: Uint8Array) => number;
  readonly writeElement: (mapDescriptor: number, key: Uint8Array, value: Uint8Array) => number;
  readonly deleteElement: (mapDescriptor: number, key: Uint8Array) => number;
  readonly nextKey: (mapDescriptor: number, key: Uint8Array | null, next: Uint8Array) => number;
  /**
   * Copies up to `count` elements from where `position` (four bytes, kept between calls; undefined: the start) stands. Returns how many; less than
   * `count` at the end.
   */
  readonly readBatch: (
    mapDescriptor: number,
    position: Uint8Array | undefined,
    into: { readonly next: Uint8Array; readonly keys: Uint8Array; readonly values: Uint8Array; readonly count: number },
  ) => number;
  /** How often the kernel did not run a program because it was already running on that processor; 0 when it does not say. */
  readonly programMisses: (program: Pointer) => number;
  readonly possibleProcessors: () => number;
  /** Memory of a map's compiled-in value, writable before the object is loaded. */
  readonly initialValue: (map: Pointer) => Uint8Array;
  /** Maps `length` bytes of a descriptor; read-only unless `isWritable`. Throws with the errno. */
  readonly map: (descriptor: number, length: number, options: { offset: number; isWritable: boolean }) => Mapping;
  /** read(2) into the buffer: bytes read, or -1. */
  readonly read: (descriptor: number, buffer: Uint8Array) => number;
  readonly close: (descriptor: number) => number;
  /** Gives freed heap back to the machine: reading the kernel's types leaves about 8 MB behind. */
  readonly trimHeap: () => void;
  readonly pageBytes: number;
  /** Milliseconds since boot, suspended time included: the clock that the programs stamp events with. */
  readonly bootTimeMs: () => number;
  /** Processor time of the calling thread in milliseconds, exact (getrusage is only exact at scheduler ticks). */
  readonly threadCpuMs: () => number;
  /** The errno of the last call that failed, as its name ("EPERM"). */
  readonly lastError: () => string;
}

/** Memory shared with the kernel. The buffer must not be touched after `unmap`: the process would be killed. */
export interface Mapping {
  readonly buffer: ArrayBuffer;
  readonly unmap: () => void;
}

/** struct bpf_prog_info of linux/bpf.h, stable since 5.12: its first 224 bytes, and where recursion_misses stands. */
const programInfoBytes = 224;
const recursionMissesAt = 208;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const SC_PAGESIZE = 30;
const CLOCK_THREAD_CPUTIME_ID = 3;
const CLOCK_BOOTTIME = 7;
const SIG_SETMASK = 2;
/** sizeof(sigset_t) of glibc. */
const signalSetBytes = 128;
const MAP_FAILED = 0xffffffffffffffffn;
const logsNothing = 0n;

function loadLibrary(name: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(name);
  } catch (error) {
    throw new Fault(`${name} not found`, {
      code: "sensor/no-library",
      kind: "unavailable",
      hint: "Install libbpf 1.1 or newer (Debian: libbpf1), or accept polling of /proc.",
      cause: error,
    });
  }
}

/** The C library, for calls of files that need only one or two of it. Throws the Fault "sensor/no-library" when there is none. */
export function libcLibrary(): ReturnType<typeof koffi.load> {
  return loadLibrary("libc.so.6");
}

/** Loads libbpf.so.1. Throws the Fault "sensor/no-library" when the machine has none. */
export function openLibbpf(): Libbpf {
  const bpf = loadLibrary("libbpf.so.1");
  const libc = libcLibrary();
  bpf.func("void *libbpf_set_print(void *)")(logsNothing);
  const initialValue = bpf.func("void *bpf_map__initial_value(void *, _Out_ size_t *)");
  const mmap = libc.func("void *mmap(void *, size_t, int, int, int, int64_t)");
  const read = libc.func("int64_t read(int, _Out_ void *, size_t)");
  const trim = libc.func("int malloc_trim(size_t)");
  const munmap = libc.func("int munmap(void *, size_t)");
  const loadObject = bpf.func("int bpf_object__load(void *)");
  const openFile = bpf.func("void *bpf_object__open_file(str, void *)");
  const attachIterator = bpf.func("void *bpf_program__attach_iter(void *, void *)");
  const attachPerf = bpf.func("void *bpf_program__attach_perf_event_opts(void *, int, void *)");
  const programDescriptor = bpf.func("int bpf_program__fd(void *)");
  const getInfo = bpf.func("int bpf_obj_get_info_by_fd(int, _Inout_ void *, _Inout_ uint32_t *)");
  const lastError = (): string => errnoName(koffi.errno());
  const undisturbed = signalsHeld(libc);
  return {
    openObject: (path) => openFile(path, null) as Pointer,
    loadObject: (object) => undisturbed(() => loadObject(object) as number),
    loadObjectAside: (object) =>
      new Promise((done, failed) => {
        loadObject.async(object, (error: unknown, code: number) => {
          if (error === null || error === undefined) done(code);
          else failed(error instanceof Error ? error : new Error("bpf_object__load could not be called"));
        });
      }),
    closeObject: bpf.func("void bpf_object__close(void *)"),
    findProgram: bpf.func("void *bpf_object__find_program_by_name(void *, str)"),
    setAutoload: bpf.func("int bpf_program__set_autoload(void *, bool)"),
    attach: bpf.func("void *bpf_program__attach(void *)"),
    attachCgroup: bpf.func("void *bpf_program__attach_cgroup(void *, int)"),
    attachPerf: (program, perfDescriptor, cookie) =>
      // struct bpf_perf_event_opts { size_t sz; __u64 bpf_cookie; }
      attachPerf(program, perfDescriptor, BigUint64Array.of(16n, cookie)) as Pointer,
    attachIterator: (program) => attachIterator(program, null) as Pointer,
    createIterator: bpf.func("int bpf_iter_create(int)"),
    linkDescriptor: bpf.func("int bpf_link__fd(void *)"),
    destroyLink: bpf.func("int bpf_link__destroy(void *)"),
    disconnectLink: bpf.func("void bpf_link__disconnect(void *)"),
    pin: bpf.func("int bpf_obj_pin(int, str)"),
    ...mapCalls(bpf),
    programMisses: (program) => {
      const info = new Uint8Array(programInfoBytes);
      if (Number(getInfo(programDescriptor(program), info, [programInfoBytes])) !== 0) return 0;
      return Number(new DataView(info.buffer).getBigUint64(recursionMissesAt, true));
    },
    possibleProcessors: bpf.func("int libbpf_num_possible_cpus()"),
    initialValue: (map) => {
      const size = [0];
      const pointer = initialValue(map, size) as Pointer;
      return new Uint8Array(koffi.view(pointer, Number(size[0])));
    },
    map: (descriptor, length, options) => {
      const protection = options.isWritable ? PROT_READ | PROT_WRITE : PROT_READ;
      const pointer = mmap(null, length, protection, MAP_SHARED, descriptor, options.offset) as Pointer;
      if (pointer === MAP_FAILED || pointer === null) {
        throw new Fault(`cannot map a ring: ${lastError()}`, { code: "sensor/ring", kind: "unavailable" });
      }
      return { buffer: koffi.view(pointer, length), unmap: () => void munmap(pointer, length) };
    },
    read: (descriptor, buffer) => Number(read(descriptor, buffer, buffer.length)),
    close: libc.func("int close(int)"),
    trimHeap: () => void trim(0),
    pageBytes: Number(libc.func("long sysconf(int)")(SC_PAGESIZE)),
    ...clocks(libc),
    lastError,
  };
}

/** The kernel gives up on a program (EAGAIN) when a signal comes while it looks through it: a profiler's come more often than that takes. */
function signalsHeld(libc: ReturnType<typeof koffi.load>): <Result>(act: () => Result) => Result {
  const setMask = libc.func("int pthread_sigmask(int, void *, _Out_ void *)");
  const all = new Uint8Array(signalSetBytes).fill(255);
  return (act) => {
    const before = new Uint8Array(signalSetBytes);
    setMask(SIG_SETMASK, all, before);
    try {
      return act();
    } finally {
      setMask(SIG_SETMASK, before, new Uint8Array(signalSetBytes));
    }
  };
}

function clocks(libc: ReturnType<typeof koffi.load>): Pick<Libbpf, "bootTimeMs" | "threadCpuMs"> {
  const getTime = libc.func("int clock_gettime(int, _Out_ void *)");
  const timespec = new BigInt64Array(2);
  const readClock = (clock: number): number => {
    getTime(clock, timespec);
    return Number(timespec[0]) * 1000 + Number(timespec[1]) / 1e6;
  };
  return { bootTimeMs: () => readClock(CLOCK_BOOTTIME), threadCpuMs: () => readClock(CLOCK_THREAD_CPUTIME_ID) };
}

type MapCalls = Pick<
  Libbpf,
  | "findMap"
  | "setMapEntries"
  | "reuseMap"
  | "mapDescriptor"
  | "readElement"
  | "writeElement"
  | "deleteElement"
  | "nextKey"
  | "readBatch"
>;

function mapCalls(bpf: ReturnType<typeof koffi.load>): MapCalls {
  const lookupBatch = bpf.func(
    "int bpf_map_lookup_batch(int, void *, _Out_ void *, _Out_ void *, _Out_ void *, _Inout_ uint32_t *, void *)",
  );
  const writeElement = bpf.func("int bpf_map_update_elem(int, void *, void *, uint64_t)");
  return {
    findMap: bpf.func("void *bpf_object__find_map_by_name(void *, str)"),
    setMapEntries: bpf.func("int bpf_map__set_max_entries(void *, uint32_t)"),
    reuseMap: bpf.func("int bpf_map__reuse_fd(void *, int)"),
    mapDescriptor: bpf.func("int bpf_map__fd(void *)"),
    readElement: bpf.func("int bpf_map_lookup_elem(int, void *, _Inout_ void *)"),
    writeElement: (descriptor, key, value) => writeElement(descriptor, key, value, 0) as number,
    deleteElement: bpf.func("int bpf_map_delete_elem(int, void *)"),
    nextKey: bpf.func("int bpf_map_get_next_key(int, void *, _Inout_ void *)"),
    readBatch: (descriptor, position, { next, keys, values, count }) => {
      const copied = [count];
      lookupBatch(descriptor, position ?? null, next, keys, values, copied, null);
      return Number(copied[0]);
    },
  };
}

export function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(koffi.os.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}
