/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * makedumpfile's "flattened" form (makedumpfile -F, QEMU's kdump-zlib/lzo/snappy): a dump of any
 * format, written to a pipe as a stream of (offset, size, bytes) records, because its writer cannot
 * seek.
 *
 *   0x0000  "makedumpfile", 16 bytes, then int64 type = 1, int64 version = 1; zeros up to 4096
 *   0x1000  int64 offset, int64 size, SIZE bytes; again and again; offset = size = -1 ends it
 *
 * All integers are big-endian, whatever the machine. A later record overrides an earlier one.
 * Opening reads the record headers only and keeps a sorted index of 24 bytes a record; a file that
 * ends early is open as far as it goes.
 */
#ifndef VMCORE_DUMP_FLATTENED_H
#define VMCORE_DUMP_FLATTENED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct dump_file;
struct flattened;

/*
 * If FILE is flattened: indexes it and fills in file->flattened, size and truncated. Otherwise does
 * nothing.
 */
bool flattened_open(struct dump_file *file, struct error *error);
void flattened_close(struct flattened *flattened);

/* How many bytes from OFFSET on were written as one record; 0 = none there. */
uint64_t flattened_record_rest(const struct dump_file *file, uint64_t offset);

/*
 * Reads up to SIZE logical bytes; returns how many there are, or -1 with errno. Bytes that no
 * record covers are zero in a complete file (that is what seeking over them makes). In a truncated one only those of a
 * gap of less than a block between two records are; what else is not covered is missing.
 */
int64_t flattened_read(const struct dump_file *file, uint64_t offset, void *buffer, size_t size);

#endif
