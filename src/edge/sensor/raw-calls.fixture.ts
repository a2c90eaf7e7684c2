// For the sensor's tests: system calls by number, as no library would make them. As a program it makes the one named by its first argument.
import koffi from "koffi";

const library = koffi.load("libc.so.6");
const withNumbers = library.func("long syscall(long, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)");

/** x86-64 and arm64. */
export const callNumbers = Object.fromEntries(
  (
    [
      ["creat", 85, -1],
      ["truncate", 76, 45],
      ["move_mount", 429, 429],
      ["fchmod", 91, 52],
      ["fchown", 93, 55],
      ["lchown", 94, -1],
      ["mknod", 133, -1],
      ["unshare", 272, 97],
      ["setns", 308, 268],
      ["setresuid", 117, 147],
      ["setuid", 105, 146],
      ["capset", 126, 91],
      ["ptrace", 101, 117],
      ["process_vm_readv", 310, 270],
      ["memfd_create", 319, 279],
      ["bpf", 321, 280],
      ["perf_event_open", 298, 241],
      ["userfaultfd", 323, 282],
      ["keyctl", 250, 219],
      ["prctl", 157, 167],
      ["seccomp", 317, 277],
      ["io_uring_setup", 425, 425],
      ["io_uring_enter", 426, 426],
      ["openat2", 437, 437],
      ["fchmodat2", 452, 452],
      ["chroot", 161, 51],
      ["init_module", 175, 105],
      ["finit_module", 313, 273],
      ["delete_module", 176, 106],
      ["kexec_load", 246, 104],
      ["sethostname", 170, 161],
      ["kill", 62, 129],
      ["pivot_root", 155, 41],
      ["setfsuid", 122, 151],
      ["setreuid", 113, 145],
    ] as const
  ).map(([name, x64, arm64]) => [name, process.arch === "arm64" ? arm64 : x64]),
) as Readonly<Record<string, number>>;

const kept: Uint8Array[] = [];

/** Memory of a text or of bytes, for as long as the process lives. */
export function memory(content: string | Uint8Array): bigint {
  const bytes = typeof content === "string" ? Buffer.from(`${content}\0`) : content;
  kept.push(bytes);
  return koffi.address(bytes);
}

/** The call's result, or the negative errno. */
export function rawCall(name: string, ...given: readonly (number | bigint)[]): number {
  const filled = [0, 1, 2, 3, 4, 5].map((index) => given[index] ?? 0);
  const result = Number(withNumbers(callNumbers[name] ?? -1, ...filled));
  return result === -1 ? -koffi.errno() : result;
}

/** Calls that a child makes because they change the process or may end it. What they return does not matter: the sensor tells. */
const named: Readonly<Record<string, () => void>> = {
  unshare: () => void rawCall("unshare", 0x04000000),
  setns: () => {
    const network = library.func("int open(str, int)")("/proc/self/ns/uts", 0);
    rawCall("setns", network, 0);
  },
  setresuid: () => void rawCall("setresuid", 1000, 1000, 1000),
  capset: () => {
    const header = new Uint32Array([0x20080522, 0]);
    rawCall("capset", memory(new Uint8Array(header.buffer)), memory(new Uint8Array(24)));
  },
  chroot: () => void rawCall("chroot", memory("/tmp")),
  sethostname: () => {
    rawCall("unshare", 0x04000000);
    rawCall("sethostname", memory("garrison-test"), 13);
  },
  ptrace: () => void rawCall("ptrace", 0x4206, process.ppid, 0, 0),
  process_vm_readv: () => void rawCall("process_vm_readv", process.ppid, 0, 0, 0, 0, 0),
  bpf: () => void rawCall("bpf", 5, 0, 0),
  perf_event_open: () => void rawCall("perf_event_open", 0, 0, -1, -1, 0),
  userfaultfd: () => void rawCall("userfaultfd", 1),
  keyctl: () => void rawCall("keyctl", 0, -3, 0),
  prctl: () => void rawCall("prctl", 38, 1, 0, 0, 0),
  seccomp: () => void rawCall("seccomp", 2, 0, memory(new Uint8Array(8))),
  io_uring_setup: () => void rawCall("io_uring_setup", 1, memory(new Uint8Array(120))),
  init_module: () => void rawCall("init_module", 0, 0, memory("")),
  delete_module: () => void rawCall("delete_module", memory("garrison_none"), 0x800),
  finit_module: () => {
    const file = library.func("int open(str, int)")("/etc/hostname", 0);
    rawCall("finit_module", file, memory(""), 0);
  },
  kexec_load: () => void rawCall("kexec_load", 0, 1, 0, 0x80000000),
  pivot_root: () => void rawCall("pivot_root", memory("/garrison-none"), memory("/garrison-none/old")),
  setfsuid: () => void rawCall("setfsuid", 7),
  setreuid: () => void rawCall("setreuid", -1, 8),
  kill: () => void rawCall("kill", process.pid, 28),
};
export const namedCalls = Object.keys(named);

if (import.meta.main) named[process.argv[2] ?? ""]?.();
