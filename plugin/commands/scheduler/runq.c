// SPDX-License-Identifier: GPL-3.0-or-later
/* runq: what was waiting to run on each CPU; the clocks of the run queues and the task groups are in files of their own. */
#include "commands/scheduler/runq.h"

#include <inttypes.h>
#include <stdlib.h>

#include "commands/tasks/task_cells.h"
#include "kernel/containers.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 't', NULL, "clocks: each run queue's, and when the task there got the CPU" },
	{ 'T', NULL, "the same, the run queue first whose clock is farthest behind the newest" },
	{ 'm', NULL, "the same, the CPU first whose task has been running longest" },
	{ 'g', NULL, "task groups with their cgroups: how many tasks, who is throttled" },
	{ 'c', "LIST", "only these CPUs: 0,2-4 or all" },
	{ 0 }
};

enum { CPU, RUNQUEUE, RUNNING, CURRENT_PID, CURRENT_TASK, CURRENT_COMM, CLOCK };

static const struct column columns[] = {
	[CPU] = { "cpu", "CPU %", 3, COLUMN_LEFT },
	[RUNQUEUE] = { "runqueue", "RUNQUEUE: %", 16, COLUMN_ADDRESS },
	[RUNNING] = { "nr_running", "NR_RUNNING: %", 0, COLUMN_LEFT },
	[CURRENT_PID] = { "pid", "PID: %", 0, COLUMN_LEFT },
	[CURRENT_TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[CURRENT_COMM] = { "comm", "COMMAND: \"%\"", 0, COLUMN_LEFT },
	[CLOCK] = { "clock_ns", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "cpus", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };

enum { CLASS, PRIO, PID, TASK, STATE, VRUNTIME, DEADLINE, IS, COMM, IS_CURRENT, IS_THROTTLED, IS_DELAYED, GROUP };

static const struct column entry_columns[] = {
	[CLASS] = { "class", "CLASS", 10, 0 },
	[PRIO] = { "prio", "PRIO", 4, COLUMN_RIGHT },
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", "TASK", 16, COLUMN_ADDRESS },
	[STATE] = { "state", "ST", 2, 0 },
	[VRUNTIME] = { "vruntime", "VRUNTIME", 15, COLUMN_RIGHT },
	[DEADLINE] = { "deadline", NULL, 0, COLUMN_JSON_ONLY },
	[IS] = { "is", "IS", 9, COLUMN_TEXT_ONLY },
	[COMM] = { "comm", "COMM", 0, 0 },
	[IS_CURRENT] = { "current", NULL, 0, COLUMN_JSON_ONLY },
	[IS_THROTTLED] = { "throttled", NULL, 0, COLUMN_JSON_ONLY },
	[IS_DELAYED] = { "delayed", NULL, 0, COLUMN_JSON_ONLY },
	[GROUP] = { "group", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
};
static const struct shape entry_shape = { "queued", SHAPE_TABLE, entry_columns, ARRAY_SIZE(entry_columns) };

static bool entry_row(struct kernel *kernel, struct output *output, const struct runqueue_entry *entry)
{
	const struct task *task = entry->task ? task_find_address(kernel, entry->task) : NULL;
	bool more = output_row(output) && output_printf(output, CLASS, "%s", runqueue_class_name(entry->class)) &&
		    output_string(output, IS, entry->current ? "running" : entry->throttled ? "throttled" : entry->delayed ? "delayed" :
				  !entry->task ? "server" : "") &&
		    output_bool(output, IS_CURRENT, entry->current, NULL) && output_bool(output, IS_THROTTLED, entry->throttled, NULL) &&
		    output_bool(output, IS_DELAYED, entry->delayed, NULL);

	if (more && entry->task)
		more = output_address(output, TASK, entry->task);
	if (more && entry->group)
		more = output_address(output, GROUP, entry->group);
	if (more && entry->known & RUNQUEUE_VRUNTIME)
		more = output_uint(output, VRUNTIME, entry->vruntime);
	if (more && entry->known & RUNQUEUE_DEADLINE_AT)
		more = output_uint(output, DEADLINE, entry->deadline);
	if (!more || !task)
		return more;
	if (task_knows(task, TASK_PRIO))
		output_int(output, PRIO, task->prio);
	return output_uint(output, PID, task->pid) && task_state_cell(kernel, output, STATE, task) && task_comm_cell(output, COMM, task);
}

/* What the queue contradicts itself in. */
static void doubts(struct kernel *kernel, struct output *output, const struct runqueue *queue)
{
	size_t strangers = 0, servers = 0, counted = runqueue_counted(queue);

	for (size_t i = 0; i < queue->nr_entries; i++)
		if (!queue->entries[i].task)
			servers++;
		else
			strangers += !task_find_address(kernel, queue->entries[i].task);
	if (queue->damage.kind != ERROR_NONE)
		output_note(output, "CPU %u: more may be queued: %s", queue->cpu, queue->damage.text);
	/* Some kernels count servers (6.12 does), some do not. */
	else if (queue->nr_known && counted != queue->nr_running && counted + servers != queue->nr_running)
		output_note(output, "CPU %u: nr_running is %" PRIu64 ", and %zu are queued", queue->cpu, queue->nr_running, counted);
	if (queue->current_known && queue->current && !task_find_address(kernel, queue->current))
		output_note(output, "CPU %u: what it runs, at 0x%" PRIx64 ", is no known task", queue->cpu, queue->current);
	if (strangers)
		output_note(output, "CPU %u: %zu of what is queued is no known task", queue->cpu, strangers);
}

static bool queue_row(struct kernel *kernel, struct output *output, const struct runqueue *queue)
{
	const struct task *task = queue->current_known && queue->current ? task_find_address(kernel, queue->current) : NULL;
	bool more = output_row(output) && output_uint(output, CPU, queue->cpu) && output_address(output, RUNQUEUE, queue->address);

	if (more && queue->nr_known)
		more = output_uint(output, RUNNING, queue->nr_running);
	if (more && queue->clock_known)
		more = output_uint(output, CLOCK, queue->clock);
	if (more && queue->current_known)
		more = output_address(output, CURRENT_TASK, queue->current);
	if (more && task)
		more = output_uint(output, CURRENT_PID, task->pid) && task_comm_cell(output, CURRENT_COMM, task);
	if (!more || !output_begin(output, &entry_shape))
		return false;
	for (size_t i = 0; more && i < queue->nr_entries; i++)
		more = entry_row(kernel, output, &queue->entries[i]);
	return output_end(output) && more;
}

/* Tasks that say that they are runnable and queued, and are on no queue. */
static bool lost_tasks(struct kernel *kernel, struct output *output, const struct runq *runq, struct error *error)
{
	struct task_table *table;
	struct visited queued = { 0 };
	size_t lost = 0, unknown = 0;
	const struct task *first = NULL;

	if (!tasks_get(kernel, &table, error))
		return false;
	for (size_t i = 0; i < runq->count; i++)
		for (size_t j = 0; j < runq->queues[i].nr_entries; j++)
			if (runq->queues[i].entries[j].task &&
			    visited_add(&queued, runq->queues[i].entries[j].task) == VISITED_NO_MEMORY) {
				visited_free(&queued);
				return error_no_memory(error, "the queued tasks", runq->queues[i].nr_entries);
			}
	for (size_t i = 0; i < table->count; i++) {
		const struct task *task = &table->tasks[i];
		bool on_queue = false;

		if (task->idle || !task_knows(task, TASK_STATE) || task->state || task->exit_state)
			continue;
		if (!runqueue_task_queued(kernel, task->address, &on_queue, NULL))
			unknown++;
		if (!on_queue || visited_has(&queued, task->address))
			continue;
		if (!lost++)
			first = task;
	}
	visited_free(&queued);
	if (lost)
		output_note(output, "%zu of the tasks that say they are queued %s on no run queue: PID %u%s", lost, lost == 1 ? "is" : "are",
			    first->pid, lost == 1 ? "" : " and others");
	if (unknown)
		output_note(output, "of %zu runnable tasks is not known whether they are queued", unknown);
	return true;
}

static bool show_queues(struct kernel *kernel, struct output *output, const struct runq *runq, struct error *error)
{
	output_begin(output, &shape);
	for (size_t i = 0; i < runq->count && queue_row(kernel, output, &runq->queues[i]); i++)
		;
	output_end(output);
	for (size_t i = 0; i < runq->count; i++)
		doubts(kernel, output, &runq->queues[i]);
	return !runq->all || lost_tasks(kernel, output, runq, error);
}

/* --- reading them --- */

static void runq_free(struct runq *runq)
{
	for (size_t i = 0; i < runq->count; i++)
		runqueue_free(&runq->queues[i]);
	free(runq->queues);
}

static bool runq_read(struct kernel *kernel, struct output *output, const bool *cpus, struct runq *runq, struct error *error)
{
	runq->queues = calloc(kernel->nr_cpu_ids, sizeof(*runq->queues));
	if (!runq->queues)
		return error_no_memory(error, "the run queues", kernel->nr_cpu_ids * sizeof(*runq->queues));
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		struct error why = { 0 };

		if (!cpus[cpu])
			continue;
		if (runqueue_read(kernel, cpu, &runq->queues[runq->count], &why)) {
			runq->count++;
			continue;
		}
		runqueue_free(&runq->queues[runq->count]);
		runq->all = false;
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
			*error = why;
			return false;
		}
		if (!runq->missing++)
			output_note(output, "CPU %u has no run queue that can be read: %s", cpu, why.text);
	}
	return true;
}

static bool runq_show(struct kernel *kernel, const struct arguments *arguments, struct output *output, struct runq *runq,
		      struct error *error)
{
	bool clocks = has_option(arguments, 't') || has_option(arguments, 'T') || has_option(arguments, 'm');
	struct task_table *table;

	if (!tasks_get(kernel, &table, error))
		return false;
	if (clocks)
		return runq_clocks(kernel, output, runq, has_option(arguments, 'T') ? 'T' : has_option(arguments, 'm') ? 'm' : 't', error);
	if (has_option(arguments, 'g'))
		return runq_groups(kernel, output, runq);
	return show_queues(kernel, output, runq, error);
}

static bool runq_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct runq runq = { 0 };
	bool done = false, damaged = false;
	bool *cpus;

	(void)host;
	/* Of a CPU that was never brought up nothing is said; the run queue of one that went offline is empty. */
	runq.all = !option_value(arguments, 'c');
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "runq: %s? CPUs are chosen by -c", arguments->words[0]);
	if (has_option(arguments, 't') + has_option(arguments, 'T') + has_option(arguments, 'm') + has_option(arguments, 'g') > 1)
		return error_set(error, ERROR_USAGE, "runq: one of -t, -T, -m, -g at a time");
	if (!select_cpus(kernel, option_value(arguments, 'c'), &cpus, error))
		return false;
	if (runq_read(kernel, output, cpus, &runq, error))
		done = runq_show(kernel, arguments, output, &runq, error);
	free(cpus);
	for (size_t i = 0; i < runq.count; i++)
		damaged = damaged || runq.queues[i].damage.kind != ERROR_NONE;
	if (done && (damaged || runq.missing))
		done = error_set(error, ERROR_PARTIAL, "runq: not all run queues could be read");
	runq_free(&runq);
	return done;
}

static const char help[] =
	"CLASS is the queue that the task is on: stop, deadline, rt, fair (CFS, EEVDF)\n"
	"or ext (sched_ext); they are picked in this order, and so are the tasks of a\n"
	"class but for fair ones in several groups. IS says \"running\", \"throttled\" (its\n"
	"group has used up its time), \"delayed\" (asleep, but in the tree until its lag\n"
	"is used up) or \"server\" (a deadline server, which is no task).\n"
	"A note says where nr_running or a task contradicts the queues.\n"
	"\n"
	"JSON: \"cpus\" with \"queued\"; -t -T -m \"clocks\" (ns); -g \"groups\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel runq -c 1\n"
	"CPU 1    RUNQUEUE: ff2ec9febe8b1980  NR_RUNNING: 2  PID: 229  COMMAND: \"rig s...\n"
	"  CLASS     PRIO      PID        TASK        ST         VRUNTIME  IS...\n"
	"fair         120      229  ff2ec9febf1da0c0  RU      78702459049  running...\n"
	"fair         120       20  ff2ec9fe812b0000  RU      20237717294...\n";

static const struct mi_name mi_names[] = { { "runq", NULL }, { 0 } };

const struct command command_runq = {
	.name = "runq",
	.mi = mi_names,
	.summary = "Show what was waiting to run on each CPU.",
	.usage = "runq [-t|-T|-m|-g] [-c LIST]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = runq_run,
};
