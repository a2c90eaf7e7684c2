// Closed sets of words of the runtime rooms, without schemas: commands and engines that need only the words do not load the schema library.

export const severities = ["critical", "high", "medium", "low", "info"] as const;

/** Pod Security Standards; unknown: not enough was seen. */
export const podSecurityLevels = ["privileged", "baseline", "restricted", "unknown"] as const;

/** A process's namespaces, as /proc/PID/ns names them. */
export const namespaceNames = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] as const;

export const profileKinds = ["seccomp", "apparmor", "capabilities", "sysctls"] as const;

/** log: what is outside is logged and passes (SCMP_ACT_LOG, complain). enforce: it is refused. */
export const profileModes = ["log", "enforce"] as const;
