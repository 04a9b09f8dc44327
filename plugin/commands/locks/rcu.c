// SPDX-License-Identifier: GPL-3.0-or-later
/* rcu: the grace period, who holds it up, and the callbacks that wait for it. */
#include <inttypes.h>
#include <stdlib.h>

#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "kernel/containers.h"
#include "kernel/locks/rcu.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

static const struct option options[] = { { 0 } };

enum { NAME, STATE, NUMBER, RUNS, PHASE, AGE, AGE_NS, STALLED, THREAD, EXPEDITED, EXPEDITED_RUNS };

static const struct column state_columns[] = {
	[NAME] = { "name", "FLAVOUR", 22, COLUMN_LEFT },
	[STATE] = { "rcu_state", "RCU_STATE", 22, COLUMN_ADDRESS },
	[NUMBER] = { "gp_seq", "GRACE PERIOD", 22, COLUMN_LEFT },
	[RUNS] = { "running", "RUNNING", 22, COLUMN_LEFT },
	[PHASE] = { "phase", "PHASE", 22, COLUMN_LEFT },
	[AGE] = { "age_ticks", "TICKS SINCE ITS START", 22, COLUMN_LEFT },
	[AGE_NS] = { "age_ns", NULL, 0, COLUMN_JSON_ONLY },
	[STALLED] = { "stalled", "STALLED", 22, COLUMN_LEFT },
	[THREAD] = { "thread_pid", "ITS THREAD'S PID", 22, COLUMN_LEFT },
	[EXPEDITED] = { "expedited_sequence", "EXPEDITED", 22, COLUMN_LEFT },
	[EXPEDITED_RUNS] = { "expedited_running", "EXPEDITED RUNNING", 22, COLUMN_LEFT },
};
static const struct shape state_shape = { "state", SHAPE_LIST, state_columns, ARRAY_SIZE(state_columns) };

enum { CPU, DATA, SEQUENCE, TICKS, CALLBACKS, BYPASS, HOLDS, HOLDS_EXPEDITED, CPU_PID, CPU_COMM };

static const struct column cpu_columns[] = {
	[CPU] = { "cpu", "CPU", 4, COLUMN_RIGHT },
	[DATA] = { "rcu_data", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[SEQUENCE] = { "gp_seq", "GP_SEQ", 10, COLUMN_RIGHT },
	[TICKS] = { "ticks", "TICKS", 6, COLUMN_RIGHT },
	[CALLBACKS] = { "callbacks", "CALLBACKS", 9, COLUMN_RIGHT },
	[BYPASS] = { "bypass", "BYPASS", 6, COLUMN_RIGHT },
	[HOLDS] = { "holds", "HOLDS", 5, COLUMN_LEFT },
	[HOLDS_EXPEDITED] = { "holds_expedited", "EXP", 3, COLUMN_LEFT },
	[CPU_PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[CPU_COMM] = { "comm", "COMMAND", 0, COLUMN_LEFT },
};
static const struct shape cpus_shape = { "cpus", SHAPE_TABLE, cpu_columns, ARRAY_SIZE(cpu_columns) };

enum { PID, TASK, TASK_ST, NESTING, READER_HOLDS, READER_EXPEDITED, COMM };

static const struct column reader_columns[] = {
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", "READER", 16, COLUMN_ADDRESS },
	[TASK_ST] = { "state", "ST", 2, COLUMN_LEFT },
	[NESTING] = { "nesting", "NESTING", 7, COLUMN_RIGHT },
	[READER_HOLDS] = { "holds", "HOLDS", 5, COLUMN_LEFT },
	[READER_EXPEDITED] = { "holds_expedited", "EXP", 3, COLUMN_LEFT },
	[COMM] = { "comm", "COMMAND", 0, COLUMN_LEFT },
};
static const struct shape readers_shape = { "readers", SHAPE_TABLE, reader_columns, ARRAY_SIZE(reader_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	struct visited nodes;	/* whose readers were shown */
	size_t damaged;
	struct error first;
	bool stopped;
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->damaged++)
		view->first = *why;
}

static void age_cells(struct view *view, const struct rcu_state *state)
{
	uint64_t tick, age = state->now - state->started;
	struct error why = { 0 };

	if (view->kernel->arch->pointer_size == 4)
		age = (uint32_t)age;
	/* When the last one began says something of one that runs only. */
	if (!(state->sequence & 3) || !state->started_known || !state->now_known)
		return;
	output_uint(view->output, AGE, age);
	if (!kernel_tick(view->kernel, &tick, &why)) {
		output_note(view->output, "how long a tick is is not known: %s", why.text);
		return;
	}
	output_uint(view->output, AGE_NS, age * tick);
	if (state->timeout_known)
		output_bool(view->output, STALLED, age * tick / 1000000000 >= state->timeout, NULL);
}

static bool show_state(struct view *view, const struct rcu_state *state)
{
	struct output *output = view->output;
	const struct task *thread = state->thread ? task_find_address(view->kernel, state->thread) : NULL;

	output_begin(output, &state_shape);
	if (*state->name)
		output_string(output, NAME, state->name);
	output_address(output, STATE, state->address);
	output_int_as(output, NUMBER, state->sequence, "%" PRId64 " (gp_seq %" PRId64 ")", state->sequence >> 2, state->sequence);
	output_bool(output, RUNS, state->sequence & 3, NULL);
	if (*state->phase)
		output_string(output, PHASE, state->phase);
	age_cells(view, state);
	if (thread)
		output_uint(output, THREAD, thread->pid);
	if (state->expedited_known) {
		output_int(output, EXPEDITED, state->expedited);
		output_bool(output, EXPEDITED_RUNS, state->expedited & 3, NULL);
	}
	if (state->damage.kind != ERROR_NONE) {
		output_note(output, "not all of it is known: %s", state->damage.text);
		lose(view, &state->damage);
	}
	if (state->thread && !thread)
		output_note(output, "its thread, the task at 0x%" PRIx64 ", is not among those that can be read", state->thread);
	return output_end(output);
}

static bool cpu_row(struct view *view, unsigned number)
{
	struct output *output = view->output;
	struct cpu *cpu = cpu_find(view->kernel, number);
	const struct task *task = cpu && cpu->task ? task_find_address(view->kernel, cpu->task) : NULL;
	struct error why = { 0 };
	struct rcu_cpu data;

	if (!output_row(output) || !output_uint(output, CPU, number))
		return false;
	if (task) {
		output_uint(output, CPU_PID, task->pid);
		task_comm_cell(output, CPU_COMM, task);
	}
	if (!rcu_cpu_read(view->kernel, number, &data, &why)) {
		output_note(output, "CPU %u: %s", number, why.text);
		lose(view, &why);
		return true;
	}
	output_address(output, DATA, data.address);
	output_int(output, SEQUENCE, data.sequence);
	output_uint(output, TICKS, data.ticks);
	output_int(output, CALLBACKS, data.callbacks);
	if (data.bypass_known)
		output_int(output, BYPASS, data.bypass);
	output_bool(output, HOLDS, data.holds, NULL);
	output_bool(output, HOLDS_EXPEDITED, data.holds_expedited, NULL);
	if (!task)
		output_note(output, "what CPU %u runs is not known", number);
	return true;
}

static bool reader_row(void *context, const struct rcu_reader *reader, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	const struct task *task = task_find_address(view->kernel, reader->task);

	(void)error;
	view->stopped = !output_row(output) || !output_address(output, TASK, reader->task);
	if (reader->nesting_known)
		output_int(output, NESTING, (int32_t)reader->nesting);
	output_bool(output, READER_HOLDS, reader->holds, NULL);
	output_bool(output, READER_EXPEDITED, reader->holds_expedited, NULL);
	if (task) {
		output_uint(output, PID, task->pid);
		task_state_cell(view->kernel, output, TASK_ST, task);
		task_comm_cell(output, COMM, task);
	} else {
		output_note(output, "the reader at 0x%" PRIx64 " is not among the tasks that can be read", reader->task);
	}
	return !view->stopped;
}

/* CPUs share a node, which has the readers. */
static bool show_readers(struct view *view, struct error *error)
{
	bool done = true;

	output_begin(view->output, &readers_shape);
	for (unsigned cpu = 0; cpu < view->kernel->nr_cpu_ids && done && !view->stopped; cpu++) {
		struct error why = { 0 };
		struct rcu_cpu data;
		enum visited_result visited;

		if (!rcu_cpu_read(view->kernel, cpu, &data, NULL))
			continue; /* which its row says */
		visited = visited_add(&view->nodes, data.node);
		if (visited == VISITED_NO_MEMORY)
			done = error_no_memory(error, "RCU's nodes", view->nodes.count * sizeof(uint64_t));
		if (visited != VISITED_NEW || rcu_readers_for_each(view->kernel, data.node, reader_row, view, &why))
			continue;
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
			*error = why;
			done = false;
			break;
		}
		output_note(view->output, "there may be more readers at the node 0x%" PRIx64 ": %s", data.node, why.text);
		lose(view, &why);
	}
	output_end(view->output);
	return done;
}

static bool rcu_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	struct task_table *table;
	struct rcu_state state;
	bool *cpus, done = true;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "rcu: %s? It takes no words", arguments->words[0]);
	if (!rcu_state_read(kernel, &state, error))
		return error_prefix(error, "rcu: this kernel's RCU is none that is known");
	if (!tasks_get(kernel, &table, error) || !select_cpus(kernel, NULL, &cpus, error))
		return false;
	show_state(&view, &state);
	output_begin(output, &cpus_shape);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids && !view.stopped; cpu++)
		if (cpus[cpu])
			view.stopped = !cpu_row(&view, cpu);
	output_end(output);
	if (rcu_has_readers(kernel))
		done = show_readers(&view, error);
	else
		output_note(output, "no reader can be preempted in this kernel: what holds a grace period is what its CPU runs");
	visited_free(&view.nodes);
	free(cpus);
	if (done && view.damaged)
		return error_set(error, ERROR_PARTIAL, "rcu: not all is known: %s", view.first.text);
	return done;
}

static const char help[] =
	"A CPU or a reader HOLDS the grace period that runs while nobody has seen it\n"
	"outside of rcu_read_lock() since the start. Readers are tasks preempted inside\n"
	"of it. CALLBACKS wait on their CPU for a grace period, or for their turn behind\n"
	"it; EXP is the expedited grace period. STALLED: it runs for longer than the\n"
	"kernel's rcu_cpu_stall_timeout.\n"
	"\n"
	"JSON: \"state\", \"cpus\", \"readers\" (where a reader can be preempted).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel rcu\n"
	"               FLAVOUR: rcu_preempt\n"
	"             RCU_STATE: ffffffffa4ed4740\n"
	"          GRACE PERIOD: 38 (gp_seq 153)\n"
	"               RUNNING: yes\n"
	"                 PHASE: RCU_GP_WAIT_FQS\n"
	" TICKS SINCE ITS START: 992\n"
	"               STALLED: no\n"
	"[...]\n"
	" CPU      GP_SEQ   TICKS  CALLBACKS  BYPASS  HOLDS  EXP      PID  COMMAND\n"
	"   0         153     589       5944       0  no     no         1  init\n"
	"   1         149     603          0       0  yes    no       231  rig spin/1\n";

static const struct mi_name mi_names[] = { { "rcu", NULL }, { 0 } };

const struct command command_rcu = {
	.name = "rcu",
	.mi = mi_names,
	.summary = "Show RCU's grace period, who holds it, and its callbacks.",
	.usage = "rcu",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = rcu_run,
};
