// SPDX-License-Identifier: GPL-3.0-or-later
/* ps -l, -m: when tasks last ran; ps -t: how much they ran. */
#include "commands/tasks/ps.h"

#include <stdlib.h>
#include <string.h>

#include "commands/tasks/task_cells.h"
#include "kernel/system/system.h"

#define NSEC_PER_SEC 1000000000ul
#define NSEC_PER_MSEC 1000000ul

static int compare_last_run(const void *left, const void *right)
{
	const struct task *a = *(const struct task *const *)left;
	const struct task *b = *(const struct task *const *)right;

	if (a->last_run != b->last_run)
		return a->last_run > b->last_run ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a < b ? -1 : a > b;
}

enum { RUN_LAST, RUN_ELAPSED, RUN_STATE, RUN_PID, RUN_TASK, RUN_CPU, RUN_COMM, NR_RUN_CELLS };

static const struct column run_columns[NR_RUN_CELLS] = {
	[RUN_LAST] = { "last_run_ns", "[%]", 13, COLUMN_RIGHT },
	[RUN_ELAPSED] = { "elapsed_ns", "[%]", 15, COLUMN_RIGHT },
	[RUN_STATE] = { "state", "[%]", 2, COLUMN_LEFT },
	[RUN_PID] = { "pid", "PID: %", 5, COLUMN_LEFT },
	[RUN_TASK] = { "task", "TASK: %", 16, COLUMN_ADDRESS },
	[RUN_CPU] = { "cpu", "CPU: %", 2, COLUMN_LEFT },
	[RUN_COMM] = { "comm", "%", 0, COLUMN_LEFT },
};

static bool run_row(struct ps *ps, const struct task *task, uint64_t now)
{
	struct output *out = ps->output;
	uint64_t elapsed = now > task->last_run ? now - task->last_run : 0;
	uint64_t seconds = elapsed / NSEC_PER_SEC;

	if (!output_row(out))
		return false;
	if (task_knows(task, TASK_LAST_RUN))
		output_uint(out, RUN_LAST, task->last_run);
	if (now && task_knows(task, TASK_LAST_RUN))
		output_uint_as(out, RUN_ELAPSED, elapsed, "%2lu %02lu:%02lu:%02lu.%03lu",
			       seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
			       seconds % 60, elapsed % NSEC_PER_SEC / NSEC_PER_MSEC);
	task_state_cell(ps->kernel, out, RUN_STATE, task);
	output_uint(out, RUN_PID, task->pid);
	output_address(out, RUN_TASK, task->address);
	task_cpu_cell(out, RUN_CPU, task);
	return task_comm_cell(out, RUN_COMM, task);
}

static void run_by_cpu(struct ps *ps, const struct shape *tasks, const bool *cpus, uint64_t now)
{
	static const struct column columns[] = { { "cpu", "CPU: %", 0, COLUMN_LEFT } };
	static const struct shape shape = { "cpus", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };

	output_begin(ps->output, &shape);
	for (unsigned cpu = 0; cpu < ps->kernel->nr_cpu_ids; cpu++) {
		if (!cpus[cpu])
			continue;
		if (!output_row(ps->output))
			break;
		output_uint(ps->output, 0, cpu);
		output_begin(ps->output, tasks);
		for (size_t i = 0; i < ps->count; i++)
			if (task_knows(ps->tasks[i], TASK_CPU) && ps->tasks[i]->cpu == cpu && !run_row(ps, ps->tasks[i], now))
				break;
		output_end(ps->output);
	}
	output_end(ps->output);
}

bool ps_last_run(struct ps *ps, struct error *error)
{
	const char *list = option_value(ps->arguments, 'C');
	uint64_t now = tasks_scheduler_now(ps->kernel);
	struct column columns[NR_RUN_CELLS];
	struct shape shape = { "tasks", SHAPE_PLAIN, columns, NR_RUN_CELLS };
	size_t unknown = 0;
	bool *cpus;

	memcpy(columns, run_columns, sizeof(columns));
	columns[has_option(ps->arguments, 'm') ? RUN_LAST : RUN_ELAPSED].flags |= COLUMN_JSON_ONLY;
	if (ps->count)
		qsort(ps->tasks, ps->count, sizeof(*ps->tasks), compare_last_run);
	if (!list) {
		output_begin(ps->output, &shape);
		for (size_t i = 0; i < ps->count && run_row(ps, ps->tasks[i], now); i++)
			;
		output_end(ps->output);
	} else {
		cpus = calloc(ps->kernel->nr_cpu_ids + 1, sizeof(*cpus));
		if (!cpus)
			return error_no_memory(error, "a list of CPUs", ps->kernel->nr_cpu_ids);
		if (!parse_cpu_list(ps->kernel, list, cpus, error)) {
			free(cpus);
			return false;
		}
		run_by_cpu(ps, &shape, cpus, now);
		free(cpus);
		for (size_t i = 0; i < ps->count; i++)
			unknown += !task_knows(ps->tasks[i], TASK_CPU);
		if (unknown)
			output_note(ps->output, "of %zu tasks it is not known on which CPU they were", unknown);
	}
	if (!now)
		output_note(ps->output, "the run queues' clocks could not be read, so nobody knows "
					"how long ago that was");
	return true;
}

/* --- -t --- */

enum { TIME_RUN, TIME_START, TIME_USER, TIME_SYSTEM, NR_TIME_CELLS };

static const struct column time_columns[NR_TIME_CELLS] = {
	[TIME_RUN] = { "run_time_ns", "RUN TIME", 12, COLUMN_LEFT },
	[TIME_START] = { "start_time_ns", "START TIME", 0, COLUMN_LEFT },
	[TIME_USER] = { "utime_ns", "UTIME", 0, COLUMN_LEFT },
	[TIME_SYSTEM] = { "stime_ns", "STIME", 0, COLUMN_LEFT },
};

static void seconds_cell(struct output *output, size_t column, const struct task *task, enum task_fact fact, uint64_t ns,
			 const char *what)
{
	if (!task_knows(task, fact))
		return;
	output_uint_as(output, column, ns, "%lu.%09lu s%s", ns / NSEC_PER_SEC, ns % NSEC_PER_SEC,
		       what);
}

static void times_of(struct output *output, const struct task *task, uint64_t uptime)
{
	static const struct shape shape = { "times", SHAPE_LIST, time_columns, NR_TIME_CELLS };
	uint64_t run = uptime > task->start_time ? uptime - task->start_time : 0;
	uint64_t seconds = run / NSEC_PER_SEC;

	output_begin(output, &shape);
	if (uptime && task_knows(task, TASK_START_TIME))
		output_uint_as(output, TIME_RUN, run, "%lu days, %02lu:%02lu:%02lu",
			       seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
			       seconds % 60);
	seconds_cell(output, TIME_START, task, TASK_START_TIME, task->start_time, " after boot");
	seconds_cell(output, TIME_USER, task, TASK_UTIME, task->utime, "");
	seconds_cell(output, TIME_SYSTEM, task, TASK_STIME, task->stime, "");
	output_end(output);
}

bool ps_times(struct ps *ps, struct error *error)
{
	static const struct column columns[] = { TASK_COLUMNS };
	static const struct shape shape = { "tasks", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
	struct error clock_error = { 0 };
	struct system_clock clock = { 0 };
	bool known = system_clock(ps->kernel, &clock, &clock_error);

	output_begin(ps->output, &shape);
	for (size_t i = 0; i < ps->count; i++) {
		if (!(i & 255) && !kernel_check_interrupt(ps->kernel, error))
			return false;
		if (!output_row(ps->output))
			break;
		task_cells(ps->output, ps->tasks[i]);
		times_of(ps->output, ps->tasks[i], known ? clock.uptime_ns : 0);
	}
	output_end(ps->output);
	if (!known)
		output_note(ps->output,
			    "no run times, because the time of the crash is not known: %s",
			    clock_error.text);
	else if (clock.from_jiffies)
		output_note(ps->output, "run times are inferred from counted ticks");
	return true;
}
