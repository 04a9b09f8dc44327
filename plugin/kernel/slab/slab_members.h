/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of slab*.c only: where the structures of slab.h have what. */
#ifndef VMCORE_KERNEL_SLAB_MEMBERS_H
#define VMCORE_KERNEL_SLAB_MEMBERS_H

#include "kernel/slab/slab.h"

struct slab_members {
	/* struct kmem_cache */
	struct member list, name, size, object_size, offset, flags, order_objects, random, pad;
	bool has_random, has_pad;
	/* struct slab, or struct page */
	struct member cache, freelist, inuse, objects, frozen, link, next;
	bool has_frozen, has_next;
};

/* Resolved at the first call; NULL: this kernel's slabs are not understood. */
const struct slab_members *slab_members_get(struct kernel *kernel, struct error *error);

/* Each node that CACHE has something for: its kmem_cache_node and its barn, either may be 0. */
typedef bool slab_node_function(void *context, unsigned number, uint64_t node, uint64_t barn, struct error *error);
bool slab_nodes_for_each(struct kernel *kernel, const struct slab_cache *cache, slab_node_function *callback, void *context,
			 struct error *error);

#endif
