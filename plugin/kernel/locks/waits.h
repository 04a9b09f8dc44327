/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who waits for whom, and why: every task that sleeps for something that another one has or has to do.
 *
 * Locks are tasks/blocked.h's: mutex, rw_semaphore, semaphore, rt_mutex. Here are the rest, all found by the waiter that a sleeping task has
 * on its own stack, in the frame of a function that waits for such a thing: completions, bits of words and of folios, futexes, wait
 * queues. What is found so is inferred, and marked so. Who it waits for is a fact of the kernel's where something names the waiter's
 * object:
 *	vfork, kthread_stop	the task whose vfork_done is the completion: its end
 *	join			the thread whose clear_child_tid is the futex: its exit
 *	futex			the thread whose tid is in the word, where its robust list has the futex; without that it is a hint
 *	flush_work		the worker that has the flush's barrier behind the work that it runs
 *
 * To add a kind: its names in waits.c's tables, its waiter in wait_objects.c's, and who is waited for in wait_owners.c.
 */
#ifndef VMCORE_KERNEL_WAITS_H
#define VMCORE_KERNEL_WAITS_H

#include "kernel/kernel.h"

struct task;

enum wait_kind {
	WAIT_UNKNOWN,	/* it sleeps uninterruptibly, nobody knows what for */
	WAIT_MUTEX,
	WAIT_RWSEM,
	WAIT_SEMAPHORE,
	WAIT_RT_MUTEX,
	WAIT_COMPLETION,
	WAIT_KTHREAD_STOP,
	WAIT_VFORK,
	WAIT_FLUSH_WORK,
	WAIT_BIT,
	WAIT_FOLIO,
	WAIT_FUTEX,
	WAIT_JOIN,
	WAIT_QUEUE,
	NR_WAIT_KINDS
};

struct wait {
	const struct task *task;
	enum wait_kind kind;
	bool for_write, for_read;	/* of an rw_semaphore, where known */
	bool inferred;			/* from the stack; else the task_struct says so */
	uint64_t object;		/* struct mutex, completion, wait_queue_head, folio, the word of a bit; 0 = not found */
	uint64_t user;			/* a futex: where it is in the waiter's user space; 0 = not known */
	int bit;			/* of a bit or folio; -1 = none */
	uint64_t function;		/* of the work that is flushed; 0 = not known */
	const struct task *owner;	/* who has to do something; NULL = nobody, or not recorded, or ... */
	bool owner_unknown;		/* it, or which task it is, cannot be read: NULL does not mean nobody */
	bool unread;			/* something of it could not be read: that nothing was found does not mean much */
	bool owner_is_hint;		/* a reader of several, or who took a semaphore last */
	uint64_t waits_in, caller;	/* pcs: the innermost function that is not the scheduler's, and who called it; 0 = not known */
	/* waits_read() fills them in at its end */
	const struct wait *next;	/* what the owner waits for itself; NULL = it does not */
	size_t blocks;			/* so many tasks wait for this one, also through others */
	size_t circle;			/* following next comes back to it: the circle's number, from 1 on; 0 = it does not */
	bool deadlock;			/* and none of these owners is a hint */
};

struct waits {
	struct wait *items;
	size_t count, capacity;
	size_t circles;
	size_t states_unknown;	/* so many tasks' states could not be read: whether they wait is not known */
	size_t stacks_unknown;	/* so many wait, or may, and what for could not be read */
	struct error why;	/* of the first of these */
};

/* "mutex"; WAIT_UNKNOWN is "unknown". */
const char *wait_kind_name(enum wait_kind kind);
/* What a kthread_stop, vfork, flush_work is besides, or a join: a completion, a futex. Others are themselves. */
enum wait_kind wait_kind_base(enum wait_kind kind);
/*
 * Of all tasks. Without ALL those that sleep uninterruptibly, that wait for a lock, or for a task that is known; with it futexes and wait
 * queues of interruptible sleep, too.
 */
bool waits_read(struct kernel *kernel, bool all, struct waits *waits, struct error *error);
void waits_free(struct waits *waits);

#endif
