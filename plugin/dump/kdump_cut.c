// SPDX-License-Identifier: GPL-3.0-or-later
/* Is a compressed kdump's end missing? Its headers, bitmaps and descriptors stand in front, so that only the pages tell. */
#include "base/bytes.h"
#include "dump/file.h"
#include "dump/kdump_internal.h"

/* At the end of memory there is seldom more than that without a page in the dump. */
#define MAX_PAGES_BACK (1u << 22)
/* Zero pages share one, the first in the file: as many of the last descriptors may say nothing of the end. */
#define MAX_DESCRIPTORS_BACK (1u << 16)

static bool find_last_page(struct kdump_part *part, uint64_t *rank_ret)
{
	bool set = false;

	for (uint64_t back = 1; back <= part->end_pfn - part->start_pfn && back <= MAX_PAGES_BACK && !set; back++)
		if (!bitmap_test(part->file, part->bitmap2, part->end_pfn - back, &set, NULL) ||
		    (set && !rank_lookup(&part->rank, part->end_pfn - back, &set, rank_ret, NULL)))
			return false;
	return set;
}

bool kdump_is_cut(const struct dump *dump, struct kdump_part *part)
{
	uint64_t rank, first = 0;

	if (!find_last_page(part, &rank))
		return false;
	/* makedumpfile and QEMU write pages in order. */
	for (uint64_t i = 0; i <= rank && i < MAX_DESCRIPTORS_BACK; i++) {
		uint8_t data[KDUMP_DESCRIPTOR_SIZE];
		struct descriptor descriptor;

		if (!dump_file_read_cached(part->file, part->descriptors + (rank - i) * KDUMP_DESCRIPTOR_SIZE, data, sizeof(data),
					   NULL))
			return true;
		kdump_decode_descriptor(dump, data, &descriptor);
		/* Never written, too: the writer ran out of space, which is DUMP_INCOMPLETE. */
		if (kdump_check_descriptor(dump, &descriptor) != ERROR_NONE)
			return false;
		if (descriptor.offset > part->file->size || descriptor.size > part->file->size - descriptor.offset)
			return true;
		if (i && descriptor.offset != first)
			return false;
		first = descriptor.offset;
	}
	return false;
}
