// SPDX-License-Identifier: GPL-3.0-or-later
/* What there is to look through: scan.h. */
#include "kernel/memory/scan.h"

#include <stdlib.h>

#include "base/array.h"

/* Single pages remembered, to notice windows that show the same ones again. */
#define RECENT_PAGES 64
/*
 * After so many repeated pages in a row it is such a window; after many more it is left a gigabyte
 * at a time.
 */
#define REPEATS_WINDOW 16
#define REPEATS_LIMIT  65536
#define WINDOW_STEP    (1ull << 30)

void scan_runs_free(struct scan_runs *runs)
{
	free(runs->runs);
	*runs = (struct scan_runs){ 0 };
}

static bool append(struct scan_runs *runs, const struct scan_run *run, struct error *error)
{
	struct scan_run *grown = array_room(runs->runs, runs->count, &runs->capacity,
					    sizeof(*grown), "the list of memory to search", error);

	if (!grown)
		return false;
	runs->runs = grown;
	runs->runs[runs->count++] = *run;
	return true;
}

/* Adds SIZE bytes, to the last run where they continue it. */
static bool add(struct scan_runs *runs, uint64_t address, uint64_t physical, uint64_t size,
		uint32_t owner, struct error *error)
{
	struct scan_run *last = runs->count ? &runs->runs[runs->count - 1] : NULL;
	struct scan_run run = { address, physical, size, owner };

	if (last && last->owner == owner && last->address + last->size == address &&
	    last->physical + last->size == physical && size <= UINT64_MAX - last->size) {
		last->size += size;
		return true;
	}
	return !size || append(runs, &run, error);
}

bool scan_add_physical(struct kernel *kernel, uint64_t start, uint64_t last, struct scan_runs *runs,
		       struct error *error)
{
	const struct dump *dump = kernel->dump;
	uint64_t mask = dump->page_size - 1, next = start & ~mask;

	/* Whole pages; ranges may overlap or share a page. */
	for (size_t i = 0; i < dump->nr_ranges; i++) {
		uint64_t from = dump->ranges[i].start & ~mask;
		uint64_t to = (dump->ranges[i].start + (dump->ranges[i].size - 1)) | mask;

		if (from < next)
			from = next;
		if (to > (last | mask))
			to = last | mask;
		if (!dump->ranges[i].size || from > to)
			continue;
		if (to - from > 1ull << 52)
			return error_set(error, ERROR_CORRUPT,
					 "the dump claims memory of 0x%llx bytes at 0x%llx",
					 (unsigned long long)(to - from), (unsigned long long)from);
		if (!kernel_check_interrupt(kernel, error) ||
		    !add(runs, from, from, to - from + 1, 0, error))
			return false;
		if (to == UINT64_MAX)
			break;
		next = to + 1;
	}
	return true;
}

struct repeats {
	uint64_t pages[RECENT_PAGES]; /* physical address | 1 */
	unsigned next, in_a_row;
};

static bool is_repeated(struct repeats *repeats, const struct translation *translation)
{
	uint64_t page = translation->physical | 1;

	if (translation->page_size > 65536) {
		repeats->in_a_row = 0;
		return false;
	}
	for (unsigned i = 0; i < RECENT_PAGES; i++) {
		if (repeats->pages[i] == page) {
			repeats->in_a_row++;
			return true;
		}
	}
	repeats->pages[repeats->next++ % RECENT_PAGES] = page;
	repeats->in_a_row = 0;
	return false;
}

/*
 * Adds one mapping, cut off at LAST. *address moves behind it; false in *more_ret at the end.
 * REPEATS may be NULL.
 */
static bool add_mapping(const struct translation *translation, uint64_t *address, uint64_t last,
			uint32_t owner, struct repeats *repeats,
			struct scan_runs *runs, bool *more_ret, struct error *error)
{
	uint64_t run = translation->run, step;

	if (run - 1 > last - *address)
		run = last - *address + 1;
	step = run;
	if (!repeats || !is_repeated(repeats, translation) || repeats->in_a_row < REPEATS_WINDOW) {
		if (!add(runs, *address, translation->physical, run, owner, error))
			return false;
	} else if (repeats->in_a_row > REPEATS_LIMIT) {
		step = WINDOW_STEP - *address % WINDOW_STEP;
	}
	*more_ret = step - 1 < last - *address;
	*address += step;
	return true;
}

bool scan_add_virtual(struct kernel *kernel, uint64_t root, uint64_t start, uint64_t last,
		      uint32_t owner, struct scan_runs *runs, struct error *error)
{
	struct memory *memory = kernel->memory;
	uint64_t mask = kernel->dump->page_size - 1, address = start & ~mask;
	struct repeats repeats = { 0 };
	unsigned steps = 0;
	bool more = true;

	last |= mask;
	while (more && address < last) {
		struct translation translation;
		bool again;

		if ((steps++ % 4096 == 0 || steps == 1) && !kernel_check_interrupt(kernel, error))
			return false;
		/*
		 * The last byte is left out by the exclusive end, and is in the last page anyway.
		 */
		if (memory_next_mapping(memory, root, &address, last, &translation, &again)) {
			if (!add_mapping(&translation, &address, last, owner,
					 root ? NULL : &repeats, runs, &more, error))
				return false;
		} else if (!again) {
			break;
		} else if (!kernel_check_interrupt(kernel, error)) {
			return false;
		}
	}
	return true;
}
