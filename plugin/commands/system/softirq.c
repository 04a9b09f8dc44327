// SPDX-License-Identifier: GPL-3.0-or-later
/* softirq: soft interrupts, how often each CPU had them, and what is pending. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "commands/system/cpu_counts.h"
#include "commands/tasks/task_cells.h"
#include "kernel/system/softirqs.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'c', "LIST", "only these CPUs: 0,2-4 or all" },
	{ 0 }
};

/* For people the counts are one cell, as wide as there are CPUs. */
enum { NUMBER, NAME, COUNTS, FUNCTION, COLUMNS };

enum { CPU, MASK, THREAD, STATE, PENDING };

static const struct column cpu_columns[] = {
	[CPU] = { "cpu", "CPU", 4, COLUMN_RIGHT },
	[MASK] = { "mask", NULL, 0, COLUMN_JSON_ONLY },
	[THREAD] = { "ksoftirqd_pid", "KSOFTIRQD", 9, COLUMN_RIGHT },
	[STATE] = { "ksoftirqd_state", "ST", 2, COLUMN_LEFT },
	[PENDING] = { "pending", "PENDING", 0, COLUMN_LEFT },
};
static const struct shape cpus_shape = { "cpus", SHAPE_TABLE, cpu_columns, ARRAY_SIZE(cpu_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	const bool *cpus;
	struct softirqs softirqs;
	size_t damaged;
	struct error first;
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->damaged++)
		view->first = *why;
}

struct reading {
	struct kernel *kernel;
	unsigned number;
};

static bool read_count(void *context, unsigned cpu, uint64_t *count_ret, struct error *error)
{
	struct reading *reading = context;

	return softirq_count(reading->kernel, reading->number, cpu, count_ret, error);
}

static bool softirq_row(struct view *view, unsigned number)
{
	const struct softirq *softirq = &view->softirqs.items[number];
	struct output *output = view->output;
	struct reading reading = { view->kernel, number };
	struct cpu_counts counts = { view->kernel, view->cpus, read_count, &reading };
	struct error why = { 0 };
	bool more = output_row(output) && output_uint(output, NUMBER, number);

	if (more && *softirq->name)
		output_string(output, NAME, softirq->name);
	if (more && softirq->function)
		function_cell(view->kernel, output, FUNCTION, softirq->function);
	more = more && cpu_counts_cell(output, COUNTS, &counts, &why);
	if (why.kind != ERROR_NONE)
		lose(view, &why);
	return more && cpu_counts_array(output, &counts);
}

static bool show_counts(struct view *view, struct error *error)
{
	struct buffer title = { 0 };
	struct column columns[COLUMNS] = {
		[NUMBER] = { "number", NULL, 0, COLUMN_JSON_ONLY },
		[NAME] = { "name", "SOFTIRQ", 8, COLUMN_LEFT },
		[COUNTS] = { "text", NULL, 0, COLUMN_TEXT_ONLY },
		[FUNCTION] = { "function", "FUNCTION", 0, COLUMN_FUNCTION },
	};
	struct shape shape = { "softirqs", SHAPE_TABLE, columns, COLUMNS };
	bool more;

	if (!cpu_counts_title(view->kernel, view->cpus, &title, error)) {
		buffer_free(&title);
		return false;
	}
	columns[COUNTS].title = title.data ? title.data : "";
	more = output_begin(view->output, &shape);
	for (unsigned i = 0; i < view->softirqs.count && more; i++)
		more = softirq_row(view, i);
	output_end(view->output);
	buffer_free(&title);
	return true;
}

static void pending_cells(struct view *view, uint64_t mask)
{
	struct buffer text = { 0 };

	output_uint(view->output, MASK, mask);
	for (unsigned i = 0; i < SOFTIRQ_MAX; i++) {
		if (!(mask >> i & 1))
			continue;
		buffer_string(&text, text.size ? " " : "");
		if (i < view->softirqs.count && *view->softirqs.items[i].name)
			buffer_string(&text, view->softirqs.items[i].name);
		else
			buffer_printf(&text, "%u", i);
	}
	output_bytes(view->output, PENDING, text.data ? text.data : "", text.size);
	buffer_free(&text);
}

static bool cpu_row(struct view *view, unsigned cpu)
{
	struct output *output = view->output;
	struct error why = { 0 }, whose = { 0 };
	const struct task *task = NULL;
	uint64_t mask, thread = 0;

	if (!output_row(output) || !output_uint(output, CPU, cpu))
		return false;
	if (softirq_pending(view->kernel, cpu, &mask, &why)) {
		pending_cells(view, mask);
	} else {
		output_note(output, "what is pending on CPU %u is not known: %s", cpu, why.text);
		lose(view, &why);
	}
	if (!softirq_thread(view->kernel, cpu, &thread, &whose)) {
		output_note(output, "the ksoftirqd of CPU %u is not known: %s", cpu, whose.text);
		lose(view, &whose);
		return true;
	}
	task = thread ? task_find_address(view->kernel, thread) : NULL;
	if (task) {
		output_uint(output, THREAD, task->pid);
		task_state_cell(view->kernel, output, STATE, task);
	}
	if (thread && (!task || task->damage))
		output_note(output, "CPU %u's ksoftirqd at 0x%" PRIx64 ": %s", cpu, thread, task ? task->damage : "it is not among the tasks that can be read");
	return true;
}

static bool softirq_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
			struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	struct task_table *table;
	bool *cpus, more, done;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "softirq: %s? It takes no words", arguments->words[0]);
	if (!softirqs_read(kernel, &view.softirqs, error) || !tasks_get(kernel, &table, error) ||
	    !select_cpus(kernel, option_value(arguments, 'c'), &cpus, error))
		return false;
	view.cpus = cpus;
	done = show_counts(&view, error);
	if (view.softirqs.damage.kind != ERROR_NONE) {
		output_note(output, "not all of their names and functions are known: %s", view.softirqs.damage.text);
		lose(&view, &view.softirqs.damage);
	}
	more = done && output_begin(output, &cpus_shape);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids && more; cpu++)
		if (cpus[cpu])
			more = cpu_row(&view, cpu);
	if (done)
		output_end(output);
	free(cpus);
	if (done && view.damaged)
		return error_set(error, ERROR_PARTIAL, "softirq: not all is known: %s", view.first.text);
	return done;
}

static const char help[] =
	"How often each CPU had them, as /proc/softirqs, and the kernel's function; then\n"
	"which are PENDING on a CPU, and its thread for when there are too many.\n"
	"\n"
	"JSON: \"softirqs\" with \"counts\", and \"cpus\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel softirq\n"
	"SOFTIRQ         CPU0        CPU1        CPU2        CPU3  FUNCTION\n"
	"TIMER            623         115          63         260  run_timer_softirq\n"
	"NET_RX             1           1           9           2  net_rx_action\n"
	"[...]\n"
	" CPU  KSOFTIRQD  ST  PENDING\n"
	"   0         14  IN\n"
	"   1         20  RU  TIMER SCHED RCU\n";

static const struct mi_name mi_names[] = { { "soft-interrupts", NULL }, { 0 } };

const struct command command_softirq = {
	.name = "softirq",
	.mi = mi_names,
	.summary = "Show soft interrupts, counted and pending by CPU.",
	.usage = "softirq [-c LIST]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = softirq_run,
};
