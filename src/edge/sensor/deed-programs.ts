// Which system calls are told as deeds on files and as watched calls, and which of their arguments is what: data for the programs of bpf/files.h and
// bpf/calls.h, handed over as the cookie of each tracepoint. A new call is a line here.
import { fileDeeds, watchedCalls, type FileDeed, type WatchedCall } from "../../core/sense/deed-events.ts";
import type { KernelProgram, TracepointUse } from "./bpf-object.ts";

/** Names by which a file deed says how it came, by number; the numbers that programs know are in bpf/events.h (FILE_CALL_). */
export const fileCalls = [
  "openat",
  "openat2",
  "open",
  "creat",
  "unlinkat",
  "renameat",
  "mkdirat",
  "symlinkat",
  "linkat",
  "rename",
  "renameat2",
  "unlink",
  "rmdir",
  "mkdir",
  "mknod",
  "mknodat",
  "chmod",
  "fchmod",
  "fchmodat",
  "fchmodat2",
  "chown",
  "lchown",
  "fchown",
  "fchownat",
  "link",
  "symlink",
  "mount",
  "move_mount",
  "umount2",
  "truncate",
  "ftruncate",
] as const;
export type FileCall = (typeof fileCalls)[number];

const none = 15;

/** Numbers of arguments, from 0. */
interface FileShape {
  readonly call: FileCall;
  readonly deed: FileDeed;
  /** The tracepoint's name where it is not the call's. */
  readonly point?: string;
  readonly folder?: number;
  readonly path?: number;
  readonly targetFolder?: number;
  readonly target?: number;
  /** The target is a text that is not resolved: what a symbolic link says, what is mounted. */
  readonly isTargetText?: true;
  readonly descriptor?: number;
  readonly flags?: number;
  readonly mode?: number;
}

const openShapes: readonly FileShape[] = [
  { call: "openat", deed: "open", folder: 0, path: 1, flags: 2, mode: 3 },
  { call: "openat2", deed: "open", folder: 0, path: 1 },
  { call: "open", deed: "open", path: 0, flags: 1, mode: 2 },
  { call: "creat", deed: "open", path: 0, mode: 1 },
];

const changeShapes: readonly FileShape[] = [
  { call: "rename", deed: "rename", path: 0, target: 1 },
  { call: "renameat", deed: "rename", folder: 0, path: 1, targetFolder: 2, target: 3 },
  { call: "renameat2", deed: "rename", folder: 0, path: 1, targetFolder: 2, target: 3, flags: 4 },
  { call: "unlink", deed: "unlink", path: 0 },
  { call: "unlinkat", deed: "unlink", folder: 0, path: 1, flags: 2 },
  { call: "rmdir", deed: "rmdir", path: 0 },
  { call: "mkdir", deed: "mkdir", path: 0, mode: 1 },
  { call: "mkdirat", deed: "mkdir", folder: 0, path: 1, mode: 2 },
  { call: "mknod", deed: "create", path: 0, mode: 1 },
  { call: "mknodat", deed: "create", folder: 0, path: 1, mode: 2 },
  { call: "chmod", deed: "chmod", path: 0, mode: 1 },
  { call: "fchmod", deed: "chmod", descriptor: 0, mode: 1 },
  { call: "fchmodat", deed: "chmod", folder: 0, path: 1, mode: 2 },
  { call: "fchmodat2", deed: "chmod", folder: 0, path: 1, mode: 2, flags: 3 },
  { call: "chown", deed: "chown", path: 0 },
  { call: "lchown", deed: "chown", path: 0 },
  { call: "fchown", deed: "chown", descriptor: 0 },
  { call: "fchownat", deed: "chown", folder: 0, path: 1, flags: 4 },
  { call: "link", deed: "link", path: 0, target: 1 },
  { call: "linkat", deed: "link", folder: 0, path: 1, targetFolder: 2, target: 3, flags: 4 },
  { call: "symlink", deed: "symlink", path: 1, target: 0, isTargetText: true },
  { call: "symlinkat", deed: "symlink", folder: 1, path: 2, target: 0, isTargetText: true },
  { call: "mount", deed: "mount", path: 1, target: 0, isTargetText: true, flags: 3 },
  { call: "move_mount", deed: "mount", folder: 2, path: 3, targetFolder: 0, target: 1, flags: 4 },
  { call: "umount2", deed: "umount", point: "umount", path: 0, flags: 1 },
  // Emptying a file is what an open for writing with O_TRUNC does.
  { call: "truncate", deed: "open", path: 0 },
  { call: "ftruncate", deed: "open", descriptor: 0 },
];

/** The bits are those of bpf/files.h. */
function fileCookie(shape: FileShape): bigint {
  const fields = [
    shape.folder,
    shape.path,
    shape.targetFolder,
    shape.target,
    shape.descriptor,
    shape.flags,
    shape.mode,
  ] as const;
  let cookie = BigInt(fileCalls.indexOf(shape.call)) | (BigInt(fileDeeds.indexOf(shape.deed)) << 8n);
  fields.forEach((field, index) => {
    cookie |= BigInt(field ?? none) << BigInt(16 + 4 * index);
  });
  return shape.isTargetText === true ? cookie | (1n << 44n) : cookie;
}

function filePoints(shapes: readonly FileShape[]): readonly TracepointUse[] {
  return shapes.map((shape) => ({
    point: `syscalls/sys_exit_${shape.point ?? shape.call}`,
    cookie: fileCookie(shape),
  }));
}

interface CallShape {
  readonly call: WatchedCall;
  /** The system calls that are told by this name; the name itself when absent. */
  readonly points?: readonly string[];
  /** How many arguments it has. */
  readonly count: number;
  /** Which of them are pointers: told as 0. */
  readonly pointers?: readonly number[];
  /** The argument that is a descriptor, or "result". */
  readonly descriptor?: number | "result";
  readonly text?: number;
  readonly address?: number;
  readonly changesCredentials?: true;
  /** Descriptors of anything else are not told: shells duplicate files all the time. */
  readonly onlySockets?: true;
  readonly flagsInStruct?: true;
}

const callShapes: readonly CallShape[] = [
  { call: "socket", count: 3, descriptor: "result" },
  { call: "bind", count: 3, pointers: [1], descriptor: 0, address: 1 },
  { call: "listen", count: 2, descriptor: 0 },
  { call: "accept", points: ["accept", "accept4"], count: 4, pointers: [1, 2], descriptor: "result" },
  { call: "connect", count: 3, pointers: [1], descriptor: 0, address: 1 },
  { call: "dup", points: ["dup", "dup2", "dup3"], count: 3, descriptor: "result", onlySockets: true },
  { call: "setns", count: 2, descriptor: 0, changesCredentials: true },
  { call: "unshare", count: 1, changesCredentials: true },
  { call: "clone-namespaces", points: ["clone"], count: 1 },
  { call: "clone-namespaces", points: ["clone3"], count: 1, flagsInStruct: true },
  { call: "pivot_root", count: 2, pointers: [0, 1], text: 0 },
  { call: "chroot", count: 1, pointers: [0], text: 0 },
  { call: "ptrace", count: 4, pointers: [2, 3] },
  { call: "process_vm_writev", count: 6, pointers: [1, 3] },
  { call: "process_vm_readv", count: 6, pointers: [1, 3] },
  { call: "memfd_create", count: 2, pointers: [0], text: 0, descriptor: "result" },
  { call: "bpf", count: 3, pointers: [1] },
  { call: "perf_event_open", count: 5, pointers: [0] },
  { call: "init_module", count: 3, pointers: [0, 2] },
  { call: "finit_module", count: 3, pointers: [1], descriptor: 0 },
  { call: "delete_module", count: 2, pointers: [0], text: 0 },
  { call: "userfaultfd", count: 1 },
  { call: "keyctl", count: 5, pointers: [1, 2, 3, 4] },
  { call: "prctl", count: 5 },
  { call: "capset", count: 2, pointers: [0, 1], changesCredentials: true },
  { call: "setuid", count: 1, changesCredentials: true },
  { call: "setreuid", count: 2, changesCredentials: true },
  { call: "setresuid", count: 3, changesCredentials: true },
  { call: "setgid", count: 1, changesCredentials: true },
  { call: "setregid", count: 2, changesCredentials: true },
  { call: "setresgid", count: 3, changesCredentials: true },
  { call: "setfsuid", count: 1, changesCredentials: true },
  { call: "seccomp", count: 3, pointers: [2] },
  { call: "io_uring_setup", count: 2, pointers: [1] },
  { call: "kill", count: 2 },
  { call: "sethostname", count: 2, pointers: [0], text: 0 },
  { call: "kexec_load", points: ["kexec_load"], count: 4, pointers: [0, 2] },
  { call: "kexec_load", points: ["kexec_file_load"], count: 5, pointers: [3], descriptor: 0 },
];

/** The bits are those of bpf/calls.h. */
function callCookie(shape: CallShape): bigint {
  const isResult = shape.descriptor === "result";
  const descriptor = typeof shape.descriptor === "number" ? shape.descriptor : none;
  const pointers = (shape.pointers ?? []).reduce((mask, index) => mask | (1n << BigInt(index)), 0n);
  const switches = [isResult, shape.changesCredentials, shape.onlySockets, shape.flagsInStruct];
  return (
    BigInt(watchedCalls.indexOf(shape.call)) |
    (BigInt(descriptor) << 8n) |
    (BigInt(shape.text ?? none) << 12n) |
    (BigInt(shape.address ?? none) << 16n) |
    (pointers << 20n) |
    (BigInt(shape.count) << 26n) |
    switches.reduce((bits, isOn, index) => (isOn === true ? bits | (1n << BigInt(32 + index)) : bits), 0n)
  );
}

function callPoints(way: "enter" | "exit", shapes: readonly CallShape[]): readonly TracepointUse[] {
  return shapes.flatMap((shape) =>
    (shape.points ?? [shape.call]).map((name) => ({
      point: `syscalls/sys_${way}_${name}`,
      cookie: callCookie(shape),
    })),
  );
}

/** How many arguments each watched call has, the most of its variants. */
export const argumentCounts: ReadonlyMap<WatchedCall, number> = callShapes.reduce(
  (counts, { call, count }) => counts.set(call, Math.max(count, counts.get(call) ?? 0)),
  new Map<WatchedCall, number>(),
);

/** Every call that is told by each name, for lists of what is seen. */
export function tellingCalls(): ReadonlyMap<WatchedCall, readonly string[]> {
  const calls = new Map<WatchedCall, readonly string[]>();
  for (const { call, points } of callShapes) calls.set(call, [...(calls.get(call) ?? []), ...(points ?? [call])]);
  return calls;
}

export const deedPrograms: readonly KernelProgram[] = [
  { name: "on_file_opened", kind: "tracepoint", ability: "files", points: filePoints(openShapes) },
  { name: "on_file_changed", kind: "tracepoint", ability: "files", points: filePoints(changeShapes) },
  {
    name: "on_rights_asked",
    kind: "tracepoint",
    ability: "credentials",
    points: callPoints(
      "enter",
      callShapes.filter(({ changesCredentials }) => changesCredentials === true),
    ),
  },
  { name: "on_call", kind: "tracepoint", ability: "calls", points: callPoints("exit", callShapes) },
  { name: "on_overlay_asked", kind: "on-demand", ability: "overlay-drift" },
  { name: "on_uring_request", standIn: "on_uring_request_before_6_4", kind: "tracing", ability: "io-uring" },
];
