// What a process does beside running and talking: files, system calls that change what it may do, credentials. Resolved by the kernel, never from arguments alone.
import type { SensorEventBase, SocketTuple } from "./sensor.ts";

export const fileDeeds = [
  "open",
  "create",
  "rename",
  "unlink",
  "rmdir",
  "mkdir",
  "chmod",
  "chown",
  "link",
  "symlink",
  "mount",
  "umount",
] as const;
export type FileDeed = (typeof fileDeeds)[number];

/** How it reached the kernel; io_uring passes no system call that a filter of calls could see. */
export type DeedWay = "syscall" | "io_uring" | "lsm" | "notified";

export interface FileDeedEvent extends SensorEventBase {
  readonly type: "file";
  readonly deed: FileDeed;
  /** The system call, "openat" or "renameat2"; of io_uring the operation, "openat". */
  readonly call: string;
  readonly way: DeedWay;
  /**
   * From the top of the mount tree (a container's own root; a chroot changes nothing), from the opened or touched file: symbolic links are resolved. Of a
   * call that failed: where it would have been. "" when it is not known.
   */
  readonly path: string;
  /** Where it lies on the host, when a container reached it through a mount of a host's folder; absent: it did not, or that is not known. */
  readonly hostPath?: string;
  /** As the program asked for it; relative to its directory when it was. */
  readonly requestedPath: string;
  /**
   * rename and link: the new name (`path` is the old one). symlink: what it says (`path` is the link). mount: what is mounted (`path` is where).
   * Of rename and link resolved where it exists; else as asked.
   */
  readonly targetPath: string;
  /** O_* of open and create, AT_* or MS_* elsewhere. */
  readonly flags: number;
  /** Mode bits of create, chmod and mkdir; else 0. */
  readonly mode: number;
  /** As stat(2) writes it; 0 when not known. */
  readonly device: number;
  readonly inode: number;
  /** errno (positive) of a call that failed, or 0. */
  readonly error: number;
  /** The file stands in the writable layer of a container's overlay: it is not of the image. */
  readonly isUpper: boolean;
  /** What was opened; absent where the path alone is known. */
  readonly kind?: DescriptorFacts["kind"] | undefined;
  /** How many equal ones this stands for (the kernel says the first, and the count later). At least 1. */
  readonly count: number;
  /** It only counts repeats of what was told before; the process may be another program by now. */
  readonly isRepeat?: true;
  /** A path as asked was longer than the kernel takes, or could not be read (any more): paths may be "" or end early. */
  readonly isCut?: true;
}

/** Calls that are told; a new one is a line here, in bpf/ and in the decoder. */
export const watchedCalls = [
  "socket",
  "bind",
  "listen",
  "accept",
  "connect",
  "dup",
  "setns",
  "unshare",
  "clone-namespaces",
  "pivot_root",
  "chroot",
  "ptrace",
  "process_vm_writev",
  "process_vm_readv",
  "memfd_create",
  "bpf",
  "perf_event_open",
  "init_module",
  "finit_module",
  "delete_module",
  "userfaultfd",
  "keyctl",
  "prctl",
  "capset",
  "setuid",
  "setreuid",
  "setresuid",
  "setgid",
  "setregid",
  "setresgid",
  "setfsuid",
  "seccomp",
  "io_uring_setup",
  "kill",
  "sethostname",
  "kexec_load",
] as const;
export type WatchedCall = (typeof watchedCalls)[number];

/** What a descriptor stands for, of calls that have one (dup, connect, bind, listen, accept). */
export interface DescriptorFacts {
  readonly number: number;
  readonly kind: "file" | "directory" | "ipv4" | "ipv6" | "unix" | "netlink" | "packet" | "pipe" | "memfd" | "other";
  readonly protocol: "tcp" | "udp" | "icmp" | "raw" | "unknown" | "";
  /** Of files and Unix sockets; an abstract socket's begins with "@". Symbolic links are resolved. */
  readonly path: string;
  /** Of Internet sockets. */
  readonly tuple: SocketTuple | undefined;
}

export interface CallEvent extends SensorEventBase {
  readonly type: "call";
  readonly call: WatchedCall;
  readonly way: DeedWay;
  /** The call's arguments as the kernel got them, at most six; pointers are 0. */
  readonly arguments: readonly number[];
  /** What the call returned; below 0 an errno. */
  readonly result: number;
  /** memfd_create, sethostname, delete_module: the name. chroot, pivot_root: the path. finit_module: the module's path. Unix sockets: as asked. Else "". */
  readonly text: string;
  readonly descriptor: DescriptorFacts | undefined;
  /** Effective user id and capabilities before and after, of the calls that may change them; absent elsewhere. */
  readonly credentials:
    | {
        readonly uidBefore: number;
        readonly uidAfter: number;
        readonly capabilitiesBefore: number;
        readonly capabilitiesAfter: number;
      }
    | undefined;
  readonly count: number;
  readonly isRepeat?: true;
}

/** What the kernel's guard did, or would have done in a dry run: the receipt of a control. */
export interface GuardedEvent extends SensorEventBase {
  readonly type: "guarded";
  readonly hook:
    | "exec"
    | "open"
    | "connect"
    | "bind"
    | "send"
    | "socket"
    | "mount"
    | "ptrace"
    | "module"
    | "bpf"
    | "setns"
    | "unshare"
    | "capability";
  readonly outcome: "killed" | "denied" | "would-kill" | "would-deny" | "audited";
  /** By which plane: "lsm", "cgroup" or "kill". */
  readonly plane: "lsm" | "cgroup" | "kill";
  /** Number of the compiled rule (core/runtime-policy gives its name). */
  readonly rule: number;
  /** Path of the program or file, or "" for sockets. */
  readonly path: string;
  readonly tuple: SocketTuple | undefined;
}
