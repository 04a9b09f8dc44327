// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What costs more than the parsing that is fuzzed, linked in place of the real ones (ld --wrap). First: a small cache, so that opening
 * a dump costs little, and blocks are evicted too.
 */
#include "base/files.h"
#include "dump/cache.h"
#include "dump/file.h"
#include "dump/vmcoreinfo.h"
#include "fuzz.h"

struct page_cache *__real_page_cache_new(size_t block_size, size_t bytes);
struct page_cache *__wrap_page_cache_new(size_t block_size, size_t bytes);

struct page_cache *__wrap_page_cache_new(size_t block_size, size_t bytes)
{
	return __real_page_cache_new(block_size, bytes < 64 * block_size ? bytes : 64 * block_size);
}

/* The search for VMCOREINFO looks at 4096 pages at least, however small the file: not at each input. fuzz_vmcoreinfo has it alone. */
bool __real_vmcoreinfo_search(struct dump *dump, struct error *error);
bool __wrap_vmcoreinfo_search(struct dump *dump, struct error *error);

bool __wrap_vmcoreinfo_search(struct dump *dump, struct error *error)
{
	if (dump->nr_files && dump->format != &dump_format_raw && dump->files[0]->raw_size % 256)
		return true;
	return __real_vmcoreinfo_search(dump, error);
}

/* Files that the plugin makes are looked at in memory. */
struct buffer fuzz_written;

bool __wrap_files_write_atomically(const char *path, const void *data, size_t size, struct error *error);

bool __wrap_files_write_atomically(const char *path, const void *data, size_t size, struct error *error)
{
	(void)path;
	(void)error;
	/* An ELF file, or gdb's index (version 8 or 9 first). */
	FUZZ_CHECK(size >= 24 && (memcmp(data, "\177ELF", 4) == 0 || *(const uint8_t *)data == 8 || *(const uint8_t *)data == 9));
	buffer_clear(&fuzz_written);
	buffer_append(&fuzz_written, data, size);
	return true;
}
