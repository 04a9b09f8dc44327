// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/slab/slab_objects.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/memory/page.h"

static void damaged(struct error *damage, const struct error *why)
{
	if (damage->kind == ERROR_NONE)
		*damage = *why;
}

/* --- all slabs --- */

struct slabs {
	struct kernel *kernel;
	slab_function *callback;
	void *context;
	struct error *damage;
};

static bool slab_page(void *context, uint64_t pfn, uint64_t address, const void *copy, struct error *error)
{
	struct slabs *slabs = context;
	struct error why = { 0 };
	struct page_info page;
	struct slab slab;

	if (!page_decode(slabs->kernel, pfn, address, copy, &page, error))
		return false;
	if (page.tail || !page_is_slab(slabs->kernel, &page))
		return true;
	if (slab_read(slabs->kernel, address, &slab, &why))
		return slabs->callback(slabs->context, &slab, error);
	damaged(slabs->damage, &why);
	return true;
}

bool slabs_for_each(struct kernel *kernel, slab_function *callback, void *context, struct error *damage, struct error *error)
{
	struct slabs slabs = { kernel, callback, context, damage };
	struct pages_missing missing = { 0 };
	const struct page_map *map;
	bool any, good;

	if (!page_map_get(kernel, &map, error))
		return false;
	if (map->damage.kind != ERROR_NONE)
		damaged(damage, &map->damage);
	good = pages_for_each(kernel, 0, UINT64_MAX, "slabs", slab_page, &slabs, &missing, &any, error);
	if (missing.count)
		damaged(damage, &missing.why);
	return good;
}

/* --- what CPUs and nodes keep --- */

struct keeping {
	struct kernel *kernel;
	const struct slab_cache *cache;
	const struct slab_place *place;
	struct slab_keep *keep;
};

static void add(struct keeping *keeping, uint64_t address)
{
	struct slab_keep *keep = keeping->keep;
	struct error why = { 0 };
	struct slab_kept *list = array_room(keep->list, keep->count, &keep->capacity, sizeof(*list), "free objects", &why);

	if (!list) {
		damaged(&keep->damage, &why);
		return;
	}
	keep->list = list;
	list[keep->count++] = (struct slab_kept){ address, keeping->place->kind, keeping->place->number };
}

static void add_object(void *context, unsigned index)
{
	struct keeping *keeping = context;

	add(keeping, slab_object_address(keeping->cache, &keeping->place->slab, index));
}

static bool keep_place(void *context, const struct slab_place *place, struct error *error)
{
	struct keeping *keeping = context;
	struct kernel *kernel = keeping->kernel;
	unsigned word = kernel->arch->pointer_size;
	struct error why = { 0 };
	uint64_t object;

	(void)error;
	keeping->place = place;
	if (place->kind == SLAB_CPU_SLAB) {
		if (!slab_freelist(kernel, keeping->cache, &place->slab, place->cpu_freelist, add_object, keeping, &why))
			damaged(&keeping->keep->damage, &why);
		return true;
	}
	for (unsigned i = 0; place->sheaf && i < place->free; i++) {
		if (!memory_read_uint(kernel->memory, place->array + i * word, word, &object, &why)) {
			damaged(&keeping->keep->damage, &why);
			break;
		}
		add(keeping, object);
	}
	return true;
}

static int by_address(const void *left, const void *right)
{
	const struct slab_kept *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

void slab_keep_read(struct kernel *kernel, const struct slab_cache *cache, struct slab_keep *keep)
{
	struct keeping keeping = { kernel, cache, NULL, keep };
	struct error why = { 0 };

	*keep = (struct slab_keep){ 0 };
	if (!slab_places(kernel, cache, keep_place, &keeping, &why))
		damaged(&keep->damage, &why);
	if (keep->count)
		qsort(keep->list, keep->count, sizeof(*keep->list), by_address);
}

void slab_keep_free(struct slab_keep *keep)
{
	free(keep->list);
	*keep = (struct slab_keep){ 0 };
}

const struct slab_kept *slab_keep_find(const struct slab_keep *keep, uint64_t address)
{
	struct slab_kept key = { .address = address };

	return keep->count ? bsearch(&key, keep->list, keep->count, sizeof(key), by_address) : NULL;
}

/* --- the objects of a slab --- */

struct marking {
	uint8_t *states;
	unsigned count;
};

static void mark(void *context, unsigned index)
{
	struct marking *marking = context;

	marking->states[index] = SLAB_FREE;
	marking->count++;
}

bool slab_states(struct kernel *kernel, const struct slab_cache *cache, const struct slab *slab, const struct slab_keep *keep,
		 uint8_t *states, struct error *error)
{
	struct marking marking = { states, 0 };

	memset(states, SLAB_USED, slab->objects);
	for (unsigned i = 0; i < slab->objects; i++)
		if (slab_keep_find(keep, slab_object_address(cache, slab, i)))
			states[i] = SLAB_KEPT;
	if (!slab_freelist(kernel, cache, slab, slab->freelist, mark, &marking, error))
		return false;
	if (marking.count != slab->objects - slab->inuse)
		return error_set(error, ERROR_CORRUPT, "slab 0x%" PRIx64 " (%s) says that %u of its %u objects are in use, its freelist has %u",
				 slab->base, cache->name, slab->inuse, slab->objects, marking.count);
	return true;
}
