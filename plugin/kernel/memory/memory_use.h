/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the machine's memory was used for: /proc/meminfo of the moment of death.
 *
 * Rows have /proc/meminfo's names and are counted as fs/proc/meminfo.c counts them, with one
 * difference: what CPUs have counted but not yet added to the global counters is added here. The
 * kernel itself leaves that out until its next vmstat_update(), up to a second later; on a machine
 * that has stopped, there is no next one.
 *
 * Counters are looked for by the names of their enumerators (they moved between zones and nodes,
 * and came and went), never by version. A row that cannot be known is marked so, with the rest
 * good.
 *
 * To add a row: an item here, and a line in one of memory_use.c's tables, or a function there where
 * it is no counter.
 */
#ifndef VMCORE_KERNEL_MEMORY_USE_H
#define VMCORE_KERNEL_MEMORY_USE_H

#include "kernel/kernel.h"

enum memory_item {
	MEMORY_TOTAL,
	MEMORY_FREE,
	MEMORY_AVAILABLE,
	MEMORY_BUFFERS,
	MEMORY_CACHED,
	MEMORY_SWAP_CACHED,
	MEMORY_ANONYMOUS,
	MEMORY_MAPPED,
	MEMORY_SHARED,
	MEMORY_SLAB_RECLAIMABLE,
	MEMORY_SLAB_UNRECLAIMABLE,
	MEMORY_KERNEL_STACK,
	MEMORY_PAGE_TABLES,
	MEMORY_SECONDARY_PAGE_TABLES,
	MEMORY_PER_CPU,
	MEMORY_VMALLOC,
	MEMORY_HUGETLB,
	MEMORY_DIRTY,
	MEMORY_WRITEBACK,
	MEMORY_UNEVICTABLE,
	MEMORY_LOCKED,
	MEMORY_SWAP_TOTAL,
	MEMORY_SWAP_FREE,
	NR_MEMORY_ITEMS
};

/* The same memory cut into parts that do not overlap: what a picture of it shows. */
enum memory_part {
	PART_ANONYMOUS,
	PART_SHARED,
	PART_FILES, /* page cache without shared memory */
	PART_BUFFERS,
	PART_HUGETLB,
	PART_SLAB_RECLAIMABLE,
	PART_SLAB_UNRECLAIMABLE,
	PART_KERNEL_STACK,
	PART_PAGE_TABLES,
	PART_VMALLOC, /* without kernel stacks, where those are in it */
	PART_PER_CPU,
	PART_OTHER, /* in use, but nobody counts it: pages of drivers, per-CPU free lists, what old kernels did not count yet */
	PART_FREE,
	NR_MEMORY_PARTS
};

struct memory_use {
	struct {
		bool known;
		bool absent; /* not known because this kernel has no such counter */
		uint64_t bytes;
	} items[NR_MEMORY_ITEMS];
	uint64_t parts[NR_MEMORY_PARTS]; /* bytes; together they are MemTotal */
	bool parts_known;
	bool part_lost[NR_MEMORY_PARTS]; /* a counter that it is made of could not be read: the number means nothing */
	/* "" or what could not be read, and why: the first of it */
	char damage[512];
};

/* Is PART counted at all? What is not is in PART_OTHER. */
bool memory_part_counted(const struct memory_use *use, enum memory_part part);
/* "MemTotal"; "Shared memory and tmpfs". */
const char *memory_item_name(enum memory_item item);
const char *memory_part_name(enum memory_part part);
/* A word for machines: "slab_unreclaimable". */
const char *memory_part_key(enum memory_part part);

/* RAM as the kernel counts it (MemTotal), bytes. ERROR_CORRUPT: more than any machine has. */
bool memory_total(struct kernel *kernel, uint64_t *bytes_ret, struct error *error);
/* Fails only if nothing at all is known (no MemTotal), or at Ctrl-C. */
bool memory_use(struct kernel *kernel, struct memory_use *use, struct error *error);

#endif
