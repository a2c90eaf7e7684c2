// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Learning: which system calls and capabilities a container uses, as bits per mount namespace. Attached only while something is learnt, because
 * a look at every system call of the machine costs about a tenth of a microsecond each. Observes, never changes. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "learn.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

_Static_assert(sizeof(struct learn_scope) == 96, "learn_scope");

#define CAP_OPT_NOAUDIT 2
#define TS_COMPAT 2

/* x86 alone says in `status` that the call came through the 32-bit door. */
struct thread_info___x86 {
	u32 status;
} __attribute__((preserve_access_index));

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
} __attribute__((preserve_access_index));

/* What never comes again of a mount namespace: its sequence number before Linux 6.18, its id since. */
struct mnt_namespace___seq {
	u64 seq;
} __attribute__((preserve_access_index));

struct ns_common___id {
	u64 ns_id;
} __attribute__((preserve_access_index));

struct mnt_namespace___id {
	struct ns_common___id ns;
} __attribute__((preserve_access_index));

const volatile struct learn_settings settings = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LEARN_SCOPES_MAX);
	__type(key, u64);
	__type(value, struct learn_scope);
} scopes SEC(".maps");

/* [0]: CONTROL_ bits. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} control SEC(".maps");

/* [0]: namespaces that found no room. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

static __always_inline u64 scope_key(struct task_struct *task)
{
	struct nsproxy *proxy = task->nsproxy;
	/* Gone while a process ends. */
	if (!proxy)
		return 0;
	struct mnt_namespace *mounts = proxy->mnt_ns;
	return mounts ? mounts->ns.inum : 0;
}

/* 0: this kernel has neither, and numbers must do. */
static __always_inline u64 generation_of(struct task_struct *task)
{
	struct nsproxy *proxy = task->nsproxy;
	if (!proxy)
		return 0;
	struct mnt_namespace___id *by_id = (void *)proxy->mnt_ns;
	struct mnt_namespace___seq *by_sequence = (void *)proxy->mnt_ns;
	if (bpf_core_field_exists(by_id->ns.ns_id))
		return BPF_CORE_READ(by_id, ns.ns_id);
	if (bpf_core_field_exists(by_sequence->seq))
		return BPF_CORE_READ(by_sequence, seq);
	return 0;
}

/* False: the scope is of a namespace that is gone, whose number is used again. */
static __always_inline bool is_own(struct learn_scope *scope, u64 generation)
{
	if (scope->generation == 0)
		scope->generation = generation;
	return scope->generation == generation;
}

static __always_inline void set_call(struct learn_scope *scope, u64 number)
{
	if (number >= LEARN_CALLS_MAX)
		return;
	u64 bit = 1ULL << (number & 63);
	u64 *word = &scope->calls[(number >> 6) & (LEARN_CALL_WORDS - 1)];
	/* Nearly always it is there already: a read costs less than a locked write. */
	if (!(*word & bit))
		__sync_fetch_and_or(word, bit);
}

static __always_inline bool wants_new(void)
{
	u32 zero = 0;
	u32 *bits = bpf_map_lookup_elem(&control, &zero);
	return bits && (*bits & CONTROL_LEARN_NEW);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(learn_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	u64 key = scope_key(task);
	struct learn_scope *scope = bpf_map_lookup_elem(&scopes, &key);
	u64 generation = generation_of(task);
	if (!scope || !is_own(scope, generation)) {
		/* Of a namespace that is gone: whoever watches the new one by its number begins with nothing. */
		if (scope)
			bpf_map_delete_elem(&scopes, &key);
		/* A runtime prepares the namespace without an exec in it: the first one is the container's program. */
		if (key == 0 || key == settings.host_mount_namespace || !wants_new())
			return 0;
		struct learn_scope fresh = { .first_ns = bpf_ktime_get_boot_ns(), .generation = generation, .flags = SCOPE_START_SEEN };
		if (bpf_map_update_elem(&scopes, &key, &fresh, BPF_ANY)) {
			u32 zero = 0;
			u64 *lost = bpf_map_lookup_elem(&losses, &zero);
			if (lost)
				*lost += 1;
			return 0;
		}
		scope = bpf_map_lookup_elem(&scopes, &key);
		if (!scope)
			return 0;
	}
	__sync_fetch_and_add(&scope->execs, 1);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(learn_call, struct pt_regs *regs, long number)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 key = scope_key(task);
	struct learn_scope *scope = bpf_map_lookup_elem(&scopes, &key);
	if (!scope || !is_own(scope, generation_of(task)))
		return 0;
	struct task_struct___x86 *here = (void *)task;
	if (bpf_core_field_exists(here->thread_info.status) && (BPF_CORE_READ(here, thread_info.status) & TS_COMPAT)) {
		if (!(scope->flags & SCOPE_FOREIGN))
			__sync_fetch_and_or(&scope->flags, SCOPE_FOREIGN);
		return 0;
	}
	set_call(scope, number);
	return 0;
}

/* The kernel's own check. One that asks only to choose (no audit) is no use of the capability. */
SEC("fexit/cap_capable")
int BPF_PROG(learn_capable, const struct cred *cred, void *target, int capability, u32 options, int result)
{
	if (result != 0 || (options & CAP_OPT_NOAUDIT) || capability < 0 || capability > 63)
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	u64 key = scope_key(task);
	struct learn_scope *scope = bpf_map_lookup_elem(&scopes, &key);
	if (!scope || !is_own(scope, generation_of(task)))
		return 0;
	u64 bit = 1ULL << capability;
	if (!(scope->capabilities & bit))
		__sync_fetch_and_or(&scope->capabilities, bit);
	return 0;
}

_Static_assert(sizeof(struct learn_settings) == 8, "learn_settings");
