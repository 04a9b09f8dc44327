/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ELF files whose debug sections are compressed in ways that not every libelf and gdb can read: by zstd (ELFCOMPRESS_ZSTD,
 * which elfutils reads from 0.189 on), or in the old form with another name (.zdebug_info). zlib's usual form
 * (ELFCOMPRESS_ZLIB) all can read.
 */
#ifndef VMCORE_SYMBOLS_INFLATE_H
#define VMCORE_SYMBOLS_INFLATE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/patience.h"

/* Does the ELF file PATH have such sections? False also if it cannot be read. */
bool inflate_needed(const char *path);
/*
 * Writes PATH with these sections as they were to INFLATED. What else is in the file stays where it is, the sections
 * come behind it.
 */
bool inflate_file(const char *path, const char *inflated, const struct patience *patience,
		  struct error *error);

#endif
