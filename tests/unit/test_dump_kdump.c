// SPDX-License-Identifier: GPL-3.0-or-later
/* kdump-compressed files, hand-made: compressors, layouts, split sets, and every kind of damage. */
#include "test_dump_image.h"

#include "dump/notes.h"

#include <elf.h>

static const char vmcoreinfo[] = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nNUMBER(phys_base)=-2097152\n";

static const uint8_t mixed[] = {
	PAGE_RAW, PAGE_ZLIB, PAGE_HOLE, PAGE_LZO, PAGE_EXCLUDED, PAGE_SNAPPY, PAGE_ZSTD, PAGE_ZERO, PAGE_HOLE,
	PAGE_HOLE, PAGE_ZERO, PAGE_EXCLUDED, PAGE_ZLIB, PAGE_RAW, PAGE_ZERO,
};

static struct kdump_image mixed_image(void)
{
	return (struct kdump_image){ .kinds = mixed, .nr_pages = sizeof(mixed), .status = 1,
				     .vmcoreinfo = vmcoreinfo };
}

static void check_image(struct kdump_image *image)
{
	char *path = write_kdump(image);
	struct dump *dump = open_one(path);

	assert_int_equal(dump->page_size, image->block_size);
	assert_int_equal(dump->max_pfn, image->nr_pages);
	assert_int_equal(dump->is_64bit, !image->is_32bit);
	assert_int_equal(dump->big_endian, image->big_endian);
	assert_int_equal(dump->nr_cpus, 4);
	assert_int_equal(dump->timestamp, 1700000000);
	assert_string_equal(dump->uts.release, image->release ? image->release : "6.1.0-test");
	check_pages(dump, image);
	check_and_close(dump);
	assert_true(dump_probe(path));
	remove_image(path);
	buffer_free(&image->file);
}

static void test_compressors(void **state)
{
	struct kdump_image image = mixed_image();
	char *path = write_kdump(&image);
	struct dump *dump = open_one(path);
	uint64_t value;
	size_t length;

	(void)state;
	assert_string_equal(dump->compression, "zlib");
	assert_int_equal(dump->machine, EM_X86_64);
	assert_int_equal(dump->dump_level, 31);
	assert_int_equal(dump->phys_base, 0x1000000);
	assert_int_equal(dump->flags, 0);
	assert_string_equal(dump->vmcoreinfo, vmcoreinfo);
	assert_false(dump->vmcoreinfo_from_memory);
	assert_memory_equal(dump_vmcoreinfo(dump, "PAGESIZE", &length), "4096\n", 5);
	assert_int_equal(length, 4);
	assert_true(dump_vmcoreinfo_number(dump, "NUMBER(phys_base)", 10, &value));
	assert_int_equal((int64_t)value, -2097152);
	assert_null(dump_vmcoreinfo(dump, "PAGE", NULL));
	assert_false(dump_vmcoreinfo_number(dump, "OSRELEASE", 10, &value));
	check_pages(dump, &image);
	check_pages(dump, &image);	/* now from the cache */
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

static void test_ranges(void **state)
{
	struct kdump_image image = mixed_image();
	char *path = write_kdump(&image);
	struct dump *dump = open_one(path);

	(void)state;
	assert_int_equal(dump->nr_ranges, 3);
	assert_int_equal(dump->ranges[0].start, 0);
	assert_int_equal(dump->ranges[0].size, 2 * 4096);
	assert_int_equal(dump->ranges[1].start, 3 * 4096);
	assert_int_equal(dump->ranges[1].size, 5 * 4096);
	assert_int_equal(dump->ranges[2].start, 10 * 4096);
	assert_int_equal(dump->ranges[2].size, 5 * 4096);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

static void test_reads_across_pages(void **state)
{
	struct kdump_image image = mixed_image();
	char *path = write_kdump(&image);
	struct dump *dump = open_one(path);
	uint8_t expected[3 * 4096], got[3 * 4096];
	struct error error;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		page_contents(i, expected + i * 4096, 4096);
	assert_true(dump_read_phys(dump, 0xff0, got, 0x20, &error));
	assert_memory_equal(got, expected + 0xff0, 0x20);
	assert_true(dump_read_phys(dump, 1, got, 8191, &error));
	assert_memory_equal(got, expected + 1, 8191);
	/* All or nothing; the error names the page that failed, not the one asked for. */
	assert_false(dump_read_phys(dump, 0x1ff8, got, 16, &error));
	assert_int_equal(error.kind, ERROR_NOT_MAPPED);
	assert_non_null(strstr(error.text, "0x2000"));
	read_fails(dump, UINT64_MAX - 3, 8, ERROR_NOT_MAPPED);
	read_fails(dump, UINT64_MAX, 1, ERROR_NOT_MAPPED);
	assert_true(dump_read_phys(dump, UINT64_MAX, got, 0, &error));
	/* An excluded page is zeros only on request. */
	read_fails(dump, 4 * 4096, 8, ERROR_EXCLUDED);
	dump->zero_excluded = true;
	assert_true(dump_read_phys(dump, 4 * 4096, got, 8, &error));
	assert_memory_equal(got, "\0\0\0\0\0\0\0\0", 8);
	read_fails(dump, 2 * 4096, 8, ERROR_NOT_MAPPED);
	dump->zero_excluded = false;
	read_fails(dump, 4 * 4096, 8, ERROR_EXCLUDED);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

static void check_eraseinfo(struct dump *dump, unsigned version)
{
	const struct dump_note *note = notes_find(dump, "ERASEINFO", 0);

	assert_int_equal(note != NULL, version >= 5);
	if (!note)
		return;
	assert_int_equal(note->size, strlen("erase jprobe\n"));
	assert_memory_equal(note->data, "erase jprobe\n", note->size);
}

static void test_layouts(void **state)
{
	static const struct { bool is_32bit, big_endian, aligned; const char *machine; uint16_t em; } layouts[] = {
		{ false, false, false, "x86_64", EM_X86_64 }, { false, true, false, "s390x", EM_S390 },
		{ true, false, false, "i686", EM_386 }, { true, false, true, "armv7l", EM_ARM },
		{ true, true, true, "ppc", EM_PPC }, { false, false, false, "something-new", 0 },
		{ true, true, false, "something-old", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		for (unsigned version = 1; version <= 7; version++)
			for (unsigned block = 4096; block <= 65536; block *= 4) {
				struct kdump_image image = mixed_image();
				char *path;
				struct dump *dump;

				image.is_32bit = layouts[i].is_32bit;
				image.big_endian = layouts[i].big_endian;
				image.aligned = layouts[i].aligned;
				image.eraseinfo = "erase jprobe\n";
				image.machine = layouts[i].machine;
				image.version = version;
				image.block_size = block;
				check_image(&image);
				path = write_kdump(&image);
				dump = open_one(path);
				assert_int_equal(dump->machine, layouts[i].em);
				if (version >= 3)
					assert_string_equal(dump->vmcoreinfo, vmcoreinfo);
				else
					assert_null(dump->vmcoreinfo);
				check_eraseinfo(dump, version);
				check_and_close(dump);
				remove_image(path);
				buffer_free(&image.file);
			}
}

static void test_diskdump(void **state)
{
	struct kdump_image image = mixed_image();

	(void)state;
	image.diskdump = true;
	image.version = 1;
	check_image(&image);
}

/* Descriptors are found through counts of set bits: many blocks of 4096 pages, sparse and dense ones. */
static void test_many_pages(void **state)
{
	size_t nr = 5 * 4096 + 77;
	uint8_t *kinds = calloc(nr, 1);
	struct kdump_image image = { .kinds = kinds, .nr_pages = nr, .status = 2, .vmcoreinfo = vmcoreinfo };
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < nr; i++) {
		seed = seed * 1103515245 + 12345;
		kinds[i] = i / 4096 == 1 ? PAGE_HOLE : i / 4096 == 2 ? PAGE_ZERO :
			   (seed >> 16) % 3 == 0 ? PAGE_LZO : (seed >> 16) % 3;
	}
	check_image(&image);
	free(kinds);
}

static void test_qemu_machine(void **state)
{
	/* QEMU writes "x86_64" and no release for arm64 too; NT_PRSTATUS is 392 bytes there. */
	struct kdump_image image = mixed_image();
	struct buffer notes = { 0 };
	char *path;
	struct dump *dump;

	(void)state;
	add(&notes, 5, 4, false);
	add(&notes, 392, 4, false);
	add(&notes, NT_PRSTATUS, 4, false);
	buffer_append(&notes, "CORE\0\0\0\0", 8);
	buffer_zeros(&notes, 392);
	image.release = "";
	image.notes = notes.data;
	image.notes_size = notes.size;
	path = write_kdump(&image);
	dump = open_one(path);
	assert_int_equal(dump->nr_notes, 1);
	assert_int_equal(dump->machine, EM_AARCH64);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&notes);
	buffer_free(&image.file);
}

static void test_status_flags(void **state)
{
	static const uint8_t kinds[] = { PAGE_RAW, PAGE_UNWRITTEN, PAGE_ZLIB };
	struct kdump_image image = { .kinds = kinds, .nr_pages = 3, .status = 0x20 | 0x8 | 0x10,
				     .vmcoreinfo = vmcoreinfo };
	char *path = write_kdump(&image);
	struct dump *dump = open_one(path);

	(void)state;
	assert_int_equal(dump->flags, DUMP_INCOMPLETE | DUMP_EXCLUDED_VMEMMAP);
	assert_string_equal(dump->compression, "zstd");
	check_pages(dump, &image);
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

/* Three parts, borders not on a block of the index or a byte of the bitmap. */
#define NR_SPLIT 10000

struct split_set {
	uint8_t kinds[NR_SPLIT];
	struct kdump_image images[3];
	char *paths[3];
};

static void make_split_set(struct split_set *set, unsigned version)
{
	static const uint64_t borders[] = { 0, 4097, 8195, NR_SPLIT };

	for (size_t i = 0; i < NR_SPLIT; i++)
		set->kinds[i] = i % 7 == 3 ? PAGE_HOLE : i % 5 == 2 ? PAGE_EXCLUDED : i % 2 ? PAGE_LZO : PAGE_ZERO;
	for (unsigned i = 0; i < 3; i++) {
		set->images[i] = (struct kdump_image){
			.kinds = set->kinds, .nr_pages = NR_SPLIT, .split = 1, .version = version,
			.start_pfn = borders[i], .end_pfn = borders[i + 1], .vmcoreinfo = vmcoreinfo,
		};
		set->paths[i] = write_kdump(&set->images[i]);
	}
}

static void free_split_set(struct split_set *set)
{
	for (unsigned i = 0; i < 3; i++) {
		remove_image(set->paths[i]);
		buffer_free(&set->images[i].file);
	}
	free(set);
}

static void test_split_set(void **state)
{
	static const unsigned orders[][3] = { { 0, 1, 2 }, { 2, 0, 1 }, { 1, 2, 0 } };

	(void)state;
	for (unsigned version = 2; version <= 6; version += 4)
		for (size_t i = 0; i < 3; i++) {
			struct split_set *set = calloc(1, sizeof(*set));
			const char *paths[3];
			struct dump *dump;
			struct error error;

			make_split_set(set, version);
			for (unsigned j = 0; j < 3; j++)
				paths[j] = set->paths[orders[i][j]];
			assert_true(dump_open(paths, 3, &dump, &error));
			assert_int_equal(dump->flags, 0);
			check_pages(dump, &set->images[0]);
			check_and_close(dump);
			free_split_set(set);
		}
}

/* One path for all parts, as a client's single field takes them; a file of that very name comes first. */
static void test_split_set_in_one_path(void **state)
{
	struct split_set *set = calloc(1, sizeof(*set));
	char joined[256];
	const char *path = joined;
	struct dump *dump;
	struct error error;

	(void)state;
	make_split_set(set, 6);
	snprintf(joined, sizeof(joined), "%s,%s,%s", set->paths[1], set->paths[2], set->paths[0]);
	assert_true(dump_probe(joined));
	assert_true(dump_open(&path, 1, &dump, &error));
	assert_int_equal(dump->nr_files, 3);
	assert_int_equal(dump->flags, 0);
	check_pages(dump, &set->images[0]);
	check_and_close(dump);
	snprintf(joined, sizeof(joined), "%s,/tmp/test-dump-none", set->paths[1]);
	assert_false(dump_open(&path, 1, &dump, &error));
	assert_int_equal(error.kind, ERROR_IO);
	assert_non_null(strstr(error.text, "cannot open /tmp/test-dump-none:"));
	snprintf(joined, sizeof(joined), "%s,", set->paths[1]);
	assert_false(dump_open(&path, 1, &dump, &error));
	assert_int_equal(rename(set->paths[0], joined), 0);
	assert_true(dump_open(&path, 1, &dump, &error));
	assert_int_equal(dump->nr_files, 1);
	check_and_close(dump);
	assert_int_equal(rename(joined, set->paths[0]), 0);
	free_split_set(set);
}

static void test_split_set_incomplete(void **state)
{
	struct split_set *set = calloc(1, sizeof(*set));
	const char *paths[3];
	struct dump *dump;
	struct error error;
	uint8_t page[4096];

	(void)state;
	make_split_set(set, 6);
	paths[0] = set->paths[2];
	paths[1] = set->paths[0];
	assert_true(dump_open(paths, 2, &dump, &error));
	assert_int_equal(dump->flags, DUMP_SPLIT_MISSING);
	for (uint64_t pfn = 4097; pfn < 8195; pfn++)
		read_fails(dump, pfn * 4096, 8, set->kinds[pfn] == PAGE_HOLE ? ERROR_NOT_MAPPED :
			   set->kinds[pfn] == PAGE_EXCLUDED ? ERROR_EXCLUDED : ERROR_TRUNCATED);
	assert_true(dump_read_phys(dump, 4096ull * 4096, page, 4096, &error));
	assert_true(dump_read_phys(dump, 8196ull * 4096, page, 4096, &error));
	check_and_close(dump);
	/* The same part twice, and a part with a whole dump. */
	paths[1] = set->paths[2];
	assert_false(dump_open(paths, 2, &dump, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	set->images[0].split = 0;
	paths[1] = write_kdump(&set->images[0]);
	assert_false(dump_open(paths, 2, &dump, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	remove_image((char *)paths[1]);
	free_split_set(set);
}

/* Reads all pages of a damaged file: what can be read must be right, the rest must be an error that fits. */
static unsigned read_damaged(struct dump *dump, const struct kdump_image *image, bool truncated_only)
{
	uint8_t expected[4096], got[4096];
	struct error error = { 0 };
	unsigned nr_read = 0;

	for (uint64_t pfn = 0; pfn < image->nr_pages; pfn++) {
		if (!dump_read_phys(dump, pfn * 4096, got, 4096, &error)) {
			assert_true(error.kind != ERROR_NONE && strlen(error.text) > 10);
			if (truncated_only && image->kinds[pfn] != PAGE_HOLE &&
			    image->kinds[pfn] != PAGE_EXCLUDED && error.kind != ERROR_TRUNCATED)
				fail_msg("page %llu: %d %s", (unsigned long long)pfn, error.kind, error.text);
			continue;
		}
		page_contents(pfn, expected, 4096);
		if (image->kinds[pfn] == PAGE_ZERO)
			memset(expected, 0, 4096);
		if (truncated_only)
			assert_memory_equal(got, expected, 4096);
		nr_read++;
	}
	return nr_read;
}

static void test_truncated_at_every_byte(void **state)
{
	static const uint8_t kinds[] = { PAGE_ZLIB, PAGE_LZO, PAGE_HOLE, PAGE_EXCLUDED, PAGE_SNAPPY, PAGE_ZSTD,
					 PAGE_ZERO, PAGE_ZERO };
	struct kdump_image image = { .kinds = kinds, .nr_pages = sizeof(kinds), .vmcoreinfo = vmcoreinfo };
	char *path = write_kdump(&image);
	const char *paths[] = { path };
	unsigned most = 0;

	(void)state;
	for (size_t size = image.file.size; size-- > 0; ) {
		struct dump *dump;
		struct error error = { 0 };
		unsigned nr_read;

		/* All bytes up to the page data, then every few of them. */
		if (size > image.descriptors + 600 && size % 17)
			continue;
		if (size < image.descriptors - 64 && size > image.bitmap1 + 64 && size % 61)
			continue;
		assert_int_equal(truncate(path, size), 0);
		if (!dump_open(paths, 1, &dump, &error)) {
			assert_true(size < image.bitmap1);
			assert_true(error.kind == ERROR_TRUNCATED || error.kind == ERROR_FORMAT);
			assert_non_null(strstr(error.text, path));
			continue;
		}
		if (size < image.descriptors)
			assert_true(dump->flags & DUMP_TRUNCATED);
		nr_read = read_damaged(dump, &image, size >= image.bitmap1);
		assert_true(!most || nr_read <= most);
		most = nr_read;
		check_and_close(dump);
	}
	assert_int_equal(most, 0);
	remove_image(path);
	buffer_free(&image.file);
}

static void test_random_damage(void **state)
{
	struct kdump_image image = mixed_image();
	uint64_t seed = 88172645463325252ull;
	char *path;
	const char *paths[1];

	(void)state;
	build_kdump(&image);
	paths[0] = path = write_image(image.file.data, image.file.size);
	for (unsigned i = 0; i < 1500; i++) {
		int fd = open(path, O_WRONLY);
		struct dump *dump;
		uint8_t byte;
		off_t at[4];

		for (unsigned j = 0; j < 4; j++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			/* Mostly where it hurts: headers and descriptors. */
			at[j] = j == 0 ? 400 + seed % 64 : j == 1 ? 4096 + seed % 104 :
				j == 2 ? image.descriptors + seed % 300 : seed % image.file.size;
			byte = seed >> 40;
			if (i % 4 == j || i % 5 == 0)
				assert_int_equal(pwrite(fd, &byte, 1, at[j]), 1);
		}
		if (dump_open(paths, 1, &dump, NULL)) {
			if (dump->page_size == 4096)
				read_damaged(dump, &image, false);
			check_and_close(dump);
		}
		for (unsigned j = 0; j < 4; j++)
			assert_int_equal(pwrite(fd, image.file.data + at[j], 1, at[j]), 1);
		close(fd);
	}
	remove_image(path);
	buffer_free(&image.file);
}

/* Page 1 is zlib: changes its descriptor or data and expects this error. */
static void damaged_page(size_t at, uint64_t value, unsigned size, enum error_kind kind)
{
	struct kdump_image image = mixed_image();
	struct dump *dump;
	char *path;

	build_kdump(&image);
	put((uint8_t *)image.file.data + image.descriptors + 24 + at, value, size, false);
	path = write_image(image.file.data, image.file.size);
	dump = open_one(path);
	read_fails(dump, 4096, 8, kind);
	assert_true(dump_read_phys(dump, 0, &value, 8, NULL));
	check_and_close(dump);
	remove_image(path);
	buffer_free(&image.file);
}

static void test_damaged_descriptors(void **state)
{
	(void)state;
	damaged_page(8, 0, 4, ERROR_FORMAT);			/* no size */
	damaged_page(8, 0xffffffff, 4, ERROR_FORMAT);		/* huge */
	damaged_page(8, 20, 4, ERROR_FORMAT);			/* the compressed data is cut off */
	damaged_page(12, 0, 4, ERROR_FORMAT);			/* "raw", but not a page long */
	damaged_page(12, 2, 4, ERROR_FORMAT);			/* zlib data said to be lzo */
	damaged_page(0, 1ull << 40, 8, ERROR_TRUNCATED);	/* beyond the end */
	damaged_page(0, UINT64_MAX - 4, 8, ERROR_TRUNCATED);	/* offset + size overflows */
}

static void test_wrong_expansion(void **state)
{
	/* Perfectly good zlib data of 4095 and of 4097 bytes are both damage. */
	for (unsigned size = 4095; size <= 4097; size++) {
		static const uint8_t kinds[] = { PAGE_RAW };
		struct kdump_image image = { .kinds = kinds, .nr_pages = 1, .vmcoreinfo = vmcoreinfo };
		uint8_t data[4097] = { 7 }, out[8192];
		uLongf out_size = sizeof(out);
		struct dump *dump;
		char *path;

		build_kdump(&image);
		assert_int_equal(compress2(out, &out_size, data, size, 9), Z_OK);
		memcpy(image.file.data + image.descriptors + 24, out, out_size);
		put((uint8_t *)image.file.data + image.descriptors + 8, out_size, 4, false);
		put((uint8_t *)image.file.data + image.descriptors + 12, 1, 4, false);
		path = write_image(image.file.data, image.file.size);
		dump = open_one(path);
		if (size == 4096)
			assert_true(dump_read_phys(dump, 0, data, 4096, NULL));
		else
			read_fails(dump, 0, 4096, ERROR_FORMAT);
		check_and_close(dump);
		remove_image(path);
		buffer_free(&image.file);
	}
	(void)state;
}

static void test_absurd_headers(void **state)
{
	/* at, value, size: each of them in an otherwise good file. Nothing may be allocated or read to match. */
	static const struct { unsigned at; uint64_t value; unsigned size; bool opens; } cases[] = {
		{ 428, 4095, 4, false }, { 428, 1u << 30, 4, false }, { 432, 0, 4, false },
		{ 432, 0xffffffff, 4, false }, { 436, 0, 4, false }, { 436, 0xffffffff, 4, true },
		{ 440, 0xffffffff, 4, true }, { 4096 + 96, UINT64_MAX, 8, true },
		{ 4096 + 32, UINT64_MAX, 8, true }, { 4096 + 40, UINT64_MAX, 8, true },
		{ 4096 + 48, 4096, 8, true }, { 4096 + 12, 1, 4, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kdump_image image = mixed_image();
		const char *paths[1];
		struct dump *dump;
		struct error error;
		char *path;
		bool opened;

		build_kdump(&image);
		put((uint8_t *)image.file.data + cases[i].at, cases[i].value, cases[i].size, false);
		paths[0] = path = write_image(image.file.data, image.file.size);
		opened = dump_open(paths, 1, &dump, &error);
		if (opened != cases[i].opens)
			fail_msg("case %zu: %s", i, opened ? "opened" : error.text);
		if (opened) {
			read_damaged(dump, &image, false);
			check_and_close(dump);
		}
		remove_image(path);
		buffer_free(&image.file);
	}
}

static void test_not_a_dump(void **state)
{
	static const char text[8192] = "hello, this is not a dump";
	char *path = write_image(text, sizeof(text)), *empty = write_image("", 0);

	(void)state;
	open_fails(path, ERROR_FORMAT);
	open_fails(empty, ERROR_FORMAT);
	open_fails("/nonexistent/vmcore", ERROR_IO);
	open_fails("/tmp", ERROR_IO);
	open_fails("/dev/null", ERROR_IO);
	assert_false(dump_probe(path));
	assert_false(dump_probe(empty));
	assert_false(dump_probe("/nonexistent/vmcore"));
	remove_image(path);
	remove_image(empty);
}

/* Where only zeros were left out, what is not there was zeros. */
static void test_only_zeros_left_out(void **state)
{
	static const uint8_t kinds[] = { PAGE_ZLIB, PAGE_EXCLUDED, PAGE_HOLE, PAGE_RAW, PAGE_EXCLUDED };
	static const uint8_t zeros[4096];

	(void)state;
	for (int level = 1; level <= 3; level += 2) {
		struct kdump_image image = { .kinds = kinds, .nr_pages = sizeof(kinds), .dump_level = level };
		uint8_t got[4096] = { 1 };
		struct dump *dump;
		char *path;

		build_kdump(&image);
		path = write_image(image.file.data, image.file.size);
		dump = open_one(path);
		assert_int_equal(dump_excluded_is_zero(dump), level == 1);
		assert_int_equal(dump_has_page(dump, 1), level == 1);
		if (level == 1) {
			assert_true(dump_read_phys(dump, 4096, got, sizeof(got), NULL));
			assert_memory_equal(got, zeros, sizeof(zeros));
		} else {
			read_fails(dump, 4096, 1, ERROR_EXCLUDED);
		}
		read_fails(dump, 2 * 4096, 1, ERROR_NOT_MAPPED);
		check_scan(dump, 0, sizeof(kinds));
		dump_close(dump);
		remove_image(path);
		buffer_free(&image.file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_zeros_left_out),
		cmocka_unit_test(test_compressors),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_reads_across_pages),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_diskdump),
		cmocka_unit_test(test_many_pages),
		cmocka_unit_test(test_qemu_machine),
		cmocka_unit_test(test_status_flags),
		cmocka_unit_test(test_split_set),
		cmocka_unit_test(test_split_set_in_one_path),
		cmocka_unit_test(test_split_set_incomplete),
		cmocka_unit_test(test_truncated_at_every_byte),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_damaged_descriptors),
		cmocka_unit_test(test_wrong_expansion),
		cmocka_unit_test(test_absurd_headers),
		cmocka_unit_test(test_not_a_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
