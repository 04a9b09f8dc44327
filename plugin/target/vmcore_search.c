// SPDX-License-Identifier: GPL-3.0-or-later
#include "target/vmcore_search.h"

#include "kernel/memory/scan.h"

/* Address space whose page tables are walked at a time: a find can be over all of it. */
#define PIECE_SIZE (1ull << 30)

struct finding {
	const struct target_search *search;
	uint64_t at;
	bool found;
};

static bool hit(void *context, const struct scan_hit *hit)
{
	struct finding *finding = context;

	finding->at = hit->address;
	finding->found = true;
	return false;
}

static bool interrupted(void *context)
{
	const struct finding *finding = context;
	const struct target_search *search = finding->search;

	return search->give_up && search->give_up(search->give_up_context);
}

/* Where the runs from START on have their first gap; what is behind it is dropped. */
static uint64_t cut_at_gap(struct scan_runs *runs, uint64_t start)
{
	uint64_t end = start;
	size_t nr = 0;

	while (nr < runs->count && runs->runs[nr].address == end)
		end += runs->runs[nr++].size;
	runs->count = nr;
	return end;
}

/*
 * Looks in [*at, last]. True: found, at *at. False: *at is where it stopped, LAST + 1 if nothing
 * was in the way.
 */
static bool search_piece(struct kernel *kernel, uint64_t root, struct finding *finding,
			 uint64_t *at, uint64_t last)
{
	const struct target_search *search = finding->search;
	struct scan_pattern pattern = { .text = search->pattern, .size = search->pattern_size };
	uint64_t page_start = *at & ~(uint64_t)(kernel->dump->page_size - 1), end;
	struct scan_runs runs = { 0 };
	struct scan_totals totals;
	struct scan_request request = {
		.runs = &runs,
		.patterns = &pattern,
		.nr_patterns = 1,
		.start = *at,
		.last = last,
		.hit = hit,
		.interrupted = interrupted,
		.context = finding,
		.whole = true,
		.first = true,
	};
	struct error error;

	if (scan_add_virtual(kernel, root, *at, last, 0, &runs, &error)) {
		end = cut_at_gap(&runs, page_start);
		/* Not as far as *at if it wrapped around, or the first page is not there. */
		if (end > *at && scan(kernel, &request, &totals, &error)) {
			if (totals.first_missing < end)
				end = totals.first_missing;
			if (finding->found)
				*at = finding->at;
			else if (end > *at)
				*at = end - 1 < last ? end : last + 1;
		}
	}
	scan_runs_free(&runs);
	return finding->found;
}

bool vmcore_search(struct kernel *kernel, uint64_t root, const struct target_search *search,
		   uint64_t *at_ret)
{
	uint64_t last = search->address + (search->size - 1), keep = search->pattern_size - 1;
	struct finding finding = { .search = search };

	*at_ret = search->address;
	if (search->pattern_size > SCAN_MAX_TEXT)
		return false;
	for (;;) {
		uint64_t from = *at_ret, piece_last;

		/* A match can begin before where the last piece ended. */
		from -= from - search->address < keep ? from - search->address : keep;
		piece_last = last - from < PIECE_SIZE ? last : from + PIECE_SIZE - 1;
		if (search_piece(kernel, root, &finding, &from, piece_last)) {
			*at_ret = from;
			return true;
		}
		if (from != piece_last + 1 || piece_last == last) {
			*at_ret = from > *at_ret ? from : *at_ret;
			return false;
		}
		*at_ret = from;
	}
}
