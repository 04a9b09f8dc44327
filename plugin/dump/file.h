/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of one file of a dump, at logical offsets: a plain file as it is, a flattened one
 * (flattened.h) as if it had been put in order, a compressed one (packed/packed.h) as if it had been unpacked. Formats
 * never see the difference.
 *
 * Everything goes through pread, not mmap: a file that gets shorter while it is open then is an
 * error message and not a SIGBUS in the middle of gdb. Only dump_file_map() maps, for searches,
 * which are prepared for that. Reading is thread-safe.
 */
#ifndef VMCORE_DUMP_FILE_H
#define VMCORE_DUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/patience.h"

struct blocks;
struct flattened;
struct packer;
struct page_cache;

struct dump_file {
	char *path;
	int fd;
	uint64_t raw_size;	     /* bytes on disk, or of what a compressed file unpacks to */
	uint64_t size;		     /* logical bytes; the same unless flattened */
	const struct packer *packer; /* NULL: not compressed. If it is, one of these three is there: */
	uint8_t *head;		     /* its first bytes, which are all that can be read until dump_file_unpack */
	struct blocks *packed;	     /* it is read at random as it is */
	char *unpacked_path;	     /* what it was unpacked to, which is what fd reads */
	uint64_t packed_size;	     /* bytes of the compressed file */
	bool unpacked_now;	     /* and not before */
	struct flattened *flattened; /* NULL for a plain file */
	bool truncated;		     /* flattened, and the end mark is missing; or compressed, and it ends early */
	struct page_cache *blocks;   /* for dump_file_read_cached; NULL until asked for */
	void *map;		     /* for dump_file_map: NULL until asked for, then all of the
					file, or MAP_FAILED */
};

/* Of a compressed file only the start can be read then: enough to see what it is. */
bool dump_file_open(const char *path, struct dump_file **file_ret, struct error *error);
/* Makes all of a compressed file readable; does nothing to others. This can take minutes: PATIENCE, or NULL. */
bool dump_file_unpack(struct dump_file *file, const struct patience *patience, struct error *error);
void dump_file_close(struct dump_file *file);

/*
 * Reads SIZE logical bytes, all or nothing. ERROR_TRUNCATED names the file and where it ends,
 * ERROR_IO is the system's own error.
 */
bool dump_file_read(const struct dump_file *file, uint64_t offset, void *buffer, size_t size,
		    struct error *error);

/* Lets FILE keep up to BYTES of what dump_file_read_cached reads. Without it that only reads. */
void dump_file_set_cache(struct dump_file *file, size_t bytes);
/*
 * The same as dump_file_read, for small pieces of tables (bitmaps, descriptors) that are read again
 * and again.
 */
bool dump_file_read_cached(const struct dump_file *file, uint64_t offset, void *buffer, size_t size,
			   struct error *error);

/* As many bytes as there are from OFFSET, at most SIZE; 0 at the end and on errors. */
size_t dump_file_read_some(const struct dump_file *file, uint64_t offset, void *buffer,
			   size_t size);

/*
 * SIZE bytes of the file in memory, read only while it is open, and touched only within
 * guard_run(): the file may get shorter. NULL where that cannot be had (flattened, no regular
 * file), and for files so large that having them mapped would crowd this machine's page cache.
 */
const void *dump_file_map(struct dump_file *file, uint64_t offset, uint64_t size);

/*
 * Where, from OFFSET on, the file may have bytes other than zeros: it may be sparse. OFFSET itself
 * where that is not known, the file's size at its end.
 */
uint64_t dump_file_next_data(const struct dump_file *file, uint64_t offset);

/*
 * dump_file_read_some from the bytes on disk, below the flattened layer. Returns -1 and errno on an
 * I/O error.
 */
int64_t dump_file_read_raw(const struct dump_file *file, uint64_t offset, void *buffer,
			   size_t size);

#endif
