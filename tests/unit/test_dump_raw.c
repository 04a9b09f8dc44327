// SPDX-License-Identifier: GPL-3.0-or-later
/* Raw memory: FILE@ADDRESS, and a page counter on hand-made kdump files. */
#include "test_dump_image.h"

#include <elf.h>

#include "dump/count.h"
#include "dump/file.h"
#include "dump/raw.h"

#define PAGE 4096

/* A file of pages FIRST to FIRST + NR - 1, and EXTRA bytes more; VMCOREINFO in page INFO (0: none). */
static char *write_memory(uint64_t first, size_t nr, size_t extra, uint64_t info, const char *text)
{
	uint8_t *memory = malloc((nr + 1) * PAGE);
	char *path;

	for (size_t i = 0; i <= nr; i++)
		page_contents(first + i, memory + i * PAGE, PAGE);
	if (info) {
		memset(memory + (info - first) * PAGE, 0, PAGE);
		strcpy((char *)memory + (info - first) * PAGE, text);
	}
	path = write_image(memory, nr * PAGE + extra);
	free(memory);
	return path;
}

static void expect_page(struct dump *dump, uint64_t pfn)
{
	uint8_t expected[PAGE], got[PAGE];
	struct error error = { 0 };

	page_contents(pfn, expected, PAGE);
	if (!dump_read_phys(dump, pfn * PAGE, got, PAGE, &error))
		fail_msg("page %llu: %s", (unsigned long long)pfn, error.text);
	assert_memory_equal(got, expected, PAGE);
}

static const char info_text[] = "OSRELEASE=6.1.0-raw\nBUILD-ID=aa\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82000000\n"
				"NUMBER(pgtable_l5_enabled)=0\nKERNELOFFSET=0\n";

static void pieces(void **state)
{
	char *high = write_memory(0x1000, 8, 0, 0x1003, info_text), *low = write_memory(0, 4, 100, 0, NULL);
	char one[200], two[100];
	const char *paths[] = { one, two };
	struct dump *dump;
	uint8_t bytes[100];

	(void)state;
	/* One word or two, the higher one first; hexadecimal with 0x or without. */
	snprintf(one, sizeof(one), "%s@1000000,%s@0x0", high, low);
	assert_true(raw_is_named(one));
	for (size_t nr = 1; nr <= 2; nr++) {
		struct error error = { 0 };

		if (!dump_open(paths, nr, &dump, &error))
			fail_msg("%s", error.text);
		assert_int_equal(dump->nr_ranges, 2);
		assert_int_equal(dump->ranges[0].start, 0);
		assert_int_equal(dump->ranges[1].start, 0x1000000);
		assert_string_equal(dump->files[1]->path, high);
		assert_int_equal(dump->max_pfn, 0x1008);
		for (uint64_t pfn = 0; pfn < 4; pfn++)
			expect_page(dump, pfn);
		expect_page(dump, 0x1000);
		expect_page(dump, 0x1007);
		read_fails(dump, 0x1008 * PAGE, 1, ERROR_NOT_MAPPED);
		read_fails(dump, 5 * PAGE, 1, ERROR_NOT_MAPPED);
		/* The piece that ends inside a page. */
		assert_true(dump_read_phys(dump, 4 * PAGE, bytes, 100, NULL));
		read_fails(dump, 4 * PAGE, 101, ERROR_NOT_MAPPED);
		assert_true(dump_has_page(dump, 0x1007));
		assert_false(dump_has_page(dump, 0x1008));
		assert_false(dump_has_page(dump, 0x100));
		/* All that is known of the machine. */
		assert_true(dump->vmcoreinfo_from_memory);
		assert_int_equal(dump->machine, EM_X86_64);
		assert_true(dump->is_64bit);
		check_and_close(dump);
		snprintf(one, sizeof(one), "%s@1000000", high);
		snprintf(two, sizeof(two), "%s@0", low);
	}
	remove_image(high);
	remove_image(low);
}

static void page_size(void **state)
{
	char *path = write_memory(0, 64, 0, 16, "OSRELEASE=6.1.0\nPAGESIZE=65536\nNUMBER(kimage_voffset)=0xffff0000\n");
	char name[100];
	struct dump *dump;

	(void)state;
	snprintf(name, sizeof(name), "%s@40000000", path);
	dump = open_one(name);
	assert_int_equal(dump->machine, EM_AARCH64);
	assert_int_equal(dump->page_size, 65536);
	assert_int_equal(dump->max_pfn, 0x4004);
	check_and_close(dump);
	remove_image(path);
}

static void bad_names(void **state)
{
	char *path = write_memory(0, 4, 0, 0, NULL), *empty = write_image("", 0), name[200], file[100];
	static const char *const wrong[] = { "%s@", "%s@zz", "%s@-1", "%s@ 1", "%s@0x10000000000000000", "%s" };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), wrong[i], path);
		assert_false(raw_is_named(name));
	}
	assert_false(raw_is_named("@0"));
	snprintf(name, sizeof(name), "%s@fffffffffffff000", path);
	open_fails(name, ERROR_USAGE);
	snprintf(name, sizeof(name), "%s@0,%s@3000", path, path);
	open_fails(name, ERROR_USAGE);
	snprintf(name, sizeof(name), "%s@0,%s", path, path);
	open_fails(name, ERROR_USAGE);
	snprintf(name, sizeof(name), "%s@0,", path);
	open_fails(name, ERROR_USAGE);
	snprintf(name, sizeof(name), "%s@0", empty);
	open_fails(name, ERROR_FORMAT);
	open_fails("/nonexistent@0", ERROR_IO);
	/* A file that is really called so is that file. */
	snprintf(file, sizeof(file), "%s@0", path);
	assert_int_equal(rename(path, file), 0);
	assert_false(raw_is_named(file));
	unlink(file);
	free(path);
	remove_image(empty);
}

/* --- counting --- */

static struct page_counts count_all(struct dump *dump)
{
	struct page_counter *counter = page_counter_new(dump);
	struct page_counts counts = { .first_lost = UINT64_MAX };
	struct error error = { 0 };

	assert_non_null(counter);
	for (size_t i = 0; i < dump->nr_ranges; i++)
		if (!page_counter_add(counter, dump->ranges[i].start, dump->ranges[i].size, &counts, NULL, NULL, &error))
			fail_msg("%s", error.text);
	page_counter_free(counter);
	return counts;
}

static void counts(void **state)
{
	static const uint8_t kinds[16] = { PAGE_ZLIB, PAGE_ZERO, PAGE_LZO, PAGE_HOLE, PAGE_ZERO, PAGE_EXCLUDED, PAGE_ZERO,
					   PAGE_UNWRITTEN, PAGE_RAW, PAGE_HOLE, PAGE_HOLE, PAGE_EXCLUDED, PAGE_ZLIB,
					   PAGE_ZLIB, PAGE_UNWRITTEN, PAGE_RAW };
	struct kdump_image image = { .kinds = kinds, .nr_pages = 16 };
	char *path = write_kdump(&image);
	struct dump *dump = open_one(path);
	struct page_counts got = count_all(dump);

	(void)state;
	assert_int_equal(got.exist, 13);
	assert_int_equal(got.present, 9);
	assert_int_equal(got.zero, 3);
	assert_int_equal(got.excluded, 2);
	assert_int_equal(got.lost, 2);
	assert_int_equal(got.first_lost, 7 * PAGE);
	assert_int_equal(got.damaged, 0);
	check_and_close(dump);
	/* The last page, a raw one, cut off. */
	assert_int_equal(truncate(path, image.file.size - 1), 0);
	dump = open_one(path);
	got = count_all(dump);
	assert_int_equal(got.present, 8);
	assert_int_equal(got.lost, 3);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

/* makedumpfile writes the shared page first, before any page that has it. */
static void counts_zero_first(void **state)
{
	static const uint8_t kinds[6] = { PAGE_ZERO, PAGE_ZLIB, PAGE_ZLIB, PAGE_ZERO, PAGE_ZLIB, PAGE_ZERO };
	struct kdump_image image = { .kinds = kinds, .nr_pages = 6 };
	struct dump *dump;
	char *path;

	(void)state;
	build_kdump(&image);
	/* Page 0 becomes an ordinary page: its descriptor is made page 1's. So the first zero page seen is a lower offset. */
	memcpy(image.file.data + image.descriptors, image.file.data + image.descriptors + 24, 24);
	path = write_image(image.file.data, image.file.size);
	dump = open_one(path);
	assert_int_equal(count_all(dump).zero, 2);
	assert_int_equal(count_all(dump).present, 6);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

static bool now(void *context)
{
	(void)context;
	return true;
}

static void counts_interrupted(void **state)
{
	char *path = write_memory(0, 4, 0, 0, NULL), name[100];
	struct page_counts got = { 0 };
	struct page_counter *counter;
	struct error error = { 0 };
	struct dump *dump;

	(void)state;
	snprintf(name, sizeof(name), "%s@0", path);
	dump = open_one(name);
	counter = page_counter_new(dump);
	assert_false(page_counter_add(counter, 0, 4 * PAGE, &got, now, NULL, &error));
	assert_int_equal(error.kind, ERROR_INTERRUPTED);
	assert_true(page_counter_add(counter, 0, 4 * PAGE, &got, NULL, NULL, &error));
	/* A page that two ranges share is one page. */
	assert_true(page_counter_add(counter, 4 * PAGE - 1, 1, &got, NULL, NULL, &error));
	assert_int_equal(got.exist, 4);
	assert_int_equal(got.present, 4);
	page_counter_free(counter);
	check_and_close(dump);
	remove_image(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),	     cmocka_unit_test(page_size),	  cmocka_unit_test(bad_names),
		cmocka_unit_test(counts),	     cmocka_unit_test(counts_zero_first), cmocka_unit_test(counts_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
