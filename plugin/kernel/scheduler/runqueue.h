/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A CPU's run queue: what was waiting to run there, class by class, and what the scheduler had counted.
 *
 * Nothing here is believed: each entity is met once, trees and lists are walked by containers.h, task groups are entered
 * to a depth. What broke off is in `damage`, and then the entries are not all of them.
 *
 * To add a scheduling class: an enumerator, its name in runqueue.c, and a function there that calls add_task() for each of its
 * tasks; runqueue_read() calls it.
 */
#ifndef VMCORE_KERNEL_RUNQUEUE_H
#define VMCORE_KERNEL_RUNQUEUE_H

#include "base/buffer.h"
#include "kernel/kernel.h"

enum runqueue_class {		/* the order in which they are picked */
	RUNQUEUE_STOP,
	RUNQUEUE_DEADLINE,
	RUNQUEUE_RT,
	RUNQUEUE_FAIR,
	RUNQUEUE_EXT,
};

enum runqueue_fact {		/* what is known of an entry or a group */
	RUNQUEUE_VRUNTIME = 1,
	RUNQUEUE_DEADLINE_AT = 2,
	RUNQUEUE_LIST = 4,
	RUNQUEUE_QUEUED = 8,
	RUNQUEUE_WEIGHT = 16,
	RUNQUEUE_RUNTIME = 32,
};

/* A task that is queued; in the order of its queue, the one that runs first where the class takes it out of the tree. */
struct runqueue_entry {
	enum runqueue_class class;
	uint64_t task;		/* task_struct, as the queue says: perhaps none; 0 = a deadline server, which is no task */
	uint64_t group;		/* task_group; 0 = not known, or the class has none */
	uint64_t vruntime;	/* fair */
	uint64_t deadline;	/* fair since 6.6 (147f3efaa241): virtual; deadline: rq_clock */
	unsigned list;		/* rt: which list of the array, 0 = first */
	unsigned known;		/* RUNQUEUE_* */
	bool current;		/* its queue says that it runs */
	bool throttled;		/* in a group (or class) that has used up its time: not counted in nr_running */
	/* asleep, but kept in the tree until its lag is used up; since 6.12 (152e11f6df29). It is counted. */
	bool delayed;
};

/* A task group that has a queue on this CPU with something in it, or is throttled there; the root comes first. */
struct runqueue_group {
	uint64_t group, cfs_rq;	/* group 0 = not known, or no task groups in this kernel */
	uint64_t queued;	/* tasks in it and below it, as the kernel counts */
	uint64_t weight;	/* of all that is queued in it */
	int64_t runtime;	/* ns left in this period, where its time is limited */
	unsigned known, depth;
	bool throttled;
};

struct runqueue {
	unsigned cpu;
	uint64_t address;
	uint64_t nr_running, clock, current, idle;	/* each 0 where it is not known: */
	bool nr_known, clock_known, current_known;
	struct runqueue_entry *entries;
	size_t nr_entries, entries_capacity;
	struct runqueue_group *groups;
	size_t nr_groups, groups_capacity;
	struct error damage;	/* ERROR_NONE, or why there may be more: the first reason */
};

/* "rt" */
const char *runqueue_class_name(enum runqueue_class class);
/* False only if there is none to be read, or Ctrl-C, or no memory. Free it all the same. */
bool runqueue_read(struct kernel *kernel, unsigned cpu, struct runqueue *queue, struct error *error);
void runqueue_free(struct runqueue *queue);
/* How many of the entries the kernel has in nr_running. */
size_t runqueue_counted(const struct runqueue *queue);
/* Does the task_struct at TASK say that it is on a run queue? */
bool runqueue_task_queued(struct kernel *kernel, uint64_t task, bool *queued_ret, struct error *error);
/* "/", "/system.slice", "/autogroup-12". False: nobody says. task_group.c. */
bool task_group_path(struct kernel *kernel, uint64_t group, struct buffer *path, struct error *error);

#endif
