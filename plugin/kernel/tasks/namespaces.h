/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which namespaces a task is in, by the numbers that /proc/PID/ns shows, and its pids in each of those of pids.
 *
 * To add a kind: a row in namespaces.c's table.
 */
#ifndef VMCORE_KERNEL_NAMESPACES_H
#define VMCORE_KERNEL_NAMESPACES_H

#include "kernel/kernel.h"

struct task;

enum namespace_kind { NS_MNT, NS_NET, NS_PID, NS_PID_CHILDREN, NS_UTS, NS_IPC, NS_USER, NS_CGROUP, NS_TIME, NS_TIME_CHILDREN, NR_NAMESPACES };

/* "mnt", "pid_for_children": as in /proc/PID/ns. */
const char *namespace_name(enum namespace_kind kind);
/* Has this kernel namespaces of this kind? */
bool namespace_exists(struct kernel *kernel, enum namespace_kind kind);
/* Its inode number. ERROR_NOT_MAPPED: the task is in none (any more): it has exited, or has no pid. */
bool task_namespace(struct kernel *kernel, const struct task *task, enum namespace_kind kind, uint32_t *inode_ret, struct error *error);
/* NUMBERS: its pids from the initial namespace inwards, at most MAX (MAX_PID_NS_LEVEL + 1 = 33). */
bool task_pids(struct kernel *kernel, const struct task *task, uint32_t *numbers, size_t max, size_t *count_ret, struct error *error);
/* The struct pid_namespace that it is in. Both of them are in task_pid.c. */
bool task_pid_namespace(struct kernel *kernel, const struct task *task, uint64_t *address_ret, struct error *error);

#endif
