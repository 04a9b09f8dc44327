/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Objects of a cache that are in use and that nothing points to: as kmemleak looks for them, in all of the memory that a dump has, whatever
 * it is used for. A pointer anywhere into an object counts, one that stands in the object itself does not.
 *
 * It is a hint. A number that is no pointer, or what a free object or a stack still has, hides a leak; a pointer that is coded, or that is
 * in memory which was left out of the dump, is not seen; objects that point to each other hide each other.
 */
#ifndef VMCORE_KERNEL_SLAB_LEAKS_H
#define VMCORE_KERNEL_SLAB_LEAKS_H

#include "kernel/slab/slab_objects.h"

struct leak_object {
	uint64_t address, slab;
};

struct leaks {
	struct leak_object *objects;	/* by address */
	size_t count;
	uint64_t used;			/* objects in use */
	uint64_t pages_read, pages_missing;	/* of the dump's, bytes each: page_size */
	struct error damage;		/* of kind ERROR_NONE, or what of the cache could not be read: then some may be free, or be missing */
};

bool slab_leaks(struct kernel *kernel, const struct slab_cache *cache, struct leaks *leaks, struct error *error);
void slab_leaks_free(struct leaks *leaks);

#endif
