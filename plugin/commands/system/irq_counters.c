// SPDX-License-Identifier: GPL-3.0-or-later
/* irq -s: the lines of /proc/interrupts that have letters instead of a number. */
#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"
#include "commands/system/irq.h"
#include "kernel/system/irq_counters.h"

enum { NAME, COUNTS, TOTAL, DESCRIPTION, COLUMNS };

static const struct column cpu_columns[] = {
	{ "cpu", NULL, 0, COLUMN_JSON_ONLY },
	{ "count", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape cpus_shape = { "counts", SHAPE_PLAIN, cpu_columns, ARRAY_SIZE(cpu_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	const bool *cpus;
	size_t damaged;
	struct error first;
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->damaged++)
		view->first = *why;
}

bool irq_cpus_title(struct kernel *kernel, const bool *cpus, struct buffer *title, struct error *error)
{
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		char name[16];

		snprintf(name, sizeof(name), "CPU%u", cpu);
		if (cpus[cpu])
			buffer_printf(title, "%s%10s", title->size ? "  " : "", name);
	}
	return !title->failed || error_no_memory(error, "the CPUs", title->size);
}

/* One number for all CPUs: as /proc/interrupts, it stands where the first CPU's would. */
static bool total_row(struct view *view, const struct irq_counter *counter)
{
	struct error why = { 0 };
	uint64_t count;

	if (irq_counter_read(view->kernel, counter, 0, &count, &why))
		return output_uint(view->output, TOTAL, count) && output_printf(view->output, COUNTS, "%10" PRIu64, count);
	lose(view, &why);
	return true;
}

static bool one_row(void *context, const struct irq_counter *counter, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	struct buffer line = { 0 };
	struct error why = { 0 };
	uint64_t count;
	bool more = output_row(output) && output_string(output, NAME, counter->name);

	(void)error;
	if (more && *counter->description)
		more = output_string(output, DESCRIPTION, counter->description);
	for (unsigned cpu = 0; more && !counter->global && cpu < view->kernel->nr_cpu_ids; cpu++) {
		if (!view->cpus[cpu])
			continue;
		buffer_string(&line, line.size ? "  " : "");
		if (irq_counter_read(view->kernel, counter, cpu, &count, &why))
			buffer_printf(&line, "%10" PRIu64, count);
		else
			buffer_printf(&line, "%10s", "-");
	}
	if (why.kind != ERROR_NONE)
		lose(view, &why);
	if (more)
		more = counter->global ? total_row(view, counter) : output_bytes(output, COUNTS, line.data ? line.data : "", line.size);
	buffer_free(&line);
	if (!more || !output_begin(output, &cpus_shape))
		return false;
	for (unsigned cpu = 0; more && !counter->global && cpu < view->kernel->nr_cpu_ids; cpu++)
		if (view->cpus[cpu] && irq_counter_read(view->kernel, counter, cpu, &count, NULL))
			more = output_row(output) && output_uint(output, 0, cpu) && output_uint(output, 1, count);
	return output_end(output) && more;
}

bool irq_show_counters(struct kernel *kernel, struct output *output, const bool *cpus, struct error *error)
{
	struct view view = { .kernel = kernel, .output = output, .cpus = cpus };
	struct buffer title = { 0 };
	struct column columns[COLUMNS] = {
		[NAME] = { "name", "", 5, COLUMN_RIGHT },
		[COUNTS] = { "text", NULL, 0, COLUMN_TEXT_ONLY },
		[TOTAL] = { "count", NULL, 0, COLUMN_JSON_ONLY },
		[DESCRIPTION] = { "description", "", 0, COLUMN_LEFT },
	};
	struct shape shape = { "machine", SHAPE_TABLE, columns, COLUMNS };
	struct error why = { 0 };
	bool whole;

	if (!irq_cpus_title(kernel, cpus, &title, error)) {
		buffer_free(&title);
		return false;
	}
	columns[COUNTS].title = title.data ? title.data : "";
	output_begin(output, &shape);
	whole = irq_counter_for_each(kernel, one_row, &view, &why);
	if (!whole && why.kind != ERROR_NONE)
		output_note(output, "not all that the machine counts by itself is shown: %s", why.text);
	output_end(output);
	buffer_free(&title);
	/* That a kernel has none is an answer. */
	if (!whole && why.kind != ERROR_NONE && why.kind != ERROR_NO_MEMBER)
		lose(&view, &why);
	return !view.damaged || error_set(error, ERROR_PARTIAL, "irq: not all is known: %s", view.first.text);
}
