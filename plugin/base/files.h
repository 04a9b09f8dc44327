/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files we make for gdb: where they are cached, and how they go away.
 */
#ifndef VMCORE_BASE_FILES_H
#define VMCORE_BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* ${XDG_CACHE_HOME:-$HOME/.cache}/gdb-vmcore/SUBDIRECTORY, made if need be (0700). */
bool files_cache_directory(const char *subdirectory, char *path, size_t size, struct error *error);
/* Makes PATH and what is above it, as far as they are not there (0700). */
bool files_make_directories(const char *path, struct error *error);
/* Removes a flat directory of ours and the files in it; follows no links, descends into nothing. */
void files_remove_directory(const char *path);
/*
 * Writes DATA under a temporary name beside PATH and renames it, so that a reader never sees half a
 * file.
 */
bool files_write_atomically(const char *path, const void *data, size_t size, struct error *error);

#endif
