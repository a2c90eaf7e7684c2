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

/** Refused whatever the container holds: dangerous, of no use in a container, obsolete, or newer than the list. */
export const neverAllowed: readonly string[] = namesOf(`
    _sysctl add_key afs_syscall create_module file_getattr file_setattr get_kernel_syms getpmsg getxattrat
    io_uring_enter io_uring_register io_uring_setup kexec_file_load kexec_load keyctl listmount listxattrat
    lsm_get_self_attr lsm_list_modules lsm_set_self_attr migrate_pages move_pages mseal nfsservctl open_tree_attr
    pivot_root pkey_alloc pkey_free pkey_mprotect putpmsg query_module removexattrat request_key security
    setxattrat statmount swapoff swapon sysfs tuxcall uprobe uretprobe uselib userfaultfd ustat vserver
  `);
