// SPDX-License-Identifier: GPL-3.0-or-later
/* The areas of vmalloc, in each of the ways that kernels have kept them. */
#include "test_kernel_image.h"

#include "kernel/memory/vmalloc.h"

enum { HEAD = 0x1000, NODES = 0x1100, NODES_POINTER = 0x1200, NR_NODES = 0x1208, AREA = 0x2000, VM = 0x3000 };

#define AT(offset) (IMAGE_BASE + (offset))
#define COMMON \
	SIZE_OF("list_head", 16), MEMBER("vmap_area", "va_start", 0, 8), MEMBER("vmap_area", "va_end", 8, 8), \
	MEMBER("vmap_area", "list", 16, 16), MEMBER("vmap_area", "vm", 32, 8), MEMBER("vm_struct", "caller", 0, 8)
#define DETAILS \
	MEMBER("vm_struct", "nr_pages", 8, 4), MEMBER("vm_struct", "phys_addr", 16, 8), MEMBER("vm_struct", "flags", 24, 8)

static const struct image_member of_5_4[] = { COMMON, DETAILS, { NULL, NULL, { 0 } } };
static const struct image_member of_3_10[] = { COMMON, DETAILS, MEMBER("vmap_area", "flags", 40, 8),
	MEMBER("vmap_area", "purge_list", 48, 16), { NULL, NULL, { 0 } } };
/* These flags say other things; vm is NULL where it is none. */
static const struct image_member of_6_9[] = { COMMON, DETAILS, MEMBER("vmap_area", "flags", 40, 8),
	MEMBER("vmap_node", "busy.head", 8, 16), SIZE_OF("vmap_node", 32), { NULL, NULL, { 0 } } };
static const struct image_member of_the_future[] = { COMMON, { NULL, NULL, { 0 } } };

static void put(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

static void put_list(struct image *image, uint64_t head, const unsigned *numbers, size_t count)
{
	uint64_t last = AT(head);

	put(image, head, AT(head));
	for (size_t i = 0; i < count; i++) {
		uint64_t node = AT(AREA + numbers[i] * 0x100 + 16);

		put(image, last - IMAGE_BASE, node);
		put(image, node - IMAGE_BASE, AT(head));
		last = node;
	}
}

/* Area N is 16 kB at 16 MB * N; its vm_struct was asked for by 0x1000 + N, with N pages, N * 4096 as what it maps. */
static struct image *machine(const struct image_member *members, const char *list)
{
	struct image *image = image_new(members, NULL);

	image_symbol(image, list, HEAD, 16);
	image_symbol(image, "vmap_nodes", NODES_POINTER, 8);
	image_symbol(image, "nr_vmap_nodes", NR_NODES, 4);
	image_ready(image);
	for (unsigned i = 0; i < 3; i++) {
		put(image, AREA + i * 0x100, AT(i << 24));
		put(image, AREA + i * 0x100 + 8, AT((i << 24) + 0x4000));
		put(image, AREA + i * 0x100 + 32, AT(VM + i * 0x100));
		put(image, VM + i * 0x100, 0x1000 + i);
		put(image, VM + i * 0x100 + 8, 0xffffffff00000000 | i);		/* four bytes */
		put(image, VM + i * 0x100 + 16, i * 4096);
		put(image, VM + i * 0x100 + 24, VMALLOC_ALLOC);
	}
	return image;
}

struct seen {
	struct vmalloc_area areas[8];
	size_t count, limit;
};

static bool see(void *context, const struct vmalloc_area *area, struct error *error)
{
	struct seen *seen = context;

	assert_true(seen->count < 8);
	seen->areas[seen->count++] = *area;
	return seen->count != seen->limit || error_set(error, ERROR_INTERRUPTED, "enough");
}

static void expect(const struct vmalloc_area *area, unsigned number, bool vm, bool details)
{
	assert_int_equal(area->start, AT(number << 24));
	assert_int_equal(area->end, AT((number << 24) + 0x4000));
	assert_int_equal(area->vm, vm ? AT(VM + number * 0x100) : 0);
	assert_int_equal(area->caller, vm ? 0x1000 + number : 0);
	assert_int_equal(area->details, details);
	assert_int_equal(area->pages, details ? number : 0);
	assert_int_equal(area->physical, details ? number * 4096 : 0);
	assert_int_equal(area->flags, details ? VMALLOC_ALLOC : 0);
}

static void test_one_list(void **state)
{
	static const unsigned order[] = { 2, 0, 1 };
	struct image *image = machine(of_5_4, "vmap_area_list");
	struct seen seen = { .limit = 0 };
	struct error error = { 0 };

	(void)state;
	put_list(image, HEAD, order, 3);
	assert_true(vmalloc_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 3);
	for (unsigned i = 0; i < 3; i++)
		expect(&seen.areas[i], order[i], true, true);
	seen = (struct seen){ .limit = 2 };
	assert_false(vmalloc_for_each(&image->kernel, see, &seen, &error));
	assert_true(error.kind == ERROR_INTERRUPTED && seen.count == 2);
	/* One that cannot be read ends the list, and that is said. */
	image->missing[AREA / IMAGE_PAGE] = true;
	seen = (struct seen){ .limit = 0 };
	assert_false(vmalloc_for_each(&image->kernel, see, &seen, &error));
	assert_true(error.kind == ERROR_EXCLUDED && !seen.count);
	image_free(image);
}

/* Where the flags do not say that vm is one, it is whatever was in that memory before. */
static void test_old_flags(void **state)
{
	static const unsigned order[] = { 0, 1 };
	struct image *image = machine(of_3_10, "vmap_area_list");
	struct seen seen = { .limit = 0 };

	(void)state;
	put_list(image, HEAD, order, 2);
	put(image, AREA + 40, 4);
	put(image, AREA + 0x100 + 40, 3);
	put(image, AREA + 0x100 + 32, 0xdeadbeef);
	assert_true(vmalloc_for_each(&image->kernel, see, &seen, NULL));
	assert_int_equal(seen.count, 2);
	expect(&seen.areas[0], 0, true, true);
	expect(&seen.areas[1], 1, false, false);
	image_free(image);
}

static void test_nodes(void **state)
{
	static const unsigned first[] = { 1 }, second[] = { 0, 2 };
	struct image *image = machine(of_6_9, "unused");
	struct seen seen = { .limit = 0 };
	struct error error = { 0 };

	(void)state;
	put(image, NODES_POINTER, AT(NODES));
	image_put_number(image, NR_NODES, 2, 4);
	put_list(image, NODES + 8, first, 1);
	put_list(image, NODES + 32 + 8, second, 2);
	put(image, AREA + 0x200 + 32, 0);		/* vm_map_ram()'s */
	put(image, AREA + 0x200 + 40, 1);
	assert_true(vmalloc_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 3);
	expect(&seen.areas[0], 1, true, true);
	expect(&seen.areas[1], 0, true, true);
	expect(&seen.areas[2], 2, false, false);
	/* A node that is lost takes its own areas with it, no others. */
	put(image, NODES + 8, 0xdead);
	seen = (struct seen){ .limit = 0 };
	assert_false(vmalloc_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 2);
	image_put_number(image, NR_NODES, 0xffffff, 4);
	assert_false(vmalloc_for_each(&image->kernel, see, &seen, &error));
	assert_string_equal(error.text, "nr_vmap_nodes is 16777215");
	image_free(image);
}

static void test_without_details(void **state)
{
	static const unsigned order[] = { 1 };
	struct image *image = machine(of_the_future, "vmap_area_list");
	struct seen seen = { .limit = 0 };

	(void)state;
	put_list(image, HEAD, order, 1);
	assert_true(vmalloc_for_each(&image->kernel, see, &seen, NULL));
	expect(&seen.areas[0], 1, true, false);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_list),
		cmocka_unit_test(test_old_flags),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_without_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
