/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mounts of a task's mount namespace: what /proc/PID/mountinfo lists.
 *
 * The namespace keeps them in a list or, since 6.8 (2eea9ce4310d), in an rb tree.
 */
#ifndef VMCORE_KERNEL_MOUNTS_H
#define VMCORE_KERNEL_MOUNTS_H

#include "kernel/files/path.h"

struct task;

struct mount_facts {
	uint64_t mount;			/* struct mount */
	struct path path;		/* its vfsmount and its root there: path_text() of it is where it is mounted */
	bool known;			/* the rest could be read */
	uint64_t superblock;
	uint32_t id, parent_id;
	uint32_t flags;			/* MNT_*; mount_flags_text() */
	uint32_t device;		/* s_dev: 12 bits of major number, 20 of minor */
	bool superblock_read_only;
	char type[64];			/* "ext4", "fuse.sshfs" */
	char source[256];		/* "/dev/sda1"; cut off there. Any bytes. */
	struct error why;		/* kind ERROR_NONE, or what could not be read */
};

/* In the kernel's order. A task that has exited has no namespace: ERROR_NOT_MAPPED. Where the list breaks off: false, at the end. */
bool mounts_for_each(struct kernel *kernel, const struct task *task,
		     bool (*callback)(void *context, const struct mount_facts *mount), void *context, struct error *error);
/* Appends "rw,nosuid,relatime", as mountinfo has them. */
void mount_flags_text(uint32_t flags, struct buffer *text);

#endif
