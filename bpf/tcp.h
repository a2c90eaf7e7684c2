/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of TCP connections with their totals, and who uses a socket. */
#ifndef GARRISON_TCP_H
#define GARRISON_TCP_H

#include "common.h"

#define CALL_CONNECT_X86 42
#define CALL_CONNECT_ARM 203
#define KERNEL_THREAD 0x00200000

struct pt_regs___number_x86 {
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

struct pt_regs___number_arm {
	int syscallno;
} __attribute__((preserve_access_index));

struct task_struct___flags {
	unsigned int flags;
} __attribute__((preserve_access_index));

/* Whether the running call tells of the connection by itself; the kernel's own connections (of file systems) are nobody's. */
static __always_inline bool is_told_by_call(struct task_struct *task)
{
	struct task_struct___flags *flagged = (void *)task;
	void *registers = (void *)bpf_task_pt_regs(task);
	struct pt_regs___number_x86 *x86 = registers;
	struct pt_regs___number_arm *arm = registers;
	if (BPF_CORE_READ(flagged, flags) & KERNEL_THREAD)
		return true;
	if (bpf_core_field_exists(x86->orig_ax))
		return BPF_CORE_READ(x86, orig_ax) == CALL_CONNECT_X86;
	if (bpf_core_field_exists(arm->syscallno))
		return BPF_CORE_READ(arm, syscallno) == CALL_CONNECT_ARM;
	return true;
}

static __always_inline bool is_tcp(const struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;
	return (family == AF_INET || family == AF_INET6) && sk->sk_protocol == IPPROTO_TCP;
}

static __always_inline void fill_tuple(struct tcp_event *event, const struct tcp_sock *tcp)
{
	const struct sock *sk = &tcp->inet_conn.icsk_inet.sk;
	/* The port number of the socket is already given back at the last state change; inet_sport still holds it. */
	event->local_port = bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport);
	event->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (sk->__sk_common.skc_family == AF_INET) {
		map_ipv4(event->local, sk->__sk_common.skc_rcv_saddr);
		map_ipv4(event->remote, sk->__sk_common.skc_daddr);
		return;
	}
	bpf_core_read(event->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	bpf_core_read(event->remote, 16, &sk->__sk_common.skc_v6_daddr);
}

static __always_inline void fill_totals(struct tcp_event *event, const struct tcp_sock *tcp)
{
	const struct sock *sk = &tcp->inet_conn.icsk_inet.sk;
	event->bytes_sent = tcp->bytes_sent - tcp->bytes_retrans;
	/* A received FIN takes one sequence number and is counted with the bytes. */
	u64 received = tcp->bytes_received;
	event->bytes_received = received && (sk->__sk_common.skc_flags & SOCK_DONE_BIT) ? received - 1 : received;
	event->packets_sent = tcp->segs_out;
	event->packets_received = tcp->segs_in;
	event->retransmits = tcp->total_retrans;
	event->rtt_us = tcp->srtt_us >> 3;
	event->error = sk->sk_err;
}

static __always_inline void report_tcp(const struct sock *sk, struct socket_state *state, u16 type)
{
	if (state && settings.excluded_tgid && state->tgid == settings.excluded_tgid)
		return;
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock((void *)sk);
	if (!tcp)
		return;
	u64 cookie = bpf_get_socket_cookie((void *)sk);
	struct tcp_event *event = has_room_for_connections() ? bpf_ringbuf_reserve(&ring_high, sizeof(*event), 0) : NULL;
	if (!event) {
		count_drop(type);
		return;
	}
	fill_header_from_socket(&event->header, state, type);
	event->socket_id = cookie;
	fill_tuple(event, tcp);
	fill_totals(event, tcp);
	if (state)
		event->header.flags |= state->direction | (state->is_untold && state->direction == FLAG_OUTBOUND ? FLAG_UNTOLD : 0);
	if ((state && state->is_reset) || event->error == ECONNRESET || event->error == EPIPE)
		event->header.flags |= FLAG_RESET;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* A socket can be connected again after a failure, and a listener's state is inherited: each connection starts afresh. */
static __always_inline void forget_connection(struct socket_state *state)
{
	state->is_reset = 0;
	state->first_bytes = 0;
	state->sampled_sent = 0;
	state->sampled_received = 0;
	state->sampled_packets_sent = 0;
	state->sampled_packets_received = 0;
	state->sampled_retransmits = 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, struct sock *sk, int old_state, int new_state)
{
	if (!is_tcp(sk))
		return 0;
	struct socket_state *state;
	/* connect(2) and listen(2) run in their caller. */
	if (new_state == TCP_SYN_SENT || new_state == TCP_LISTEN) {
		state = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
		if (!state)
			return 0;
		struct task_struct *task = bpf_get_current_task_btf();
		own(state, task);
		state->is_reset = 0;
		state->is_untold = new_state == TCP_SYN_SENT && !is_told_by_call(task);
		state->direction = new_state == TCP_SYN_SENT ? FLAG_OUTBOUND : 0;
		return 0;
	}
	if (new_state == TCP_ESTABLISHED) {
		state = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
		if (state) {
			forget_connection(state);
			state->direction = old_state == TCP_SYN_SENT ? FLAG_OUTBOUND : FLAG_INBOUND;
			state->sampled_ns = bpf_ktime_get_boot_ns();
		}
		report_tcp(sk, state, EVENT_TCP_OPEN);
		return 0;
	}
	if (new_state != TCP_CLOSE)
		return 0;
	if (old_state == TCP_CLOSE || old_state == TCP_LISTEN || old_state == TCP_SYN_RECV || old_state == TCP_NEW_SYN_RECV)
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	/* Without a FIN in between: we abort (the kernel sends the reset only after this change), unless the network gave up. */
	if (state && (old_state == TCP_ESTABLISHED || old_state == TCP_CLOSE_WAIT) && sk->sk_err == 0)
		state->is_reset = 1;
	report_tcp(sk, state, old_state == TCP_SYN_SENT ? EVENT_TCP_FAILED : EVENT_TCP_CLOSE);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_tcp_reset_sent, struct sock *sk)
{
	if (!sk)
		return 0;
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (state && state->direction)
		state->is_reset = 1;
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_tcp_reset_received, struct sock *sk)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (state)
		state->is_reset = 1;
	return 0;
}

/* Whoever sends or receives on a socket is its user: this finds the process behind accept(2), inherited and passed sockets. */
static __always_inline int own_by_use(struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (state)
		own(state, bpf_get_current_task_btf());
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_socket_sent, struct sock *sk, int result, int flags)
{
	return own_by_use(sk);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_socket_received, struct sock *sk, int result, int flags)
{
	return own_by_use(sk);
}

/* Run once at start: sockets that are older than the sensor. */
SEC("iter/task_file")
int on_socket_found(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	if (!task || !file)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	u16 family = socket->sk->__sk_common.skc_family;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	struct socket_state *state = bpf_sk_storage_get(&sockets, socket->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (state && state->tgid == 0)
		own(state, task);
	return 0;
}

#endif
