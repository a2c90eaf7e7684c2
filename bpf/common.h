/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps and helpers that all programs share. Nothing here can change what a process does. */
#ifndef GARRISON_COMMON_H
#define GARRISON_COMMON_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>
#include "events.h"

_Static_assert(sizeof(struct event_header) == 48, "event_header");
_Static_assert(sizeof(struct exec_event) == 168, "exec_event");
_Static_assert(sizeof(struct fork_event) == 72, "fork_event");
_Static_assert(sizeof(struct exit_event) == 56, "exit_event");
_Static_assert(sizeof(struct tcp_event) == 128, "tcp_event");
_Static_assert(sizeof(struct udp_event) == 96, "udp_event");
_Static_assert(sizeof(struct payload_event) == 96, "payload_event");
_Static_assert(sizeof(struct cgroup_event) == 56, "cgroup_event");
_Static_assert(sizeof(struct file_event) == 104, "file_event");
_Static_assert(sizeof(struct call_event) == 200, "call_event");
_Static_assert(sizeof(struct seen_key) == 40, "seen_key");
_Static_assert(sizeof(struct seen) == 16, "seen");
_Static_assert(sizeof(struct settings) == 32, "settings");

const volatile struct settings settings = { .sample_interval_ns = 10000000000ULL };

/* Process and connection life never shares space with floods of packets. The loader sets both sizes. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4194304);
} ring_high SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16777216);
} ring_low SEC(".maps");

/* A quarter of the ring is kept for processes: a flood of connections must not hide what is executed. */
static __always_inline bool has_room_for_connections(void)
{
	return bpf_ringbuf_query(&ring_high, BPF_RB_AVAIL_DATA) < bpf_ringbuf_query(&ring_high, BPF_RB_RING_SIZE) / 4 * 3;
}

/* Events that found no room, by type. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENT_TYPES);
	__type(key, u32);
	__type(value, u64);
} drops SEC(".maps");

/* Cgroups whose TCP flows have their first bytes read; key 0 stands for all. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CGROUPS_WATCHED_MAX);
	__type(key, u64);
	__type(value, u32);
} watched SEC(".maps");

/* Who uses a socket, and what was already said about it. Freed with the socket; a listener's is cloned into the sockets it accepts. */
struct socket_state {
	u64 cgroup_id;
	u64 start_ns;
	u32 tgid;
	u16 direction; /* FLAG_INBOUND, FLAG_OUTBOUND or 0 */
	u8 is_reset;
	u8 first_bytes; /* bit 0: outbound seen, bit 1: inbound seen */
	char comm[COMM_BYTES];
	u64 sampled_ns;
	u64 sampled_sent;
	u64 sampled_received;
	u32 sampled_packets_sent;
	u32 sampled_packets_received;
	u32 sampled_retransmits;
	u32 is_untold; /* begun by another call than connect(2) */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_state);
} sockets SEC(".maps");

static __always_inline void count_drop(u32 type)
{
	u64 *counter = bpf_map_lookup_elem(&drops, &type);
	/* A packet may interrupt a program of this processor that is just counting. */
	if (counter)
		__sync_fetch_and_add(counter, 1);
}

static __always_inline void fill_header(struct event_header *header, struct task_struct *task, u16 type)
{
	struct task_struct *leader = task->group_leader;
	header->time_ns = bpf_ktime_get_boot_ns();
	header->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	header->start_ns = leader->start_boottime;
	header->tgid = task->tgid;
	header->type = type;
	header->flags = 0;
	bpf_probe_read_kernel(header->comm, COMM_BYTES, leader->comm);
}

static __always_inline void fill_header_from_socket(struct event_header *header, struct socket_state *state, u16 type)
{
	header->time_ns = bpf_ktime_get_boot_ns();
	header->type = type;
	header->flags = 0;
	if (state) {
		header->cgroup_id = state->cgroup_id;
		header->start_ns = state->start_ns;
		header->tgid = state->tgid;
		__builtin_memcpy(header->comm, state->comm, COMM_BYTES);
	} else {
		header->cgroup_id = 0;
		header->start_ns = 0;
		header->tgid = 0;
		__builtin_memset(header->comm, 0, COMM_BYTES);
	}
}

/* Remembers `task` as the one that uses the socket; cheap when it already is. */
static __always_inline void own(struct socket_state *state, struct task_struct *task)
{
	if (state->tgid == task->tgid)
		return;
	struct task_struct *leader = task->group_leader;
	state->tgid = task->tgid;
	state->start_ns = leader->start_boottime;
	state->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	bpf_probe_read_kernel(state->comm, COMM_BYTES, leader->comm);
}

static __always_inline void map_ipv4(u8 *target, u32 address)
{
	u32 *words = (u32 *)target;
	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

#endif
