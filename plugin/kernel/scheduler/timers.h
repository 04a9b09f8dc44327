/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timers that a CPU has pending: those of the timer wheel (struct timer_list, in jiffies) and hrtimers (in ns of their clock).
 *
 * Each base is a queue. What it contradicts itself in is counted, what broke off is in its `damage`, and then its timers are not all of
 * them. Timers that a softirq has taken off the wheel to run them are on its stack: of those only the one that runs is known.
 *
 * To add a form of the wheel: a row of the table in timers.c. To add what a timer stands for: a row of the table in timer_owner.c.
 */
#ifndef VMCORE_KERNEL_TIMERS_H
#define VMCORE_KERNEL_TIMERS_H

#include "kernel/kernel.h"

struct timer {
	uint64_t address;
	uint64_t expires;	/* jiffies, as wide as the machine's long; or ns of the base's clock, the hard limit */
	uint64_t soft_expires;	/* hrtimers: from when on it may run */
	uint64_t function;	/* 0 = it has none */
	int64_t left;		/* until it expires, ticks or ns; where the queue's `now` is known */
	uint32_t flags;		/* of the wheel: TIMER_*; hrtimers: 0 */
	unsigned list;		/* of the wheel */
};

struct timer_queue {
	unsigned cpu, index;
	uint64_t address;	/* struct timer_base or hrtimer_clock_base */
	const char *name;	/* "standard", "monotonic"; NULL = this kernel does not tell */
	bool soft;		/* hrtimers that run in a softirq */
	uint64_t clock;		/* wheel: `clk`, jiffies up to which it was run; hrtimers: the offset to the monotonic clock, ns */
	uint64_t next;		/* wheel: `next_expiry` */
	uint64_t running;	/* the timer that runs; 0 = none */
	uint64_t now;		/* jiffies; or of this clock, when jiffies were last counted: a tick or so old */
	bool clock_known, next_known, running_known, now_known, flags_known;
	struct timer *timers;	/* the one that expires first comes first */
	size_t count, capacity;
	size_t strange_lists;	/* whose bit in pending_map says otherwise than the list */
	struct error damage;	/* ERROR_NONE, or why there may be more: the first reason */
};

struct timer_queues {
	struct timer_queue *queues;
	size_t count, capacity;
};

/* Adds the bases of CPU. False only if there are none that can be read, or Ctrl-C, or no memory; free them all the same. */
bool wheel_read(struct kernel *kernel, unsigned cpu, struct timer_queues *queues, struct error *error);
bool hrtimers_read(struct kernel *kernel, unsigned cpu, struct timer_queues *queues, struct error *error);
void timer_queues_free(struct timer_queues *queues);

/* What TIMER, whose function is called NAME, was armed for: a task that it wakes, or a function that it has done. False: nobody says. */
bool timer_owner(struct kernel *kernel, const struct timer *timer, const char *name, uint64_t *task_ret, uint64_t *function_ret);

#endif
