/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the guard's maps and ring: the single source of the layout (src/edge/sensor/guard/layout.gen.ts is made from it).
 * The same strict subset of C as events.h: numeric #define, and structs of u8/u16/u32/u64/char, arrays of those, and earlier structs, without
 * implicit padding. Addresses are 16 bytes, IPv4 mapped into IPv6. Ports are in host order. Devices are as the kernel writes them (major << 20 | minor). */
#ifndef GARRISON_GUARD_H
#define GARRISON_GUARD_H

#define SCOPE_CGROUP 1
#define SCOPE_MOUNT_NAMESPACE 2

/* Of a scope: which classes of rules its policy has, so that others cost one look-up. */
#define HAS_EXEC 1
#define HAS_FILE 2
#define HAS_NETWORK 4
#define HAS_SOCKET 8
#define HAS_CAPABILITY 16
#define HAS_CALL 32
#define HAS_SOURCES 64
/* A container's cgroup: processes of it that are still in the host's mount namespace are the runtime's. */
#define IS_CONTAINER 256
/* Made in the kernel for a child of a scope; the loader keeps it true. */
#define IS_INHERITED 512

#define CLASS_EXEC 1
#define CLASS_FILE 2
#define CLASS_NETWORK 3
#define CLASS_SOCKET 4
#define CLASS_CAPABILITY 5
#define CLASS_CALL 6
#define CLASS_SOURCE 7
/* What nothing before it named; the number is the class. */
#define CLASS_ONLY 8

#define ACTION_NONE 0
#define ACTION_ALLOW 1
#define ACTION_AUDIT 2
#define ACTION_DRY 3
#define ACTION_BLOCK 4

#define CHOICE_WRITE_ONLY 1
#define CHOICE_OWNER_EXEMPT 2
#define CHOICE_DIRECT_ONLY 4

#define OPERATION_CONNECT 1
#define OPERATION_BIND 2
#define OPERATION_SEND 3

#define SOCKET_TCP 1
#define SOCKET_UDP 2
#define SOCKET_ICMP 3
#define SOCKET_RAW 4
#define SOCKET_PACKET 5
#define SOCKET_NETLINK 6
#define SOCKET_UNIX 7
/* An Internet socket of another protocol */
#define SOCKET_OTHER 8

#define CALL_MOUNT 1
#define CALL_PTRACE 2
#define CALL_MODULE 3
#define CALL_BPF 4
#define CALL_SETNS 5
#define CALL_UNSHARE 6
#define CALL_FILELESS_EXEC 7
#define CALL_DRIFT_EXEC 8

#define HOOK_EXEC 1
#define HOOK_OPEN 2
#define HOOK_CONNECT 3
#define HOOK_BIND 4
#define HOOK_SEND 5
#define HOOK_SOCKET 6
#define HOOK_CALL 7
#define HOOK_CAPABILITY 8

#define OUTCOME_KILLED 1
#define OUTCOME_DENIED 2
#define OUTCOME_WOULD_KILL 3
#define OUTCOME_WOULD_DENY 4
#define OUTCOME_AUDITED 5

#define PLANE_KILL 1
#define PLANE_CGROUP 2
#define PLANE_LSM 3

#define COUNTER_DROPPED 0
#define COUNTER_NO_MEMORY 1
#define COUNTER_PATH_UNKNOWN 2
#define COUNTER_NO_SIGNAL 3
#define COUNTERS 4

#define CHOICES 6
#define KEY_PATH_BYTES 248
#define GUARDED_PATH_BYTES 256
#define SCOPES_MAX 16384
#define FILES_MAX 32768
#define PATHS_MAX 32768
#define ADDRESSES_MAX 16384
#define POINTS_MAX 16384
#define SPARED_MAX 1024
/* Files that are known to be free: 16 KiB of them cost about 2 MB of the kernel's memory. */
#define MEMOS_MAX 16384

struct scope_key {
	u64 id;
	u32 kind;
	u32 reserved;
};

/* Two sets of rules: what is enforced, and what is tried without doing anything (0: none). The first one's block ends the question. */
struct scope_value {
	u32 policy;
	u32 dry_policy;
	u32 flags;
	u32 reserved;
};

/* The first one that fits decides. */
struct choice {
	u32 rule; /* 0: the end of the list */
	u32 sources; /* a bit per program that it is limited to; 0: everybody */
	u8 action;
	u8 flags;
	u16 prefix_bytes; /* of CHOICE_DIRECT_ONLY: the folder's length with its last slash */
	u32 reserved;
};

struct verdicts {
	struct choice choices[CHOICES];
};

struct file_key {
	u64 device;
	u64 inode;
	u32 policy;
	u32 class;
};

/* Longest prefix. A file's own entry ends with a NUL, a folder's with its slash. */
struct path_key {
	u32 prefix_bits;
	u32 policy_class; /* policy * 16 + class */
	char path[KEY_PATH_BYTES];
};

struct address_key {
	u32 prefix_bits;
	u32 policy;
	u8 operation;
	u8 protocol; /* 0: any */
	u16 port; /* 0: any */
	u32 reserved;
	u8 address[16];
};

struct point_key {
	u32 policy;
	u16 class;
	u16 number;
};

struct guarded_event {
	u64 time_ns; /* since boot, CLOCK_BOOTTIME */
	u64 cgroup_id;
	u64 start_ns; /* of the process, CLOCK_BOOTTIME */
	u32 tgid;
	u32 rule;
	char comm[16];
	u32 policy;
	u32 mount_namespace;
	u16 local_port;
	u16 remote_port;
	u16 path_bytes;
	u8 hook;
	u8 outcome;
	u8 plane;
	u8 family;
	u16 number; /* call, capability or socket kind */
	u32 uid;
	u8 local[16];
	u8 remote[16];
	char path[GUARDED_PATH_BYTES]; /* its last bytes when it is longer */
};

/* Compiled in as the symbol `guard_settings`; written by the loader before load. */
struct guard_settings {
	u32 agent_tgid; /* never stopped */
	u32 host_mount_namespace;
};

#endif
