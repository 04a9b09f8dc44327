/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work: the pools of workers, what each of these runs, and what waits to be run, in a pool's list or for its workqueue to have fewer at once.
 * Delayed work is a timer's (timers.h) until it is due.
 */
#ifndef VMCORE_KERNEL_WORKQUEUES_H
#define VMCORE_KERNEL_WORKQUEUES_H

#include "kernel/kernel.h"

#define WORKQUEUE_NAME 33 /* WQ_NAME_LEN is 24, 32 since 6.9, and a NUL */

struct work {
	uint64_t address;
	uint64_t func;		/* 0 = not known */
	char queue[WORKQUEUE_NAME]; /* the workqueue's name; "" = not known */
};

struct worker {
	uint64_t address;
	uint64_t task;		/* task_struct; 0 = not known */
	struct work current;	/* address 0: it is idle */
	bool current_known;
	uint64_t since;		/* jiffies when it began, 7.x and later */
	bool since_known;
};

struct worker_pool {
	uint64_t address;
	uint32_t id;
	int32_t cpu;		/* -1 = unbound */
	uint64_t nr_workers, nr_idle;
	bool id_known, cpu_known, workers_known;
	struct worker *workers;
	size_t count, room;
	struct work *pending;	/* in the order they will be run */
	size_t nr_pending, room_pending;
	struct error damage;	/* ERROR_NONE, or why not all is known: the first reason */
};

struct worker_pools {
	struct worker_pool *pools;
	size_t count, room;
	struct work *inactive;	/* of all workqueues: those that wait for others of their queue to be done */
	size_t nr_inactive, room_inactive;
	struct error damage;
};

/* False only where nothing is known. */
bool worker_pools_read(struct kernel *kernel, struct worker_pools *pools, struct error *error);
void worker_pools_free(struct worker_pools *pools);
/* The name of the workqueue_struct at ADDRESS; "" and false = it cannot be read. */
bool workqueue_name(struct kernel *kernel, uint64_t address, char *name, struct error *error);

#endif
