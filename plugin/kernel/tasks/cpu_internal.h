/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Collecting what is known of the CPUs: cpu.c asks the kernel, cpu_notes.c the notes, and finds out which
 * is whose. Nobody else includes this.
 */
#ifndef VMCORE_KERNEL_CPU_INTERNAL_H
#define VMCORE_KERNEL_CPU_INTERNAL_H

#include "kernel/tasks/cpu.h"

/* A CPU while its facts are being collected. */
struct candidate {
	struct cpu cpu;
	/* its crash_notes buffer could be read, so an empty one means that it saved nothing */
	bool has_buffer;
	/* its run queue is another CPU's: the offset of its data is wrong */
	bool foreign;
};

struct collection {
	struct kernel *kernel;
	struct candidate *candidates;	/* [kernel->nr_cpu_ids] */
	bool *used;			/* [dump->nr_notes]: this note is some CPU's */
	bool online_unknown;		/* the mask could not be read */
};

/* Gives the CPUs their registers; the run queues and the online mask were read before. */
void cpu_notes(struct collection *collection);

#endif
