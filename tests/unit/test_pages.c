// SPDX-License-Identifier: GPL-3.0-or-later
/* The page array in each form, what a struct page says in each kernel, and damaged lists of free pages. */
#include "test_kernel_image.h"

#include "base/buffer.h"
#include "kernel/memory/free_lists.h"
#include "kernel/memory/page.h"

#define AT(offset) (IMAGE_BASE + (offset))
enum { NODE = 0x1000, ZONE = 0x1100, MAP = 0x10000, SECTIONS = 0x4000, ROOTS = 0x5000, NUMBERS = 0x3000, NAME = 0x3800 };
#define PAGE(n) (MAP + (n) * 64)

#define PAGE_MEMBERS \
	SIZE_OF("page", 64), SIZE_OF("list_head", 16), MEMBER("page", "lru", 8, 16), MEMBER("page", "lru.next", 8, 8), \
	MEMBER("page", "lru.prev", 16, 8), MEMBER("page", "mapping", 24, 8), MEMBER("page", "private", 40, 8), \
	MEMBER("page", "_refcount.counter", 52, 4)
#define ZONE_MEMBERS \
	MEMBER("pglist_data", "node_mem_map", 0, 8), MEMBER("pglist_data", "node_start_pfn", 8, 8), \
	MEMBER("pglist_data", "node_spanned_pages", 16, 8), \
	MEMBER("zone", "free_area", 0, 3 * 0x30, .kind = TYPE_ARRAY, .count = 3, .element_size = 0x30), \
	MEMBER("free_area", "free_list", 0, 32, .kind = TYPE_ARRAY, .count = 2, .element_size = 16), MEMBER("free_area", "nr_free", 32, 8), \
	MEMBER("per_cpu_pages", "count", 0, 4), MEMBER("per_cpu_pages", "lists", 8, 32, .kind = TYPE_ARRAY, .count = 2, .element_size = 16)
#define SECTION_MEMBERS SIZE_OF("mem_section", 16), MEMBER("mem_section", "section_mem_map", 0, 8)

static const struct image_member of_5_10[] = { PAGE_MEMBERS, ZONE_MEMBERS, MEMBER("page", "flags", 0, 8),
	MEMBER("page", "compound_head", 8, 8), MEMBER("page", "compound_order", 17, 1), MEMBER("page", "page_type", 48, 4),
	MEMBER("page", "index", 32, 8), MEMBER("page", "mem_cgroup", 56, 8), { NULL, NULL, { 0 } } };
static const struct image_member of_7_2[] = { PAGE_MEMBERS, ZONE_MEMBERS, SECTION_MEMBERS, MEMBER("page", "flags.f", 0, 8),
	MEMBER("page", "compound_info", 8, 8), MEMBER("folio", "_flags_1", 64, 8), MEMBER("page", "page_type", 48, 4),
	MEMBER("page", "__folio_index", 32, 8), { NULL, NULL, { 0 } } };
static const struct image_member of_3_10[] = { PAGE_MEMBERS, ZONE_MEMBERS, MEMBER("page", "flags", 0, 8),
	MEMBER("page", "_mapcount.counter", 48, 4), MEMBER("page", "index", 32, 8), { NULL, NULL, { 0 } } };

#define FLAGS \
	{ "pageflags", "PG_locked", 0 }, { "pageflags", "PG_lru", 1 }, { "pageflags", "PG_head", 2 }
#define REST \
	{ "zone_type", "ZONE_DMA", 0 }, { "zone_type", "ZONE_NORMAL", 1 }, { "zone_type", "__MAX_NR_ZONES", 3 }, \
	{ "migratetype", "MIGRATE_UNMOVABLE", 0 }, { "migratetype", "MIGRATE_MOVABLE", 1 }, { "migratetype", "MIGRATE_PCPTYPES", 2 }, \
	{ "migratetype", "MIGRATE_TYPES", 2 }
static const struct image_enumerator old_names[] = { FLAGS, { "pageflags", "PG_slab", 3 }, { "pageflags", "__NR_PAGEFLAGS", 4 },
	{ "pageflags", "PG_checked", 3 }, REST, { NULL, NULL, 0 } };
static const struct image_enumerator new_names[] = { FLAGS, { "pageflags", "__NR_PAGEFLAGS", 3 }, { "pagetype", "PGTY_buddy", 0xf0 },
	{ "pagetype", "PGTY_slab", 0xf5 }, { "pagetype", "PGTY_mapcount_underflow", 0xff }, REST, { NULL, NULL, 0 } };

static void put(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

static void number(struct image *image, const char *name, unsigned n, uint64_t value)
{
	image_symbol(image, name, NUMBERS + n * 8, 8);
	put(image, NUMBERS + n * 8, value);
}

/* 64 pages from frame 16 on, in one array. */
static struct image *flat(const struct image_member *members, const struct image_enumerator *enumerators)
{
	struct image *image = image_new(members, NULL);

	image->enumerators = enumerators;
	image_symbol(image, "contig_page_data", NODE, 0x100);
	number(image, "saved_command_line", 0, AT(0x8000));
	image_ready(image);
	put(image, NODE, AT(MAP));
	put(image, NODE + 8, 16);
	put(image, NODE + 16, 64);
	return image;
}

static struct page_info page_at(struct image *image, unsigned n)
{
	struct page_info page;
	struct error error = { 0 };

	if (!page_read(&image->kernel, AT(PAGE(n)), &page, &error))
		fail_msg("%s", error.text);
	return page;
}

static void test_flat(void **state)
{
	struct image *image = flat(of_5_10, old_names);
	struct kernel *kernel = &image->kernel;
	struct error error = { 0 };
	uint64_t value;

	(void)state;
	assert_true(page_of_pfn(kernel, 16, &value, NULL) && value == AT(MAP));
	assert_true(page_of_pfn(kernel, 79, &value, NULL) && value == AT(PAGE(63)));
	assert_false(page_of_pfn(kernel, 80, &value, &error));
	assert_string_equal(error.text, "the page frame 80 (physical 0x50000) has no struct page");
	assert_false(page_of_pfn(kernel, 15, &value, NULL));
	assert_true(page_to_pfn(kernel, AT(PAGE(5)), &value, NULL) && value == 21);
	assert_false(page_to_pfn(kernel, AT(PAGE(5)) + 8, &value, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	assert_false(page_to_pfn(kernel, AT(PAGE(64)), &value, NULL));
	/* The command line says where the direct map is; it ends where memory does. */
	assert_true(page_direct_address(kernel, 0x12345, &value, NULL) && value == AT(0x12345));
	assert_false(page_direct_address(kernel, IMAGE_SIZE, &value, &error));
	assert_string_equal(error.text, "physical 0x200000 is not in the kernel's direct map");
	assert_true(page_in_direct_map(kernel, AT(0x777), &value) && value == 0x777);
	assert_true(page_of_address(kernel, AT(17 * 4096 + 5), &value, NULL) && value == AT(PAGE(1)));
	image_free(image);
}

/* Sections of 32 pages: 0 is there, 1 has no pages, 2 is there, with an array of its own. */
static void test_sections(void **state)
{
	static const char info[] = "NUMBER(SECTION_SIZE_BITS)=17\nSYMBOL(mem_section)=ffff888000005000\n";

	(void)state;
	for (unsigned form = 0; form < 3; form++) {
		struct image *image = image_new(of_7_2, form == 0 ? info : NULL);
		struct error error = { 0 };
		uint64_t value;

		image->enumerators = new_names;
		/* A pointer to pointers, pointers, sections. */
		number(image, "mem_section_pointer", 1, AT(ROOTS));
		image_symbol(image, "mem_section", form == 0 ? NUMBERS + 8 : form == 1 ? ROOTS : SECTIONS, form == 0 ? 8 : 64);
		number(image, "__highest_present_section_nr", 2, 2);
		number(image, "max_pfn", 3, 3 * 32);
		image_ready(image);
		put(image, ROOTS, AT(SECTIONS));
		put(image, SECTIONS, AT(MAP) | 0xf);
		put(image, SECTIONS + 16, 1);
		put(image, SECTIONS + 32, (AT(MAP + 0x4000) - 64 * 64) | 3);
		assert_true(page_of_pfn(&image->kernel, 31, &value, &error) && value == AT(PAGE(31)));
		assert_false(page_of_pfn(&image->kernel, 32, &value, NULL));
		assert_true(page_of_pfn(&image->kernel, 65, &value, NULL) && value == AT(MAP + 0x4000 + 64));
		assert_true(page_to_pfn(&image->kernel, AT(MAP + 0x4000 + 64), &value, NULL) && value == 65);
		assert_false(page_of_pfn(&image->kernel, 96, &value, NULL));
		image_free(image);
	}
}

static void expect_type(struct image *image, uint32_t value, const char *name)
{
	struct page_info page;

	image_put_number(image, PAGE(3) + 48, value, 4);
	page = page_at(image, 3);
	if (name)
		assert_string_equal(page_type_name(&image->kernel, &page), name);
	else
		assert_null(page_type_name(&image->kernel, &page));
}

static void test_old_page(void **state)
{
	struct image *image = flat(of_5_10, old_names);
	struct buffer text = { 0 };
	struct page_info page;
	struct error error = { 0 };
	unsigned order;
	int64_t count;

	(void)state;
	/* zone 1 of 3 zones in the two bits on top; head and slab */
	put(image, PAGE(2), 1ull << 62 | 1 << 2 | 1 << 3);
	put(image, PAGE(3) + 8, AT(PAGE(2)) | 1);
	image_put_number(image, PAGE(3) + 17, 4, 1);
	page = page_at(image, 2);
	assert_true(!page.tail && page.head == page.address && page.pfn == 18 && page.zone == 1);
	assert_true(page_compound_order(&image->kernel, &page, &order, NULL) && order == 4);
	assert_true(page_is_slab(&image->kernel, &page) && !page_mapcount(&image->kernel, &page, &count));
	page_flags_text(&image->kernel, page.flags & 0xff, &text);
	assert_string_equal(text.data, "head|slab");
	buffer_free(&text);
	image_put_number(image, PAGE(3) + 17, 99, 1);
	assert_false(page_compound_order(&image->kernel, &page, &order, &error));
	page = page_at(image, 3);
	assert_true(page.tail && page.head == AT(PAGE(2)));
	expect_type(image, 0xffffffff, NULL);
	expect_type(image, 0, NULL);
	expect_type(image, ~0x80u, "buddy");
	expect_type(image, ~0x200u, "kmemcg");		/* mem_cgroup: up to 5.10 */
	expect_type(image, ~0x400u, "table");
	image_put_number(image, PAGE(3) + 48, 4, 4);
	page = page_at(image, 3);
	assert_true(page_mapcount(&image->kernel, &page, &count) && count == 5);
	image->missing[MAP / IMAGE_PAGE] = true;
	assert_false(page_read(&image->kernel, AT(PAGE(2)), &page, &error));
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	image_free(image);
}

static void test_new_page(void **state)
{
	struct image *image = flat(of_7_2, new_names);
	struct page_info page;
	unsigned order;

	(void)state;
	put(image, PAGE(8), 1 << 2);
	put(image, PAGE(9), 0xab03);
	/* A mask: 8 pages of 64 bytes. */
	put(image, PAGE(13) + 8, ~0x1ffull | 1);
	page = page_at(image, 13);
	assert_true(page.tail && page.head == AT(PAGE(8)));
	put(image, PAGE(13) + 8, AT(PAGE(8)) | 1);
	page = page_at(image, 13);
	assert_true(page.tail && page.head == AT(PAGE(8)));
	page = page_at(image, 8);
	assert_true(page_compound_order(&image->kernel, &page, &order, NULL) && order == 3);
	expect_type(image, 0xf0000000, "buddy");
	expect_type(image, 0xf5000010, "slab");
	expect_type(image, 0xffffffff, NULL);
	expect_type(image, 7, NULL);
	image_free(image);
	image = flat(of_3_10, old_names);
	expect_type(image, (uint32_t)-128, "buddy");
	expect_type(image, (uint32_t)-1, NULL);
	page = page_at(image, 3);
	assert_false(page.tail || page_knows(&page, PAGE_HEAD));
	image_free(image);
}

/* --- lists --- */

/* Frames NUMBERS in a list at HEAD, all free and of ORDER. */
static void put_list(struct image *image, uint64_t head, const unsigned *numbers, size_t count, unsigned order)
{
	uint64_t last = head;

	put(image, head, AT(head));
	put(image, head + 8, AT(head));
	for (size_t i = 0; i < count; i++) {
		uint64_t link = PAGE(numbers[i]) + 8;

		put(image, last, AT(link));
		put(image, link + 8, AT(last));
		put(image, link, AT(head));
		put(image, head + 8, AT(link));
		image_put_number(image, PAGE(numbers[i]) + 48, 0xf0000000, 4);
		put(image, PAGE(numbers[i]) + 40, order);
		last = link;
	}
}

static struct free_list walk(struct image *image, unsigned order, unsigned type)
{
	struct zone zone = { .kernel = &image->kernel, .address = AT(ZONE) };
	struct free_layout layout;
	struct free_list list;
	struct error error = { 0 };

	if (!free_layout_get(&image->kernel, &layout, &error))
		fail_msg("%s", error.text);
	assert_int_equal(layout.nr_orders, 3);
	assert_string_equal(layout.types[1], "MOVABLE");
	list = free_list_of_zone(&layout, &zone, order, type);
	assert_true(free_list_walk(&layout, &list, NULL, NULL, &error));
	return list;
}

static void test_free_lists(void **state)
{
	static const unsigned numbers[] = { 4, 8, 20, 12, 16 };
	struct image *image = flat(of_7_2, new_names);
	uint64_t head = ZONE + 2 * 0x30 + 16;		/* order 2, type 1 */
	struct free_list list;

	(void)state;
	put_list(image, head, numbers, 5, 2);
	list = walk(image, 2, 1);
	assert_true(list.blocks == 5 && !list.odd && list.damage.kind == ERROR_NONE && list.head == AT(head));
	/* One that is of another order, one that is not aligned to it, is said. */
	put(image, PAGE(8) + 40, 1);
	list = walk(image, 2, 1);
	assert_true(list.blocks == 5 && list.odd == 1 && list.first_odd == AT(PAGE(8)));
	put(image, PAGE(8) + 40, 2);
	/* A circle: 20 leads back to 8. What is behind it is found from the end. */
	put(image, PAGE(20) + 8, AT(PAGE(8) + 8));
	list = walk(image, 2, 1);
	assert_true(list.blocks == 5 && list.from_behind == 2 && list.damage.kind == ERROR_CORRUPT);
	assert_non_null(strstr(list.damage.text, "whose link back is"));
	/* Both ways broken: 12 leads nowhere. */
	put(image, PAGE(12) + 16, 0xdead);
	list = walk(image, 2, 1);
	assert_true(list.blocks == 5 && list.from_behind == 2);
	put(image, PAGE(16) + 16, 0xdead);
	list = walk(image, 2, 1);
	assert_true(list.blocks == 4 && list.from_behind == 1);
	put(image, head, 0);
	list = walk(image, 2, 1);
	assert_true(list.blocks == 1 && list.damage.kind != ERROR_NONE);
	image->missing[ZONE / IMAGE_PAGE] = true;
	list = walk(image, 2, 1);
	assert_true(list.blocks == 0 && list.damage.kind == ERROR_EXCLUDED);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_old_page),
		cmocka_unit_test(test_new_page),
		cmocka_unit_test(test_free_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
