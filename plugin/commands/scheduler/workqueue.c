// SPDX-License-Identifier: GPL-3.0-or-later
/* workqueue: the pools of workers, what each runs, and the work that waits. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "kernel/modules/symbolize.h"
#include "kernel/scheduler/timers.h"
#include "kernel/scheduler/workqueues.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'a', NULL, "also idle workers, and pools that have nothing to do" },
	{ 'd', NULL, "instead: delayed work, which a timer queues when it is due" },
	{ 0 }
};

enum { POOL, ID, POOL_CPU, WORKERS, IDLE };

static const struct column pool_columns[] = {
	[POOL] = { "pool", "WORKER_POOL: %", 16, COLUMN_ADDRESS },
	[ID] = { "id", "ID: %", 3, COLUMN_LEFT },
	[POOL_CPU] = { "cpu", "CPU: %", 3, COLUMN_LEFT },
	[WORKERS] = { "nr_workers", "WORKERS: %", 3, COLUMN_LEFT },
	[IDLE] = { "nr_idle", "IDLE: %", 3, COLUMN_LEFT },
};
static const struct shape pools_shape = { "pools", SHAPE_HEADING, pool_columns, ARRAY_SIZE(pool_columns) };

enum { PID, TASK, STATE, WORK, FUNCTION, QUEUE, COMM, WORKER, SINCE };

static const struct column worker_columns[] = {
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", "TASK", 16, COLUMN_ADDRESS },
	[STATE] = { "state", "ST", 2, COLUMN_LEFT },
	[WORK] = { "work", "WORK", 16, COLUMN_ADDRESS },
	[FUNCTION] = { "function", "FUNCTION", 24, COLUMN_FUNCTION },
	[QUEUE] = { "workqueue", "WORKQUEUE", 0, COLUMN_LEFT },
	[COMM] = { "comm", NULL, 0, COLUMN_JSON_ONLY },
	[WORKER] = { "worker", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[SINCE] = { "running_ticks", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape workers_shape = { "workers", SHAPE_TABLE, worker_columns, ARRAY_SIZE(worker_columns) };

enum { WAITING, WAITING_FUNCTION, WAITING_QUEUE };

static const struct column work_columns[] = {
	[WAITING] = { "work", "PENDING", 16, COLUMN_ADDRESS },
	[WAITING_FUNCTION] = { "function", "FUNCTION", 24, COLUMN_FUNCTION },
	[WAITING_QUEUE] = { "workqueue", "WORKQUEUE", 0, COLUMN_LEFT },
};
static const struct shape pending_shape = { "pending", SHAPE_TABLE, work_columns, ARRAY_SIZE(work_columns) };

static const struct column inactive_columns[] = {
	[WAITING] = { "work", "INACTIVE", 16, COLUMN_ADDRESS },
	[WAITING_FUNCTION] = { "function", "FUNCTION", 24, COLUMN_FUNCTION },
	[WAITING_QUEUE] = { "workqueue", "WORKQUEUE", 0, COLUMN_LEFT },
};
static const struct shape inactive_shape = { "inactive", SHAPE_TABLE, inactive_columns, ARRAY_SIZE(inactive_columns) };

enum { DELAYED_QUEUE = WAITING_QUEUE, LEFT, LEFT_NS, DELAYED_CPU, TIMER };

static const struct column delayed_columns[] = {
	[WAITING] = { "work", "DELAYED", 16, COLUMN_ADDRESS },
	[WAITING_FUNCTION] = { "function", "FUNCTION", 24, COLUMN_FUNCTION },
	[DELAYED_QUEUE] = { "workqueue", "WORKQUEUE", 16, COLUMN_LEFT },
	[LEFT] = { "left_ticks", "TICKS LEFT", 10, COLUMN_RIGHT },
	[LEFT_NS] = { "left_ns", NULL, 0, COLUMN_JSON_ONLY },
	[DELAYED_CPU] = { "cpu", "CPU", 3, COLUMN_RIGHT },
	[TIMER] = { "timer", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
};
static const struct shape delayed_shape = { "delayed", SHAPE_TABLE, delayed_columns, ARRAY_SIZE(delayed_columns) };

struct show {
	struct kernel *kernel;
	struct output *output;
	bool all;
	bool now_known;
	uint64_t now;	/* jiffies */
	size_t lost;	/* pools or bases that are not whole */
};

static bool show_worker(struct show *show, const struct worker *worker)
{
	struct output *output = show->output;
	const struct task *task = worker->task ? task_find_address(show->kernel, worker->task) : NULL;

	if (!output_row(output))
		return false;
	output_address(output, WORKER, worker->address);
	if (worker->task)
		output_address(output, TASK, worker->task);
	if (task) {
		output_uint(output, PID, task->pid);
		task_state_cell(show->kernel, output, STATE, task);
		task_comm_cell(output, COMM, task);
	}
	if (worker->task && (!task || task->damage)) {
		show->lost++;
		output_note(output, "the worker's task at 0x%" PRIx64 ": %s", worker->task, task ? task->damage : "it is not among the tasks that can be read");
	}
	if (!worker->current_known)
		return true;
	if (!worker->current.address)
		return output_string(output, FUNCTION, "(idle)");
	output_address(output, WORK, worker->current.address);
	if (worker->current.func)
		function_cell(show->kernel, show->output, FUNCTION, worker->current.func);
	if (*worker->current.queue)
		output_string(output, QUEUE, worker->current.queue);
	if (worker->since_known && show->now_known)
		output_uint(output, SINCE, show->now - worker->since);
	return true;
}

static bool show_works(struct show *show, const struct shape *shape, const struct work *works, size_t count)
{
	bool more = output_begin(show->output, shape);

	for (size_t i = 0; i < count && more; i++) {
		more = output_row(show->output) && output_address(show->output, WAITING, works[i].address);
		if (!more)
			break;
		if (works[i].func)
			function_cell(show->kernel, show->output, WAITING_FUNCTION, works[i].func);
		if (*works[i].queue)
			output_string(show->output, WAITING_QUEUE, works[i].queue);
	}
	return output_end(show->output) && more;
}

static bool has_work(const struct worker_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (!pool->workers[i].current_known || pool->workers[i].current.address)
			return true;
	return pool->nr_pending || pool->damage.kind != ERROR_NONE;
}

static bool show_pool(struct show *show, const struct worker_pool *pool)
{
	struct output *output = show->output;
	bool more = output_row(output) && output_address(output, POOL, pool->address);

	if (more && pool->id_known)
		output_uint(output, ID, pool->id);
	if (more && pool->cpu_known)
		output_int_as(output, POOL_CPU, pool->cpu, pool->cpu < 0 ? "any" : "%d", pool->cpu);
	if (more && pool->workers_known) {
		output_uint(output, WORKERS, pool->nr_workers);
		output_uint(output, IDLE, pool->nr_idle);
	}
	more = more && output_begin(output, &workers_shape);
	for (size_t i = 0; i < pool->count && more; i++)
		if (show->all || !pool->workers[i].current_known || pool->workers[i].current.address)
			more = show_worker(show, &pool->workers[i]);
	more = output_end(output) && more && show_works(show, &pending_shape, pool->pending, pool->nr_pending);
	if (pool->damage.kind != ERROR_NONE) {
		show->lost++;
		output_note(output, "not all that it has is known: %s", pool->damage.text);
	}
	return more;
}

static bool show_pools(struct show *show, struct error *error)
{
	struct worker_pools pools = { 0 };
	bool done = worker_pools_read(show->kernel, &pools, error), more = done;

	more = more && output_begin(show->output, &pools_shape);
	for (size_t i = 0; i < pools.count && more; i++)
		if (show->all || has_work(&pools.pools[i]))
			more = show_pool(show, &pools.pools[i]);
	if (done) {
		output_end(show->output);
		show_works(show, &inactive_shape, pools.inactive, pools.nr_inactive);
	}
	if (pools.damage.kind != ERROR_NONE) {
		show->lost++;
		output_note(show->output, "there may be more pools or work: %s", pools.damage.text);
	}
	worker_pools_free(&pools);
	return done;
}

/* --- delayed work --- */

static bool show_delayed_work(struct show *show, const struct timer_queue *queue, const struct timer *timer, uint64_t offset, uint64_t tick)
{
	struct output *output = show->output;
	uint64_t work = timer->address - offset, function, workqueue;
	char name[WORKQUEUE_NAME];
	struct error why;

	if (!output_row(output))
		return false;
	output_address(output, WAITING, work);
	output_address(output, TIMER, timer->address);
	output_uint(output, DELAYED_CPU, queue->cpu);
	if (kernel_read_member(show->kernel, work, "work_struct", "func", &function, NULL))
		if (function)
			function_cell(show->kernel, show->output, WAITING_FUNCTION, function);
	if (!kernel_read_member(show->kernel, work, "delayed_work", "wq", &workqueue, &why) ||
	    (workqueue && !workqueue_name(show->kernel, workqueue, name, &why)))
		output_note(output, "its workqueue: %s", why.text);
	else if (workqueue && *name)
		output_string(output, DELAYED_QUEUE, name);
	if (queue->now_known) {
		output_int(output, LEFT, timer->left);
		if (tick)
			output_int(output, LEFT_NS, timer->left * (int64_t)tick);
	}
	return true;
}

static bool show_delayed(struct show *show, struct error *error)
{
	struct timer_queues queues = { 0 };
	struct member member;
	uint64_t function, tick = 0;
	struct error why = { 0 };
	bool *cpus, more = true;

	if (!kernel_symbol(show->kernel, "delayed_work_timer_fn", &function, error) ||
	    !types_member(show->kernel->types, "delayed_work", "timer", &member, error) || !select_cpus(show->kernel, NULL, &cpus, error))
		return false;
	if (!kernel_tick(show->kernel, &tick, &why))
		output_note(show->output, "how long a tick is is not known: %s", why.text);
	output_begin(show->output, &delayed_shape);
	for (unsigned cpu = 0; cpu < show->kernel->nr_cpu_ids; cpu++)
		if (cpus[cpu] && !wheel_read(show->kernel, cpu, &queues, error)) {
			more = error->kind != ERROR_INTERRUPTED && error->kind != ERROR_NO_MEMORY;
			if (!more)
				break;
			show->lost++;
		}
	if (queues.count && !queues.queues[0].now_known)
		output_note(show->output, "how long it is until then is not known: the kernel's jiffies could not be read");
	for (size_t i = 0; i < queues.count && more; i++) {
		show->lost += queues.queues[i].damage.kind != ERROR_NONE;
		for (size_t j = 0; j < queues.queues[i].count && more; j++)
			if (queues.queues[i].timers[j].function == function)
				more = show_delayed_work(show, &queues.queues[i], &queues.queues[i].timers[j], member.offset, tick);
	}
	output_end(show->output);
	timer_queues_free(&queues);
	free(cpus);
	return more || (error->kind != ERROR_INTERRUPTED && error->kind != ERROR_NO_MEMORY);
}

static bool workqueue_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
			  struct error *error)
{
	struct show show = { .kernel = kernel, .output = output, .all = has_option(arguments, 'a') };
	struct task_table *table;

	(void)host;
	*error = (struct error){ .kind = ERROR_NONE };
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "workqueue: %s? It shows all there are", arguments->words[0]);
	if (!tasks_get(kernel, &table, error))
		return false;
	show.now_known = kernel_read_variable(kernel, "jiffies", kernel->arch->pointer_size, &show.now, NULL);
	if (!(has_option(arguments, 'd') ? show_delayed : show_pools)(&show, error))
		return false;
	if (show.lost)
		return error_set(error, ERROR_PARTIAL, "workqueue: not all work could be read");
	return true;
}

static const char help[] =
	"The pools of workers that have something to do: what each worker runs, for which\n"
	"workqueue, and the work that is pending, in its order. INACTIVE work waits until\n"
	"others of its workqueue are done. With -d delayed work, which is on the timer\n"
	"wheel until then. Since when work runs newer kernels know: \"running_ticks\".\n"
	"\n"
	"JSON: \"pools\" with \"workers\" and \"pending\", and \"inactive\"; or \"delayed\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel workqueue\n"
	"WORKER_POOL: ff30301fc1045000  ID: 8    CPU: any  WORKERS: 4    IDLE: 3\n"
	"    PID        TASK        ST        WORK        FUNCTION                  WO...\n"
	"     37  ff30301fc13da0c0  ID  ffffffffc02dc0a0  rig_work_function [vmcore_ri...\n"
	"    PENDING       FUNCTION                  WORKQUEUE\n"
	"ff30301fff5e41e8  wb_workfn                 writeback\n";

static const struct mi_name mi_names[] = { { "workqueues", NULL }, { 0 } };

const struct command command_workqueue = {
	.name = "workqueue",
	.mi = mi_names,
	.summary = "Show workers, what they run, and the work that waits.",
	.usage = "workqueue [-a|-d]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = workqueue_run,
};
