/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the learning object keeps of one mount namespace: the single source of the layout (src/edge/sensor/learn/learn-layout.gen.ts). */
#ifndef GARRISON_LEARN_H
#define GARRISON_LEARN_H

#define LEARN_CALL_WORDS 8
#define LEARN_CALLS_MAX 512
#define LEARN_SCOPES_MAX 4096

/* The kernel made the scope at the first exec in its namespace: nothing of its start is missing. */
#define SCOPE_START_SEEN 1
/* A process used the 32-bit calls of an older architecture; their numbers are others and are not kept. */
#define SCOPE_FOREIGN 2

#define CONTROL_LEARN_NEW 1

struct learn_scope {
	u64 calls[8];
	u64 capabilities; /* asked for and granted; only where the kernel allows the check to be watched */
	u64 first_ns; /* since boot */
	u64 generation; /* numbers of namespaces are used again: this tells one from the next; 0: not known yet */
	u32 execs;
	u32 flags;
};

/* Compiled into the programs as the symbol `settings`. */
struct learn_settings {
	u32 host_mount_namespace; /* of the first process: never made a scope by itself */
	u32 reserved;
};

#endif
