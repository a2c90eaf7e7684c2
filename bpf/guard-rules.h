/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guard's maps, and how a process, a file or an address finds its rule. Shared by guard.bpf.c and lsm.bpf.c: the loader gives both the same maps.
 * Out of scope costs two look-ups. Nothing here decides for a process that no scope holds. */
#ifndef GARRISON_GUARD_RULES_H
#define GARRISON_GUARD_RULES_H

#include "guard-kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>
#include "guard.h"

_Static_assert(sizeof(struct scope_key) == 16, "scope_key");
_Static_assert(sizeof(struct choice) == 16, "choice");
_Static_assert(sizeof(struct verdicts) == 96, "verdicts");
_Static_assert(sizeof(struct path_key) == 256, "path_key");
_Static_assert(sizeof(struct address_key) == 32, "address_key");
_Static_assert(sizeof(struct guarded_event) == 360, "guarded_event");

const volatile struct guard_settings guard_settings = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCOPES_MAX);
	__type(key, struct scope_key);
	__type(value, struct scope_value);
} scopes SEC(".maps");

/* Which kinds of scopes there are, as a mask: what is not there is not looked up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} kinds SEC(".maps");

/* Processes of the machine's own that stand in a scope's cgroup and are not held: by tgid, as long as they run the same program. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SPARED_MAX);
	__type(key, u32);
	__type(value, u32);
} spared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, GUARD_NO_PREALLOC);
	__uint(max_entries, FILES_MAX);
	__type(key, struct file_key);
	__type(value, struct verdicts);
} files SEC(".maps");

struct {
	__uint(type, GUARD_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, GUARD_NO_PREALLOC);
	__uint(max_entries, PATHS_MAX);
	__type(key, struct path_key);
	__type(value, struct verdicts);
} paths SEC(".maps");

struct {
	__uint(type, GUARD_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, GUARD_NO_PREALLOC);
	__uint(max_entries, ADDRESSES_MAX);
	__type(key, struct address_key);
	__type(value, struct verdicts);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, POINTS_MAX);
	__type(key, struct point_key);
	__type(value, struct verdicts);
} points SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1048576);
} guarded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

#define WALK_BYTES 4096
#define WALK_COMPONENTS 256

/* A path is written from its end towards its start, so one spare component behind the buffer keeps every write in bounds. */
struct guard_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct mount *below; /* of the mount that the walk is in: the last one before it */
	u32 start;
	u32 is_done;
	u32 leaf_bytes; /* of the last component */
	u32 components;
	char text[WALK_BYTES + 256];
};

struct facts {
	u32 sources;
	u32 dry_sources;
	u32 last_slash;
	u8 is_write;
	u8 is_owner;
};

struct picked {
	u32 rule;
	u32 action;
};

#define ARGUMENTS_BYTES 512
/* Programs that read programs; which one it is says how its command line is read. */
#define READER_NONE 0
#define READER_SHELL 1
#define READER_NODE 2
#define READER_PYTHON 3
#define READER_PERL 4
#define READER_RUBY 5
#define READER_LUA 6
#define READER_PHP 7
#define READER_TCL 8
#define READER_LOADER 9
#define READER_BUSYBOX 10

/* Here and not on the stack: what is in a map's memory the verifier does not follow through every turn of a loop. */
struct operand_search {
	u32 family; /* READER_... */
	u32 is_musl; /* a loader that is musl's */
	u32 bytes;
	u32 word; /* of the command line, the one that `start` is in */
	u32 first; /* the word that options begin at */
	u32 start;
	u32 plain; /* where the word's text begins behind "./", "../" and "//", wherever they stand in it */
	u32 segment;
	u32 is_segment; /* it has more than dots in it */
	u32 base; /* where the first word's name starts behind its folders */
	u32 is_fresh;
	u32 is_option;
	u32 is_long;
	u32 has_equals;
	u32 is_text; /* a letter of this word says that the program is a text */
	u32 is_value; /* the rest of this word is an option's argument */
	u32 takes_at; /* the word's length at which the next word is the argument */
	u32 file_at; /* the word's length at which the file begins, in this word or the next */
	u32 takes; /* words behind this one that are arguments */
	u32 skip;
	u32 is_ended; /* what comes now is the operand */
	u32 is_none; /* there is none: a text on the command line, standard input, a check */
};

struct guard_scratch {
	struct guard_walk walk;
	struct path_key key;
	struct address_key address;
	struct guarded_event event;
	/* The programs of this task before an exec, as sources of its scope's policies: asked for before the kernel forgets. */
	u32 has_sources;
	u32 sources;
	u32 dry_sources;
	/* Of the last file that was judged: what is said of it is said to everybody, however it is opened: nothing, or that it is allowed. */
	u32 is_settled;
	/* Of a program that reads programs (guard-scripts.h): what its command line says that it will read. */
	u32 reader;
	u32 reader_sources;
	u32 reader_dry_sources;
	u32 operand_start;
	u32 operand_bytes; /* 0: not known */
	struct operand_search search;
	char arguments[ARGUMENTS_BYTES];
	char asked[ARGUMENTS_BYTES];
};

/* Of the task, not of the processor: LSM programs can be preempted by another task's. */
struct {
	__uint(type, GUARD_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, GUARD_NO_PREALLOC);
	__type(key, int);
	__type(value, struct guard_scratch);
} scratches SEC(".maps");

/* Older verifiers do not carry a bound over to a copy of the register: the compiler must not make one before the mask. */
#define BOUND(value, mask)                          \
	do {                                        \
		asm volatile("" : "+r"(value));     \
		value &= mask;                      \
	} while (0)

static __always_inline void count_up(u32 counter)
{
	u64 *value = bpf_map_lookup_elem(&counters, &counter);
	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline u32 mount_namespace_of(struct task_struct *task)
{
	/* Plain loads: they are asked of every open on the machine. A process that ends has no namespaces; the load gives 0 then. */
	return ((struct task_struct___guard *)task)->nsproxy->mnt_ns->ns.inum;
}

static __always_inline u64 cgroup_of(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

/* The policy of a process: its cgroup's, else its mount namespace's. The machine's first process and the agent have none, whatever the maps say. */
static __always_inline struct scope_value *find_scope(struct task_struct *task)
{
	u32 zero = 0;
	u64 *mask = bpf_map_lookup_elem(&kinds, &zero);
	u32 tgid = task->tgid;
	if (!mask || *mask == 0 || tgid == 1 || tgid == guard_settings.agent_tgid)
		return NULL;
	struct scope_key key = { .id = cgroup_of(task), .kind = SCOPE_CGROUP };
	struct scope_value *scope = *mask & SCOPE_CGROUP ? bpf_map_lookup_elem(&scopes, &key) : NULL;
	if (scope) {
		if (mount_namespace_of(task) != guard_settings.host_mount_namespace)
			return scope;
		return (scope->flags & IS_CONTAINER) || bpf_map_lookup_elem(&spared, &tgid) ? NULL : scope;
	}
	if (!(*mask & SCOPE_MOUNT_NAMESPACE))
		return NULL;
	key.id = mount_namespace_of(task);
	key.kind = SCOPE_MOUNT_NAMESPACE;
	return bpf_map_lookup_elem(&scopes, &key);
}

/* Functions that are not static are looked at by the verifier once and by themselves, not again for each call and each state of the caller: what loads in
 * tens of milliseconds would else take seconds. They take numbers and pointers to memory of known size, never the kernel's own pointers; keys of maps may not lie there before 6.3. */
__noinline u32 pick(struct verdicts *verdicts, struct facts *facts, struct picked *picked)
{
	if (!verdicts || !facts || !picked)
		return 0;
#pragma unroll
	for (int index = 0; index < CHOICES; index++) {
		struct choice *choice = &verdicts->choices[index];
		if (choice->rule == 0)
			return 0;
		if ((choice->flags & CHOICE_WRITE_ONLY) && !facts->is_write)
			continue;
		if ((choice->flags & CHOICE_OWNER_EXEMPT) && facts->is_owner)
			continue;
		if ((choice->flags & CHOICE_DIRECT_ONLY) && facts->last_slash >= choice->prefix_bytes)
			continue;
		if (choice->sources && !(choice->sources & facts->sources))
			continue;
		picked->rule = choice->rule;
		picked->action = choice->action;
		return 0;
	}
	return 0;
}

static __always_inline void pick_at_point(u32 policy, u32 class, u32 number, struct facts *facts, struct picked *picked)
{
	struct point_key key = { .policy = policy, .class = class, .number = number };
	struct verdicts *verdicts = policy ? bpf_map_lookup_elem(&points, &key) : NULL;
	if (verdicts)
		pick(verdicts, facts, picked);
}

/* What is tried is only told when what is enforced does not block. */
static __always_inline void take_dry(struct picked *picked, const struct picked *dry)
{
	if (picked->rule == 0 || (picked->action != ACTION_BLOCK && dry->action == ACTION_DRY))
		*picked = *dry;
}

static __always_inline void pick_point(const struct scope_value *scope, u32 class, u32 number, struct facts *facts, struct picked *picked)
{
	struct picked dry = {};
	pick_at_point(scope->policy, class, number, facts, picked);
	pick_at_point(scope->dry_policy, class, number, facts, &dry);
	take_dry(picked, &dry);
}

/* One component per call; 1 ends the walk. */
static long guard_walk_step(u32 index, void *context)
{
	struct guard_walk *walk = *(struct guard_walk **)context;
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
	struct dentry *mount_root = BPF_CORE_READ(mount, mnt.mnt_root);
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == mount_root) {
		struct mount *mount_parent = BPF_CORE_READ(mount, mnt_parent);
		if (mount_parent != mount) {
			walk->below = mount;
			walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			walk->mount = mount_parent;
			return 0;
		}
		walk->is_done = 1;
		return 1;
	}
	u32 length = BPF_CORE_READ(dentry, d_name.len) & 255;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	u32 start = walk->start;
	if (start < length + 1)
		return 1;
	u32 at = (start - length) & (WALK_BYTES - 1);
	bpf_probe_read_kernel(&walk->text[at], length, name);
	at = (start - length - 1) & (WALK_BYTES - 1);
	walk->text[at] = '/';
	walk->start = at;
	if (walk->components == 0)
		walk->leaf_bytes = length;
	walk->components += 1;
	if (dentry == parent) {
		/* No file of any mount: a memfd, a pipe. */
		walk->is_done = 1;
		return 1;
	}
	walk->dentry = parent;
	return 0;
}

/* Writes the path from the top of the file's mount tree at the end of walk->text; returns its length, 0 when it could not be found out. That is the path
 * from the root of the container, whatever root the process gave itself: chroot is a default capability of containers and must change nothing. */
__noinline u32 guard_path(struct guard_walk *walk)
{
	if (!walk)
		return 0;
	walk->below = NULL;
	walk->start = WALK_BYTES - 1;
	walk->is_done = 0;
	walk->leaf_bytes = 0;
	walk->components = 0;
	bpf_loop(WALK_COMPONENTS, guard_walk_step, &walk, 0);
	if (!walk->is_done) {
		count_up(COUNTER_PATH_UNKNOWN);
		return 0;
	}
	if (walk->start == WALK_BYTES - 1) {
		walk->start = WALK_BYTES - 2;
		walk->text[WALK_BYTES - 2] = '/';
	}
	return WALK_BYTES - 1 - walk->start;
}

static __always_inline u32 path_of(struct guard_walk *walk, struct dentry *dentry, struct vfsmount *mount)
{
	walk->dentry = dentry;
	walk->mount = (struct mount *)((void *)mount - bpf_core_field_offset(struct mount, mnt));
	return guard_path(walk);
}

/* The walked path as a key; what is longer than a key can only be meant by a folder's rule. */
static __always_inline struct verdicts *look_up_path(struct guard_scratch *scratch, u32 length, u32 policy, u32 class)
{
	struct path_key *key = &scratch->key;
	u32 start = scratch->walk.start & (WALK_BYTES - 1);
	key->prefix_bits = (4 + KEY_PATH_BYTES) * 8;
	key->policy_class = policy * 16 + class;
	__builtin_memset(key->path, 0, KEY_PATH_BYTES);
	if (length > KEY_PATH_BYTES - 1)
		length = KEY_PATH_BYTES - 1;
	BOUND(length, 255);
	/* The buffer has a spare component behind it, so this stays inside. */
	if (start > WALK_BYTES + 256 - KEY_PATH_BYTES)
		start = WALK_BYTES + 256 - KEY_PATH_BYTES;
	bpf_probe_read_kernel(key->path, length, &scratch->walk.text[start]);
	return bpf_map_lookup_elem(&paths, key);
}

/* Which of the policies' source programs a task runs. */
static __always_inline u32 find_sources(struct guard_scratch *scratch, struct task_struct *task, const struct scope_value *scope,
					struct facts *facts)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	if (!file)
		return 0;
	u32 length = path_of(&scratch->walk, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt));
	if (length == 0)
		return 0;
	struct verdicts *verdicts = look_up_path(scratch, length, scope->policy, CLASS_SOURCE);
	if (verdicts)
		facts->sources = verdicts->choices[0].sources;
	verdicts = look_up_path(scratch, length, scope->dry_policy, CLASS_SOURCE);
	if (verdicts)
		facts->dry_sources = verdicts->choices[0].sources;
	return length;
}

struct file_question {
	struct dentry *dentry;
	struct vfsmount *mount;
	struct inode___guard *inode; /* of `dentry`, or of its folder when it is not there yet */
	struct task_struct *source; /* whose program counts as the source; NULL: nobody's */
	u64 device;
	u64 number;
	struct scope_value scope;
	struct facts facts; /* is_write is asked with */
	u32 class;
	u32 is_present;
	u32 is_named_only; /* what no rule names is no question */
	u32 length;
};

/* Whether the first that is said holds for everybody and lets through. */
static __always_inline u32 lets_all(const struct verdicts *verdicts)
{
	const struct choice *first = &verdicts->choices[0];
	return first->rule != 0 && first->action == ACTION_ALLOW && first->flags == 0 && first->sources == 0;
}

/* One set of rules about a file: by its inode, by the longest path, then what is left over. Returns whether the answer is the same for everybody, and lets
 * through. */
static __noinline u32 judge_one(struct guard_scratch *scratch, struct file_question *question, struct picked *picked, u32 policy)
{
	u32 is_said = 0;
	u32 is_settled = 0;
	if (!scratch || !question || !picked)
		return 0;
	if (question->is_present) {
		struct file_key key = {
			.device = question->device,
			.inode = question->number,
			.policy = policy,
			.class = question->class,
		};
		struct verdicts *verdicts = bpf_map_lookup_elem(&files, &key);
		if (verdicts) {
			is_said = 1;
			is_settled = lets_all(verdicts);
			pick(verdicts, &question->facts, picked);
		}
	}
	if (picked->rule == 0 && question->length > 0) {
		struct verdicts *verdicts = look_up_path(scratch, question->length, policy, question->class);
		if (verdicts) {
			is_settled = !is_said && lets_all(verdicts);
			is_said = 1;
			pick(verdicts, &question->facts, picked);
		}
	}
	if (picked->rule == 0 && !question->is_named_only) {
		struct point_key key = { .policy = policy, .class = CLASS_ONLY, .number = question->class };
		struct verdicts *verdicts = bpf_map_lookup_elem(&points, &key);
		if (verdicts) {
			is_said = 1;
			pick(verdicts, &question->facts, picked);
		}
	}
	/* Without its path nothing is known about it. */
	return question->length > 0 && (!is_said || is_settled);
}

/* The rule for a file. The path stays in the scratch for the record; returns its length. */
static __noinline u32 judge_file(struct guard_scratch *scratch, struct file_question *question, struct picked *picked)
{
	if (!scratch || !question || !picked)
		return 0;
	/* A copy: CO-RE would take a field of our own record for one of the kernel's. */
	struct inode___guard *inode = question->inode;
	struct task_struct *task = bpf_get_current_task_btf();
	if ((question->scope.flags & HAS_SOURCES) && question->class == CLASS_EXEC && scratch->has_sources) {
		question->facts.sources = scratch->sources;
		question->facts.dry_sources = scratch->dry_sources;
		scratch->has_sources = 0;
	} else if ((question->scope.flags & HAS_SOURCES) && question->source)
		find_sources(scratch, question->source, &question->scope, &question->facts);
	u32 uid = BPF_CORE_READ(inode, i_uid.val);
	question->facts.is_owner = uid == BPF_CORE_READ(task, cred, euid.val);
	question->device = BPF_CORE_READ(inode, i_sb, s_dev);
	question->number = BPF_CORE_READ(inode, i_ino);
	question->length = path_of(&scratch->walk, question->dentry, question->mount);
	question->facts.last_slash = question->length - scratch->walk.leaf_bytes - 1;
	u32 is_settled = 1;
	if (question->scope.policy)
		is_settled = judge_one(scratch, question, picked, question->scope.policy);
	if (question->scope.dry_policy && picked->action != ACTION_BLOCK) {
		struct picked dry = {};
		u32 sources = question->facts.sources;
		question->facts.sources = question->facts.dry_sources;
		is_settled &= judge_one(scratch, question, &dry, question->scope.dry_policy);
		question->facts.sources = sources;
		take_dry(picked, &dry);
	}
	scratch->is_settled = is_settled;
	return question->length;
}

static __always_inline struct guard_scratch *take_scratch(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct guard_scratch *scratch = bpf_task_storage_get(&scratches, task, NULL, GUARD_STORAGE_CREATE);
	if (!scratch)
		count_up(COUNTER_NO_MEMORY);
	return scratch;
}

static __always_inline void fill_event(struct guarded_event *event, u32 policy, const struct picked *picked)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	event->time_ns = bpf_ktime_get_boot_ns();
	event->cgroup_id = cgroup_of(task);
	event->start_ns = BPF_CORE_READ(leader, start_boottime);
	event->tgid = BPF_CORE_READ(task, tgid);
	event->rule = picked->rule;
	event->policy = policy;
	event->mount_namespace = mount_namespace_of(task);
	event->uid = BPF_CORE_READ(task, cred, euid.val);
	bpf_probe_read_kernel(event->comm, 16, &leader->comm);
}

/* What becomes of an action on a plane; 0 for one that is not told. */
static __always_inline u8 outcome_of(u32 action, u32 plane)
{
	if (action == ACTION_AUDIT)
		return OUTCOME_AUDITED;
	if (action == ACTION_DRY)
		return plane == PLANE_KILL ? OUTCOME_WOULD_KILL : OUTCOME_WOULD_DENY;
	if (action == ACTION_BLOCK)
		return plane == PLANE_KILL ? OUTCOME_KILLED : OUTCOME_DENIED;
	return 0;
}

/* Kills the current process: all its threads, before it comes back to its own code. */
static __always_inline void kill_current(void)
{
	if (bpf_send_signal(9))
		count_up(COUNTER_NO_SIGNAL);
}

struct tell {
	u32 policy;
	u8 hook;
	u8 plane;
	u16 number;
};

/* Writes the record of a file or call; the path is what the scratch's walk holds (`length` of it). Returns whether the action is to block. */
__noinline u32 tell_path(struct guard_scratch *scratch, struct picked *picked, struct tell *tell, u32 length)
{
	if (!scratch || !picked || !tell)
		return 0;
	u8 outcome = outcome_of(picked->action, tell->plane);
	if (outcome == 0)
		return 0;
	struct guarded_event *event = &scratch->event;
	fill_event(event, tell->policy, picked);
	event->hook = tell->hook;
	event->plane = tell->plane;
	event->number = tell->number;
	event->outcome = outcome;
	event->family = 0;
	event->local_port = 0;
	event->remote_port = 0;
	if (length > GUARDED_PATH_BYTES - 1)
		length = GUARDED_PATH_BYTES - 1;
	BOUND(length, 255);
	/* The text ends at a fixed place, so its last bytes are there whatever its length. */
	u32 start = (WALK_BYTES - 1 - length) & (WALK_BYTES - 1);
	bpf_probe_read_kernel(event->path, length, &scratch->walk.text[start]);
	event->path_bytes = length;
	if (bpf_ringbuf_output(&guarded, event, sizeof(*event), GUARD_RB_NO_WAKEUP))
		count_up(COUNTER_DROPPED);
	return picked->action == ACTION_BLOCK;
}

/* A record without a path, from a program that has no task's scratch; returns whether to block. */
__noinline u32 tell_plain(struct picked *picked, struct tell *tell)
{
	if (!picked || !tell)
		return 0;
	u8 outcome = outcome_of(picked->action, tell->plane);
	if (outcome == 0)
		return 0;
	struct guarded_event *event = bpf_ringbuf_reserve(&guarded, sizeof(*event), 0);
	if (!event) {
		count_up(COUNTER_DROPPED);
		return picked->action == ACTION_BLOCK;
	}
	__builtin_memset(event, 0, sizeof(*event));
	fill_event(event, tell->policy, picked);
	event->hook = tell->hook;
	event->plane = tell->plane;
	event->number = tell->number;
	event->outcome = outcome;
	bpf_ringbuf_submit(event, GUARD_RB_NO_WAKEUP);
	return picked->action == ACTION_BLOCK;
}

static __always_inline u32 judge_call(u32 call, u32 plane)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *scope = find_scope(task);
	if (!scope || !(scope->flags & HAS_CALL))
		return 0;
	struct facts facts = {};
	struct picked picked = {};
	pick_point(scope, CLASS_CALL, call, &facts, &picked);
	if (picked.rule == 0)
		return 0;
	struct tell tell = { .policy = scope->policy, .hook = HOOK_CALL, .plane = plane, .number = call };
	return tell_plain(&picked, &tell);
}

/* Children of a scope are in it from their first moment: a cgroup before a process can be in it, a namespace with its first process. */
static __always_inline void inherit(struct scope_key *parent, u64 child)
{
	struct scope_value *scope = bpf_map_lookup_elem(&scopes, parent);
	if (!scope || child == 0)
		return;
	struct scope_key key = { .id = child, .kind = parent->kind };
	struct scope_value value = *scope;
	value.flags |= IS_INHERITED;
	if (bpf_map_update_elem(&scopes, &key, &value, 0))
		count_up(COUNTER_NO_MEMORY);
}

/* The mount namespace of threads that are just leaving it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u64);
} leaving SEC(".maps");

/* At the entry of unshare. */
static __always_inline void begin_unshare(u64 flags)
{
	if (judge_call(CALL_UNSHARE, PLANE_KILL))
		kill_current();
	if (!(flags & GUARD_CLONE_NEWNS))
		return;
	struct scope_key key = { .id = mount_namespace_of(bpf_get_current_task_btf()), .kind = SCOPE_MOUNT_NAMESPACE };
	if (!bpf_map_lookup_elem(&scopes, &key))
		return;
	u64 thread = bpf_get_current_pid_tgid();
	if (bpf_map_update_elem(&leaving, &thread, &key.id, 0))
		count_up(COUNTER_NO_MEMORY);
}

/* At its exit. */
static __always_inline void end_unshare(void)
{
	u64 thread = bpf_get_current_pid_tgid();
	u64 *before = bpf_map_lookup_elem(&leaving, &thread);
	if (!before)
		return;
	struct scope_key key = { .id = *before, .kind = SCOPE_MOUNT_NAMESPACE };
	u32 after = mount_namespace_of(bpf_get_current_task_btf());
	bpf_map_delete_elem(&leaving, &thread);
	if (after != key.id)
		inherit(&key, after);
}

static __always_inline u32 socket_kind(u32 family, u32 type, u32 protocol)
{
	type &= 15;
	if (family == GUARD_AF_PACKET)
		return SOCKET_PACKET;
	if (family == GUARD_AF_NETLINK)
		return SOCKET_NETLINK;
	if (family == GUARD_AF_UNIX)
		return SOCKET_UNIX;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (type == GUARD_SOCK_RAW)
		return protocol == GUARD_IPPROTO_ICMP || protocol == GUARD_IPPROTO_ICMPV6 ? SOCKET_ICMP : SOCKET_RAW;
	if (type == GUARD_SOCK_DGRAM && (protocol == GUARD_IPPROTO_ICMP || protocol == GUARD_IPPROTO_ICMPV6))
		return SOCKET_ICMP;
	if (type == GUARD_SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP))
		return SOCKET_UDP;
	if (type == GUARD_SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP))
		return SOCKET_TCP;
	/* UDP-Lite, SCTP, DCCP, MPTCP: they ask no hook of connect or send. */
	return SOCKET_OTHER;
}

static __always_inline u32 judge_socket(u32 kind, u32 plane)
{
	if (kind == 0)
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	struct scope_value *scope = find_scope(task);
	if (!scope || !(scope->flags & HAS_SOCKET))
		return 0;
	struct facts facts = {};
	struct picked picked = {};
	pick_point(scope, CLASS_SOCKET, kind, &facts, &picked);
	/* Lists of protocols do not mean the machine's own talk: netlink, unix. */
	if (picked.rule == 0 && kind != SOCKET_NETLINK && kind != SOCKET_UNIX)
		pick_point(scope, CLASS_ONLY, CLASS_SOCKET, &facts, &picked);
	if (picked.rule == 0)
		return 0;
	struct tell tell = { .policy = scope->policy, .hook = HOOK_SOCKET, .plane = plane, .number = kind };
	return tell_plain(&picked, &tell);
}

/* What is odd about a program's file: nameless, or not of the image: from the writable layer of an overlay or, in a container whose root is an overlay, from
 * any other file system (a volume, /dev/shm); 0 for neither. `walk` is the file's. Where the root is no overlay (snapshots of block devices) there is no layer to ask. */
static __always_inline u32 strange_file(struct guard_walk *walk, struct inode___guard *inode, u32 is_container)
{
	if (BPF_CORE_READ(inode, i_nlink) == 0)
		return CALL_FILELESS_EXEC;
	u32 is_overlay = BPF_CORE_READ(inode, i_sb, s_magic) == GUARD_OVERLAYFS_MAGIC;
	if (is_container) {
		/* The top of the tree is the root, or the empty one that the root hangs on. */
		struct mount *mount = walk->mount;
		struct mount *below = walk->below;
		struct dentry___guard *root = (void *)BPF_CORE_READ(mount, mnt.mnt_root);
		struct super_block___guard *top = BPF_CORE_READ(root, d_sb);
		if (BPF_CORE_READ(top, s_magic) != GUARD_OVERLAYFS_MAGIC && below) {
			root = (void *)BPF_CORE_READ(below, mnt.mnt_root);
			top = BPF_CORE_READ(root, d_sb);
		}
		if (BPF_CORE_READ(top, s_magic) == GUARD_OVERLAYFS_MAGIC && BPF_CORE_READ(inode, i_sb) != top)
			return CALL_DRIFT_EXEC;
	}
	if (!is_overlay)
		return 0;
	/* struct ovl_inode holds the upper dentry right behind the inode; it is null for a file of the image. */
	void *upper = NULL;
	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode___size));
	return upper ? CALL_DRIFT_EXEC : 0;
}


#endif
