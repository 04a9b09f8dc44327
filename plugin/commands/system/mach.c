// SPDX-License-Identifier: GPL-3.0-or-later
/* mach: the machine and its memory's layout. The options are crash's. */
#include <inttypes.h>
#include <string.h>

#include "commands/command.h"
#include "kernel/memory/memory_use.h"
#include "kernel/memory/page.h"
#include "kernel/system/memory_layout.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'm', NULL, "physical memory, as the firmware and the kernel have it" },
	{ 'c', NULL, "what the kernel knows of each CPU" },
	{ 'x', NULL, "with -c: numbers in hexadecimal" },
	{ 'd', NULL, "with -c: numbers in decimal" },
	{ 0 }
};

enum { MACHINE, MEMORY, CPUS, PAGE_SIZE, HZ, STACK, DIRECT, IMAGE, IMAGE_END, PAGES };

static const struct column columns[] = {
	[MACHINE] = { "machine", "MACHINE", 20, 0 },
	[MEMORY] = { "memory_bytes", "MEMORY", 20, 0 },
	[CPUS] = { "cpus", "CPUS", 20, 0 },
	[PAGE_SIZE] = { "page_bytes", "PAGE SIZE", 20, 0 },
	[HZ] = { "hz", "HZ", 20, 0 },
	[STACK] = { "stack_bytes", "STACK SIZE", 20, 0 },
	[DIRECT] = { "direct_map", "DIRECT MAP", 20, COLUMN_ADDRESS },
	[IMAGE] = { "image_start", "KERNEL IMAGE", 20, COLUMN_ADDRESS },
	[IMAGE_END] = { "image_end", "ITS END", 20, COLUMN_ADDRESS },
	[PAGES] = { "page_array", "STRUCT PAGES", 20, COLUMN_ADDRESS },
};
static const struct shape shape = { "machine", SHAPE_LIST, columns, ARRAY_SIZE(columns) };

static const struct column region_columns[] = {
	{ "start", "PHYSICAL", 16, COLUMN_ADDRESS },
	{ "last", "LAST", 16, COLUMN_ADDRESS },
	{ "type", "TYPE", 0, 0 },
};
static const struct shape region_shape = { "regions", SHAPE_TABLE, region_columns, ARRAY_SIZE(region_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	size_t missing;
};

static void lose(struct view *view, const char *what, const struct error *why)
{
	view->missing++;
	output_note(view->output, "%s is not known: %s", what, why->text);
}

static void memory_cells(struct view *view)
{
	struct kernel *kernel = view->kernel;
	struct output *output = view->output;
	const struct page_map *map;
	struct error why = { 0 };
	uint64_t value;

	if (memory_total(kernel, &value, &why))
		output_uint_as(output, MEMORY, value, "%" PRIu64 " MiB", value >> 20);
	else
		lose(view, "the memory's size", &why);
	output_uint(output, PAGE_SIZE, memory_page_size(kernel->memory));
	if (!page_map_get(kernel, &map, &why)) {
		lose(view, "where memory is mapped", &why);
		return;
	}
	if (map->direct_known)
		output_address(output, DIRECT, map->direct & memory_last(kernel->memory));
	if (map->nr_runs)
		output_address(output, PAGES, map->runs[0].address);
}

static bool show_machine(struct view *view)
{
	struct kernel *kernel = view->kernel;
	struct output *output = view->output;
	struct error why = { 0 };
	uint64_t value;

	output_begin(output, &shape);
	output_string(output, MACHINE, kernel->arch->name);
	if (kernel->nr_cpus)
		output_uint(output, CPUS, kernel->nr_cpus);
	memory_cells(view);
	if (kernel_tick(kernel, &value, &why))
		output_uint(output, HZ, (UINT64_C(1000000000) + value / 2) / value);
	else
		lose(view, "how long a tick is", &why);
	output_uint(output, STACK, task_stack_size(kernel));
	if (kernel_symbol(kernel, "_text", &value, &why) || kernel_symbol(kernel, "_stext", &value, &why))
		output_address(output, IMAGE, value);
	else
		lose(view, "where the kernel's image begins", &why);
	if (kernel_symbol(kernel, "_end", &value, &why))
		output_address(output, IMAGE_END, value);
	return output_end(output);
}

static bool one_region(void *context, const struct memory_region *region)
{
	struct view *view = context;

	return output_row(view->output) && output_address(view->output, 0, region->start) &&
	       output_address(view->output, 1, region->start + region->size - 1) && output_string(view->output, 2, region->type);
}

static bool show_regions(struct view *view, struct error *error)
{
	const char *source = NULL;
	bool done;

	output_begin(view->output, &region_shape);
	done = memory_regions_for_each(view->kernel, &source, one_region, view, error);
	output_end(view->output);
	if (done && !strcmp(source, "memblock"))
		output_note(view->output, "by memblock, which has usable memory only");
	return done || error_prefix(error, "mach -m");
}

/* `kernel p cpu_info:a', or what the machine calls it. */
static bool show_cpus(struct view *view, const struct arguments *given, const struct host *host, struct error *error)
{
	static const char *const names[][2] = { { "cpu_info", "cpu_info:a" }, { "cpu_data", "cpu_data:a" } };
	struct arguments arguments = { .nr_words = 1, .options = command_p.options };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct symbol *symbol = symtab_find(view->kernel->symbols, names[i][0]);

		if (!symbol || !symbol->percpu)
			continue;
		arguments.words[0] = (char *)names[i][1];
		for (size_t j = 0; command_p.options[j].letter; j++)
			if (strchr("xd", command_p.options[j].letter) && has_option(given, command_p.options[j].letter))
				arguments.flags |= 1ull << j;
		return command_p.run(view->kernel, &arguments, view->output, host, error) || error_prefix(error, "mach -c");
	}
	return error_set(error, ERROR_NO_SYMBOL, "mach -c: this kernel has neither cpu_info nor cpu_data of each CPU");
}

static bool mach_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };

	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "mach: %s? It takes no words", arguments->words[0]);
	if (has_option(arguments, 'm') && has_option(arguments, 'c'))
		return error_set(error, ERROR_USAGE, "mach: -m or -c");
	if (has_option(arguments, 'm'))
		return show_regions(&view, error);
	if (has_option(arguments, 'c'))
		return show_cpus(&view, arguments, host, error);
	show_machine(&view);
	return !view.missing || error_set(error, ERROR_PARTIAL, "mach: not all is known");
}

static const char help[] =
	"The machine: its memory, CPUs, clock, and where the kernel has what. -m is the\n"
	"map of physical memory, by the firmware and the kernel's corrections. -c is the\n"
	"kernel's own structure about each CPU. MEMORY is what the kernel manages; DIRECT\n"
	"MAP is where physical address 0 is, or would be if there were memory.\n"
	"\n"
	"JSON: \"machine\"; -m an array \"regions\"; -c \"values\" as of `kernel p'.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel mach -m\n"
	"    PHYSICAL            LAST        TYPE\n"
	"0000000000000000  0000000000000fff  reserved\n"
	"0000000000001000  000000000009fbff  usable\n"
	"[...]\n";

static const struct mi_name mi_names[] = { { "machine", NULL }, { "machine-memory", "-m" }, { 0 } };

const struct command command_mach = {
	.name = "mach",
	.mi = mi_names,
	.summary = "Show the machine and its memory's layout.",
	.usage = "mach [-m | -c [-x|-d]]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = mach_run,
};
