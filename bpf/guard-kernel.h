/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel types that the guard touches beside those of vmlinux.h. Names with ___guard are the kernel's own types seen with other fields
 * (CO-RE leaves out what follows three underscores), so that neither header has to know the other's fields. */
#ifndef GARRISON_GUARD_KERNEL_H
#define GARRISON_GUARD_KERNEL_H

#include "vmlinux.h"

enum {
	GUARD_MAP_TYPE_LPM_TRIE = 11,
	GUARD_MAP_TYPE_TASK_STORAGE = 29,
	GUARD_STORAGE_CREATE = 1,
	GUARD_NO_PREALLOC = 1,
	GUARD_RB_NO_WAKEUP = 1,
};

#define GUARD_EPERM 1
#define GUARD_FMODE_WRITE 2
#define GUARD_AF_UNIX 1
#define GUARD_AF_NETLINK 16
#define GUARD_AF_PACKET 17
#define GUARD_SOCK_STREAM 1
#define GUARD_SOCK_DGRAM 2
#define GUARD_SOCK_RAW 3
#define GUARD_IPPROTO_ICMP 1
#define GUARD_IPPROTO_ICMPV6 58
#define GUARD_CLONE_NEWNS 0x00020000
#define GUARD_OVERLAYFS_MAGIC 0x794c7630
#define GUARD_PTRACE_ATTACH 2
#define GUARD_CAP_NO_AUDIT 2

/* Stable ABI of a system call's tracepoints. */
struct guard_call_enter {
	u64 common;
	s64 number;
	u64 arguments[6];
};
struct guard_call_exit {
	u64 common;
	s64 number;
	s64 result;
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common___guard {
	unsigned int inum;
};
struct mnt_namespace___guard {
	struct ns_common___guard ns;
};
struct nsproxy___guard {
	struct mnt_namespace___guard *mnt_ns;
};
struct super_block___guard {
	u32 s_dev;
	unsigned long s_magic;
};
struct inode___guard {
	kuid_t i_uid;
	unsigned int i_nlink;
	u32 i_generation;
	unsigned short i_mode;
	unsigned long i_ino;
	struct super_block___guard *i_sb;
};
struct dentry___guard {
	struct inode___guard *d_inode;
	struct super_block___guard *d_sb;
};
struct fdtable___guard {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct___guard {
	struct fdtable___guard *fdt;
};
struct file___guard {
	unsigned int f_mode;
	struct inode___guard *f_inode;
};
struct task_struct___guard {
	struct nsproxy___guard *nsproxy;
	struct files_struct___guard *files;
};
struct cgroup_subsys_state___guard {
	struct cgroup___guard *cgroup;
	struct cgroup_subsys_state___guard *parent;
};
struct cgroup___guard {
	struct cgroup_subsys_state___guard self;
	struct kernfs_node *kn;
};
/* Only its size. */
struct inode___size {
	unsigned long i_ino;
};

#pragma clang attribute pop

#endif
