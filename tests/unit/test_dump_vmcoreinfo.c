// SPDX-License-Identifier: GPL-3.0-or-later
/* VMCOREINFO: values out of it, and finding it in memory where no note has it. */
#include "test_dump_image.h"

static const char real[] = "OSRELEASE=6.1.0\nBUILD-ID=00112233\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffff81000000\n"
			   "NUMBER(phys_base)=-2097152\nKERNELOFFSET=1f200000\nEMPTY=\nSPACE= 12\nLAST=7";

static void test_values(void **state)
{
	struct dump dump = { .vmcoreinfo = real, .vmcoreinfo_size = sizeof(real) - 1 };
	uint64_t value = 99;
	size_t length;

	(void)state;
	assert_true(dump_vmcoreinfo_number(&dump, "KERNELOFFSET", 16, &value));
	assert_int_equal(value, 0x1f200000);
	assert_true(dump_vmcoreinfo_number(&dump, "SYMBOL(_stext)", 16, &value));
	assert_int_equal(value, 0xffffffff81000000);
	assert_true(dump_vmcoreinfo_number(&dump, "NUMBER(phys_base)", 10, &value));
	assert_int_equal((int64_t)value, -2097152);
	assert_true(dump_vmcoreinfo_number(&dump, "LAST", 0, &value));
	assert_int_equal(value, 7);
	assert_false(dump_vmcoreinfo_number(&dump, "EMPTY", 10, &value));
	assert_false(dump_vmcoreinfo_number(&dump, "SPACE", 10, &value));
	assert_false(dump_vmcoreinfo_number(&dump, "OSRELEASE", 10, &value));
	assert_false(dump_vmcoreinfo_number(&dump, "_stext)", 16, &value));
	assert_false(dump_vmcoreinfo_number(&dump, "LAST=7", 16, &value));
	assert_int_equal(value, 7);
	assert_non_null(dump_vmcoreinfo(&dump, "EMPTY", &length));
	assert_int_equal(length, 0);
	assert_memory_equal(dump_vmcoreinfo(&dump, "OSRELEASE", &length), "6.1.0", 5);
	assert_int_equal(length, 5);
	dump.vmcoreinfo = "OSRELEASE=6.1.0\r\nLAST=12\r\n";
	assert_true(dump_vmcoreinfo_number(&dump, "LAST", 10, &value));
	assert_int_equal(value, 12);
	dump.vmcoreinfo = NULL;
	assert_null(dump_vmcoreinfo(&dump, "LAST", NULL));
}

/* Puts TEXT at the start of page PFN (stored raw). */
static void plant(struct kdump_image *image, uint64_t pfn, const char *text)
{
	uint64_t rank = 0, offset = 0;

	for (uint64_t i = 0; i < pfn; i++)
		rank += image->kinds[i] != PAGE_HOLE && image->kinds[i] != PAGE_EXCLUDED;
	memcpy(&offset, image->file.data + image->descriptors + 24 * rank, 8);
	memset(image->file.data + offset, 0, 4096);
	memcpy(image->file.data + offset, text, strlen(text));
}

static void test_search(void **state)
{
	static const uint8_t kinds[] = { PAGE_ZLIB, PAGE_RAW, PAGE_HOLE, PAGE_RAW, PAGE_LZO, PAGE_RAW, PAGE_EXCLUDED };
	struct kdump_image image = { .kinds = kinds, .nr_pages = sizeof(kinds) };
	struct dump *dump;
	char *path;

	(void)state;
	build_kdump(&image);
	path = write_image(image.file.data, image.file.size);
	dump = open_one(path);
	assert_null(dump->vmcoreinfo);
	dump_close(dump);
	remove_image(path);
	/* A decoy without what the kernel always writes, one that is not text, and the real one below them. */
	plant(&image, 5, "OSRELEASE=5.0.0\nPAGESIZE=4096\n");
	plant(&image, 3, "OSRELEASE=\001\nPAGESIZE=4096\nBUILD-ID=1\nKERNELOFFSET=0\nSYMBOL(a)=1\n\nBUILD-ID=");
	plant(&image, 1, real);
	path = write_image(image.file.data, image.file.size);
	dump = open_one(path);
	assert_string_equal(dump->vmcoreinfo, real);
	assert_int_equal(dump->vmcoreinfo_size, sizeof(real) - 1);
	assert_true(dump->vmcoreinfo_from_memory);
	dump_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

struct watcher {
	unsigned looks, shown, stop_at;
};

static bool interrupted(void *context)
{
	struct watcher *watcher = context;

	return ++watcher->looks == watcher->stop_at;
}

static void progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct watcher *watcher = context;

	assert_non_null(strstr(what, "VMCOREINFO"));
	assert_true(done <= total);
	watcher->shown++;
}

/* The search can be stopped, and says how far it is; it takes memory in pieces of 4096 pages. */
static void test_watched(void **state)
{
	static uint8_t kinds[10000];
	struct kdump_image image = { .kinds = kinds, .nr_pages = sizeof(kinds) };
	struct watcher watcher = { 0 };
	struct patience watch = { interrupted, progress, &watcher };
	struct error error = { 0 };
	struct dump *dump = NULL;
	char *path;

	(void)state;
	memset(kinds, PAGE_ZERO, sizeof(kinds));
	build_kdump(&image);
	path = write_image(image.file.data, image.file.size);
	for (watcher.stop_at = 1; watcher.stop_at <= 3; watcher.stop_at++) {
		watcher.looks = watcher.shown = 0;
		assert_false(dump_open_watched((const char *const *)&path, 1, &watch, &dump, &error));
		assert_int_equal(error.kind, ERROR_INTERRUPTED);
		assert_int_equal(watcher.looks, watcher.stop_at);
		assert_int_equal(watcher.shown, watcher.stop_at);
	}
	watcher.stop_at = 0;
	assert_true(dump_open_watched((const char *const *)&path, 1, &watch, &dump, &error));
	assert_null(dump->vmcoreinfo);
	assert_null(dump->watch);
	dump_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
