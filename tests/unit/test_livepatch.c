// SPDX-License-Identifier: GPL-3.0-or-later
/* modules/livepatch.c on hand-made lists. */
#include "test_kernel_image.h"

#include "kernel/modules/livepatch.h"

#define AT(offset) (IMAGE_BASE + (offset))

enum { PATCHES = 0x1000, PATCH = 0x2000, OBJECT = 0x3000, FUNCTIONS = 0x4000, FUNCTION_SIZE = 0x100, NAMES = 0x6000 };
enum { OLD = 0x100000, NEW_1 = 0x100100, NEW_2 = 0x100200, OTHER = 0x100300, COLD = 0x100400 };

static const struct image_member members[] = {
	MEMBER("list_head", "next", 0, 8),
	MEMBER("klp_patch", "list", 0, 16), MEMBER("klp_patch", "obj_list", 16, 16),
	MEMBER("klp_object", "name", 0, 8), MEMBER("klp_object", "node", 8, 16), MEMBER("klp_object", "func_list", 24, 16),
	MEMBER("klp_func", "old_name", 0, 8), MEMBER("klp_func", "new_func", 8, 8), MEMBER("klp_func", "old_func", 16, 8),
	MEMBER("klp_func", "node", 24, 16), MEMBER("klp_func", "nop", 40, 1), MEMBER("klp_func", "patched", 41, 1),
	{ NULL, NULL, { 0 } }
};

static void put(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

static int setup(void **state)
{
	struct image *image = image_new(members, NULL);

	image_symbol(image, "klp_patches", PATCHES, 16);
	image_symbol(image, "old", OLD, 0x100);
	image_symbol(image, "new_1", NEW_1, 0x100);
	image_symbol(image, "new_2", NEW_2, 0x100);
	image_symbol(image, "other", OTHER, 0x100);
	image_symbol(image, "old.cold", COLD, 0x100);
	image_ready(image);
	put(image, PATCHES, AT(PATCHES));
	image_put_string(image, NAMES, "old");
	image_put_string(image, NAMES + 0x10, "ext4");
	*state = image;
	return 0;
}

static int teardown(void **state)
{
	image_free(*state);
	return 0;
}

/* Puts NUMBER's function into the one object of the one patch; the last one ends the list. */
static void put_function(struct image *image, unsigned number, uint64_t new, bool patched)
{
	uint64_t function = FUNCTIONS + number * FUNCTION_SIZE;

	put(image, PATCHES, AT(PATCH));
	put(image, PATCH, AT(PATCHES));
	put(image, PATCH + 16, AT(OBJECT + 8));
	put(image, OBJECT + 8, AT(PATCH + 16));
	put(image, number ? function - FUNCTION_SIZE + 24 : OBJECT + 24, AT(function + 24));
	put(image, function + 24, AT(OBJECT + 24));
	put(image, function, AT(NAMES));
	put(image, function + 8, AT(new));
	put(image, function + 16, AT(OLD));
	image_put_number(image, function + 41, patched, 1);
}

static void assert_text(struct image *image, uint64_t offset, const char *expected)
{
	char text[600];

	assert_int_equal(livepatch_text(&image->kernel, AT(offset), text, sizeof(text)), expected[0] != 0);
	assert_string_equal(text, expected);
}

static void test_none(void **state)
{
	assert_text(*state, OLD, "");
	assert_null(livepatch_damage(&((struct image *)*state)->kernel));
}

/* Two patches of one function: the newer is where calls go. */
static void test_both_ways(void **state)
{
	struct image *image = *state;

	put_function(image, 0, NEW_1, true);
	put_function(image, 1, NEW_2, true);
	assert_text(image, OLD + 0x10, "replaced by new_2");
	assert_text(image, NEW_1 + 0x10, "replaces old");
	assert_text(image, NEW_2, "replaces old");
	assert_text(image, OTHER, "");
	assert_text(image, COLD + 4, "replaced by new_2");
	assert_null(livepatch_damage(&image->kernel));
}

static void test_of_a_module_and_not_in_force(void **state)
{
	struct image *image = *state;

	put_function(image, 0, NEW_1, false);
	put(image, OBJECT, AT(NAMES + 0x10));
	assert_text(image, OLD, "");
	assert_text(image, NEW_1, "replaces old [ext4]");
}

/* A function of a patch that takes an older one back is the old one itself. */
static void test_nop(void **state)
{
	struct image *image = *state;

	put_function(image, 0, OLD, true);
	image_put_number(image, FUNCTIONS + 40, 1, 1);
	assert_text(image, OLD, "");
}

static void test_damage(void **state)
{
	struct image *image = *state;

	put_function(image, 0, NEW_1, true);
	put_function(image, 1, NEW_2, true);
	put(image, FUNCTIONS + FUNCTION_SIZE + 24, AT(FUNCTIONS + 24));	/* a circle */
	assert_text(image, NEW_1, "replaces old");
	assert_non_null(strstr(livepatch_damage(&image->kernel), "may not be marked"));
	kernel_forget(&image->kernel);
	put(image, PATCHES, AT(IMAGE_SIZE));
	assert_text(image, NEW_1, "");
	assert_non_null(livepatch_damage(&image->kernel));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_a_module_and_not_in_force, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
