// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NR_SHARDS 16	/* a power of two */
#define NO_SLOT UINT32_MAX

struct slot {
	uint64_t number;
	uint32_t next;		/* in its bucket */
	bool used;		/* since the clock hand went by */
	uint8_t *data;		/* NULL: never filled */
};

struct shard {
	pthread_mutex_t lock;
	uint32_t *buckets;	/* the first slot of each chain */
	uint32_t bucket_mask;
	struct slot *slots;
	uint32_t nr_slots;
	uint32_t nr_filled;
	uint32_t hand;
} __attribute__((aligned(64)));	/* its own cache lines */

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
	memset(shard->buckets, 0xff, nr_buckets * sizeof(*shard->buckets));
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
			free(shard->slots[j].data);
		free(shard->slots);
		free(shard->buckets);
		pthread_mutex_destroy(&shard->lock);
	}
	free(cache);
}

static struct shard *shard_of(struct page_cache *cache, uint64_t hashed)
{
	return &cache->shards[hashed & (NR_SHARDS - 1)];
}

static uint32_t *bucket_of(struct shard *shard, uint64_t hashed)
{
	return &shard->buckets[(hashed / NR_SHARDS) & shard->bucket_mask];
}

static struct slot *lookup(struct shard *shard, uint64_t number, uint64_t hashed)
{
	for (uint32_t i = *bucket_of(shard, hashed); i != NO_SLOT; i = shard->slots[i].next)
		if (shard->slots[i].number == number)
			return &shard->slots[i];
	return NULL;
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
	pthread_mutex_lock(&shard->lock);
	slot = lookup(shard, number, hashed);
	if (slot) {
		slot->used = true;
		memcpy(buffer, slot->data + offset, size);
	}
	pthread_mutex_unlock(&shard->lock);
	return slot != NULL;
}

/*
 * A slot to overwrite, out of its chain; NULL without memory. Slots are filled before any is
 * evicted.
 */
static struct slot *take_slot(struct shard *shard, size_t block_size)
{
	struct slot *slot;
	uint32_t *link;

	if (shard->nr_filled < shard->nr_slots) {
		slot = &shard->slots[shard->nr_filled];
		slot->data = malloc(block_size);
		if (slot->data) {
			shard->nr_filled++;
			return slot;
		}
		if (!shard->nr_filled)
			return NULL;
	}
	for (;;) {
		slot = &shard->slots[shard->hand];
		shard->hand = (shard->hand + 1) % shard->nr_filled;
		if (!slot->used)
			break;
		slot->used = false;
	}
	link = bucket_of(shard, hash(slot->number));
	while (&shard->slots[*link] != slot)
		link = &shard->slots[*link].next;
	*link = slot->next;
	return slot;
}

void page_cache_insert(struct page_cache *cache, uint64_t number, const void *block)
{
	uint64_t hashed = hash(number);
	struct shard *shard;
	struct slot *slot;
	uint32_t *bucket;

	if (!cache)
		return;
	shard = shard_of(cache, hashed);
	pthread_mutex_lock(&shard->lock);
	if (!lookup(shard, number, hashed)) {
		slot = take_slot(shard, cache->block_size);
		if (slot) {
			bucket = bucket_of(shard, hashed);
			slot->number = number;
			slot->used = false;
			slot->next = *bucket;
			*bucket = slot - shard->slots;
			memcpy(slot->data, block, cache->block_size);
		}
	}
	pthread_mutex_unlock(&shard->lock);
}
