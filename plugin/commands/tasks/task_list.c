// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/tasks/task_list.h"

#include <stdlib.h>

#include "base/array.h"
#include "commands/command.h"
#include "kernel/tasks/cpu.h"

bool task_list_add(void *context, const struct task *task)
{
	struct task_list *list = context;

	const struct task **tasks = array_room(list->tasks, list->count, &list->capacity,
					       sizeof(*tasks), "a list of tasks", NULL);

	if (!tasks) {
		list->failed = true;
		return false;
	}
	list->tasks = tasks;
	list->tasks[list->count++] = task;
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct task *a = *(const struct task *const *)left;
	const struct task *b = *(const struct task *const *)right;

	if (a->idle != b->idle)
		return b->idle - a->idle;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a < b ? -1 : a > b;	/* as in the table: idle tasks by CPU */
}

void task_list_sort(struct task_list *list)
{
	if (list->count)
		qsort(list->tasks, list->count, sizeof(*list->tasks), compare);
}

bool task_list_check(const struct task_list *list, struct error *error)
{
	if (list->failed)
		return error_no_memory(error, "a list of tasks",
				       list->capacity * 2 * sizeof(*list->tasks));
	return true;
}

void task_list_free(struct task_list *list)
{
	free(list->tasks);
	*list = (struct task_list){ 0 };
}

bool task_list_select(struct task_list *list, struct kernel *kernel, const struct arguments *arguments, const struct host *host,
		      const char *command, struct error *error)
{
	const struct cpu *cpu = host_selected_cpu(host);
	uint64_t selected = cpu ? cpu->task : host_selected_task(host);
	const struct task *task;
	struct task_table *table;

	if (!tasks_get(kernel, &table, error))
		return false;
	if (arguments->nr_words)
		return select_tasks(kernel, arguments->words, arguments->nr_words, task_list_add, list, error);
	task = selected ? task_find_address(kernel, selected) : NULL;
	if (!task)
		return error_set(error, ERROR_USAGE, "%s: no task is selected: name one", command);
	task_list_add(list, task);
	return true;
}
