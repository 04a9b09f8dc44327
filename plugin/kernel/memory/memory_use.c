// SPDX-License-Identifier: GPL-3.0-or-later
/* What memory was used for: the counters' sums, and what is not a counter; see memory_use.h. */
#include "kernel/memory/memory_use.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/memory/memory_counters.h"
#include "kernel/containers.h"
#include "kernel/tasks/task.h"

static const char *const item_names[NR_MEMORY_ITEMS] = {
	[MEMORY_TOTAL] = "MemTotal",
	[MEMORY_FREE] = "MemFree",
	[MEMORY_AVAILABLE] = "MemAvailable",
	[MEMORY_BUFFERS] = "Buffers",
	[MEMORY_CACHED] = "Cached",
	[MEMORY_SWAP_CACHED] = "SwapCached",
	[MEMORY_ANONYMOUS] = "AnonPages",
	[MEMORY_MAPPED] = "Mapped",
	[MEMORY_SHARED] = "Shmem",
	[MEMORY_SLAB_RECLAIMABLE] = "SReclaimable",
	[MEMORY_SLAB_UNRECLAIMABLE] = "SUnreclaim",
	[MEMORY_KERNEL_STACK] = "KernelStack",
	[MEMORY_PAGE_TABLES] = "PageTables",
	[MEMORY_SECONDARY_PAGE_TABLES] = "SecPageTables",
	[MEMORY_PER_CPU] = "Percpu",
	[MEMORY_VMALLOC] = "VmallocUsed",
	[MEMORY_HUGETLB] = "Hugetlb",
	[MEMORY_DIRTY] = "Dirty",
	[MEMORY_WRITEBACK] = "Writeback",
	[MEMORY_UNEVICTABLE] = "Unevictable",
	[MEMORY_LOCKED] = "Mlocked",
	[MEMORY_SWAP_TOTAL] = "SwapTotal",
	[MEMORY_SWAP_FREE] = "SwapFree",
};

static const struct {
	const char *key, *name;
} part_names[NR_MEMORY_PARTS] = {
	[PART_ANONYMOUS] = { "anonymous", "Anonymous memory of processes" },
	[PART_SHARED] = { "shared", "Shared memory and tmpfs" },
	[PART_FILES] = { "files", "Page cache of files" },
	[PART_BUFFERS] = { "buffers", "Buffers of block devices" },
	[PART_HUGETLB] = { "hugetlb", "Reserved huge pages" },
	[PART_SLAB_RECLAIMABLE] = { "slab_reclaimable", "Slab, reclaimable" },
	[PART_SLAB_UNRECLAIMABLE] = { "slab_unreclaimable", "Slab, unreclaimable" },
	[PART_KERNEL_STACK] = { "kernel_stack", "Kernel stacks" },
	[PART_PAGE_TABLES] = { "page_tables", "Page tables" },
	[PART_VMALLOC] = { "vmalloc", "vmalloc, modules" },
	[PART_PER_CPU] = { "per_cpu", "Per-CPU memory" },
	[PART_OTHER] = { "other", "Other kernel memory" },
	[PART_FREE] = { "free", "Free" },
};

const char *memory_item_name(enum memory_item item)
{
	return item_names[item];
}

const char *memory_part_name(enum memory_part part)
{
	return part_names[part].name;
}

const char *memory_part_key(enum memory_part part)
{
	return part_names[part].key;
}

bool memory_part_counted(const struct memory_use *use, enum memory_part part)
{
	return (part != PART_VMALLOC || !use->items[MEMORY_VMALLOC].absent) &&
	       (part != PART_PER_CPU || !use->items[MEMORY_PER_CPU].absent);
}

/* Keeps the first thing that went wrong. */
static void damaged(struct memory_use *use, const char *what, const struct error *why)
{
	if (!use->damage[0])
		snprintf(use->damage, sizeof(use->damage), "%s: %.400s", what, why->text);
}

static void set(struct memory_use *use, enum memory_item item, uint64_t bytes)
{
	use->items[item].known = true;
	use->items[item].bytes = bytes;
}

/* COUNT things of UNIT bytes (a power of two). No machine has an exabyte: such a count is damaged.
 */
static void set_count(struct memory_use *use, enum memory_item item, uint64_t count, uint64_t unit)
{
	struct error why;

	if (count < (1ull << 60) / unit) {
		set(use, item, count * unit);
	} else {
		error_set(&why, ERROR_CORRUPT, "its count is damaged: more than any machine has");
		damaged(use, item_names[item], &why);
	}
}

/* Counts that may be damaged: a sum beyond 64 bits stays too large for set_count(). */
static void add_count(uint64_t *sum, uint64_t count)
{
	if (__builtin_add_overflow(*sum, count, sum))
		*sum = UINT64_MAX;
}

static uint64_t get(const struct memory_use *use, enum memory_item item)
{
	return use->items[item].known ? use->items[item].bytes : 0;
}

/* --- counters --- */

#define STACKS 1 /* a unit: sizeof a kernel stack */

/* A row that is one counter; of several for one row the first that the kernel has. UNIT 0: pages. */
static const struct {
	enum memory_item item;
	const char *name;
	unsigned unit;
	bool optional; /* kernels without it have none of that memory */
} counters[] = {
	{ MEMORY_FREE, "NR_FREE_PAGES", 0, false },
	{ MEMORY_ANONYMOUS, "NR_ANON_PAGES", 0, true }, /* until 4.8, 4b9d0fab7166 */
	{ MEMORY_ANONYMOUS, "NR_ANON_MAPPED", 0, false },
	{ MEMORY_MAPPED, "NR_FILE_MAPPED", 0, false },
	{ MEMORY_SHARED, "NR_SHMEM", 0, false },
	/* Their unit is bytes for control groups, pages here. Before 5.9 they had no _B. */
	{ MEMORY_SLAB_RECLAIMABLE, "NR_SLAB_RECLAIMABLE_B", 0, true },
	{ MEMORY_SLAB_RECLAIMABLE, "NR_SLAB_RECLAIMABLE", 0, true },
	{ MEMORY_SLAB_UNRECLAIMABLE, "NR_SLAB_UNRECLAIMABLE_B", 0, true },
	{ MEMORY_SLAB_UNRECLAIMABLE, "NR_SLAB_UNRECLAIMABLE", 0, true },
	{ MEMORY_KERNEL_STACK, "NR_KERNEL_STACK", STACKS, true }, /* until 4.8, d30dd8be06eb */
	{ MEMORY_KERNEL_STACK, "NR_KERNEL_STACK_KB", 1024, false },
	{ MEMORY_PAGE_TABLES, "NR_PAGETABLE", 0, false },
	{ MEMORY_SECONDARY_PAGE_TABLES, "NR_SECONDARY_PAGETABLE", 0, true },
	{ MEMORY_SWAP_CACHED, "NR_SWAPCACHE", 0, true }, /* 5.12, b6038942480e */
	{ MEMORY_VMALLOC, "NR_VMALLOC", 0, true },
	{ MEMORY_DIRTY, "NR_FILE_DIRTY", 0, false },
	{ MEMORY_WRITEBACK, "NR_WRITEBACK", 0, false },
	{ MEMORY_UNEVICTABLE, "NR_UNEVICTABLE", 0, false },
	{ MEMORY_LOCKED, "NR_MLOCK", 0, false },
};

static void read_counters(struct kernel *kernel, struct memory_counters *all,
			  struct memory_use *use)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		struct error why = { 0 };
		uint64_t value, unit = counters[i].unit;

		if (use->items[counters[i].item].known)
			continue;
		if (!unit)
			unit = memory_page_size(kernel->memory);
		else if (unit == STACKS)
			unit = task_stack_size(kernel);
		if (memory_counter(all, counters[i].name, &value, &why))
			set_count(use, counters[i].item, value, unit);
		else if (!counters[i].optional) {
			use->items[counters[i].item].absent = false;
			damaged(use, item_names[counters[i].item], &why);
		} else
			use->items[counters[i].item].absent = why.kind == ERROR_NO_MEMBER;
	}
}

/* --- what is no counter --- */

static bool add_block_device(void *context, uint64_t inode, struct error *error)
{
	struct {
		struct kernel *kernel;
		uint64_t pages;
	} *sum = context;
	uint64_t mapping, pages;

	if (!kernel_read_member(sum->kernel, inode, "inode", "i_mapping", &mapping, error) ||
	    !kernel_read_member(sum->kernel, mapping, "address_space", "nrpages", &pages, error))
		return false;
	add_count(&sum->pages, pages);
	return true;
}

/* nr_blockdev_pages(): the page cache of every block device's inode. */
static void read_buffers(struct kernel *kernel, struct memory_use *use)
{
	struct {
		struct kernel *kernel;
		uint64_t pages;
	} sum = { .kernel = kernel };
	struct member list, node;
	struct error why = { 0 };
	uint64_t super;

	/* Before 5.9 devices are on another list; then the row is not known. */
	if (kernel_read_variable(kernel, "blockdev_superblock", kernel->arch->pointer_size, &super,
				 &why) &&
	    types_member(kernel->types, "super_block", "s_inodes", &list, &why) &&
	    types_member(kernel->types, "inode", "i_sb_list", &node, &why) &&
	    list_for_each(kernel, super + list.offset, node.offset, add_block_device, &sum, &why))
		set_count(use, MEMORY_BUFFERS, sum.pages, memory_page_size(kernel->memory));
	else
		damaged(use, "Buffers", &why);
}

/* COUNT address spaces of EACH bytes at ARRAY. False with *why. */
static bool add_spaces(struct kernel *kernel, uint64_t array, uint64_t count, uint64_t each, uint64_t *sum, struct error *why)
{
	uint64_t pages;

	for (uint64_t i = 0; i < count; i++) {
		if (!kernel_read_member(kernel, array + i * each, "address_space", "nrpages", &pages, why))
			return false;
		add_count(sum, pages);
	}
	return true;
}

/* Before 4.11 (4b3ef9daa4fc) swapper_spaces[] are the address spaces themselves, one per file; before 3.9 there is swapper_space. */
static bool old_swap_cache(struct kernel *kernel, uint64_t each, uint64_t *sum, struct error *why)
{
	const struct symbol *spaces = symtab_find(kernel->symbols, "swapper_spaces");

	if (spaces)
		return add_spaces(kernel, spaces->address, spaces->size / each, each, sum, why);
	spaces = symtab_find(kernel->symbols, "swapper_space");
	return !spaces || add_spaces(kernel, spaces->address, 1, each, sum, why);
}

/* Before 5.12: total_swapcache_pages() adds up the swap files' address spaces. */
static void read_swap_cache(struct kernel *kernel, struct memory_use *use)
{
	const struct symbol *numbers = symtab_find(kernel->symbols, "nr_swapper_spaces");
	const struct symbol *spaces = symtab_find(kernel->symbols, "swapper_spaces");
	uint64_t each, sum = 0, count, array;
	struct error why = { 0 };

	if (use->items[MEMORY_SWAP_CACHED].known)
		return;
	if (!types_size(kernel->types, "address_space", &each, &why) || !each)
		return;
	if (!numbers && !old_swap_cache(kernel, each, &sum, &why))
		return damaged(use, "SwapCached", &why);
	for (unsigned i = 0; numbers && spaces && i < 64 && i < numbers->size / 4; i++) {
		if (!memory_read_uint(kernel->memory, numbers->address + i * 4, 4, &count, &why) ||
		    !kernel_read_pointer(kernel, spaces->address + i * kernel->arch->pointer_size, &array, &why))
			return damaged(use, "SwapCached", &why);
		/* One per 64 MB of swap (SWAP_ADDRESS_SPACE_SHIFT). */
		if (array && !add_spaces(kernel, array, count < 1u << 20 ? count : 1u << 20, each, &sum, &why))
			return damaged(use, "SwapCached", &why);
	}
	set_count(use, MEMORY_SWAP_CACHED, sum, memory_page_size(kernel->memory));
}

/* The page cache as /proc/meminfo has it: all pages of files but swap's and block devices'. */
static void read_cached(struct kernel *kernel, struct memory_counters *all, struct memory_use *use)
{
	uint64_t pages, without = get(use, MEMORY_SWAP_CACHED) + get(use, MEMORY_BUFFERS);
	uint64_t page = memory_page_size(kernel->memory);
	struct error why = { 0 };

	if (!memory_counter(all, "NR_FILE_PAGES", &pages, &why))
		return damaged(use, "Cached", &why);
	if (!use->items[MEMORY_BUFFERS].known)
		return;
	without /= page;
	set_count(use, MEMORY_CACHED, pages > without ? pages - without : 0, page);
}

/* pcpu_nr_pages() */
static void read_per_cpu(struct kernel *kernel, struct memory_use *use)
{
	uint64_t populated, units;
	struct error why = { 0 };

	/* 4.19, 7e8a6304d541 */
	use->items[MEMORY_PER_CPU].absent = !symtab_find(kernel->symbols, "pcpu_nr_populated");
	if (use->items[MEMORY_PER_CPU].absent)
		return;
	if (kernel_read_variable(kernel, "pcpu_nr_populated", kernel->arch->pointer_size, &populated, &why) &&
	    kernel_read_variable(kernel, "pcpu_nr_units", 4, &units, &why))
		set_count(use, MEMORY_PER_CPU,
			  populated < 1ull << 32 ? populated * units : UINT64_MAX,
			  memory_page_size(kernel->memory));
	else
		damaged(use, "Percpu", &why);
}

/* Where it is no node counter yet: a variable of its own since 5.3 (97105f0ab7b8). */
static void read_vmalloc(struct kernel *kernel, struct memory_use *use)
{
	uint64_t pages;
	struct error why = { 0 };

	if (use->items[MEMORY_VMALLOC].known)
		return;
	use->items[MEMORY_VMALLOC].absent = !symtab_find(kernel->symbols, "nr_vmalloc_pages");
	if (use->items[MEMORY_VMALLOC].absent)
		return;
	if (kernel_read_variable(kernel, "nr_vmalloc_pages", kernel->arch->pointer_size, &pages, &why))
		set_count(use, MEMORY_VMALLOC, pages, memory_page_size(kernel->memory));
	else
		damaged(use, "VmallocUsed", &why);
}

/* hugetlb_report_meminfo(): each size's pool. A kernel without hugetlbfs has no pools. */
static void read_hugetlb(struct kernel *kernel, struct memory_use *use)
{
	const struct symbol *states = symtab_find(kernel->symbols, "hstates");
	uint64_t each, count, order, pages, sum = 0;
	struct error why = { 0 };

	if (!states)
		return set(use, MEMORY_HUGETLB, 0);
	if (!types_size(kernel->types, "hstate", &each, &why) || !each ||
	    !kernel_read_variable(kernel, "hugetlb_max_hstate", 4, &count, &why))
		return damaged(use, "Hugetlb", &why);
	for (uint64_t i = 0; i < count && i < 16; i++) {
		uint64_t state = states->address + i * each;

		if (!kernel_read_member(kernel, state, "hstate", "order", &order, &why) ||
		    !kernel_read_member(kernel, state, "hstate", "nr_huge_pages", &pages, &why))
			return damaged(use, "Hugetlb", &why);
		if (order < 40)
			add_count(&sum, pages > UINT64_MAX >> order ? UINT64_MAX : pages << order);
	}
	set_count(use, MEMORY_HUGETLB, sum, memory_page_size(kernel->memory));
}

#define SWP_USED    1u /* include/linux/swap.h: an anonymous enum that not all debug files have */
#define SWP_WRITEOK 2u

/* Pages of swap files that swapoff is emptying: si_swapinfo() counts them as swap, and as free. */
static bool swap_going(struct kernel *kernel, uint64_t *pages_ret, struct error *error)
{
	uint64_t table, count, info, flags, pages;

	*pages_ret = 0;
	if (!kernel_read_variable(kernel, "nr_swapfiles", 4, &count, error) ||
	    !kernel_symbol(kernel, "swap_info", &table, error))
		return false;
	for (uint64_t i = 0; i < count && i < 64; i++) {
		if (!kernel_read_pointer(kernel, table + i * kernel->arch->pointer_size, &info,
					 error) ||
		    !kernel_read_member(kernel, info, "swap_info_struct", "flags", &flags, error) ||
		    !kernel_read_member(kernel, info, "swap_info_struct", "inuse_pages", &pages,
					error))
			return false;
		if ((flags & SWP_USED) && !(flags & SWP_WRITEOK))
			add_count(pages_ret, pages);
	}
	return true;
}

static void read_swap(struct kernel *kernel, struct memory_use *use)
{
	uint64_t total, free, going = 0, page = memory_page_size(kernel->memory);
	struct error why = { 0 };

	/* A kernel without CONFIG_SWAP has none of it. */
	if (!symtab_find(kernel->symbols, "total_swap_pages") && kernel_names_data(kernel)) {
		set(use, MEMORY_SWAP_TOTAL, 0);
		set(use, MEMORY_SWAP_FREE, 0);
		return;
	}
	if (!kernel_read_variable(kernel, "total_swap_pages", kernel->arch->pointer_size, &total, &why) ||
	    !kernel_read_variable(kernel, "nr_swap_pages", kernel->arch->pointer_size, &free, &why))
		return damaged(use, "SwapTotal", &why);
	if (!swap_going(kernel, &going, &why))
		damaged(use, "swap files that were being emptied", &why);
	add_count(&total, going);
	add_count(&free, going);
	set_count(use, MEMORY_SWAP_TOTAL, total, page);
	set_count(use, MEMORY_SWAP_FREE, free, page);
}

/* si_mem_available(): what could be had without swapping; the kernel's own rule of thumb. */
static void read_available(struct kernel *kernel, struct memory_counters *all,
			   struct memory_use *use)
{
	uint64_t page = memory_page_size(kernel->memory), low, reserve, active, inactive, misc, cache, slab;
	struct error why = { 0 };
	int64_t available;

	if (!use->items[MEMORY_FREE].known || !use->items[MEMORY_SLAB_RECLAIMABLE].known)
		return;
	if (!memory_low_watermark(all, &low, &why) ||
	    !kernel_read_variable(kernel, "totalreserve_pages", kernel->arch->pointer_size, &reserve, &why) ||
	    !memory_counter(all, "NR_ACTIVE_FILE", &active, &why) ||
	    !memory_counter(all, "NR_INACTIVE_FILE", &inactive, &why))
		return damaged(use, "MemAvailable", &why);
	if (!memory_counter(all, "NR_KERNEL_MISC_RECLAIMABLE", &misc, NULL))
		misc = 0;
	cache = active + inactive;
	slab = use->items[MEMORY_SLAB_RECLAIMABLE].bytes / page + misc;
	available = use->items[MEMORY_FREE].bytes / page - reserve;
	available += cache - (cache / 2 < low ? cache / 2 : low);
	available += slab - (slab / 2 < low ? slab / 2 : low);
	set(use, MEMORY_AVAILABLE, available > 0 ? available * page : 0);
}

/* --- the picture --- */

static bool is_lost(const struct memory_use *use, enum memory_item item)
{
	return !use->items[item].known && !use->items[item].absent;
}

/* Of which counters each part is made. The rest, OTHER, is of all of them. */
static void lose_parts(struct kernel *kernel, struct memory_use *use)
{
	static const struct {
		enum memory_part part;
		enum memory_item item;
	} made_of[] = {
		{ PART_ANONYMOUS, MEMORY_ANONYMOUS }, { PART_SHARED, MEMORY_SHARED }, { PART_FILES, MEMORY_CACHED }, { PART_FILES, MEMORY_SHARED },
		{ PART_BUFFERS, MEMORY_BUFFERS }, { PART_HUGETLB, MEMORY_HUGETLB }, { PART_SLAB_RECLAIMABLE, MEMORY_SLAB_RECLAIMABLE },
		{ PART_SLAB_UNRECLAIMABLE, MEMORY_SLAB_UNRECLAIMABLE }, { PART_KERNEL_STACK, MEMORY_KERNEL_STACK },
		{ PART_PAGE_TABLES, MEMORY_PAGE_TABLES }, { PART_PAGE_TABLES, MEMORY_SECONDARY_PAGE_TABLES }, { PART_VMALLOC, MEMORY_VMALLOC },
		{ PART_PER_CPU, MEMORY_PER_CPU }, { PART_FREE, MEMORY_FREE },
	};

	for (size_t i = 0; i < sizeof(made_of) / sizeof(made_of[0]); i++)
		if (is_lost(use, made_of[i].item))
			use->part_lost[made_of[i].part] = use->part_lost[PART_OTHER] = true;
	if (is_lost(use, MEMORY_KERNEL_STACK) && types_has_member(kernel->types, "task_struct", "stack_vm_area"))
		use->part_lost[PART_VMALLOC] = true;
}

/*
 * What is in one row of /proc/meminfo may be in another: shared memory in the page cache, kernel
 * stacks in vmalloc (VMAP_STACK, which gives task_struct a stack_vm_area).
 */
static void cut_parts(struct kernel *kernel, struct memory_use *use)
{
	uint64_t cached = get(use, MEMORY_CACHED), shared = get(use, MEMORY_SHARED);
	uint64_t vmalloc = get(use, MEMORY_VMALLOC), stack = get(use, MEMORY_KERNEL_STACK);
	uint64_t sum = 0, over, total = get(use, MEMORY_TOTAL);

	if (types_has_member(kernel->types, "task_struct", "stack_vm_area"))
		vmalloc = vmalloc > stack ? vmalloc - stack : 0;
	use->parts[PART_ANONYMOUS] = get(use, MEMORY_ANONYMOUS);
	use->parts[PART_SHARED] = shared;
	use->parts[PART_FILES] = cached > shared ? cached - shared : 0;
	use->parts[PART_BUFFERS] = get(use, MEMORY_BUFFERS);
	use->parts[PART_HUGETLB] = get(use, MEMORY_HUGETLB);
	use->parts[PART_SLAB_RECLAIMABLE] = get(use, MEMORY_SLAB_RECLAIMABLE);
	use->parts[PART_SLAB_UNRECLAIMABLE] = get(use, MEMORY_SLAB_UNRECLAIMABLE);
	use->parts[PART_KERNEL_STACK] = stack;
	use->parts[PART_PAGE_TABLES] = get(use, MEMORY_PAGE_TABLES) +
				       get(use, MEMORY_SECONDARY_PAGE_TABLES);
	use->parts[PART_VMALLOC] = vmalloc;
	use->parts[PART_PER_CPU] = get(use, MEMORY_PER_CPU);
	use->parts[PART_FREE] = get(use, MEMORY_FREE);
	for (size_t i = 0; i < NR_MEMORY_PARTS; i++) {
		/* More than there is: a counter is wrong, and so would be the picture. */
		if (use->parts[i] > total)
			return;
		sum += use->parts[i];
	}
	/* Some of Percpu is from before MemTotal was counted: then it is not a part of that. */
	over = sum > total ? sum - total : 0;
	if (over > use->parts[PART_PER_CPU])
		return;
	use->parts[PART_PER_CPU] -= over;
	use->parts[PART_OTHER] = sum < total ? total - sum : 0;
	lose_parts(kernel, use);
	use->parts_known = use->items[MEMORY_FREE].known && use->items[MEMORY_CACHED].known;
}

#define MAX_RAM (1ull << 52)	/* bytes: x86-64, arm64 and riscv64 have 52 bits of physical address or more, none that much RAM */

bool memory_total(struct kernel *kernel, uint64_t *bytes_ret, struct error *error)
{
	/* 5.0, ca79b0c211af */
	const char *name = symtab_find(kernel->symbols, "_totalram_pages") ? "_totalram_pages" : "totalram_pages";
	uint64_t pages;

	if (!kernel_read_variable(kernel, name, kernel->arch->pointer_size, &pages, error))
		return false;
	if (!pages || pages > MAX_RAM / memory_page_size(kernel->memory))
		return error_set(error, ERROR_CORRUPT, "%s is damaged: no machine has %" PRIu64 " pages", name, pages);
	*bytes_ret = pages * memory_page_size(kernel->memory);
	return true;
}

/* No part of the memory is larger than all of it. (ppc64's huge pages may never have been counted in that.) False: one was. */
static bool give_up_impossible(struct memory_use *use)
{
	bool possible = true;

	for (size_t i = 0; i < NR_MEMORY_ITEMS; i++) {
		bool swap = i == MEMORY_SWAP_TOTAL || i == MEMORY_SWAP_FREE;
		uint64_t all = swap ? get(use, MEMORY_SWAP_TOTAL) : get(use, MEMORY_TOTAL);
		struct error why;

		if (i == MEMORY_HUGETLB || !use->items[i].known || use->items[i].bytes <= all || !use->items[swap ? MEMORY_SWAP_TOTAL : MEMORY_TOTAL].known)
			continue;
		error_set(&why, ERROR_CORRUPT, "its count is damaged: %" PRIu64 " bytes of %" PRIu64, use->items[i].bytes, all);
		damaged(use, item_names[i], &why);
		use->items[i].known = possible = false;
	}
	return possible;
}

bool memory_use(struct kernel *kernel, struct memory_use *use, struct error *error)
{
	struct memory_counters all;
	uint64_t total;
	bool possible;

	memset(use, 0, sizeof(*use));
	if (!memory_total(kernel, &total, error))
		return false;
	set(use, MEMORY_TOTAL, total);
	memory_counters_read(kernel, &all);
	if (all.damage.kind != ERROR_NONE)
		damaged(use, "some counters", &all.damage);
	read_counters(kernel, &all, use);
	read_buffers(kernel, use);
	read_swap_cache(kernel, use);
	read_cached(kernel, &all, use);
	read_per_cpu(kernel, use);
	read_vmalloc(kernel, use);
	read_hugetlb(kernel, use);
	read_swap(kernel, use);
	possible = give_up_impossible(use);
	read_available(kernel, &all, use);
	if (possible)
		cut_parts(kernel, use);
	return kernel_check_interrupt(kernel, error);
}
