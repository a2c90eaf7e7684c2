/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets of the watched cgroups: UDP sends and receives, DNS messages, the first bytes of TCP flows where asked for. Always lets pass. */
#ifndef GARRISON_PACKETS_H
#define GARRISON_PACKETS_H

#include "common.h"
#include "tcp.h"

#define PASS 1
#define DNS_PORT 53
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40

struct packet {
	u8 source[16];
	u8 destination[16];
	u32 transport_at; /* offset of the transport header */
	u8 protocol;
};

/* False for what is neither UDP nor TCP, for later fragments and for IPv6 with extension headers. */
static __always_inline bool parse_packet(struct __sk_buff *skb, struct packet *packet)
{
	u8 header[IPV6_HEADER_BYTES];
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, 0, header, IPV4_HEADER_BYTES))
			return false;
		if ((header[6] & 0x1f) || header[7])
			return false;
		packet->protocol = header[9];
		packet->transport_at = (header[0] & 15) * 4;
		map_ipv4(packet->source, *(u32 *)&header[12]);
		map_ipv4(packet->destination, *(u32 *)&header[16]);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes(skb, 0, header, IPV6_HEADER_BYTES))
			return false;
		packet->protocol = header[6];
		packet->transport_at = IPV6_HEADER_BYTES;
		__builtin_memcpy(packet->source, &header[8], 16);
		__builtin_memcpy(packet->destination, &header[24], 16);
	} else {
		return false;
	}
	return packet->protocol == IPPROTO_UDP || packet->protocol == IPPROTO_TCP;
}

struct payload_request {
	struct packet *packet;
	struct socket_state *state;
	u64 cookie;
	u32 at; /* offset of the payload */
	u32 length; /* of the payload */
	u16 source_port;
	u16 destination_port;
	u16 type;
	u16 direction;
};

/* Reserves a record with room for `room` payload bytes (a constant) and fills it with up to that many. */
static __always_inline void report_payload(struct __sk_buff *skb, struct payload_request *request, const u32 room)
{
	struct payload_event *event = bpf_ringbuf_reserve(&ring_low, sizeof(*event) + room, 0);
	if (!event) {
		count_drop(request->type);
		return;
	}
	fill_header_from_socket(&event->header, request->state, request->type);
	event->header.flags = request->direction;
	event->socket_id = request->cookie;
	event->reserved = 0;
	bool is_out = request->direction == FLAG_OUTBOUND;
	event->local_port = is_out ? request->source_port : request->destination_port;
	event->remote_port = is_out ? request->destination_port : request->source_port;
	__builtin_memcpy(event->local, is_out ? request->packet->source : request->packet->destination, 16);
	__builtin_memcpy(event->remote, is_out ? request->packet->destination : request->packet->source, 16);
	u32 length = request->length;
	if (length > room) {
		length = room;
		event->header.flags |= FLAG_CUT;
	}
	event->payload_bytes = length;
	/* The compiler knows these bounds already; the verifier wants to see them in this very register. Kernels before 6.3 do not carry a check over to a copy, and
	 * the compiler makes one: so the bound is a mask (`room` is a power of two), and nothing is there to be copied. */
	u32 less = length - 1;
	barrier_var(less);
	less &= room - 1;
	barrier_var(less);
	if (!length || bpf_skb_load_bytes(skb, request->at, (u8 *)event + sizeof(*event), less + 1)) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		count_drop(request->type);
		return;
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void on_udp(struct __sk_buff *skb, struct packet *packet, struct socket_state *state, u16 direction)
{
	u16 header[4];
	if (bpf_skb_load_bytes(skb, packet->transport_at, header, sizeof(header)))
		return;
	u16 source_port = bpf_ntohs(header[0]);
	u16 destination_port = bpf_ntohs(header[1]);
	u32 payload_at = packet->transport_at + sizeof(header);
	u32 length = skb->len > payload_at ? skb->len - payload_at : 0;
	bool is_out = direction == FLAG_OUTBOUND;

	struct udp_event *event = bpf_ringbuf_reserve(&ring_low, sizeof(*event), 0);
	if (event) {
		fill_header_from_socket(&event->header, state, EVENT_UDP);
		event->header.flags = direction;
		event->bytes = length;
		event->packets = skb->gso_segs ? skb->gso_segs : 1;
		event->local_port = is_out ? source_port : destination_port;
		event->remote_port = is_out ? destination_port : source_port;
		event->reserved = 0;
		__builtin_memcpy(event->local, is_out ? packet->source : packet->destination, 16);
		__builtin_memcpy(event->remote, is_out ? packet->destination : packet->source, 16);
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	} else {
		count_drop(EVENT_UDP);
	}
	if (length == 0 || (source_port != DNS_PORT && destination_port != DNS_PORT))
		return;
	struct payload_request request = {
		.packet = packet, .state = state, .cookie = bpf_get_socket_cookie(skb), .at = payload_at, .length = length,
		.source_port = source_port, .destination_port = destination_port, .type = EVENT_DNS, .direction = direction,
	};
	if (length <= DNS_SMALL_BYTES_MAX)
		report_payload(skb, &request, DNS_SMALL_BYTES_MAX);
	else if (length <= DNS_MEDIUM_BYTES_MAX)
		report_payload(skb, &request, DNS_MEDIUM_BYTES_MAX);
	else
		report_payload(skb, &request, DNS_LARGE_BYTES_MAX);
}

static __always_inline bool is_watched(u64 cgroup_id)
{
	u64 all = 0;
	return bpf_map_lookup_elem(&watched, &all) || bpf_map_lookup_elem(&watched, &cgroup_id);
}

/* Bytes since the last report of a connection that stays open, at most once per sample interval. */
static __always_inline void sample_tcp(struct __sk_buff *skb, struct bpf_sock *sk, struct socket_state *state)
{
	u64 now = bpf_ktime_get_boot_ns();
	if (!settings.sample_interval_ns || now - state->sampled_ns < settings.sample_interval_ns)
		return;
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || tcp->inet_conn.icsk_inet.sk.__sk_common.skc_state != TCP_ESTABLISHED)
		return;
	state->sampled_ns = now;
	if (settings.excluded_tgid && state->tgid == settings.excluded_tgid)
		return;
	struct tcp_event *event = has_room_for_connections() ? bpf_ringbuf_reserve(&ring_high, sizeof(*event), 0) : NULL;
	if (!event) {
		count_drop(EVENT_TCP_SAMPLE);
		return;
	}
	fill_header_from_socket(&event->header, state, EVENT_TCP_SAMPLE);
	event->header.flags = state->direction;
	fill_tuple(event, tcp);
	fill_totals(event, tcp);
	u64 sent = event->bytes_sent, received = event->bytes_received;
	u32 packets_sent = event->packets_sent, packets_received = event->packets_received, retransmits = event->retransmits;
	event->bytes_sent -= state->sampled_sent;
	event->bytes_received -= state->sampled_received;
	event->packets_sent -= state->sampled_packets_sent;
	event->packets_received -= state->sampled_packets_received;
	event->retransmits -= state->sampled_retransmits;
	state->sampled_sent = sent;
	state->sampled_received = received;
	state->sampled_packets_sent = packets_sent;
	state->sampled_packets_received = packets_received;
	state->sampled_retransmits = retransmits;
	event->socket_id = bpf_get_socket_cookie(skb);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void on_tcp(struct __sk_buff *skb, struct packet *packet, struct socket_state *state, u16 direction)
{
	u8 header[20];
	u8 bit = direction == FLAG_OUTBOUND ? 1 : 2;
	if (state->first_bytes & bit)
		return;
	if (bpf_skb_load_bytes(skb, packet->transport_at, header, sizeof(header)))
		return;
	u32 payload_at = packet->transport_at + (header[12] >> 4) * 4;
	if (skb->len <= payload_at || (header[13] & 2))
		return;
	state->first_bytes |= bit;
	/* Asked late, so that only the first packet with payload pays for the look-ups. */
	if (!is_watched(state->cgroup_id))
		return;
	struct payload_request request = {
		.packet = packet, .state = state, .cookie = bpf_get_socket_cookie(skb), .at = payload_at, .length = skb->len - payload_at,
		.source_port = bpf_ntohs(*(u16 *)&header[0]), .destination_port = bpf_ntohs(*(u16 *)&header[2]),
		.type = EVENT_FIRST_BYTES, .direction = direction,
	};
	if (request.length <= FIRST_BYTES_SMALL_MAX)
		report_payload(skb, &request, FIRST_BYTES_SMALL_MAX);
	else
		report_payload(skb, &request, FIRST_BYTES_LARGE_MAX);
}

static __always_inline int on_packet(struct __sk_buff *skb, u16 direction)
{
	struct packet packet;
	struct bpf_sock *sk = skb->sk;
	if (!sk)
		return PASS;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !parse_packet(skb, &packet))
		return PASS;
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (state && settings.excluded_tgid && state->tgid == settings.excluded_tgid)
		return PASS;
	if (packet.protocol == IPPROTO_UDP) {
		on_udp(skb, &packet, state, direction);
		return PASS;
	}
	/* The packet that ends a handshake is shown to the listener, whose state every later connection inherits: not its business. */
	if (!state || sk->state == TCP_LISTEN)
		return PASS;
	on_tcp(skb, &packet, state, direction);
	sample_tcp(skb, sk, state);
	return PASS;
}

SEC("cgroup_skb/egress")
int on_packet_out(struct __sk_buff *skb)
{
	return on_packet(skb, FLAG_OUTBOUND);
}

SEC("cgroup_skb/ingress")
int on_packet_in(struct __sk_buff *skb)
{
	return on_packet(skb, FLAG_INBOUND);
}

static __always_inline int own_socket(struct bpf_sock *sk)
{
	struct socket_state *state = sk ? bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
	if (state)
		own(state, bpf_get_current_task_btf());
	return PASS;
}

SEC("cgroup/sock_create")
int on_socket_made(struct bpf_sock *sk)
{
	return own_socket(sk);
}

SEC("cgroup/sendmsg4")
int on_send4(struct bpf_sock_addr *context)
{
	return own_socket(context->sk);
}

SEC("cgroup/sendmsg6")
int on_send6(struct bpf_sock_addr *context)
{
	return own_socket(context->sk);
}

SEC("cgroup/connect4")
int on_connect4(struct bpf_sock_addr *context)
{
	return own_socket(context->sk);
}

SEC("cgroup/connect6")
int on_connect6(struct bpf_sock_addr *context)
{
	return own_socket(context->sk);
}

#endif
