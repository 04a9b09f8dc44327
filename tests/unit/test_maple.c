// SPDX-License-Identifier: GPL-3.0-or-later
/* Maple trees of two levels, and damaged ones. */
#include "test_kernel_image.h"

#include "kernel/containers.h"

#define AT(offset) (IMAGE_BASE + (offset))
enum { TREE = 0x1000, TOP = 0x2000, LEFT = 0x2100, RIGHT = 0x2200 };
enum { LEAF_64 = 1, ARANGE_64 = 3 };
#define NODE(at, type) (AT(at) | (type) << 3 | 2)

static const struct image_member members[] = {
	MEMBER("maple_tree", "ma_root", 8, 8),
	MEMBER("maple_range_64", "pivot", 8, 120, .kind = TYPE_ARRAY, .count = 15, .element_size = 8),
	MEMBER("maple_range_64", "slot", 128, 128, .kind = TYPE_ARRAY, .count = 16, .element_size = 8),
	MEMBER("maple_arange_64", "pivot", 8, 72, .kind = TYPE_ARRAY, .count = 9, .element_size = 8),
	MEMBER("maple_arange_64", "slot", 80, 80, .kind = TYPE_ARRAY, .count = 10, .element_size = 8),
	{ NULL, NULL, { 0 } }
};

static void put(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

/* [0x1000, 0x1fff] and [0x3000, 0x3fff] in the left leaf, [0x9000, 0x9fff] in the right one; all else is empty. */
static struct image *machine(void)
{
	static const struct { unsigned node; uint64_t pivot, entry; } leaves[] = {
		{ LEFT, 0xfff, 0 }, { LEFT, 0x1fff, AT(0x100) }, { LEFT, 0x2fff, 0 }, { LEFT, 0x3fff, AT(0x200) }, { LEFT, 0x4fff, 0 },
		{ RIGHT, 0x8fff, 0 }, { RIGHT, 0x9fff, AT(0x300) }, { RIGHT, 0, 0 },
	};
	struct image *image = image_new(members, NULL);
	unsigned count[2] = { 0 };

	image_ready(image);
	put(image, TREE + 8, NODE(TOP, ARANGE_64));
	put(image, TOP + 8, 0x4fff);
	put(image, TOP + 80, NODE(LEFT, LEAF_64));
	put(image, TOP + 88, NODE(RIGHT, LEAF_64));
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		unsigned *slot = &count[leaves[i].node == RIGHT];

		put(image, leaves[i].node + 8 + *slot * 8, leaves[i].pivot);
		put(image, leaves[i].node + 128 + (*slot)++ * 8, leaves[i].entry);
	}
	return image;
}

struct seen {
	uint64_t first[8], last[8], entry[8];
	size_t count, limit;
};

static bool see(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error)
{
	struct seen *seen = context;

	(void)error;
	assert_true(seen->count < 8);
	seen->first[seen->count] = first;
	seen->last[seen->count] = last;
	seen->entry[seen->count++] = entry;
	return seen->count != seen->limit;
}

static void test_tree(void **state)
{
	struct image *image = machine();
	struct seen seen = { .limit = 0 };
	struct error error = { 0 };

	(void)state;
	assert_true(maple_for_each(&image->kernel, AT(TREE), see, &seen, &error));
	assert_int_equal(seen.count, 3);
	assert_true(seen.first[0] == 0x1000 && seen.last[0] == 0x1fff && seen.entry[0] == AT(0x100));
	assert_true(seen.first[1] == 0x3000 && seen.last[1] == 0x3fff && seen.entry[1] == AT(0x200));
	assert_true(seen.first[2] == 0x9000 && seen.last[2] == 0x9fff && seen.entry[2] == AT(0x300));
	seen = (struct seen){ .limit = 1 };
	assert_true(maple_for_each(&image->kernel, AT(TREE), see, &seen, &error) && seen.count == 1);
	/* Empty, and of one entry. */
	put(image, TREE + 8, 0);
	seen = (struct seen){ .limit = 0 };
	assert_true(maple_for_each(&image->kernel, AT(TREE), see, &seen, &error) && seen.count == 0);
	put(image, TREE + 8, AT(0x400));
	assert_true(maple_for_each(&image->kernel, AT(TREE), see, &seen, &error) && seen.count == 1 && seen.last[0] == 0);
	image_free(image);
}

static void test_damage(void **state)
{
	struct image *image = machine();
	struct seen seen = { .limit = 0 };
	struct error error = { 0 };

	(void)state;
	/* A circle: the right leaf is the top. The left one is all there. */
	put(image, TOP + 88, NODE(TOP, ARANGE_64));
	assert_false(maple_for_each(&image->kernel, AT(TREE), see, &seen, &error));
	assert_true(error.kind == ERROR_CORRUPT && strstr(error.text, "is in it twice") && seen.count == 2);
	/* The left one is wild, the right one is all there. */
	put(image, TOP + 80, 0xdead000000000002);
	put(image, TOP + 88, NODE(RIGHT, LEAF_64));
	seen = (struct seen){ .limit = 0 };
	assert_false(maple_for_each(&image->kernel, AT(TREE), see, &seen, &error));
	assert_int_equal(seen.count, 1);
	/* Ranges that run backwards. */
	put(image, TOP + 80, NODE(LEFT, LEAF_64));
	put(image, LEFT + 16, 0x10);
	seen = (struct seen){ .limit = 0 };
	assert_false(maple_for_each(&image->kernel, AT(TREE), see, &seen, &error));
	assert_non_null(strstr(error.text, "a range from 0x1000 to 0x10"));
	assert_int_equal(seen.count, 1);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
