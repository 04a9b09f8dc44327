/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * foreach inside: foreach_select.c says for which tasks, foreach_host.c is the host that a command sees which is run for one of them,
 * foreach.c runs it. To add a way to choose tasks: a row of the table in foreach_select.c.
 */
#ifndef VMCORE_COMMANDS_FOREACH_H
#define VMCORE_COMMANDS_FOREACH_H

#include "commands/command.h"
#include "commands/tasks/task_list.h"
#include "kernel/tasks/task.h"

/* What may have been chosen, too. */
struct foreach_rest {
	size_t undecided;	/* tasks of which it is not known whether they are like that */
	const char *damage;	/* of the list of all tasks, if that was chosen from; NULL = none */
	bool incomplete;	/* that list breaks off */
};

/* The tasks that the first words of LINE choose (it is cut into words as far as they go), and where the command behind them begins. */
bool foreach_select(struct kernel *kernel, char *line, struct task_list *list, struct foreach_rest *rest, const char **command_ret,
		    struct error *error);

/* A host whose selected task is one of ours. */
struct foreach_host {
	struct host host;		/* what the command gets; its context is this */
	const struct host *below;	/* the real one; may be NULL */
	const struct task *task;
	void *state;			/* of below->select_task */
	uint64_t selected;		/* what gdb has selected for us */
};

void foreach_host_init(struct foreach_host *host, const struct host *below);
/* Makes gdb's selected thread the task's: before it is asked for anything that depends on it. */
bool foreach_host_select(struct foreach_host *host, struct error *error);
/* As it was. */
void foreach_host_done(struct foreach_host *host);

#endif
