// SPDX-License-Identifier: GPL-3.0-or-later
/* /proc/meminfo of a hand-made machine: two CPUs, a node, two zones. Numbers are worked out by
 * hand. */
#include "test_kernel_image.h"

#include "kernel/memory/memory_counters.h"
#include "kernel/memory/memory_use.h"

#define ZONE_STAT  0x1000
#define NODE_STAT  0x1100
#define NODE_DATA  0x1200
#define NODE	   0x2000
#define ZONE_SIZE  0x100
#define NODE_DIFF  0x4000 /* per-CPU pointers; CPU n's is n * 0x1000 further */
#define ZONE_DIFF  0x4100
#define NUMBERS	   0xa000
#define SUPER	   0x6000
#define INODE(n)   (0x6100 + (n)*0x100)
#define MAPPING(n) (0x7000 + (n)*0x100)
#define HSTATES	   0x8000
#define SWAP_INFO  0x9000
#define SWAP_FILE  0x9100
#define EVENTS	   0xb000

enum { FREE, MLOCK, NR_ZONE };
enum {
	INACTIVE_FILE,
	ACTIVE_FILE,
	UNEVICTABLE,
	SLAB_R,
	SLAB_U,
	ANON,
	MAPPED,
	FILES,
	DIRTY,
	WRITEBACK,
	SHMEM,
	STACK_KB,
	PAGETABLE,
	SWAPCACHE,
	NR_NODE
};

static const struct image_enumerator enumerators[] = {
	{ "zone_stat_item", "NR_FREE_PAGES", FREE },
	{ "zone_stat_item", "NR_MLOCK", MLOCK },
	{ "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS", NR_ZONE },
	{ "node_stat_item", "NR_INACTIVE_FILE", INACTIVE_FILE },
	{ "node_stat_item", "NR_ACTIVE_FILE", ACTIVE_FILE },
	{ "node_stat_item", "NR_UNEVICTABLE", UNEVICTABLE },
	{ "node_stat_item", "NR_SLAB_RECLAIMABLE_B", SLAB_R },
	{ "node_stat_item", "NR_SLAB_UNRECLAIMABLE_B", SLAB_U },
	{ "node_stat_item", "NR_ANON_MAPPED", ANON },
	{ "node_stat_item", "NR_FILE_MAPPED", MAPPED },
	{ "node_stat_item", "NR_FILE_PAGES", FILES },
	{ "node_stat_item", "NR_FILE_DIRTY", DIRTY },
	{ "node_stat_item", "NR_WRITEBACK", WRITEBACK },
	{ "node_stat_item", "NR_SHMEM", SHMEM },
	{ "node_stat_item", "NR_KERNEL_STACK_KB", STACK_KB },
	{ "node_stat_item", "NR_PAGETABLE", PAGETABLE },
	{ "node_stat_item", "NR_SWAPCACHE", SWAPCACHE },
	{ "node_stat_item", "NR_VM_NODE_STAT_ITEMS", NR_NODE },
	{ "vm_event_item", "PGPGIN", 0 },
	{ "vm_event_item", "FAULT_BASE", 1 },
	{ "vm_event_item", "PGFAULT", 1 },
	{ "vm_event_item", "NR_VM_EVENT_ITEMS", 2 },
	{ NULL, NULL, 0 }
};

static const struct image_member members[] = {
	MEMBER("pglist_data", "node_zones", 0x10, 2 * ZONE_SIZE, .kind = TYPE_ARRAY, .count = 2,
	       .element_size = ZONE_SIZE),
	MEMBER("pglist_data", "per_cpu_nodestats", 8, 8),
	MEMBER("zone", "per_cpu_zonestats", 0, 8),
	MEMBER("zone", "_watermark", 8, 24, .kind = TYPE_ARRAY, .count = 3, .element_size = 8),
	MEMBER("zone", "watermark_boost", 0x20, 8),
	MEMBER("per_cpu_nodestat", "vm_node_stat_diff", 1, NR_NODE, .kind = TYPE_ARRAY,
	       .count = NR_NODE, .element_size = 1),
	MEMBER("per_cpu_zonestat", "vm_stat_diff", 1, NR_ZONE, .kind = TYPE_ARRAY, .count = NR_ZONE,
	       .element_size = 1),
	SIZE_OF("list_head", 16),
	MEMBER("super_block", "s_inodes", 0x20, 16),
	MEMBER("inode", "i_sb_list", 0x10, 16),
	MEMBER("inode", "i_mapping", 0, 8),
	MEMBER("address_space", "nrpages", 8, 8),
	SIZE_OF("hstate", 0x40),
	MEMBER("hstate", "order", 0, 4),
	MEMBER("hstate", "nr_huge_pages", 8, 8),
	MEMBER("task_struct", "stack_vm_area", 0, 8),
	MEMBER("swap_info_struct", "flags", 0, 8),
	MEMBER("swap_info_struct", "inuse_pages", 8, 4),
	{ NULL, NULL, { 0 } }
};

static uint64_t per_cpu_offset[] = { 0, 0x1000 };

/* The n-th plain number; its symbol. */
static void number(struct image *image, const char *name, unsigned n, uint64_t value)
{
	image_symbol(image, name, NUMBERS + n * 8, 8);
	image_put_number(image, NUMBERS + n * 8, value, 8);
}

static void put_counters(struct image *image)
{
	static const uint16_t node[NR_NODE] = {
		[INACTIVE_FILE] = 10, [ACTIVE_FILE] = 20, [UNEVICTABLE] = 3, [SLAB_R] = 50,
		[SLAB_U] = 60,	      [ANON] = 200,	  [MAPPED] = 40,     [FILES] = 150,
		[DIRTY] = 1,	      [SHMEM] = 70,	  [STACK_KB] = 48,   [PAGETABLE] = 9,
		[SWAPCACHE] = 5,
	};

	for (unsigned i = 0; i < NR_NODE; i++)
		image_put_number(image, NODE_STAT + i * 8, node[i], 8);
	image_put_number(image, ZONE_STAT + FREE * 8, 1000, 8);
	image_put_number(image, ZONE_STAT + MLOCK * 8, (uint64_t)-2,
			 8); /* as it can be for a moment */
	image_put_number(image, NODE_DATA, IMAGE_BASE + NODE, 8);
	image_put_number(image, NODE + 8, IMAGE_BASE + NODE_DIFF, 8);
	/* CPU 0 has freed 7 pages, CPU 1 taken 3; CPU 1 has 4 anonymous ones more. */
	for (unsigned zone = 0; zone < 2; zone++) {
		image_put_number(image, NODE + 0x10 + zone * ZONE_SIZE,
				 IMAGE_BASE + ZONE_DIFF + zone * 0x40, 8);
		image_put_number(image, NODE + 0x10 + zone * ZONE_SIZE + 8 + 8, 30 + zone, 8);
	}
	image_put_number(image, NODE + 0x10 + ZONE_SIZE + 0x20, 5, 8); /* boost */
	image_put_number(image, ZONE_DIFF + 1, 7, 1);
	image_put_number(image, ZONE_DIFF + 0x40 + 0x1000 + 1, (uint8_t)-3, 1);
	image_put_number(image, NODE_DIFF + 0x1000 + 1 + ANON, 4, 1);
}

/* Two block devices with 6 and 8 pages of page cache. */
static void put_devices(struct image *image)
{
	uint64_t head = IMAGE_BASE + SUPER + 0x20;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t node = IMAGE_BASE + INODE(i) + 0x10;

		image_put_number(image, INODE(i), IMAGE_BASE + MAPPING(i), 8);
		image_put_number(image, MAPPING(i) + 8, 6 + i * 2, 8);
		image_put_number(image, INODE(i) + 0x10, i ? head : node + 0x100, 8);
		image_put_number(image, INODE(i) + 0x18, i ? node - 0x100 : head, 8);
	}
	image_put_number(image, SUPER + 0x20, IMAGE_BASE + INODE(0) + 0x10, 8);
	image_put_number(image, SUPER + 0x28, IMAGE_BASE + INODE(1) + 0x10, 8);
}

static struct image *machine(void)
{
	struct image *image = image_new(members, NULL);

	image->enumerators = enumerators;
	image->kernel.nr_cpu_ids = 2;
	image->kernel.per_cpu_offset = per_cpu_offset;
	image_symbol(image, "vm_zone_stat", ZONE_STAT, NR_ZONE * 8);
	image_symbol(image, "vm_node_stat", NODE_STAT, NR_NODE * 8);
	image_symbol(image, "node_data", NODE_DATA, 4 * 8);
	number(image, "_totalram_pages", 0, 3000);
	number(image, "totalreserve_pages", 1, 100);
	number(image, "pcpu_nr_populated", 2, 11);
	number(image, "pcpu_nr_units", 3, 2);
	number(image, "nr_vmalloc_pages", 4, 33);
	number(image, "blockdev_superblock", 5, IMAGE_BASE + SUPER);
	number(image, "hugetlb_max_hstate", 6, 1);
	number(image, "total_swap_pages", 7, 500);
	number(image, "nr_swap_pages", 8, 400);
	number(image, "nr_swapfiles", 9, 1);
	image_symbol(image, "hstates", HSTATES, 0x40);
	image_put_number(image, HSTATES, 9, 4);
	image_put_number(image, HSTATES + 8, 1, 8);
	image_symbol(image, "swap_info", SWAP_INFO, 32 * 8);
	image_put_number(image, SWAP_INFO, IMAGE_BASE + SWAP_FILE, 8);
	image_put_number(image, SWAP_FILE, 3, 8); /* used, and may be written to */
	image_put_number(image, SWAP_FILE + 8, 100, 4);
	image_ready(image);
	put_counters(image);
	put_devices(image);
	return image;
}

#define PAGES(n) ((uint64_t)(n)*IMAGE_PAGE)

static void expect(const struct memory_use *use, enum memory_item item, uint64_t bytes)
{
	if (!use->items[item].known || use->items[item].bytes != bytes)
		fail_msg("%s: %d %llu, not %llu; %s", memory_item_name(item),
			 use->items[item].known, (unsigned long long)use->items[item].bytes,
			 (unsigned long long)bytes, use->damage);
}

static void rows(void **state)
{
	struct image *image = machine();
	struct memory_use use;

	(void)state;
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_string_equal(use.damage, "");
	expect(&use, MEMORY_TOTAL, PAGES(3000));
	expect(&use, MEMORY_FREE, PAGES(1000 + 7 - 3));
	expect(&use, MEMORY_ANONYMOUS, PAGES(204));
	expect(&use, MEMORY_BUFFERS, PAGES(14));
	expect(&use, MEMORY_SWAP_CACHED, PAGES(5));
	expect(&use, MEMORY_CACHED, PAGES(150 - 5 - 14));
	expect(&use, MEMORY_SHARED, PAGES(70));
	expect(&use, MEMORY_KERNEL_STACK, 48 * 1024);
	expect(&use, MEMORY_PER_CPU, PAGES(22));
	expect(&use, MEMORY_VMALLOC, PAGES(33));
	expect(&use, MEMORY_HUGETLB, PAGES(512));
	expect(&use, MEMORY_LOCKED, 0); /* never negative */
	expect(&use, MEMORY_SWAP_TOTAL, PAGES(500));
	expect(&use, MEMORY_SWAP_FREE, PAGES(400));
	/* free - reserve + (file LRU: 30 - 15) + (slab: 50 - 25); low watermarks are 30 + 31 + 5 */
	expect(&use, MEMORY_AVAILABLE, PAGES(1004 - 100 + 15 + 25));
	assert_false(use.items[MEMORY_SECONDARY_PAGE_TABLES].known);
	assert_true(use.items[MEMORY_SECONDARY_PAGE_TABLES].absent);
	image_free(image);
}

/* Before 4.8 all counters are the zones', and kernel stacks are counted, not their kilobytes; nobody counts vmalloc or Percpu. */
static void of_3_10(void **state)
{
	enum { O_FREE, O_ACTIVE, O_INACTIVE, O_UNEVICTABLE, O_MLOCK, O_ANON, O_MAPPED, O_FILES, O_DIRTY, O_WRITEBACK, O_SLAB_R, O_SLAB_U,
	       O_TABLES, O_STACKS, O_SHMEM, NR_OLD };
	static const struct image_enumerator names[] = {
		{ "zone_stat_item", "NR_FREE_PAGES", O_FREE }, { "zone_stat_item", "NR_ACTIVE_FILE", O_ACTIVE },
		{ "zone_stat_item", "NR_INACTIVE_FILE", O_INACTIVE }, { "zone_stat_item", "NR_UNEVICTABLE", O_UNEVICTABLE },
		{ "zone_stat_item", "NR_MLOCK", O_MLOCK }, { "zone_stat_item", "NR_ANON_PAGES", O_ANON },
		{ "zone_stat_item", "NR_FILE_MAPPED", O_MAPPED }, { "zone_stat_item", "NR_FILE_PAGES", O_FILES },
		{ "zone_stat_item", "NR_FILE_DIRTY", O_DIRTY }, { "zone_stat_item", "NR_WRITEBACK", O_WRITEBACK },
		{ "zone_stat_item", "NR_SLAB_RECLAIMABLE", O_SLAB_R }, { "zone_stat_item", "NR_SLAB_UNRECLAIMABLE", O_SLAB_U },
		{ "zone_stat_item", "NR_PAGETABLE", O_TABLES }, { "zone_stat_item", "NR_KERNEL_STACK", O_STACKS },
		{ "zone_stat_item", "NR_SHMEM", O_SHMEM }, { "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS", NR_OLD }, { NULL, NULL, 0 }
	};
	static const struct image_member old[] = {
		MEMBER("pglist_data", "node_zones", 0x10, 2 * ZONE_SIZE, .kind = TYPE_ARRAY, .count = 2, .element_size = ZONE_SIZE),
		MEMBER("zone", "pageset", 0, 8),
		MEMBER("zone", "watermark", 8, 24, .kind = TYPE_ARRAY, .count = 3, .element_size = 8),
		MEMBER("per_cpu_pageset", "vm_stat_diff", 1, NR_OLD, .kind = TYPE_ARRAY, .count = NR_OLD, .element_size = 1),
		SIZE_OF("list_head", 16), MEMBER("super_block", "s_inodes", 0x20, 16), MEMBER("inode", "i_sb_list", 0x10, 16),
		MEMBER("inode", "i_mapping", 0, 8), SIZE_OF("address_space", 16), MEMBER("address_space", "nrpages", 8, 8),
		SIZE_OF("thread_union", 16384),
		{ NULL, NULL, { 0 } }
	};
	enum { SPACES = 0xb000 };
	struct image *image = image_new(old, NULL);
	struct memory_use use;

	(void)state;
	image->enumerators = names;
	image->kernel.nr_cpu_ids = 2;
	image->kernel.per_cpu_offset = per_cpu_offset;
	image_symbol(image, "vm_stat", 0xc000, NR_OLD * 8);
	image_symbol(image, "node_data", NODE_DATA, 4 * 8);
	image_symbol(image, "swapper_spaces", SPACES, 2 * 16);
	number(image, "totalram_pages", 0, 3000);
	number(image, "totalreserve_pages", 1, 100);
	number(image, "blockdev_superblock", 5, IMAGE_BASE + SUPER);
	image_ready(image);
	put_counters(image);
	put_devices(image);
	for (unsigned i = 0; i < NR_OLD; i++)
		image_put_number(image, 0xc000 + i * 8, 10 + i, 8);
	image_put_number(image, SPACES + 8, 1, 8);
	image_put_number(image, SPACES + 24, 1, 8);
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_string_equal(use.damage, "");
	expect(&use, MEMORY_FREE, PAGES(10 + 7 - 3));
	expect(&use, MEMORY_ANONYMOUS, PAGES(10 + O_ANON));
	expect(&use, MEMORY_SLAB_UNRECLAIMABLE, PAGES(10 + O_SLAB_U));
	expect(&use, MEMORY_KERNEL_STACK, (10 + O_STACKS) * 16384);
	expect(&use, MEMORY_SWAP_CACHED, PAGES(2));
	/* 17 pages of files, less 2 of swap and 14 of devices */
	expect(&use, MEMORY_CACHED, PAGES(1));
	assert_true(use.items[MEMORY_AVAILABLE].known);
	assert_true(use.items[MEMORY_PER_CPU].absent && use.items[MEMORY_VMALLOC].absent);
	assert_true(use.parts_known && !memory_part_counted(&use, PART_VMALLOC) && !memory_part_counted(&use, PART_PER_CPU));
	assert_true(memory_part_counted(&use, PART_OTHER));
	image_free(image);
}

static void parts(void **state)
{
	struct image *image = machine();
	struct memory_use use;
	uint64_t sum = 0;

	(void)state;
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_true(use.parts_known);
	for (unsigned i = 0; i < NR_MEMORY_PARTS; i++)
		sum += use.parts[i];
	assert_int_equal(sum, PAGES(3000));
	assert_int_equal(use.parts[PART_FILES], PAGES(131 - 70));
	assert_int_equal(use.parts[PART_VMALLOC],
			 PAGES(33 - 12)); /* stacks are shown by themselves */
	/* 204 + 70 + 61 + 14 + 512 + 50 + 60 + 12 + 9 + 21 + 22 + 1004 = 2039 pages are accounted
	 * for. */
	assert_int_equal(use.parts[PART_OTHER], PAGES(3000 - 2039));
	image_put_number(image, NUMBERS, 2030, 8); /* 9 pages of Percpu were never part of it */
	memory_forget_translations(image->kernel.memory);
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_true(use.parts_known);
	assert_int_equal(use.parts[PART_PER_CPU], PAGES(22 - 9));
	assert_int_equal(use.parts[PART_OTHER], 0);
	image_put_number(image, NUMBERS, 2010, 8);
	memory_forget_translations(image->kernel.memory);
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_false(use.parts_known);
	image_free(image);
}

/* swapoff has begun: what is still in the file counts as swap, and as free. */
static void swap_is_going(void **state)
{
	struct image *image = machine();
	struct memory_use use;

	(void)state;
	image_put_number(image, SWAP_FILE, 1, 8);
	assert_true(memory_use(&image->kernel, &use, NULL));
	expect(&use, MEMORY_SWAP_TOTAL, PAGES(600));
	expect(&use, MEMORY_SWAP_FREE, PAGES(500));
	image_free(image);
}

/* A list that runs in a circle, a lost page, a sum that cannot be: what is left is still right. */
static void damage(void **state)
{
	struct image *image = machine();
	struct error error = { 0 };
	struct memory_use use;

	(void)state;
	image_put_number(image, INODE(1) + 0x10, IMAGE_BASE + INODE(0) + 0x10, 8);
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_false(use.items[MEMORY_BUFFERS].known);
	assert_false(use.items[MEMORY_CACHED].known); /* it is counted without buffers */
	assert_false(use.parts_known);
	assert_non_null(strstr(use.damage, "Buffers: "));
	expect(&use, MEMORY_FREE, PAGES(1004));
	put_devices(image);
	image->missing[(NODE_DIFF + 0x1000) / IMAGE_PAGE] = true;
	memory_forget_translations(image->kernel.memory);
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_non_null(strstr(use.damage, "some counters: "));
	expect(&use, MEMORY_ANONYMOUS, PAGES(200));
	image->missing[(NODE_DIFF + 0x1000) / IMAGE_PAGE] = false;
	image_put_number(image, NODE_STAT + ANON * 8, 5000, 8);
	memory_forget_translations(image->kernel.memory);
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_false(use.parts_known);
	assert_false(use.items[MEMORY_ANONYMOUS].known);
	assert_non_null(strstr(use.damage, "AnonPages: its count is damaged: "));
	expect(&use, MEMORY_FREE, PAGES(1004));
	number(image, "_totalram_pages", 0, 1ull << 52);
	memory_forget_translations(image->kernel.memory);
	assert_false(memory_use(&image->kernel, &use, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	image_free(image);
}

/* Products and sums that do not fit into 64 bits, or say more than any machine has: unknown, not
 * what is left of them. */
static void insane(void **state)
{
	struct image *image = machine();
	struct memory_use use;

	(void)state;
	image_put_number(image, NUMBERS + 8 * 2, 1ull << 63, 8);      /* pcpu_nr_populated */
	image_put_number(image, NUMBERS + 8 * 4, 1ull << 52, 8);      /* nr_vmalloc_pages */
	image_put_number(image, NUMBERS + 8 * 7, UINT64_MAX - 50, 8); /* total_swap_pages */
	image_put_number(image, SWAP_FILE, 1, 8);		      /* 100 more pages of swap */
	image_put_number(image, HSTATES, 39, 4);
	image_put_number(image, HSTATES + 8, 1ull << 25, 8);
	assert_true(memory_use(&image->kernel, &use, NULL));
	assert_false(use.items[MEMORY_PER_CPU].known);
	assert_false(use.items[MEMORY_VMALLOC].known);
	assert_false(use.items[MEMORY_SWAP_TOTAL].known);
	assert_false(use.items[MEMORY_HUGETLB].known);
	assert_string_equal(use.damage, "Percpu: its count is damaged: more than any machine has");
	expect(&use, MEMORY_SWAP_FREE, PAGES(500));
	/* 16 GiB pages, as ppc64 has them. */
	image_put_number(image, HSTATES, 22, 4);
	image_put_number(image, HSTATES + 8, 3, 8);
	memory_forget_translations(image->kernel.memory);
	assert_true(memory_use(&image->kernel, &use, NULL));
	expect(&use, MEMORY_HUGETLB, 3ull << 34);
	image_free(image);
}

static void nothing(void **state)
{
	struct image *image = image_new(members, NULL);
	struct memory_use use;
	struct error error = { 0 };

	(void)state;
	image_ready(image);
	assert_false(memory_use(&image->kernel, &use, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	image_free(image);
}

/* --- all counters and events, by name --- */

struct named {
	char names[32][40];
	int64_t values[32];
	size_t count;
};

static bool name_it(void *context, const char *name, int64_t value)
{
	struct named *named = context;

	snprintf(named->names[named->count], sizeof(named->names[0]), "%s", name);
	named->values[named->count++] = value;
	return true;
}

static bool name_event(void *context, const char *name, uint64_t value)
{
	return name_it(context, name, value);
}

static void test_names_of_counters(void **state)
{
	struct image *image = machine();
	struct memory_counters counters;
	struct named named = { .count = 0 };

	(void)state;
	memory_counters_read(&image->kernel, &counters);
	assert_true(memory_counters_for_each(&counters, name_it, &named, NULL));
	assert_int_equal(named.count, NR_ZONE + NR_NODE);
	assert_string_equal(named.names[0], "NR_FREE_PAGES");
	assert_int_equal(named.values[0], 1000 + 7 - 3);
	assert_string_equal(named.names[NR_ZONE + ANON], "NR_ANON_MAPPED");
	assert_int_equal(named.values[NR_ZONE + ANON], 204);
	image_free(image);
}

/* The sum of all CPUs; of two names of one event the real one; and where a CPU's are lost there is no sum. */
static void test_events(void **state)
{
	struct symbol percpu = { .address = IMAGE_BASE + EVENTS, .size = 16, .name = "vm_event_states", .letter = 'D', .percpu = true };
	struct image *image = image_new(members, NULL);
	struct named named = { .count = 0 };
	struct error error = { 0 };

	(void)state;
	image->enumerators = enumerators;
	image->kernel.nr_cpu_ids = 2;
	image->kernel.per_cpu_offset = per_cpu_offset;
	assert_true(symtab_add(image->kernel.symbols, &percpu, NULL));
	image_ready(image);
	image_put_number(image, EVENTS, 5, 8);
	image_put_number(image, EVENTS + 8, 100, 8);
	image_put_number(image, EVENTS + 0x1000, 7, 8);
	image_put_number(image, EVENTS + 0x1008, 23, 8);
	assert_true(memory_events_for_each(&image->kernel, name_event, &named, &error));
	assert_int_equal(named.count, 2);
	assert_string_equal(named.names[0], "PGPGIN");
	assert_int_equal(named.values[0], 12);
	assert_string_equal(named.names[1], "PGFAULT");
	assert_int_equal(named.values[1], 123);
	named.count = 0;
	image->missing[(EVENTS + 0x1000) / IMAGE_PAGE] = true;
	assert_false(memory_events_for_each(&image->kernel, name_event, &named, &error));
	assert_int_equal(named.count, 0);
	assert_non_null(strstr(error.text, "the events that CPU 1 counted: "));
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows), cmocka_unit_test(of_3_10),	  cmocka_unit_test(parts),  cmocka_unit_test(swap_is_going),
		cmocka_unit_test(damage), cmocka_unit_test(insane), cmocka_unit_test(nothing),
		cmocka_unit_test(test_names_of_counters),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
