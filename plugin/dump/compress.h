/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The compressors of kdump pages. To add one: a function in compress.c and a row in its table; the
 * flag is makedumpfile's DUMP_DH_COMPRESSED_* (diskdump_mod.h), the same in the file's status and
 * in each page's flags.
 */
#ifndef VMCORE_DUMP_COMPRESS_H
#define VMCORE_DUMP_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * What a decompressor keeps between pages, so that a page does not cost an allocation. One thread
 * at a time.
 */
struct compress_scratch;

struct compress_scratch *compress_scratch_new(void);
void compress_scratch_free(struct compress_scratch *scratch);

/* The name of the compressor in FLAGS ("zlib"), "none" if there is none in it. */
const char *compress_name(uint32_t flags);
/* All flags that mean a compressor. */
uint32_t compress_flags(void);

/*
 * Decompresses IN_SIZE bytes into exactly OUT_SIZE bytes. Data that would be shorter or longer is
 * damaged. Never reads or writes outside the two buffers.
 */
bool decompress(struct compress_scratch *scratch, uint32_t flags, const void *in, size_t in_size,
		void *out, size_t out_size, struct error *error);

/*
 * Only the first OUT_SIZE bytes, for whoever scans many pages and looks at their start. May need no
 * more work than that. OUT has room for FULL_SIZE bytes, which is what the data expands to.
 */
bool decompress_start(struct compress_scratch *scratch, uint32_t flags, const void *in,
		      size_t in_size, void *out, size_t out_size, size_t full_size);

#endif
