/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ps inside: ps.c selects the tasks, a mode shows them. To add a mode: a function in one of the
 * ps_*.c, declared here, an option and a row of the mode table in ps.c.
 */
#ifndef VMCORE_COMMANDS_PS_H
#define VMCORE_COMMANDS_PS_H

#include "commands/command.h"
#include "kernel/tasks/task.h"

struct ps {
	struct kernel *kernel;
	const struct arguments *arguments;
	struct output *output;
	const struct task_table *table;
	const struct task **tasks;	/* those selected, in the order to be shown */
	size_t count;
	size_t undecided;		/* those of which it is not known whether they are wanted */
	size_t ns_unknown;		/* whose pid in their namespace is not known, and ... */
	struct error ns_why;		/* ... why of the first of them */
};

/* ps_time.c */
bool ps_last_run(struct ps *ps, struct error *error);		/* -l and -m, -C */
bool ps_times(struct ps *ps, struct error *error);		/* -t */
/* ps_tree.c */
bool ps_parents(struct ps *ps, struct error *error);		/* -p */
bool ps_children(struct ps *ps, struct error *error);		/* -c */
bool ps_groups(struct ps *ps, struct error *error);		/* -g */
/* ps_detail.c */
bool ps_arguments(struct ps *ps, struct error *error);		/* -a */
bool ps_limits(struct ps *ps, struct error *error);		/* -r */
bool ps_summary(struct ps *ps, struct error *error);		/* -S */
/* ps_namespaces.c */
bool ps_namespaces(struct ps *ps, struct error *error);		/* -n */

#endif
