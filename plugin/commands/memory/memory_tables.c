// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/memory/memory_tables.h"

void memory_items_table(struct output *output, const struct memory_use *use)
{
	static const struct column columns[] = {
		{ "name", "MEMORY", 14, COLUMN_LEFT },
		{ "bytes", "kB", 10, COLUMN_RIGHT },
	};
	static const struct shape shape = { "memory", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

	output_begin(output, &shape);
	for (unsigned i = 0; i < NR_MEMORY_ITEMS; i++) {
		if (use->items[i].absent && !use->items[i].known)
			continue;
		if (!output_row(output))
			break;
		output_string(output, 0, memory_item_name(i));
		if (use->items[i].known)
			output_uint_as(output, 1, use->items[i].bytes, "%llu",
				       (unsigned long long)use->items[i].bytes / 1024);
	}
	output_end(output);
	if (use->damage[0])
		output_note(output, "memory: not all could be read: %s", use->damage);
}

void memory_parts_table(struct output *output, const struct memory_use *use)
{
	static const struct column columns[] = {
		{ "name", "WHAT IT IS USED FOR", 32, COLUMN_LEFT },
		{ "part", "", 0, COLUMN_JSON_ONLY },
		{ "bytes", "kB", 10, COLUMN_RIGHT },
		{ "percent", "%", 5, COLUMN_RIGHT },
	};
	static const struct shape shape = { "memory_parts", SHAPE_TABLE, columns,
					    ARRAY_SIZE(columns) };
	uint64_t total = use->items[MEMORY_TOTAL].bytes;

	output_begin(output, &shape);
	for (unsigned i = 0; use->parts_known && total && i < NR_MEMORY_PARTS; i++) {
		if (!memory_part_counted(use, i))
			continue;
		if (!output_row(output))
			break;
		output_string(output, 0, memory_part_name(i));
		output_string(output, 1, memory_part_key(i));
		if (use->part_lost[i])
			continue;
		output_uint_as(output, 2, use->parts[i], "%llu",
			       (unsigned long long)use->parts[i] / 1024);
		output_real(output, 3, 100.0 * use->parts[i] / total, 1);
	}
	output_end(output);
	if (!use->parts_known)
		output_note(output, "memory: its parts do not add up to what there was, "
				    "so they are not shown");
}
