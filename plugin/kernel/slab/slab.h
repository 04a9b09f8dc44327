/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Caches of objects: the slab allocator (SLUB).
 *
 * slab_caches lists them. A slab is pages cut into objects; what describes it lies over its struct page: struct page itself, since
 * 5.17 (d122019bf061) struct slab. Free objects are chained through themselves, from the slab's freelist, and, where a CPU owns the
 * slab, from the CPU's own. Since 6.18 (2d517aa09bbc) CPUs and nodes also keep free objects in arrays, sheaves; a kernel may have
 * CPUs' slabs, sheaves or both, which is asked by the members that there are.
 *
 * All of it is hostile: lists are walked with containers.h, freelists are bounded by the slab and each pointer is checked.
 * To add a place where free objects are: a value of enum slab_place_kind, and a function that tells it to slab_places().
 */
#ifndef VMCORE_KERNEL_SLAB_H
#define VMCORE_KERNEL_SLAB_H

#include "kernel/kernel.h"

#define SLAB_NAME_SIZE 64
#define SLAB_MAX_OBJECTS 32767	/* 15 bits of struct slab */

struct slab_cache {
	uint64_t address;
	char name[SLAB_NAME_SIZE];	/* "" = cannot be read */
	uint64_t object_size;		/* that users see */
	uint64_t size;			/* from one object to the next */
	uint64_t offset;		/* of a free object's link */
	uint64_t pad;			/* before each object: left red zone */
	uint64_t flags;
	uint64_t random;		/* CONFIG_SLAB_FREELIST_HARDENED: links are coded */
	bool hardened;
	unsigned order, objects;	/* of a slab, as the cache makes them now */
};

typedef bool slab_cache_function(void *context, const struct slab_cache *cache, struct error *error);
/* Each cache, newest first. Where the list breaks: false, after the ones before. */
bool slab_caches_for_each(struct kernel *kernel, slab_cache_function *callback, void *context, struct error *error);
bool slab_cache_read(struct kernel *kernel, uint64_t address, struct slab_cache *cache_ret, struct error *error);

struct slab {
	uint64_t address;		/* of struct slab: the head's struct page */
	uint64_t base;			/* of its memory */
	uint64_t cache;
	uint64_t freelist;		/* 0 = none free on the slab's own list */
	unsigned objects, inuse;	/* inuse counts what a CPU's list or a sheaf has, too */
	bool frozen;			/* a CPU owns it */
};
/* The slab whose head's struct page is at ADDRESS, which is known to be one. */
bool slab_read(struct kernel *kernel, uint64_t address, struct slab *slab_ret, struct error *error);

/* The number of the object which ADDRESS lies in or before (its red zone); false: in none. */
bool slab_object(const struct slab_cache *cache, const struct slab *slab, uint64_t address, unsigned *index_ret);
/* Where object INDEX begins. */
uint64_t slab_object_address(const struct slab_cache *cache, const struct slab *slab, unsigned index);

/*
 * Goes through a freelist from FIRST on, which is of SLAB, and tells each object by its number. What is wrong with it (a pointer that
 * is out of the slab or between its objects, a cycle) is ERROR_CORRUPT, which says where; the objects before it have been told.
 */
bool slab_freelist(struct kernel *kernel, const struct slab_cache *cache, const struct slab *slab, uint64_t first,
		   void (*callback)(void *context, unsigned index), void *context, struct error *error);

enum slab_place_kind {
	SLAB_NODE_PARTIAL,	/* a node's list of slabs with free objects */
	SLAB_CPU_SLAB,		/* the one that a CPU allocates from: its slab's freelist and its own */
	SLAB_CPU_PARTIAL,	/* a CPU's list of further ones */
	SLAB_CPU_SHEAF,		/* main, spare, waiting for RCU */
	SLAB_NODE_SHEAF,	/* a node's barn */
};

/* A slab or a sheaf that has free objects. */
struct slab_place {
	enum slab_place_kind kind;
	unsigned number;	/* of the CPU or node */
	struct slab slab;	/* SLABs */
	uint64_t cpu_freelist;	/* SLAB_CPU_SLAB */
	uint64_t sheaf;		/* SHEAFs: its objects' addresses are at `array` */
	uint64_t array;
	unsigned free;		/* how many free objects it has; of a CPU's slab those of the slab's list only */
};
typedef bool slab_place_function(void *context, const struct slab_place *place, struct error *error);
/* Each place of CACHE that is not empty. Goes on after damage; then false with the first reason. */
bool slab_places(struct kernel *kernel, const struct slab_cache *cache, slab_place_function *callback, void *context,
		 struct error *error);

struct slab_counts {
	bool slabs_known;		/* the kernel counts them: not without CONFIG_SLUB_DEBUG */
	uint64_t slabs, objects;
	uint64_t free_listed;		/* objects on the slabs of nodes' partial lists: what /proc/slabinfo takes for free */
	uint64_t free_cpus, free_nodes;	/* free, too: in CPUs' slabs, partial lists and sheaves; in nodes' barns */
	struct error damage;		/* of kind ERROR_NONE, or what is missing in it */
};
void slab_cache_count(struct kernel *kernel, const struct slab_cache *cache, struct slab_counts *counts);

#endif
