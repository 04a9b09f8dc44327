/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gdb's index of a vmlinux, written by us: which names are in which compilation unit.
 *
 * gdb keeps such an index, once it has made one, in its "index cache" (`help set index-cache`), one
 * file per build-id. Making it takes gdb 13 seconds and twice the memory that the dump needs, and
 * in that first session gdb looks a type up by reading every unit that has it (20 s and 1.9 GB for
 * `struct task_struct`); with an index it reads one. So the index is written before gdb asks for
 * it: on all cores, without expanding anything, with the names, kinds and units that gdb 13.1
 * itself would write (tests/gdb/test_index.py compares them).
 *
 * The format is `.gdb_index` (gdb's manual, "Index Section Format"): version 8, which gdb 7.6 and
 * all later ones read, or 9. What is in it depends on who will look: gdb 13 wants of every type and
 * variable the first unit only, or it reads them all; gdb 16 (seen in 16.3) wants all units of
 * variables, and 18 (18.1) also of types, so that it finds each file's own.
 *
 * What we do not understand (C++, type units, dwz, split DWARF) is an error
 * and no file: gdb then makes its own index, as ever.
 *
 * The parts, each with its head comment in gdb_index_internal.h: units (gdb_index_units.c),
 * abbreviations (gdb_index_abbrev.c), DIEs (gdb_index_scan.c), addresses (gdb_index_ranges.c),
 * names (gdb_index_names.c), the file (gdb_index.c).
 */
#ifndef VMCORE_SYMBOLS_GDB_INDEX_H
#define VMCORE_SYMBOLS_GDB_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct gdb_index_options {
	unsigned gdb;	  /* the major version of the gdb that will read it; 0 = any */
	unsigned threads; /* 0 = one for each core */
	/* Both are called in the caller's thread, some times a second; both may be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	bool (*interrupted)(void *context);
	void *context;
};

/*
 * Writes the index of VMLINUX to PATH, under a temporary name first. OPTIONS may be NULL.
 * ERROR_UNSUPPORTED: the file is left to gdb; ERROR_INTERRUPTED: interrupted() said so.
 */
bool gdb_index_write(const char *vmlinux, const char *path, const struct gdb_index_options *options,
		     struct error *error);

/* The version of the index that gdb_index_write() writes for a gdb. */
unsigned gdb_index_version_for(unsigned gdb);

/*
 * The version of the index at PATH, 0 if there is none that fits VMLINUX. gdb trusts its cache
 * blindly, so a file that was cut short or belongs to another vmlinux has to be found out here.
 */
unsigned gdb_index_version(const char *path, const char *vmlinux);

/* The build-id of VMLINUX in hex, which names the file in gdb's cache. */
bool gdb_index_build_id(const char *vmlinux, char *id, size_t size, struct error *error);

#endif
