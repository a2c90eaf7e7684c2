/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Deeds on files, told at the exit of the call. One program serves all calls of a shape: which argument is what stands in the cookie. */
#ifndef GARRISON_FILES_H
#define GARRISON_FILES_H

#include "deeds.h"

#define FMODE_CREATED 0x100000
#define O_ACCMODE 3
#define O_CREAT 0100
#define O_TRUNC 01000
/* What makes an open another deed than the one before: a file that was read may be emptied. */
#define OPEN_KINDS (O_ACCMODE | O_CREAT | O_TRUNC)
/* No descriptor: the process's root. */
#define FROM_ROOT (-4096)

/* Cookie: bits 0-7 the call, 8-15 the deed, then four bits each. */
#define AT_FOLDER 16
#define AT_PATH 20
#define AT_TARGET_FOLDER 24
#define AT_TARGET 28
#define AT_DESCRIPTOR 32
#define AT_FLAGS 36
#define AT_MODE 40
/* Bit 44: the target is a text, not a path to be resolved. */
#define TARGET_IS_TEXT (1ULL << 44)

struct file_scratch {
	struct file_event event;
	char strings[4 * PATH_BYTES_MAX + REQUEST_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct file_scratch);
} file_scratches SEC(".maps");

static __always_inline struct file_scratch *begin_file(struct task_struct *task)
{
	u32 zero = 0;
	struct file_scratch *scratch = bpf_map_lookup_elem(&file_scratches, &zero);
	if (!scratch)
		return NULL;
	struct file_event *event = &scratch->event;
	fill_header(&event->header, task, EVENT_FILE);
	event->inode = 0;
	event->device = 0;
	event->open_flags = 0;
	event->mode = 0;
	event->error = 0;
	event->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	event->parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	event->path_bytes = 0;
	event->requested_bytes = 0;
	event->directory_bytes = 0;
	event->target_bytes = 0;
	event->target_directory_bytes = 0;
	event->kind = KIND_NONE;
	return scratch;
}

/* Walks and appends a path; returns its length. */
static __noinline u32 put_path(struct file_scratch *scratch, struct path *path, u32 end)
{
	struct path_walk *walk = own_walk();
	if (!walk || !scratch || !path || end > 3 * PATH_BYTES_MAX)
		return 0;
	u32 length = walk_path(walk, path);
	if (!walk->is_done) {
		scratch->event.header.flags |= FLAG_PATH_CUT;
		return 0;
	}
	u32 start = walk->start & (PATH_BYTES_MAX - 1);
	length &= PATH_BYTES_MAX - 1;
	bpf_probe_read_kernel(&scratch->strings[end], length, &walk->text[start]);
	return length;
}

/* What the program asked for, from its memory or (io_uring) from the kernel's copy; returns the length. */
static __always_inline u32 put_text(struct file_scratch *scratch, const void *text, bool is_kernel, u32 end)
{
	long length;
	if (!text || end > 3 * PATH_BYTES_MAX)
		return 0;
	if (is_kernel)
		length = bpf_probe_read_kernel_str(&scratch->strings[end], REQUEST_BYTES_MAX, text);
	else
		length = bpf_probe_read_user_str(&scratch->strings[end], REQUEST_BYTES_MAX, text);
	/* What cannot be read (any more) is said to be missing. */
	if (length < 1 || length > REQUEST_BYTES_MAX) {
		scratch->event.header.flags |= FLAG_REQUEST_CUT;
		return 0;
	}
	if (length == REQUEST_BYTES_MAX)
		scratch->event.header.flags |= FLAG_REQUEST_CUT;
	return length - 1;
}

/* The folder that a path starts from: of a relative one that of a descriptor or the process's own, of an absolute one the process's root (nothing when that
 * is the top: it mostly is). */
static __always_inline u32 put_folder(struct file_scratch *scratch, struct task_struct *task, int number, u32 end)
{
	struct path folder = {};
	if (number == FROM_ROOT) {
		root_of(task, &folder);
	} else if (number == AT_FDCWD) {
		folder_of(task, &folder);
	} else {
		struct file *file = file_of(task, number);
		if (!file)
			return 0;
		path_of(file, &folder);
	}
	u32 length = put_path(scratch, &folder, end);
	return number == FROM_ROOT && length == 1 ? 0 : length;
}

struct request {
	const void *text;
	int folder;
	bool is_kernel;
	bool is_text; /* no path: no folder */
};

/* One place for the bound that the verifier has to see before each string. */
static __always_inline u32 bounded(u32 end)
{
	return end > 3 * PATH_BYTES_MAX ? 3 * PATH_BYTES_MAX : end;
}

/* Says in `folder` where the path starts. */
static __always_inline u32 put_request(struct file_scratch *scratch, struct request *request, u32 end, int *folder)
{
	u32 length = put_text(scratch, request->text, request->is_kernel, end);
	*folder = length > 0 && scratch->strings[end] == '/' ? FROM_ROOT : request->folder;
	return length;
}

static __always_inline int send_file(struct file_scratch *scratch, u32 end, struct seen_key *key)
{
	if (end > sizeof(scratch->strings))
		return 0;
	barrier_var(end);
	u64 size = sizeof(struct file_event) + end;
	if (bpf_ringbuf_output(&ring_low, scratch, size, BPF_RB_NO_WAKEUP))
		take_back(key, EVENT_FILE);
	return 0;
}

/* path (when a file is known), requested, its folder, target, its folder. */
static __always_inline int tell_file(struct file_scratch *scratch, struct task_struct *task, struct file *file, struct request *first,
				     struct request *second, struct seen_key *key)
{
	struct file_event *event = &scratch->event;
	u32 end = 0;
	int folder = 0;
	if (file) {
		struct path path = {};
		path_of(file, &path);
		end = put_path(scratch, &path, 0);
		event->path_bytes = end;
	}
	end = bounded(end);
	event->requested_bytes = put_request(scratch, first, end, &folder);
	end = bounded(end + event->requested_bytes);
	if (!first->is_text && !file) {
		event->directory_bytes = put_folder(scratch, task, folder, end);
		end = bounded(end + event->directory_bytes);
	}
	if (second) {
		event->target_bytes = put_request(scratch, second, end, &folder);
		end = bounded(end + event->target_bytes);
		if (!second->is_text) {
			event->target_directory_bytes = put_folder(scratch, task, folder, end);
			end += event->target_directory_bytes;
		}
	}
	return send_file(scratch, end, key);
}

static __always_inline void fill_inode(struct file_event *event, struct inode *inode)
{
	event->inode = BPF_CORE_READ(inode, i_ino);
	event->device = device_of(inode);
	event->kind = kind_of_inode(inode);
	if (is_upper(inode))
		event->header.flags |= FLAG_UPPER;
}

static __always_inline int folder_argument(const u64 *arguments, u32 which)
{
	return which == NO_ARGUMENT ? AT_FDCWD : (int)pick(arguments, which);
}

/* Of a relative path in a key: the same name in another folder is another file. */
static __always_inline u64 folder_number(struct task_struct *task, int number)
{
	struct inode *inode;
	if (number == AT_FDCWD) {
		inode = BPF_CORE_READ(task, fs, pwd.dentry, d_inode);
	} else {
		struct file *file = file_of(task, number);
		inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	}
	return inode ? BPF_CORE_READ(inode, i_ino) : 0;
}

/* A number is given to the next file when one is gone. Its generation tells them apart, or a new file would count as a repeat of a removed one; overlays
 * have none, so the name and its folder do. */
static __always_inline u64 device_and_life(struct inode *inode)
{
	return (u64)BPF_CORE_READ(inode, i_generation) << 32 | BPF_CORE_READ(inode, i_sb, s_dev);
}

static __always_inline u64 number_and_name(struct inode *inode, struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	u64 name = (u64)BPF_CORE_READ(dentry, d_name.len) << 32 | BPF_CORE_READ(dentry, d_name.hash);
	return mix(mix(BPF_CORE_READ(inode, i_ino), name), BPF_CORE_READ(dentry, d_parent, d_inode, i_ino));
}

SEC("tracepoint")
int on_file_opened(struct trace_event_raw_sys_exit *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (is_excluded(task))
		return 0;
	u64 cookie = bpf_get_attach_cookie(context);
	u64 arguments[ARGUMENT_PLACES] = {};
	struct seen_key key = {};
	read_arguments(task, arguments);
	long result = BPF_CORE_READ(context, ret);
	u16 call = cookie & 255;
	u32 flags = pick(arguments, nibble(cookie, AT_FLAGS));
	u32 mode = pick(arguments, nibble(cookie, AT_MODE));
	if (call == FILE_CALL_OPENAT2) {
		struct open_how how = {};
		bpf_probe_read_user(&how, sizeof(how), (void *)arguments[2]);
		flags = how.flags;
		mode = how.mode;
	} else if (call == FILE_CALL_CREAT) {
		flags = 01101; /* O_WRONLY | O_CREAT | O_TRUNC */
	}
	struct file *file = result < 0 ? NULL : file_of(task, result);
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	bool is_made = file && (BPF_CORE_READ(file, f_mode) & FMODE_CREATED);
	const void *asked = (const void *)pick(arguments, nibble(cookie, AT_PATH));
	int folder = folder_argument(arguments, nibble(cookie, AT_FOLDER));

	name_process(&key, task);
	key.type = EVENT_FILE;
	key.what = is_made ? DEED_CREATE : DEED_OPEN;
	if (inode) {
		key.a = device_and_life(inode);
		key.b = number_and_name(inode, file);
		key.how = flags & OPEN_KINDS;
	} else {
		key.a = hash_text(asked);
		key.b = folder_number(task, folder);
		key.how = 0x80000000 | (flags & OPEN_KINDS) << 12 | (u32)-result;
	}
	u64 id = first_touch(&key);
	if (!id)
		return 0;
	struct file_scratch *scratch = begin_file(task);
	if (!scratch)
		return 0;
	struct file_event *event = &scratch->event;
	event->key = id;
	event->deed = key.what;
	event->call = call;
	event->open_flags = flags;
	event->mode = is_made || (flags & O_CREAT) ? mode : 0;
	event->error = result < 0 ? -result : 0;
	if (inode)
		fill_inode(event, inode);
	struct request request = { .text = asked, .folder = folder };
	return tell_file(scratch, task, file, &request, NULL, &key);
}

/* When names last came to lead elsewhere, by who did it. What was asked for by the same name since is not a repeat of what was asked for before: a link is
 * changed in a moment. By cgroup, so that nobody makes others' repeats into events. */
struct names {
	u64 linked_ns; /* a symbolic link was made, something mounted or taken off */
	u64 renamed_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NAMES_CHANGED_MAX);
	__type(key, u64);
	__type(value, struct names);
} names_changed SEC(".maps");

/* Of a path in a key: what decides where it leads, beside its text and its folder. A rename does not ask for renames: programs that write a file beside the old
 * one and then put it in its place would tell each time. */
static __always_inline u64 leads_now(struct task_struct *task, u64 hash, u32 deed)
{
	u64 cgroup = task->cgroups->dfl_cgrp->kn->id;
	struct names *names = bpf_map_lookup_elem(&names_changed, &cgroup);
	struct path root = {};
	root_of(task, &root);
	hash = keyed(hash, names ? names->linked_ns : 0);
	hash = keyed(hash, names && deed != DEED_RENAME ? names->renamed_ns : 0);
	return keyed(keyed(hash, BPF_CORE_READ(root.dentry, d_inode, i_ino)), BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum));
}

static __always_inline void note_names(struct task_struct *task, u32 deed)
{
	if (deed != DEED_SYMLINK && deed != DEED_RENAME && deed != DEED_MOUNT && deed != DEED_UMOUNT)
		return;
	u64 cgroup = task->cgroups->dfl_cgrp->kn->id;
	u64 now = bpf_ktime_get_boot_ns();
	struct names *known = bpf_map_lookup_elem(&names_changed, &cgroup);
	struct names names = {};
	if (known)
		names = *known;
	if (deed == DEED_RENAME)
		names.renamed_ns = now;
	else
		names.linked_ns = now;
	bpf_map_update_elem(&names_changed, &cgroup, &names, BPF_ANY);
}

SEC("tracepoint")
int on_file_changed(struct trace_event_raw_sys_exit *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (is_excluded(task))
		return 0;
	u64 cookie = bpf_get_attach_cookie(context);
	u64 arguments[ARGUMENT_PLACES] = {};
	struct seen_key key = {};
	read_arguments(task, arguments);
	long result = BPF_CORE_READ(context, ret);
	u32 number = nibble(cookie, AT_DESCRIPTOR);
	struct file *file = number == NO_ARGUMENT ? NULL : file_of(task, pick(arguments, number));
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	struct request first = {
		.text = (const void *)pick(arguments, nibble(cookie, AT_PATH)),
		.folder = folder_argument(arguments, nibble(cookie, AT_FOLDER)),
	};
	struct request second = {
		.text = (const void *)pick(arguments, nibble(cookie, AT_TARGET)),
		.folder = folder_argument(arguments, nibble(cookie, AT_TARGET_FOLDER)),
		.is_text = (cookie & TARGET_IS_TEXT) != 0,
	};
	u32 mode = pick(arguments, nibble(cookie, AT_MODE));
	/* Memory grows by ftruncate: no file. */
	if ((cookie & 255) == FILE_CALL_FTRUNCATE && (!inode || BPF_CORE_READ(inode, i_nlink) == 0))
		return 0;

	name_process(&key, task);
	key.type = EVENT_FILE;
	key.what = cookie >> 8 & 255;
	key.how = (cookie & 255) << 16 | (result < 0 ? 0x80000000 | (u32)-result : mode & 0xffff);
	key.a = inode ? device_and_life(inode) : hash_text(first.text);
	key.b = inode ? BPF_CORE_READ(inode, i_ino) : folder_number(task, first.folder);
	if (second.text)
		key.a = keyed(key.a, hash_text(second.text));
	if (second.text && !second.is_text)
		key.b = keyed(key.b, folder_number(task, second.folder));
	if (!inode)
		key.b = leads_now(task, key.b, key.what);
	if (result >= 0)
		note_names(task, key.what);
	u64 id = first_touch(&key);
	if (!id)
		return 0;
	struct file_scratch *scratch = begin_file(task);
	if (!scratch)
		return 0;
	struct file_event *event = &scratch->event;
	event->key = id;
	event->deed = key.what;
	event->call = cookie & 255;
	event->open_flags = pick(arguments, nibble(cookie, AT_FLAGS));
	event->mode = mode;
	event->error = result < 0 ? -result : 0;
	if (inode)
		fill_inode(event, inode);
	return tell_file(scratch, task, file, &first, nibble(cookie, AT_TARGET) == NO_ARGUMENT ? NULL : &second, &key);
}

/* Of every overlay file that the asker holds open: two numbers, the inode and whether it is said to be of the writable layer. */
SEC("iter/task_file")
int on_overlay_asked(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	if (!task || !file || BPF_CORE_READ(task, pid) != settings.own_tgid)
		return 0;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAY_MAGIC)
		return 0;
	u64 answer[2] = { BPF_CORE_READ(inode, i_ino), is_upper(inode) };
	bpf_seq_write(context->meta->seq, answer, sizeof(answer));
	return 0;
}

#endif
