/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is in the list of a wait queue: of a wait_queue_head, or of a swait_queue_head, the simple kind that completions have since 5.7.
 *
 * To add a form of them: a row of the table in wait_queue.c.
 */
#ifndef VMCORE_KERNEL_WAIT_QUEUE_H
#define VMCORE_KERNEL_WAIT_QUEUE_H

#include "kernel/kernel.h"

struct task;

struct wait_queue_entry {
	uint64_t address;
	uint64_t private;		/* mostly a task_struct; whose waiters are no tasks (epoll's) has what it likes */
	const struct task *task;	/* if it is one that is known */
	uint64_t func;			/* what wakes it; 0 = simple ones have none */
	bool func_known, flags_known;
	bool exclusive;			/* of these only one is woken */
};

/* The head that TYPE.MEMBER is, or begins with: "wait_queue_head", "swait_queue_head"; NULL = it is none. */
const char *wait_queue_head_of(struct kernel *kernel, const char *type, const char *member, uint64_t *offset_ret, struct error *error);
/* Each waiter in the list of the head at HEAD, SIMPLE: a swait_queue_head. False if the list is not whole. */
bool wait_queue_for_each(struct kernel *kernel, uint64_t head, bool simple,
			 bool (*callback)(void *context, const struct wait_queue_entry *entry), void *context, struct error *error);

#endif
