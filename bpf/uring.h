/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files and connections by io_uring, which no system call's tracepoint sees: told when they are handed to the kernel, so their result is not known. */
#ifndef GARRISON_URING_H
#define GARRISON_URING_H

#include "files.h"
#include "calls.h"

/* linux/io_uring.h */
#define IORING_OP_CONNECT 16
#define IORING_OP_OPENAT 18
#define IORING_OP_OPENAT2 28
#define IORING_OP_RENAMEAT 35
#define IORING_OP_UNLINKAT 36
#define IORING_OP_MKDIRAT 37
#define IORING_OP_SYMLINKAT 38
#define IORING_OP_LINKAT 39
#define AT_REMOVEDIR 0x200

/* A socket's address with the longest name in the file system. */
#define SOCKET_ADDRESS_BYTES 112

struct uring_deed {
	struct request first;
	struct request second;
	u64 flags;
	u32 mode;
	u16 deed;
	u16 call;
	bool has_second;
};

static __always_inline const void *name_of(struct filename *filename)
{
	return filename ? BPF_CORE_READ(filename, name) : NULL;
}

static __always_inline bool read_deed(struct io_kiocb *request, u8 operation, struct uring_deed *deed)
{
	deed->first.is_kernel = true;
	deed->second.is_kernel = true;
	if (operation == IORING_OP_OPENAT || operation == IORING_OP_OPENAT2) {
		struct io_open *open = (struct io_open *)request;
		deed->first.text = name_of(BPF_CORE_READ(open, filename));
		deed->first.folder = BPF_CORE_READ(open, dfd);
		deed->flags = BPF_CORE_READ(open, how.flags);
		deed->mode = BPF_CORE_READ(open, how.mode);
		deed->deed = DEED_OPEN;
		deed->call = operation == IORING_OP_OPENAT ? FILE_CALL_OPENAT : FILE_CALL_OPENAT2;
		return true;
	}
	if (operation == IORING_OP_UNLINKAT) {
		struct io_unlink *unlink = (struct io_unlink *)request;
		deed->first.text = name_of(BPF_CORE_READ(unlink, filename));
		deed->first.folder = BPF_CORE_READ(unlink, dfd);
		deed->flags = BPF_CORE_READ(unlink, flags);
		deed->deed = deed->flags & AT_REMOVEDIR ? DEED_RMDIR : DEED_UNLINK;
		deed->call = FILE_CALL_UNLINKAT;
		return true;
	}
	if (operation == IORING_OP_MKDIRAT) {
		struct io_mkdir *mkdir = (struct io_mkdir *)request;
		deed->first.text = name_of(BPF_CORE_READ(mkdir, filename));
		deed->first.folder = BPF_CORE_READ(mkdir, dfd);
		deed->mode = BPF_CORE_READ(mkdir, mode);
		deed->deed = DEED_MKDIR;
		deed->call = FILE_CALL_MKDIRAT;
		return true;
	}
	deed->has_second = true;
	if (operation == IORING_OP_RENAMEAT) {
		struct io_rename *rename = (struct io_rename *)request;
		deed->first.text = name_of(BPF_CORE_READ(rename, oldpath));
		deed->first.folder = BPF_CORE_READ(rename, old_dfd);
		deed->second.text = name_of(BPF_CORE_READ(rename, newpath));
		deed->second.folder = BPF_CORE_READ(rename, new_dfd);
		deed->flags = BPF_CORE_READ(rename, flags);
		deed->deed = DEED_RENAME;
		deed->call = FILE_CALL_RENAMEAT;
		return true;
	}
	struct io_link *link = (struct io_link *)request;
	deed->flags = BPF_CORE_READ(link, flags);
	if (operation == IORING_OP_LINKAT) {
		deed->first.text = name_of(BPF_CORE_READ(link, oldpath));
		deed->first.folder = BPF_CORE_READ(link, old_dfd);
		deed->second.text = name_of(BPF_CORE_READ(link, newpath));
		deed->second.folder = BPF_CORE_READ(link, new_dfd);
		deed->deed = DEED_LINK;
		deed->call = FILE_CALL_LINKAT;
		return true;
	}
	if (operation != IORING_OP_SYMLINKAT)
		return false;
	deed->first.text = name_of(BPF_CORE_READ(link, newpath));
	deed->first.folder = BPF_CORE_READ(link, new_dfd);
	deed->second.text = name_of(BPF_CORE_READ(link, oldpath));
	deed->second.is_text = true;
	deed->deed = DEED_SYMLINK;
	deed->call = FILE_CALL_SYMLINKAT;
	return true;
}

static __always_inline int tell_uring_file(struct task_struct *task, struct io_kiocb *request, u8 operation)
{
	struct uring_deed deed = {};
	struct seen_key key = {};
	if (!read_deed(request, operation, &deed))
		return 0;
	name_process(&key, task);
	key.type = EVENT_FILE;
	key.what = deed.deed;
	key.how = 0x40000000 | (u32)(deed.flags & OPEN_KINDS);
	key.a = hash_any_text(deed.first.text, true);
	key.b = folder_number(task, deed.first.folder);
	if (deed.has_second)
		key.a = keyed(key.a, hash_any_text(deed.second.text, true));
	if (deed.has_second && !deed.second.is_text)
		key.b = keyed(key.b, folder_number(task, deed.second.folder));
	key.b = leads_now(task, key.b, deed.deed);
	note_names(task, deed.deed);
	u64 id = first_touch(&key);
	struct file_scratch *scratch = id ? begin_file(task) : NULL;
	if (!scratch)
		return 0;
	struct file_event *event = &scratch->event;
	event->header.flags |= FLAG_IO_URING;
	event->key = id;
	event->deed = deed.deed;
	event->call = deed.call;
	event->open_flags = deed.flags;
	event->mode = deed.mode;
	return tell_file(scratch, task, NULL, &deed.first, deed.has_second ? &deed.second : NULL, &key);
}

/* The kernel's copy of the address: kernels differ in whether it stands alone or behind a message, so it is known by its family. */
static __always_inline void *address_of_connect(struct io_kiocb *request)
{
	void *data = BPF_CORE_READ(request, async_data);
	struct io_async_msghdr *message = data;
	u16 family = 0;
	if (!data)
		return NULL;
	bpf_probe_read_kernel(&family, sizeof(family), data);
	if (family == AF_INET || family == AF_INET6 || family == AF_UNIX)
		return data;
	if (bpf_core_field_exists(message->addr))
		return data + bpf_core_field_offset(struct io_async_msghdr, addr);
	return NULL;
}

static __always_inline int tell_uring_connect(struct task_struct *task, struct io_kiocb *request, void *from)
{
	struct address_in address = {};
	struct seen_key key = {};
	/* The request's own file is looked up only later. */
	int number = BPF_CORE_READ(request, cqe.fd);
	struct file *file = file_of(task, number);
	struct sock *sk = file ? sock_of(file) : NULL;
	if (!from || !sk)
		return 0;
	bpf_probe_read_kernel(&address, sizeof(address), from);
	name_process(&key, task);
	key.type = EVENT_CALL;
	key.what = WATCHED_CONNECT;
	key.how = 0x40000000;
	key.b = hash_address(&address);
	if (address.family == AF_UNIX) {
		const char *name = ((struct sockaddr_un *)from)->sun_path;
		key.b = keyed(hash_any_text(name, true), hash_any_text(name + 1, true));
	}
	u64 id = first_touch(&key);
	struct call_scratch *scratch = id ? begin_call(task) : NULL;
	if (!scratch)
		return 0;
	struct call_event *event = &scratch->event;
	event->header.flags |= FLAG_IO_URING;
	event->key = id;
	event->call = WATCHED_CONNECT;
	event->descriptor = number;
	event->arguments[0] = number;
	describe_socket(event, sk);
	describe_address(event, &address, false);
	if (address.family == AF_UNIX) {
		struct sockaddr_un *name = from;
		long length = bpf_probe_read_kernel_str(scratch->strings, SUN_PATH_BYTES, &name->sun_path);
		event->path_bytes = length > 1 && length <= SUN_PATH_BYTES ? length - 1 : 0;
	}
	return send_call(scratch, event->path_bytes, &key, false);
}

static __always_inline bool is_told_by_uring(u8 operation)
{
	return operation == IORING_OP_CONNECT || operation == IORING_OP_OPENAT || operation == IORING_OP_OPENAT2 ||
	       (operation >= IORING_OP_RENAMEAT && operation <= IORING_OP_LINKAT);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_request, struct io_kiocb *request)
{
	u8 operation = BPF_CORE_READ(request, opcode);
	struct task_struct *task = bpf_get_current_task_btf();
	if (!is_told_by_uring(operation) || is_excluded(task))
		return 0;
	if (operation == IORING_OP_CONNECT)
		return tell_uring_connect(task, request, address_of_connect(request));
	return tell_uring_file(task, request, operation);
}

/*
 * The tracepoint's name until 6.3. Kernels before 6.1 give it other arguments: the field is read without a helper, so that their verifier refuses the program.
 * A connect's address is still the program's own then.
 */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_uring_request_before_6_4, struct io_kiocb *request)
{
	u8 operation = request->opcode;
	struct task_struct *task = bpf_get_current_task_btf();
	if (!is_told_by_uring(operation) || is_excluded(task))
		return 0;
	if (operation != IORING_OP_CONNECT)
		return tell_uring_file(task, request, operation);
	struct io_connect *connect = (struct io_connect *)request;
	u8 address[SOCKET_ADDRESS_BYTES] = {};
	u32 length = BPF_CORE_READ(connect, addr_len);
	if (length > sizeof(address) || bpf_probe_read_user(address, length, BPF_CORE_READ(connect, addr)))
		return 0;
	return tell_uring_connect(task, request, address);
}

#endif
