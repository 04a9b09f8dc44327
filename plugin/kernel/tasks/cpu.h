/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CPUs: what each was doing when the machine died.
 *
 * Registers come from the CPU's own note (kdump's NT_PRSTATUS, QEMU's CPU state). kdump writes notes of
 * online (present) CPUs in order and leaves out CPUs that did not answer, so whose a note is comes from
 * crash_notes in memory, else from the pid in it, else from its place. QEMU's says it itself, by the
 * address of the CPU's own data and by QEMU's number of it. A CPU without a note gets what the kernel
 * saved (the last switch-out or its idle task's), and registers_source says so.
 *
 * A CPU is more than its task: where the one or the other is lost, the rest is shown. Which task it ran
 * is then inferred, see cpus_infer_tasks().
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
	bool online, online_unknown;	/* the mask could not be read: it is here because it has a task */
	struct registers registers;
	enum cpu_registers_source registers_source;
	/* runqueues[number].curr: a task_struct; 0 = not known. Once tasks_get() was called it may be ... */
	uint64_t task;
	uint64_t not_its;		/* not 0: what it says is its task, but that is another CPU's */
	uint64_t not_running;		/* not 0: what it says is its task, but that was not running and another's stack was in use */
	const char *inferred_from;	/* ... inferred: from what, "the stack it was on"; NULL = it is not */
	uint64_t idle;			/* runqueues[number].idle; 0 = not known */
	const char *doubt;		/* NULL, or what is not certain about its registers */
	/* it ran the panic (panic_cpu / crashing_cpu, or the log) */
	bool panicked;
};

/* Fills kernel->cpus; called by kernel_open. */
bool cpus_load(struct kernel *kernel, struct error *error);
void cpus_free(struct kernel *kernel);
/* Is it in MASK: "online", "present", "possible"? False where that cannot be read. */
bool cpu_in_mask(struct kernel *kernel, const char *mask, unsigned number, bool *in_ret, struct error *error);
/* Does the kernel say so? A mask that cannot be read says neither. */
bool cpu_was_offline(struct kernel *kernel, unsigned number);
/* NULL if there is no such CPU. */
struct cpu *cpu_find(struct kernel *kernel, unsigned number);
/*
 * Called when the task table was read: CPUs that do not say which task they ran get the one on whose stack
 * they were, or the only one that says that it ran there. cpu_infer.c.
 */
struct task_table;
void cpus_infer_tasks(struct kernel *kernel, const struct task_table *table);
/* Why CPU has no known task. Returns false. */
bool cpu_task_reason(struct kernel *kernel, const struct cpu *cpu, struct error *error);
/* How many CPUs the notes are of, at least 1. */
unsigned cpus_in_notes(const struct dump *dump);
/* The CPU that panicked, else the first one; NULL if there are none. */
struct cpu *cpu_panicked(struct kernel *kernel);

#endif
