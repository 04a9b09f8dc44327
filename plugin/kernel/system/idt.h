/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of gates by which interrupts and exceptions enter the kernel, of machines that have one in memory (x86's IDT). */
#ifndef VMCORE_KERNEL_IDT_H
#define VMCORE_KERNEL_IDT_H

#include "kernel/kernel.h"

struct gate {
	unsigned vector;
	bool known;		/* else the rest could not be read, and why says why */
	uint64_t handler;
	bool present;
	unsigned type, level;	/* 14: interrupt, 15: trap; who may call it */
	unsigned stack;		/* of the machine's own for such entries, from 1; 0 = the one that is in use */
	struct error why;
};

/* Each gate. ERROR_NO_SYMBOL: this kernel has no such table. CALLBACK returns false to stop. */
bool gate_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct gate *gate), void *context, struct error *error);

#endif
