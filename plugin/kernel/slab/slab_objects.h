/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each slab, and each object in it: in use, or free and where. A slab without free objects is on no list, so slabs are found by the
 * page array, as their pages say it.
 */
#ifndef VMCORE_KERNEL_SLAB_OBJECTS_H
#define VMCORE_KERNEL_SLAB_OBJECTS_H

#include "kernel/slab/slab.h"

typedef bool slab_function(void *context, const struct slab *slab, struct error *error);
/*
 * Each slab, by physical address. *damage: of kind ERROR_NONE, or which pages could not be asked, and slabs that make no sense; the
 * rest is told.
 */
bool slabs_for_each(struct kernel *kernel, slab_function *callback, void *context, struct error *damage, struct error *error);

/* A free object that a CPU or a node keeps. */
struct slab_kept {
	uint64_t address;
	enum slab_place_kind kind;
	unsigned number;
};
struct slab_keep {
	struct slab_kept *list;	/* by address */
	size_t count, capacity;
	struct error damage;	/* of kind ERROR_NONE, or what of it was lost */
};
/* Those of CACHE; free it with slab_keep_free(). */
void slab_keep_read(struct kernel *kernel, const struct slab_cache *cache, struct slab_keep *keep);
void slab_keep_free(struct slab_keep *keep);
/* The one at ADDRESS; NULL: nobody keeps it. */
const struct slab_kept *slab_keep_find(const struct slab_keep *keep, uint64_t address);

enum slab_state {
	SLAB_USED,	/* or not known to be free, where the freelist is damaged */
	SLAB_FREE,	/* on the slab's freelist */
	SLAB_KEPT,	/* see slab_keep_find() */
};
/*
 * STATES has room for slab->objects. False: the freelist is damaged, or disagrees with the slab's counter; what it says is in STATES
 * all the same.
 */
bool slab_states(struct kernel *kernel, const struct slab_cache *cache, const struct slab *slab, const struct slab_keep *keep,
		 uint8_t *states, struct error *error);

#endif
