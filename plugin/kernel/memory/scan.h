/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking through memory for values and strings, at the speed at which the dump can be
 * decompressed: all of it goes past the page cache, and every processor of this machine takes part.
 *
 * First make a list of runs (what to look through, under which addresses), then scan it. Hits come
 * in the order of the runs.
 */
#ifndef VMCORE_KERNEL_SCAN_H
#define VMCORE_KERNEL_SCAN_H

#include "kernel/kernel.h"

/* Whole pages of the machine, or of the dump, that are contiguous both in the addresses that the person sees and physically. */
struct scan_run {
	uint64_t address, physical, size;
	uint32_t owner;			/* the caller's number: which task's stack it is */
};

struct scan_runs {
	struct scan_run *runs;
	size_t count, capacity;
};

/*
 * Physical memory [START, LAST], as far as the dump describes it. The runs' addresses are physical.
 */
bool scan_add_physical(struct kernel *kernel, uint64_t start, uint64_t last, struct scan_runs *runs,
		       struct error *error);
/*
 * Whatever the page tables at ROOT (0: the kernel's) map in [START, LAST]. Windows of the kernel
 * that show the same few pages over and over (x86's espfix area) are left soon.
 */
bool scan_add_virtual(struct kernel *kernel, uint64_t root, uint64_t start, uint64_t last,
		      uint32_t owner, struct scan_runs *runs, struct error *error);
void scan_runs_free(struct scan_runs *runs);

struct scan_pattern {
	const char *text;		/* a string; NULL: a number */
	/* of either, bytes; numbers: 2, 4 or 8, aligned so in memory */
	size_t size;
	uint64_t value, ignore;		/* bits set in IGNORE may be anything */
};

#define SCAN_MAX_TEXT 4096

struct scan_hit {
	uint64_t address;
	uint64_t value;			/* of a number: what stands there */
	uint32_t pattern;		/* index */
	uint32_t owner;			/* its run's */
};

struct scan_request {
	const struct scan_runs *runs;
	const struct scan_pattern *patterns;	/* texts, or numbers of one size, not both */
	size_t nr_patterns;
	uint64_t start, last;		/* hits lie in here, with all their bytes */
	bool (*hit)(void *context, const struct scan_hit *hit);	/* false = enough */
	void *context;
	/*
	 * Asked every now and then: should this be given up (ERROR_INTERRUPTED)? NULL: the kernel's
	 * caller is, for Ctrl-C, and shown a bar.
	 */
	bool (*interrupted)(void *context);
	/* Nothing behind the first page that is missing counts: hits end there, and the search. */
	bool whole;
	bool first;	/* one hit is enough: nothing behind it need be looked at */
};

struct scan_totals {
	uint64_t pages_searched;
	uint64_t pages_missing;		/* excluded from the dump or lost with its end */
	uint64_t first_missing;		/* of WHOLE: the address; UINT64_MAX = none */
	unsigned threads;
};

/* TOTALS is filled in also after a failure or when the callback had enough, as far as it got. */
bool scan(struct kernel *kernel, const struct scan_request *request, struct scan_totals *totals,
	  struct error *error);

#endif
