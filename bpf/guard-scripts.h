/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that are run by reading them: a script that its interpreter opens, a program that is given to the dynamic loader. Where no LSM is, the exec shows the
 * interpreter only; what it then opens as its script is judged as executed. Data that it opens is not: only the operand of its command line counts. */
#ifndef GARRISON_GUARD_SCRIPTS_H
#define GARRISON_GUARD_SCRIPTS_H

#include "guard-options.h"

static __always_inline u32 reader_named(u64 word)
{
	if (BEGINS(word, "ld-linux") || BEGINS(word, "ld-musl") || BEGINS(word, "ld.so") || BEGINS(word, "ld-2."))
		return READER_LOADER;
	if (IS(word, "sh") || IS(word, "bash") || IS(word, "dash") || IS(word, "ash") || IS(word, "zsh") || IS(word, "ksh") || IS(word, "mksh") ||
	    IS(word, "rbash") || IS(word, "fish") || IS(word, "hush"))
		return READER_SHELL;
	if (IS(word, "node") || IS(word, "nodejs"))
		return READER_NODE;
	if (BEGINS(word, "python"))
		return READER_PYTHON;
	if (BEGINS(word, "perl"))
		return READER_PERL;
	if (BEGINS(word, "ruby"))
		return READER_RUBY;
	if (BEGINS(word, "lua"))
		return READER_LUA;
	if (BEGINS(word, "php"))
		return READER_PHP;
	if (BEGINS(word, "tclsh"))
		return READER_TCL;
	return BEGINS(word, "busybox") ? READER_BUSYBOX : READER_NONE;
}

static __always_inline u64 word_at(struct guard_scratch *scratch, u32 at)
{
	char name[16] = {};
	u32 start = at & (ARGUMENTS_BYTES - 1);
	bpf_probe_read_kernel_str(name, 9, &scratch->arguments[start]);
	return *(u64 *)name;
}

static __always_inline long no_operand(struct operand_search *search)
{
	search->is_none = 1;
	return 1;
}

/* The name that the program was called with: a multi-call program is what it is called, and one that is not known by its file may be by this. */
static __always_inline long judge_name(struct guard_scratch *scratch, struct operand_search *search)
{
	u64 word = word_at(scratch, search->base);
	u32 called = reader_named(word);
	if (search->family == READER_LOADER)
		/* Only musl's lists what a program needs when it is called so; glibc's runs the program. */
		return search->is_musl && IS(word, "ldd") ? no_operand(search) : 0;
	if (search->family == READER_NONE)
		search->family = called == READER_LOADER ? READER_NONE : called;
	if (search->family == READER_BUSYBOX) {
		if (called == READER_BUSYBOX)
			search->first = 2;
		else
			search->family = called == READER_SHELL ? READER_SHELL : READER_NONE;
	}
	return search->family == READER_NONE ? no_operand(search) : 0;
}

static __always_inline long end_option(struct guard_scratch *scratch, struct operand_search *search, u32 bytes)
{
	if (bytes == 1) {
		/* To a shell the end of its options, to others: standard input. */
		if (search->family != READER_SHELL)
			return no_operand(search);
		search->is_ended = 1;
		return 0;
	}
	u32 dashes = search->is_long ? 2 : 1;
	if (!search->is_long && search->family == READER_SHELL && is_bash_name(word_at(scratch, search->start + 1)))
		search->is_long = 1;
	if (!search->is_long) {
		if (search->is_text)
			return no_operand(search);
		if (search->file_at && search->file_at < bytes) {
			scratch->operand_start = search->start + search->file_at;
			scratch->operand_bytes = bytes - search->file_at;
			return 1;
		}
		search->is_ended = search->file_at > 0;
		if (search->takes_at == bytes)
			search->takes += 1;
		search->skip = search->takes;
		return 0;
	}
	if (bytes == dashes) {
		search->is_ended = 1;
		return 0;
	}
	u64 word = word_at(scratch, search->start + dashes);
	u64 more = word_at(scratch, search->start + dashes + 8);
	u32 means = word_means(search->family, word, bytes > dashes + 8 ? more : 0);
	if (means == MEANS_NO_FILE)
		return no_operand(search);
	if (means == MEANS_FILE)
		search->is_ended = 1;
	search->skip = means == MEANS_WORD && !search->has_equals;
	return 0;
}

/* 1 ends the search. */
static __always_inline long end_word(struct guard_scratch *scratch, struct operand_search *search, u32 index)
{
	u32 word = search->word;
	u32 bytes = index - search->start;
	search->word += 1;
	if (word == 0)
		return judge_name(scratch, search);
	if (word < search->first) {
		/* `busybox sh SCRIPT`: the applet. */
		search->family = reader_named(word_at(scratch, search->start)) == READER_SHELL ? READER_SHELL : READER_NONE;
		return search->family == READER_NONE ? no_operand(search) : 0;
	}
	if (search->skip) {
		search->skip -= 1;
		return 0;
	}
	if (!search->is_ended && search->is_option)
		return end_option(scratch, search, bytes);
	scratch->operand_start = search->plain;
	scratch->operand_bytes = index - search->plain;
	return scratch->operand_bytes ? 1 : no_operand(search);
}

static __always_inline void begin_word(struct operand_search *search, u32 index, char byte)
{
	search->is_fresh = 0;
	search->start = index;
	search->plain = index;
	search->segment = index;
	search->is_segment = 0;
	search->is_option = byte == '-' || (byte == '+' && search->family == READER_SHELL);
	search->is_long = 0;
	search->has_equals = 0;
	search->is_value = 0;
	search->takes_at = 0;
	search->takes = 0;
	search->file_at = 0;
	search->is_text = 0;
	/* A login shell's name begins with one. */
	if (search->word == 0)
		search->base = byte == '-' ? index + 1 : index;
}

/* One byte of the command line per call; 1 ends the search. */
static long find_operand(u32 index, void *context)
{
	struct guard_scratch *scratch = *(struct guard_scratch **)context;
	struct operand_search *search = &scratch->search;
	if (index >= search->bytes)
		return 1;
	char byte = scratch->arguments[index & (ARGUMENTS_BYTES - 1)];
	if (search->is_fresh)
		begin_word(search, index, byte);
	if (byte == 0) {
		search->is_fresh = 1;
		return end_word(scratch, search, index);
	}
	u32 at = index - search->start;
	if (byte == '/') {
		if (search->word == 0)
			search->base = index + 1;
		if (!search->is_segment && at > 0)
			search->plain = index + 1;
		search->segment = index + 1;
		search->is_segment = 0;
	} else if (byte != '.' || index - search->segment > 1)
		search->is_segment = 1;
	if (search->word < search->first || search->skip || search->is_ended || !search->is_option || at == 0 || search->is_value)
		return 0;
	if (byte == '=')
		search->has_equals = 1;
	if (at == 1 && byte == '-')
		search->is_long = 1;
	if (search->is_long)
		return 0;
	u32 means = letter_means(search->family, byte);
	if (means == MEANS_NO_FILE)
		return no_operand(search);
	if (means == MEANS_TEXT)
		search->is_text = 1;
	search->is_value = means == MEANS_ARGUMENT || means == MEANS_REST || means == MEANS_FILE || (means == MEANS_WORD && search->family == READER_TCL);
	if (means == MEANS_WORD)
		search->takes += 1;
	if (means == MEANS_ARGUMENT)
		search->takes_at = at + 1;
	if (means == MEANS_FILE)
		search->file_at = at + 1;
	return 0;
}

/* After an exec that was let through: whether the new program is one that reads programs, and which word names what it will read. */
static __always_inline void note_reader(struct guard_scratch *scratch, struct task_struct *task, struct file *file, const struct facts *facts)
{
	char name[16] = {};
	struct operand_search *search = &scratch->search;
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	const unsigned char *from = BPF_CORE_READ(dentry, d_name.name);
	scratch->operand_bytes = 0;
	scratch->reader_sources = facts->sources;
	scratch->reader_dry_sources = facts->dry_sources;
	bpf_probe_read_kernel_str(name, 9, from);
	u64 begin = BPF_CORE_READ(task, mm, arg_start);
	u64 wanted = BPF_CORE_READ(task, mm, arg_end) - begin;
	u32 bytes = wanted > ARGUMENTS_BYTES - 1 ? ARGUMENTS_BYTES - 1 : wanted;
	BOUND(bytes, ARGUMENTS_BYTES - 1);
	if (bpf_probe_read_user(scratch->arguments, bytes, (void *)begin))
		return;
	__builtin_memset(search, 0, sizeof(*search));
	search->family = reader_named(*(u64 *)name);
	search->is_musl = BEGINS(*(u64 *)name, "ld-musl");
	search->first = 1;
	search->bytes = bytes;
	search->is_fresh = 1;
	bpf_loop(ARGUMENTS_BYTES, find_operand, &scratch, 0);
	if (search->is_none || (scratch->operand_bytes == 0 && search->family != READER_LOADER))
		return;
	scratch->reader = search->family;
}

struct tail_search {
	struct guard_scratch *scratch;
	struct guard_scratch *reader;
	u32 left; /* where the operand ends */
	u32 right; /* where the asked text ends */
	u32 bytes;
	u32 is_other;
};

static long compare_tail(u32 index, void *context)
{
	struct tail_search *search = context;
	struct guard_scratch *scratch = search->scratch;
	struct guard_scratch *reader = search->reader;
	if (index >= search->bytes)
		return 1;
	u32 left = (search->left - 1 - index) & (ARGUMENTS_BYTES - 1);
	u32 right = (search->right - 1 - index) & (ARGUMENTS_BYTES - 1);
	if (reader->arguments[left] == scratch->asked[right])
		return 0;
	search->is_other = 1;
	return 1;
}

/* Whether the opened text is that operand or, behind a slash, ends with it: some interpreters put the folder that they stand in before it. */
static __always_inline u32 is_operand(struct guard_scratch *scratch, struct guard_scratch *reader, u32 asked_bytes)
{
	u32 bytes = reader->operand_bytes;
	struct tail_search search = {
		.scratch = scratch,
		.reader = reader,
		.left = reader->operand_start + bytes,
		.right = asked_bytes,
		.bytes = bytes,
	};
	if (bytes == 0 || bytes > asked_bytes)
		return 0;
	if (bytes < asked_bytes) {
		u32 before = (asked_bytes - bytes - 1) & (ARGUMENTS_BYTES - 1);
		u32 first = reader->operand_start & (ARGUMENTS_BYTES - 1);
		if (scratch->asked[before] != '/' || reader->arguments[first] == '/')
			return 0;
	}
	bpf_loop(ARGUMENTS_BYTES, compare_tail, &search, 0);
	return !search.is_other;
}

/* Whether this open is the reading of a program. It is asked of each one until the next exec: what is read first by that name need not be the program. `text` is
 * what the caller asked for; `reader` is the scratch of the process's first thread, which is the one that was executed: any of its threads may read. */
static __always_inline u32 reads_program(struct guard_scratch *scratch, struct guard_scratch *reader, const void *text, struct file *file)
{
	if (reader->reader == READER_NONE || (BPF_CORE_READ((struct file___guard *)file, f_mode) & GUARD_FMODE_WRITE))
		return 0;
	scratch->reader_sources = reader->reader_sources;
	scratch->reader_dry_sources = reader->reader_dry_sources;
	if (reader->operand_bytes == 0) {
		/* A loader whose operand stands too far behind: the first executable file that it opens is the program. */
		if (!(BPF_CORE_READ((struct file___guard *)file, f_inode, i_mode) & 0111))
			return 0;
		reader->reader = READER_NONE;
		return 1;
	}
	long length = bpf_probe_read_user_str(scratch->asked, ARGUMENTS_BYTES, text);
	if (length < 2 || length > ARGUMENTS_BYTES)
		return 0;
	return is_operand(scratch, reader, length - 1);
}

#endif
