// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NR_SHARDS 16 /* a power of two */
#define NO_SLOT	  UINT32_MAX
#define WORD	  sizeof(uint64_t)
#define MAX_SMALL 64 /* bytes that are read without the lock */
#define MAX_CHAIN 64 /* slots looked at without the lock: a chain can change meanwhile */

/* Short for the accesses whose order does not matter. */
#define LOAD(from)	 atomic_load_explicit(&(from), memory_order_relaxed)
#define STORE(to, value) atomic_store_explicit(&(to), (value), memory_order_relaxed)

struct slot {
	_Atomic uint64_t number;
	_Atomic uint32_t next;		/* in its bucket */
	atomic_bool used;		/* since the clock hand went by */
	_Atomic uint64_t *_Atomic data; /* NULL: never filled */
};

struct shard {
	pthread_mutex_t lock;
	/* odd while the rest is changed, which is only done with the lock held */
	atomic_uint sequence;
	_Atomic uint32_t *buckets; /* the first slot of each chain */
	uint32_t bucket_mask;
	struct slot *slots;
	uint32_t nr_slots;
	uint32_t nr_filled;
	uint32_t hand;
} __attribute__((aligned(64))); /* its own cache lines */

struct page_cache {
	struct shard shards[NR_SHARDS];
	size_t block_size;
};

static uint64_t hash(uint64_t number)
{
	/* Fibonacci hashing: the high bits of the product are well mixed. */
	return (number * 0x9e3779b97f4a7c15ull) >> 16;
}

static bool shard_init(struct shard *shard, uint32_t nr_slots)
{
	uint32_t nr_buckets = 1;

	while (nr_buckets < nr_slots)
		nr_buckets *= 2;
	pthread_mutex_init(&shard->lock, NULL);
	shard->nr_slots = nr_slots;
	shard->bucket_mask = nr_buckets - 1;
	shard->slots = calloc(nr_slots, sizeof(*shard->slots));
	shard->buckets = malloc(nr_buckets * sizeof(*shard->buckets));
	if (!shard->slots || !shard->buckets)
		return false;
	memset((void *)shard->buckets, 0xff, nr_buckets * sizeof(*shard->buckets));
	return true;
}

struct page_cache *page_cache_new(size_t block_size, size_t bytes)
{
	size_t nr_slots = bytes / block_size / NR_SHARDS;
	struct page_cache *cache = aligned_alloc(64, sizeof(*cache));
	bool done = true;

	if (!cache)
		return NULL;
	memset(cache, 0, sizeof(*cache));
	cache->block_size = block_size;
	if (nr_slots < 4)
		nr_slots = 4;
	if (nr_slots > UINT32_MAX / 4)
		nr_slots = UINT32_MAX / 4;
	for (size_t i = 0; i < NR_SHARDS; i++)
		done &= shard_init(&cache->shards[i], nr_slots);
	if (done)
		return cache;
	page_cache_free(cache);
	return NULL;
}

void page_cache_free(struct page_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < NR_SHARDS; i++) {
		struct shard *shard = &cache->shards[i];

		for (uint32_t j = 0; shard->slots && j < shard->nr_filled; j++)
			free((void *)LOAD(shard->slots[j].data));
		free(shard->slots);
		free((void *)shard->buckets);
		pthread_mutex_destroy(&shard->lock);
	}
	free(cache);
}

static struct shard *shard_of(struct page_cache *cache, uint64_t hashed)
{
	return &cache->shards[hashed & (NR_SHARDS - 1)];
}

static _Atomic uint32_t *bucket_of(struct shard *shard, uint64_t hashed)
{
	return &shard->buckets[(hashed / NR_SHARDS) & shard->bucket_mask];
}

static struct slot *lookup(struct shard *shard, uint64_t number, uint64_t hashed)
{
	for (uint32_t i = LOAD(*bucket_of(shard, hashed)); i != NO_SLOT;
	     i = LOAD(shard->slots[i].next))
		if (LOAD(shard->slots[i].number) == number)
			return &shard->slots[i];
	return NULL;
}

static void mark_used(struct slot *slot)
{
	/* Looked at first: writing would take the cache line from other threads. */
	if (!LOAD(slot->used))
		STORE(slot->used, true);
}

/* The same as page_cache_read for a few bytes. False also where somebody changes the shard. */
static bool read_small(struct shard *shard, uint64_t number, uint64_t hashed, size_t offset,
		       void *buffer, size_t size)
{
	unsigned before = atomic_load_explicit(&shard->sequence, memory_order_acquire);
	uint32_t index = LOAD(*bucket_of(shard, hashed));
	uint64_t words[MAX_SMALL / WORD + 1];
	size_t first = offset / WORD, nr = (offset + size - 1) / WORD - first + 1;
	_Atomic uint64_t *data;

	for (unsigned i = 0;; i++) {
		if (index >= shard->nr_slots || i == MAX_CHAIN)
			return false;
		if (LOAD(shard->slots[index].number) == number)
			break;
		index = LOAD(shard->slots[index].next);
	}
	data = LOAD(shard->slots[index].data);
	if (!data)
		return false;
	for (size_t i = 0; i < nr; i++)
		words[i] = LOAD(data[first + i]);
	atomic_thread_fence(memory_order_acquire);
	if ((before & 1) || LOAD(shard->sequence) != before)
		return false;
	mark_used(&shard->slots[index]);
	memcpy(buffer, (uint8_t *)words + offset % WORD, size);
	return true;
}

bool page_cache_read(struct page_cache *cache, uint64_t number, size_t offset, void *buffer,
		     size_t size)
{
	uint64_t hashed = hash(number);
	struct shard *shard;
	struct slot *slot;

	if (!cache)
		return false;
	shard = shard_of(cache, hashed);
	if (size && size <= MAX_SMALL && read_small(shard, number, hashed, offset, buffer, size))
		return true;
	pthread_mutex_lock(&shard->lock);
	slot = lookup(shard, number, hashed);
	if (slot) {
		mark_used(slot);
		memcpy(buffer, (uint8_t *)LOAD(slot->data) + offset, size);
	}
	pthread_mutex_unlock(&shard->lock);
	return slot != NULL;
}

/*
 * A slot to overwrite, out of its chain; NULL without memory. Slots are filled before any is
 * evicted.
 */
static struct slot *take_slot(struct page_cache *cache, struct shard *shard)
{
	_Atomic uint32_t *link;
	struct slot *slot;

	if (shard->nr_filled < shard->nr_slots) {
		slot = &shard->slots[shard->nr_filled];
		STORE(slot->data, malloc(cache->block_size));
		if (LOAD(slot->data)) {
			shard->nr_filled++;
			return slot;
		}
		if (!shard->nr_filled)
			return NULL;
	}
	for (;;) {
		slot = &shard->slots[shard->hand];
		shard->hand = (shard->hand + 1) % shard->nr_filled;
		if (!LOAD(slot->used))
			break;
		STORE(slot->used, false);
	}
	link = bucket_of(shard, hash(LOAD(slot->number)));
	while (&shard->slots[LOAD(*link)] != slot)
		link = &shard->slots[LOAD(*link)].next;
	STORE(*link, LOAD(slot->next));
	return slot;
}

/* With the lock held and the sequence odd. */
static void fill(struct page_cache *cache, struct shard *shard, uint64_t number, uint64_t hashed,
		 const uint8_t *block)
{
	struct slot *slot = take_slot(cache, shard);
	_Atomic uint32_t *bucket = bucket_of(shard, hashed);
	_Atomic uint64_t *data;

	if (!slot)
		return;
	data = LOAD(slot->data);
	STORE(slot->number, number);
	STORE(slot->used, false);
	STORE(slot->next, LOAD(*bucket));
	STORE(*bucket, slot - shard->slots);
	for (size_t i = 0; i < cache->block_size / WORD; i++) {
		uint64_t word;

		memcpy(&word, block + i * WORD, WORD);
		STORE(data[i], word);
	}
}

void page_cache_insert(struct page_cache *cache, uint64_t number, const void *block)
{
	uint64_t hashed = hash(number);
	struct shard *shard;
	unsigned sequence;

	if (!cache)
		return;
	shard = shard_of(cache, hashed);
	pthread_mutex_lock(&shard->lock);
	if (!lookup(shard, number, hashed)) {
		sequence = LOAD(shard->sequence);
		STORE(shard->sequence, sequence + 1);
		atomic_thread_fence(memory_order_release);
		fill(cache, shard, number, hashed, block);
		atomic_store_explicit(&shard->sequence, sequence + 2, memory_order_release);
	}
	pthread_mutex_unlock(&shard->lock);
}
