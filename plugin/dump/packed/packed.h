/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dumps that somebody compressed as files: vmcore.gz, .xz, .zst, .lz4, .bz2, whatever is in them, a flattened stream
 * too. They are told by their first bytes, never by their names.
 *
 * Where a file says itself where its pieces are (zstd's seekable format, bgzf) it is read at random as it is (blocks.h).
 * Everything else is unpacked once into a directory, under a name made of the file's path, size and time, and found there
 * the next time. What a damaged or cut file still gives is kept, and marked as cut.
 *
 * To add a compressor: packed/NAME.c with one `const struct packer`, declare it below, put it into the table in packed.c.
 */
#ifndef VMCORE_DUMP_PACKED_H
#define VMCORE_DUMP_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/patience.h"

struct blocks;	  /* blocks.h */
struct unpacking; /* stream.h */

struct packer {
	const char *name;   /* "gzip" */
	const char *suffix; /* ".gz": what is taken off a name */
	size_t magic_size;
	const char *magic;
	/*
	 * Unpacks all of a stream (stream.h). ERROR_TRUNCATED: it ends early, ERROR_FORMAT: it is damaged; what came before
	 * that was put.
	 */
	bool (*unpack)(struct unpacking *unpacking, struct error *error);
	/*
	 * Optional: fills in where the blocks are, with blocks_add(). False: it has no seek table, or none that makes sense;
	 * it is then unpacked like any other. Only Ctrl-C sets *error.
	 */
	bool (*index)(struct blocks *blocks, const struct patience *patience, struct error *error);
	/* Where there is index: one block, all of it. From any thread. */
	bool (*unpack_block)(const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size);
};

extern const struct packer packer_gzip;
extern const struct packer packer_xz;
extern const struct packer packer_zstd;
extern const struct packer packer_lz4;
extern const struct packer packer_bzip2;

/* The compressor of an open file by its first bytes; NULL if it is not compressed. */
const struct packer *packed_recognize(int fd);
/* The same by the name's suffix, for files that are no dumps. */
const struct packer *packed_by_suffix(const char *path);

/* The first SIZE bytes of what is in it, as far as there are; for finding out what it is. */
size_t packed_head(const struct packer *packer, int fd, void *buffer, size_t size);

/* Where unpacked files go from now on: NULL or "" = our cache. For the whole process. */
bool packed_set_directory(const char *directory);

/* A dump that was unpacked. */
struct unpacked {
	char *path;
	int fd;
	bool cut;	/* the file ended early or was damaged: this is what came before */
	bool fresh;	/* unpacked by this very call */
};

/* Unpacks PATH, open as FD, unless that was done before. The caller closes the fd and frees the path. */
bool packed_unpack(const struct packer *packer, const char *path, int fd, const struct patience *patience,
		   struct unpacked *unpacked, struct error *error);

#endif
