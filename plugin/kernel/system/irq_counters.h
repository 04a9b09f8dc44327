/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupts that have no number: NMI, LOC, RES of x86, IPI0 of arm64, EXT's kinds of s390: the lines with letters in /proc/interrupts.
 *
 * To add one of x86: a row in irq_counters.c's table of members. To add another way in which a machine counts: a function there, that
 * is called where the kernel has what it reads.
 */
#ifndef VMCORE_KERNEL_IRQ_COUNTERS_H
#define VMCORE_KERNEL_IRQ_COUNTERS_H

#include "kernel/kernel.h"

#define IRQ_COUNTERS_MAX 256

struct irq_counter {
	char name[16];			/* "LOC" */
	char description[64];		/* "Local timer interrupts"; "" = the kernel has none */
	/* Where the count is, one of: */
	const char *per_cpu;		/* a per-CPU variable, offset bytes into it */
	uint64_t offset;
	uint64_t descriptor;		/* a struct irq_desc */
	uint64_t global;		/* an address: it is not counted by CPU */
	unsigned size;			/* bytes */
};

/*
 * Each, in the order of /proc/interrupts. False where they are not all (some of what names them cannot be read), or the callback says so
 * with *error set; ERROR_NO_MEMBER: this kernel counts none that is known.
 */
bool irq_counter_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct irq_counter *counter, struct error *error),
			  void *context, struct error *error);
/* CPU means nothing to a global one. */
bool irq_counter_read(struct kernel *kernel, const struct irq_counter *counter, unsigned cpu, uint64_t *count_ret, struct error *error);

#endif
