/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which word of an interpreter's command line is the script: options that have an argument, and those after which there is none. What is not known here has no
 * argument. Facts of the programs' own manuals. */
#ifndef GARRISON_GUARD_OPTIONS_H
#define GARRISON_GUARD_OPTIONS_H

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

/* A switch: nothing follows. */
#define MEANS_NOTHING 0
/* The rest of the word is its argument or, without one, the next word. */
#define MEANS_ARGUMENT 1
/* The next word is its argument, or the one after that of another such letter. */
#define MEANS_WORD 2
/* The rest of the word is its argument. */
#define MEANS_REST 3
/* No file is run: a text of the command line, standard input, a mere check. */
#define MEANS_NO_FILE 4
/* The next word is the file. */
#define MEANS_FILE 5
/* MEANS_NO_FILE, unless the whole word is a name. */
#define MEANS_TEXT 6

static __always_inline u32 shell_letter(char letter)
{
	/* Not yet that there is no file: the letter may be one of a name behind one '-'. */
	if (letter == 'c' || letter == 's')
		return MEANS_TEXT;
	return letter == 'o' || letter == 'O' ? MEANS_WORD : MEANS_NOTHING;
}

static __always_inline u32 node_letter(char letter)
{
	if (letter == 'e' || letter == 'p' || letter == 'c')
		return MEANS_NO_FILE;
	return letter == 'r' || letter == 'C' ? MEANS_ARGUMENT : MEANS_NOTHING;
}

static __always_inline u32 python_letter(char letter)
{
	if (letter == 'c' || letter == 'm')
		return MEANS_NO_FILE;
	return letter == 'W' || letter == 'X' || letter == 'Q' ? MEANS_ARGUMENT : MEANS_NOTHING;
}

static __always_inline u32 perl_letter(char letter)
{
	if (letter == 'e' || letter == 'E')
		return MEANS_NO_FILE;
	if (letter == 'M' || letter == 'm' || letter == 'F' || letter == 'i' || letter == 'x' || letter == 'C' || letter == 'D' || letter == 'V' || letter == 'd')
		return MEANS_REST;
	return letter == 'I' ? MEANS_ARGUMENT : MEANS_NOTHING;
}

static __always_inline u32 ruby_letter(char letter)
{
	if (letter == 'e')
		return MEANS_NO_FILE;
	if (letter == 'K' || letter == 'F' || letter == 'i' || letter == 'x' || letter == 'W' || letter == 'T')
		return MEANS_REST;
	return letter == 'I' || letter == 'r' || letter == 'C' || letter == 'X' || letter == 'E' ? MEANS_ARGUMENT : MEANS_NOTHING;
}

static __always_inline u32 php_letter(char letter)
{
	if (letter == 'r' || letter == 'B' || letter == 'R' || letter == 'E' || letter == 'l' || letter == 's' || letter == 'w')
		return MEANS_NO_FILE;
	if (letter == 'f' || letter == 'F')
		return MEANS_FILE;
	return letter == 'c' || letter == 'd' || letter == 'z' || letter == 'S' || letter == 't' ? MEANS_ARGUMENT : MEANS_NOTHING;
}

/* A letter behind one '-' (of shells also '+'). */
static __always_inline u32 letter_means(u32 family, char letter)
{
	switch (family) {
	case READER_SHELL:
		return shell_letter(letter);
	case READER_NODE:
		return node_letter(letter);
	case READER_PYTHON:
		return python_letter(letter);
	case READER_PERL:
		return perl_letter(letter);
	case READER_RUBY:
		return ruby_letter(letter);
	case READER_LUA:
		return letter == 'e' || letter == 'l' ? MEANS_ARGUMENT : MEANS_NOTHING;
	case READER_PHP:
		return php_letter(letter);
	case READER_TCL:
		/* -encoding NAME; any other one begins a conversation. */
		return letter == 'e' ? MEANS_WORD : MEANS_NO_FILE;
	}
	return MEANS_NOTHING;
}

/* Names that bash takes behind one '-', too. */
static __always_inline u32 is_bash_name(u64 word)
{
	return IS(word, "posix") || IS(word, "norc") || IS(word, "rcfile") || IS(word, "login") || IS(word, "verbose") || IS(word, "debug") || BEGINS(word, "noprofil") ||
	       BEGINS(word, "init-fil") || BEGINS(word, "noeditin") || BEGINS(word, "noline") || BEGINS(word, "restrict") || BEGINS(word, "debugger") || BEGINS(word, "protecte");
}

/* Node takes '_' for '-' in its options' names. Without a branch, eight letters at once: verifiers follow each way of one. */
static __always_inline u64 with_dashes(u64 word)
{
	const u64 low = 0x7f7f7f7f7f7f7f7f;
	u64 other = word ^ 0x5f5f5f5f5f5f5f5f;
	u64 same = ~(((other & low) + low) | other | low);
	return word ^ (same >> 7) * ('_' ^ '-');
}

/* Written "--name word"; with "=" no word follows. `more` is what comes behind the first eight bytes. */
static __always_inline u32 node_word(u64 word, u64 more)
{
	word = with_dashes(word);
	more = with_dashes(more);
	if (BEGINS(word, "eval") || BEGINS(word, "print") || BEGINS(word, "check"))
		return MEANS_NO_FILE;
	if (IS(word, "require") || IS(word, "import") || IS(word, "loader") || IS(word, "title") || BEGINS(word, "conditio") || BEGINS(word, "input-ty"))
		return MEANS_WORD;
	if (BEGINS(word, "experime"))
		return BEGINS(more, "ntal-loa") || BEGINS(more, "ntal-def") || BEGINS(more, "ntal-con") || BEGINS(more, "ntal-pac") || BEGINS(more, "ntal-sea") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "disable-"))
		return BEGINS(more, "warning") || BEGINS(more, "proto") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "build-sn"))
		return BEGINS(more, "apshot-") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "test-ran"))
		return BEGINS(more, "dom-") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "inspect-"))
		return BEGINS(more, "port") || BEGINS(more, "publish") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "openssl-"))
		return BEGINS(more, "config") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "cpu-prof"))
		return BEGINS(more, "-") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "heap-pro"))
		return BEGINS(more, "f-") ? MEANS_WORD : MEANS_NOTHING;
	if (BEGINS(word, "report-d") || BEGINS(word, "report-f") || BEGINS(word, "report-s") || BEGINS(word, "env-file") || BEGINS(word, "icu-data") || BEGINS(word, "diagnost"))
		return MEANS_WORD;
	if (BEGINS(word, "trace-ev") || BEGINS(word, "dns-resu") || BEGINS(word, "unhandle") || BEGINS(word, "tls-key") || BEGINS(word, "tls-ciph"))
		return MEANS_WORD;
	if (BEGINS(word, "test-rep") || BEGINS(word, "test-nam") || BEGINS(word, "watch-pa") || BEGINS(word, "allow-fs") || BEGINS(word, "max-http") || BEGINS(word, "heapsnap"))
		return MEANS_WORD;
	if (BEGINS(word, "bench-") || BEGINS(word, "max-old-") || BEGINS(word, "snapshot") || BEGINS(word, "use-larg") || BEGINS(word, "watch-ki") || BEGINS(word, "vfs-"))
		return MEANS_WORD;
	if (BEGINS(word, "test-con") || BEGINS(word, "test-glo") || BEGINS(word, "test-iso") || BEGINS(word, "test-rer") || BEGINS(word, "test-sha") || BEGINS(word, "test-ski") || BEGINS(word, "test-tim"))
		return MEANS_WORD;
	return BEGINS(word, "redirect") || BEGINS(word, "v8-pool") || BEGINS(word, "secure-h") || BEGINS(word, "localsto") || BEGINS(word, "security") ? MEANS_WORD : MEANS_NOTHING;
}

static __always_inline u32 php_word(u64 word, u64 more)
{
	if (IS(word, "file") || (BEGINS(word, "process-") && BEGINS(more, "file")))
		return MEANS_FILE;
	if (IS(word, "run") || BEGINS(word, "process-"))
		return MEANS_NO_FILE;
	return IS(word, "define") || IS(word, "php-ini") || BEGINS(word, "zend-ext") || IS(word, "server") || IS(word, "docroot") ? MEANS_WORD : MEANS_NOTHING;
}

static __always_inline u32 loader_word(u64 word, u64 more)
{
	if (BEGINS(word, "list") || BEGINS(word, "verify"))
		return MEANS_NO_FILE;
	if (BEGINS(word, "inhibit-"))
		return BEGINS(more, "rpath") ? MEANS_WORD : MEANS_NOTHING;
	return BEGINS(word, "library-") || IS(word, "preload") || IS(word, "audit") || IS(word, "argv0") || BEGINS(word, "glibc-hw") ? MEANS_WORD : MEANS_NOTHING;
}

/* A word behind two. */
static __always_inline u32 word_means(u32 family, u64 word, u64 more)
{
	switch (family) {
	case READER_SHELL:
		if (IS(word, "command"))
			return MEANS_NO_FILE;
		return IS(word, "rcfile") || BEGINS(word, "init-") || IS(word, "emulate") ? MEANS_WORD : MEANS_NOTHING;
	case READER_NODE:
		return node_word(word, more);
	case READER_PYTHON:
		return BEGINS(word, "check-ha") ? MEANS_WORD : MEANS_NOTHING;
	case READER_RUBY:
		return BEGINS(word, "encoding") || BEGINS(word, "external") || BEGINS(word, "internal") || IS(word, "enable") || IS(word, "disable") ? MEANS_WORD : MEANS_NOTHING;
	case READER_PHP:
		return php_word(word, more);
	case READER_LOADER:
		return loader_word(word, more);
	}
	return MEANS_NOTHING;
}

#endif
