/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the OOM killer would see: each process with the points that oom_badness() (mm/oom_kill.c) would have given it. They are pages:
 * the resident set, what is in swap, page tables, and oom_score_adj thousandths of all memory and swap.
 *
 * Of the reasons to spare one, that it was reaped already (MMF_OOM_SKIP) is a bit without a name in the types, and is not looked at;
 * neither are memory cgroups, cpusets and what sysctls ask for: this is the machine's own choice.
 */
#ifndef VMCORE_KERNEL_OOM_H
#define VMCORE_KERNEL_OOM_H

#include "kernel/tasks/task.h"

struct oom_process {
	const struct task *task;	/* that has the mm: the leader, or a thread of one that has exited */
	const char *spared;		/* NULL, or why it is never taken: "init", "oom_score_adj", "vfork" */
	int64_t points;			/* pages, may be below 0 */
	uint64_t page_tables;		/* bytes */
	int adjustment;			/* oom_score_adj */
	bool known;			/* points and what is above them; else why */
	bool adjustment_known;
	struct error why;
};

struct oom {
	struct oom_process *processes;	/* those that would be taken first are first, unknown ones behind them, then the spared */
	size_t count, room;
	uint64_t total_pages;		/* memory and swap */
	size_t undecided;		/* tasks of which it is not known whether they have memory; not among them */
	const char *damage;		/* the table of tasks': there may be more; NULL = there are not */
};

bool oom_load(struct kernel *kernel, struct oom *oom, struct error *error);
void oom_free(struct oom *oom);

#endif
