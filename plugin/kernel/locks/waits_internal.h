/* SPDX-License-Identifier: GPL-3.0-or-later */
/* waits inside: the waiter on a stack (wait_objects.c), who it waits for (wait_owners.c), and chains of these (wait_chains.c). */
#ifndef VMCORE_KERNEL_WAITS_INTERNAL_H
#define VMCORE_KERNEL_WAITS_INTERNAL_H

#include "kernel/locks/waits.h"

/*
 * Looks in [START, END) of wait->task's stack for the waiter of an object of wait->kind: a completion, bit, folio, futex or wait queue. False:
 * there is none that holds.
 */
bool wait_object(struct kernel *kernel, struct wait *wait, uint64_t start, uint64_t end);

/* Who completes what, by address; zero-initialised, filled at the first question. */
struct wait_owners {
	struct named *ends, *exits;
	size_t nr_ends, nr_exits, room_ends, room_exits;
	bool filled, incomplete;	/* of some tasks it could not be read */
	uint64_t namespace;		/* who has this tid in this namespace of pids: the last that was asked for */
	uint32_t tid;
	const struct task *of_tid;
};

/* Fills in the owner of a completion or a futex, and makes its kind the closer one. False = no memory, or Ctrl-C. */
bool wait_owner(struct kernel *kernel, struct wait_owners *owners, struct wait *wait, struct error *error);
/* The same of a futex that a thread holds, by the word in user space. futex_owner.c. */
bool futex_owner(struct kernel *kernel, struct wait_owners *owners, struct wait *wait, struct error *error);
void wait_owners_free(struct wait_owners *owners);

/* next, blocks, circle, deadlock. */
bool waits_connect(struct waits *waits, struct error *error);

#endif
