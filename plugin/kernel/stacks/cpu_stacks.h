/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stacks that CPUs have besides their tasks': for interrupts, softirqs, NMIs, machine checks, overflows.
 *
 * To add one: a row in the tables in cpu_stacks.c, found by the symbol that exists.
 */
#ifndef VMCORE_KERNEL_CPU_STACKS_H
#define VMCORE_KERNEL_CPU_STACKS_H

#include "kernel/kernel.h"

struct cpu_stack {
	const char *name;	/* "IRQ", "NMI", "double fault" */
	unsigned cpu;
	uint64_t start, end;	/* addresses of its memory, [start, end) */
};

struct cpu_stacks {
	struct cpu_stack *stacks;	/* by CPU */
	size_t count;
	bool exceptions_untold;	/* those for exceptions, which kernels before 5.2 have in orig_ist, are not among them */
	struct error damage;	/* ERROR_NONE, or the first that could not be read, and why */
};

/* All that are known, read at the first call; false only if there is no memory. None at all: where this kernel keeps them is not known. */
bool cpu_stacks_get(struct kernel *kernel, const struct cpu_stacks **stacks_ret, struct error *error);
/* The one that ADDRESS is on; NULL = none. */
const struct cpu_stack *cpu_stack_at(struct kernel *kernel, uint64_t address);

#endif
