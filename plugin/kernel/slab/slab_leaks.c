// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/slab/slab_leaks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "kernel/memory/page.h"
#include "kernel/memory/scan.h"

#define PIECE_BYTES (1u << 20)

enum { USED = 1, REFERENCED = 2 };

struct piece {
	uint64_t base, end;
	struct slab slab;
	uint8_t *objects;	/* [slab.objects]: of the two above */
};

struct search {
	struct kernel *kernel;
	const struct slab_cache *cache;
	struct leaks *leaks;
	struct slab_keep keep;
	struct piece *pieces;	/* by base */
	size_t count, capacity;
	uint64_t low, high;	/* of all of them */
	uint64_t direct, mask;	/* from a physical address to its own in the direct map */
};

static void damaged(struct search *search, const struct error *why)
{
	if (search->leaks->damage.kind == ERROR_NONE)
		search->leaks->damage = *why;
}

/* --- the objects --- */

static bool each_slab(void *context, const struct slab *slab, struct error *error)
{
	struct search *search = context;
	struct piece *pieces, *piece;
	struct error why = { 0 };

	if (slab->cache != search->cache->address)
		return true;
	if (slab->base > UINT64_MAX - slab->objects * search->cache->size)
		return error_set(error, ERROR_CORRUPT, "the slab at 0x%" PRIx64 " has no end", slab->base);
	pieces = array_room(search->pieces, search->count, &search->capacity, sizeof(*pieces), "the slabs", error);
	if (!pieces)
		return false;
	search->pieces = pieces;
	piece = &pieces[search->count];
	*piece = (struct piece){ slab->base, slab->base + slab->objects * search->cache->size, *slab, calloc(slab->objects, 1) };
	if (!piece->objects)
		return error_no_memory(error, "the objects of a slab", slab->objects);
	search->count++;
	if (!slab_states(search->kernel, search->cache, slab, &search->keep, piece->objects, &why))
		damaged(search, &why);
	for (unsigned i = 0; i < slab->objects; i++) {
		piece->objects[i] = piece->objects[i] == SLAB_USED ? USED : 0;
		search->leaks->used += piece->objects[i] != 0;
	}
	return true;
}

static int by_base(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;

	return a->base < b->base ? -1 : a->base > b->base;
}

/* --- the memory --- */

/* VALUE stands at the physical address AT. */
static void pointer(struct search *search, uint64_t value, uint64_t at)
{
	size_t above = array_up_to(search->pieces, search->count, sizeof(*search->pieces), offsetof(struct piece, base), value);
	struct piece *piece = above ? &search->pieces[above - 1] : NULL;
	uint64_t start, own = (at + search->direct) & search->mask;
	unsigned index;

	if (!piece || value >= piece->end || !slab_object(search->cache, &piece->slab, value, &index) || piece->objects[index] != USED)
		return;
	start = slab_object_address(search->cache, &piece->slab, index);
	if (value < start || value - start >= search->cache->object_size || (own >= start && own - start < search->cache->object_size))
		return;
	piece->objects[index] |= REFERENCED;
}

static void look_through(struct search *search, const uint8_t *data, size_t size, uint64_t physical)
{
	const struct arch *arch = search->kernel->arch;
	bool big = arch->big_endian;

	for (size_t i = 0; i < size; i += arch->pointer_size) {
		uint64_t value = arch->pointer_size == 8 ? bytes_u64(data + i, big) : bytes_u32(data + i, big);

		if (value >= search->low && value < search->high)
			pointer(search, value, physical + i);
	}
}

static bool look_everywhere(struct search *search, const struct scan_runs *runs, struct error *error)
{
	struct dump *dump = search->kernel->dump;
	size_t size = dump->page_size, room = PIECE_BYTES / size;
	uint8_t *data = malloc(PIECE_BYTES), *kinds = malloc(room);
	uint64_t bytes = 0, done = 0;
	bool good = data && kinds;

	if (!good)
		error_no_memory(error, "a piece of memory", PIECE_BYTES);
	for (size_t i = 0; i < runs->count; i++)
		bytes += runs->runs[i].size;
	for (size_t i = 0; i < runs->count && good; i++) {
		uint64_t first = runs->runs[i].physical / size, left = runs->runs[i].size / size;

		while (left && (good = kernel_step(search->kernel, "memory", done, bytes, error))) {
			size_t nr = left < room ? left : room;

			dump_scan_pages(dump, first, nr, data, kinds);
			for (size_t page = 0; page < nr; page++) {
				bool there = kinds[page] == ERROR_NONE;

				search->leaks->pages_read += there;
				search->leaks->pages_missing += !there;
				if (there)
					look_through(search, data + page * size, size, (first + page) * size);
			}
			first += nr;
			left -= nr;
			done += nr * size;
		}
	}
	free(data);
	free(kinds);
	return good;
}

/* --- what is left --- */

static bool collect(struct search *search, struct error *error)
{
	struct leaks *leaks = search->leaks;
	size_t capacity = 0;

	for (size_t i = 0; i < search->count; i++) {
		const struct piece *piece = &search->pieces[i];

		for (unsigned j = 0; j < piece->slab.objects; j++) {
			struct leak_object *objects;

			if (piece->objects[j] != USED)
				continue;
			objects = array_room(leaks->objects, leaks->count, &capacity, sizeof(*objects), "what is not pointed to", error);
			if (!objects)
				return false;
			leaks->objects = objects;
			objects[leaks->count++] = (struct leak_object){ slab_object_address(search->cache, &piece->slab, j), piece->slab.base };
		}
	}
	return true;
}

bool slab_leaks(struct kernel *kernel, const struct slab_cache *cache, struct leaks *leaks, struct error *error)
{
	struct search search = { .kernel = kernel, .cache = cache, .leaks = leaks, .mask = memory_last(kernel->memory) };
	struct scan_runs runs = { 0 };
	const struct page_map *map;
	struct error lost = { 0 };
	bool good;

	*leaks = (struct leaks){ 0 };
	if (!page_map_get(kernel, &map, error))
		return false;
	search.direct = map->direct;
	slab_keep_read(kernel, cache, &search.keep);
	if (search.keep.damage.kind != ERROR_NONE)
		damaged(&search, &search.keep.damage);
	good = slabs_for_each(kernel, each_slab, &search, &lost, error);
	if (lost.kind != ERROR_NONE)
		damaged(&search, &lost);
	if (good && search.count) {
		qsort(search.pieces, search.count, sizeof(*search.pieces), by_base);
		search.low = search.pieces[0].base;
		search.high = search.pieces[search.count - 1].end;
	}
	good = good && scan_add_physical(kernel, 0, UINT64_MAX, &runs, error) && look_everywhere(&search, &runs, error) && collect(&search, error);
	scan_runs_free(&runs);
	slab_keep_free(&search.keep);
	for (size_t i = 0; i < search.count; i++)
		free(search.pieces[i].objects);
	free(search.pieces);
	if (!good)
		slab_leaks_free(leaks);
	return good;
}

void slab_leaks_free(struct leaks *leaks)
{
	free(leaks->objects);
	leaks->objects = NULL;
	leaks->count = 0;
}
