// SPDX-License-Identifier: GPL-3.0-or-later
/* Abbreviations as steps; see gdb_index_internal.h. */
#include "symbols/gdb_index/gdb_index_internal.h"

#include <stdlib.h>

#include "base/array.h"

/* Of a unit: compilers number them from 1 without gaps. */
#define MAX_CODE 100000

/* The tags that gdb's index has, if the DIE has a name. */
static bool tag_is_indexed(unsigned tag)
{
	switch (tag) {
	case DW_TAG_array_type:
	case DW_TAG_base_type:
	case DW_TAG_class_type:
	case DW_TAG_constant:
	case DW_TAG_enumeration_type:
	case DW_TAG_enumerator:
	case DW_TAG_imported_declaration:
	case DW_TAG_imported_unit:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_interface_type:
	case DW_TAG_module:
	case DW_TAG_namespace:
	case DW_TAG_ptr_to_member_type:
	case DW_TAG_set_type:
	case DW_TAG_string_type:
	case DW_TAG_structure_type:
	case DW_TAG_subprogram:
	case DW_TAG_subrange_type:
	case DW_TAG_generic_subrange:
	case DW_TAG_subroutine_type:
	case DW_TAG_typedef:
	case DW_TAG_union_type:
	case DW_TAG_unspecified_type:
	case DW_TAG_variable: return true;
	default: return false;
	}
}

static bool attribute_is_wanted(unsigned attribute)
{
	switch (attribute) {
	case DW_AT_name:
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
	case DW_AT_declaration:
	case DW_AT_sibling:
	case DW_AT_specification:
	case DW_AT_abstract_origin:
	case DW_AT_extension:
	case DW_AT_external:
	case DW_AT_enum_class:
	case DW_AT_low_pc:
	case DW_AT_high_pc:
	case DW_AT_ranges:
	case DW_AT_location:
	case DW_AT_language:
	case DW_AT_str_offsets_base:
	case DW_AT_addr_base:
	case DW_AT_rnglists_base: return true;
	default: return false;
	}
}

/* The size of values of FORM, if they all have the same. */
static bool form_size(unsigned form, const struct index_unit *unit, uint32_t *size)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const: *size = 0; return true;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1: *size = 1; return true;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2: *size = 2; return true;
	case DW_FORM_strx3:
	case DW_FORM_addrx3: *size = 3; return true;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4: *size = 4; return true;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8: *size = 8; return true;
	case DW_FORM_data16: *size = 16; return true;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_sec_offset: *size = unit->offset_size; return true;
	case DW_FORM_ref_addr: /* an address up to DWARF 2 */
		*size = unit->version < 3 ? unit->address_size : unit->offset_size;
		return true;
	case DW_FORM_addr: *size = unit->address_size; return true;
	default: return false;
	}
}

bool abbrev_skip_form(struct cursor *cursor, unsigned form, const struct index_unit *unit)
{
	uint32_t size;
	size_t length;

	if (form_size(form, unit, &size)) {
		cursor_skip(cursor, size);
		return true;
	}
	switch (form) {
	case DW_FORM_block1: cursor_skip(cursor, cursor_uint(cursor, 1)); return true;
	case DW_FORM_block2: cursor_skip(cursor, cursor_uint(cursor, 2)); return true;
	case DW_FORM_block4: cursor_skip(cursor, cursor_uint(cursor, 4)); return true;
	case DW_FORM_block:
	case DW_FORM_exprloc: cursor_skip(cursor, cursor_uleb(cursor)); return true;
	case DW_FORM_string: cursor_string(cursor, &length); return true;
	case DW_FORM_sdata:
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx: cursor_uleb(cursor); return true;
	default: return false;
	}
}

/* Room for one more. */
static bool reserve_step(struct abbrevs *abbrevs, struct error *error)
{
	void *steps = array_room(abbrevs->steps, abbrevs->nr_steps, &abbrevs->steps_room,
				 sizeof(*abbrevs->steps), "abbreviations", error);

	if (steps)
		abbrevs->steps = steps;
	return steps;
}

static bool add_step(struct abbrevs *abbrevs, struct abbrev *abbrev, struct abbrev_step step)
{
	struct abbrev_step *last = abbrev->nr_steps ? &abbrevs->steps[abbrevs->nr_steps - 1] : NULL;

	if (!step.attribute && !step.form && last && !last->attribute && !last->form) {
		last->size +=
			step.size; /* at most 16 bytes for each 2 of the section: no overflow */
		return true;
	}
	if (!reserve_step(abbrevs, NULL))
		return false;
	abbrevs->steps[abbrevs->nr_steps++] = step;
	abbrev->nr_steps++;
	return true;
}

/* What the abbreviation alone says of its DIEs. */
struct traits {
	bool declaration, origin, name, location, external;
};

static void note_trait(struct traits *traits, unsigned attribute, unsigned form)
{
	switch (attribute) {
	case DW_AT_declaration: traits->declaration |= form == DW_FORM_flag_present; break;
	case DW_AT_specification:
	case DW_AT_abstract_origin:
	case DW_AT_extension: traits->origin = true; break;
	case DW_AT_name:
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name: traits->name = true; break;
	case DW_AT_location:
	case DW_AT_const_value: traits->location = true; break;
	case DW_AT_external: traits->external = true; break;
	}
}

/*
 * gdb's choice: what has no name is not in the index, nor are declarations, except those that may
 * be a definition's only name: an external variable's, and structures that have members.
 */
static bool is_interesting(const struct index_file *file, const struct abbrev *abbrev,
			   const struct traits *traits)
{
	unsigned tag = abbrev->tag;

	if (!traits->name && !traits->origin)
		return tag == DW_TAG_namespace || tag == DW_TAG_enumeration_type;
	if ((tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
	     tag == DW_TAG_union_type) &&
	    abbrev->children)
		return true;
	if (traits->declaration && (tag != DW_TAG_variable || !traits->external))
		return false;
	if (!file->lost_variables && tag == DW_TAG_variable && !traits->location &&
	    !traits->origin && !traits->external)
		return false;
	return tag_is_indexed(tag);
}

/* Reads the attributes of one abbreviation into steps. */
static bool read_attributes(struct abbrevs *abbrevs, struct abbrev *abbrev, struct cursor *cursor,
			    const struct index_file *file, const struct index_unit *unit,
			    struct error *error)
{
	struct traits traits = { 0 };

	for (;;) {
		struct abbrev_step step = { 0 };
		uint64_t attribute = cursor_uleb(cursor), form = cursor_uleb(cursor);

		if (cursor->failed)
			return error_set(error, ERROR_FORMAT, "%s: .debug_abbrev ends early",
					 file->path);
		if (!attribute && !form)
			break;
		if (form == DW_FORM_implicit_const) {
			const uint8_t *start = cursor->at;
			uint64_t value = cursor_uleb(cursor);
			unsigned bits = 7 * (cursor->at - start);

			if (bits && bits < 64 && (value >> (bits - 1) & 1))
				value |= ~0ull << bits;
			step.constant = (int64_t)value;
		}
		if (attribute_is_wanted(attribute)) {
			step.attribute = attribute;
			step.form = form;
		} else if (!form_size(form, unit, &step.size)) {
			step.form = form;
		}
		if (form > 0xffff || form == DW_FORM_indirect)
			return error_set(error, ERROR_UNSUPPORTED,
					 "%s has values of the unknown form 0x%llx", file->path,
					 (unsigned long long)form);
		note_trait(&traits, attribute, form);
		if (!add_step(abbrevs, abbrev, step))
			return error_no_memory(error, "abbreviations", abbrevs->nr_steps);
	}
	abbrev->interesting = is_interesting(file, abbrev, &traits);
	return true;
}

static bool make_room(struct abbrevs *abbrevs, uint64_t code, const struct index_file *file,
		      struct error *error)
{
	if (code >= MAX_CODE)
		return error_set(error, ERROR_UNSUPPORTED, "%s has an abbreviation numbered %llu",
				 file->path, (unsigned long long)code);
	if (code >= abbrevs->room) {
		size_t room = (code + 1) * 2;
		void *list = reallocarray(abbrevs->list, room, sizeof(*abbrevs->list));

		if (!list)
			return error_no_memory(error, "abbreviations",
					       room * sizeof(*abbrevs->list));
		abbrevs->list = list;
		abbrevs->room = room;
	}
	while (abbrevs->nr <= code)
		abbrevs->list[abbrevs->nr++] = (struct abbrev){ 0 };
	return true;
}

bool abbrevs_read(struct abbrevs *abbrevs, const struct index_file *file,
		  const struct index_unit *unit, struct error *error)
{
	struct cursor cursor = index_cursor(file, file->abbrev, unit->abbrevs);
	uint64_t code;

	if (abbrevs->offset_size == unit->offset_size && abbrevs->offset == unit->abbrevs &&
	    abbrevs->address_size == unit->address_size && abbrevs->version == unit->version)
		return true; /* the unit before had the same */
	if (!reserve_step(abbrevs, error)) /* there is an array, even if it stays empty */
		return false;
	abbrevs->nr = abbrevs->nr_steps = 0;
	abbrevs->offset_size = 0;
	while ((code = cursor_uleb(&cursor))) {
		struct abbrev abbrev = { .first_step = abbrevs->nr_steps };
		uint64_t tag = cursor_uleb(&cursor);

		abbrev.children = cursor_uint(&cursor, 1);
		abbrev.tag = tag;
		if (tag == 0 || tag > 0xffff)
			return error_set(error, ERROR_FORMAT, "%s: bad tag in .debug_abbrev",
					 file->path);
		if (!make_room(abbrevs, code, file, error) ||
		    !read_attributes(abbrevs, &abbrev, &cursor, file, unit, error))
			return false;
		abbrevs->list[code] = abbrev;
	}
	if (cursor.failed)
		return error_set(error, ERROR_FORMAT, "%s: .debug_abbrev ends early", file->path);
	abbrevs->offset = unit->abbrevs;
	abbrevs->offset_size = unit->offset_size;
	abbrevs->address_size = unit->address_size;
	abbrevs->version = unit->version;
	return true;
}

void abbrevs_free(struct abbrevs *abbrevs)
{
	free(abbrevs->list);
	free(abbrevs->steps);
}
