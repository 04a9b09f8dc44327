/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass over a compressed file, piece by piece: what all compressors' streams share. packed.h says how they are used.
 */
#ifndef VMCORE_DUMP_STREAM_H
#define VMCORE_DUMP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/patience.h"

#define UNPACKING_PIECE (1u << 20)

struct packer;

struct unpacking {
	const char *path; /* for messages */
	int in;
	const struct patience *patience; /* NULL: nobody waits */
	/* Takes what was unpacked; false stops it all. */
	bool (*sink)(struct unpacking *unpacking, const uint8_t *data, size_t size, struct error *error);
	void *context;	/* the sink's */

	/* The stream's own. */
	uint64_t in_size, in_done, out_done;
	uint8_t *input, *output; /* UNPACKING_PIECE bytes each */
};

/* Runs PACKER over the file; path, in, patience and sink are set. */
bool unpacking_run(struct unpacking *unpacking, const struct packer *packer, struct error *error);

/* For packers: the next piece of the file into `input`; *size_ret 0 at its end. */
bool unpacking_take(struct unpacking *unpacking, size_t *size_ret, struct error *error);
/* For packers: SIZE bytes in `output` are unpacked. */
bool unpacking_put(struct unpacking *unpacking, size_t size, struct error *error);
/* For packers: how many bytes of memory a stream may ask for, which its first bytes say, true or not: less in a small file. */
uint64_t unpacking_memory(const struct unpacking *unpacking);
/* For packers: what is wrong with the file; both return false. */
bool unpacking_damaged(const struct unpacking *unpacking, const char *why, struct error *error);
bool unpacking_ends_early(const struct unpacking *unpacking, struct error *error);

/* A sink: writes into the file whose descriptor CONTEXT points to. */
bool unpacking_write(struct unpacking *unpacking, const uint8_t *data, size_t size, struct error *error);

#endif
