// SPDX-License-Identifier: GPL-3.0-or-later
/* Flattened files: order, overrides, holes, and every place where one can end. */
#include "test_dump_image.h"

#include "dump/file.h"

#define LOGICAL 3000

struct record {
	uint64_t offset, size;
};

static void start(struct buffer *file)
{
	buffer_append(file, "makedumpfile\0\0\0\0", 16);
	add(file, 1, 8, true);
	add(file, 1, 8, true);
	buffer_zeros(file, 4096 - 32);
}

static void add_record(struct buffer *file, uint64_t offset, const void *data, uint64_t size)
{
	add(file, offset, 8, true);
	add(file, size, 8, true);
	buffer_append(file, data, size);
}

static void finish(struct buffer *file)
{
	add(file, UINT64_MAX, 8, true);
	add(file, UINT64_MAX, 8, true);
}

static struct dump_file *open_file(const char *path)
{
	struct dump_file *file = NULL;
	struct error error = { 0 };

	if (!dump_file_open(path, &file, &error))
		fail_msg("%s", error.text);
	return file;
}

/* Overlapping records in no order, with a gap at 2000; byte i of record r is r * 16 + i % 16. */
static const struct record records[] = {
	{ 0, 500 }, { 600, 400 }, { 100, 50 }, { 450, 300 }, { 2500, 500 }, { 0, 10 }, { 990, 1000 },
	{ 120, 10 }, { 600, 400 }, { 2999, 1 }, { 700, 1 },
};

#define NR_RECORDS (sizeof(records) / sizeof(records[0]))

static void record_data(size_t index, uint8_t *data)
{
	for (uint64_t i = 0; i < records[index].size; i++)
		data[i] = (index + 1) * 16 + i % 16;
}

/*
 * Applies what SIZE bytes of the flattened file hold, the simple way. KNOWN says which bytes it wrote, or left out
 * before others: all gaps here are shorter than a block.
 */
static void apply(size_t size, uint8_t *logical, bool *known)
{
	size_t at = 4096, end = 0;
	uint8_t data[1024];

	memset(logical, 0, LOGICAL);
	memset(known, 0, LOGICAL * sizeof(*known));
	for (size_t i = 0; i < NR_RECORDS && at + 16 <= size; i++) {
		uint64_t length = records[i].size;

		at += 16;
		if (length > size - at)
			length = size - at;
		record_data(i, data);
		memcpy(logical + records[i].offset, data, length);
		if (length && records[i].offset + length > end)
			end = records[i].offset + length;
		at += records[i].size;
		if (at > size)
			break;
	}
	for (size_t i = 0; i < end; i++)
		known[i] = true;
}

static void build(struct buffer *file)
{
	uint8_t data[1024];

	start(file);
	for (size_t i = 0; i < NR_RECORDS; i++) {
		record_data(i, data);
		add_record(file, records[i].offset, data, records[i].size);
	}
	finish(file);
}

static void test_overrides_and_holes(void **state)
{
	struct buffer image = { 0 };
	uint8_t expected[LOGICAL], got[LOGICAL];
	bool known[LOGICAL];
	struct dump_file *file;
	char *path;

	(void)state;
	build(&image);
	path = write_image(image.data, image.size);
	apply(image.size, expected, known);
	file = open_file(path);
	assert_int_equal(file->size, LOGICAL);
	assert_false(file->truncated);
	assert_true(dump_file_read(file, 0, got, LOGICAL, NULL));
	assert_memory_equal(got, expected, LOGICAL);
	for (size_t at = 0; at < LOGICAL; at += 7)
		for (size_t size = 1; size < 600 && at + size <= LOGICAL; size += 97) {
			assert_true(dump_file_read(file, at, got, size, NULL));
			assert_memory_equal(got, expected + at, size);
		}
	assert_false(dump_file_read(file, LOGICAL - 1, got, 2, NULL));
	assert_int_equal(dump_file_read_some(file, LOGICAL - 1, got, 2), 1);
	assert_int_equal(dump_file_read_some(file, UINT64_MAX, got, 2), 0);
	dump_file_close(file);
	remove_image(path);
	buffer_free(&image);
}

static void test_truncated_at_every_byte(void **state)
{
	struct buffer image = { 0 };
	char *path;

	(void)state;
	build(&image);
	path = write_image(image.data, image.size);
	for (size_t size = image.size - 16; size-- > 4096; ) {
		uint8_t expected[LOGICAL], got;
		bool known[LOGICAL];
		struct dump_file *file;
		struct error error;

		if (size % 5 && size > 4200)
			continue;
		assert_int_equal(truncate(path, size), 0);
		apply(size, expected, known);
		file = open_file(path);
		assert_true(file->truncated);
		for (size_t i = 0; i < LOGICAL; i++) {
			assert_int_equal(dump_file_read(file, i, &got, 1, &error), known[i]);
			if (known[i])
				assert_int_equal(got, expected[i]);
			else
				assert_int_equal(error.kind, ERROR_TRUNCATED);
		}
		dump_file_close(file);
	}
	remove_image(path);
	buffer_free(&image);
}

static void test_damaged_records(void **state)
{
	/* The second record's offset and size; the first must stay readable. */
	static const uint64_t cases[][2] = {
		{ 1ull << 63, 10 }, { 10, 1ull << 63 }, { INT64_MAX, INT64_MAX }, { INT64_MAX, 1 },
		{ 10, INT64_MAX - 10 }, { UINT64_MAX - 1, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer image = { 0 };
		struct dump_file *file;
		uint8_t got[4];
		char *path;

		start(&image);
		add_record(&image, 0, "good", 4);
		add(&image, cases[i][0], 8, true);
		add(&image, cases[i][1], 8, true);
		buffer_append(&image, "0123456789", 10);
		path = write_image(image.data, image.size);
		file = open_file(path);
		assert_true(file->truncated);
		assert_true(dump_file_read(file, 0, got, 4, NULL));
		assert_memory_equal(got, "good", 4);
		dump_file_close(file);
		open_fails(path, ERROR_FORMAT);
		remove_image(path);
		buffer_free(&image);
	}
}

static void test_empty_and_unknown(void **state)
{
	struct buffer image = { 0 };
	char *path;

	(void)state;
	start(&image);
	path = write_image(image.data, image.size);
	open_fails(path, ERROR_TRUNCATED);
	remove_image(path);
	image.data[23] = 2;
	path = write_image(image.data, image.size);
	open_fails(path, ERROR_UNSUPPORTED);
	remove_image(path);
	buffer_free(&image);
}

/* A whole dump, in pieces of 1000 bytes written backwards: the formats above do not notice. */
static void test_flattened_kdump(void **state)
{
	static const uint8_t kinds[] = { PAGE_ZLIB, PAGE_HOLE, PAGE_LZO, PAGE_EXCLUDED, PAGE_RAW, PAGE_ZERO };
	struct kdump_image kdump = { .kinds = kinds, .nr_pages = sizeof(kinds), .vmcoreinfo = "OSRELEASE=1\n" };
	struct buffer image = { 0 };
	struct dump *dump;
	char *path;

	(void)state;
	build_kdump(&kdump);
	start(&image);
	for (size_t at = (kdump.file.size - 1) / 1000 * 1000 + 1000; at; ) {
		size_t size;

		at -= 1000;
		size = kdump.file.size - at < 1000 ? kdump.file.size - at : 1000;
		add_record(&image, at, kdump.file.data + at, size);
	}
	finish(&image);
	path = write_image(image.data, image.size);
	assert_true(dump_probe(path));
	dump = open_one(path);
	assert_int_equal(dump->flags, DUMP_FLATTENED);
	assert_string_equal(dump->vmcoreinfo, "OSRELEASE=1\n");
	check_pages(dump, &kdump);
	check_and_close(dump);
	/* Without its end mark it is truncated, but all is there. */
	assert_int_equal(truncate(path, image.size - 16), 0);
	dump = open_one(path);
	assert_int_equal(dump->flags, DUMP_FLATTENED | DUMP_TRUNCATED);
	check_pages(dump, &kdump);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image);
	buffer_free(&kdump.file);
}

/*
 * A stream that ends early, of a kdump file with blocks of 4 KiB: gaps of less than a block are zeros, longer ones were to
 * be filled by records that are not there.
 */
static void test_gaps_of_a_cut_stream(void **state)
{
	static const uint8_t kinds[] = { PAGE_ZLIB, PAGE_RAW };
	static const uint8_t zeros[4095];
	struct kdump_image kdump = { .kinds = kinds, .nr_pages = sizeof(kinds) };
	struct buffer image = { 0 };
	struct dump_file *file;
	struct error error = { 0 };
	uint8_t got[4096];
	uint64_t end;
	char *path;

	(void)state;
	build_kdump(&kdump);
	end = kdump.file.size;
	start(&image);
	add_record(&image, 0, kdump.file.data, kdump.file.size);
	add_record(&image, end + 4095, "after a gap", 11);
	add_record(&image, end + 4095 + 11 + 4096, "after a long one", 16);
	path = write_image(image.data, image.size);
	file = open_file(path);
	assert_true(file->truncated);
	assert_true(dump_file_read(file, end, got, 4095, &error));
	assert_memory_equal(got, zeros, 4095);
	assert_true(dump_file_read(file, end + 4095, got, 11, &error));
	assert_memory_equal(got, "after a gap", 11);
	assert_false(dump_file_read(file, end + 4095 + 11, got, 1, &error));
	assert_int_equal(error.kind, ERROR_TRUNCATED);
	assert_false(dump_file_read(file, end + 4095 + 11 + 4095, got, 1, &error));
	assert_true(dump_file_read(file, end + 4095 + 11 + 4096, got, 16, &error));
	assert_memory_equal(got, "after a long one", 16);
	dump_file_close(file);
	/* Once the stream has its end both are what was meant. */
	finish(&image);
	remove_image(path);
	path = write_image(image.data, image.size);
	file = open_file(path);
	assert_true(dump_file_read(file, end + 4095 + 11, got, 4096, &error));
	assert_memory_equal(got, zeros, 4095);
	dump_file_close(file);
	remove_image(path);
	buffer_free(&image);
	buffer_free(&kdump.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overrides_and_holes),
		cmocka_unit_test(test_truncated_at_every_byte),
		cmocka_unit_test(test_damaged_records),
		cmocka_unit_test(test_empty_and_unknown),
		cmocka_unit_test(test_flattened_kdump),
		cmocka_unit_test(test_gaps_of_a_cut_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
