// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One program per family that does nothing: whether this kernel lets it in is the only honest answer to "can it". Loaded one at a time,
 * attached for a moment where attaching is what may be refused, to a function or hook that hardly anything calls. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct pt_regs;

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(probe_tp_btf, struct cgroup *cgroup, const char *path)
{
	return 0;
}

SEC("raw_tp/cgroup_rmdir")
int probe_raw_tracepoint(void *context)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sethostname")
int probe_tracepoint(void *context)
{
	return 0;
}

SEC("cgroup_skb/egress")
int probe_cgroup_skb(struct __sk_buff *skb)
{
	return 1;
}

SEC("cgroup/sock_create")
int probe_cgroup_sock(struct bpf_sock *sk)
{
	return 1;
}

SEC("cgroup/connect4")
int probe_cgroup_address(struct bpf_sock_addr *context)
{
	return 1;
}

SEC("fentry/bpf_fentry_test1")
int BPF_PROG(probe_fentry, int value)
{
	return 0;
}

SEC("kprobe/bpf_fentry_test1")
int probe_kprobe(struct pt_regs *context)
{
	return 0;
}

/* How often probe_lsm was called: it loads and attaches on kernels whose active modules bpf is not among, and is never called there. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} hook_runs SEC(".maps");

/* Asked at each bpf(2): rare, and the look at the map is one. */
SEC("lsm/bpf")
int BPF_PROG(probe_lsm)
{
	u32 zero = 0;
	u64 *runs = bpf_map_lookup_elem(&hook_runs, &zero);
	if (runs)
		__sync_fetch_and_add(runs, 1);
	return 0;
}

SEC("iter/task")
int probe_iterator(void *context)
{
	return 0;
}

/* Never attached: only whether the helpers are there. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(probe_signal, struct cgroup *cgroup, const char *path)
{
	return bpf_send_signal(0) != 0 ? 0 : 0;
}

static long step(u32 index, void *context)
{
	return 1;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(probe_loop, struct cgroup *cgroup, const char *path)
{
	bpf_loop(1, step, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
