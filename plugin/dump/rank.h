/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bitmap inside a dump file, one bit a page, and how many bits are set before a given one: that
 * is where the page's descriptor is. Nothing is read at the start; counts of blocks of 4096 pages
 * (one uint64_t each, 8 MiB for 16 TiB of memory) are filled in as far as they are needed, and from
 * then on a lookup is one cached read of 512 bytes and a population count. Thread-safe.
 */
#ifndef VMCORE_DUMP_RANK_H
#define VMCORE_DUMP_RANK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct dump_file;

struct rank_index {
	const struct dump_file *file;
	uint64_t offset;		/* of the bitmap in the file */
	uint64_t start, end;		/* the bits to index: ranks count from START */
	uint64_t first_block;		/* start's */
	uint64_t nr_blocks;
	/* bits set in the first block before START; valid once nr_ready */
	uint64_t skip;
	uint64_t *counts;		/* bits set in the blocks before block first_block + i */
	_Atomic uint64_t nr_ready;	/* counts filled in; 0 = none yet */
	pthread_mutex_t lock;		/* held while filling in counts */
};

/* The bitmap's bit 0 is bit 0 of the byte at OFFSET. [START, END) must be at most 2^36 bits. */
bool rank_init(struct rank_index *index, const struct dump_file *file, uint64_t offset,
	       uint64_t start, uint64_t end, struct error *error);
void rank_destroy(struct rank_index *index);

/*
 * Is bit NUMBER (in [start, end)) set, and how many are set in [start, NUMBER)? rank_ret may be
 * NULL.
 */
bool rank_lookup(struct rank_index *index, uint64_t number, bool *set_ret, uint64_t *rank_ret,
		 struct error *error);

/* One bit of a bitmap, with no index. */
bool bitmap_test(const struct dump_file *file, uint64_t bitmap_offset, uint64_t number,
		 bool *set_ret, struct error *error);

#endif
