/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where an address is in the source, by the DWARF of vmlinux or of a module's .ko: the function,
 * the functions that the compiler inlined there, and for each of them file and line.
 *
 * Addresses are the file's own: of vmlinux as it was linked; of a .ko, which is not linked, as
 * source_map_section() says. Only the units that are asked for are read, and kept.
 *
 * The rules are gdb's, so that both say the same: which of several rows of the line table counts
 * (source_line.h), and how files are named. But Rust's functions have no path before their name,
 * and those that stand inside of a namespace have neither name nor inlined functions, only a line.
 */
#ifndef VMCORE_SYMBOLS_SOURCE_MAP_H
#define VMCORE_SYMBOLS_SOURCE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Of 12,000 addresses in 5.10's vmlinux the deepest has 12. */
#define SOURCE_MAX_FRAMES 32

/* Strings are the map's. */
struct source_frame {
	const char *function; /* NULL = not known: assembly */
	const char *file;     /* NULL = not known */
	unsigned line;	      /* 0 = not known */
};

/* "kernel/fork.c:123"; false if it is not known. */
bool source_frame_place(const struct source_frame *frame, char *buffer, size_t size);

struct source_map;

/* ERROR_NO_SYMBOL: the file has no DWARF. */
bool source_map_open(const char *path, struct source_map **map_ret, struct error *error);
void source_map_close(struct source_map *map);

/* Where the section NAME of a file that is not linked is taken to be. */
bool source_map_section(struct source_map *map, const char *name, uint64_t *address_ret);

/*
 * The functions that ADDRESS is in, innermost first: each is inlined into the one after it, whose
 * line is that of the inlined call. The last one is no inlined one. Returns their number, 0 =
 * nothing is known. *frames_ret is valid until the next call.
 */
size_t source_map_find(struct source_map *map, uint64_t address,
		       const struct source_frame **frames_ret);

#endif
