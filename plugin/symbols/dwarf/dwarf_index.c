// SPDX-License-Identifier: GPL-3.0-or-later
/* The index of DWARF's types by name; see dwarf_index.h. */
#include "symbols/dwarf/dwarf_index.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

struct named {
	const char *name;	/* NULL = empty slot */
	Dwarf_Off die;
	uint32_t unit;		/* number of its unit, in file order */
	enum name_class name_class;
};

static uint64_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;	/* FNV-1a */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 0x100000001b3ull;
	return hash ^ hash >> 32;
}

/* The slot of that name and class, or the empty one where it belongs. */
static struct named *find_slot(struct named *names, size_t mask, const char *name,
			       enum name_class name_class)
{
	for (size_t i = hash_name(name) + name_class;; i++) {
		struct named *named = &names[i & mask];

		if (!named->name || (named->name_class == name_class &&
				     (named->name == name || strcmp(named->name, name) == 0)))
			return named;
	}
}

static bool grow_names(struct dwarf_index *index, struct error *error)
{
	size_t slots = index->names ? (index->names_mask + 1) * 2 : 1 << 12;
	struct named *names = calloc(slots, sizeof(*names));

	if (!names)
		return error_no_memory(error, "DWARF's names", slots * sizeof(*names));
	for (size_t i = 0; index->names && i <= index->names_mask; i++)
		if (index->names[i].name)
			*find_slot(names, slots - 1, index->names[i].name,
				   index->names[i].name_class) = index->names[i];
	free(index->names);
	index->names = names;
	index->names_mask = slots - 1;
	return true;
}

enum name_class dwarf_index_class(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type: case DW_TAG_union_type: case DW_TAG_class_type:
		return CLASS_STRUCT;
	case DW_TAG_typedef:
		return CLASS_TYPEDEF;
	case DW_TAG_enumeration_type:
		return CLASS_ENUM;
	case DW_TAG_base_type:
		return CLASS_BASE;
	default:
		return CLASS_NONE;
	}
}

static bool index_name(struct dwarf_index *index, Dwarf_Die *die, enum name_class name_class,
		       struct error *error)
{
	const char *name = dwarf_diename(die);
	struct named *slot;

	if (!name || !*name)
		return true;
	slot = find_slot(index->names, index->names_mask, name, name_class);
	if (slot->name || dwarf_hasattr(die, DW_AT_declaration))
		return true;
	*slot = (struct named){ name, dwarf_dieoffset(die), index->nr_units, name_class };
	if (++index->nr_names > index->names_mask / 2)
		return grow_names(index, error);
	return true;
}

bool dwarf_index_next_unit(struct dwarf_index *index, Dwarf_Off *at, Dwarf_Die *unit,
			   bool *done_ret, struct error *error)
{
	for (;;) {
		Dwarf_Off start = *at;
		size_t header;
		int result = dwarf_nextcu(index->dwarf, start, at, &header, NULL, NULL, NULL);

		*done_ret = result > 0;
		if (result > 0)
			return true;
		if (result < 0 || *at <= start)
			return error_set(error, ERROR_FORMAT, "damaged DWARF at 0x%llx: %s",
					 (unsigned long long)start, dwarf_errmsg(-1));
		/* Rust's types have other names and rules. */
		if (dwarf_offdie(index->dwarf, start + header, unit) &&
		    dwarf_srclang(unit) != DW_LANG_Rust)
			return true;
	}
}

static bool index_unit(struct dwarf_index *index, struct error *error)
{
	Dwarf_Die unit, die;

	if (!dwarf_index_next_unit(index, &index->next_unit, &unit, &index->indexed_all, error))
		return false;
	if (index->indexed_all)
		return true;
	index->nr_units++;
	if (dwarf_child(&unit, &die) != 0)
		return true;
	do {
		enum name_class name_class = dwarf_index_class(dwarf_tag(&die));

		if (name_class != CLASS_NONE && !index_name(index, &die, name_class, error))
			return false;
	} while (dwarf_siblingof(&die, &die) == 0);
	return true;
}

/*
 * Among the classes FIRST to LAST: the earliest unit's, so that the order of questions does not
 * matter.
 */
static const struct named *find_indexed(struct dwarf_index *index, const char *name,
					enum name_class first, enum name_class last)
{
	const struct named *best = NULL;

	for (enum name_class name_class = first; name_class <= last; name_class++) {
		const struct named *named =
			find_slot(index->names, index->names_mask, name, name_class);

		if (named->name && (!best || named->unit < best->unit))
			best = named;
	}
	return best;
}

bool dwarf_index_find(struct dwarf_index *index, const char *name, enum name_class first,
		      enum name_class last, Dwarf_Die *die, struct error *error)
{
	for (;;) {
		const struct named *named = find_indexed(index, name, first, last);

		if (named && dwarf_offdie(index->dwarf, named->die, die))
			return true;
		if (named)
			return error_set(error, ERROR_FORMAT, "damaged DWARF at 0x%llx: %s",
					 (unsigned long long)named->die, dwarf_errmsg(-1));
		if (index->indexed_all)
			return error_set(error, ERROR_NO_MEMBER, "the kernel has no type %s", name);
		if (!index_unit(index, error))
			return false;
	}
}

bool dwarf_index_init(struct dwarf_index *index, Dwarf *dwarf, struct error *error)
{
	*index = (struct dwarf_index){ .dwarf = dwarf };
	return grow_names(index, error);
}

void dwarf_index_free(struct dwarf_index *index)
{
	free(index->names);
	index->names = NULL;
}
