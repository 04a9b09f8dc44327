/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of one file of a dump, at logical offsets: a plain file as it is, a flattened one
 * (flattened.h) as if it had been put in order. Formats never see the difference.
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

struct flattened;
struct page_cache;

struct dump_file {
	char *path;
	int fd;
	uint64_t raw_size;	     /* bytes on disk */
	uint64_t size;		     /* logical bytes; the same unless flattened */
	struct flattened *flattened; /* NULL for a plain file */
	bool truncated;		     /* flattened, and the end mark is missing */
	struct page_cache *blocks;   /* for dump_file_read_cached; NULL until asked for */
	void *map;		     /* for dump_file_map: NULL until asked for, then all of the
					file, or MAP_FAILED */
};

bool dump_file_open(const char *path, struct dump_file **file_ret, struct error *error);
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
