// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem: which view; kmem.h says how to add one. */
#include "commands/memory/kmem.h"

#include "commands/memory/memory_tables.h"

static const struct {
	char letter;
	kmem_view *show;
} views[] = {
	{ 'c', kmem_page_cache },
	{ 'C', kmem_page_owner },
	{ 'f', kmem_free },
	{ 'F', kmem_free_pages },
	{ 'g', kmem_flags },
	{ 'h', kmem_hugetlb },
	{ 'i', kmem_use },
	{ 'm', kmem_pages },
	{ 'n', kmem_nodes },
	{ 'o', kmem_per_cpu },
	{ 'p', kmem_pages },
	{ 'r', kmem_root_slab },
	{ 's', kmem_slab },
	{ 'S', kmem_objects },
	{ 'v', kmem_vmalloc },
	{ 'V', kmem_counters },
	{ 'z', kmem_zones },
};

static const struct option options[] = {
	{ 'c', NULL, "page cache of a file: of each inode, address_space or struct file given" },
	{ 'C', NULL, "which file a page is of, for each struct page or address given" },
	{ 'f', NULL, "free pages by zone, order and migrate type, and the CPUs' own" },
	{ 'F', NULL, "each page of the free lists" },
	{ 'g', NULL, "flags of pages by their names, or those of each number given" },
	{ 'h', NULL, "pools of huge pages (hugetlb)" },
	{ 'i', NULL, "what memory was used for, as /proc/meminfo, and as parts that add up" },
	{ 'm', "MEMBER,...", "the page array: members of struct page" },
	{ 'n', NULL, "nodes, sections of memory, memory blocks" },
	{ 'o', NULL, "each CPU's per-CPU offset" },
	{ 'p', NULL, "the page array, or the pages of addresses (also physical, START-END)" },
	{ 'r', NULL, "-s of each root cache together with its children, those of memory cgroups" },
	{ 's', NULL, "caches of objects (slabs), or those of each name given: as /proc/slabinfo" },
	{ 'S', NULL, "each object of caches, in use or free and on which list" },
	{ 'I', "CACHE,...", "with -s, -S: not these" },
	{ 'v', NULL, "areas of vmalloc, ioremap, modules, stacks: as /proc/vmallocinfo" },
	{ 'V', NULL, "counters of pages and of events: as /proc/vmstat" },
	{ 'z', NULL, "zones: watermarks, counters, CPUs' pages: as /proc/zoneinfo" },
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

static bool takes_words(kmem_view *show)
{
	static kmem_view *const takers[] = { kmem_vmalloc, kmem_pages,	 kmem_flags,	  kmem_what,
					     kmem_slab,	   kmem_objects, kmem_page_cache, kmem_page_owner, kmem_root_slab };

	for (size_t i = 0; i < ARRAY_SIZE(takers); i++)
		if (show == takers[i])
			return true;
	return false;
}

static bool kmem_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	kmem_view *show = NULL;
	char letter = 0;

	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		if (!has_option(arguments, views[i].letter))
			continue;
		if (show && show != views[i].show)
			return error_set(error, ERROR_USAGE, "kmem: one view at a time");
		show = views[i].show;
		letter = views[i].letter;
	}
	if (!show && arguments->nr_words)
		show = kmem_what;
	if (has_option(arguments, 'I') && show != kmem_slab && show != kmem_objects && show != kmem_root_slab)
		return error_set(error, ERROR_USAGE, "kmem: -I goes with -s or -S");
	if (!show)
		return error_set(error, ERROR_USAGE, "kmem: which view? Say -i, -v or another option of help kernel kmem");
	if (arguments->nr_words && !takes_words(show))
		return error_set(error, ERROR_USAGE, "kmem: -%c takes no addresses", letter);
	return show(kernel, arguments, output, host, error);
}

static const char help[] =
	"Bytes are counted as the kernel itself counts them; what CPUs had counted\n"
	"and not yet added up is added. What cannot be read is \"-\", and a note says\n"
	"why.\n"
	"\n"
	"Addresses without an option: what each is, as far as it is known: symbol, object\n"
	"of a cache (used, free and where), page, area of vmalloc, stack, per-CPU\n"
	"variable, struct page, user address of the selected task, poison, error.\n"
	"\n"
	"-v takes addresses, too: then it shows the areas that they are in.\n"
	"A guard page belongs to the area. CALLER is who asked for it.\n"
	"\n"
	"-f: FREE is what the zone counts, the rest is what its lists have; each link is\n"
	"checked, and where one is broken the list is gone through from its other end.\n"
	"\n"
	"-p takes struct pages, kernel addresses, physical ones, and ranges of these\n"
	"(START-END); without any it goes through all of the page array. -m shows the\n"
	"members that it names instead.\n"
	"\n"
	"-s: ALLOC is what is in use, TOTAL all objects. Free ones that a CPU or node\n"
	"keeps at hand (its slab, partial list, sheaves) are CACHED; /proc/slabinfo has\n"
	"them among those in use, so that its <active_objs> is ALLOC + CACHED.\n"
	"\n"
	"-S goes through all pages, since a slab without free objects is on no list. A\n"
	"freelist that is damaged is said; the objects behind the damage count as used.\n"
	"\n"
	"-c: by how much of each is in memory; of files that are named, each page. PAGES\n"
	"is what the kernel counts; a large folio is one line, of that ORDER. Paths are\n"
	"those inside of the file system.\n"
	"\n"
	"JSON: -i \"memory\" and \"memory_parts\" (bytes); -v \"areas\" (start, end, size\n"
	"in bytes, vm_struct, pages, physical, kinds, caller); -V \"counters\" (of zones\n"
	"and nodes, pages unless the name says else) and \"events\"; -o \"offsets\".\n"
	"-f \"free_lists\" by zone, each with \"orders\" (free is what the zone counts, the\n"
	"rest what its lists have) and \"cpus\"; -F \"free_pages\".\n"
	"-g \"page_flags\", or \"flags\" of numbers; -h \"pools\" (pages of SIZE bytes).\n"
	"-z \"zones\", each with \"figures\", \"counters\" and \"cpus\" (pages); -n \"nodes\"\n"
	"with their \"counters\", \"sections\", \"blocks\"; -p \"pages\" (mapcount is how\n"
	"often it is mapped, head a tail's compound page); -m \"members\".\n"
	"-s \"caches\" (sizes in bytes; allocated + cached + free = objects);\n"
	"-c \"cached_files\"; of files \"page_caches\", each with \"cached\" (entry: what is\n"
	"there in place of a page); -C \"pages_of_files\".\n"
	"Addresses: \"addresses\", a row per fact (inferred: by the value alone).\n"
	"-S \"objects\" (state: used, free, free_cpu, free_sheaf, and whose).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel kmem -v ff78af31c000c000 ff78af31c000e000\n"
	"     START              SIZE   PAGES  KIND              CALLER\n"
	"ff78af31c000c000        8192       0  ioremap fed00000  hpet_enable+0xef\n"
	"ff78af31c000e000        8192       1  vmalloc           bpf_prog_alloc_no_sta...\n"
	"(gdb) kernel kmem -m flags,page_type,_refcount.counter 5000000-5002000\n"
	"      PAGE            PHYSICAL       flags        page_type  _refcount.counter\n"
	"ffef42f8c0140000       5000000  000fffffc0010200  4294967295         1\n"
	"ffef42f8c0140040       5001000  000fffffc0000000  4294967295         0\n"
	"(gdb) kernel kmem -s kmalloc-64\n"
	"     CACHE        OBJSIZE    ALLOC  CACHED    TOTAL   SLABS  NAME\n"
	"ff2ec9fe81034500       64     2108      68     2176      34  kmalloc-64\n"
	"(gdb) kernel kmem -C ffef42f8c00cdc80\n"
	"      PAGE        INDEX       INODE        TYPE      SOURCE    PATH\n"
	"ffef42f8c00cdc80      0  ff2ec9fe824bbac0  rootfs    rootfs    /init\n"
	"(gdb) kernel kmem -g 000fffffc0010200\n"
	"FLAGS: 000fffffc0010200  NAMES: slab|head  ZONE: 0  NODE: 0\n";

static const struct mi_name mi_names[] = { { "kmem", NULL }, { 0 } };

const struct command command_kmem = {
	.name = "kmem",
	.mi = mi_names,
	.summary = "Show what the kernel's memory is used for.",
	.usage = "kmem ADDRESS...|-f|-F|-g [FLAGS...]|-h|-i|-n|-o|-r|-s|-S [CACHE...]|-V|-z|-v [ADDRESS...]|-p|-m MEMBER,... [ADDRESS|START-END]...",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = kmem_run,
};
