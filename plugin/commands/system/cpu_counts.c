// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/system/cpu_counts.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buffer.h"

bool cpu_counts_title(struct kernel *kernel, const bool *cpus, struct buffer *title, struct error *error)
{
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		char name[16];

		snprintf(name, sizeof(name), "CPU%u", cpu);
		if (cpus[cpu])
			buffer_printf(title, "%s%10s", title->size ? "  " : "", name);
	}
	return !title->failed || error_no_memory(error, "the CPUs", title->size);
}

bool cpu_counts_cell(struct output *output, size_t column, const struct cpu_counts *counts, struct error *why)
{
	struct buffer line = { 0 };
	uint64_t count;
	bool more;

	for (unsigned cpu = 0; cpu < counts->kernel->nr_cpu_ids; cpu++) {
		if (!counts->cpus[cpu])
			continue;
		buffer_string(&line, line.size ? "  " : "");
		if (counts->read(counts->context, cpu, &count, why))
			buffer_printf(&line, "%10" PRIu64, count);
		else
			buffer_printf(&line, "%10s", "-");
	}
	more = output_bytes(output, column, line.data ? line.data : "", line.size);
	buffer_free(&line);
	return more;
}

bool cpu_counts_array(struct output *output, const struct cpu_counts *counts)
{
	static const struct column columns[] = {
		{ "cpu", NULL, 0, COLUMN_JSON_ONLY },
		{ "count", NULL, 0, COLUMN_JSON_ONLY },
	};
	static const struct shape shape = { "counts", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };
	bool more = output_begin(output, &shape);
	uint64_t count;

	if (!more)
		return false;
	for (unsigned cpu = 0; more && cpu < counts->kernel->nr_cpu_ids; cpu++)
		if (counts->cpus[cpu] && counts->read(counts->context, cpu, &count, NULL))
			more = output_row(output) && output_uint(output, 0, cpu) && output_uint(output, 1, count);
	return output_end(output) && more;
}
