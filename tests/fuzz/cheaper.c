// SPDX-License-Identifier: GPL-3.0-or-later
/* What costs more than the parsing that is fuzzed, linked in place of the real ones (ld --wrap). First: a small cache, so that opening a dump costs little, and blocks are evicted too. */
#include "dump/cache.h"
#include "dump/dump.h"
#include "dump/file.h"
#include "dump/vmcoreinfo.h"

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
	if (dump->nr_files && dump->files[0]->raw_size % 32)
		return true;
	return __real_vmcoreinfo_search(dump, error);
}
