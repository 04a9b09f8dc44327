/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What kdump.c (one page at a time) and kdump_scan.c (many) share. */
#ifndef VMCORE_DUMP_KDUMP_INTERNAL_H
#define VMCORE_DUMP_KDUMP_INTERNAL_H

#include <pthread.h>

#include "dump/compress.h"
#include "dump/dump.h"
#include "dump/kdump_header.h"
#include "dump/rank.h"

#define KDUMP_DESCRIPTOR_SIZE 24

struct kdump_part {
	struct dump_file *file;
	struct kdump_header header;
	uint64_t start_pfn, end_pfn;
	uint64_t bitmap1, bitmap2; /* file offsets */
	uint64_t descriptors;
	struct rank_index rank; /* over bitmap2 */
};

struct descriptor {
	uint64_t offset;
	uint32_t size, flags;
};

/* What one thread needs to read pages. */
struct scratch {
	struct scratch *next;
	struct compress_scratch *compress;
	uint8_t *buffer; /* max_compressed bytes */
	/* of kdump_scan.c: a piece of a file, and the last page that many descriptors point to */
	uint8_t *stage; /* NULL until needed */
	uint8_t *shared_page;
	const struct kdump_part *shared_part; /* NULL = nothing in shared_page yet */
	struct descriptor shared;
};

struct kdump {
	struct kdump_part *parts; /* sorted by start_pfn */
	size_t nr_parts;
	size_t max_compressed; /* bytes a page may have in the file: two pages */
	struct scratch *free;  /* not in use now */
	pthread_mutex_t lock;  /* of free */
};

/* The part that has PFN; NULL if none does. */
struct kdump_part *kdump_find_part(const struct kdump *kdump, uint64_t pfn);
void kdump_decode_descriptor(const struct dump *dump, const uint8_t *data,
			     struct descriptor *descriptor);
/* ERROR_TRUNCATED: never written; ERROR_FORMAT: damaged. */
enum error_kind kdump_check_descriptor(const struct dump *dump,
				       const struct descriptor *descriptor);
/* NULL without memory. */
struct scratch *kdump_take_scratch(struct kdump *kdump);
void kdump_give_scratch(struct kdump *kdump, struct scratch *scratch);

/* Are pages of PART beyond the end of its file? In kdump_cut.c. */
bool kdump_is_cut(const struct dump *dump, struct kdump_part *part);

/* struct dump_format's, in kdump_scan.c. */
void kdump_read_pages(struct dump *dump, uint64_t pfn, size_t nr, void *buffer, uint8_t *kinds);
void kdump_find_pages(struct dump *dump, uint64_t pfn, size_t nr, struct dump_place *places,
		      uint8_t *kinds);

#endif
