// SPDX-License-Identifier: GPL-3.0-or-later
/* runq -t, -T, -m: the clock of each run queue, and since when its task has been running. */
#include "commands/scheduler/runq.h"

#include <inttypes.h>
#include <stdlib.h>

#include "commands/tasks/task_cells.h"
#include "kernel/tasks/task.h"

enum { CPU, CLOCK, BEHIND, SINCE, RUNNING, PID, TASK, COMM };

static const struct column columns[] = {
	[CPU] = { "cpu", "CPU", 4, COLUMN_RIGHT },
	[CLOCK] = { "clock_ns", "CLOCK", 15, COLUMN_RIGHT },
	[BEHIND] = { "behind_ns", "BEHIND", 10, COLUMN_RIGHT },
	[SINCE] = { "since_ns", "SINCE", 15, COLUMN_RIGHT },
	[RUNNING] = { "running_ns", "RUNNING", 10, COLUMN_RIGHT },
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[COMM] = { "comm", "COMM", 0, 0 },
};
static const struct shape shape = { "clocks", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

struct clock {
	const struct runqueue *queue;
	const struct task *task;	/* NULL = not known */
	bool since_known;
	uint64_t running;		/* 0 where since_known is false */
	uint64_t order;
};

/* The greater first; CPUs in their order where they are alike. */
static int by_order(const void *left, const void *right)
{
	const struct clock *a = left, *b = right;

	if (a->order != b->order)
		return a->order > b->order ? -1 : 1;
	return a->queue->cpu < b->queue->cpu ? -1 : 1;
}

static bool seconds(struct output *output, size_t column, uint64_t ns)
{
	return output_uint_as(output, column, ns, "%" PRIu64 ".%06" PRIu64, ns / 1000000000, ns / 1000 % 1000000);
}

static bool clock_row(struct output *output, const struct clock *clock, uint64_t newest)
{
	const struct runqueue *queue = clock->queue;
	bool more = output_row(output) && output_uint(output, CPU, queue->cpu);

	if (more && queue->clock_known)
		more = seconds(output, CLOCK, queue->clock) && seconds(output, BEHIND, newest - queue->clock);
	if (more && queue->current_known)
		more = output_address(output, TASK, queue->current);
	if (more && queue->current_known && queue->current && !clock->task)
		output_note(output, "CPU %u: what it runs, at 0x%" PRIx64 ", is no known task", queue->cpu, queue->current);
	if (!more || !clock->task)
		return more;
	if (clock->since_known)
		more = seconds(output, SINCE, clock->task->last_run);
	if (more && clock->since_known && queue->clock_known)
		more = seconds(output, RUNNING, clock->running);
	return more && output_uint(output, PID, clock->task->pid) && task_comm_cell(output, COMM, clock->task);
}

bool runq_clocks(struct kernel *kernel, struct output *output, const struct runq *runq, char order, struct error *error)
{
	struct clock *clocks = calloc(runq->count ? runq->count : 1, sizeof(*clocks));
	uint64_t newest = 0;

	if (!clocks)
		return error_no_memory(error, "the clocks", runq->count * sizeof(*clocks));
	for (size_t i = 0; i < runq->count; i++)
		if (runq->queues[i].clock_known && runq->queues[i].clock > newest)
			newest = runq->queues[i].clock;
	for (size_t i = 0; i < runq->count; i++) {
		struct clock *clock = &clocks[i];

		clock->queue = &runq->queues[i];
		clock->task = clock->queue->current ? task_find_address(kernel, clock->queue->current) : NULL;
		/* Of idle tasks the kernel does not record it. */
		clock->since_known = clock->task && task_knows(clock->task, TASK_LAST_RUN) && clock->task->last_run;
		/* The clock is not brought up to date at every switch: it may be a little older than the switch itself. */
		if (clock->since_known && clock->queue->clock_known && clock->queue->clock > clock->task->last_run)
			clock->running = clock->queue->clock - clock->task->last_run;
		clock->order = order == 'm' ? clock->running : order == 'T' && clock->queue->clock_known ? newest - clock->queue->clock : 0;
	}
	qsort(clocks, runq->count, sizeof(*clocks), by_order);
	output_begin(output, &shape);
	for (size_t i = 0; i < runq->count && clock_row(output, &clocks[i], newest); i++)
		;
	output_end(output);
	free(clocks);
	return true;
}
