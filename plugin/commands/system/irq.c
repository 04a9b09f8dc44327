// SPDX-License-Identifier: GPL-3.0-or-later
/* irq: interrupts, who handles them, how often each CPU did, where they may go. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/system/cpu_counts.h"
#include "commands/system/irq.h"
#include "kernel/system/irqs.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'd', NULL, "the gates by which the kernel is entered (x86's IDT)" },
	{ 'b', NULL, "bottom halves: the vectors of soft interrupts" },
	{ 'a', NULL, "where they may go, and where they go" },
	{ 's', NULL, "how often each CPU had them, as /proc/interrupts" },
	{ 'c', "LIST", "with -s: only these CPUs: 0,2-4 or all" },
	{ 'u', NULL, "those without a handler and a count, too" },
	{ 0 }
};

enum { NUMBER, DESC, HWIRQ, TOTAL, CHIP, FLOW, FLOW_HANDLER };

static const struct column columns[] = {
	[NUMBER] = { "irq", "IRQ", 5, COLUMN_RIGHT },
	[DESC] = { "irq_desc", "IRQ_DESC", 16, COLUMN_ADDRESS },
	[HWIRQ] = { "hwirq", "HWIRQ", 9, COLUMN_RIGHT },
	[TOTAL] = { "count", "COUNT", 10, COLUMN_RIGHT },
	[CHIP] = { "chip", "CHIP", 10, COLUMN_LEFT },
	[FLOW] = { "flow", "FLOW", 0, COLUMN_LEFT },
	[FLOW_HANDLER] = { "flow_handler", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "irqs", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

enum { ACTION, HANDLER, NAME, THREAD, THREAD_PID, DEVICE, FLAGS };

static const struct column action_columns[] = {
	[ACTION] = { "irqaction", "     %", 16, COLUMN_ADDRESS },
	[HANDLER] = { "handler", "", 20, COLUMN_FUNCTION },
	[NAME] = { "name", "", 0, COLUMN_LEFT },
	[THREAD] = { "thread_function", "in a thread: %", 0, COLUMN_FUNCTION },
	[THREAD_PID] = { "thread_pid", "PID %", 0, COLUMN_LEFT },
	[DEVICE] = { "dev_id", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[FLAGS] = { "flags", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape actions_shape = { "actions", SHAPE_PLAIN, action_columns, ARRAY_SIZE(action_columns) };

enum { AFFINITY = 1, EFFECTIVE, AFFINITY_NAMES };

static const struct column affinity_columns[] = {
	[NUMBER] = { "irq", "IRQ", 5, COLUMN_RIGHT },
	[AFFINITY] = { "affinity", "AFFINITY", 16, COLUMN_LEFT },
	[EFFECTIVE] = { "effective", "EFFECTIVE", 9, COLUMN_LEFT },
	[AFFINITY_NAMES] = { "names", "NAMES", 0, COLUMN_LEFT },
};
static const struct shape affinity_shape = { "irqs", SHAPE_TABLE, affinity_columns, ARRAY_SIZE(affinity_columns) };

/* The middle of -s for people is one cell, as wide as there are CPUs, which has their numbers as its title. */
enum { COUNTS = 1, COUNT_CHIP, COUNT_HWIRQ, COUNT_FLOW, COUNT_NAMES, COUNT_COLUMNS };

struct view {
	struct kernel *kernel;
	struct output *output;
	bool all;
	const bool *cpus;	/* that are counted */
	bool (*row)(struct view *view, const struct irq *irq, uint64_t count, bool counted);
	struct buffer text;	/* at work */
	size_t damaged;
	struct error first;	/* why the first is */
	bool stopped;
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->damaged++)
		view->first = *why;
}

/* All CPUs that it may have had it: that one was not online in the end does not matter. */
static bool count_all(struct view *view, const struct irq *irq, uint64_t *count_ret)
{
	struct error why = { 0 };
	uint64_t count;

	*count_ret = 0;
	for (unsigned cpu = 0; cpu < view->kernel->nr_cpu_ids; cpu++) {
		if (view->cpus && !view->cpus[cpu])
			continue;
		if (!irq_count(view->kernel, irq, cpu, &count, &why)) {
			lose(view, &why);
			return false;
		}
		*count_ret += count;
	}
	return true;
}

static bool add_name(void *context, const struct irq_action *action, struct error *error)
{
	struct view *view = context;

	(void)error;
	buffer_printf(&view->text, "%s%s", view->text.size ? ", " : "", action->name);
	return true;
}

/* "timer, rtc0" */
static bool names_cell(struct view *view, size_t column, const struct irq *irq)
{
	struct error why = { 0 };

	buffer_clear(&view->text);
	if (!irq->action_known)
		return true;
	if (!irq_action_for_each(view->kernel, irq, add_name, view, &why)) {
		lose(view, &why);
		return true; /* a part of the list would look like all of it */
	}
	return output_bytes(view->output, column, view->text.data ? view->text.data : "", view->text.size);
}

static bool chip_cells(struct view *view, const struct irq *irq, size_t chip, size_t hwirq, size_t flow)
{
	struct output *output = view->output;

	return (!*irq->chip_name || output_string(output, chip, irq->chip_name)) && (!irq->hwirq_known || output_uint(output, hwirq, irq->hwirq)) &&
	       (!*irq->flow || output_string(output, flow, irq->flow));
}

/* --- without options: who handles them --- */

static bool action_row(void *context, const struct irq_action *action, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	const struct task *thread = action->thread ? task_find_address(view->kernel, action->thread) : NULL;
	bool more = output_row(output) && output_address(output, ACTION, action->address) && function_cell(view->kernel, view->output, HANDLER, action->handler) &&
		    output_printf(output, NAME, "%s", action->name) && output_address(output, DEVICE, action->device) &&
		    output_printf(output, FLAGS, "0x%llx", (unsigned long long)action->flags);

	(void)error;
	if (more && action->thread_fn)
		more = function_cell(view->kernel, view->output, THREAD, action->thread_fn);
	if (more && thread)
		more = output_uint(output, THREAD_PID, thread->pid);
	view->stopped = !more;
	return more;
}

static bool handlers_row(struct view *view, const struct irq *irq, uint64_t count, bool counted)
{
	struct output *output = view->output;
	struct error why = { 0 };

	if (!output_row(output) || !output_uint(output, NUMBER, irq->number) || !output_address(output, DESC, irq->address) ||
	    (counted && !output_uint(output, TOTAL, count)) || !chip_cells(view, irq, CHIP, HWIRQ, FLOW) ||
	    (irq->handler_known && !function_cell(view->kernel, view->output, FLOW_HANDLER, irq->handler)) || !output_begin(output, &actions_shape))
		return false;
	if (!irq->action_known)
		output_note(output, "interrupt %" PRIu64 ": who handles it is not known: %s", irq->number, irq->damage.text);
	else if (!irq_action_for_each(view->kernel, irq, action_row, view, &why))
		lose(view, &why);
	return output_end(output) && !view->stopped;
}

/* --- -a --- */

static bool affinity_cell(struct view *view, size_t column, const struct irq *irq, bool effective)
{
	struct error why = { 0 };

	buffer_clear(&view->text);
	if (irq_affinity(view->kernel, irq, effective, &view->text, &why))
		return output_bytes(view->output, column, view->text.data ? view->text.data : "", view->text.size);
	/* Not every kernel keeps where they go. */
	if (!effective || why.kind != ERROR_NO_MEMBER)
		lose(view, &why);
	return true;
}

static bool affinity_row(struct view *view, const struct irq *irq, uint64_t count, bool counted)
{
	(void)count;
	(void)counted;
	return output_row(view->output) && output_uint(view->output, NUMBER, irq->number) && affinity_cell(view, AFFINITY, irq, false) &&
	       affinity_cell(view, EFFECTIVE, irq, true) && names_cell(view, AFFINITY_NAMES, irq);
}

/* --- -s --- */

struct reading {
	struct kernel *kernel;
	const struct irq *irq;
};

static bool read_count(void *context, unsigned cpu, uint64_t *count_ret, struct error *error)
{
	struct reading *reading = context;

	return irq_count(reading->kernel, reading->irq, cpu, count_ret, error);
}

static bool counts_row(struct view *view, const struct irq *irq, uint64_t total, bool counted)
{
	struct output *output = view->output;
	struct reading reading = { view->kernel, irq };
	struct cpu_counts counts = { view->kernel, view->cpus, read_count, &reading };

	(void)total;
	(void)counted; /* those that are known are shown */
	return output_row(output) && output_uint(output, NUMBER, irq->number) &&
	       chip_cells(view, irq, COUNT_CHIP, COUNT_HWIRQ, COUNT_FLOW) && names_cell(view, COUNT_NAMES, irq) &&
	       cpu_counts_cell(output, COUNTS, &counts, NULL) && cpu_counts_array(output, &counts);
}

static bool each_irq(void *context, const struct irq *irq, struct error *error)
{
	struct view *view = context;
	bool counted;
	uint64_t count;

	(void)error;
	if (irq->damage.kind != ERROR_NONE)
		lose(view, &irq->damage);
	counted = count_all(view, irq, &count);
	/* As /proc/interrupts: what nobody handles and never came is of no interest. */
	if (!view->all && counted && !count && !irq->action && irq->damage.kind == ERROR_NONE)
		return true;
	view->stopped = !view->row(view, irq, count, counted);
	return !view->stopped;
}

static bool show(struct view *view, const struct shape *with, struct error *error)
{
	struct error why = { 0 };
	bool whole;

	if (!output_begin(view->output, with))
		return true;
	whole = irq_for_each(view->kernel, each_irq, view, &why);
	if (!output_end(view->output) || view->stopped)
		return true;
	if (!whole) {
		/* Without any descriptor there is no answer at all. */
		if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY || why.kind == ERROR_NO_SYMBOL) {
			*error = why;
			return false;
		}
		output_note(view->output, "there may be more interrupts: %s", why.text);
		lose(view, &why);
	}
	return !view->damaged || error_set(error, ERROR_PARTIAL, "irq: not all is known: %s", view->first.text);
}

static bool show_counts(struct view *view, struct error *error)
{
	struct buffer title = { 0 };
	struct column columns_of_counts[COUNT_COLUMNS] = {
		[NUMBER] = { "irq", "IRQ", 5, COLUMN_RIGHT },
		[COUNTS] = { "text", NULL, 0, COLUMN_TEXT_ONLY },
		[COUNT_CHIP] = { "chip", "CHIP", 10, COLUMN_LEFT },
		[COUNT_HWIRQ] = { "hwirq", "HWIRQ", 6, COLUMN_RIGHT },
		[COUNT_FLOW] = { "flow", "FLOW", 8, COLUMN_LEFT },
		[COUNT_NAMES] = { "names", "NAMES", 0, COLUMN_LEFT },
	};
	struct shape counts_shape = { "irqs", SHAPE_TABLE, columns_of_counts, COUNT_COLUMNS };
	bool done;

	if (!cpu_counts_title(view->kernel, view->cpus, &title, error)) {
		buffer_free(&title);
		return false;
	}
	columns_of_counts[COUNTS].title = title.data ? title.data : "";
	done = show(view, &counts_shape, error);
	buffer_free(&title);
	if (view->stopped || (!done && error->kind != ERROR_PARTIAL))
		return done;
	/* The first reason is the one that is told. */
	return irq_show_counters(view->kernel, view->output, view->cpus, done ? error : NULL) && done;
}

static bool irq_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	struct view view = { .kernel = kernel, .output = output, .all = has_option(arguments, 'u'), .row = handlers_row };
	struct task_table *table;
	bool *cpus = NULL;
	bool done;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "irq: %s? It takes no words", arguments->words[0]);
	if (has_option(arguments, 'a') + has_option(arguments, 's') + has_option(arguments, 'd') + has_option(arguments, 'b') > 1)
		return error_set(error, ERROR_USAGE, "irq: one of -a, -s, -d, -b at a time");
	if (has_option(arguments, 'c') && !has_option(arguments, 's'))
		return error_set(error, ERROR_USAGE, "irq: -c goes with -s");
	if (has_option(arguments, 'u') && (has_option(arguments, 'd') || has_option(arguments, 'b')))
		return error_set(error, ERROR_USAGE, "irq: -u does not go with -d, -b");
	if (has_option(arguments, 'd'))
		return irq_show_gates(kernel, output, error);
	if (has_option(arguments, 'b'))
		return irq_show_softirqs(kernel, output, error);
	/* Tasks are asked for the PIDs of threads only. */
	if (!tasks_get(kernel, &table, error) ||
	    (has_option(arguments, 's') && !select_cpus(kernel, option_value(arguments, 'c'), &cpus, error)))
		return false;
	view.cpus = cpus;
	if (has_option(arguments, 's')) {
		view.row = counts_row;
		done = show_counts(&view, error);
	} else {
		view.row = has_option(arguments, 'a') ? affinity_row : handlers_row;
		done = show(&view, has_option(arguments, 'a') ? &affinity_shape : &shape, error);
	}
	buffer_free(&view.text);
	free(cpus);
	return done;
}

static const char help[] =
	"Those that somebody handles, or that have come: descriptor, number at the chip,\n"
	"how often all CPUs have had it, chip and flow; below each its handlers with\n"
	"their names, and the thread in which one goes on. -s counts by CPU, as\n"
	"/proc/interrupts, with the machine's own lines (NMI, LOC, IPI0) below, and those\n"
	"that the kernel leaves out there. -d is of x86: type, who may call it (DPL), the\n"
	"stack of its own (IST) and the handler of each vector.\n"
	"\n"
	"JSON: \"irqs\", with \"actions\"; -s with \"counts\" and \"machine\"; -d \"gates\"; -b\n"
	"\"softirqs\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel irq\n"
	"  IRQ      IRQ_DESC          HWIRQ       COUNT  CHIP        FLOW\n"
	"    1  ff2ec9fe8114e400          1           9  IO-APIC     edge\n"
	"     ff2ec9fe81a3a600 i8042_interrupt      i8042\n"
	"   27  ff2ec9fe8197cc00      16387           1  PCI-MSI     edge\n"
	"     ff2ec9febffaca00 vring_interrupt [virtio_ring] virtio0-req.2\n";

static const struct mi_name mi_names[] = { { "interrupts", NULL }, { 0 } };

const struct command command_irq = {
	.name = "irq",
	.mi = mi_names,
	.summary = "Show interrupts and who handles them.",
	.usage = "irq [-u] [-a|-s [-c LIST]] | irq -d | irq -b",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = irq_run,
};
