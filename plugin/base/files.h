/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files we write: for gdb, where they are cached and how they go away; and where a person names
 * them.
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
/*
 * A private directory PARENT/PREFIXxxxxxx for files that live as long as this process: its name in PATH, and a lock on
 * it, *lock_ret, which goes when the process does; to be closed once it is removed. Before that those are removed whose
 * owners are gone.
 */
bool files_make_temporary(const char *parent, const char *prefix, char *path, size_t size,
			  int *lock_ret, struct error *error);
/* Removes a flat directory of ours and the files in it; follows no links, descends into nothing. */
void files_remove_directory(const char *path);
/*
 * Writes DATA under a temporary name beside PATH and renames it, so that a reader never sees half a
 * file.
 */
bool files_write_atomically(const char *path, const void *data, size_t size, struct error *error);

/* Of a PATH that a person typed "~/" is the home directory, here and in the next two; malloc'ed, NULL = no memory. */
char *files_expand_home(const char *path);

/* Can it be written? To be asked before the work. */
bool files_check_named(const char *path, struct error *error);
/* Writes it whole or not at all; a device or a pipe just gets the bytes. */
bool files_write_named(const char *path, const void *data, size_t size, struct error *error);

#endif
