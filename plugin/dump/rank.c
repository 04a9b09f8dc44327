// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/rank.h"

#include <stdlib.h>
#include <string.h>

#include "dump/file.h"

#define BLOCK_BITS   4096
#define BLOCK_BYTES  (BLOCK_BITS / 8)
#define CHUNK_BLOCKS 256	  /* read at a time while counting: 128 KiB */
#define MAX_BITS     (1ull << 36) /* 256 TiB of 4 KiB pages */

bool rank_init(struct rank_index *index, const struct dump_file *file, uint64_t offset,
	       uint64_t start, uint64_t end, struct error *error)
{
	uint64_t readable;

	memset(index, 0, sizeof(*index));
	pthread_mutex_init(&index->lock, NULL);
	if (start > end || end > MAX_BITS)
		return error_set(error, ERROR_FORMAT, "%s: a bitmap of %llu pages makes no sense",
				 file->path, (unsigned long long)end);
	index->file = file;
	index->offset = offset;
	index->start = start;
	index->end = end;
	index->first_block = start / BLOCK_BITS;
	index->nr_blocks = (end + BLOCK_BITS - 1) / BLOCK_BITS - index->first_block;
	/* Nothing is looked up beyond the file's end: a small file cannot ask for much memory. */
	readable = file->size > offset ? (file->size - offset) / BLOCK_BYTES : 0;
	readable = readable > index->first_block ? readable - index->first_block : 0;
	if (index->nr_blocks > readable)
		index->nr_blocks = readable;
	index->counts = calloc(index->nr_blocks + 1, sizeof(*index->counts));
	if (!index->counts)
		return error_no_memory(error, "a bitmap index",
				       (index->nr_blocks + 1) * sizeof(*index->counts));
	return true;
}

void rank_destroy(struct rank_index *index)
{
	if (!index->file)
		return;
	free(index->counts);
	index->counts = NULL;
	pthread_mutex_destroy(&index->lock);
}

static inline __attribute__((always_inline)) uint64_t count_words(const uint8_t *bitmap, size_t nr)
{
	uint64_t count = 0, word;

	for (size_t i = 0; i < nr; i++) {
		memcpy(&word, bitmap + i * sizeof(word), sizeof(word));
		count += __builtin_popcountll(word);
	}
	return count;
}

#ifdef __x86_64__
/* The instruction is not in the oldest processors; without it this costs five times as much. */
__attribute__((target("popcnt"))) static uint64_t count_words_fast(const uint8_t *bitmap, size_t nr)
{
	return count_words(bitmap, nr);
}

static uint64_t count_all(const uint8_t *bitmap, size_t nr)
{
	return __builtin_cpu_supports("popcnt") ? count_words_fast(bitmap, nr)
						: count_words(bitmap, nr);
}
#else
#define count_all count_words
#endif

/* Bits set among the first NR_BITS of BITMAP. */
static uint64_t count_bits(const uint8_t *bitmap, unsigned nr_bits)
{
	uint64_t count = count_all(bitmap, nr_bits / 64);

	for (unsigned i = nr_bits / 64 * 64; i < nr_bits; i += 8) {
		uint8_t mask = nr_bits - i >= 8 ? 0xff : (1u << (nr_bits - i)) - 1;

		count += __builtin_popcount(bitmap[i / 8] & mask);
	}
	return count;
}

/* How many blocks from FROM on lie in a hole of a sparse file: nothing is set there. */
static uint64_t skip_hole(struct rank_index *index, uint64_t from)
{
	uint64_t offset = index->offset + (index->first_block + from) * BLOCK_BYTES;
	uint64_t nr = (dump_file_next_data(index->file, offset) - offset) / BLOCK_BYTES;

	if (nr > index->nr_blocks - from)
		nr = index->nr_blocks - from;
	for (uint64_t i = 0; i < nr; i++)
		index->counts[from + i + 1] = index->counts[from];
	return nr;
}

/* Counts some blocks from FROM on, as far as BLOCK at least at the end of a truncated file. */
static bool count_chunk(struct rank_index *index, uint64_t from, uint64_t block, uint8_t *chunk,
			uint64_t *nr_ret, struct error *error)
{
	uint64_t nr = index->nr_blocks - from;

	if (nr > CHUNK_BLOCKS)
		nr = CHUNK_BLOCKS;
	/* At a truncated bitmap's end, only as far as is needed. */
	if (nr > block - from &&
	    index->offset + (index->first_block + from + nr) * BLOCK_BYTES > index->file->size)
		nr = block - from;
	if (!dump_file_read(index->file, index->offset + (index->first_block + from) * BLOCK_BYTES,
			    chunk, nr * BLOCK_BYTES, error))
		return false;
	for (uint64_t i = 0; i < nr; i++)
		index->counts[from + i + 1] = index->counts[from + i] +
					      count_bits(chunk + i * BLOCK_BYTES, BLOCK_BITS);
	*nr_ret = nr;
	return true;
}

/*
 * Fills in counts up to and including the one of block BLOCK (relative). Called with the lock held.
 */
static bool fill(struct rank_index *index, uint64_t block, struct error *error)
{
	uint64_t ready = atomic_load_explicit(&index->nr_ready, memory_order_relaxed);
	uint8_t *chunk = malloc(CHUNK_BLOCKS * BLOCK_BYTES);
	bool done = chunk != NULL ||
		    error_no_memory(error, "a piece of a bitmap", CHUNK_BLOCKS * BLOCK_BYTES);

	if (done && !ready) {
		/* count 0 is 0; what it needs is the number of bits to leave out. */
		done = dump_file_read(index->file, index->offset + index->first_block * BLOCK_BYTES,
				      chunk, (index->start % BLOCK_BITS + 7) / 8, error);
		if (done) {
			index->skip = count_bits(chunk, index->start % BLOCK_BITS);
			ready = 1;
			atomic_store_explicit(&index->nr_ready, ready, memory_order_release);
		}
	}
	while (done && ready <= block) {
		uint64_t from = ready - 1, nr = skip_hole(index, from);

		if (!nr)
			done = count_chunk(index, from, block, chunk, &nr, error);
		if (done) {
			ready += nr;
			atomic_store_explicit(&index->nr_ready, ready, memory_order_release);
		}
	}
	free(chunk);
	return done;
}

bool rank_lookup(struct rank_index *index, uint64_t number, bool *set_ret, uint64_t *rank_ret,
		 struct error *error)
{
	uint64_t block = number / BLOCK_BITS - index->first_block;
	unsigned bit = number % BLOCK_BITS;
	uint8_t bits[BLOCK_BYTES];
	bool done = true;

	/* Up to the bit: a file can end inside of the block. */
	if (!dump_file_read_cached(index->file, index->offset + number / BLOCK_BITS * BLOCK_BYTES,
				   bits, bit / 8 + 1, error))
		return false;
	*set_ret = bits[bit / 8] >> (bit % 8) & 1;
	if (!rank_ret)
		return true;
	if (atomic_load_explicit(&index->nr_ready, memory_order_acquire) <= block) {
		pthread_mutex_lock(&index->lock);
		if (atomic_load_explicit(&index->nr_ready, memory_order_relaxed) <= block)
			done = fill(index, block, error);
		pthread_mutex_unlock(&index->lock);
	}
	if (done)
		*rank_ret = index->counts[block] + count_bits(bits, bit) - index->skip;
	return done;
}

bool bitmap_test(const struct dump_file *file, uint64_t bitmap_offset, uint64_t number,
		 bool *set_ret, struct error *error)
{
	uint8_t byte;

	if (!dump_file_read_cached(file, bitmap_offset + number / 8, &byte, 1, error))
		return false;
	*set_ret = byte >> (number % 8) & 1;
	return true;
}
