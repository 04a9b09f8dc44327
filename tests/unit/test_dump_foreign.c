// SPDX-License-Identifier: GPL-3.0-or-later
/* What libkdumpfile reads for us: a hand-made LKCD dump, and files that only look like one of its formats. */
#include "test_dump_image.h"

#include <elf.h>

#include "dump/foreign.h"

#define PAGE 4096
#define DATA 65536	/* LKCD: where the pages begin */

/* Offsets of LKCD's dump_header of version 8 (drivers/dump of the LKCD patches): packed, so none is aligned. */
enum { VERSION = 8, HEADER_SIZE = 12, PAGE_SIZE = 20, NUM_PAGES = 48, UTSNAME = 324, END = 734 };

/* The library asks for what a damaged header says; without ASan malloc refuses that, too. */
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void add_page(struct buffer *image, uint64_t pfn, uint32_t flags)
{
	uint8_t page[PAGE];

	page_contents(pfn, page, PAGE);
	add(image, pfn * PAGE, 8, false);
	add(image, flags == 4 ? 0 : PAGE, 4, false);
	add(image, flags, 4, false);	/* 1: raw, 4: the end mark */
	if (flags != 4)
		buffer_append(image, page, PAGE);
}

/* Pages 2, 5 and 9; without the end mark where TRUNCATED. */
static char *write_lkcd(bool truncated)
{
	struct buffer image = { 0 };
	uint8_t header[DATA] = { 0 };
	char *path;

	put(header, 0xa8190173618f23edull, 8, false);
	put(header + VERSION, 8, 4, false);
	put(header + HEADER_SIZE, END, 4, false);
	put(header + PAGE_SIZE, PAGE, 4, false);
	put(header + NUM_PAGES, 3, 4, false);
	strcpy((char *)header + UTSNAME, "Linux");
	strcpy((char *)header + UTSNAME + 2 * 65, "2.6.16-lkcd");
	strcpy((char *)header + UTSNAME + 4 * 65, "x86_64");
	buffer_append(&image, header, sizeof(header));
	add_page(&image, 2, 1);
	add_page(&image, 5, 1);
	add_page(&image, 9, 1);
	if (!truncated)
		add_page(&image, 0, 4);
	path = write_image(image.data, image.size);
	buffer_free(&image);
	return path;
}

static bool library_is_there(void)
{
	char text[300];

	foreign_describe(text, sizeof(text));
	return strstr(text, "LKCD") != NULL;
}

static void lkcd(void **state)
{
	static const uint64_t there[] = { 5, 2, 9 };
	uint8_t expected[PAGE], got[PAGE];
	struct error error;

	(void)state;
	if (!library_is_there())
		skip();
	for (int truncated = 0; truncated < 2; truncated++) {
		char *path = write_lkcd(truncated);
		struct dump *dump;

		assert_true(dump_probe(path));
		dump = open_one(path);
		assert_ptr_equal(dump->format, &dump_format_foreign);
		assert_int_equal(dump->machine, EM_X86_64);
		assert_true(dump->is_64bit && !dump->big_endian);
		assert_int_equal(dump->page_size, PAGE);
		assert_string_equal(dump->uts.release, "2.6.16-lkcd");
		assert_int_equal(dump->flags, truncated ? DUMP_TRUNCATED : 0);
		if (!truncated)
			assert_int_equal(dump->max_pfn, 10);
		for (size_t i = 0; i < 3; i++) {
			page_contents(there[i], expected, PAGE);
			if (!dump_read_phys(dump, there[i] * PAGE, got, PAGE, &error))
				fail_msg("%s", error.text);
			assert_memory_equal(got, expected, PAGE);
		}
		assert_false(dump_read_phys(dump, 3 * PAGE, got, 1, NULL));
		assert_false(dump_read_phys(dump, 100 * PAGE, got, 1, NULL));
		dump_close(dump);
		remove_image(path);
	}
}

/* Only the first bytes are right. */
static void headers_alone(void **state)
{
	static const struct { const char *bytes; size_t size, offset; enum error_kind kind; const char *says; } files[] = {
		{ "\xed\x23\x8f\x61\x73\x01\x19\xa8", 8, 0, ERROR_FORMAT, "LKCD" },
		{ "sadump\0\0", 8, 0, ERROR_FORMAT, "sadump" },
		{ "sadump\0\0", 8, 4096, ERROR_FORMAT, "sadump" },
		{ "LibvirtQemudSave", 16, 0, ERROR_UNSUPPORTED, "virsh dump --memory-only" },
		{ "QEVM", 4, 0, ERROR_UNSUPPORTED, "dump-guest-memory" },
		{ "LinuxGuestRecord", 16, 0, ERROR_UNSUPPORTED, "xl dump-core" },
	};

	(void)state;
	if (!library_is_there())
		skip();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		uint8_t bytes[8192] = { 0 };
		const char *path;
		struct error error = { 0 };
		struct dump *dump;
		char *image;

		memcpy(bytes + files[i].offset, files[i].bytes, files[i].size);
		path = image = write_image(bytes, sizeof(bytes));
		assert_true(dump_probe(path));
		assert_false(dump_open(&path, 1, &dump, &error));
		assert_int_equal(error.kind, files[i].kind);
		assert_non_null(strstr(error.text, files[i].says));
		assert_non_null(strstr(error.text, path));
		remove_image(image);
	}
}

static void no_library(void **state)
{
	char text[300];

	(void)state;
	foreign_describe(text, sizeof(text));
	assert_true(strlen(text) > 10);
	foreign_describe(text, 8);
	assert_int_equal(strnlen(text, 8), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lkcd),
		cmocka_unit_test(headers_alone),
		cmocka_unit_test(no_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
