// SPDX-License-Identifier: GPL-3.0-or-later
/* Page caches of inodes: lists that break off or go round, memory that is missing, both names of the tree. */
#include "test_kernel_image.h"

#include "base/buffer.h"
#include "kernel/files/mapping.h"

enum { HEAD = 0x1000, SUPER = 0x2000, INODE = 0x10000, STEP = 0x1000, DENTRY = 0x40000, TYPE = 0x50000, NAME = 0x51000 };

#define AT(offset) (IMAGE_BASE + (offset))
#define COMMON \
	SIZE_OF("list_head", 16), MEMBER("super_block", "s_list", 0, 16), MEMBER("super_block", "s_inodes", 16, 16), \
	MEMBER("super_block", "s_type", 32, 8), MEMBER("super_block", "s_id", 40, 32), MEMBER("file_system_type", "name", 8, 8), \
	MEMBER("inode", "i_mapping", 56, 8), MEMBER("inode", "i_sb_list", 8, 16), MEMBER("inode", "i_ino", 24, 8), \
	MEMBER("inode", "i_mode", 32, 2), MEMBER("inode", "i_sb", 40, 8), MEMBER("inode", "i_dentry", 48, 8), \
	MEMBER("inode", "i_data", 64, 64), MEMBER("address_space", "host", 0, 8), MEMBER("address_space", "nrpages", 8, 8), \
	MEMBER("file", "f_inode", 0, 8), MEMBER("file", "f_mapping", 8, 8), \
	MEMBER("dentry", "d_hash.pprev", 0, 8), MEMBER("dentry", "d_parent", 8, 8), MEMBER("dentry", "d_name.name", 16, 8), \
	MEMBER("dentry", "d_name.len", 24, 4), MEMBER("dentry", "d_op", 32, 8), MEMBER("dentry", "d_u.d_alias", 40, 16)

static const struct image_member today[] = { COMMON, MEMBER("address_space", "i_pages", 16, 16), { NULL, NULL, { 0 } } };
static const struct image_member of_3_10[] = { COMMON, MEMBER("address_space", "page_tree", 24, 16), { NULL, NULL, { 0 } } };
static const struct image_member neither[] = { COMMON, { NULL, NULL, { 0 } } };

static void put(struct image *image, uint64_t offset, uint64_t value)
{
	image_put_number(image, offset, value, 8);
}

static uint64_t inode_at(unsigned number)
{
	return INODE + number * STEP;
}

/* A list of the nodes at these offsets. */
static void put_list(struct image *image, uint64_t head, const uint64_t *nodes, size_t count)
{
	uint64_t last = head;

	put(image, head, AT(head));
	for (size_t i = 0; i < count; i++) {
		put(image, last, AT(nodes[i]));
		put(image, nodes[i], AT(head));
		last = nodes[i];
	}
}

/* Two file systems: inodes 0 to 2 are one's, 3 and 4 the other's. Inode N has N pages; that of 4 is what a device's node would show. */
static struct image *machine(const struct image_member *members)
{
	static const uint64_t supers[] = { SUPER, SUPER + 0x100 };
	struct image *image = image_new(members, NULL);
	uint64_t first[3], second[2];

	image_symbol(image, "super_blocks", HEAD, 16);
	image_ready(image);
	put_list(image, HEAD, supers, 2);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t inode = inode_at(i);

		put(image, inode + 56, AT(inode + 64));
		put(image, inode + 24, 100 + i);
		put(image, inode + 32, 0100644);
		put(image, inode + 40, AT(SUPER));
		put(image, inode + 64, AT(inode));
		put(image, inode + 72, i);
		*(i < 3 ? &first[i] : &second[i - 3]) = inode + 8;
	}
	put_list(image, SUPER + 16, first, 3);
	put_list(image, SUPER + 0x100 + 16, second, 2);
	put(image, SUPER + 32, AT(TYPE));
	put(image, TYPE + 8, AT(NAME));
	memcpy(image->memory + NAME, "ext4", 5);
	memcpy(image->memory + SUPER + 40, "vda1", 5);
	return image;
}

struct seen {
	uint64_t inodes[8], pages;
	size_t count, limit;
};

static bool see(void *context, const struct mapping *mapping, struct error *error)
{
	struct seen *seen = context;

	(void)error;
	assert_true(seen->count < 8);
	seen->inodes[seen->count++] = mapping->inode - IMAGE_BASE;
	seen->pages += mapping->nr_pages;
	return seen->count != seen->limit;
}

static void test_all(void **state)
{
	struct image *image = machine(today);
	struct seen seen = { .limit = 0 };
	struct error error = { 0 };

	(void)state;
	assert_true(mappings_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 4); /* inode 0 has no pages */
	assert_int_equal(seen.pages, 1 + 2 + 3 + 4);
	seen = (struct seen){ .limit = 2 };
	assert_false(mappings_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 2);
	assert_int_equal(error.kind, ERROR_NONE); /* stopped, no failure */
	image_free(image);
}

static void test_damage(void **state)
{
	struct image *image = machine(today);
	struct seen seen = { .limit = 0 };
	struct error error = { 0 };

	(void)state;
	/* A file system's list that goes round costs the rest of it, not the other's. */
	put(image, inode_at(1) + 8, AT(inode_at(0) + 8));
	assert_false(mappings_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.inodes[0], inode_at(1));
	assert_int_equal(seen.inodes[seen.count - 1], inode_at(4));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	put(image, inode_at(1) + 8, AT(inode_at(2) + 8));
	/* An inode that is not there ends its list. */
	image->missing[inode_at(3) / IMAGE_PAGE] = true;
	seen = (struct seen){ .limit = 0 };
	error = (struct error){ 0 };
	assert_false(mappings_for_each(&image->kernel, see, &seen, &error));
	assert_int_equal(seen.count, 2);
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	image_free(image);
}

static void test_which(void **state)
{
	struct image *image = machine(today);
	struct mapping mapping;
	struct error error = { 0 };
	const uint64_t file = 0x60000;

	(void)state;
	put(image, file, AT(inode_at(2)));
	put(image, file + 8, AT(inode_at(2) + 64));
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t what[] = { INODE + 2 * STEP, INODE + 2 * STEP + 64, 0x60000 };

		assert_true(mapping_at(&image->kernel, AT(what[i]), &mapping, &error));
		assert_int_equal(mapping.address, AT(inode_at(2) + 64));
		assert_int_equal(mapping.inode, AT(inode_at(2)));
		assert_int_equal(mapping.nr_pages, 2);
		assert_int_equal(mapping.tree, AT(inode_at(2) + 64 + 16));
	}
	/* A block device's node has the device's. */
	put(image, inode_at(4) + 56, AT(inode_at(3) + 64));
	assert_true(mapping_at(&image->kernel, AT(inode_at(4)), &mapping, &error));
	assert_int_equal(mapping.inode, AT(inode_at(3)));
	assert_false(mapping_at(&image->kernel, AT(DENTRY), &mapping, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	/* What is missing may have been one. */
	image->missing[inode_at(2) / IMAGE_PAGE] = true;
	assert_false(mapping_at(&image->kernel, AT(inode_at(2)), &mapping, &error));
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	image_free(image);
}

static void test_trees(void **state)
{
	struct image *image = machine(of_3_10);
	struct mapping mapping;
	struct error error = { 0 };

	(void)state;
	assert_true(mapping_read(&image->kernel, AT(inode_at(1) + 64), &mapping, &error));
	assert_int_equal(mapping.tree, AT(inode_at(1) + 64 + 24));
	image_free(image);
	image = machine(neither);
	assert_false(mapping_read(&image->kernel, AT(inode_at(1) + 64), &mapping, &error));
	assert_string_equal(error.text, "no address_space.i_pages");
	image_free(image);
}

static void test_names(void **state)
{
	struct image *image = machine(today);
	struct inode_facts facts;
	struct buffer text = { 0 };
	struct error error = { 0 };

	(void)state;
	assert_true(inode_read(&image->kernel, AT(inode_at(1)), &facts, &error));
	assert_int_equal(facts.number, 101);
	assert_string_equal(facts.type, "ext4");
	assert_string_equal(facts.source, "vda1");
	/* None, one below the root, and one whose place is lost. */
	assert_true(inode_path(&image->kernel, AT(inode_at(1)), &text, &error));
	assert_int_equal(text.size, 0);
	put(image, inode_at(1) + 48, AT(DENTRY + 40));
	put(image, DENTRY, 1);
	put(image, DENTRY + 8, AT(DENTRY + 0x1000));
	put(image, DENTRY + 16, AT(NAME));
	image_put_number(image, DENTRY + 24, 4, 4);
	put(image, DENTRY + 0x1000 + 8, AT(DENTRY + 0x1000));
	assert_true(inode_path(&image->kernel, AT(inode_at(1)), &text, &error));
	assert_string_equal(text.data, "/ext4");
	image->missing[(DENTRY + 0x1000) / IMAGE_PAGE] = true;
	buffer_clear(&text);
	assert_false(inode_path(&image->kernel, AT(inode_at(1)), &text, &error));
	assert_int_equal(error.kind, ERROR_EXCLUDED);
	assert_string_equal(text.data, "?/ext4");
	buffer_free(&text);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),   cmocka_unit_test(test_damage), cmocka_unit_test(test_which),
		cmocka_unit_test(test_trees), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
