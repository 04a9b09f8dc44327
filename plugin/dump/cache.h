/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bounded cache of fixed-size blocks by number: decompressed pages by pfn, blocks of a dump's own
 * tables by file offset. Thread-safe. It only copies: whoever misses makes the block outside of any
 * lock and inserts it; two threads that miss the same block both make it, which is harmless.
 *
 * Blocks are spread over shards, each with its own mutex, hash table and clock hand (second-chance
 * eviction), so that lookups are O(1) and threads rarely meet. Memory is taken as blocks come.
 *
 * Reads of a few bytes, which is what following pointers consists of, take no lock: the shard's
 * sequence number tells whether anything was changed meanwhile. What is not ordered by that is
 * relaxed atomics, so that the processor may overlap the cache misses of one read with the next.
 */
#ifndef VMCORE_DUMP_CACHE_H
#define VMCORE_DUMP_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page_cache;

/* About BYTES of blocks of BLOCK_SIZE bytes, a power of two from 8 to 64 KiB. NULL if there is no memory. */
struct page_cache *page_cache_new(size_t block_size, size_t bytes);
void page_cache_free(struct page_cache *cache);	/* NULL is fine */

/*
 * Copies SIZE bytes at OFFSET of block NUMBER, if it is here. cache may be NULL: then nothing ever
 * is.
 */
bool page_cache_read(struct page_cache *cache, uint64_t number, size_t offset, void *buffer,
		     size_t size);

/* Adds a whole block. Never fails: without memory it is not cached. */
void page_cache_insert(struct page_cache *cache, uint64_t number, const void *block);

#endif
