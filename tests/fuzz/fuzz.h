/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the fuzz targets share. Each target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput(); tests/fuzz/run finds it by
 * its name. To add one: that file, and seeds for it in seeds.c.
 *
 * Beside what the sanitizers see, every target holds the code to its contract: whoever returns false has said why.
 */
#ifndef VMCORE_FUZZ_H
#define VMCORE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "dump/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise is a finding like any crash. */
#define FUZZ_CHECK(condition) do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* ERROR must hold a kind and a sentence. Returns false, so that `ok || fuzz_failed(&error)` reads well. */
static inline bool fuzz_failed(const struct error *error)
{
	FUZZ_CHECK(error->kind > ERROR_NONE && error->kind <= ERROR_PARTIAL);
	FUZZ_CHECK(strnlen(error->text, sizeof(error->text)) > 3 &&
		   strnlen(error->text, sizeof(error->text)) < sizeof(error->text));
	return false;
}

/*
 * The path of a file of these bytes, number WHICH (0 to 3): good, as are the bytes, until the next call. See files.c. DATA stays the
 * caller's. What libelf was given lives until fuzz_free_image() or the next file.
 */
const char *fuzz_file(unsigned which, const void *data, size_t size);
void fuzz_free_image(void);

/* What files_write_atomically() was given last (cheaper.c); the plugin's files are not really written. */
extern struct buffer fuzz_written;

/* Looks at the first and the last byte of a buffer: AddressSanitizer says if they are not there. */
static inline void fuzz_touch(const void *data, size_t size)
{
	static volatile uint8_t sink;

	if (size) {
		sink = *(const uint8_t *)data;
		sink = ((const uint8_t *)data)[size - 1];
		(void)sink;
	}
}

/* A stream of choices out of the input; zeros once it is used up. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

static inline uint64_t fuzz_number(struct fuzz_input *input, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && input->size; i++, input->size--)
		value |= (uint64_t)*input->data++ << 8 * i;
	return value;
}

/* A place in an open dump: the page, a few bytes that may end in the next one, and the format's other questions. */
static inline void fuzz_read_place(struct dump *dump, uint64_t address, size_t size)
{
	static uint8_t buffer[65536 + 16];
	struct error error = { 0 };
	struct dump_place place;

	if (!dump_read_phys(dump, address, buffer, size, &error)) {
		fuzz_failed(&error);
		FUZZ_CHECK(error.kind != ERROR_INTERRUPTED && error.kind != ERROR_NO_MEMORY);
	}
	if (dump->format->has_page)
		dump->format->has_page(dump, address >> dump->page_shift);
	if (dump->format->read_page_start)
		dump->format->read_page_start(dump, address >> dump->page_shift, buffer, 16);
	if (dump->format->find_page && !dump->format->find_page(dump, address >> dump->page_shift, &place, &error))
		fuzz_failed(&error);
}

/* Many pages at once must be what they are one by one. */
static inline void fuzz_scan(struct dump *dump, uint64_t pfn)
{
	enum { PAGES = 4 };
	static uint8_t buffer[PAGES * 65536], page[65536];
	struct dump_place places[PAGES], place;
	uint8_t kinds[PAGES];
	struct error error;

	dump_scan_pages(dump, pfn, PAGES, buffer, kinds);
	for (unsigned i = 0; i < PAGES; i++) {
		if (!dump_scan_page(dump, pfn + i, page, &error))
			FUZZ_CHECK(kinds[i] == error.kind);
		else
			FUZZ_CHECK(kinds[i] == ERROR_NONE && !memcmp(page, buffer + i * dump->page_size, dump->page_size));
	}
	if (!dump->format->find_page)
		return;
	dump_find_pages(dump, pfn, PAGES, places, kinds);
	for (unsigned i = 0; i < PAGES; i++) {
		if (!dump->format->find_page(dump, pfn + i, &place, &error))
			FUZZ_CHECK(kinds[i] == error.kind);
		else
			FUZZ_CHECK(kinds[i] == ERROR_NONE && place.offset == places[i].offset && place.size == places[i].size);
	}
}

/* Reads here and there in an open dump, at the places where things are likely to go wrong. Bounded: a run is to take microseconds. */
static inline void fuzz_read_dump(struct dump *dump)
{
	size_t page = dump->page_size;

	FUZZ_CHECK(page >= 4096 && page <= 65536 && !(page & (page - 1)) && 1ull << dump->page_shift == page);
	FUZZ_CHECK(!dump->vmcoreinfo || strlen(dump->vmcoreinfo) == dump->vmcoreinfo_size);
	for (size_t i = 0; i < dump->nr_ranges && i < 4; i++) {
		const struct dump_range *range = &dump->ranges[i];

		FUZZ_CHECK(!i || range->start >= dump->ranges[i - 1].start);
		fuzz_read_place(dump, range->start, i ? 9 : page + 3);
		fuzz_read_place(dump, range->start + range->size - 1, 1);
		fuzz_read_place(dump, range->start + range->file_size, 9);
	}
	for (uint64_t pfn = 0; pfn < 8; pfn++)
		fuzz_read_place(dump, pfn * page + 7 * pfn, pfn == 3 ? page + 3 : 9);
	fuzz_scan(dump, 1);
	fuzz_read_place(dump, dump->max_pfn << dump->page_shift, 9);
	fuzz_read_place(dump, UINT64_MAX - 5, 9);
	for (size_t i = 0; i < dump->nr_notes && i < 32; i++) {
		const struct dump_note *note = &dump->notes[i];

		FUZZ_CHECK(strnlen(note->name, sizeof(note->name)) < sizeof(note->name));
		fuzz_touch(note->data, note->size);
	}
}

/* Opens the files, reads in them and closes them. */
static inline void fuzz_dump(const char *const *paths, size_t nr)
{
	struct dump *dump = NULL;
	struct error error = { 0 };

	if (!dump_open(paths, nr, &dump, &error)) {
		fuzz_failed(&error);
		FUZZ_CHECK(error.kind != ERROR_NO_MEMORY);
		return;
	}
	fuzz_read_dump(dump);
	dump_close(dump);
}

#endif
