// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem: which view; kmem.h says how to add one. */
#include "commands/memory/kmem.h"

#include "commands/memory/memory_tables.h"

static const struct {
	char letter;
	kmem_view *show;
} views[] = {
	{ 'i', kmem_use },
	{ 'o', kmem_per_cpu },
	{ 'v', kmem_vmalloc },
	{ 'V', kmem_counters },
};

static const struct option options[] = {
	{ 'i', NULL, "what memory was used for, as /proc/meminfo, and as parts that add up" },
	{ 'o', NULL, "each CPU's per-CPU offset" },
	{ 'v', NULL, "areas of vmalloc, ioremap, modules, stacks: as /proc/vmallocinfo" },
	{ 'V', NULL, "counters of pages and of events: as /proc/vmstat" },
	{ 0 }
};

bool kmem_use(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
	      struct error *error)
{
	struct memory_use use;

	(void)arguments, (void)host;
	if (!memory_use(kernel, &use, error))
		return false;
	memory_items_table(output, &use);
	output_heading(output, "The same memory, in parts that do not overlap");
	memory_parts_table(output, &use);
	return true;
}

static bool kmem_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	kmem_view *show = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		if (!has_option(arguments, views[i].letter))
			continue;
		if (show)
			return error_set(error, ERROR_USAGE, "kmem: one view at a time");
		show = views[i].show;
	}
	if (!show)
		return error_set(error, ERROR_USAGE, "kmem: which view? -i memory use, -o per-CPU offsets, -v vmalloc, -V counters");
	if (arguments->nr_words && show != kmem_vmalloc)
		return error_set(error, ERROR_USAGE, "kmem: only -v takes addresses");
	return show(kernel, arguments, output, host, error);
}

static const char help[] =
	"Bytes are counted as the kernel itself counts them; what CPUs had counted\n"
	"and not yet added up is added. What cannot be read is \"-\", and a note says\n"
	"why.\n"
	"\n"
	"-v takes addresses, too: then it shows the areas that they are in.\n"
	"A guard page belongs to the area. CALLER is who asked for it.\n"
	"\n"
	"JSON: -i \"memory\" and \"memory_parts\" (bytes); -v \"areas\" (start, end, size\n"
	"in bytes, vm_struct, pages, physical, kinds, caller); -V \"counters\" (of zones\n"
	"and nodes, pages unless the name says else) and \"events\"; -o \"offsets\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel kmem -v ff78af31c000c000 ff78af31c000e000\n"
	"     START              SIZE   PAGES  KIND              CALLER\n"
	"ff78af31c000c000        8192       0  ioremap fed00000  hpet_enable+0xef\n"
	"ff78af31c000e000        8192       1  vmalloc           bpf_prog_alloc_no_stats+0x31\n";

static const struct mi_name mi_names[] = { { "kmem", NULL }, { 0 } };

const struct command command_kmem = {
	.name = "kmem",
	.mi = mi_names,
	.summary = "Show what the kernel's memory is used for.",
	.usage = "kmem -i|-o|-V|-v [ADDRESS...]",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = kmem_run,
};
