/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing list of tasks: what select_tasks() finds, or all of them, in the order they are to be
 * shown. */
#ifndef VMCORE_COMMANDS_TASK_LIST_H
#define VMCORE_COMMANDS_TASK_LIST_H

#include "kernel/tasks/task.h"

struct task_list {
	const struct task **tasks;
	size_t count;
	size_t capacity;
	bool failed;		/* no memory: the list is cut */
};

/* CONTEXT is the list; fits select_tasks(). False if there is no memory. */
bool task_list_add(void *context, const struct task *task);
/* Idle tasks by CPU, then by PID. */
void task_list_sort(struct task_list *list);
/* True unless the list failed. */
bool task_list_check(const struct task_list *list, struct error *error);
void task_list_free(struct task_list *list);

struct arguments;
struct host;
/* The tasks that COMMAND's words name, as select_tasks() has them; without words the one that gdb has selected. */
bool task_list_select(struct task_list *list, struct kernel *kernel, const struct arguments *arguments, const struct host *host,
		      const char *command, struct error *error);

#endif
