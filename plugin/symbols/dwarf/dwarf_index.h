/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names of the types in DWARF, indexed unit by unit, for symbols/dwarf/dwarf_types.c alone.
 *
 * A vmlinux has some thousand compilation units, most of which repeat the types of the kernel's
 * headers. So units are indexed one at a time, in file order, and only until the type asked for has
 * turned up. Of equal names the first complete definition counts, which makes the answers
 * independent of the order of questions.
 */
#ifndef VMCORE_SYMBOLS_DWARF_INDEX_H
#define VMCORE_SYMBOLS_DWARF_INDEX_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What a name can be, best first. */
enum name_class { CLASS_STRUCT, CLASS_TYPEDEF, CLASS_ENUM, CLASS_BASE, CLASS_NONE };

struct named;

struct dwarf_index {
	Dwarf *dwarf;
	Dwarf_Off next_unit;
	uint32_t nr_units;	/* indexed so far */
	bool indexed_all;
	struct named *names;	/* hash table, at most half full */
	size_t names_mask, nr_names;
};

bool dwarf_index_init(struct dwarf_index *index, Dwarf *dwarf, struct error *error);
void dwarf_index_free(struct dwarf_index *index);

/* The definition of NAME as one of the classes FIRST to LAST. ERROR_NO_MEMBER: there is none. */
bool dwarf_index_find(struct dwarf_index *index, const char *name, enum name_class first,
		      enum name_class last, Dwarf_Die *die, struct error *error);

/* Steps *AT (0 = start) to the next unit that may have C types. *DONE_RET: there are no more. */
bool dwarf_index_next_unit(struct dwarf_index *index, Dwarf_Off *at, Dwarf_Die *unit,
			   bool *done_ret, struct error *error);

enum name_class dwarf_index_class(int tag);

#endif
