/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a task has open: its table of file descriptors, and of each struct file what /proc/PID/fdinfo says.
 *
 * What is special to a kind of file is in file_kinds.c (eventfd, epoll, pipes) and socket.c.
 */
#ifndef VMCORE_KERNEL_FILES_H
#define VMCORE_KERNEL_FILES_H

#include "kernel/files/path.h"

struct task;

struct open_file {
	unsigned fd;
	uint64_t file;		/* struct file */
	bool known;		/* it could be read: all up to inode */
	struct path path;
	uint64_t inode;		/* 0 = it has none */
	uint64_t operations;	/* f_op */
	uint64_t private_data;
	int64_t position;
	uint32_t flags;		/* O_*, as fdinfo has them: with O_CLOEXEC of the descriptor */
	bool inode_known;
	uint32_t mode;		/* i_mode */
	uint64_t number;	/* i_ino */
	struct error why;	/* kind ERROR_NONE, or what of it could not be read */
};

#define FILE_CLOEXEC 02000000	/* O_CLOEXEC, of all machines but alpha, parisc and sparc */

/* One struct file; what cannot be read is said in *file_ret. */
void file_read(struct kernel *kernel, uint64_t address, struct open_file *file_ret);
/*
 * Each open file of TASK by descriptor. Parts of the table that cannot be read are skipped; then, at the end, false with the first
 * reason. A task that has no table (an exited one) has no files: true.
 */
bool files_for_each(struct kernel *kernel, const struct task *task,
		    bool (*callback)(void *context, const struct open_file *file), void *context, struct error *error);
/* "REG", "DIR", "CHR", "BLK", "FIFO", "LNK", "SOCK", "ANON": no type at all, as anonymous inodes have. */
const char *file_type_name(uint32_t mode);
/* Where it looks from and what it runs. False: it has none, *error says why, or its kind is ERROR_NONE. */
bool task_root(struct kernel *kernel, const struct task *task, struct path *path_ret, struct error *error);
bool task_cwd(struct kernel *kernel, const struct task *task, struct path *path_ret, struct error *error);
bool task_exe(struct kernel *kernel, const struct task *task, struct path *path_ret, struct error *error);
/* Appends what there is to say of a file of its kind: "count 42"; nothing where it is of none that is known. file_kinds.c. */
bool file_details(struct kernel *kernel, const struct open_file *file, struct buffer *text, struct error *error);
/* Is FILE's f_op the kernel's SYMBOL? */
bool file_is(struct kernel *kernel, const struct open_file *file, const char *symbol);

#endif
