/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Watched calls, told at their exit: arguments, result, what the descriptor stands for, credentials before and after. */
#ifndef GARRISON_CALLS_H
#define GARRISON_CALLS_H

#include "deeds.h"

/* Cookie: bits 0-7 the call, 8-11 the argument that is a descriptor, 12-15 the one that is a text, 16-19 a socket address, 20-25 a mask of
 * pointers (told as 0), 26-28 how many arguments there are, then switches. */
#define AT_CALL_DESCRIPTOR 8
#define AT_CALL_TEXT 12
#define AT_CALL_ADDRESS 16
#define AT_CALL_POINTERS 20
#define AT_CALL_COUNT 26
#define CALL_DESCRIPTOR_IS_RESULT (1ULL << 32)
#define CALL_CHANGES_CREDENTIALS (1ULL << 33)
#define CALL_ONLY_SOCKETS (1ULL << 34)
#define CALL_FLAGS_IN_STRUCT (1ULL << 35)

#define NAMESPACE_FLAGS 0x7e020000
#define SUN_PATH_BYTES 108

struct call_scratch {
	struct call_event event;
	char strings[PATH_BYTES_MAX + CALL_TEXT_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct call_scratch);
} call_scratches SEC(".maps");

struct rights {
	u64 capabilities;
	u32 uid;
	u32 reserved;
};

/* Between enter and exit of a call that may change them, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct rights);
} rights_before SEC(".maps");

static __always_inline void read_rights(struct task_struct *task, struct rights *rights)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	bpf_core_read(&rights->capabilities, sizeof(u64), &cred->cap_effective);
	rights->uid = BPF_CORE_READ(cred, euid.val);
	rights->reserved = 0;
}

SEC("tracepoint")
int on_rights_asked(void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rights rights = {};
	u64 thread = bpf_get_current_pid_tgid();
	read_rights(task, &rights);
	bpf_map_update_elem(&rights_before, &thread, &rights, BPF_ANY);
	return 0;
}

static __always_inline struct call_scratch *begin_call(struct task_struct *task)
{
	u32 zero = 0;
	struct call_scratch *scratch = bpf_map_lookup_elem(&call_scratches, &zero);
	if (!scratch)
		return NULL;
	struct call_event *event = &scratch->event;
	__builtin_memset(event, 0, sizeof(*event));
	fill_header(&event->header, task, EVENT_CALL);
	event->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	event->parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	return scratch;
}

static __always_inline struct sock *sock_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	return socket ? BPF_CORE_READ(socket, sk) : NULL;
}

static __always_inline u16 kind_of_family(u16 family)
{
	switch (family) {
	case AF_INET: return KIND_IPV4;
	case AF_INET6: return KIND_IPV6;
	case AF_UNIX: return KIND_UNIX;
	case AF_NETLINK: return KIND_NETLINK;
	case AF_PACKET: return KIND_PACKET;
	default: return KIND_OTHER;
	}
}

static __always_inline void describe_socket(struct call_event *event, struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	event->kind = kind_of_family(family);
	if (family != AF_INET && family != AF_INET6)
		return;
	event->protocol = BPF_CORE_READ(sk, sk_type) == SOCK_RAW ? PROTOCOL_RAW : BPF_CORE_READ(sk, sk_protocol);
	event->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	event->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		map_ipv4(event->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		map_ipv4(event->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
		return;
	}
	bpf_core_read(event->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	bpf_core_read(event->remote, 16, &sk->__sk_common.skc_v6_daddr);
}

struct address_in {
	u16 family;
	u16 port;
	u32 ipv4;
	u8 ipv6[16];
	u32 scope;
};

static __always_inline u64 hash_address(struct address_in *address)
{
	u64 hash = begin_hash((u64)address->family << 48 | (u64)address->port << 32 | address->ipv4);
	return keyed(keyed(hash, *(u64 *)&address->ipv6[0]), *(u64 *)&address->ipv6[8]);
}

/* The address that was asked for: of a bind the own end, else the other one. A socket that failed to connect has forgotten it. */
static __always_inline void describe_address(struct call_event *event, struct address_in *address, bool is_local)
{
	u8 *end = is_local ? event->local : event->remote;
	if (address->family == AF_INET)
		map_ipv4(end, address->ipv4);
	else if (address->family == AF_INET6)
		__builtin_memcpy(end, address->ipv6, 16);
	else
		return;
	if (is_local) {
		/* Port 0: the kernel chose one, and the socket knows it. */
		if (address->port)
			event->local_port = bpf_ntohs(address->port);
	} else {
		event->remote_port = bpf_ntohs(address->port);
	}
}

static __always_inline u32 put_call_path(struct call_scratch *scratch, struct file *file, u32 end)
{
	struct path path = {};
	struct path_walk *walk = own_walk();
	if (!walk || end > CALL_TEXT_BYTES_MAX)
		return 0;
	path_of(file, &path);
	u32 length = walk_path(walk, &path);
	if (!walk->is_done)
		return 0;
	u32 start = walk->start & (PATH_BYTES_MAX - 1);
	length &= PATH_BYTES_MAX - 1;
	bpf_probe_read_kernel(&scratch->strings[end], length, &walk->text[start]);
	return length;
}

/* The name of a Unix socket; an abstract one begins with "@" instead of NUL. */
static __always_inline u32 put_unix_path(struct call_scratch *scratch, const void *sun_path, u32 length, bool is_kernel, u32 end)
{
	if (end > CALL_TEXT_BYTES_MAX || length < 1 || length > SUN_PATH_BYTES)
		return 0;
	if (is_kernel ? bpf_probe_read_kernel(&scratch->strings[end], length, sun_path) : bpf_probe_read_user(&scratch->strings[end], length, sun_path))
		return 0;
	if (scratch->strings[end])
		return length;
	scratch->strings[end] = '@';
	return length;
}

static __always_inline u32 put_call_text(struct call_scratch *scratch, const void *text)
{
	long length = text ? bpf_probe_read_user_str(scratch->strings, CALL_TEXT_BYTES_MAX, text) : 0;
	if (text && length < 1)
		scratch->event.header.flags |= FLAG_CUT;
	if (length < 1 || length > CALL_TEXT_BYTES_MAX)
		return 0;
	if (length == CALL_TEXT_BYTES_MAX)
		scratch->event.header.flags |= FLAG_CUT;
	return length - 1;
}

static __always_inline bool is_wanted_option(u64 option)
{
	/* DUMPABLE KEEPCAPS SECCOMP CAPBSET_DROP SECUREBITS MM CHILD_SUBREAPER NO_NEW_PRIVS CAP_AMBIENT PTRACER */
	return option == 4 || option == 8 || option == 22 || option == 24 || option == 28 || option == 35 || option == 36 || option == 38 ||
	       option == 47 || option == 0x59616d61;
}

/* False for what is not worth a word: forks without new namespaces, options that only ask, signal 0. */
static __always_inline bool is_worth_telling(u16 call, u64 cookie, u64 *arguments, long result)
{
	if (call == WATCHED_CLONE_NAMESPACES) {
		if (cookie & CALL_FLAGS_IN_STRUCT) {
			u64 flags = 0;
			bpf_probe_read_user(&flags, sizeof(flags), (void *)arguments[0]);
			arguments[0] = flags;
		}
		/* The child comes by here too, with 0. */
		return result != 0 && (arguments[0] & NAMESPACE_FLAGS);
	}
	if (call == WATCHED_PRCTL)
		return is_wanted_option(arguments[0]);
	return call != WATCHED_KILL || arguments[1] != 0;
}

static __always_inline int send_call(struct call_scratch *scratch, u32 end, struct seen_key *key, bool is_high)
{
	if (end > sizeof(scratch->strings))
		return 0;
	/* After the check: kernels before 6.3 do not carry it over to a sum that was made before. */
	barrier_var(end);
	u64 size = sizeof(struct call_event) + end;
	long refused;
	if (is_high && has_room_for_connections())
		refused = bpf_ringbuf_output(&ring_high, scratch, size, BPF_RB_NO_WAKEUP);
	else
		refused = bpf_ringbuf_output(&ring_low, scratch, size, BPF_RB_NO_WAKEUP);
	if (refused)
		take_back(key, EVENT_CALL);
	return 0;
}

/* Reads what the address's family has room for: a shorter one may end at the end of its page. */
static __always_inline void read_address(struct address_in *address, const void *from)
{
	bpf_probe_read_user(&address->family, sizeof(u16), from);
	if (address->family == AF_INET)
		bpf_probe_read_user(address, 8, from);
	else if (address->family == AF_INET6)
		bpf_probe_read_user(address, sizeof(*address), from);
}

SEC("tracepoint")
int on_call(struct trace_event_raw_sys_exit *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (is_excluded(task))
		return 0;
	u64 cookie = bpf_get_attach_cookie(context);
	u16 call = cookie & 255;
	u64 arguments[ARGUMENT_PLACES] = {};
	struct seen_key key = {};
	struct address_in address = {};
	long result = BPF_CORE_READ(context, ret);
	read_arguments(task, arguments);
	if (!is_worth_telling(call, cookie, arguments, result))
		return 0;

	u32 at = nibble(cookie, AT_CALL_DESCRIPTOR);
	long number = cookie & CALL_DESCRIPTOR_IS_RESULT ? result : at == NO_ARGUMENT ? -1 : (long)(int)pick(arguments, at);
	struct file *file = number < 0 ? NULL : file_of(task, number);
	struct sock *sk = file ? sock_of(file) : NULL;
	if ((cookie & CALL_ONLY_SOCKETS) && !sk)
		return 0;
	const void *address_at = NULL;
	u32 address_bytes = 0;
	at = nibble(cookie, AT_CALL_ADDRESS);
	if (at != NO_ARGUMENT) {
		address_at = (const void *)pick(arguments, at);
		address_bytes = pick(arguments, at + 1);
		read_address(&address, address_at);
	}
	const void *text = (const void *)pick(arguments, nibble(cookie, AT_CALL_TEXT));
	s64 count = cookie >> AT_CALL_COUNT & 7;
	for (u32 index = 0; index < 6; index += 1) {
		/* Pointers, and what is behind the last one, become 0; without a branch, as above. */
		u64 is_left_out = (cookie >> (AT_CALL_POINTERS + index) & 1) | ((u64)(count - 1 - index) >> 63);
		barrier_var(is_left_out);
		arguments[index] &= is_left_out - 1;
	}

	name_process(&key, task);
	key.type = EVENT_CALL;
	key.what = call;
	key.how = result < 0 ? -result : 0;
	/* Connections have another descriptor each time; with whom is what counts. Of a copy it is where it went: 0, 1 and 2 are a program's own. */
	if (call == WATCHED_DUP)
		key.a = result;
	else if (!address_at && call != WATCHED_ACCEPT)
		key.a = keyed(keyed(begin_hash(arguments[0]), arguments[1]), arguments[2]);
	key.b = hash_address(&address);
	if (address.family == AF_UNIX)
		key.b = keyed(hash_text(address_at + 2), hash_text(address_at + 3)); /* an abstract name begins with NUL */
	if (text)
		key.b = keyed(key.b, hash_text(text));
	/* The same number may stand for another namespace, another module by now. */
	if (file && !sk && !(cookie & CALL_DESCRIPTOR_IS_RESULT))
		key.b = keyed(key.b, BPF_CORE_READ(file, f_inode, i_ino));
	if (sk && !address_at) {
		key.b = keyed(key.b, BPF_CORE_READ(sk, __sk_common.skc_family) | BPF_CORE_READ(sk, sk_type) << 16);
		key.b = keyed(key.b, (u64)BPF_CORE_READ(sk, __sk_common.skc_num) << 32 | BPF_CORE_READ(sk, __sk_common.skc_daddr));
	}
	u64 id = first_touch(&key);
	if (!id)
		return 0;

	struct call_scratch *scratch = begin_call(task);
	if (!scratch)
		return 0;
	struct call_event *event = &scratch->event;
	event->key = id;
	event->call = call;
	event->result = result;
	for (u32 index = 0; index < 6; index += 1)
		event->arguments[index] = arguments[index];
	u32 end = put_call_text(scratch, text);
	event->text_bytes = end;
	if (file) {
		event->descriptor = number;
		event->kind = sk ? KIND_OTHER : kind_of_inode(BPF_CORE_READ(file, f_inode));
	}
	if (sk) {
		describe_socket(event, sk);
		if (address_at)
			describe_address(event, &address, call == WATCHED_BIND);
		if (address.family == AF_UNIX && address_bytes > 2)
			event->path_bytes = put_unix_path(scratch, address_at + 2, address_bytes - 2, false, end);
	} else if (file) {
		event->path_bytes = put_call_path(scratch, file, end);
	}
	if (cookie & CALL_CHANGES_CREDENTIALS) {
		u64 thread = bpf_get_current_pid_tgid();
		struct rights *before = bpf_map_lookup_elem(&rights_before, &thread);
		struct rights now = {};
		read_rights(task, &now);
		event->uid_after = now.uid;
		event->capabilities_after = now.capabilities;
		event->uid_before = before ? before->uid : now.uid;
		event->capabilities_before = before ? before->capabilities : now.capabilities;
		event->header.flags |= FLAG_CREDENTIALS;
		bpf_map_delete_elem(&rights_before, &thread);
	}
	end += event->path_bytes;
	return send_call(scratch, end, &key, (cookie & CALL_CHANGES_CREDENTIALS) != 0);
}

#endif
