// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The guard where the kernel has no LSM programs: kills at exec, before the first instruction of the new program; denies connect, bind, send and
 * sockets by cgroup hooks; kills at a few system calls (their effect may already be there) and after an open (late). Acts only in scopes. */
#include "guard-scripts.h"

/* Which program asks for another one: after the exec nobody knows any more, and not every program forks before it. Attached to execve and execveat. */
SEC("tracepoint")
int guard_before_exec(struct guard_call_enter *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *found = find_scope(task);
	if (!found || !(found->flags & HAS_SOURCES))
		return 0;
	struct guard_scratch *scratch = take_scratch();
	if (!scratch)
		return 0;
	struct scope_value scope = *found;
	struct facts facts = {};
	scratch->has_sources = find_sources(scratch, task, &scope, &facts) > 0;
	scratch->sources = facts.sources;
	scratch->dry_sources = facts.dry_sources;
	return 0;
}

struct slash_search {
	struct path_key *key;
	u32 last;
};

static long find_slash(u32 index, void *context)
{
	struct slash_search *search = context;
	if (index >= KEY_PATH_BYTES)
		return 1;
	if (search->key->path[index] == '/')
		search->last = index;
	return 0;
}

/* A program that is asked for by a name which is not its file's: a script (the file is its interpreter), a link of a multi-call program. The name is a text that
 * the caller wrote, so it only ever adds a stop: rules for that very path or a folder above it. Returns the path's length when a rule holds. */
static __noinline u32 judge_asked_name(struct guard_scratch *scratch, struct file_question *question, struct picked *picked, struct linux_binprm *binprm)
{
	if (!scratch || !question || !picked || !binprm)
		return 0;
	struct path_key *key = &scratch->key;
	const char *name = BPF_CORE_READ(binprm, filename);
	__builtin_memset(key->path, 0, KEY_PATH_BYTES);
	long length = bpf_probe_read_kernel_str(key->path, KEY_PATH_BYTES, name);
	if (length < 2 || length > KEY_PATH_BYTES || key->path[0] != '/')
		return 0;
	struct slash_search search = { .key = key };
	bpf_loop(KEY_PATH_BYTES, find_slash, &search, 0);
	question->facts.last_slash = search.last;
	key->prefix_bits = (4 + KEY_PATH_BYTES) * 8;
	struct picked asked = {};
	if (question->scope.policy) {
		key->policy_class = question->scope.policy * 16 + CLASS_EXEC;
		struct verdicts *verdicts = bpf_map_lookup_elem(&paths, key);
		if (verdicts)
			pick(verdicts, &question->facts, &asked);
	}
	if (question->scope.dry_policy && asked.action != ACTION_BLOCK) {
		struct picked dry = {};
		key->policy_class = question->scope.dry_policy * 16 + CLASS_EXEC;
		struct verdicts *verdicts = bpf_map_lookup_elem(&paths, key);
		question->facts.sources = question->facts.dry_sources;
		if (verdicts)
			pick(verdicts, &question->facts, &dry);
		take_dry(&asked, &dry);
	}
	if (asked.rule == 0 || asked.action <= picked->action || asked.action == ACTION_ALLOW)
		return 0;
	*picked = asked;
	u32 bytes = length - 1;
	BOUND(bytes, 255);
	u32 start = (WALK_BYTES - 1 - bytes) & (WALK_BYTES - 1);
	bpf_probe_read_kernel(&scratch->walk.text[start], bytes, key->path);
	return bytes;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(guard_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
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
		/* The program that was there before is gone: guard_before_exec asked for it; where it did not run, the parent's is the nearest that is known. */
		.source = BPF_CORE_READ(task, real_parent),
		.scope = *found,
		.class = CLASS_EXEC,
		.is_present = 1,
	};
	struct picked picked = {};
	struct tell tell = { .policy = found->policy, .hook = HOOK_EXEC, .plane = PLANE_KILL };
	u32 length = judge_file(scratch, &question, &picked);
	if ((question.scope.flags & HAS_CALL) && picked.action != ACTION_BLOCK) {
		u32 strange = strange_file(&scratch->walk, inode, question.scope.flags & IS_CONTAINER);
		struct picked call = {};
		struct facts facts = {};
		if (strange)
			pick_point(&question.scope, CLASS_CALL, strange, &facts, &call);
		/* What a rule of its own allows is allowed. */
		if (call.rule && picked.action != ACTION_ALLOW && call.action >= picked.action) {
			picked = call;
			tell.number = strange;
		}
	}
	if (question.scope.flags & HAS_EXEC) {
		u32 asked = judge_asked_name(scratch, &question, &picked, binprm);
		if (asked) {
			length = asked;
			tell.number = 0;
		}
	}
	scratch->reader = READER_NONE;
	if (tell_path(scratch, &picked, &tell, length))
		kill_current();
	else if (question.scope.flags & HAS_EXEC)
		note_reader(scratch, task, file, &question.facts);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(guard_cgroup_made, struct cgroup *cgroup, const char *path)
{
	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
		return 0;
	struct cgroup_subsys_state___guard *parent = BPF_CORE_READ((struct cgroup___guard *)cgroup, self.parent);
	struct scope_key key = { .id = BPF_CORE_READ(parent, cgroup, kn, id), .kind = SCOPE_CGROUP };
	inherit(&key, BPF_CORE_READ(cgroup, kn, id));
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(guard_cgroup_removed, struct cgroup *cgroup, const char *path)
{
	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
		return 0;
	struct scope_key key = { .id = BPF_CORE_READ(cgroup, kn, id), .kind = SCOPE_CGROUP };
	bpf_map_delete_elem(&scopes, &key);
	return 0;
}

/* Another program in a spared process is not the one that was spared. Attached behind guard_exec where that runs. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(guard_changed, struct task_struct *task)
{
	u32 tgid = task->tgid;
	bpf_map_delete_elem(&spared, &tgid);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(guard_fork, struct task_struct *parent, struct task_struct *child)
{
	/* A number that is given again. */
	u32 tgid = child->tgid;
	if (child->pid == tgid)
		bpf_map_delete_elem(&spared, &tgid);
	u32 before = mount_namespace_of(parent);
	u32 after = mount_namespace_of(child);
	if (before == after)
		return 0;
	struct scope_key key = { .id = before, .kind = SCOPE_MOUNT_NAMESPACE };
	inherit(&key, after);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_unshare")
int guard_unshare(struct guard_call_enter *context)
{
	begin_unshare(context->arguments[0]);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_unshare")
int guard_unshared(struct guard_call_exit *context)
{
	end_unshare();
	return 0;
}

/* Attached to the entry of several calls; the cookie is the call's number in guard.h. */
SEC("tracepoint")
int guard_call(struct guard_call_enter *context)
{
	if (judge_call(bpf_get_attach_cookie(context), PLANE_KILL))
		kill_current();
	return 0;
}

/* Kinds of sockets that no cgroup hook sees: packet, netlink, unix. */
SEC("tracepoint/syscalls/sys_enter_socket")
int guard_socket(struct guard_call_enter *context)
{
	u32 kind = socket_kind(context->arguments[0], context->arguments[1], context->arguments[2]);
	if (kind >= SOCKET_PACKET && kind != SOCKET_OTHER && judge_socket(kind, PLANE_KILL))
		kill_current();
	return 0;
}

/* What an open asked for: its first argument or, after a folder's descriptor, its second. */
static __always_inline const void *asked_text(struct task_struct *task, u32 is_second)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
	struct pt_regs___x86 *x86 = (void *)registers;
	struct pt_regs___arm *arm = (void *)registers;
	if (bpf_core_field_exists(x86->di))
		return (const void *)(is_second ? BPF_CORE_READ(x86, si) : BPF_CORE_READ(x86, di));
	if (bpf_core_field_exists(arm->orig_x0))
		return (const void *)(is_second ? BPF_CORE_READ(arm, regs[1]) : BPF_CORE_READ(arm, orig_x0));
	return NULL;
}

static __noinline u32 judge_opened(struct guard_scratch *scratch, struct file *file, struct scope_value *found, u32 class)
{
	if (!scratch || !found)
		return 0;
	struct file_question question = {
		.dentry = BPF_CORE_READ(file, f_path.dentry),
		.mount = BPF_CORE_READ(file, f_path.mnt),
		.inode = BPF_CORE_READ((struct file___guard *)file, f_inode),
		.source = bpf_get_current_task_btf(),
		.scope = *found,
		.class = class,
		.facts.is_write = !!(BPF_CORE_READ((struct file___guard *)file, f_mode) & GUARD_FMODE_WRITE),
		.is_present = 1,
	};
	struct tell tell = { .policy = found->policy, .hook = HOOK_OPEN, .plane = PLANE_KILL };
	if (class == CLASS_EXEC) {
		/* Who asked for the interpreter asked for what it runs. Of an allow-list only programs are meant: nobody lists every script. */
		question.facts.sources = scratch->reader_sources;
		question.facts.dry_sources = scratch->reader_dry_sources;
		question.scope.flags &= ~HAS_SOURCES;
		question.is_named_only = 1;
		tell.hook = HOOK_EXEC;
	}
	struct picked picked = {};
	u32 length = judge_file(scratch, &question, &picked);
	return tell_path(scratch, &picked, &tell, length);
}

/* After an open: the file is open already, so this is late; where LSM is not allowed there is nothing earlier. The cookie says which argument the path is. */
SEC("tracepoint")
int guard_opened(struct guard_call_exit *context)
{
	s64 result = context->result;
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *found = find_scope(task);
	if (!found || !(found->flags & (HAS_FILE | HAS_EXEC)) || result < 0)
		return 0;
	struct task_struct *leader = task->group_leader;
	struct guard_scratch *reader = leader ? bpf_task_storage_get(&scratches, leader, NULL, 0) : NULL;
	u32 is_reader = (found->flags & HAS_EXEC) && reader && reader->reader != READER_NONE;
	if (!(found->flags & HAS_FILE) && !is_reader)
		return 0;
	struct guard_scratch *scratch = take_scratch();
	if (!scratch)
		return 0;
	struct fdtable___guard *table = BPF_CORE_READ((struct task_struct___guard *)task, files, fdt);
	struct file **descriptors = BPF_CORE_READ(table, fd);
	if (result >= BPF_CORE_READ(table, max_fds))
		return 0;
	struct file *file = NULL;
	bpf_probe_read_kernel(&file, sizeof(file), &descriptors[result]);
	if (!file)
		return 0;
	struct scope_value scope = *found;
	u32 is_program = is_reader && reads_program(scratch, reader, asked_text(task, bpf_get_attach_cookie(context)), file);
	u32 is_blocked = is_program && judge_opened(scratch, file, &scope, CLASS_EXEC);
	if (!is_blocked && (scope.flags & HAS_FILE))
		is_blocked = judge_opened(scratch, file, &scope, CLASS_FILE);
	if (is_blocked)
		kill_current();
	return 0;
}

/* The rule for an address: protocol and port as they are, then any of either; of equal ones the longest prefix. */
static __always_inline void pick_address(struct address_key *key, u32 policy, u8 protocol, u16 port, struct picked *picked)
{
	struct facts facts = {};
	key->policy = policy;
#pragma unroll
	for (int step = 0; step < 4; step++) {
		key->protocol = step & 1 ? 0 : protocol;
		key->port = step & 2 ? 0 : port;
		struct verdicts *verdicts = picked->rule || policy == 0 ? NULL : bpf_map_lookup_elem(&addresses, key);
		if (verdicts)
			pick(verdicts, &facts, picked);
	}
	if (picked->rule == 0 && key->operation != OPERATION_BIND)
		pick_at_point(policy, CLASS_ONLY, CLASS_NETWORK, &facts, picked);
}

/* Who asks for the unspecified address is led to the machine itself, after the hook: to the address that the socket is bound to, else to loopback. That one is judged. */
static __always_inline void take_own(struct bpf_sock_addr *context, u32 *words)
{
	if (words[0] || words[1] || words[3])
		return;
	if (words[2] == bpf_htonl(0xffff)) {
		words[3] = context->sk->src_ip4;
		if (!words[3])
			words[3] = bpf_htonl(0x7f000001);
	} else if (!words[2]) {
		u32 is_mapped = context->sk->src_ip6[2] == bpf_htonl(0xffff);
		words[2] = is_mapped ? bpf_htonl(0xffff) : 0;
		words[3] = is_mapped ? bpf_htonl(0x7f000001) : bpf_htonl(1);
	}
}

static __always_inline int judge_address(struct bpf_sock_addr *context, u32 operation, u32 hook, u32 is_6)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *found = find_scope(task);
	if (!found || !(found->flags & HAS_NETWORK))
		return 1;
	struct address_key key = {
		.prefix_bits = (sizeof(struct address_key) - 4) * 8,
		.operation = operation,
	};
	u32 *words = (u32 *)key.address;
	if (is_6) {
		words[0] = context->user_ip6[0];
		words[1] = context->user_ip6[1];
		words[2] = context->user_ip6[2];
		words[3] = context->user_ip6[3];
	} else {
		words[2] = bpf_htonl(0xffff);
		words[3] = context->user_ip4;
	}
	if (operation != OPERATION_BIND)
		take_own(context, words);
	u8 protocol = context->type == GUARD_SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	u16 port = bpf_ntohs(context->user_port);
	struct picked picked = {};
	struct picked dry = {};
	pick_address(&key, found->policy, protocol, port, &picked);
	pick_address(&key, found->dry_policy, protocol, port, &dry);
	take_dry(&picked, &dry);
	u8 outcome = outcome_of(picked.action, PLANE_CGROUP);
	if (outcome == 0)
		return 1;
	u32 is_blocked = picked.action == ACTION_BLOCK;
	struct guarded_event *event = bpf_ringbuf_reserve(&guarded, sizeof(*event), 0);
	if (!event) {
		count_up(COUNTER_DROPPED);
		return !is_blocked;
	}
	__builtin_memset(event, 0, sizeof(*event));
	fill_event(event, found->policy, &picked);
	event->hook = hook;
	event->plane = PLANE_CGROUP;
	event->outcome = outcome;
	event->number = protocol;
	event->family = is_6 ? AF_INET6 : AF_INET;
	if (operation == OPERATION_BIND) {
		event->local_port = port;
		__builtin_memcpy(event->local, key.address, 16);
	} else {
		event->remote_port = port;
		__builtin_memcpy(event->remote, key.address, 16);
	}
	bpf_ringbuf_submit(event, GUARD_RB_NO_WAKEUP);
	return !is_blocked;
}

#define JUDGE_ADDRESS(HOOK, OPERATION, NUMBER, IS_6)                           \
	SEC("cgroup/" #HOOK)                                                   \
	int guard_##HOOK(struct bpf_sock_addr *context)                        \
	{                                                                      \
		return judge_address(context, OPERATION, NUMBER, IS_6);        \
	}

JUDGE_ADDRESS(connect4, OPERATION_CONNECT, HOOK_CONNECT, 0)
JUDGE_ADDRESS(connect6, OPERATION_CONNECT, HOOK_CONNECT, 1)
JUDGE_ADDRESS(sendmsg4, OPERATION_SEND, HOOK_SEND, 0)
JUDGE_ADDRESS(sendmsg6, OPERATION_SEND, HOOK_SEND, 1)
JUDGE_ADDRESS(bind4, OPERATION_BIND, HOOK_BIND, 0)
JUDGE_ADDRESS(bind6, OPERATION_BIND, HOOK_BIND, 1)

SEC("cgroup/sock_create")
int guard_sock_create(struct bpf_sock *context)
{
	return !judge_socket(socket_kind(context->family, context->type, context->protocol), PLANE_CGROUP);
}

/* Attached to the cgroup that is isolated, and to nothing else. */
SEC("cgroup_skb/egress")
int guard_isolate_out(struct __sk_buff *skb)
{
	return 0;
}

SEC("cgroup_skb/ingress")
int guard_isolate_in(struct __sk_buff *skb)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

_Static_assert(sizeof(struct scope_value) == 16, "scope_value");
_Static_assert(sizeof(struct file_key) == 24, "file_key");
_Static_assert(sizeof(struct point_key) == 8, "point_key");
_Static_assert(sizeof(struct guard_settings) == 8, "guard_settings");
