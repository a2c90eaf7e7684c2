/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A file's path from the top of its mount tree, from the kernel's own dentries and mounts: nothing that a program says is believed, and a chroot changes
 * nothing. In a container the top is its own root: pivot_root hangs it over the root of the mount namespace. */
#ifndef GARRISON_WALK_H
#define GARRISON_WALK_H

#include "common.h"

/* A path is written from its end towards its start, so one spare component behind the buffer keeps every write in bounds. */
struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	u32 start;
	u32 is_done;
	char text[PATH_BYTES_MAX + 256];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct path_walk);
} walks SEC(".maps");

/* One component per call; 1 ends the walk. The state lives in a map: on the stack the verifier could not bound the offset. */
static long walk_step(u32 index, void *context)
{
	u32 zero = 0;
	struct path_walk *walk = bpf_map_lookup_elem(&walks, &zero);
	if (!walk)
		return 1;
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
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

/* Writes the path at the end of walk->text; returns its length, 0 when unknown. */
static __always_inline u32 walk_path(struct path_walk *walk, struct path *path)
{
	walk->dentry = path->dentry;
	walk->mount = (struct mount *)((void *)path->mnt - bpf_core_field_offset(struct mount, mnt));
	walk->start = PATH_BYTES_MAX - 1;
	walk->is_done = 0;
	bpf_loop(PATH_COMPONENTS_MAX, walk_step, NULL, 0);
	if (walk->start == PATH_BYTES_MAX - 1 && walk->is_done) {
		walk->start = PATH_BYTES_MAX - 2;
		walk->text[PATH_BYTES_MAX - 2] = '/';
	}
	return PATH_BYTES_MAX - 1 - walk->start;
}

static __always_inline struct path_walk *own_walk(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&walks, &zero);
}

static __always_inline void root_of(struct task_struct *task, struct path *root)
{
	root->mnt = BPF_CORE_READ(task, fs, root.mnt);
	root->dentry = BPF_CORE_READ(task, fs, root.dentry);
}

static __always_inline void folder_of(struct task_struct *task, struct path *folder)
{
	folder->mnt = BPF_CORE_READ(task, fs, pwd.mnt);
	folder->dentry = BPF_CORE_READ(task, fs, pwd.dentry);
}

static __always_inline void path_of(struct file *file, struct path *path)
{
	path->mnt = BPF_CORE_READ(file, f_path.mnt);
	path->dentry = BPF_CORE_READ(file, f_path.dentry);
}

#endif
