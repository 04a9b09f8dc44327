// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -n: nodes and their counters, sections of memory, memory blocks. */
#include "commands/memory/kmem.h"

#include <inttypes.h>

#include "kernel/containers.h"
#include "kernel/memory/nodes.h"
#include "kernel/memory/page.h"
#include "kernel/memory/zones.h"

enum { NODE, ADDRESS, START, SPANNED, PRESENT };

static const struct column columns[] = {
	[NODE] = { "node", "NODE", 0, 0 },
	[ADDRESS] = { "address", "ADDRESS", 16, COLUMN_ADDRESS },
	[START] = { "start_pfn", "FROM PAGE", 0, 0 },
	[SPANNED] = { "spanned", "SPANNED", 0, 0 },
	[PRESENT] = { "present", "PRESENT", 0, 0 },
};
static const struct column counter_columns[] = {
	{ "name", "  %", 32, 0 },
	{ "value", "%", 14, COLUMN_RIGHT },
};
enum { NUMBER, SECTION, PHYSICAL, MAP, FLAGS };
static const struct column section_columns[] = {
	[NUMBER] = { "number", "NR", 5, COLUMN_RIGHT },
	[SECTION] = { "address", "SECTION", 16, COLUMN_ADDRESS },
	[PHYSICAL] = { "physical", "PHYSICAL", 16, COLUMN_ADDRESS },
	[MAP] = { "map", "PAGES", 16, COLUMN_ADDRESS },
	[FLAGS] = { "flags", "FLAGS", 5, COLUMN_RIGHT },
};
enum { BLOCK, BLOCK_ADDRESS, BLOCK_START, BLOCK_END, BLOCK_STATE, BLOCK_NODE };
static const struct column block_columns[] = {
	[BLOCK] = { "number", "BLOCK", 5, COLUMN_RIGHT },
	[BLOCK_ADDRESS] = { "address", "ADDRESS", 16, COLUMN_ADDRESS },
	[BLOCK_START] = { "start", "PHYSICAL", 16, COLUMN_ADDRESS },
	[BLOCK_END] = { "end", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[BLOCK_STATE] = { "state", "STATE", 13, 0 },
	[BLOCK_NODE] = { "node", "NODE", 4, COLUMN_RIGHT },
};
static const struct shape shape = { "nodes", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
static const struct shape counter_shape = { "counters", SHAPE_PLAIN, counter_columns, ARRAY_SIZE(counter_columns) };
static const struct shape section_shape = { "sections", SHAPE_TABLE, section_columns, ARRAY_SIZE(section_columns) };
static const struct shape block_shape = { "blocks", SHAPE_TABLE, block_columns, ARRAY_SIZE(block_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	const struct page_map *map;
	uint64_t per_block;	/* sections; 0 = not known */
	bool partial;
	struct error why;	/* of the first that is missing */
};

static bool lose(struct view *view, const struct error *why)
{
	if (!view->partial)
		view->why = *why;
	view->partial = true;
	return true;
}

static bool each_counter(void *context, const char *name, int64_t value)
{
	struct output *output = context;

	return output_row(output) && output_string(output, 0, name) && output_int(output, 1, value);
}

static bool each_node(void *context, uint32_t id, uint64_t node, struct error *error)
{
	static const struct { size_t column; const char *member; } members[] = {
		{ START, "node_start_pfn" }, { SPANNED, "node_spanned_pages" }, { PRESENT, "node_present_pages" },
	};
	struct view *view = context;
	struct output *output = view->output;
	struct error why = { 0 };
	uint64_t value;

	(void)error;
	if (!output_row(output) || !output_uint(output, NODE, id) || !output_address(output, ADDRESS, node))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!kernel_read_member(view->kernel, node, "pglist_data", members[i].member, &value, &why))
			lose(view, &why);
		else if (!output_uint(output, members[i].column, value))
			return false;
	/* Before 4.8 (75ef71840539) nodes had none. */
	if (!types_has_member(view->kernel->types, "pglist_data", "vm_stat"))
		return true;
	if (!output_begin(output, &counter_shape))
		return false;
	if (!node_counters_for_each(view->kernel, node, each_counter, output, &why))
		lose(view, &why);
	return output_end(output);
}

static bool each_section(void *context, const struct section *section, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	char flags[8], *end = flags;		/* SECTION_*_BIT, of which the first four have kept their place */

	(void)error;
	*end++ = 'P';
	if (section->has_map)
		*end++ = 'M';
	if (section->encoded & 4)
		*end++ = 'O';
	if (section->encoded & 8)
		*end++ = 'E';
	*end = 0;
	return output_row(output) && output_uint(output, NUMBER, section->number) && output_address(output, SECTION, section->address) &&
	       output_address(output, PHYSICAL, section->pfn * view->map->page_size) &&
	       (!section->has_map || output_address(output, MAP, section->map)) && output_string(output, FLAGS, flags);
}

/* MEM_ONLINE ...: bits of include/linux/memory.h, numbers since they are an enumeration (6.18). */
static const char *state_name(struct kernel *kernel, uint64_t state)
{
	static const struct { uint64_t bit; const char *enumerator, *name; } names[] = {
		{ 1, "MEM_ONLINE", "online" }, { 2, "MEM_GOING_OFFLINE", "going offline" }, { 4, "MEM_OFFLINE", "offline" },
		{ 8, "MEM_GOING_ONLINE", "going online" },
	};
	int64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!types_enumerator(kernel->types, "memory_block_state", names[i].enumerator, &value, NULL))
			value = (int64_t)names[i].bit;
		if (state == (uint64_t)value)
			return names[i].name;
	}
	return NULL;
}

static bool each_block(void *context, uint64_t index, uint64_t block, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	struct kernel *kernel = view->kernel;
	uint64_t bytes = view->map->section_pages * view->map->page_size, section, state, node;
	const char *name;

	if (!kernel_read_member(kernel, block, "memory_block", "start_section_nr", &section, error) ||
	    !kernel_read_member(kernel, block, "memory_block", "state", &state, error))
		return false;
	if (!output_row(output) || !output_uint(output, BLOCK, index) || !output_address(output, BLOCK_ADDRESS, block) ||
	    !output_address(output, BLOCK_START, section * bytes) ||
	    (view->per_block && !output_address(output, BLOCK_END, (section + view->per_block) * bytes)))
		return false;
	name = state_name(kernel, state);
	if (name ? !output_string(output, BLOCK_STATE, name) : !output_printf(output, BLOCK_STATE, "0x%" PRIx64, state))
		return false;
	return !kernel_read_member(kernel, block, "memory_block", "nid", &node, NULL) || output_int(output, BLOCK_NODE, (int32_t)node);
}

static bool show_sections(struct view *view, struct error *error)
{
	struct error damage = { 0 };

	if (!view->map->section_pages)
		return true;
	output_heading(view->output, "Sections: P present, M has its pages, O online, E there since boot");
	if (!output_begin(view->output, &section_shape))
		return true;
	if (!sections_for_each(view->kernel, each_section, view, &damage, error))
		return false;
	if (damage.kind != ERROR_NONE)
		lose(view, &damage);
	output_end(view->output);
	return true;
}

/* Memory that can be plugged: an xarray by their numbers since 5.8 (4fb6eabf1037). */
static void show_blocks(struct view *view)
{
	struct error why = { 0 };
	uint64_t blocks;

	if (!view->map->section_pages || !kernel_symbol(view->kernel, "memory_blocks", &blocks, NULL) ||
	    !types_has_member(view->kernel->types, "memory_block", "start_section_nr"))
		return;
	kernel_read_variable(view->kernel, "sections_per_block", 4, &view->per_block, NULL);
	output_heading(view->output, "Memory blocks");
	if (!output_begin(view->output, &block_shape))
		return;
	if (!xarray_for_each(view->kernel, blocks, each_block, view, &why))
		lose(view, &why);
	output_end(view->output);
}

bool kmem_nodes(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };

	(void)arguments, (void)host;
	if (!page_map_get(kernel, &view.map, error))
		return false;
	if (!output_begin(output, &shape))
		return true;
	if (!nodes_for_each(kernel, each_node, &view, error))
		return false;
	output_end(output);
	if (!show_sections(&view, error))
		return false;
	show_blocks(&view);
	if (view.partial)
		return error_set(error, ERROR_PARTIAL, "kmem -n: something is missing: %s", view.why.text);
	return true;
}
