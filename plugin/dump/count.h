/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many pages of a dump there are, are in the file, were excluded, are zeros, or got lost
 * because the file was cut off. Goes through the format's tables page by page and reads no memory.
 *
 * Pages of zeros: makedumpfile -d 1 and QEMU write one such page and let the descriptors of all
 * others point to it. Pages are written in order, so a page that lies before one already seen is
 * shared; one read tells whether it is zeros.
 */
#ifndef VMCORE_DUMP_COUNT_H
#define VMCORE_DUMP_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct dump;

struct page_counts {
	uint64_t exist;		/* pages that the machine had */
	uint64_t present;	/* in the file, zeros included */
	uint64_t excluded;
	uint64_t zero;		/* stored only once */
	/* the file is cut off before them, they were never written, or the part is missing */
	uint64_t lost;
	uint64_t damaged;	/* what the tables say of them makes no sense */
	uint64_t first_lost;	/* physical address; UINT64_MAX = none */
};

struct page_counter;

/* NULL without memory. */
struct page_counter *page_counter_new(struct dump *dump);
/*
 * Adds the pages that touch SIZE bytes at physical START to *counts; calls must be in order of
 * address and not overlap. INTERRUPTED may be NULL; where it returns true *error is
 * ERROR_INTERRUPTED.
 */
bool page_counter_add(struct page_counter *counter, uint64_t start, uint64_t size,
		      struct page_counts *counts, bool (*interrupted)(void *context), void *context,
		      struct error *error);
void page_counter_free(struct page_counter *counter);

#endif
