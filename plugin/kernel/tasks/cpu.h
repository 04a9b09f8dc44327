/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CPUs: what each was doing when the machine died.
 *
 * Registers come from the CPU's own note (kdump's NT_PRSTATUS, QEMU's CPU state). The k-th note
 * belongs to the k-th CPU that saved one: kdump writes notes of online (present) CPUs in order and
 * leaves out CPUs that did not answer, so the number of the CPU is taken from crash_notes where the
 * counts differ. A CPU without a note gets what the kernel saved (the last switch-out or its idle
 * task's), and registers_source says so.
 */
#ifndef VMCORE_KERNEL_CPU_H
#define VMCORE_KERNEL_CPU_H

#include "kernel/kernel.h"

enum cpu_registers_source {
	CPU_REGISTERS_NONE,	/* nothing known */
	CPU_REGISTERS_NOTE,	/* exact: the CPU's own note */
	/* no note: what the kernel saved when the task was last switched out: stale, inferred */
	CPU_REGISTERS_SAVED,
};

struct cpu {
	unsigned number;		/* the kernel's */
	bool online;
	struct registers registers;
	enum cpu_registers_source registers_source;
	/* runqueues[number].curr: a task_struct; 0 = not readable */
	uint64_t task;
	uint64_t idle;			/* runqueues[number].idle */
	/* it ran the panic (panic_cpu / crashing_cpu, or the log) */
	bool panicked;
};

/* Fills kernel->cpus; called by kernel_open. */
bool cpus_load(struct kernel *kernel, struct error *error);
void cpus_free(struct kernel *kernel);
/* NULL if there is no such CPU. */
struct cpu *cpu_find(struct kernel *kernel, unsigned number);
/* The CPU that panicked, else the first one; NULL if there are none. */
struct cpu *cpu_panicked(struct kernel *kernel);

#endif
