/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that are run by reading them: a script that its interpreter opens, a program that is given to the dynamic loader. Where no LSM is, the exec shows the
 * interpreter only; what it then opens as its script is judged as executed. Data that it opens is not: only the operand of its command line counts. */
#ifndef GARRISON_GUARD_SCRIPTS_H
#define GARRISON_GUARD_SCRIPTS_H

#include "guard-rules.h"

/* The first eight bytes of a name as a number; shorter ones end with NULs. */
static __always_inline u64 word_of(const char *text, u32 bytes)
{
	u64 word = 0;
#pragma unroll
	for (u32 index = 0; index < bytes; index++)
		word |= (u64)(u8)text[index] << (index * 8);
	return word;
}

#define IS(word, text) ((word) == word_of(text, sizeof(text)))
#define BEGINS(word, text) (((word) << (64 - 8 * (sizeof(text) - 1))) == word_of(text, sizeof(text) - 1) << (64 - 8 * (sizeof(text) - 1)))

static __always_inline u32 reader_named(u64 word)
{
	if (BEGINS(word, "ld-linux") || BEGINS(word, "ld-musl") || BEGINS(word, "ld.so") || BEGINS(word, "ld-2."))
		return READER_LOADER;
	if (IS(word, "sh") || IS(word, "bash") || IS(word, "dash") || IS(word, "ash") || IS(word, "zsh") || IS(word, "ksh") || IS(word, "mksh") ||
	    IS(word, "rbash") || IS(word, "fish") || IS(word, "node") || IS(word, "nodejs") || IS(word, "tclsh"))
		return READER_SCRIPT;
	if (BEGINS(word, "python") || BEGINS(word, "perl") || BEGINS(word, "ruby") || BEGINS(word, "lua") || BEGINS(word, "php"))
		return READER_SCRIPT;
	return IS(word, "busybox") ? READER_BUSYBOX : READER_NONE;
}

/* Options that may have the next word as their argument, of any interpreter: guessed wrong, one more word is looked for. */
static __always_inline u32 may_take_word(const struct guard_scratch *scratch, u32 start, u32 bytes)
{
	char second = scratch->arguments[(start + 1) & (ARGUMENTS_BYTES - 1)];
	if (bytes > 2)
		return second == '-';
	return bytes == 2 && (second == 'o' || second == 'O' || second == 'W' || second == 'X' || second == 'I' || second == 'r');
}

/* One byte of the command line per call; 1 ends the search. */
static long find_operand(u32 index, void *context)
{
	struct guard_scratch *scratch = *(struct guard_scratch **)context;
	struct operand_search *search = &scratch->search;
	if (index >= search->bytes)
		return 1;
	char byte = scratch->arguments[index & (ARGUMENTS_BYTES - 1)];
	if (search->is_fresh) {
		search->is_fresh = 0;
		search->start = index;
	}
	if (search->word == 0 && byte == '/')
		search->base = index + 1;
	if (byte != 0)
		return 0;
	u32 start = search->start;
	u32 bytes = index - start;
	char first = scratch->arguments[start & (ARGUMENTS_BYTES - 1)];
	search->is_fresh = 1;
	search->word += 1;
	if (search->word == 1 || bytes == 0)
		return 0;
	if (first == '-' || first == '+') {
		search->may_take = may_take_word(scratch, start, bytes);
		return 0;
	}
	u32 slot = search->found & 1;
	scratch->operand_end[slot] = index;
	scratch->operand_bytes[slot] = bytes;
	search->found += 1;
	if (search->found == OPERANDS || (!search->may_take && scratch->reader != READER_BUSYBOX))
		return 1;
	search->may_take = 0;
	return 0;
}

static __always_inline u64 word_at(struct guard_scratch *scratch, u32 at)
{
	char name[16] = {};
	u32 start = at & (ARGUMENTS_BYTES - 1);
	bpf_probe_read_kernel_str(name, 9, &scratch->arguments[start]);
	return *(u64 *)name;
}

/* After an exec that was let through: whether the new program is one that reads programs, and which. */
static __always_inline void note_reader(struct guard_scratch *scratch, struct task_struct *task, struct file *file, const struct facts *facts)
{
	char name[16] = {};
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	const unsigned char *from = BPF_CORE_READ(dentry, d_name.name);
	scratch->operand_bytes[0] = 0;
	scratch->operand_bytes[1] = 0;
	scratch->reader_sources = facts->sources;
	scratch->reader_dry_sources = facts->dry_sources;
	bpf_probe_read_kernel_str(name, 9, from);
	scratch->reader = reader_named(*(u64 *)name);
	if (scratch->reader == READER_LOADER)
		return;
	u64 begin = BPF_CORE_READ(task, mm, arg_start);
	u64 wanted = BPF_CORE_READ(task, mm, arg_end) - begin;
	u32 bytes = wanted > ARGUMENTS_BYTES - 1 ? ARGUMENTS_BYTES - 1 : wanted;
	BOUND(bytes, ARGUMENTS_BYTES - 1);
	if (bpf_probe_read_user(scratch->arguments, bytes, (void *)begin))
		return;
	__builtin_memset(&scratch->search, 0, sizeof(scratch->search));
	scratch->search.bytes = bytes;
	scratch->search.is_fresh = 1;
	bpf_loop(ARGUMENTS_BYTES, find_operand, &scratch, 0);
	/* By its file, or by the name that it was called with: a multi-call program is what it is called. */
	u32 called = reader_named(word_at(scratch, scratch->search.base));
	if (called == READER_SCRIPT || (called == READER_BUSYBOX && scratch->reader == READER_NONE))
		scratch->reader = called;
	if (scratch->reader != READER_BUSYBOX)
		return;
	/* `busybox sh SCRIPT`: the first operand is the applet. */
	u64 applet = word_at(scratch, scratch->operand_end[0] - scratch->operand_bytes[0]);
	if (reader_named(applet) != READER_SCRIPT && !IS(applet, "hush"))
		scratch->reader = READER_NONE;
	scratch->operand_bytes[0] = 0;
}

struct tail_search {
	struct guard_scratch *scratch;
	u32 left; /* where the operand ends */
	u32 right; /* where the asked text ends */
	u32 bytes;
	u32 is_other;
};

static long compare_tail(u32 index, void *context)
{
	struct tail_search *search = context;
	struct guard_scratch *scratch = search->scratch;
	if (index >= search->bytes)
		return 1;
	u32 left = (search->left - 1 - index) & (ARGUMENTS_BYTES - 1);
	u32 right = (search->right - 1 - index) & (ARGUMENTS_BYTES - 1);
	if (scratch->arguments[left] == scratch->asked[right])
		return 0;
	search->is_other = 1;
	return 1;
}

/* Whether the opened text ends with that operand: some interpreters put the folder that they stand in before it. */
static __always_inline u32 is_operand(struct guard_scratch *scratch, u32 slot, u32 asked_bytes)
{
	struct tail_search search = {
		.scratch = scratch,
		.left = scratch->operand_end[slot],
		.right = asked_bytes,
		.bytes = scratch->operand_bytes[slot],
	};
	if (search.bytes == 0 || search.bytes > asked_bytes)
		return 0;
	bpf_loop(ARGUMENTS_BYTES, compare_tail, &search, 0);
	return !search.is_other;
}

/* Whether this open is the reading of a program; it is asked for once. `text` is what the caller asked for. */
static __always_inline u32 reads_program(struct guard_scratch *scratch, const void *text)
{
	if (scratch->reader == READER_NONE)
		return 0;
	/* The loader maps the program before anything else. */
	u32 is_program = scratch->reader == READER_LOADER;
	if (!is_program) {
		long length = bpf_probe_read_user_str(scratch->asked, ARGUMENTS_BYTES, text);
		if (length < 2 || length > ARGUMENTS_BYTES)
			return 0;
		is_program = is_operand(scratch, 0, length - 1) || is_operand(scratch, 1, length - 1);
	}
	if (is_program)
		scratch->reader = READER_NONE;
	return is_program;
}

#endif
