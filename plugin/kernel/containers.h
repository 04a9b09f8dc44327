/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's containers, walked so that damage cannot hang or flood us: every walk is bounded,
 * detects cycles and says which address broke it. A callback returns false to stop early (which is
 * not an error, unless it filled in *error: then the walk fails with it).
 *
 * To add a container: a walker here with this contract, whose node addresses are checked with
 * visited_add or by the structure itself (a tree's depth), and a unit test with a cycle in it.
 */
#ifndef VMCORE_KERNEL_CONTAINERS_H
#define VMCORE_KERNEL_CONTAINERS_H

#include "kernel/kernel.h"

#define CONTAINER_MAX_ENTRIES (4u << 20)	/* PID_MAX_LIMIT is 4 Mi */

/* struct list_head: calls back with ENTRY = node - OFFSET for each node after HEAD. */
bool list_for_each(struct kernel *kernel, uint64_t head, uint64_t offset,
		   bool (*callback)(void *context, uint64_t entry, struct error *error),
		   void *context, struct error *error);
/* The same from the other end, along the links called `prev`. */
bool list_for_each_back(struct kernel *kernel, uint64_t head, uint64_t offset,
			bool (*callback)(void *context, uint64_t entry, struct error *error),
			void *context, struct error *error);
/* struct hlist_head: FIRST is the address of the head (its `first` is read). */
bool hlist_for_each(struct kernel *kernel, uint64_t head, uint64_t offset,
		    bool (*callback)(void *context, uint64_t entry, struct error *error),
		    void *context, struct error *error);
/* The same of struct hlist_nulls_head, whose end is an odd number; what comes after one of struct rhash_head, too. */
bool nulls_for_each(struct kernel *kernel, uint64_t head, uint64_t offset,
		    bool (*callback)(void *context, uint64_t entry, struct error *error),
		    void *context, struct error *error);
/* struct rb_root at ROOT (or rb_root_cached: it starts with one): in order, left to right. */
bool rbtree_for_each(struct kernel *kernel, uint64_t root, uint64_t offset,
		     bool (*callback)(void *context, uint64_t entry, struct error *error),
		     void *context, struct error *error);
/*
 * struct xarray, or struct radix_tree_root before 4.20, at ROOT: each entry that is a pointer, with its index. An idr's is its
 * idr_rt. What lies in nodes that cannot be read is lost, the rest is handed out; then false, with the first reason.
 */
bool xarray_for_each(struct kernel *kernel, uint64_t root,
		     bool (*callback)(void *context, uint64_t index, uint64_t entry, struct error *error),
		     void *context, struct error *error);
/* The same with the entries that are values (swap entries, say), as they are in the array. */
bool xarray_for_each_entry(struct kernel *kernel, uint64_t root,
			   bool (*callback)(void *context, uint64_t index, uint64_t entry, struct error *error),
			   void *context, struct error *error);

/*
 * struct maple_tree at TREE (maple.c): each entry with the range it stands for, in order. What lies in nodes that cannot be read is lost,
 * as with an xarray.
 */
bool maple_for_each(struct kernel *kernel, uint64_t tree,
		    bool (*callback)(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error), void *context,
		    struct error *error);

/* A set of addresses, for walks that must not visit anything twice. Zero-initialise it. */
struct visited {
	uint64_t *slots;	/* 0 = empty */
	size_t mask, count;
};

enum visited_result { VISITED_NEW, VISITED_BEFORE, VISITED_NO_MEMORY };
enum visited_result visited_add(struct visited *visited, uint64_t address);
bool visited_has(const struct visited *visited, uint64_t address);
void visited_free(struct visited *visited);

#endif
