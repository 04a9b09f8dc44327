/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages: the frame's number (pfn), its struct page, its address in the direct map, and what its struct page says.
 *
 * Where the struct pages are is one list of runs, whatever memory model the kernel was built for: the present sections of SPARSEMEM
 * (with and without a vmemmap), the nodes' arrays of FLATMEM. No machine is known here: section sizes are VMCOREINFO's, or follow from
 * the highest section, and the direct map's place follows from objects that are in it.
 *
 * struct page is read whole and then decoded, so that loops over all of them read large pieces: pages_read(), page_decode().
 * To add a member: a line in struct page_info, in struct page_members (page.c) and in page_decode(); what a kernel does not have is
 * not known, never 0.
 */
#ifndef VMCORE_KERNEL_PAGE_H
#define VMCORE_KERNEL_PAGE_H

#include "kernel/kernel.h"

struct buffer;

#define PAGE_MAX_SIZE 256	/* of struct page; bigger ones are refused */
#define PAGE_MAX_ORDER 30

/* A piece of the page array: COUNT struct pages at ADDRESS, of the frames from PFN on. */
struct page_run {
	uint64_t pfn, count, address;
};

struct page_map {
	struct page_run *runs;		/* by pfn, not overlapping */
	size_t nr_runs, capacity;
	uint64_t page_size;		/* bytes of a frame */
	uint64_t struct_size;		/* bytes of struct page */
	uint64_t section_pages;		/* of SPARSEMEM, pages; 0 = there are no sections */
	uint64_t direct;		/* virtual minus physical address of the direct map, modulo 2^64 */
	bool direct_known;
	struct error damage;		/* of kind ERROR_NONE, or which of it is missing, and why */
};

/* Read at the first call. */
bool page_map_get(struct kernel *kernel, const struct page_map **map_ret, struct error *error);

/* A section of SPARSEMEM that is present: struct mem_section. */
struct section {
	uint64_t number, address, pfn;
	uint64_t encoded;		/* section_mem_map as it is */
	uint64_t map;			/* the struct page of its first frame */
	bool has_map;
};
typedef bool section_function(void *context, const struct section *section, struct error *error);

/* Each section; none where the kernel has no sections. *damage: of kind ERROR_NONE, or what of them was lost. */
bool sections_for_each(struct kernel *kernel, section_function *callback, void *context, struct error *damage, struct error *error);

/* pfn -> address of its struct page, and back. ERROR_NOT_MAPPED: there is none. */
bool page_of_pfn(struct kernel *kernel, uint64_t pfn, uint64_t *page_ret, struct error *error);
bool page_to_pfn(struct kernel *kernel, uint64_t page, uint64_t *pfn_ret, struct error *error);
/* The kernel address at which a physical one is mapped for good; ERROR_NOT_MAPPED: nowhere (highmem, or taken out). */
bool page_direct_address(struct kernel *kernel, uint64_t physical, uint64_t *address_ret, struct error *error);
/* Is ADDRESS in the direct map? Then where in physical memory that is; by the page tables, not by calculation. */
bool page_in_direct_map(struct kernel *kernel, uint64_t address, uint64_t *physical_ret);
/* The struct page of what the kernel has at ADDRESS, in the direct map or elsewhere. */
bool page_of_address(struct kernel *kernel, uint64_t address, uint64_t *page_ret, struct error *error);

enum page_fact {
	PAGE_FLAGS, PAGE_HEAD, PAGE_REFCOUNT, PAGE_TYPE, PAGE_MAPPING, PAGE_INDEX, PAGE_PRIVATE, PAGE_LRU, PAGE_ZONE, PAGE_NODE,
};

struct page_info {
	uint64_t address, pfn;
	uint32_t known;			/* bit per enum page_fact */
	uint64_t flags;
	uint64_t head;			/* of the compound page: struct page; its own address if it is no tail */
	bool tail;
	int32_t refcount;
	/* What the union with _mapcount has: the page's type, or how often it is mapped, less one. */
	uint32_t type;
	bool typed;			/* it is a type */
	uint64_t mapping, index, private;
	uint64_t next, prev;		/* links of its list: lru, buddy_list, pcp_list are one place */
	uint32_t zone, node;		/* by its flags */
};

static inline bool page_knows(const struct page_info *page, enum page_fact fact)
{
	return page->known >> fact & 1;
}

/* The struct page at ADDRESS. */
bool page_read(struct kernel *kernel, uint64_t address, struct page_info *page_ret, struct error *error);
/*
 * COUNT struct pages of frames PFN on into BUFFER, which has room for so many of map->struct_size. All or nothing; a run that ends
 * before is ERROR_NOT_MAPPED.
 */
bool pages_read(struct kernel *kernel, uint64_t pfn, uint64_t count, void *buffer, struct error *error);
/* What of a walk is not there: how many struct pages, and why the first of them. */
struct pages_missing {
	uint64_t count;
	struct error why;
};
typedef bool pages_function(void *context, uint64_t pfn, uint64_t address, const void *copy, struct error *error);
/*
 * Calls back with a copy of each struct page of the frames [START, END) that have one, read in large pieces, with a bar that says WHAT. What
 * cannot be read is passed over, as little of it as can be. A callback that returns false stops, with *error filled in if that is a failure.
 * *any_ret: there was one at all. False: *error, or stopped.
 */
bool pages_for_each(struct kernel *kernel, uint64_t start, uint64_t end, const char *what, pages_function *callback, void *context,
		    struct pages_missing *missing, bool *any_ret, struct error *error);
/* The run that ADDRESS, of a struct page or in the middle of one, is in; NULL = none. */
const struct page_run *page_run_at(const struct page_map *map, uint64_t address);
/* COPY is the struct page of frame PFN at ADDRESS. False: this kernel's struct page is not understood at all. */
bool page_decode(struct kernel *kernel, uint64_t pfn, uint64_t address, const void *copy, struct page_info *page_ret,
		 struct error *error);

/* The order of a compound page by its head: 0 for one that is none. */
bool page_compound_order(struct kernel *kernel, const struct page_info *head, unsigned *order_ret, struct error *error);
/* How often it is mapped; false: not known, or it has no such count. Of a large folio its own count, not that of one page. */
bool page_mapcount(struct kernel *kernel, const struct page_info *page, int64_t *count_ret);

/* Is flag NAME ("slab", "lru": enum pageflags without PG_) set? False also where this kernel has none of this name. */
bool page_has_flag(struct kernel *kernel, const struct page_info *page, const char *name);
/* "slab", "buddy", "table": what the page's type says, or NULL: it has none. A head's or a single page's. */
const char *page_type_name(struct kernel *kernel, const struct page_info *page);
/* A free page of the buddy allocator; page->private is its order. */
bool page_is_buddy(struct kernel *kernel, const struct page_info *page);
/* A page of a slab (a head, or a tail if HEAD is its head). */
bool page_is_slab(struct kernel *kernel, const struct page_info *head);
/* Fills in zone and node by PAGE's flags, as far as they say it. */
void page_place(struct kernel *kernel, struct page_info *page);
/* Appends the flags' names, "locked|lru"; bits without one as 0x... */
void page_flags_text(struct kernel *kernel, uint64_t flags, struct buffer *text);
/* Each flag by bit; the callback returns false to stop. */
bool page_flags_for_each(struct kernel *kernel, bool (*callback)(void *context, unsigned bit, const char *name), void *context,
			 struct error *error);

#endif
