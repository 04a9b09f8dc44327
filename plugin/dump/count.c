// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/count.h"

#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"
#include "dump/file.h"

#define MAX_PAGE_SIZE 65536
#define POLL_PAGES 65536
#define MAX_LOOKS 16	/* shared pages that are read to see whether they are zeros */

/* What has been seen of one file. */
struct seen {
	uint64_t lowest, highest;	/* offsets of pages; lowest > highest = none yet */
	/* offset of the page of zeros that is shared, 0 = not found */
	uint64_t zero;
	unsigned looks;
};

struct page_counter {
	struct dump *dump;
	struct seen *seen;	/* per file */
	uint64_t next_pfn;
};

struct page_counter *page_counter_new(struct dump *dump)
{
	struct page_counter *counter = calloc(1, sizeof(*counter));

	if (!counter)
		return NULL;
	counter->dump = dump;
	counter->seen = calloc(dump->nr_files, sizeof(*counter->seen));
	if (!counter->seen) {
		free(counter);
		return NULL;
	}
	for (size_t i = 0; i < dump->nr_files; i++)
		counter->seen[i].lowest = UINT64_MAX;
	return counter;
}

void page_counter_free(struct page_counter *counter)
{
	if (counter)
		free(counter->seen);
	free(counter);
}

static struct seen *seen_of(struct page_counter *counter, const struct dump_file *file)
{
	for (size_t i = 0; i < counter->dump->nr_files; i++)
		if (counter->dump->files[i] == file)
			return &counter->seen[i];
	return NULL;
}

static bool is_zeros(struct dump *dump, uint64_t pfn)
{
	uint8_t page[MAX_PAGE_SIZE];

	return dump->format->read_page(dump, pfn, page, NULL) && !page[0] &&
	       !memcmp(page, page + 1, dump->page_size - 1);
}

/* How many pages of zeros this page adds: 2 if it shows that an earlier one was one, too. */
static unsigned zeros(struct page_counter *counter, uint64_t pfn, const struct dump_place *place)
{
	struct seen *seen = seen_of(counter, place->file);
	bool shared, owner_seen;

	if (!seen || counter->dump->format != &dump_format_kdump)
		return 0;
	shared = seen->lowest <= seen->highest && place->offset <= seen->highest;
	owner_seen = place->offset >= seen->lowest;
	if (place->offset < seen->lowest)
		seen->lowest = place->offset;
	if (place->offset > seen->highest)
		seen->highest = place->offset;
	if (seen->zero)
		return place->offset == seen->zero;
	if (!shared || seen->looks == MAX_LOOKS)
		return 0;
	seen->looks++;
	if (!is_zeros(counter->dump, pfn))
		return 0;
	seen->zero = place->offset;
	return owner_seen ? 2 : 1;
}

static void lose(struct page_counts *counts, uint64_t address)
{
	counts->lost++;
	if (address < counts->first_lost)
		counts->first_lost = address;
}

static void count_page(struct page_counter *counter, uint64_t pfn, struct page_counts *counts)
{
	struct dump *dump = counter->dump;
	struct dump_place place;
	struct error error;

	counts->exist++;
	if (!dump->format->find_page(dump, pfn, &place, &error)) {
		if (error.kind == ERROR_EXCLUDED)
			counts->excluded++;
		else if (error.kind == ERROR_TRUNCATED)
			lose(counts, pfn << dump->page_shift);
		else if (error.kind == ERROR_NOT_MAPPED)
			counts->exist--;
		else
			counts->damaged++;
	} else if (place.offset > place.file->size ||
		   place.size > place.file->size - place.offset) {
		lose(counts, pfn << dump->page_shift);
	} else {
		counts->present++;
		counts->zero += zeros(counter, pfn, &place);
	}
}

bool page_counter_add(struct page_counter *counter, uint64_t start, uint64_t size,
		      struct page_counts *counts, bool (*interrupted)(void *context), void *context,
		      struct error *error)
{
	struct dump *dump = counter->dump;
	uint64_t pfn = start >> dump->page_shift, end;

	if (!size || size - 1 > UINT64_MAX - start)
		return true;
	end = ((start + size - 1) >> dump->page_shift) + 1;
	if (!dump->format->find_page)
		return error_set(error, ERROR_UNSUPPORTED, "pages of %s cannot be counted",
				 dump->format->name);
	/* Two ranges can share a page. */
	if (pfn < counter->next_pfn)
		pfn = counter->next_pfn;
	for (; pfn < end; pfn++) {
		if (pfn % POLL_PAGES == 0 && interrupted && interrupted(context))
			return error_set(error, ERROR_INTERRUPTED, "interrupted");
		count_page(counter, pfn, counts);
	}
	if (end > counter->next_pfn)
		counter->next_pfn = end;
	return true;
}
