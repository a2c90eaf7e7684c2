/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What deeds on files and watched calls share: who did it, its arguments, whether it was told already. */
#ifndef GARRISON_DEEDS_H
#define GARRISON_DEEDS_H

#include "common.h"
#include "walk.h"
#include "inode.h"

#define AT_FDCWD (-100)
/* In a cookie: there is no such argument. */
#define NO_ARGUMENT 15

/* The first touch of an object by a process is told, the others are counted: the reader looks at the counts now and then. A process begins anew
 * with each exec. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DEEDS_SEEN_MAX);
	__type(key, struct seen_key);
	__type(value, struct seen);
} seen_deeds SEC(".maps");

static __always_inline u64 mix(u64 hash, u64 value)
{
	hash ^= value;
	hash *= 0xff51afd7ed558ccdULL;
	return hash ^ hash >> 32;
}

/* Of what a program chose: a path, an address, arguments. Who could find two of them with one hash could hide the second behind the first, so a secret goes into
 * every step: without it no difference of one value is undone by the next one. Begins with the secret alone, so that no two values are merely put together by
 * XOR: kill(1000, 9) is not kill(1001, 8). */
static __always_inline u64 keyed(u64 hash, u64 value)
{
	hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
	hash = ((hash ^ hash >> 32) + settings.secret) * 0xc4ceb9fe1a85ec53ULL;
	return hash ^ hash >> 29;
}

static __always_inline u64 begin_hash(u64 value)
{
	return keyed(settings.secret, value);
}

static __always_inline void name_process(struct seen_key *key, struct task_struct *task)
{
	key->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	key->tgid = BPF_CORE_READ(task, tgid);
	key->exec = BPF_CORE_READ(task, self_exec_id);
}

static __always_inline u64 id_of(struct seen_key *key)
{
	u64 id = mix(key->start_ns, key->a);
	id = mix(id, key->b);
	id = mix(id, (u64)key->tgid << 32 | key->exec);
	return mix(id, (u64)key->how << 32 | key->what << 16 | key->type);
}

/* 0: it was told already, and is counted now. Else the id under which repeats will be told. */
static __always_inline u64 first_touch(struct seen_key *key)
{
	struct seen fresh = {};
	struct seen *seen;
	fresh.id = id_of(key) | 1;
	if (settings.tells_repeats)
		return fresh.id;
	seen = bpf_map_lookup_elem(&seen_deeds, key);
	if (seen) {
		__sync_fetch_and_add(&seen->count, 1);
		return 0;
	}
	bpf_map_update_elem(&seen_deeds, key, &fresh, BPF_ANY);
	return fresh.id;
}

/* The telling found no room: the next touch is a first one again. */
static __always_inline void take_back(struct seen_key *key, u16 type)
{
	count_drop(type);
	bpf_map_delete_elem(&seen_deeds, key);
}

/* The call's arguments: they outlive it in the saved registers of both architectures. */
static __always_inline void read_arguments(struct task_struct *task, u64 *arguments)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
	struct pt_regs___x86 *x86 = (void *)registers;
	struct pt_regs___arm *arm = (void *)registers;
	if (bpf_core_field_exists(x86->di)) {
		arguments[0] = BPF_CORE_READ(x86, di);
		arguments[1] = BPF_CORE_READ(x86, si);
		arguments[2] = BPF_CORE_READ(x86, dx);
		arguments[3] = BPF_CORE_READ(x86, r10);
		arguments[4] = BPF_CORE_READ(x86, r8);
		arguments[5] = BPF_CORE_READ(x86, r9);
	} else if (bpf_core_field_exists(arm->orig_x0)) {
		arguments[0] = BPF_CORE_READ(arm, orig_x0);
		arguments[1] = BPF_CORE_READ(arm, regs[1]);
		arguments[2] = BPF_CORE_READ(arm, regs[2]);
		arguments[3] = BPF_CORE_READ(arm, regs[3]);
		arguments[4] = BPF_CORE_READ(arm, regs[4]);
		arguments[5] = BPF_CORE_READ(arm, regs[5]);
	}
}

/* Six, and what stands for none: 0. Found by its place, not by a switch: each way through a program is looked at by the verifier, and older ones forget that two of them
 * were the same. */
#define ARGUMENT_PLACES 8

/* `which` comes from a cookie: any number of four bits. */
static __always_inline u64 pick(const u64 *arguments, u32 which)
{
	which &= ARGUMENT_PLACES - 1;
	barrier_var(which);
	return *(const volatile u64 *)&arguments[which & (ARGUMENT_PLACES - 1)];
}

static __always_inline u32 nibble(u64 cookie, u32 at)
{
	return cookie >> at & 15;
}

static __always_inline bool is_excluded(struct task_struct *task)
{
	return settings.excluded_tgid && BPF_CORE_READ(task, tgid) == settings.excluded_tgid;
}

/* A hash of a whole text of a program, for keys. The first words are hashed at once, those of long texts (padded paths) one by one. */
#define HASHED_WORDS 32
#define TEXT_WORDS (REQUEST_BYTES_MAX / 8)
struct text_hash {
	u64 hash;
	u64 words[TEXT_WORDS + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct text_hash);
} text_hashes SEC(".maps");

static long hash_step(u32 index, void *context)
{
	u32 zero = 0;
	struct text_hash *scratch = bpf_map_lookup_elem(&text_hashes, &zero);
	if (!scratch)
		return 1;
	scratch->hash = keyed(scratch->hash, scratch->words[(HASHED_WORDS + index) & (TEXT_WORDS - 1)]);
	return 0;
}

/* The length goes in too; below 0 it says why the text could not be read. */
static __always_inline u64 hash_any_text(const void *text, bool is_kernel)
{
	u32 zero = 0;
	u64 nothing = 0;
	long length;
	struct text_hash *scratch = bpf_map_lookup_elem(&text_hashes, &zero);
	if (!scratch || !text)
		return 0;
	__builtin_memset(scratch->words, 0, HASHED_WORDS * 8);
	if (is_kernel)
		length = bpf_probe_read_kernel_str(scratch->words, REQUEST_BYTES_MAX, text);
	else
		length = bpf_probe_read_user_str(scratch->words, REQUEST_BYTES_MAX, text);
	u64 hash = begin_hash(length);
	for (u32 index = 0; index < HASHED_WORDS; index += 1)
		hash = keyed(hash, scratch->words[index]);
	if (length <= HASHED_WORDS * 8 || length > REQUEST_BYTES_MAX)
		return hash;
	/* Behind the end stands what was there before. */
	bpf_probe_read_kernel((char *)scratch->words + length, sizeof(nothing), &nothing);
	scratch->hash = hash;
	bpf_loop(((u32)length + 7) / 8 - HASHED_WORDS, hash_step, NULL, 0);
	return scratch->hash;
}

/* Not static: the verifier looks at it once and by itself, not for each call in each state of the caller, which is more than older ones do. So it takes a number. */
__noinline u64 hash_user_text(u64 text)
{
	return hash_any_text((const void *)text, false);
}

static __always_inline u64 hash_text(const void *text)
{
	return hash_user_text((u64)text);
}

#endif
