/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runq inside: the run queues of the CPUs that were asked for, and its other views. */
#ifndef VMCORE_COMMANDS_RUNQ_H
#define VMCORE_COMMANDS_RUNQ_H

#include "commands/command.h"
#include "kernel/scheduler/runqueue.h"

struct runq {
	struct runqueue *queues;	/* by CPU */
	size_t count;
	size_t missing;			/* CPUs whose run queue could not be read */
	bool all;			/* all CPUs' are here */
};

/* ORDER: 't' by CPU, 'T' farthest behind first, 'm' longest running first. */
bool runq_clocks(struct kernel *kernel, struct output *output, const struct runq *runq, char order, struct error *error);
bool runq_groups(struct kernel *kernel, struct output *output, const struct runq *runq);

#endif
