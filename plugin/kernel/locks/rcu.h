/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tree RCU: the grace period that runs, which CPUs and tasks it waits for, and the callbacks that wait for it. Since 4.20, when the
 * flavours became one (rcu_state); what an older kernel has is ERROR_NO_SYMBOL or ERROR_NO_MEMBER.
 */
#ifndef VMCORE_KERNEL_RCU_H
#define VMCORE_KERNEL_RCU_H

#include "kernel/kernel.h"

#define RCU_NAME 32

struct rcu_state {
	uint64_t address;
	char name[RCU_NAME];		/* "rcu_preempt"; "" = not known, as are the others */
	char phase[RCU_NAME];		/* of its thread: "RCU_GP_WAIT_FQS" */
	/* the sequence counts, with their phase in the lowest two bits: 0 = none is running */
	int64_t sequence, expedited;
	uint64_t thread;		/* task_struct of who runs it; 0 = none */
	uint64_t started;		/* jiffies, when the last one began */
	uint64_t now;			/* jiffies */
	uint64_t timeout;		/* seconds until the kernel says that it is stalled */
	bool expedited_known, thread_known, started_known, now_known, timeout_known;
	struct error damage;		/* the first reason */
};

bool rcu_state_read(struct kernel *kernel, struct rcu_state *state, struct error *error);

struct rcu_cpu {
	uint64_t address;		/* struct rcu_data */
	uint64_t node;			/* its leaf of the tree */
	int64_t sequence;		/* the grace period that it has noticed */
	uint64_t ticks;			/* that it has had in it */
	bool holds, holds_expedited;	/* nobody has seen it quiet in this one */
	int64_t callbacks, bypass;	/* that wait; those on their way to them (offloaded ones) */
	bool bypass_known;		/* not every kernel has it */
};

/* False: nothing is known of this CPU. */
bool rcu_cpu_read(struct kernel *kernel, unsigned cpu, struct rcu_cpu *cpu_ret, struct error *error);

struct rcu_reader {
	uint64_t task;			/* task_struct */
	uint64_t node;
	uint64_t nesting;		/* of rcu_read_lock(); meaningful if nesting_known */
	bool nesting_known;
	bool holds, holds_expedited;	/* the grace period that runs; else a later one */
};

/* Can a reader be preempted? If not there are none that a CPU's task is not. */
bool rcu_has_readers(struct kernel *kernel);
/* The tasks that were preempted while they read, by NODE of a CPU. */
bool rcu_readers_for_each(struct kernel *kernel, uint64_t node,
			  bool (*callback)(void *context, const struct rcu_reader *reader, struct error *error), void *context,
			  struct error *error);

#endif
