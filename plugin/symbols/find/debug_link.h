/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The debug information of a vmlinux that has been stripped: in the file of its build-id, or in the one that its
 * .gnu_debuglink names. gdb looks in the same places.
 *
 * To add a place: a row in the tables in debug_link.c.
 */
#ifndef VMCORE_SYMBOLS_DEBUG_LINK_H
#define VMCORE_SYMBOLS_DEBUG_LINK_H

#include <stdbool.h>

#include "base/buffer.h"

/* Has the ELF file PATH debug information? Also one that cannot be read has: it is not asked further. */
bool debug_link_has_debug(const char *path);
/*
 * The debug file of PATH, malloc'ed; NULL if none is found. PATHS: the person's directories, ':' between; may be NULL.
 * TRIED gets a line for each file that was there but is not the one, and why.
 */
char *debug_link_find(const char *path, const char *paths, struct buffer *tried);

#endif
