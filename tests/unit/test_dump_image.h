/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hand-made dump files for the tests of plugin/dump/. They are built from the format's description
 * (makedumpfile's IMPLEMENTATION, diskdump_mod.h; the ELF gABI), byte by byte, sharing nothing with the reader.
 */
#ifndef VMCORE_TEST_DUMP_IMAGE_H
#define VMCORE_TEST_DUMP_IMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "dump/dump.h"

/* Integers in either byte order, at a place in an image that is already big enough. */
static inline void put(uint8_t *at, uint64_t value, unsigned size, bool big_endian)
{
	for (unsigned i = 0; i < size; i++)
		at[big_endian ? size - 1 - i : i] = value >> (8 * i);
}

static inline void add(struct buffer *image, uint64_t value, unsigned size, bool big_endian)
{
	uint8_t bytes[8];

	put(bytes, value, size, big_endian);
	buffer_append(image, bytes, size);
}

/* A temporary file with these contents; the name is for unlink() and free(). */
static inline char *write_image(const void *data, size_t size)
{
	char *path = strdup("/tmp/test-dump-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
	return path;
}

static inline void remove_image(char *path)
{
	unlink(path);
	free(path);
}

static inline struct dump *open_one(const char *path)
{
	const char *paths[] = { path };
	struct dump *dump = NULL;
	struct error error = { 0 };

	if (!dump_open(paths, 1, &dump, &error))
		fail_msg("%s", error.text);
	return dump;
}

static inline void open_fails(const char *path, enum error_kind kind)
{
	const char *paths[] = { path };
	struct dump *dump = NULL;
	struct error error = { 0 };

	assert_false(dump_open(paths, 1, &dump, &error));
	assert_int_equal(error.kind, kind);
	assert_true(strlen(error.text) > 10);
}

static inline void read_fails(struct dump *dump, uint64_t address, size_t size, enum error_kind kind)
{
	struct error error = { 0 };
	uint8_t *buffer = malloc(size);

	assert_false(dump_read_phys(dump, address, buffer, size, &error));
	if (error.kind != kind)
		fail_msg("0x%llx: error kind %d, not %d: %s", (unsigned long long)address, error.kind, kind,
			 error.text);
	free(buffer);
}

/*
 * NR pages from PFN on, many at once and one by one: the same bytes, the same reasons for what is not there, the same places.
 */
static inline void check_scan(struct dump *dump, uint64_t pfn, size_t nr)
{
	uint8_t *many = malloc(nr * dump->page_size), *one = malloc(dump->page_size), *kinds = malloc(nr);
	struct dump_place *places = calloc(nr, sizeof(*places));
	struct error error;

	memset(kinds, 0xee, nr);
	dump_scan_pages(dump, pfn, nr, many, kinds);
	for (size_t i = 0; i < nr; i++) {
		if (!dump_scan_page(dump, pfn + i, one, &error))
			assert_int_equal(kinds[i], error.kind);
		else if (kinds[i])
			fail_msg("page %llu: error kind %d", (unsigned long long)(pfn + i), kinds[i]);
		else
			assert_memory_equal(many + i * dump->page_size, one, dump->page_size);
	}
	memset(kinds, 0xee, nr);
	dump_find_pages(dump, pfn, nr, places, kinds);
	for (size_t i = 0; i < nr; i++) {
		struct dump_place place;

		if (!dump->format->find_page(dump, pfn + i, &place, &error)) {
			assert_int_equal(kinds[i], error.kind);
			continue;
		}
		assert_int_equal(kinds[i], ERROR_NONE);
		assert_ptr_equal(places[i].file, place.file);
		assert_int_equal(places[i].offset, place.offset);
		assert_int_equal(places[i].size, place.size);
	}
	free(places);
	free(kinds);
	free(one);
	free(many);
}

/* dump_close after check_scan of both ends of the dump. */
static inline void check_and_close(struct dump *dump)
{
	uint64_t end = dump->max_pfn + 3;

	check_scan(dump, 0, end < 300 ? end : 300);
	check_scan(dump, 5, end < 100 ? end : 100);
	if (end > 300)
		check_scan(dump, end - 200, 200);
	dump_close(dump);
}

/* What page PFN of a test dump holds: compressible, and different for every page. */
static inline void page_contents(uint64_t pfn, uint8_t *page, size_t size)
{
	for (size_t i = 0; i < size; i++)
		page[i] = (pfn * 37 + i / 64 + (i % 64 == 5) * pfn) ^ (pfn >> 8);
	put(page, pfn + 1, 8, false);
}

enum page_kind {
	PAGE_HOLE,	/* no memory there: in neither bitmap */
	PAGE_EXCLUDED,	/* in the first bitmap only */
	PAGE_RAW,
	PAGE_ZLIB,
	PAGE_LZO,
	PAGE_SNAPPY,
	PAGE_ZSTD,
	PAGE_ZERO,	/* zeros, all such pages share one copy, as makedumpfile does it */
	PAGE_UNWRITTEN,	/* a descriptor of zeros: the writer ran out of space */
};

struct kdump_image {
	/* What to build. */
	bool is_32bit, big_endian, aligned, diskdump;
	unsigned version, block_size, status, split;
	uint64_t start_pfn, end_pfn;
	const char *machine, *release;
	const uint8_t *kinds;		/* of each page, enum page_kind */
	uint64_t nr_pages;
	const char *vmcoreinfo;		/* NULL: none */
	int dump_level;			/* 0 = 31 */
	const char *eraseinfo;		/* NULL: none */
	const char *notes;		/* raw note area */
	size_t notes_size;
	/* Where things came to be. */
	struct buffer file;
	size_t bitmap1, bitmap2, descriptors;
};

static inline size_t compress_page(enum page_kind kind, const uint8_t *page, size_t size, uint8_t *out,
				   size_t room)
{
	uLongf zlib_size = room;
	size_t snappy_size = room;
	lzo_uint lzo_size = room;
	static uint8_t work[LZO1X_1_MEM_COMPRESS] __attribute__((aligned(16)));

	switch (kind) {
	case PAGE_ZLIB:
		assert_int_equal(compress2(out, &zlib_size, page, size, 6), Z_OK);
		return zlib_size;
	case PAGE_LZO:
		assert_int_equal(lzo1x_1_compress(page, size, out, &lzo_size, work), LZO_E_OK);
		return lzo_size;
	case PAGE_SNAPPY:
		assert_int_equal(snappy_compress((const char *)page, size, (char *)out, &snappy_size), SNAPPY_OK);
		return snappy_size;
	case PAGE_ZSTD:
		room = ZSTD_compress(out, room, page, size, 3);
		assert_false(ZSTD_isError(room));
		return room;
	default:
		memcpy(out, page, size);
		return size;
	}
}

static inline unsigned page_flags(enum page_kind kind)
{
	return kind == PAGE_ZLIB ? 1 : kind == PAGE_LZO ? 2 : kind == PAGE_SNAPPY ? 4 : kind == PAGE_ZSTD ? 0x20 : 0;
}

static inline void build_headers(struct kdump_image *image, unsigned sub_blocks, unsigned bitmap_blocks)
{
	bool big = image->big_endian;
	unsigned status = image->is_32bit ? 412 : 424, word = image->is_32bit ? 4 : 8;
	unsigned at = 0, block = image->block_size;
	uint8_t *file = (uint8_t *)image->file.data, *sub = file + block;

	memcpy(file, image->diskdump ? "DISKDUMP" : "KDUMP   ", 8);
	put(file + 8, image->version, 4, big);
	strcpy((char *)file + 12, "Linux");
	strcpy((char *)file + 12 + 2 * 65, image->release ? image->release : "6.1.0-test");
	strcpy((char *)file + 12 + 4 * 65, image->machine ? image->machine : "x86_64");
	put(file + (image->is_32bit ? 404 : 408), 1700000000, word, big);
	put(file + status, image->status, 4, big);
	put(file + status + 4, block, 4, big);
	put(file + status + 8, sub_blocks, 4, big);
	put(file + status + 12, bitmap_blocks, 4, big);
	put(file + status + 16, image->nr_pages, 4, big);
	put(file + status + 36, 4, 4, big);
	if (image->diskdump)
		return;
	/* The fields in order; a 64-bit one moves to a multiple of 8 where the machine aligns them so. */
#define FIELD(value, size, since) do { \
		if ((size) == 8 && (!image->is_32bit || image->aligned)) \
			at = (at + 7) & ~7u; \
		if ((int)image->version >= (since)) \
			put(sub + at, value, size, big); \
		at += (size); \
	} while (0)
	FIELD(0x1000000, word, 0);
	FIELD(image->dump_level ? image->dump_level : 31, 4, 1);
	FIELD(image->split, 4, 2);
	FIELD(image->version < 6 ? image->start_pfn : 0, word, 2);
	FIELD(image->version < 6 ? image->end_pfn : 0, word, 2);
	FIELD(image->vmcoreinfo ? block + 1024 : 0, 8, 3);
	FIELD(image->vmcoreinfo ? strlen(image->vmcoreinfo) : 0, word, 3);
	FIELD(image->notes ? block + 2048 : 0, 8, 4);
	FIELD(image->notes_size, word, 4);
	FIELD(image->eraseinfo ? block + 3072 : 0, 8, 5);
	FIELD(image->eraseinfo ? strlen(image->eraseinfo) : 0, word, 5);
	FIELD(image->start_pfn, 8, 6);
	FIELD(image->end_pfn, 8, 6);
	FIELD(image->nr_pages, 8, 6);
#undef FIELD
	if (image->vmcoreinfo)
		memcpy(sub + 1024, image->vmcoreinfo, strlen(image->vmcoreinfo));
	if (image->notes)
		memcpy(sub + 2048, image->notes, image->notes_size);
	if (image->eraseinfo)
		memcpy(sub + 3072, image->eraseinfo, strlen(image->eraseinfo));
}

static inline void build_pages(struct kdump_image *image, size_t descriptors, uint64_t start, uint64_t end)
{
	size_t block = image->block_size, shared = 0, at = descriptors;
	uint8_t *page = malloc(block), *out = malloc(2 * block + 1024);

	for (uint64_t pfn = start; pfn < end; pfn++) {
		enum page_kind kind = image->kinds[pfn];
		size_t offset = image->file.size, size;
		uint8_t descriptor[24] = { 0 };

		if (kind == PAGE_HOLE || kind == PAGE_EXCLUDED)
			continue;
		page_contents(pfn, page, block);
		if (kind == PAGE_ZERO)
			memset(page, 0, block);
		size = compress_page(kind, page, block, out, 2 * block + 1024);
		if (kind == PAGE_ZERO && shared)
			offset = shared;
		else if (kind != PAGE_UNWRITTEN)
			buffer_append(&image->file, out, size);
		if (kind == PAGE_ZERO)
			shared = offset;
		if (kind != PAGE_UNWRITTEN) {
			put(descriptor, offset, 8, image->big_endian);
			put(descriptor + 8, size, 4, image->big_endian);
			put(descriptor + 12, page_flags(kind), 4, image->big_endian);
		}
		memcpy(image->file.data + at, descriptor, sizeof(descriptor));
		at += sizeof(descriptor);
	}
	free(page);
	free(out);
}

static inline void build_kdump(struct kdump_image *image)
{
	uint64_t start = image->split ? image->start_pfn : 0, end = image->split ? image->end_pfn : image->nr_pages;
	size_t bitmap, nr = 0;

	if (!image->block_size)
		image->block_size = 4096;
	if (!image->version)
		image->version = 6;
	bitmap = (image->nr_pages / 8 + image->block_size) / image->block_size * image->block_size;
	image->bitmap1 = 2 * image->block_size;
	image->bitmap2 = image->bitmap1 + bitmap;
	image->descriptors = image->bitmap2 + bitmap;
	for (uint64_t pfn = start; pfn < end; pfn++)
		nr += image->kinds[pfn] != PAGE_HOLE && image->kinds[pfn] != PAGE_EXCLUDED;
	buffer_clear(&image->file);
	buffer_zeros(&image->file, image->descriptors + nr * 24);
	build_headers(image, 1, 2 * bitmap / image->block_size);
	for (uint64_t pfn = 0; pfn < image->nr_pages; pfn++) {
		if (image->kinds[pfn] != PAGE_HOLE)
			image->file.data[image->bitmap1 + pfn / 8] |= 1 << (pfn % 8);
		if (image->kinds[pfn] != PAGE_HOLE && image->kinds[pfn] != PAGE_EXCLUDED)
			image->file.data[image->bitmap2 + pfn / 8] |= 1 << (pfn % 8);
	}
	build_pages(image, image->descriptors, start, end);
	assert_false(image->file.failed);
}

static inline char *write_kdump(struct kdump_image *image)
{
	build_kdump(image);
	return write_image(image->file.data, image->file.size);
}

/* Reads every page of DUMP and compares it, error kinds included, with what IMAGE was made from. */
static inline void check_pages(struct dump *dump, const struct kdump_image *image)
{
	size_t size = image->block_size;
	uint8_t *expected = malloc(size), *got = malloc(size);
	struct error error = { 0 };

	for (uint64_t pfn = 0; pfn < image->nr_pages; pfn++) {
		enum page_kind kind = image->kinds[pfn];

		if (kind == PAGE_HOLE || kind == PAGE_EXCLUDED || kind == PAGE_UNWRITTEN) {
			read_fails(dump, pfn * size, size, kind == PAGE_HOLE ? ERROR_NOT_MAPPED :
				   kind == PAGE_EXCLUDED ? ERROR_EXCLUDED : ERROR_TRUNCATED);
			continue;
		}
		page_contents(pfn, expected, size);
		if (kind == PAGE_ZERO)
			memset(expected, 0, size);
		memset(got, 0xee, size);
		if (!dump_read_phys(dump, pfn * size, got, size, &error))
			fail_msg("page %llu: %s", (unsigned long long)pfn, error.text);
		assert_memory_equal(got, expected, size);
	}
	read_fails(dump, image->nr_pages * size, 1, ERROR_NOT_MAPPED);
	free(expected);
	free(got);
}

#endif
