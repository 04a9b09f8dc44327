/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of dentries: up the tree of a file system, and from there through the mounts, as d_path() has it and /proc/PID/fd shows it.
 *
 * A path is seen from the top of its mount namespace, not from a chroot. " (deleted)" behind it: the dentry is no longer in its
 * directory. Of what has no place in a tree (pipes, sockets, anonymous inodes, memfds, namespaces) it is the kernel's own name,
 * by the function that would make it (dentry_operations.d_dname); to know one more is a row in path.c's table.
 */
#ifndef VMCORE_KERNEL_PATH_H
#define VMCORE_KERNEL_PATH_H

#include "kernel/kernel.h"

struct buffer;

/* struct path. */
struct path {
	uint64_t mount;		/* the vfsmount */
	uint64_t dentry;
};

bool path_read(struct kernel *kernel, uint64_t address, struct path *path_ret, struct error *error);
/*
 * Appends the path to TEXT. Where a dentry or a mount above it cannot be read it begins with "?", and false says why; nothing is
 * appended where not even its last name is known. What is below no mount point that is known (a mount that was detached) begins
 * where its mount did.
 */
bool path_text(struct kernel *kernel, const struct path *path, struct buffer *text, struct error *error);
/* The same inside the dentry's own file system, whose root is "/". */
bool dentry_text(struct kernel *kernel, uint64_t dentry, struct buffer *text, struct error *error);

#endif
