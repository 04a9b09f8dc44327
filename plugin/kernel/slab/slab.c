// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/slab/slab.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/containers.h"
#include "kernel/memory/page.h"
#include "kernel/slab/slab_members.h"

#define MAX_SIZE (64u << 20)	/* of a slab, in bytes: order 10 of 64 KB pages */

static const struct kernel_slot slot = { free };

static bool resolve(struct kernel *kernel, struct slab_members *m, struct error *error)
{
	struct types *types = kernel->types;
	/* 5.17, d122019bf061 */
	const char *slab = types_has_member(types, "slab", "slab_cache") ? "slab" : "page";

	if (!types_member(types, "kmem_cache", "list", &m->list, error) || !types_member(types, "kmem_cache", "name", &m->name, error) ||
	    !types_member(types, "kmem_cache", "size", &m->size, error) ||
	    !types_member(types, "kmem_cache", "object_size", &m->object_size, error))
		return false;
	if (!types_member(types, "kmem_cache", "oo", &m->order_objects, error))
		return error_prefix(error, "the kernel was built with another allocator than SLUB, which is not understood here");
	if (!types_member(types, "kmem_cache", "offset", &m->offset, error) || !types_member(types, "kmem_cache", "flags", &m->flags, error) ||
	    !types_member(types, slab, "slab_cache", &m->cache, error) || !types_member(types, slab, "freelist", &m->freelist, error) ||
	    !types_member(types, slab, "inuse", &m->inuse, error) || !types_member(types, slab, "objects", &m->objects, error))
		return false;
	m->has_frozen = types_member(types, slab, "frozen", &m->frozen, NULL);
	if (!types_member(types, slab, "slab_list", &m->link, NULL) &&	/* 5.2, 916ac0527837 */
	    !types_member(types, slab, "lru", &m->link, error))
		return false;
	m->has_next = types_member(types, slab, "next", &m->next, NULL);
	m->has_random = types_member(types, "kmem_cache", "random", &m->random, NULL);
	m->has_pad = types_member(types, "kmem_cache", "red_left_pad", &m->pad, NULL);
	return true;
}

const struct slab_members *slab_members_get(struct kernel *kernel, struct error *error)
{
	struct slab_members *m = kernel_kept(kernel, &slot);

	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m) {
		error_no_memory(error, "the members of slabs", sizeof(*m));
		return NULL;
	}
	if (!resolve(kernel, m, error)) {
		free(m);
		return NULL;
	}
	return kernel_keep(kernel, &slot, m, error) ? m : NULL;
}

bool slab_cache_read(struct kernel *kernel, uint64_t address, struct slab_cache *cache, struct error *error)
{
	const struct slab_members *m = slab_members_get(kernel, error);
	uint64_t name, value;

	*cache = (struct slab_cache){ .address = address };
	if (!m || !kernel_read_field(kernel, address, &m->size, &cache->size, error) ||
	    !kernel_read_field(kernel, address, &m->object_size, &cache->object_size, error) ||
	    !kernel_read_field(kernel, address, &m->offset, &cache->offset, error) ||
	    !kernel_read_field(kernel, address, &m->flags, &cache->flags, error) ||
	    !memory_read_uint(kernel->memory, address + m->order_objects.offset, 4, &value, error) ||
	    (m->has_random && !kernel_read_field(kernel, address, &m->random, &cache->random, error)) ||
	    (m->has_pad && !kernel_read_field(kernel, address, &m->pad, &cache->pad, error)))
		return error_prefix(error, "the cache at 0x%" PRIx64, address);
	/* OO_SHIFT is 16, and is no enumerator. */
	cache->order = value >> 16;
	cache->objects = value & 0xffff;
	cache->hardened = m->has_random;
	if (!kernel_read_field(kernel, address, &m->name, &name, NULL) ||
	    !memory_read_string(kernel->memory, name, cache->name, sizeof(cache->name), NULL))
		cache->name[0] = 0;
	if (!cache->size || cache->size > MAX_SIZE || cache->object_size > cache->size || cache->pad >= cache->size ||
	    cache->offset >= cache->size)
		return error_set(error, ERROR_CORRUPT, "the cache at 0x%" PRIx64 " says that its objects have %" PRIu64 " of %" PRIu64
				 " bytes", address, cache->object_size, cache->size);
	return true;
}

struct caches {
	struct kernel *kernel;
	slab_cache_function *callback;
	void *context;
	struct error damage;
};

static bool each_cache(void *context, uint64_t entry, struct error *error)
{
	struct caches *caches = context;
	struct slab_cache cache;
	struct error why = { 0 };

	if (!kernel_check_interrupt(caches->kernel, error))
		return false;
	if (slab_cache_read(caches->kernel, entry, &cache, &why))
		return caches->callback(caches->context, &cache, error);
	if (caches->damage.kind == ERROR_NONE)
		caches->damage = why;
	return true;
}

bool slab_caches_for_each(struct kernel *kernel, slab_cache_function *callback, void *context, struct error *error)
{
	const struct slab_members *m = slab_members_get(kernel, error);
	struct caches caches = { kernel, callback, context, { 0 } };
	uint64_t head;

	if (!m || !kernel_symbol(kernel, "slab_caches", &head, error))
		return false;
	if (!list_for_each(kernel, head, m->list.offset, each_cache, &caches, error))
		return error_prefix(error, "the list of caches (slab_caches)");
	if (caches.damage.kind != ERROR_NONE && error)
		*error = caches.damage;
	return caches.damage.kind == ERROR_NONE;
}

bool slab_read(struct kernel *kernel, uint64_t address, struct slab *slab, struct error *error)
{
	const struct slab_members *m = slab_members_get(kernel, error);
	uint64_t pfn, objects, inuse, frozen = 0;

	if (!m || !page_to_pfn(kernel, address, &pfn, error) ||
	    !page_direct_address(kernel, pfn * memory_page_size(kernel->memory), &slab->base, error) ||
	    !kernel_read_field(kernel, address, &m->cache, &slab->cache, error) ||
	    !kernel_read_field(kernel, address, &m->freelist, &slab->freelist, error) ||
	    !kernel_read_field(kernel, address, &m->objects, &objects, error) ||
	    !kernel_read_field(kernel, address, &m->inuse, &inuse, error) ||
	    (m->has_frozen && !kernel_read_field(kernel, address, &m->frozen, &frozen, error)))
		return error_prefix(error, "the slab at 0x%" PRIx64, address);
	if (!objects || objects > SLAB_MAX_OBJECTS || inuse > objects)
		return error_set(error, ERROR_CORRUPT, "the slab at 0x%" PRIx64 " says that %" PRIu64 " of %" PRIu64 " objects are in use",
				 address, inuse, objects);
	slab->address = address;
	slab->objects = objects;
	slab->inuse = inuse;
	slab->frozen = frozen;
	return true;
}

bool slab_object(const struct slab_cache *cache, const struct slab *slab, uint64_t address, unsigned *index_ret)
{
	uint64_t index = (address - slab->base) / cache->size;

	if (address < slab->base || index >= slab->objects)
		return false;
	*index_ret = index;
	return true;
}

uint64_t slab_object_address(const struct slab_cache *cache, const struct slab *slab, unsigned index)
{
	return slab->base + index * cache->size + cache->pad;
}

/* Is POINTER an object of SLAB? */
static bool is_object(const struct slab_cache *cache, const struct slab *slab, uint64_t pointer, unsigned *index_ret)
{
	return slab_object(cache, slab, pointer, index_ret) && slab_object_address(cache, slab, *index_ret) == pointer;
}

/*
 * The link at AT, which reads WORD. A hardened one is coded with the place's address, byte-swapped since 5.7 (1ad53d9fa3f6), which
 * nothing but the links themselves shows: that reading is taken which leads into the slab or ends it.
 */
static uint64_t decode(struct kernel *kernel, const struct slab_cache *cache, const struct slab *slab, uint64_t at, uint64_t word)
{
	uint64_t swapped = kernel->arch->pointer_size == 8 ? __builtin_bswap64(at) : __builtin_bswap32(at);
	uint64_t value = word ^ cache->random ^ swapped, old = word ^ cache->random ^ at;
	unsigned index;

	if (!cache->hardened)
		return word;
	return value && !is_object(cache, slab, value, &index) && (!old || is_object(cache, slab, old, &index)) ? old : value;
}

bool slab_freelist(struct kernel *kernel, const struct slab_cache *cache, const struct slab *slab, uint64_t first,
		   void (*callback)(void *context, unsigned index), void *context, struct error *error)
{
	uint8_t *seen = calloc(slab->objects, 1);
	uint64_t pointer = first, from = slab->address, word;
	unsigned index;
	bool good = true;

	if (!seen)
		return error_no_memory(error, "a freelist", slab->objects);
	while (good && pointer) {
		if (!is_object(cache, slab, pointer, &index)) {
			bool inside = slab_object(cache, slab, pointer, &index);

			good = error_set(error, ERROR_CORRUPT, "the freelist of slab 0x%" PRIx64 " (%s) is damaged: the link of 0x%" PRIx64
					 " is 0x%" PRIx64 ", which is %s", slab->base, cache->name, from, pointer,
					 inside ? "between its objects" : "out of the slab");
		} else if (seen[index]) {
			good = error_set(error, ERROR_CORRUPT, "the freelist of slab 0x%" PRIx64 " (%s) is damaged: the link of 0x%" PRIx64
					 " leads back to 0x%" PRIx64, slab->base, cache->name, from, pointer);
		} else {
			seen[index] = 1;
			callback(context, index);
			from = pointer;
			good = memory_read_uint(kernel->memory, pointer + cache->offset, kernel->arch->pointer_size, &word, error);
			if (good)
				pointer = decode(kernel, cache, slab, pointer + cache->offset, word);
		}
	}
	free(seen);
	return good;
}
