/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding numbers and strings in one piece of memory without gaps; kernel/memory/scan.h brings the memory.
 * Almost all of memory is not what is looked for, so whole lines are passed by in a few vector
 * operations each, and only a line that holds something is looked at closely.
 */
#ifndef VMCORE_KERNEL_MATCH_H
#define VMCORE_KERNEL_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan_pattern; /* kernel/memory/scan.h */

#define MATCH_MAX_NUMBERS 64

struct matcher {
	const struct scan_pattern *patterns;
	size_t nr_patterns;
	bool swap;    /* memory is in the other byte order */
	bool vectors; /* this processor has AVX2 */
	/* numbers as they look when memory is loaded, repeated to fill 64 bits; of PATTERNS */
	uint64_t value[MATCH_MAX_NUMBERS], keep[MATCH_MAX_NUMBERS];
};

/* PATTERNS are texts, or numbers of one size; of numbers at most MATCH_MAX_NUMBERS are used. */
void match_prepare(struct matcher *matcher, const struct scan_pattern *patterns, size_t nr_patterns,
		   bool big_endian);

/* A hit at DATA + AT; VALUE of a number is what stands there. False = no more of them. */
typedef bool match_function(void *context, size_t at, uint32_t pattern, uint64_t value);

/*
 * Hits that begin in the first STARTS bytes of DATA[SIZE], each with all its bytes in there.
 * Numbers ascend by address, each place once; of several texts only each one's own hits do.
 */
void match_find(const struct matcher *matcher, const uint8_t *data, size_t size, size_t starts,
		match_function *found, void *context);

#endif
