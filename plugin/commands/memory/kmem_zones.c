// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -z: the zones, as /proc/zoneinfo has them. */
#include "commands/memory/kmem.h"

#include "base/buffer.h"
#include "kernel/memory/zones.h"

enum { NODE, NAME, ADDRESS, PROTECTION };

static const struct column columns[] = {
	[NODE] = { "node", "NODE", 0, 0 },
	[NAME] = { "name", "ZONE", 7, 0 },
	[ADDRESS] = { "address", "ADDRESS", 16, COLUMN_ADDRESS },
	[PROTECTION] = { "protection", "PROTECTION", 0, 0 },
};
static const struct column figure_columns[] = {
	{ "name", "  %", 30, 0 },
	{ "value", "%", 14, COLUMN_RIGHT },
};
enum { CPU, COUNT };
/* The rest are enum zone_cpu_figure behind CPU. */
static const struct column cpu_columns[] = {
	[CPU] = { "cpu", "  CPU", 5, COLUMN_RIGHT },
	[COUNT] = { "count", "COUNT", 8, COLUMN_RIGHT },
	{ "high", "HIGH", 8, COLUMN_RIGHT },
	{ "batch", "BATCH", 6, COLUMN_RIGHT },
	{ "high_min", "HIGH_MIN", 8, COLUMN_RIGHT },
	{ "high_max", "HIGH_MAX", 8, COLUMN_RIGHT },
	{ "threshold", "THRESHOLD", 9, COLUMN_RIGHT },
};
static const struct shape shape = { "zones", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
static const struct shape figure_shape = { "figures", SHAPE_PLAIN, figure_columns, ARRAY_SIZE(figure_columns) };
static const struct shape counter_shape = { "counters", SHAPE_PLAIN, figure_columns, ARRAY_SIZE(figure_columns) };
static const struct shape cpu_shape = { "cpus", SHAPE_TABLE, cpu_columns, ARRAY_SIZE(cpu_columns) };

/* Those that this kernel has; what could not be read is "-". */
static bool emit_figures(struct output *output, const struct zone *zone)
{
	if (!output_begin(output, &figure_shape))
		return false;
	for (enum zone_figure figure = 0; figure < NR_ZONE_FIGURES; figure++) {
		if (!(zone->has >> figure & 1))
			continue;
		if (!output_row(output) || !output_string(output, 0, zone_figure_name(figure)) ||
		    (zone_knows(zone, figure) && !output_uint(output, 1, zone->figures[figure])))
			return false;
	}
	return output_end(output);
}

static bool each_counter(void *context, const char *name, int64_t value)
{
	struct output *output = context;

	return output_row(output) && output_string(output, 0, name) && output_int(output, 1, value);
}

static bool emit_counters(struct output *output, const struct zone *zone, struct error *error)
{
	if (!output_begin(output, &counter_shape))
		return false;
	return zone_counters_for_each(zone, each_counter, output, error) && output_end(output);
}

static bool emit_cpus(struct output *output, const struct zone *zone, struct error *why)
{
	struct kernel *kernel = zone->kernel;

	if (!output_begin(output, &cpu_shape))
		return false;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		int64_t figures[NR_ZONE_CPU_FIGURES];
		uint32_t has, known;

		zone_cpu_figures(zone, cpu, figures, &has, &known, why);
		if (!output_row(output) || !output_uint(output, CPU, cpu))
			return false;
		for (unsigned i = 0; i < NR_ZONE_CPU_FIGURES; i++)
			if (known >> i & 1 && !output_int(output, COUNT + i, figures[i]))
				return false;
	}
	return output_end(output);
}

static bool each_zone(void *context, const struct zone *zone, struct error *error)
{
	struct output *output = context;
	struct buffer protection = { 0 };
	struct error why = zone->damage;
	bool more;

	for (size_t i = 0; i < zone->nr_protection; i++)
		buffer_printf(&protection, "%s%lld", i ? ", " : "", (long long)zone->protection[i]);
	more = output_row(output) && output_uint(output, NODE, zone->node) && output_string(output, NAME, zone->name) &&
	       output_address(output, ADDRESS, zone->address) &&
	       (!zone->nr_protection || output_bytes(output, PROTECTION, protection.data, protection.size)) && emit_figures(output, zone);
	buffer_free(&protection);
	if (!more)
		return false;
	/* /proc/zoneinfo, too, has no more of one without pages. */
	if (!zone_knows(zone, ZONE_PRESENT) || zone->figures[ZONE_PRESENT])
		more = emit_counters(output, zone, error) && emit_cpus(output, zone, &why);
	if (why.kind != ERROR_NONE)
		output_note(output, "not all of zone %s could be read: %s", zone->name, why.text);
	return more;
}

bool kmem_zones(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		struct error *error)
{
	(void)arguments, (void)host;
	if (!output_begin(output, &shape))
		return true;
	if (!zones_for_each(kernel, each_zone, output, error))
		return false;
	output_end(output);
	return true;
}
