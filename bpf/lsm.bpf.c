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

/* Sequence numbers of the kernel: the first one changes with every rename of a machine, the other with every mount, unmount and move of one. Odd while
 * it changes. Not every kernel tells where they are: there nothing is remembered. */
extern const void rename_lock __ksym __weak;
extern const void mount_lock __ksym __weak;

/* Where a file hangs, and the moment when that was looked at: as long as all of it is the same, so is its path. */
struct memo {
	u64 parent;
	u64 inode;
	u32 name; /* its hash; the parent is in it */
	u32 name_bytes;
	u32 device;
	u32 generation;
	u32 renames;
	u32 mounts;
};

/* Numbers of policies are never given again, and what stands under one does not change. Before 6.7 an overlay opens twice for each open, with one name and mount
 * and two inodes, the union's and the layer's: each has a place of its own, else they push each other out. */
struct memo_key {
	u64 dentry;
	u64 mount;
	u64 inode;
	u32 policy;
	u32 dry_policy;
};

/* Files that everybody in the scope may open, whoever and however: no path is walked for them again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MEMOS_MAX);
	__type(key, struct memo_key);
	__type(value, struct memo);
} memos SEC(".maps");

static __always_inline u32 sequence_at(const void *lock)
{
	u32 sequence = 1;
	if (!lock || bpf_probe_read_kernel(&sequence, sizeof(sequence), lock))
		return 1;
	return sequence;
}

/* Returns whether it stands still now. */
static __always_inline u32 look_where(struct memo *memo, struct file *file)
{
	/* Plain loads: they are asked of every open in a scope. */
	struct dentry *dentry = file->f_path.dentry;
	struct inode___guard *inode = (struct inode___guard *)file->f_inode;
	memo->parent = (u64)dentry->d_parent;
	memo->name = dentry->d_name.hash;
	memo->name_bytes = dentry->d_name.len;
	memo->inode = inode->i_ino;
	memo->device = inode->i_sb->s_dev;
	memo->generation = inode->i_generation;
	memo->renames = sequence_at(&rename_lock);
	memo->mounts = sequence_at(&mount_lock);
	return !((memo->renames | memo->mounts) & 1);
}

static __always_inline u32 is_same_place(const struct memo *left, const struct memo *right)
{
	return left->parent == right->parent && left->name == right->name && left->name_bytes == right->name_bytes && left->inode == right->inode && left->device == right->device &&
	       left->generation == right->generation && left->renames == right->renames && left->mounts == right->mounts;
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
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *found = find_scope(task);
	if (!found || !(found->flags & HAS_FILE))
		return 0;
	struct memo_key key = {
		.dentry = (u64)file->f_path.dentry,
		.mount = (u64)file->f_path.mnt,
		.inode = (u64)file->f_inode,
		.policy = found->policy,
		.dry_policy = found->dry_policy,
	};
	struct memo now = {};
	u32 is_still = look_where(&now, file);
	struct memo *known = bpf_map_lookup_elem(&memos, &key);
	if (is_still && known && is_same_place(known, &now))
		return 0;
	u32 is_write = !!(((struct file___guard *)file)->f_mode & GUARD_FMODE_WRITE);
	int result = judge_named(file->f_path.dentry, file->f_path.mnt, is_write);
	struct guard_scratch *scratch = result || !is_still ? NULL : take_scratch();
	if (!scratch || !scratch->is_settled)
		return result;
	/* Renamed or mounted meanwhile: then nobody knows which path was walked. */
	struct memo after = {};
	if (look_where(&after, file) && is_same_place(&now, &after))
		bpf_map_update_elem(&memos, &key, &now, 0);
	return result;
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

/* How often lsm_bpf was called. Where bpf is not among the active modules all of these load and attach, and the kernel calls none of them: only this tells. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} hook_runs SEC(".maps");

SEC("lsm/bpf")
int BPF_PROG(lsm_bpf, int command)
{
	u32 zero = 0;
	u64 *runs = bpf_map_lookup_elem(&hook_runs, &zero);
	if (runs)
		__sync_fetch_and_add(runs, 1);
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

/* Where a kernel takes these, the tracepoints of the same calls stay off: one attached tracepoint of a system call makes every call of the machine slower. */
SEC("fentry/__x64_sys_unshare")
int BPF_PROG(lsm_unshare, struct pt_regs *registers)
{
	begin_unshare(BPF_CORE_READ((struct pt_regs___x86 *)registers, di));
	return 0;
}

SEC("fexit/__x64_sys_unshare")
int BPF_PROG(lsm_unshared)
{
	end_unshare();
	return 0;
}

SEC("fentry/__x64_sys_setns")
int BPF_PROG(lsm_setns)
{
	if (judge_call(CALL_SETNS, PLANE_KILL))
		kill_current();
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
