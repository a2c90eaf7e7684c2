// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The guard where the kernel allows LSM programs: what is forbidden does not happen at all (EPERM). Same maps and rules as guard.bpf.c.
 * Acts only in scopes; a program that fails to find memory for its scratch lets through and counts it. */
#include "guard-rules.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sockaddr___guard {
	unsigned short sa_family;
};
enum kernel_read_file_id { READING_MODULE = 2 };
enum kernel_load_data_id { LOADING_MODULE = 2 };
#pragma clang attribute pop

static __always_inline int deny(u32 is_blocked)
{
	return is_blocked ? -GUARD_EPERM : 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(lsm_exec, struct linux_binprm *binprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *found = find_scope(task);
	if (!found || !(found->flags & (HAS_EXEC | HAS_CALL)))
		return 0;
	struct guard_scratch *scratch = take_scratch();
	if (!scratch)
		return 0;
	struct file *file = BPF_CORE_READ(binprm, file);
	struct inode___guard *inode = BPF_CORE_READ((struct file___guard *)file, f_inode);
	struct file_question question = {
		.dentry = BPF_CORE_READ(file, f_path.dentry),
		.mount = BPF_CORE_READ(file, f_path.mnt),
		.inode = inode,
		/* Still the program that asks. */
		.source = task,
		.scope = *found,
		.class = CLASS_EXEC,
		.is_present = 1,
	};
	struct picked picked = {};
	struct tell tell = { .policy = found->policy, .hook = HOOK_EXEC, .plane = PLANE_LSM };
	u32 length = judge_file(scratch, &question, &picked);
	if ((question.scope.flags & HAS_CALL) && picked.action != ACTION_BLOCK) {
		u32 strange = strange_file(&scratch->walk, inode, question.scope.flags & IS_CONTAINER);
		struct picked call = {};
		struct facts facts = {};
		if (strange)
			pick_point(&question.scope, CLASS_CALL, strange, &facts, &call);
		if (call.rule && picked.action != ACTION_ALLOW && call.action >= picked.action) {
			picked = call;
			tell.number = strange;
		}
	}
	return deny(tell_path(scratch, &picked, &tell, length));
}

/* A file, or a name in a folder. The inode decides about the owner: the file's own, or its folder's when there is no file yet. */
static __noinline int judge_named(struct dentry *dentry, struct vfsmount *mount, u32 is_write)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *found = find_scope(task);
	if (!found || !(found->flags & HAS_FILE))
		return 0;
	struct guard_scratch *scratch = take_scratch();
	if (!scratch)
		return 0;
	struct inode___guard *inode = BPF_CORE_READ((struct dentry___guard *)dentry, d_inode);
	struct file_question question = {
		.dentry = dentry,
		.mount = mount,
		.inode = inode,
		.source = task,
		.scope = *found,
		.class = CLASS_FILE,
		.facts.is_write = is_write,
		.is_present = inode != NULL,
	};
	if (!inode) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		question.inode = BPF_CORE_READ((struct dentry___guard *)parent, d_inode);
	}
	struct picked picked = {};
	struct tell tell = { .policy = found->policy, .hook = HOOK_OPEN, .plane = PLANE_LSM };
	u32 length = judge_file(scratch, &question, &picked);
	return deny(tell_path(scratch, &picked, &tell, length));
}

SEC("lsm/file_open")
int BPF_PROG(lsm_file_open, struct file *file)
{
	u32 is_write = !!(((struct file___guard *)file)->f_mode & GUARD_FMODE_WRITE);
	return judge_named(file->f_path.dentry, file->f_path.mnt, is_write);
}

#define DENY_IN_FOLDER(NAME)                                                                        \
	SEC("lsm/path_" #NAME)                                                                      \
	int BPF_PROG(lsm_path_##NAME, const struct path *folder, struct dentry *dentry)             \
	{                                                                                           \
		return judge_named(dentry, folder->mnt, 1);                          \
	}

DENY_IN_FOLDER(unlink)
DENY_IN_FOLDER(rmdir)
DENY_IN_FOLDER(mkdir)
DENY_IN_FOLDER(mknod)
DENY_IN_FOLDER(symlink)

#define DENY_AT_PATH(NAME)                                                                          \
	SEC("lsm/path_" #NAME)                                                                      \
	int BPF_PROG(lsm_path_##NAME, const struct path *path)                                      \
	{                                                                                           \
		return judge_named(path->dentry, path->mnt, 1);       \
	}

DENY_AT_PATH(truncate)
DENY_AT_PATH(chmod)
DENY_AT_PATH(chown)

SEC("lsm/path_rename")
int BPF_PROG(lsm_path_rename, const struct path *from, struct dentry *from_dentry, const struct path *to, struct dentry *to_dentry)
{
	int result = judge_named(from_dentry, from->mnt, 1);
	return result ? result : judge_named(to_dentry, to->mnt, 1);
}

/* A second name for a file must not lead around a rule: the old name decides, and the new one. */
SEC("lsm/path_link")
int BPF_PROG(lsm_path_link, struct dentry *from_dentry, const struct path *folder, struct dentry *dentry)
{
	struct vfsmount *mount = folder->mnt;
	int result = judge_named(from_dentry, mount, 1);
	return result ? result : judge_named(dentry, mount, 1);
}

SEC("lsm/socket_create")
int BPF_PROG(lsm_socket_create, int family, int type, int protocol, int is_kernel)
{
	if (is_kernel)
		return 0;
	u32 kind = socket_kind(family, type, protocol);
	/* Internet sockets are the cgroup hook's, so that nothing is told twice. */
	return kind < SOCKET_PACKET || kind == SOCKET_OTHER ? 0 : deny(judge_socket(kind, PLANE_LSM));
}

SEC("lsm/sb_mount")
int BPF_PROG(lsm_mount, const char *device, const struct path *path, const char *type, unsigned long flags)
{
	return deny(judge_call(CALL_MOUNT, PLANE_LSM));
}

SEC("lsm/move_mount")
int BPF_PROG(lsm_move_mount, const struct path *from, const struct path *to)
{
	return deny(judge_call(CALL_MOUNT, PLANE_LSM));
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(lsm_ptrace, struct task_struct *child, unsigned int mode)
{
	return mode & GUARD_PTRACE_ATTACH ? deny(judge_call(CALL_PTRACE, PLANE_LSM)) : 0;
}

SEC("lsm/bpf")
int BPF_PROG(lsm_bpf, int command)
{
	return deny(judge_call(CALL_BPF, PLANE_LSM));
}

SEC("lsm/kernel_read_file")
int BPF_PROG(lsm_module_file, struct file *file, int id)
{
	return id == READING_MODULE ? deny(judge_call(CALL_MODULE, PLANE_LSM)) : 0;
}

SEC("lsm/kernel_load_data")
int BPF_PROG(lsm_module_data, int id)
{
	return id == LOADING_MODULE ? deny(judge_call(CALL_MODULE, PLANE_LSM)) : 0;
}

SEC("lsm/capable")
int BPF_PROG(lsm_capable, const struct cred *cred, void *namespace, int capability, unsigned int options)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *scope = find_scope(task);
	if (!scope || !(scope->flags & HAS_CAPABILITY))
		return 0;
	struct facts facts = {};
	struct picked picked = {};
	pick_point(scope, CLASS_CAPABILITY, capability, &facts, &picked);
	if (picked.rule == 0)
		return 0;
	/* The kernel only asks whether it could: answered the same, not told. */
	if (options & GUARD_CAP_NO_AUDIT)
		return deny(picked.action == ACTION_BLOCK);
	struct tell tell = { .policy = scope->policy, .hook = HOOK_CAPABILITY, .plane = PLANE_LSM, .number = capability };
	return deny(tell_plain(&picked, &tell));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
