/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the lockup detectors know of a CPU, and what its preempt count says it was in.
 *
 * The soft lockup's is a thread that must get to run: it touches a timestamp. The hard lockup's is a timer that must tick: it counts, and
 * the NMI watchdog (or a neighbour) compares. Not every kernel has either.
 *
 * To add a place where a kernel keeps the preempt count: a row in lockups.c's table.
 */
#ifndef VMCORE_KERNEL_LOCKUPS_H
#define VMCORE_KERNEL_LOCKUPS_H

#include "kernel/kernel.h"
#include "kernel/tasks/cpu.h"

/* The whole detector's; *_known where that could be read. */
struct lockup_limits {
	bool exists;		/* the kernel has a detector of soft lockups */
	bool threshold_known, enabled_known;
	uint64_t threshold;	/* watchdog_thresh: seconds; soft lockups have twice that. 0 = off */
	uint64_t enabled;	/* watchdog_enabled: bit 0 of hard lockups, bit 1 of soft ones */
	struct error damage;	/* ERROR_NONE, or why one is not known */
};

/* A CPU's. */
struct lockup_state {
	bool touch_known, report_known, ticks_known, checked_known;
	uint64_t touch;		/* watchdog_touch_ts, units of 2^30 ns; 0 or all ones = to be set at the next tick */
	uint64_t report;	/* watchdog_report_ts, where the next report counts from; all ones = put off */
	uint64_t ticks;		/* hrtimer_interrupts */
	uint64_t checked;	/* hrtimer_interrupts_saved: what the hard lockup's detector saw last */
	struct error damage;	/* ERROR_NONE, or why one that this kernel has is not known */
};

#define LOCKUP_UNIT_SHIFT 30	/* get_timestamp(): the clock in ns, shifted by this */

void lockup_limits(struct kernel *kernel, struct lockup_limits *limits);
void lockup_state(struct kernel *kernel, unsigned cpu, struct lockup_state *state);

/* include/linux/preempt.h: fields of the preempt count. */
struct preempt_count {
	uint64_t raw;		/* without the bit that says "reschedule", which some machines have in it */
	unsigned preempt;	/* how often preemption was switched off */
	unsigned bh_off;	/* how often bottom halves were */
	bool softirq;		/* one was served */
	unsigned hardirq, nmi;	/* how deep */
	uint64_t other;		/* bits that are none of these */
};

/* Of CPU, which ran its task. */
bool cpu_preempt_count(struct kernel *kernel, const struct cpu *cpu, struct preempt_count *count_ret, struct error *error);
void preempt_count_decode(uint64_t value, struct preempt_count *count_ret);

#endif
