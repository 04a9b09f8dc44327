/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Soft interrupts: the kernel's own names and functions of them, how often each CPU had one, and which are pending there.
 *
 * To add a place where a kernel keeps the pending ones: a row in softirqs.c's table.
 */
#ifndef VMCORE_KERNEL_SOFTIRQS_H
#define VMCORE_KERNEL_SOFTIRQS_H

#include "kernel/kernel.h"

#define SOFTIRQ_MAX 32		/* as many as the mask of pending ones has bits */
#define SOFTIRQ_NAME 16

struct softirq {
	char name[SOFTIRQ_NAME];	/* "NET_RX"; "" = not known */
	uint64_t function;		/* 0 = it has none, or it is not known */
	bool function_known;
};

struct softirqs {
	struct softirq items[SOFTIRQ_MAX];
	unsigned count;
	struct error damage;	/* ERROR_NONE, or why one of this is not known */
};

bool softirqs_read(struct kernel *kernel, struct softirqs *softirqs, struct error *error);
/* How often CPU has had the one of this NUMBER. */
bool softirq_count(struct kernel *kernel, unsigned number, unsigned cpu, uint64_t *count_ret, struct error *error);
/* A bit for each that waits on CPU. */
bool softirq_pending(struct kernel *kernel, unsigned cpu, uint64_t *mask_ret, struct error *error);
/* The task_struct of CPU's ksoftirqd; 0 = it has none yet. */
bool softirq_thread(struct kernel *kernel, unsigned cpu, uint64_t *task_ret, struct error *error);

#endif
