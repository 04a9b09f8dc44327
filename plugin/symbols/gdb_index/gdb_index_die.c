// SPDX-License-Identifier: GPL-3.0-or-later
/* The values of a DIE, and the way from one to the next; see gdb_index_internal.h. */
#include "symbols/gdb_index/gdb_index_internal.h"

bool scan_damaged(struct scanner *scanner, const char *what)
{
	return error_set(scanner->error, ERROR_FORMAT, "%s: the unit at 0x%llx of .debug_info: %s",
			 scanner->file->path, (unsigned long long)scanner->unit->offset, what);
}

bool scan_no_memory(struct scanner *scanner)
{
	return error_no_memory(scanner->error, "an index", 0);
}

bool scan_address(struct scanner *scanner, uint64_t index, uint64_t *address)
{
	unsigned size = scanner->unit->address_size;
	struct cursor cursor;
	uint64_t at;

	if (__builtin_mul_overflow(index, size, &at) ||
	    __builtin_add_overflow(at, scanner->addr_base, &at))
		return false;
	cursor = index_cursor(scanner->file, scanner->file->addr, at);
	*address = cursor_uint(&cursor, size);
	return !cursor.failed;
}

/* An index of one of the forms whose last letter is an x. */
static uint64_t read_index(struct cursor *cursor, unsigned form)
{
	switch (form) {
	case DW_FORM_strx1:
	case DW_FORM_addrx1: return cursor_uint(cursor, 1);
	case DW_FORM_strx2:
	case DW_FORM_addrx2: return cursor_uint(cursor, 2);
	case DW_FORM_strx3:
	case DW_FORM_addrx3: return cursor_uint(cursor, 3);
	case DW_FORM_strx4:
	case DW_FORM_addrx4: return cursor_uint(cursor, 4);
	default: return cursor_uleb(cursor);
	}
}

static const char *string_at(struct bytes section, uint64_t offset)
{
	return offset < section.size ? (const char *)section.data + offset : NULL;
}

/* NULL with *error set. */
static const char *read_string(struct scanner *scanner, struct cursor *cursor, unsigned form)
{
	const struct index_file *file = scanner->file;
	unsigned size = scanner->unit->offset_size;
	const char *string = NULL;
	size_t length;
	uint64_t at;

	switch (form) {
	case DW_FORM_strp:
		string = string_at(file->str,
				   size == 4 ? cursor_u32(cursor) : cursor_uint(cursor, 8));
		break;
	case DW_FORM_line_strp:
		string = string_at(file->line_str, cursor_uint(cursor, size));
		break;
	case DW_FORM_string:
		string = cursor_string(cursor, &length);
		/* These are many copies; one of them lets equal names have equal pointers. */
		if (string && !(string = names_intern(&scanner->names, string, length))) {
			scan_no_memory(scanner);
			return NULL;
		}
		break;
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		if (!__builtin_mul_overflow(read_index(cursor, form), size, &at) &&
		    !__builtin_add_overflow(at, scanner->str_offsets_base, &at)) {
			struct cursor offsets = index_cursor(file, file->str_offsets, at);

			at = cursor_uint(&offsets, size);
			string = offsets.failed ? NULL : string_at(file->str, at);
		}
		break;
	}
	if (!string || cursor->failed) {
		scan_damaged(scanner,
			     "a name that is outside of its section or in an unknown form");
		return NULL;
	}
	return string;
}

/* A reference to another DIE, as an offset in .debug_info. */
static bool read_reference(struct scanner *scanner, const struct index_unit *unit,
			   struct cursor *cursor, unsigned form, uint64_t *offset)
{
	uint64_t value;

	switch (form) {
	case DW_FORM_ref4: value = cursor_u32(cursor); break;
	case DW_FORM_ref1: value = cursor_uint(cursor, 1); break;
	case DW_FORM_ref2: value = cursor_uint(cursor, 2); break;
	case DW_FORM_ref8: value = cursor_uint(cursor, 8); break;
	case DW_FORM_ref_udata: value = cursor_uleb(cursor); break;
	case DW_FORM_ref_addr:
		*offset = cursor_uint(cursor,
				      unit->version < 3 ? unit->address_size : unit->offset_size);
		return true;
	default: return scan_damaged(scanner, "a reference in an unknown form");
	}
	if (value >= unit->size)
		return scan_damaged(scanner, "a reference that leaves it");
	*offset = unit->offset + value;
	return true;
}

/* A constant, flag or offset. */
bool scan_number(struct scanner *scanner, struct cursor *cursor, const struct abbrev_step *step,
		 uint64_t *value)
{
	switch (step->form) {
	case DW_FORM_flag_present: *value = 1; break;
	case DW_FORM_implicit_const: *value = step->constant; break;
	case DW_FORM_flag:
	case DW_FORM_data1: *value = cursor_uint(cursor, 1); break;
	case DW_FORM_data2: *value = cursor_uint(cursor, 2); break;
	case DW_FORM_data4: *value = cursor_uint(cursor, 4); break;
	case DW_FORM_data8: *value = cursor_uint(cursor, 8); break;
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_rnglistx: *value = cursor_uleb(cursor); break;
	case DW_FORM_sec_offset: *value = cursor_uint(cursor, scanner->unit->offset_size); break;
	default: return scan_damaged(scanner, "a number in an unknown form");
	}
	return true;
}

/* An address, or what DW_AT_high_pc has instead: *IS_SIZE. */
static bool read_address(struct scanner *scanner, struct cursor *cursor,
			 const struct abbrev_step *step, uint64_t *address, bool *is_size)
{
	*is_size = false;
	switch (step->form) {
	case DW_FORM_addr: *address = cursor_uint(cursor, scanner->unit->address_size); return true;
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
		if (!scan_address(scanner, read_index(cursor, step->form), address))
			return scan_damaged(scanner, "an address that is not in .debug_addr");
		return true;
	default: *is_size = true; return scan_number(scanner, cursor, step, address);
	}
}

/* A variable's place, if it is one address; its size is not asked for. */
static void read_location(struct scanner *scanner, struct cursor *cursor, unsigned form,
			  struct die *die)
{
	unsigned address_size = scanner->unit->address_size;
	struct cursor block = *cursor;
	uint64_t size, address;

	abbrev_skip_form(cursor, form, scanner->unit);
	switch (form) {
	case DW_FORM_block1: size = cursor_uint(&block, 1); break;
	case DW_FORM_exprloc:
	case DW_FORM_block: size = cursor_uleb(&block); break;
	default: return;
	}
	if (!scanner->want_addresses || size != 1 + address_size ||
	    cursor_uint(&block, 1) != DW_OP_addr)
		return;
	address = cursor_uint(&block, address_size);
	if (block.failed || (!address && !scanner->file->section_at_zero))
		return;
	die->has_low = die->has_high = true;
	die->high_is_size = false;
	die->low = address;
	die->high = address + 1;
}

/* Like gdb: "" is no name. False: damage. */
static bool read_name(struct scanner *scanner, struct cursor *cursor, unsigned form,
		      const char **name)
{
	const char *string = read_string(scanner, cursor, form);

	*name = string && *string ? string : NULL;
	return string != NULL;
}

/* One attribute into DIE. */
static bool read_attribute(struct scanner *scanner, struct cursor *cursor,
			   const struct abbrev_step *step, struct die *die)
{
	bool is_size;
	uint64_t value;

	switch (step->attribute) {
	case DW_AT_name: return read_name(scanner, cursor, step->form, &die->name);
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		return read_name(scanner, cursor, step->form, &die->linkage_name);
	case DW_AT_sibling:
		return read_reference(scanner, scanner->unit, cursor, step->form, &die->sibling);
	case DW_AT_specification:
	case DW_AT_abstract_origin:
	case DW_AT_extension:
		return read_reference(scanner, scanner->unit, cursor, step->form, &die->origin);
	case DW_AT_declaration:
	case DW_AT_external:
	case DW_AT_enum_class:
		if (!scan_number(scanner, cursor, step, &value))
			return false;
		if (step->attribute == DW_AT_declaration)
			die->declaration = value;
		else if (step->attribute == DW_AT_external)
			die->is_static &= !value;
		else
			die->enum_class |= value != 0;
		return true;
	case DW_AT_low_pc:
		die->has_low = true;
		return read_address(scanner, cursor, step, &die->low, &is_size);
	case DW_AT_high_pc:
		die->has_high = true;
		if (!read_address(scanner, cursor, step, &die->high, &is_size))
			return false;
		die->high_is_size = is_size && scanner->unit->version >= 4;
		return true;
	case DW_AT_ranges:
		die->has_ranges = true;
		die->ranges_are_index = step->form == DW_FORM_rnglistx;
		return scan_number(scanner, cursor, step, &die->ranges);
	case DW_AT_location: read_location(scanner, cursor, step->form, die); return true;
	default: /* the unit's own */
		abbrev_skip_form(cursor, step->form, scanner->unit);
		return true;
	}
}

const struct abbrev *scan_code(struct scanner *scanner, struct cursor *cursor, bool *failed)
{
	uint64_t code = cursor_uleb(cursor);

	*failed = false;
	if (!code && !cursor->failed)
		return NULL;
	if (code < scanner->abbrevs.nr && scanner->abbrevs.list[code].tag)
		return &scanner->abbrevs.list[code];
	*failed = true;
	scan_damaged(scanner, cursor->failed ? "it ends early" : "an unknown abbreviation");
	return NULL;
}

/* The attributes that matter, if ALL, or only where the next sibling is. */
bool scan_die(struct scanner *scanner, struct cursor *cursor, struct die *die, bool all)
{
	const struct abbrev_step *step = die->abbrev->nr_steps
						 ? scanner->abbrevs.steps + die->abbrev->first_step
						 : NULL; /* of no attributes; there may be no table */

	for (unsigned i = die->abbrev->nr_steps; i > 0; i--, step++) {
		if (step->attribute && (all || step->attribute == DW_AT_sibling)) {
			if (!read_attribute(scanner, cursor, step, die))
				return false;
		} else if (!step->form) {
			cursor_skip(cursor, step->size);
		} else if (!abbrev_skip_form(cursor, step->form, scanner->unit)) {
			return error_set(scanner->error, ERROR_UNSUPPORTED,
					 "%s has values of the unknown form 0x%x",
					 scanner->file->path, step->form);
		}
	}
	return !cursor->failed || scan_damaged(scanner, "it ends early");
}

/* From behind DIE's attributes to behind its children. */
bool scan_skip_children(struct scanner *scanner, struct cursor *cursor, const struct die *die)
{
	unsigned depth = 1;

	if (!die->abbrev->children)
		return true;
	if (die->sibling) {
		const uint8_t *data = scanner->file->info.data;

		if (die->sibling < (uint64_t)(cursor->at - data) ||
		    die->sibling > (uint64_t)(cursor->end - data))
			return scan_damaged(scanner, "a sibling that does not follow");
		cursor->at = data + die->sibling;
		return true;
	}
	while (depth) {
		struct die child = { 0 };
		bool failed;

		child.abbrev = scan_code(scanner, cursor, &failed);
		if (failed)
			return false;
		if (!child.abbrev) {
			depth--;
			continue;
		}
		if (!scan_die(scanner, cursor, &child, false))
			return false;
		if (child.sibling && child.abbrev->children) {
			if (!scan_skip_children(scanner, cursor, &child)) /* one step: by sibling */
				return false;
		} else {
			depth += child.abbrev->children;
		}
	}
	return true;
}
