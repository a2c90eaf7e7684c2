/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes and cgroups: fork, exec with the kernel's own view of the path, exit, cgroup made and removed. */
#ifndef GARRISON_PROCESS_H
#define GARRISON_PROCESS_H

#include "common.h"

/* A path is written from its end towards its start, so one spare component behind the buffer keeps every write in bounds. */
struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *root_dentry;
	struct mount *root_mount;
	u32 start;
	u32 is_done;
	char text[PATH_BYTES_MAX + 256];
};

struct exec_scratch {
	struct path_walk walk;
	struct exec_event event;
	char strings[PATH_BYTES_MAX + ARGUMENTS_BYTES_MAX + PATH_BYTES_MAX + PATH_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

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

/* One component per call; 1 ends the walk. The state lives in a map: on the stack the verifier could not bound the offset. */
static long walk_step(u32 index, void *context)
{
	u32 zero = 0;
	struct exec_scratch *scratch = bpf_map_lookup_elem(&exec_scratches, &zero);
	if (!scratch)
		return 1;
	struct path_walk *walk = &scratch->walk;
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
	if (dentry == walk->root_dentry && mount == walk->root_mount) {
		walk->is_done = 1;
		return 1;
	}
	struct dentry *mount_root = BPF_CORE_READ(mount, mnt.mnt_root);
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == mount_root) {
		struct mount *mount_parent = BPF_CORE_READ(mount, mnt_parent);
		if (mount_parent != mount) {
			walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			walk->mount = mount_parent;
			return 0;
		}
	}
	if (dentry == parent && dentry == mount_root && walk->start < PATH_BYTES_MAX) {
		walk->is_done = 1;
		return 1;
	}
	u32 length = BPF_CORE_READ(dentry, d_name.len) & 255;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	/* A nameless root directory: nothing to add. */
	u32 start = walk->start;
	if (start < length + 1)
		return 1;
	u32 at = start - length;
	at &= PATH_BYTES_MAX - 1;
	if (length == 1 && dentry == parent) {
		walk->is_done = 1;
		return 1;
	}
	bpf_probe_read_kernel(&walk->text[at], length, name);
	at = (start - length - 1) & (PATH_BYTES_MAX - 1);
	walk->text[at] = '/';
	walk->start = at;
	if (dentry == parent) {
		walk->is_done = 1;
		return 1;
	}
	walk->dentry = parent;
	return 0;
}

/* Writes the path as the process itself would see it (its root is "/") at the end of walk->text; returns its length, 0 when unknown. */
static __always_inline u32 walk_path(struct path_walk *walk, struct path *path, struct path *root)
{
	walk->dentry = path->dentry;
	walk->mount = (struct mount *)((void *)path->mnt - bpf_core_field_offset(struct mount, mnt));
	walk->root_dentry = root->dentry;
	walk->root_mount = (struct mount *)((void *)root->mnt - bpf_core_field_offset(struct mount, mnt));
	walk->start = PATH_BYTES_MAX - 1;
	walk->is_done = 0;
	bpf_loop(PATH_COMPONENTS_MAX, walk_step, NULL, 0);
	if (walk->start == PATH_BYTES_MAX - 1 && walk->is_done) {
		walk->start = PATH_BYTES_MAX - 2;
		walk->text[PATH_BYTES_MAX - 2] = '/';
	}
	return PATH_BYTES_MAX - 1 - walk->start;
}

/* Appends the walked path to the record's strings; returns the new end. */
static __always_inline u32 append_path(struct exec_scratch *scratch, u32 end, u32 length)
{
	u32 start = scratch->walk.start & (PATH_BYTES_MAX - 1);
	length &= PATH_BYTES_MAX - 1;
	if (end > PATH_BYTES_MAX + ARGUMENTS_BYTES_MAX)
		return end;
	bpf_probe_read_kernel(&scratch->strings[end], length, &scratch->walk.text[start]);
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

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	u32 zero = 0;
	struct exec_scratch *scratch = bpf_map_lookup_elem(&exec_scratches, &zero);
	if (!scratch)
		return 0;
	struct exec_event *event = &scratch->event;
	fill_header(&event->header, task, EVENT_EXEC);
	struct task_struct *parent = task->real_parent;
	event->parent_tgid = parent->tgid;
	event->parent_start_ns = parent->group_leader->start_boottime;
	event->uid = task->cred->euid.val;
	event->gid = task->cred->egid.val;
	bpf_core_read(&event->capabilities, sizeof(u64), &task->cred->cap_effective);

	struct path root = {};
	struct path path = {};
	bpf_core_read(&root.mnt, sizeof(void *), &task->fs->root.mnt);
	bpf_core_read(&root.dentry, sizeof(void *), &task->fs->root.dentry);
	bpf_core_read(&path.mnt, sizeof(void *), &binprm->file->f_path.mnt);
	bpf_core_read(&path.dentry, sizeof(void *), &binprm->file->f_path.dentry);
	u32 length = walk_path(&scratch->walk, &path, &root);
	if (!scratch->walk.is_done)
		event->header.flags |= FLAG_PATH_CUT;
	u32 end = append_path(scratch, 0, length);
	event->path_bytes = end;

	u32 before = end;
	end = append_arguments(scratch, task->mm, end);
	event->arguments_bytes = end - before;

	bpf_core_read(&path.mnt, sizeof(void *), &task->fs->pwd.mnt);
	bpf_core_read(&path.dentry, sizeof(void *), &task->fs->pwd.dentry);
	length = walk_path(&scratch->walk, &path, &root);
	before = end;
	end = append_path(scratch, end, length);
	event->cwd_bytes = end - before;

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
