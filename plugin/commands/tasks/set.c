// SPDX-License-Identifier: GPL-3.0-or-later
/* set: the task that is looked at, which is gdb's selected thread. */
#include "commands/command.h"

#include <stdio.h>

#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/tasks/cpu.h"

enum { STATE = TASK_CELLS, NAME };
static const struct column columns[] = {
	TASK_COLUMNS,
	[STATE] = { "state", "STATE: %", 0, COLUMN_LEFT },
	[NAME] = { "state_name", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "task", SHAPE_RECORD, columns, ARRAY_SIZE(columns) };

static const struct option options[] = {
	{ 'c', "CPU", "what this CPU was running" },
	{ 'p', NULL, "what crashed: the task of the CPU that panicked" },
	{ 0 }
};

static const struct task *task_of_cpu(struct kernel *kernel, const struct cpu *cpu, struct error *error)
{
	const struct task *task = cpu->task ? task_find_address(kernel, cpu->task) : NULL;

	if (!task)
		error_set(error, ERROR_UNSUPPORTED, "set: what CPU %u was running is not known", cpu->number);
	return task;
}

static const struct task *running(struct kernel *kernel, const char *word, struct error *error)
{
	const struct cpu *cpu;
	unsigned number;
	char rest;

	if (sscanf(word, "%u%c", &number, &rest) != 1) {
		error_set(error, ERROR_USAGE, "set: %s is no CPU's number", word);
		return NULL;
	}
	cpu = cpu_find(kernel, number);
	if (!cpu) {
		error_set(error, ERROR_USAGE, "set: there is no CPU %u in this dump", number);
		return NULL;
	}
	return task_of_cpu(kernel, cpu, error);
}

static const struct task *crashed(struct kernel *kernel, struct error *error)
{
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (kernel->cpus[i].panicked)
			return task_of_cpu(kernel, &kernel->cpus[i], error);
	error_set(error, ERROR_UNSUPPORTED, "set: which CPU panicked is not known");
	return NULL;
}

/* The one that the words name, or gdb's own. */
static const struct task *named(struct kernel *kernel, const struct arguments *arguments, const struct host *host, struct error *error)
{
	struct task_list list = { 0 };
	const struct task *task = NULL;

	if (arguments->nr_words > 1)
		error_set(error, ERROR_USAGE, "set: one task at a time");
	else if (task_list_select(&list, kernel, arguments, host, "set", error) && task_list_check(&list, error) && list.count > 1)
		error_set(error, ERROR_USAGE, "set: %zu tasks are called %s; say which by its pid, as of the first: %u", list.count,
			  arguments->words[0], list.tasks[0]->pid);
	else if (list.count)
		task = list.tasks[0];
	task_list_free(&list);
	return task;
}

static bool set_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	bool by_cpu = has_option(arguments, 'c'), by_panic = has_option(arguments, 'p');
	struct task_table *table;
	const struct task *task;

	if (by_cpu + by_panic + (arguments->nr_words > 0) > 1)
		return error_set(error, ERROR_USAGE, "set: a task, -c CPU or -p, one of them");
	if (!tasks_get(kernel, &table, error))
		return false;
	task = by_cpu ? running(kernel, option_value(arguments, 'c'), error) : by_panic ? crashed(kernel, error) : named(kernel, arguments, host, error);
	if (!task)
		return false;
	if (by_cpu || by_panic || arguments->nr_words) {
		if (!host || !host->select_task)
			return error_set(error, ERROR_USAGE, "set: there is no gdb that could select a thread");
		if (!host->select_task(host->context, NULL, task->address, error))
			return false;
	}
	output_begin(output, &shape);
	if (output_row(output)) {
		task_cells(output, task);
		task_state_cell(kernel, output, STATE, task);
		task_state_name_cell(kernel, output, NAME, task);
		task_damage_notes(output, &task, 1);
	}
	output_end(output);
	return true;
}

static const char help[] =
	"gdb's selected thread is that task's from then on: `bt', `frame', `info locals',\n"
	"$task(), and our own commands without a task mean it. Without anything: which\n"
	"task that is. (gdb's own `set' sets variables and settings.)\n"
	"\n"
	"JSON: \"task\" (state_name: of what the kernel calls it).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel set rig-busy\n"
	"PID: 224      TASK: ff2ec9febf7ba0c0  CPU: 3    COMMAND: \"rig-busy\"  STATE: RU\n";

static const struct mi_name mi_names[] = { { "set", NULL }, { 0 } };

const struct command command_set = {
	.name = "set",
	.mi = mi_names,
	.summary = "Select the task to look at.",
	.usage = "set [PID|TASK|COMMAND | -c CPU | -p]",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = set_run,
};
