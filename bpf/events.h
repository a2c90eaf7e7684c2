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
#define EVENT_TYPES 16

#define FLAG_INBOUND 1
#define FLAG_OUTBOUND 2
#define FLAG_CUT 4
#define FLAG_RESET 8
#define FLAG_PATH_CUT 16

#define COMM_BYTES 16
#define PATH_BYTES_MAX 4096
#define PATH_COMPONENTS_MAX 256
#define ARGUMENTS_BYTES_MAX 4096
#define CGROUP_PATH_BYTES_MAX 1024
#define DNS_SMALL_BYTES_MAX 128
#define DNS_MEDIUM_BYTES_MAX 512
#define DNS_LARGE_BYTES_MAX 2048
#define FIRST_BYTES_SMALL_MAX 512
#define FIRST_BYTES_LARGE_MAX 2048
#define WATCHED_CGROUPS_MAX 16384

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
	u16 reserved_a;
	u32 reserved_b;
	/* then path, arguments (NUL separated), cwd, without padding */
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

/* Compiled into the programs as the symbol `settings`; written by the loader before load. */
struct settings {
	u64 sample_interval_ns; /* 0: no samples of open TCP connections */
	u32 excluded_tgid; /* whose sockets are not reported; 0: none */
	u32 reserved;
};

#endif
