// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/count.h"

#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "dump/dump.h"
#include "dump/file.h"

#define MAX_PAGE_SIZE 65536
#define CHUNK_PAGES   65536 /* found, then counted; Ctrl-C is looked for in between */
#define MIN_SLICE     8192  /* for which a thread is worth its start */
#define MAX_LOOKS     16    /* shared pages that are read to see whether they are zeros */

/* What has been seen of one file. */
struct seen {
	uint64_t lowest, highest; /* offsets of pages; lowest > highest = none yet */
	/* offset of the page of zeros that is shared, 0 = not found */
	uint64_t zero;
	unsigned looks;
};

struct page_counter {
	struct dump *dump;
	struct seen *seen; /* per file */
	uint64_t next_pfn;
	struct dump_place *places; /* CHUNK_PAGES of each */
	uint8_t *kinds;
};

struct page_counter *page_counter_new(struct dump *dump)
{
	struct page_counter *counter = calloc(1, sizeof(*counter));

	if (!counter)
		return NULL;
	counter->dump = dump;
	counter->seen = calloc(dump->nr_files, sizeof(*counter->seen));
	counter->places = calloc(CHUNK_PAGES, sizeof(*counter->places));
	counter->kinds = malloc(CHUNK_PAGES);
	if (!counter->seen || !counter->places || !counter->kinds) {
		page_counter_free(counter);
		return NULL;
	}
	for (size_t i = 0; i < dump->nr_files; i++)
		counter->seen[i].lowest = UINT64_MAX;
	return counter;
}

void page_counter_free(struct page_counter *counter)
{
	if (counter) {
		free(counter->seen);
		free(counter->places);
		free(counter->kinds);
	}
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

static void count_page(struct page_counter *counter, uint64_t pfn, enum error_kind kind,
		       const struct dump_place *place, struct page_counts *counts)
{
	uint64_t address = pfn << counter->dump->page_shift;

	counts->exist += kind != ERROR_NOT_MAPPED;
	if (kind == ERROR_EXCLUDED) {
		counts->excluded++;
	} else if (kind == ERROR_TRUNCATED) {
		lose(counts, address);
	} else if (kind != ERROR_NONE) {
		counts->damaged += kind != ERROR_NOT_MAPPED;
	} else if (place->offset > place->file->size ||
		   place->size > place->file->size - place->offset) {
		lose(counts, address);
	} else {
		counts->present++;
		counts->zero += zeros(counter, pfn, place);
	}
}

/* A part of a chunk, for one thread. */
struct slice {
	struct page_counter *counter;
	uint64_t pfn;
	size_t first, nr;
};

static void *find_slice(void *argument)
{
	const struct slice *slice = argument;
	struct page_counter *counter = slice->counter;

	dump_find_pages(counter->dump, slice->pfn, slice->nr, counter->places + slice->first,
			counter->kinds + slice->first);
	return NULL;
}

/* Where NR pages from PFN on are, on all processors. */
static void find_chunk(struct page_counter *counter, uint64_t pfn, size_t nr)
{
	struct slice slices[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	bool started[THREADS_MAX] = { false };
	size_t count = nr / MIN_SLICE, useful = threads_useful();

	count = count > useful ? useful : count ? count : 1;
	for (size_t i = 0; i < count; i++) {
		size_t first = nr * i / count;

		slices[i] = (struct slice){ counter, pfn + first, first,
					    nr * (i + 1) / count - first };
		/* The last is for this thread, and those that get none. */
		started[i] = i + 1 < count && threads_start(&threads[i], find_slice, &slices[i]);
		if (!started[i])
			find_slice(&slices[i]);
	}
	for (size_t i = 0; i < count; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
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
	while (pfn < end) {
		size_t nr = end - pfn < CHUNK_PAGES ? end - pfn : CHUNK_PAGES;

		if (interrupted && interrupted(context))
			return error_set(error, ERROR_INTERRUPTED, "interrupted");
		find_chunk(counter, pfn, nr);
		for (size_t i = 0; i < nr; i++)
			count_page(counter, pfn + i, counter->kinds[i], &counter->places[i],
				   counts);
		pfn += nr;
	}
	if (end > counter->next_pfn)
		counter->next_pfn = end;
	return true;
}
