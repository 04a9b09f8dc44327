// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -o: what is added to the address of a per-CPU variable to have that of each CPU. */
#include "commands/memory/kmem.h"

static const struct column columns[] = {
	{ "cpu", "CPU", 4, COLUMN_RIGHT },
	{ "offset", "OFFSET", 16, COLUMN_ADDRESS },
};
static const struct shape shape = { "offsets", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

bool kmem_per_cpu(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		  struct error *error)
{
	(void)arguments, (void)host;
	if (!kernel->per_cpu_offset)
		return error_set(error, ERROR_CORRUPT, "kmem -o: the per-CPU offsets are not known: %s", kernel->damage);
	if (!output_begin(output, &shape))
		return true;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids && output_row(output); cpu++)
		if (!output_uint(output, 0, cpu) || !output_address(output, 1, kernel->per_cpu_offset[cpu]))
			break;
	output_end(output);
	return true;
}
