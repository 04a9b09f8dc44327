/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lists of free pages: the buddy allocator's, by zone, order and migrate type, and the CPUs' own.
 *
 * Each link is held against the one back, so that a walk cannot run in circles. Where one is broken the list is walked from its other
 * end, too: what lies between the two breaks is lost, and where they are is said.
 */
#ifndef VMCORE_KERNEL_FREE_LISTS_H
#define VMCORE_KERNEL_FREE_LISTS_H

#include "kernel/memory/page.h"
#include "kernel/memory/zones.h"

#define FREE_MAX_ORDERS 32
#define FREE_MAX_TYPES 16
#define FREE_MAX_CPU_LISTS 64

struct free_layout {
	struct kernel *kernel;
	size_t nr_orders, nr_types;
	const char *types[FREE_MAX_TYPES];	/* "movable", by number; NULL = no name */
	struct member area, count, list;	/* zone.free_area, free_area.nr_free and .free_list */
	struct member cpu_count, cpu_lists;	/* per_cpu_pages.count and .lists */
	size_t nr_cpu_types;			/* of an order, in cpu_lists */
	uint64_t link;				/* offset of the links in struct page */
};

bool free_layout_get(struct kernel *kernel, struct free_layout *layout, struct error *error);

struct free_list {
	uint64_t head;			/* of its list_head */
	unsigned order;
	unsigned type;			/* migrate type */
	int cpu;			/* whose it is; -1 = the zone's */
	/* what free_list_walk() found */
	uint64_t blocks;		/* pages of that order */
	uint64_t from_behind;		/* of these, those that only a walk from its end found */
	uint64_t odd;			/* of these, those that are not marked as free pages of this order */
	uint64_t first_odd;		/* struct page */
	struct error damage;		/* of kind ERROR_NONE, or where it breaks off */
};

/* nr_free of a zone's ORDER. */
bool free_count(const struct free_layout *layout, const struct zone *zone, unsigned order, uint64_t *count_ret, struct error *error);
/* The list of a zone's ORDER and TYPE. */
struct free_list free_list_of_zone(const struct free_layout *layout, const struct zone *zone, unsigned order, unsigned type);
/*
 * What CPU has: how many pages it says, and its lists (at most FREE_MAX_CPU_LISTS). The order of a list behind those of small orders is
 * that of a huge page, which the walk of it and the CPU's count tell: free_list_huge_order().
 */
bool free_lists_of_cpu(const struct free_layout *layout, const struct zone *zone, unsigned cpu, int64_t *count_ret, struct free_list *lists,
		       size_t *nr_ret, struct error *error);
/* Of LISTS that were walked: the order that makes up COUNT, or the usual. */
unsigned free_list_huge_order(const struct free_layout *layout, const struct free_list *lists, size_t count, int64_t pages);
/* Is this list one of huge pages, whose order is not known by its place? */
bool free_list_is_huge(const struct free_layout *layout, size_t index);

/*
 * Walks LIST and fills in what it found. The callback (may be NULL) gets each page, those of a walk from behind in that order; false =
 * enough. Only Ctrl-C and that (no error then) make it fail.
 */
bool free_list_walk(const struct free_layout *layout, struct free_list *list,
		    bool (*callback)(void *context, const struct free_list *list, const struct page_info *page), void *context,
		    struct error *error);

#endif
