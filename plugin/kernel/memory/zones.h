/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Zones: what /proc/zoneinfo says of each, read from struct zone itself.
 *
 * Counters include what CPUs had counted and not yet added, as memory_counters.h has it for all zones together.
 * To add a figure: an item here, and a line in zones.c's table, or a function there where it is no plain member.
 */
#ifndef VMCORE_KERNEL_ZONES_H
#define VMCORE_KERNEL_ZONES_H

#include "kernel/kernel.h"
#include "kernel/memory/memory_counters.h"

#define ZONES_MAX 16	/* of a node; the kernel has 6 at the most */

enum zone_figure {
	ZONE_FREE,	/* pages, as all that follow */
	ZONE_BOOST,
	ZONE_MIN, ZONE_LOW, ZONE_HIGH, ZONE_PROMO,	/* with the boost */
	ZONE_SPANNED, ZONE_PRESENT, ZONE_MANAGED, ZONE_CMA,
	ZONE_START_PFN,
	ZONE_RESERVED_HIGHATOMIC, ZONE_FREE_HIGHATOMIC,
	NR_ZONE_FIGURES
};

/* Of a CPU's own pages of the zone. */
enum zone_cpu_figure { ZONE_CPU_COUNT, ZONE_CPU_HIGH, ZONE_CPU_BATCH, ZONE_CPU_HIGH_MIN, ZONE_CPU_HIGH_MAX, ZONE_CPU_THRESHOLD,
	NR_ZONE_CPU_FIGURES };

struct zone {
	struct kernel *kernel;
	uint64_t address;	/* of the struct zone */
	uint64_t node_address;	/* of its pglist_data */
	uint32_t node, index;
	char name[16];		/* "DMA32" */
	/* bit per enum zone_figure: this kernel has it; it could be read */
	uint32_t has, known;
	uint64_t figures[NR_ZONE_FIGURES];
	int64_t protection[ZONES_MAX];	/* lowmem_reserve */
	size_t nr_protection;		/* 0 = not known */
	struct counter_kind counters, numa;	/* by enum zone_stat_item, numa_stat_item */
	struct error damage;		/* of kind ERROR_NONE, or the first that could not be read */
};

static inline bool zone_knows(const struct zone *zone, enum zone_figure figure)
{
	return zone->known >> figure & 1;
}

const char *zone_figure_name(enum zone_figure figure);

/*
 * Each zone of each node, also those without pages. The callback returns false to stop, with *error filled in if that is a failure.
 * A zone of which nothing can be read is an error, what is lost of one is its damage.
 */
bool zones_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct zone *zone, struct error *error), void *context,
		    struct error *error);
/* The names of its counters, in order; the NUMA events' too. */
bool zone_counters_for_each(const struct zone *zone, bool (*callback)(void *context, const char *name, int64_t value), void *context,
			    struct error *error);
/* A CPU's figures; bits of *known_ret are those that this kernel has and that could be read, of *has_ret those that it has. */
bool zone_cpu_figures(const struct zone *zone, unsigned cpu, int64_t figures[NR_ZONE_CPU_FIGURES], uint32_t *has_ret, uint32_t *known_ret,
		      struct error *error);
/* Where CPU has its lists of free pages of the zone: its struct per_cpu_pages. */
bool zone_cpu_pages(const struct zone *zone, unsigned cpu, uint64_t *address_ret, struct error *error);
/* A node's own counters, the first ones of /proc/zoneinfo. */
bool node_counters_for_each(struct kernel *kernel, uint64_t node, bool (*callback)(void *context, const char *name, int64_t value),
			    void *context, struct error *error);

#endif
