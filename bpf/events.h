/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records that the programs write into the two rings: the single source of the layout.
 * tools/generate-sensor-layout.ts derives src/edge/sensor/layout.gen.ts from this file. It reads a strict subset of C: numeric #define,
 * and structs of u8/u16/u32/u64/char, arrays of those, and earlier structs, in natural alignment without implicit padding.
 * Little endian. Addresses are always 16 bytes: IPv6, or IPv4 mapped into it (::ffff:a.b.c.d). Ports are in host order. */
#ifndef GARRISON_EVENTS_H
#define GARRISON_EVENTS_H

#define EVENT_EXEC 1
#define EVENT_FORK 2
#define EVENT_EXIT 3
#define EVENT_TCP_OPEN 4
#define EVENT_TCP_FAILED 5
#define EVENT_TCP_CLOSE 6
#define EVENT_TCP_SAMPLE 7
#define EVENT_UDP 8
#define EVENT_DNS 9
#define EVENT_FIRST_BYTES 10
#define EVENT_CGROUP_MADE 11
#define EVENT_CGROUP_REMOVED 12
#define EVENT_FILE 13
#define EVENT_CALL 14
#define EVENT_TYPES 24

#define FLAG_INBOUND 1
#define FLAG_OUTBOUND 2
#define FLAG_CUT 4
#define FLAG_RESET 8
#define FLAG_PATH_CUT 16
#define FLAG_UPPER 32
#define FLAG_FILELESS 64
#define FLAG_IO_URING 128
#define FLAG_CREDENTIALS 256
#define FLAG_REQUEST_CUT 512
/* The connection began in another call than connect(2): by data (fast open), io_uring, a call of another architecture. */
#define FLAG_UNTOLD 1024
/* Of an exec: its environment is longer than what was copied, or could not be read. */
#define FLAG_ENVIRONMENT_CUT 2048

/* In the order of fileDeeds and watchedCalls (src/core/sense/deed-events.ts); those that a program must know by name. */
#define DEED_OPEN 0
#define DEED_CREATE 1
#define DEED_RENAME 2
#define DEED_UNLINK 3
#define DEED_RMDIR 4
#define DEED_MKDIR 5
#define DEED_LINK 8
#define DEED_SYMLINK 9
#define DEED_MOUNT 10
#define DEED_UMOUNT 11

#define WATCHED_SOCKET 0
#define WATCHED_BIND 1
#define WATCHED_LISTEN 2
#define WATCHED_ACCEPT 3
#define WATCHED_CONNECT 4
#define WATCHED_DUP 5
#define WATCHED_CLONE_NAMESPACES 8
#define WATCHED_PRCTL 22
#define WATCHED_KILL 33

/* What a file deed came by: its system call. In the order of fileCalls (src/edge/sensor/deed-programs.ts). */
#define FILE_CALL_OPENAT 0
#define FILE_CALL_OPENAT2 1
#define FILE_CALL_CREAT 3
#define FILE_CALL_UNLINKAT 4
#define FILE_CALL_RENAMEAT 5
#define FILE_CALL_MKDIRAT 6
#define FILE_CALL_SYMLINKAT 7
#define FILE_CALL_LINKAT 8
#define FILE_CALL_FTRUNCATE 30

/* What a descriptor stands for. */
#define KIND_NONE 0
#define KIND_FILE 1
#define KIND_DIRECTORY 2
#define KIND_IPV4 3
#define KIND_IPV6 4
#define KIND_UNIX 5
#define KIND_NETLINK 6
#define KIND_PACKET 7
#define KIND_PIPE 8
#define KIND_MEMFD 9
#define KIND_OTHER 10

#define COMM_BYTES 16
#define PATH_BYTES_MAX 4096
#define PATH_COMPONENTS_MAX 256
#define ARGUMENTS_BYTES_MAX 4096
#define ENVIRONMENT_BYTES_MAX 4096
#define CGROUP_PATH_BYTES_MAX 1024
#define DNS_SMALL_BYTES_MAX 128
#define DNS_MEDIUM_BYTES_MAX 512
#define DNS_LARGE_BYTES_MAX 2048
#define FIRST_BYTES_SMALL_MAX 512
#define FIRST_BYTES_LARGE_MAX 2048
#define CGROUPS_WATCHED_MAX 16384
#define REQUEST_BYTES_MAX 4096
#define CALL_TEXT_BYTES_MAX 256
#define DEEDS_SEEN_MAX 65536
#define NAMES_CHANGED_MAX 4096
#define CALL_ARGUMENTS 6
#define PROTOCOL_RAW 255

struct event_header {
	u64 time_ns; /* since boot, CLOCK_BOOTTIME */
	u64 cgroup_id;
	u64 start_ns; /* of the process, CLOCK_BOOTTIME */
	u32 tgid;
	u16 type;
	u16 flags;
	char comm[16];
};

struct exec_event {
	struct event_header header;
	u64 parent_start_ns;
	u64 capabilities;
	u32 parent_tgid;
	u32 uid;
	u32 gid;
	u16 path_bytes;
	u16 arguments_bytes;
	u16 cwd_bytes;
	u16 script_bytes;
	u32 device; /* as stat(2) writes it */
	u64 inode;
	u64 modified_ns; /* since the epoch */
	u64 changed_ns;
	u64 capabilities_permitted;
	u64 capabilities_inheritable;
	u32 mount_namespace;
	u32 pid_namespace;
	u32 inner_pid;
	u32 process_group;
	u32 session;
	u32 login_uid;
	u32 terminal;
	u32 seccomp_mode;
	u32 environment_bytes; /* 0 unless somebody asks for environments */
	u32 reserved;
	/* then path, arguments (NUL separated), cwd, script, environment (NUL separated), without padding */
};

struct fork_event {
	struct event_header header;
	u64 parent_start_ns;
	u32 parent_tgid;
	u32 uid;
	u32 gid;
	u32 reserved;
};

struct exit_event {
	struct event_header header;
	u32 exit_code; /* as wait(2) reports it */
	u32 reserved;
};

struct tcp_event {
	struct event_header header;
	u64 socket_id;
	u64 bytes_sent; /* payload, without retransmissions */
	u64 bytes_received; /* payload */
	u32 packets_sent;
	u32 packets_received;
	u32 retransmits;
	u32 rtt_us;
	u32 error;
	u16 local_port;
	u16 remote_port;
	u8 local[16];
	u8 remote[16];
};

struct udp_event {
	struct event_header header;
	u32 bytes; /* payload */
	u32 packets;
	u16 local_port;
	u16 remote_port;
	u32 reserved;
	u8 local[16];
	u8 remote[16];
};

struct payload_event {
	struct event_header header;
	u64 socket_id;
	u16 local_port;
	u16 remote_port;
	u16 payload_bytes;
	u16 reserved;
	u8 local[16];
	u8 remote[16];
	/* then the payload */
};

struct cgroup_event {
	struct event_header header;
	u32 path_bytes;
	u32 reserved;
	/* then the path inside its hierarchy */
};

/* A deed on a file. With `path` the kernel resolved it; else the path as asked and the folder that it starts from (of one that begins with "/" the process's root, "" when that is the top). */
struct file_event {
	struct event_header header;
	u64 key; /* of the de-duplication; `seen` counts its repeats */
	u64 inode;
	u32 device;
	u32 open_flags;
	u32 mode;
	u32 error;
	u32 mount_namespace;
	u32 parent_tgid;
	u16 deed;
	u16 call;
	u16 path_bytes;
	u16 requested_bytes;
	u16 directory_bytes;
	u16 target_bytes;
	u16 target_directory_bytes;
	u16 kind; /* KIND_* of an opened file */
	/* then path, requested, directory, target as asked, the target's directory */
};

struct call_event {
	struct event_header header;
	u64 key;
	u64 arguments[CALL_ARGUMENTS]; /* pointers are 0 */
	u64 result; /* two's complement */
	u64 capabilities_before;
	u64 capabilities_after;
	u32 uid_before;
	u32 uid_after;
	u32 mount_namespace;
	u32 parent_tgid;
	u32 descriptor;
	u16 call;
	u16 kind;
	u16 protocol; /* IPPROTO_*, PROTOCOL_RAW */
	u16 local_port;
	u16 remote_port;
	u16 text_bytes;
	u16 path_bytes;
	u16 reserved_a;
	u32 reserved_b;
	u8 local[16];
	u8 remote[16];
	/* then text, the descriptor's path */
};

/* What the map of de-duplication holds, for the reader. */
struct seen_key {
	u64 start_ns;
	u64 a;
	u64 b;
	u32 tgid;
	u32 exec;
	u16 type;
	u16 what; /* deed or call */
	u32 how; /* access mode, or errno */
};

struct seen {
	u64 id; /* `key` of the event that was told */
	u32 count; /* touches since then */
	u32 reserved;
};

/* Compiled into the programs as the symbol `settings`; written by the loader before load. */
struct settings {
	u64 sample_interval_ns; /* 0: no samples of open TCP connections */
	u64 secret; /* of this load: in every hash of what a program chose */
	u32 excluded_tgid; /* whose sockets, files and calls are not reported; 0: none */
	u32 tells_repeats; /* 1: no de-duplication */
	u32 own_tgid; /* who asks about overlays */
	u32 reserved;
};

#endif
