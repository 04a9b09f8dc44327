/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who waits for a lock, for which, and who holds it.
 *
 * What the kernel says itself comes first: task_struct.pi_blocked_on (rt_mutex; every lock on
 * PREEMPT_RT), .blocker (6.16+, mutex, rw_semaphore and semaphore) and .blocked_on (mutex). Where
 * it says nothing, the waiter that a sleeping task has on its own stack does (struct mutex_waiter,
 * rwsem_waiter, semaphore_waiter): it lies in the frame of a function that waits for such a lock,
 * its `task` is the task, and both neighbours in its list point back at it. Following that list
 * leads to its head, in the lock. That is an inference from the stack, and marked as one.
 *
 * A lock's holder is a fact where the lock records it (mutex, rt_mutex, rw_semaphore held by a
 * writer); of readers and of semaphores only the last one is known, if at all: a hint.
 *
 * To add a kind of lock: a row in blocked.c's table, and how its owner is told in read_owner().
 */
#ifndef VMCORE_KERNEL_BLOCKED_H
#define VMCORE_KERNEL_BLOCKED_H

#include "kernel/stacks/unwind.h"

enum lock_kind { LOCK_NONE, LOCK_MUTEX, LOCK_RWSEM, LOCK_SEMAPHORE, LOCK_RT_MUTEX, NR_LOCK_KINDS };

struct blocked {
	const struct task *task;
	/* LOCK_NONE: it waits in waits_in, nobody knows what for */
	enum lock_kind kind;
	bool for_write, for_read; /* of an rw_semaphore, where known */
	bool inferred;		  /* from the stack; else the task_struct says so */
	uint64_t lock;		  /* address of the struct mutex, ...; 0 = not found */
	const struct task *owner; /* who holds it; NULL = nobody, or not recorded, or ... */
	bool owner_unknown;	  /* it, or which task it is, cannot be read: NULL does not mean nobody */
	bool owner_is_hint;	  /* a reader of several, or who took a semaphore last */
	/* indices into the frames it was found with: the innermost function that is not the
	 * scheduler's or a lock's, and what it called; equal if that called nothing; the number of frames if the stack was lost before it */
	size_t caller, waits_in;
	const struct blocked *next; /* what the owner waits for itself; NULL = it does not */
	bool deadlock;		    /* following next comes back to it */
};

struct blocked_list {
	struct blocked *items;
	size_t count, capacity;
	struct lock_functions *functions; /* blocked.c's own */
};

/* "mutex" */
const char *lock_kind_name(enum lock_kind kind);

bool blocked_begin(struct kernel *kernel, struct blocked_list *list, struct error *error);
/*
 * Adds TASK, whose stack is FRAMES, if it is in uninterruptible sleep, or provably waits for a
 * lock. *added_ret is valid until the next call.
 */
bool blocked_add(struct kernel *kernel, struct blocked_list *list, const struct task *task,
		 const struct frame *frames, size_t count, const struct blocked **added_ret,
		 struct error *error);
/* After the last: fills in next and deadlock. */
void blocked_connect(struct blocked_list *list);
void blocked_end(struct blocked_list *list);

#endif
