// Which capability a call that succeeded must have needed, where the kernel does not allow its own check to be watched. Only certain conclusions: a call that
// also succeeds without the capability (chown of one's own file, setuid to oneself) says nothing by its name alone.
import type { CallEvent, FileDeedEvent } from "../sense/deed-events.ts";

/** By name alone: without the capability these fail whatever their arguments, seen as used even when they failed, which errs to keeping. */
const alwaysNeeded: Readonly<Record<string, string>> = {
  acct: "sys_pacct",
  chroot: "sys_chroot",
  clock_settime: "sys_time",
  delete_module: "sys_module",
  finit_module: "sys_module",
  init_module: "sys_module",
  ioperm: "sys_rawio",
  iopl: "sys_rawio",
  kexec_file_load: "sys_boot",
  kexec_load: "sys_boot",
  mount: "sys_admin",
  move_mount: "sys_admin",
  fsmount: "sys_admin",
  open_by_handle_at: "dac_read_search",
  pivot_root: "sys_admin",
  quotactl: "sys_admin",
  reboot: "sys_boot",
  setdomainname: "sys_admin",
  sethostname: "sys_admin",
  setns: "sys_admin",
  settimeofday: "sys_time",
  swapoff: "sys_admin",
  swapon: "sys_admin",
  umount2: "sys_admin",
  vhangup: "sys_tty_config",
};

/** Of system calls by name. Sorted. */
export function inferFromNames(systemCalls: Iterable<string>): readonly string[] {
  const found = new Set<string>();
  for (const name of systemCalls) {
    const capability = alwaysNeeded[name];
    if (capability !== undefined) found.add(capability);
  }
  return [...found].toSorted();
}

const AF_INET = 2;
const AF_INET6 = 10;
const AF_PACKET = 17;
const SOCK_RAW = 3;
const socketTypeMask = 0xf;
const unprivilegedPortFirst = 1024;
const CLONE_NEWUSER = 0x10000000;
const namespaceFlags = 0x7e020080;

type Inference = (event: CallEvent) => string;

const byCall: Partial<Readonly<Record<CallEvent["call"], Inference>>> = {
  // A raw socket of netlink or of Unix needs nothing.
  socket: ({ arguments: [family = 0, type = 0] }) => {
    const isRaw = (family === AF_INET || family === AF_INET6) && (type & socketTypeMask) === SOCK_RAW;
    return isRaw || family === AF_PACKET ? "net_raw" : "";
  },
  bind: ({ descriptor }) => {
    const port = descriptor?.tuple?.localPort ?? 0;
    return port > 0 && port < unprivilegedPortFirst ? "net_bind_service" : "";
  },
  setns: () => "sys_admin",
  unshare: ({ arguments: [flags = 0] }) =>
    (flags & namespaceFlags) !== 0 && (flags & CLONE_NEWUSER) === 0 ? "sys_admin" : "",
  pivot_root: () => "sys_admin",
  chroot: () => "sys_chroot",
  bpf: () => "bpf",
  perf_event_open: () => "perfmon",
  init_module: () => "sys_module",
  finit_module: () => "sys_module",
  delete_module: () => "sys_module",
  setuid: (event) => changedUser(event, "setuid"),
  setreuid: (event) => changedUser(event, "setuid"),
  setresuid: (event) => changedUser(event, "setuid"),
  setfsuid: (event) => changedUser(event, "setuid"),
  setgid: (event) => (isPrivileged(event) ? "setgid" : ""),
  setregid: (event) => (isPrivileged(event) ? "setgid" : ""),
  setresgid: (event) => (isPrivileged(event) ? "setgid" : ""),
  sethostname: () => "sys_admin",
  kexec_load: () => "sys_boot",
};

function changedUser({ credentials }: CallEvent, capability: string): string {
  return credentials !== undefined && credentials.uidBefore !== credentials.uidAfter ? capability : "";
}

function isPrivileged({ credentials }: CallEvent): boolean {
  return credentials?.uidBefore === 0;
}

/** The short name of a runtime's own process in a container, before it becomes the container's program. */
const runtimeName = /^(runc|crun|conmon|youki)\b/;

/** "" when it needed none, failed, or was the runtime's. */
export function inferFromCall(event: CallEvent): string {
  if (event.result < 0 || runtimeName.test(event.comm)) return "";
  return byCall[event.call]?.(event) ?? "";
}

/** chown to another owner, mount: told as deeds on files. "" when it needed none, failed, or cannot be told. */
export function inferFromDeed(event: FileDeedEvent): string {
  if (event.error !== 0 || runtimeName.test(event.comm)) return "";
  if (event.deed === "mount" || event.deed === "umount") return "sys_admin";
  return event.deed === "chown" ? "chown" : "";
}
