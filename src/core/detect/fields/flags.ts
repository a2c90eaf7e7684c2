// Numbers of the kernel's interface as the words that Falco's rules use. Values of x86_64 and of the generic table; sources: man pages of the calls.
import { capabilityNames } from "../../../model/capability-names.ts";

export const openFlags = {
  O_ACCMODE: 3,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  O_DIRECTORY: 0o200000,
  O_CLOEXEC: 0o2000000,
  /** Without O_DIRECTORY, which the kernel's constant holds too. */
  O_TMPFILE: 0o20000000,
} as const;

type Bits = readonly (readonly [name: string, bit: number])[];

const openBits: Bits = (
  [
    "O_CREAT",
    "O_APPEND",
    "O_DSYNC",
    "O_EXCL",
    "O_NONBLOCK",
    "O_TRUNC",
    "O_DIRECT",
    "O_DIRECTORY",
    "O_LARGEFILE",
    "O_CLOEXEC",
    "O_TMPFILE",
  ] as const
).map((name) => [name, openFlags[name]]);

/** "O_WRONLY|O_CREAT|O_TRUNC". */
export function openFlagsText(flags: number): string {
  const access = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_NONE"][flags & openFlags.O_ACCMODE] as string;
  return [access, ...namesOf(flags, openBits)].join("|");
}

const modeBits: Bits = [
  ["S_IXOTH", 0o1],
  ["S_IWOTH", 0o2],
  ["S_IROTH", 0o4],
  ["S_IXGRP", 0o10],
  ["S_IWGRP", 0o20],
  ["S_IRGRP", 0o40],
  ["S_IXUSR", 0o100],
  ["S_IWUSR", 0o200],
  ["S_IRUSR", 0o400],
  ["S_ISVTX", 0o1000],
  ["S_ISGID", 0o2000],
  ["S_ISUID", 0o4000],
];

/** "S_IRUSR|S_IXUSR"; "0" for none. */
export function modeText(mode: number): string {
  return namesOf(mode, modeBits).join("|") || "0";
}

const cloneBits: Bits = [
  ["CLONE_NEWTIME", 0x80],
  ["CLONE_VM", 0x100],
  ["CLONE_FS", 0x200],
  ["CLONE_FILES", 0x400],
  ["CLONE_NEWNS", 0x20000],
  ["CLONE_NEWCGROUP", 0x2000000],
  ["CLONE_NEWUTS", 0x4000000],
  ["CLONE_NEWIPC", 0x8000000],
  ["CLONE_NEWUSER", 0x10000000],
  ["CLONE_NEWPID", 0x20000000],
  ["CLONE_NEWNET", 0x40000000],
];

/** Flags of clone, unshare and setns. */
export function cloneFlagsText(flags: number): string {
  return namesOf(flags, cloneBits).join("|") || "0";
}

const mountBits: Bits = [
  ["MS_RDONLY", 1],
  ["MS_NOSUID", 2],
  ["MS_NODEV", 4],
  ["MS_NOEXEC", 8],
  ["MS_REMOUNT", 32],
  ["MS_BIND", 4096],
  ["MS_MOVE", 8192],
  ["MS_REC", 16384],
  ["MS_PRIVATE", 1 << 18],
  ["MS_SHARED", 1 << 20],
];

export function mountFlagsText(flags: number): string {
  return namesOf(flags, mountBits).join("|") || "0";
}

function namesOf(value: number, bits: Bits): readonly string[] {
  return bits.filter(([, bit]) => (value & bit) !== 0).map(([name]) => name);
}

const domains = new Map([
  [0, "AF_UNSPEC"],
  [1, "AF_UNIX"],
  [2, "AF_INET"],
  [10, "AF_INET6"],
  [16, "AF_NETLINK"],
  [17, "AF_PACKET"],
  [38, "AF_ALG"],
  [40, "AF_VSOCK"],
]);

export function domainText(domain: number): string {
  return domains.get(domain) ?? String(domain);
}

const ptraceRequests = new Map([
  [0, "PTRACE_TRACEME"],
  [1, "PTRACE_PEEKTEXT"],
  [2, "PTRACE_PEEKDATA"],
  [3, "PTRACE_PEEKUSR"],
  [4, "PTRACE_POKETEXT"],
  [5, "PTRACE_POKEDATA"],
  [6, "PTRACE_POKEUSR"],
  [7, "PTRACE_CONT"],
  [8, "PTRACE_KILL"],
  [9, "PTRACE_SINGLESTEP"],
  [12, "PTRACE_GETREGS"],
  [13, "PTRACE_SETREGS"],
  [14, "PTRACE_GETFPREGS"],
  [15, "PTRACE_SETFPREGS"],
  [16, "PTRACE_ATTACH"],
  [17, "PTRACE_DETACH"],
  [24, "PTRACE_SYSCALL"],
  [0x4200, "PTRACE_SETOPTIONS"],
  [0x4204, "PTRACE_GETREGSET"],
  [0x4205, "PTRACE_SETREGSET"],
  [0x4206, "PTRACE_SEIZE"],
  [0x4207, "PTRACE_INTERRUPT"],
]);

export function ptraceText(request: number): string {
  return ptraceRequests.get(request) ?? String(request);
}

const bpfCommands = [
  "BPF_MAP_CREATE",
  "BPF_MAP_LOOKUP_ELEM",
  "BPF_MAP_UPDATE_ELEM",
  "BPF_MAP_DELETE_ELEM",
  "BPF_MAP_GET_NEXT_KEY",
  "BPF_PROG_LOAD",
  "BPF_OBJ_PIN",
  "BPF_OBJ_GET",
  "BPF_PROG_ATTACH",
  "BPF_PROG_DETACH",
] as const;

export function bpfCommandText(command: number): string {
  return bpfCommands[command] ?? String(command);
}

/** Names with a space between them, "CAP_SYS_ADMIN CAP_BPF". The mask is below 2^53: no bit operations of 32 bits. */
export function capabilitiesText(mask: number): string {
  return capabilityNames
    .filter((_, bit) => Math.floor(mask / 2 ** bit) % 2 === 1)
    .map((name) => `CAP_${name}`)
    .join(" ");
}
