// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -V: the counters of /proc/vmstat, under the names that the kernel's source has for them. */
#include "commands/memory/kmem.h"

#include "kernel/memory/memory_counters.h"

static const struct column columns[] = {
	{ "name", "COUNTER", 32, 0 },
	{ "value", "VALUE", 14, COLUMN_RIGHT },
};
static const struct column event_columns[] = {
	{ "name", "EVENT", 32, 0 },
	{ "value", "VALUE", 14, COLUMN_RIGHT },
};
static const struct shape shape = { "counters", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
static const struct shape event_shape = { "events", SHAPE_TABLE, event_columns, ARRAY_SIZE(event_columns) };

static bool each_counter(void *context, const char *name, int64_t value)
{
	struct output *output = context;

	return output_row(output) && output_string(output, 0, name) && output_int(output, 1, value);
}

static bool each_event(void *context, const char *name, uint64_t value)
{
	struct output *output = context;

	return output_row(output) && output_string(output, 0, name) && output_uint(output, 1, value);
}

bool kmem_counters(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		   struct error *error)
{
	struct memory_counters counters;
	struct error why = { 0 }, events_why = { 0 };
	bool whole, events;

	(void)arguments, (void)host;
	memory_counters_read(kernel, &counters);
	if (!output_begin(output, &shape))
		return true;
	whole = memory_counters_for_each(&counters, each_counter, output, &why);
	output_end(output);
	if (!whole || counters.damage.kind != ERROR_NONE)
		output_note(output, "not all counters could be read: %s", whole ? counters.damage.text : why.text);
	if (!output_heading(output, "Events, of all CPUs, since boot") || !output_begin(output, &event_shape))
		return true;
	events = memory_events_for_each(kernel, each_event, output, &events_why);
	output_end(output);
	if (events)
		return whole || error_set(error, ERROR_PARTIAL, "kmem -V: the counters: %s", why.text);
	if (!whole) {
		*error = why;
		return false;
	}
	return error_set(error, ERROR_PARTIAL, "kmem -V: the events: %s", events_why.text);
}
