// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Many pages of a kdump-compressed dump at once, for scans of all memory. Page by page, finding the
 * bit, the descriptor and the data costs more than half of what decompressing costs; here each is
 * read for a whole run of pages: makedumpfile writes descriptors and data in the order of the
 * pages.
 *
 * The short ways are for what is in order. Whatever is not (a truncated table, data that cannot be
 * read or decompressed) goes the long way, page by page, so that both always agree.
 */
#include <stdlib.h>
#include <string.h>

#include "dump/file.h"
#include "dump/kdump_internal.h"

/* Of the file, at a time: what stays in a processor's own cache. */
#define STAGE_SIZE (256u << 10)

/* Up to DUMP_SCAN_PAGES pages of one part. */
struct run {
	struct dump *dump;
	struct kdump_part *part;
	uint64_t pfn;
	size_t nr;
	struct descriptor descriptors[DUMP_SCAN_PAGES]; /* valid where kinds say ERROR_NONE */
	uint8_t *kinds;
};

static bool bit(const uint8_t *bits, uint64_t number)
{
	return bits[number / 8] >> number % 8 & 1;
}

/* The bits of the run's pages; the first is bit pfn % 8. */
static bool read_bits(const struct run *run, uint64_t bitmap, uint8_t *bits)
{
	uint64_t first = run->pfn / 8, last = (run->pfn + run->nr - 1) / 8;

	return dump_file_read_cached(run->part->file, bitmap + first, bits, last - first + 1, NULL);
}

/* False: the tables are not all there. */
static bool find_descriptors(struct run *run)
{
	uint8_t dumped[DUMP_SCAN_PAGES / 8 + 1], exists[DUMP_SCAN_PAGES / 8 + 1];
	uint8_t data[DUMP_SCAN_PAGES * KDUMP_DESCRIPTOR_SIZE];
	const struct kdump_part *part = run->part;
	unsigned shift = run->pfn % 8;
	size_t nr_dumped = 0, at = 0;
	uint64_t rank;
	bool set;

	if (!read_bits(run, part->bitmap2, dumped))
		return false;
	for (size_t i = 0; i < run->nr; i++)
		nr_dumped += bit(dumped, shift + i);
	if (nr_dumped < run->nr && !read_bits(run, part->bitmap1, exists))
		return false;
	if (nr_dumped &&
	    (!rank_lookup(&run->part->rank, run->pfn, &set, &rank, NULL) ||
	     !dump_file_read(part->file, part->descriptors + rank * KDUMP_DESCRIPTOR_SIZE, data,
			     nr_dumped * KDUMP_DESCRIPTOR_SIZE, NULL)))
		return false;
	for (size_t i = 0; i < run->nr; i++) {
		if (bit(dumped, shift + i)) {
			kdump_decode_descriptor(run->dump, data + at, &run->descriptors[i]);
			run->kinds[i] = kdump_check_descriptor(run->dump, &run->descriptors[i]);
			at += KDUMP_DESCRIPTOR_SIZE;
		} else {
			run->kinds[i] = bit(exists, shift + i) ? ERROR_EXCLUDED : ERROR_NOT_MAPPED;
		}
	}
	return true;
}

/* The part that has PFN, and how many of NR pages from there on it has; NULL: none has it. */
static struct kdump_part *part_of(const struct kdump *kdump, uint64_t pfn, size_t nr,
				  size_t *nr_ret)
{
	struct kdump_part *part = kdump_find_part(kdump, pfn);

	*nr_ret = part && part->end_pfn - pfn < nr ? part->end_pfn - pfn : nr;
	return part;
}

/* --- where the pages are --- */

static void find_slowly(struct dump *dump, uint64_t pfn, size_t nr, struct dump_place *places,
			uint8_t *kinds)
{
	struct error error;

	for (size_t i = 0; i < nr; i++)
		kinds[i] = dump->format->find_page(dump, pfn + i, &places[i], &error) ? ERROR_NONE
										      : error.kind;
}

void kdump_find_pages(struct dump *dump, uint64_t pfn, size_t nr, struct dump_place *places,
		      uint8_t *kinds)
{
	struct run run = { .dump = dump };

	while (nr) {
		run.part = part_of(dump->private, pfn, nr, &run.nr);
		run.pfn = pfn;
		run.kinds = kinds;
		if (!run.part || !find_descriptors(&run))
			find_slowly(dump, pfn, run.nr, places, kinds);
		else
			for (size_t i = 0; i < run.nr; i++)
				places[i] = (struct dump_place){ run.part->file,
								 run.descriptors[i].offset,
								 run.descriptors[i].size };
		pfn += run.nr;
		nr -= run.nr;
		places += run.nr;
		kinds += run.nr;
	}
}

/* --- the pages themselves --- */

/* What of the file is in scratch->stage. */
struct window {
	uint64_t start, end;
};

static bool holds(const struct window *window, const struct descriptor *descriptor)
{
	return descriptor->offset >= window->start && descriptor->offset <= window->end &&
	       descriptor->size <= window->end - descriptor->offset;
}

/* Descriptor I, and those behind it whose data follows in the file, as far as it fits. */
static uint64_t end_of_data(const struct run *run, size_t i)
{
	uint64_t start = run->descriptors[i].offset, end = start + run->descriptors[i].size;

	for (size_t j = i + 1; j < run->nr; j++) {
		const struct descriptor *next = &run->descriptors[j];

		/* Pages that share one page's data, earlier in the file, do not end it. */
		if (run->kinds[j] || next->offset != end)
			continue;
		if (end - start + next->size > STAGE_SIZE)
			break;
		end += next->size;
	}
	return end;
}

static const uint8_t *load(const struct run *run, size_t i, struct scratch *scratch,
			   struct window *window)
{
	const struct descriptor *descriptor = &run->descriptors[i];

	if (!holds(window, descriptor)) {
		if (descriptor->offset > UINT64_MAX - 2 * STAGE_SIZE)
			return NULL;
		window->start = descriptor->offset;
		window->end = window->start +
			      dump_file_read_some(run->part->file, window->start, scratch->stage,
						  end_of_data(run, i) - window->start);
		if (!holds(window, descriptor))
			return NULL;
	}
	return scratch->stage + (descriptor->offset - window->start);
}

static bool is_shared(const struct run *run, const struct descriptor *descriptor,
		      const struct scratch *scratch)
{
	return scratch->shared_part == run->part && scratch->shared.offset == descriptor->offset &&
	       scratch->shared.size == descriptor->size &&
	       scratch->shared.flags == descriptor->flags;
}

static bool unpack(const struct run *run, size_t i, struct scratch *scratch, struct window *window,
		   uint8_t *to)
{
	const struct descriptor *descriptor = &run->descriptors[i];
	size_t page_size = run->dump->page_size;
	bool backwards = window->end && descriptor->offset < window->start;
	struct error error;
	const uint8_t *data;

	if (is_shared(run, descriptor, scratch)) {
		memcpy(to, scratch->shared_page, page_size);
		return true;
	}
	/* Data before what is staged: many pages may point to it, and the stage must not go back.
	 */
	if (!backwards)
		data = load(run, i, scratch, window);
	else
		data = dump_file_read(run->part->file, descriptor->offset, scratch->buffer,
				      descriptor->size, NULL)
			       ? scratch->buffer
			       : NULL;
	if (!data)
		return false;
	if (!(descriptor->flags & compress_flags()))
		memcpy(to, data, page_size);
	else if (!decompress(scratch->compress, descriptor->flags, data, descriptor->size, to,
			     page_size, &error))
		return false;
	if (backwards) {
		scratch->shared_part = run->part;
		scratch->shared = *descriptor;
		memcpy(scratch->shared_page, to, page_size);
	}
	return true;
}

/*
 * Pages from I on that are stored as they are, one behind the other, straight to where they belong.
 * Returns how many.
 */
static size_t copy_plain(const struct run *run, size_t i, uint8_t *to)
{
	size_t page_size = run->dump->page_size, nr = 0;
	uint64_t start = run->descriptors[i].offset;

	while (i + nr < run->nr && !run->kinds[i + nr] &&
	       !(run->descriptors[i + nr].flags & compress_flags()) &&
	       run->descriptors[i + nr].offset == start + nr * page_size)
		nr++;
	if (nr < 2)
		return 0;
	return dump_file_read_some(run->part->file, start, to, nr * page_size) / page_size;
}

static void read_slowly(struct dump *dump, uint64_t pfn, size_t nr, uint8_t *to, uint8_t *kinds)
{
	struct error error;

	for (size_t i = 0; i < nr; i++)
		kinds[i] = dump->format->read_page(dump, pfn + i, to + i * dump->page_size, &error)
				   ? ERROR_NONE
				   : error.kind;
}

static void read_run(struct run *run, struct scratch *scratch, uint8_t *buffer)
{
	size_t page_size = run->dump->page_size;
	struct window window = { 0 };

	for (size_t i = 0; i < run->nr; i++) {
		uint8_t *to = buffer + i * page_size;
		size_t nr;

		if (run->kinds[i] == ERROR_EXCLUDED && dump_excluded_is_zero(run->dump)) {
			memset(to, 0, page_size);
			run->kinds[i] = ERROR_NONE;
			continue;
		}
		if (run->kinds[i])
			continue;
		nr = copy_plain(run, i, to);
		if (nr)
			i += nr - 1;
		else if (!unpack(run, i, scratch, &window, to))
			read_slowly(run->dump, run->pfn + i, 1, to, &run->kinds[i]);
	}
}

void kdump_read_pages(struct dump *dump, uint64_t pfn, size_t nr, void *buffer, uint8_t *kinds)
{
	struct kdump *kdump = dump->private;
	struct scratch *scratch = kdump_take_scratch(kdump);
	struct run run = { .dump = dump };
	uint8_t *to = buffer;

	if (scratch && !scratch->stage)
		scratch->stage = malloc(STAGE_SIZE);
	while (nr) {
		run.part = part_of(kdump, pfn, nr, &run.nr);
		run.pfn = pfn;
		run.kinds = kinds;
		if (!run.part || !scratch || !scratch->stage || !find_descriptors(&run))
			read_slowly(dump, pfn, run.nr, to, kinds);
		else
			read_run(&run, scratch, to);
		pfn += run.nr;
		nr -= run.nr;
		to += run.nr * dump->page_size;
		kinds += run.nr;
	}
	if (scratch)
		kdump_give_scratch(kdump, scratch);
}
