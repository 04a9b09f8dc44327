// SPDX-License-Identifier: GPL-3.0-or-later
/* irq -s: the lines of /proc/interrupts that have letters instead of a number. */
#include <inttypes.h>

#include "base/buffer.h"
#include "commands/system/cpu_counts.h"
#include "commands/system/irq.h"
#include "kernel/system/irq_counters.h"

enum { NAME, COUNTS, TOTAL, DESCRIPTION, COLUMNS };

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

struct reading {
	struct kernel *kernel;
	const struct irq_counter *counter;
};

static bool read_count(void *context, unsigned cpu, uint64_t *count_ret, struct error *error)
{
	struct reading *reading = context;

	return irq_counter_read(reading->kernel, reading->counter, cpu, count_ret, error);
}

/* That of all CPUs has no counts of each. */
static bool none(void *context, unsigned cpu, uint64_t *count_ret, struct error *error)
{
	(void)context, (void)cpu, (void)count_ret, (void)error;
	return false;
}

static bool one_row(void *context, const struct irq_counter *counter, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	struct reading reading = { view->kernel, counter };
	struct cpu_counts counts = { view->kernel, view->cpus, counter->global ? none : read_count, &reading };
	struct error why = { 0 };
	bool more = output_row(output) && output_string(output, NAME, counter->name);

	(void)error;
	if (more && *counter->description)
		more = output_string(output, DESCRIPTION, counter->description);
	if (more)
		more = counter->global ? total_row(view, counter) : cpu_counts_cell(output, COUNTS, &counts, &why);
	if (why.kind != ERROR_NONE)
		lose(view, &why);
	return more && cpu_counts_array(output, &counts);
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

	if (!cpu_counts_title(kernel, cpus, &title, error)) {
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
