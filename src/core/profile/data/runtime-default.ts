// What "RuntimeDefault" refuses, as facts of our own: containerd 2.0 on 64-bit kernels up to Linux 6.7. Everything that our table names and that is not here is allowed.

import { namesOf } from "../names.ts";

export const runtimeDefaultVersion = "RuntimeDefault of containerd 2.0";

/** Allowed only to a container that holds the capability. */
export const allowedWithCapability: Readonly<Record<string, readonly string[]>> = {
  bpf: ["bpf"],
  dac_read_search: ["open_by_handle_at"],
  perfmon: ["perf_event_open"],
  sys_admin: namesOf(`
      bpf clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount
      name_to_handle_at open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog
      umount2 unshare
    `),
  sys_boot: ["reboot"],
  sys_chroot: ["chroot"],
  sys_module: ["delete_module", "finit_module", "init_module"],
  sys_nice: ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"],
  sys_pacct: ["acct"],
  sys_ptrace: ["kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev"],
  sys_rawio: ["ioperm", "iopl"],
  sys_time: ["clock_settime", "settimeofday"],
  sys_tty_config: ["vhangup"],
  syslog: ["syslog"],
};

/** How one argument of a call is compared: as the OCI runtime specification spells it; `valueTwo` is what is left under the mask `value`. */
export interface ArgumentCondition {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_NE" | "SCMP_CMP_MASKED_EQ";
}

export interface ConditionalCall {
  readonly name: string;
  /** Allowed when one of these holds. Register arguments only: a filter reads no memory. */
  readonly anyOf: readonly ArgumentCondition[];
  /** With this capability the call is allowed whatever its arguments are. */
  readonly freeWith: string;
  /** For people, after the name: "without flags of new namespaces". */
  readonly words: string;
}

/** Every CLONE_NEW* flag that clone takes: mount, cgroup, uts, ipc, user, pid, net. */
const namespaceFlags = 0x7e02_0000;
const vsockFamily = 40;
/** Linux, UNAME26, 32-bit Linux, both, and the question which one it is. */
const personalities = [0x0, 0x2_0000, 0x8, 0x2_0008, 0xffff_ffff] as const;

/** Allowed by RuntimeDefault with these arguments only. */
export const conditionalCalls: readonly ConditionalCall[] = [
  {
    name: "clone",
    anyOf: [{ index: 0, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
    freeWith: "sys_admin",
    words: "without flags of new namespaces (flags & 0x7e020000 is 0)",
  },
  {
    name: "personality",
    anyOf: personalities.map((value) => ({ index: 0, value, op: "SCMP_CMP_EQ" })),
    freeWith: "",
    words: "of 0x0, 0x8, 0x20000, 0x20008, 0xffffffff",
  },
  {
    name: "socket",
    anyOf: [{ index: 0, value: vsockFamily, op: "SCMP_CMP_NE" }],
    freeWith: "",
    words: "of any family but AF_VSOCK (40)",
  },
];

/** Refused whatever the container holds: dangerous, of no use in a container, obsolete, or newer than the list. */
export const neverAllowed: readonly string[] = namesOf(`
    _sysctl add_key afs_syscall create_module file_getattr file_setattr get_kernel_syms getpmsg getxattrat
    io_uring_enter io_uring_register io_uring_setup kexec_file_load kexec_load keyctl listmount listxattrat
    lsm_get_self_attr lsm_list_modules lsm_set_self_attr migrate_pages move_pages mseal nfsservctl open_tree_attr
    pivot_root pkey_alloc pkey_free pkey_mprotect putpmsg query_module removexattrat request_key security
    setxattrat statmount swapoff swapon sysfs tuxcall uprobe uretprobe uselib userfaultfd ustat vserver
  `);
