/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file is: its numbers, its times, whether it has a name, and whether it stands in the writable layer of an overlay. */
#ifndef GARRISON_INODE_H
#define GARRISON_INODE_H

#include "common.h"

#define OVERLAY_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994

/* As stat(2) writes it: the kernel keeps major << 20 | minor. */
static __always_inline u32 device_of(struct inode *inode)
{
	u32 device = BPF_CORE_READ(inode, i_sb, s_dev);
	u32 major = device >> 20, minor = device & 0xfffff;
	return (minor & 0xff) | major << 8 | (minor & ~0xff) << 12;
}

/* The kernel's own type information says where the field is; without any (overlay built without BTF) it follows the inode since 4.13. */
static __always_inline bool is_upper(struct inode *inode)
{
	struct dentry *upper = NULL;
	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAY_MAGIC)
		return false;
	if (bpf_core_type_exists(struct ovl_inode)) {
		struct ovl_inode *whole = (void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);
		upper = BPF_CORE_READ(whole, __upperdentry);
	} else {
		bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
	}
	return upper != NULL;
}

static __always_inline u64 nanoseconds(s64 seconds, u64 rest)
{
	return seconds < 0 ? 0 : (u64)seconds * 1000000000ULL + rest;
}

static __always_inline u64 modified_ns(struct inode *inode)
{
	if (bpf_core_field_exists(inode->i_mtime_sec))
		return nanoseconds(BPF_CORE_READ(inode, i_mtime_sec), BPF_CORE_READ(inode, i_mtime_nsec));
	struct inode___before_6_11 *newer = (void *)inode;
	if (bpf_core_field_exists(newer->__i_mtime))
		return nanoseconds(BPF_CORE_READ(newer, __i_mtime.tv_sec), BPF_CORE_READ(newer, __i_mtime.tv_nsec));
	struct inode___before_6_7 *older = (void *)inode;
	if (bpf_core_field_exists(older->i_mtime))
		return nanoseconds(BPF_CORE_READ(older, i_mtime.tv_sec), BPF_CORE_READ(older, i_mtime.tv_nsec));
	return 0;
}

static __always_inline u64 changed_ns(struct inode *inode)
{
	if (bpf_core_field_exists(inode->i_ctime_sec))
		return nanoseconds(BPF_CORE_READ(inode, i_ctime_sec), BPF_CORE_READ(inode, i_ctime_nsec));
	struct inode___before_6_7 *older = (void *)inode;
	if (bpf_core_field_exists(older->__i_ctime))
		return nanoseconds(BPF_CORE_READ(older, __i_ctime.tv_sec), BPF_CORE_READ(older, __i_ctime.tv_nsec));
	if (bpf_core_field_exists(older->i_ctime))
		return nanoseconds(BPF_CORE_READ(older, i_ctime.tv_sec), BPF_CORE_READ(older, i_ctime.tv_nsec));
	return 0;
}

static __always_inline struct file *file_of(struct task_struct *task, u32 number)
{
	struct file *file = NULL;
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	if (!table || number >= BPF_CORE_READ(table, max_fds))
		return NULL;
	struct file **slots = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), slots + number);
	return file;
}

static __always_inline u16 kind_of_inode(struct inode *inode)
{
	u16 format = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	if (format == S_IFDIR)
		return KIND_DIRECTORY;
	if (format == S_IFIFO)
		return KIND_PIPE;
	if (format != S_IFREG)
		return KIND_OTHER;
	if (BPF_CORE_READ(inode, i_nlink) == 0 && BPF_CORE_READ(inode, i_sb, s_magic) == TMPFS_MAGIC)
		return KIND_MEMFD;
	return KIND_FILE;
}

#endif
