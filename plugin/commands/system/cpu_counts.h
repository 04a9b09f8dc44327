/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A count for each CPU, as /proc/interrupts and /proc/softirqs have them: for people one cell, as wide as there are CPUs; for machines an
 * array "counts" in the row.
 */
#ifndef VMCORE_COMMANDS_CPU_COUNTS_H
#define VMCORE_COMMANDS_CPU_COUNTS_H

#include "commands/command.h"

struct cpu_counts {
	struct kernel *kernel;
	const bool *cpus;	/* [nr_cpu_ids]: which are shown */
	bool (*read)(void *context, unsigned cpu, uint64_t *count_ret, struct error *error);
	void *context;
};

/* "      CPU0        CPU1": the cell's title; false = no memory. */
bool cpu_counts_title(struct kernel *kernel, const bool *cpus, struct buffer *title, struct error *error);
/* The cell, with "-" for what cannot be read: *WHY then says why, else it is left as it is. */
bool cpu_counts_cell(struct output *output, size_t column, const struct cpu_counts *counts, struct error *why);
/* The array, which has only those that are known; after the row's last cell. */
bool cpu_counts_array(struct output *output, const struct cpu_counts *counts);

#endif
