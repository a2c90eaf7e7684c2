/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes and cgroups: fork, exec with the kernel's own view of the path, exit, cgroup made and removed. */
#ifndef GARRISON_PROCESS_H
#define GARRISON_PROCESS_H

#include "common.h"
#include "walk.h"
#include "inode.h"

/* The part of mm_struct that only this file reads (vmlinux.h is shared by all objects). */
struct mm_struct___environment {
	unsigned long env_start;
	unsigned long env_end;
} __attribute__((preserve_access_index));

struct exec_scratch {
	struct exec_event event;
	char strings[PATH_BYTES_MAX + ARGUMENTS_BYTES_MAX + PATH_BYTES_MAX + REQUEST_BYTES_MAX + ENVIRONMENT_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

/* Key 0 is 1 while a rule asks for variables of environments: else nothing of them is copied. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} asks_environments SEC(".maps");

struct cgroup_scratch {
	struct cgroup_event event;
	char path[CGROUP_PATH_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cgroup_scratch);
} cgroup_scratches SEC(".maps");

/* Appends the walked path to the record's strings; returns the new end. */
static __always_inline u32 append_path(struct exec_scratch *scratch, struct path_walk *walk, u32 end, u32 length)
{
	u32 start = walk->start & (PATH_BYTES_MAX - 1);
	length &= PATH_BYTES_MAX - 1;
	if (end > PATH_BYTES_MAX + ARGUMENTS_BYTES_MAX)
		return end;
	bpf_probe_read_kernel(&scratch->strings[end], length, &walk->text[start]);
	return end + length;
}

static __always_inline u32 append_arguments(struct exec_scratch *scratch, struct mm_struct *mm, u32 end)
{
	u64 from = mm->arg_start;
	u64 wanted = mm->arg_end - from;
	u32 length = wanted;
	if (wanted >= ARGUMENTS_BYTES_MAX) {
		length = ARGUMENTS_BYTES_MAX - 1;
		scratch->event.header.flags |= FLAG_CUT;
	}
	length &= ARGUMENTS_BYTES_MAX - 1;
	if (end > PATH_BYTES_MAX)
		return end;
	if (bpf_probe_read_user(&scratch->strings[end], length, (void *)from)) {
		scratch->event.header.flags |= FLAG_CUT;
		return end;
	}
	return end + length;
}

static __always_inline u64 capability_bits(kernel_cap_t *from)
{
	u64 bits = 0;
	bpf_core_read(&bits, sizeof(bits), from);
	return bits;
}

static __always_inline u32 number_of(struct pid *pid)
{
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

static __always_inline void fill_namespaces(struct exec_event *event, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	struct upid inner = {};
	bpf_probe_read_kernel(&inner, sizeof(inner), (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid));
	event->inner_pid = inner.nr;
	event->pid_namespace = BPF_CORE_READ(inner.ns, ns.inum);
	event->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline void fill_session(struct exec_event *event, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	event->process_group = number_of(BPF_CORE_READ(signal, pids[PIDTYPE_PGID]));
	event->session = number_of(BPF_CORE_READ(signal, pids[PIDTYPE_SID]));
	event->login_uid = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : 0xffffffff;
	event->terminal = 0;
	struct tty_struct *terminal = BPF_CORE_READ(signal, tty);
	if (terminal) {
		u32 major = BPF_CORE_READ(terminal, driver, major);
		u32 minor = BPF_CORE_READ(terminal, driver, minor_start) + BPF_CORE_READ(terminal, index);
		event->terminal = (minor & 0xff) | major << 8 | (minor & ~0xff) << 12;
	}
	event->seccomp_mode = bpf_core_field_exists(task->seccomp.mode) ? BPF_CORE_READ(task, seccomp.mode) : 0;
}

static __always_inline void fill_file(struct exec_event *event, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	event->device = device_of(inode);
	event->inode = BPF_CORE_READ(inode, i_ino);
	event->modified_ns = modified_ns(inode);
	event->changed_ns = changed_ns(inode);
	if (is_upper(inode))
		event->header.flags |= FLAG_UPPER;
	if (BPF_CORE_READ(inode, i_nlink) == 0)
		event->header.flags |= FLAG_FILELESS;
}

static __always_inline void fill_rights(struct exec_event *event, struct task_struct *task)
{
	const struct cred *cred = task->cred;
	event->uid = cred->euid.val;
	event->gid = cred->egid.val;
	event->capabilities = capability_bits((void *)&cred->cap_effective);
	event->capabilities_permitted = capability_bits((void *)&cred->cap_permitted);
	event->capabilities_inheritable = capability_bits((void *)&cred->cap_inheritable);
}

/* A "#!" script: what was asked for is not what runs. */
static __always_inline u32 append_script(struct exec_scratch *scratch, struct linux_binprm *binprm, u32 end)
{
	const char *asked = binprm->filename;
	if (asked == binprm->interp || end > PATH_BYTES_MAX + ARGUMENTS_BYTES_MAX + PATH_BYTES_MAX)
		return end;
	long length = bpf_probe_read_kernel_str(&scratch->strings[end], REQUEST_BYTES_MAX, asked);
	if (length < 1 || length > REQUEST_BYTES_MAX)
		return end;
	return end + length - 1;
}

/* Whole, for the reader to take the asked variables out of: what it does not take is made into nothing. */
static __always_inline u32 append_environment(struct exec_scratch *scratch, struct mm_struct *mm, u32 end)
{
	u32 zero = 0;
	u32 *is_asked = bpf_map_lookup_elem(&asks_environments, &zero);
	if (!is_asked || !*is_asked)
		return end;
	struct mm_struct___environment *area = (void *)mm;
	u64 from = area->env_start;
	u64 wanted = area->env_end - from;
	u32 length = wanted;
	if (wanted >= ENVIRONMENT_BYTES_MAX) {
		length = ENVIRONMENT_BYTES_MAX - 1;
		scratch->event.header.flags |= FLAG_ENVIRONMENT_CUT;
	}
	length &= ENVIRONMENT_BYTES_MAX - 1;
	if (end > PATH_BYTES_MAX + ARGUMENTS_BYTES_MAX + PATH_BYTES_MAX + REQUEST_BYTES_MAX)
		return end;
	if (bpf_probe_read_user(&scratch->strings[end], length, (void *)from)) {
		scratch->event.header.flags |= FLAG_ENVIRONMENT_CUT;
		return end;
	}
	return end + length;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	u32 zero = 0;
	struct exec_scratch *scratch = bpf_map_lookup_elem(&exec_scratches, &zero);
	struct path_walk *walk = own_walk();
	if (!scratch || !walk)
		return 0;
	struct exec_event *event = &scratch->event;
	fill_header(&event->header, task, EVENT_EXEC);
	struct task_struct *parent = task->real_parent;
	event->parent_tgid = parent->tgid;
	event->parent_start_ns = parent->group_leader->start_boottime;
	fill_rights(event, task);
	fill_file(event, binprm->file);
	fill_namespaces(event, task);
	fill_session(event, task);

	struct path path = {};
	path_of(binprm->file, &path);
	u32 length = walk_path(walk, &path);
	if (!walk->is_done)
		event->header.flags |= FLAG_PATH_CUT;
	u32 end = append_path(scratch, walk, 0, length);
	event->path_bytes = end;

	u32 before = end;
	end = append_arguments(scratch, task->mm, end);
	event->arguments_bytes = end - before;

	folder_of(task, &path);
	length = walk_path(walk, &path);
	before = end;
	end = append_path(scratch, walk, end, length);
	event->cwd_bytes = end - before;

	before = end;
	end = append_script(scratch, binprm, end);
	event->script_bytes = end - before;

	before = end;
	end = append_environment(scratch, task->mm, end);
	event->environment_bytes = end - before;
	event->reserved = 0;

	u64 size = sizeof(*event) + end;
	if (size > sizeof(*event) + sizeof(scratch->strings))
		return 0;
	if (bpf_ringbuf_output(&ring_high, event, size, BPF_RB_NO_WAKEUP))
		count_drop(EVENT_EXEC);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid != child->tgid)
		return 0;
	struct fork_event *event = bpf_ringbuf_reserve(&ring_high, sizeof(*event), 0);
	if (!event) {
		count_drop(EVENT_FORK);
		return 0;
	}
	fill_header(&event->header, child, EVENT_FORK);
	event->parent_tgid = parent->tgid;
	event->parent_start_ns = parent->group_leader->start_boottime;
	event->uid = child->cred->euid.val;
	event->gid = child->cred->egid.val;
	event->reserved = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

/* A process ends with its last thread, which need not be the first one. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	if (signal->live.counter != 0)
		return 0;
	struct exit_event *event = bpf_ringbuf_reserve(&ring_high, sizeof(*event), 0);
	if (!event) {
		count_drop(EVENT_EXIT);
		return 0;
	}
	fill_header(&event->header, task, EVENT_EXIT);
	event->exit_code = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : task->group_leader->exit_code;
	event->reserved = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline int report_cgroup(struct cgroup *cgroup, const char *path, u16 type)
{
	u32 zero = 0;
	/* The v2 hierarchy is number 0, as in /proc/PID/cgroup; ids of other hierarchies are not comparable. */
	if (cgroup->root->hierarchy_id != 0)
		return 0;
	struct cgroup_scratch *scratch = bpf_map_lookup_elem(&cgroup_scratches, &zero);
	if (!scratch)
		return 0;
	struct cgroup_event *event = &scratch->event;
	struct task_struct *task = bpf_get_current_task_btf();
	fill_header(&event->header, task, type);
	event->header.cgroup_id = cgroup->kn->id;
	long length = bpf_probe_read_kernel_str(scratch->path, CGROUP_PATH_BYTES_MAX, path);
	if (length < 1 || length > CGROUP_PATH_BYTES_MAX) {
		count_drop(type);
		return 0;
	}
	event->path_bytes = length - 1;
	if (bpf_ringbuf_output(&ring_high, scratch, sizeof(*event) + length, BPF_RB_NO_WAKEUP))
		count_drop(type);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_made, struct cgroup *cgroup, const char *path)
{
	return report_cgroup(cgroup, path, EVENT_CGROUP_MADE);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_removed, struct cgroup *cgroup, const char *path)
{
	return report_cgroup(cgroup, path, EVENT_CGROUP_REMOVED);
}

#endif
