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
#include <sys/mman.h>
#include <unistd.h>

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
	FUZZ_CHECK(error->kind > ERROR_NONE && error->kind <= ERROR_UNSUPPORTED);
	FUZZ_CHECK(strnlen(error->text, sizeof(error->text)) > 3 &&
		   strnlen(error->text, sizeof(error->text)) < sizeof(error->text));
	return false;
}

/* A file in memory with these contents, number WHICH (0 or 1). Its path is good until the next call. */
static inline const char *fuzz_file(unsigned which, const void *data, size_t size)
{
	static int fds[2] = { -1, -1 };
	static char paths[2][32];

	if (fds[which] < 0) {
		fds[which] = memfd_create("fuzz", MFD_CLOEXEC);
		FUZZ_CHECK(fds[which] >= 0);
		snprintf(paths[which], sizeof(paths[which]), "/proc/self/fd/%d", fds[which]);
	}
	FUZZ_CHECK(ftruncate(fds[which], size) == 0);
	FUZZ_CHECK(pwrite(fds[which], data, size, 0) == (ssize_t)size);
	return paths[which];
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

/* Reads here and there in an open dump, at the places where things are likely to go wrong. */
static inline void fuzz_read_dump(struct dump *dump)
{
	static uint8_t buffer[2 * 65536];
	uint64_t places[64];
	size_t nr = 0, page = dump->page_size;

	FUZZ_CHECK(page >= 4096 && page <= 65536 && !(page & (page - 1)) && 1ull << dump->page_shift == page);
	FUZZ_CHECK(!dump->vmcoreinfo || strlen(dump->vmcoreinfo) == dump->vmcoreinfo_size);
	for (size_t i = 0; i < dump->nr_ranges && nr < 48; i++) {
		const struct dump_range *range = &dump->ranges[i];

		FUZZ_CHECK(!i || range->start >= dump->ranges[i - 1].start);
		places[nr++] = range->start;
		places[nr++] = range->start + range->size / 2;
		places[nr++] = range->start + range->size - 1;
		places[nr++] = range->start + range->file_size;
	}
	for (uint64_t pfn = 0; pfn < 12; pfn++)
		places[nr++] = pfn * page + 7 * pfn;
	places[nr++] = UINT64_MAX - 5;
	for (size_t i = 0; i < nr; i++) {
		struct error error = { 0 };
		size_t length = i & 1 ? 9 : page + 3;

		if (!dump_read_phys(dump, places[i], buffer, length, &error)) {
			fuzz_failed(&error);
			FUZZ_CHECK(error.kind != ERROR_INTERRUPTED && error.kind != ERROR_NO_MEMORY);
		}
		if (dump->format->has_page)
			dump->format->has_page(dump, places[i] >> dump->page_shift);
		if (dump->format->read_page_start)
			dump->format->read_page_start(dump, places[i] >> dump->page_shift, buffer, 16);
	}
	for (size_t i = 0; i < dump->nr_notes; i++) {
		const struct dump_note *note = &dump->notes[i];

		FUZZ_CHECK(strnlen(note->name, sizeof(note->name)) < sizeof(note->name));
		memcpy(buffer, note->data, note->size < sizeof(buffer) ? note->size : sizeof(buffer));
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
