// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The names in a unit; see gdb_index_internal.h. Only those that are names at file scope, and in
 * Rust in modules and types: the children of functions are skipped, by DW_AT_sibling where there
 * is one.
 */
#include "symbols/gdb_index/gdb_index_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"

#define MAX_DEPTH   64 /* of Rust's modules and types in each other */
#define MAX_ORIGINS 8  /* of DIEs that refer to another for their name */

/* The prefix of the innermost scope around OFFSET, of those that are done; NULL = none. */
static const char *scope_at(const struct scanner *scanner, uint64_t offset)
{
	for (size_t i = 0; i < scanner->nr_scopes; i++)
		if (scanner->scopes[i].start <= offset && offset <= scanner->scopes[i].end)
			return scanner->scopes[i].prefix;
	return NULL;
}

/*
 * Completes DIE from the one it refers to (a declaration, or the abstract function of an inlined
 * one), which is that one's name too. *PREFIX, if it is "", becomes that one's scope; not if that
 * one follows DIE: gdb 13 does not find the scope then, and names are what gdb would call them.
 */
static bool follow_origin(struct scanner *scanner, struct die *die, const char **prefix)
{
	const uint8_t *data = scanner->file->info.data;
	struct cursor cursor = { .end = data + scanner->unit->offset + scanner->unit->size,
				 .big_endian = scanner->file->big_endian };
	uint64_t offset = die->origin, before = die->offset;
	bool forward = false;

	for (unsigned i = 0; offset; i++) {
		struct die origin = { .is_static = true };
		bool failed;

		if (offset < scanner->unit->first_die ||
		    offset >= scanner->unit->offset + scanner->unit->size)
			return error_set(scanner->error, ERROR_UNSUPPORTED,
					 "%s has references from unit to unit",
					 scanner->file->path);
		if (i == MAX_ORIGINS)
			return scan_damaged(scanner, "DIEs that refer to each other");
		forward |= !**prefix && offset > before;
		if (!**prefix && !forward && scope_at(scanner, offset))
			*prefix = scope_at(scanner, offset);
		before = offset;
		cursor.at = data + offset;
		origin.abbrev = scan_code(scanner, &cursor, &failed);
		if (!origin.abbrev)
			return failed ? false : scan_damaged(scanner, "a reference to no DIE");
		if (!scan_die(scanner, &cursor, &origin, true))
			return false;
		if (!die->name)
			die->name = origin.name;
		if (!die->linkage_name)
			die->linkage_name = origin.linkage_name;
		die->is_static &= origin.is_static;
		die->enum_class |= origin.enum_class;
		offset = origin.origin;
	}
	return true;
}

/* What gdb calls a DIE of that tag. */
static uint32_t kind_of(unsigned tag)
{
	switch (tag) {
	case DW_TAG_subprogram: return INDEX_FUNCTION;
	case DW_TAG_variable:
	case DW_TAG_constant:
	case DW_TAG_enumerator: return INDEX_VARIABLE;
	case DW_TAG_module:
	case DW_TAG_common_block: return INDEX_OTHER;
	default: return INDEX_TYPE;
	}
}

static bool add_name(struct scanner *scanner, const struct die *die, const char *name,
		     bool canonical)
{
	uint32_t value = scanner->number | kind_of(die->abbrev->tag) << INDEX_KIND_SHIFT;

	if (die->is_static)
		value |= INDEX_STATIC;
	return names_add(&scanner->names, name, canonical, value) || scan_no_memory(scanner);
}

/* "PREFIXNAMESUFFIX", interned; NULL with *error set. */
static const char *join(struct scanner *scanner, const char *prefix, const char *name,
			const char *suffix)
{
	const char *interned = NULL;
	char *joined;
	int size = asprintf(&joined, "%s%s%s", prefix, name, suffix);

	if (size >= 0) {
		interned = names_intern(&scanner->names, joined, size);
		free(joined);
	}
	if (!interned)
		scan_no_memory(scanner);
	return interned;
}

static bool add_scope(struct scanner *scanner, uint64_t start, uint64_t end, const char *prefix)
{
	struct scope *scopes = array_room(scanner->scopes, scanner->nr_scopes,
					  &scanner->scopes_room, sizeof(*scopes), "scopes", NULL);

	if (!scopes)
		return scan_no_memory(scanner);
	scanner->scopes = scopes;
	scanner->scopes[scanner->nr_scopes++] = (struct scope){ start, end, prefix };
	return true;
}

static bool add_addresses(struct scanner *scanner, const struct die *die)
{
	uint64_t high = die->high_is_size ? die->low + die->high : die->high;

	if (die->has_ranges && !ranges_read_list(scanner, die->ranges, die->ranges_are_index))
		return false;
	if (!die->has_low || !die->has_high || (!die->low && !scanner->file->section_at_zero))
		return true;
	return ranges_add(&scanner->ranges, die->low, high, scanner->number) ||
	       scan_no_memory(scanner);
}

/*
 * Puts DIE into the index. PREFIX is its scope's, "" at file scope. *QUALIFIED_RET: the name with
 * its scope, NULL if it has none.
 */
static bool index_die(struct scanner *scanner, struct die *die, const char *prefix,
		      const char **qualified_ret)
{
	unsigned tag = die->abbrev->tag;
	bool aggregate = tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
			 tag == DW_TAG_union_type;
	bool type_declaration = false;

	*qualified_ret = NULL;
	if (die->declaration && !(tag == DW_TAG_variable && !die->is_static)) {
		if (!aggregate || !die->abbrev->children)
			die->name = die->linkage_name = NULL;
		type_declaration = true; /* a scope for its children, no definition */
	} else if (die->origin) {
		if (!follow_origin(scanner, die, &prefix))
			return false;
	}
	if (scanner->want_addresses && !add_addresses(scanner, die))
		return false;
	if (tag == DW_TAG_module || tag == DW_TAG_namespace) {
		die->is_static = false;
		if (tag == DW_TAG_namespace && !die->name)
			die->name = "(anonymous namespace)";
	}
	if (die->name) {
		*qualified_ret = *prefix ? join(scanner, prefix, die->name, "") : die->name;
		if (!*qualified_ret ||
		    (!type_declaration &&
		     !add_name(scanner, die, *qualified_ret, scanner->language == LANGUAGE_C)))
			return false;
	}
	return !die->linkage_name || type_declaration ||
	       add_name(scanner, die, die->linkage_name, false);
}

static bool index_children(struct scanner *scanner, struct cursor *cursor, const char *prefix,
			   unsigned depth);

/* The names in DIE, or nothing; QUALIFIED is DIE's own. */
static bool index_inside(struct scanner *scanner, struct cursor *cursor, const struct die *die,
			 const char *prefix, const char *qualified, unsigned depth)
{
	const uint8_t *data = scanner->file->info.data;
	const char *inner = NULL;

	if (!die->abbrev->children)
		return true;
	switch (die->abbrev->tag) {
	case DW_TAG_class_type:
	case DW_TAG_interface_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_module:
		if (scanner->language != LANGUAGE_C)
			inner = qualified;
		break;
	case DW_TAG_namespace: inner = qualified; break;
	case DW_TAG_enumeration_type: /* its constants are names beside it, unless it is a class */
		if (!die->enum_class || !qualified)
			return index_children(scanner, cursor, prefix, depth + 1);
		inner = qualified;
		break;
	}
	if (!inner)
		return scan_skip_children(scanner, cursor, die);
	if (scanner->language == LANGUAGE_RUST && !(inner = join(scanner, "", inner, "::")))
		return false;
	if (scanner->language != LANGUAGE_RUST)
		inner = "";
	if (!index_children(scanner, cursor, inner, depth + 1))
		return false;
	return !*inner || add_scope(scanner, die->offset, cursor->at - 1 - data, inner);
}

/* All DIEs up to the end of the list at the cursor. */
static bool index_children(struct scanner *scanner, struct cursor *cursor, const char *prefix,
			   unsigned depth)
{
	if (depth > MAX_DEPTH)
		return scan_damaged(scanner, "DIEs nested too deeply");
	while (cursor->at < cursor->end) {
		struct die die = { .is_static = true,
				   .offset = cursor->at - scanner->file->info.data };
		const char *qualified = NULL;
		bool failed;

		die.abbrev = scan_code(scanner, cursor, &failed);
		if (!die.abbrev)
			return !failed;
		if (die.abbrev->tag == DW_TAG_imported_unit)
			return error_set(scanner->error, ERROR_UNSUPPORTED,
					 "%s has units that import others", scanner->file->path);
		if (!scan_die(scanner, cursor, &die, die.abbrev->interesting))
			return false;
		if (!die.abbrev->interesting) {
			if (!scan_skip_children(scanner, cursor, &die))
				return false;
			continue;
		}
		if (!index_die(scanner, &die, prefix, &qualified) ||
		    !index_inside(scanner, cursor, &die, prefix, qualified, depth))
			return false;
	}
	return true;
}

/* The unit's own DIE */

/* DWARF 6's, which gcc and gdb already know. */
#define LANG_C17 0x2c
#define LANG_C23 0x3e

static bool set_language(struct scanner *scanner, uint64_t language)
{
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case LANG_C17:
	case LANG_C23: scanner->language = LANGUAGE_C; return true;
	case DW_LANG_Mips_Assembler: scanner->language = LANGUAGE_ASSEMBLER; return true;
	case DW_LANG_Rust: scanner->language = LANGUAGE_RUST; return true;
	}
	return error_set(scanner->error, ERROR_UNSUPPORTED, "%s has parts in language 0x%llx",
			 scanner->file->path, (unsigned long long)language);
}

/* NULL where it has none: an abbreviation without attributes can be in a table without a step. */
static const struct abbrev_step *steps_of(const struct scanner *scanner,
					  const struct abbrev *abbrev)
{
	return abbrev->nr_steps ? scanner->abbrevs.steps + abbrev->first_step : NULL;
}

/* The bases that the unit's other values are relative to have to be known before those. */
static bool read_bases(struct scanner *scanner, struct cursor cursor, const struct abbrev *abbrev)
{
	const struct abbrev_step *step = steps_of(scanner, abbrev);
	uint64_t language = 0;
	bool read = true;

	for (unsigned i = abbrev->nr_steps; i > 0 && read; i--, step++) {
		switch (step->attribute) {
		case DW_AT_language: read = scan_number(scanner, &cursor, step, &language); break;
		case DW_AT_str_offsets_base:
			read = scan_number(scanner, &cursor, step, &scanner->str_offsets_base);
			break;
		case DW_AT_addr_base:
			read = scan_number(scanner, &cursor, step, &scanner->addr_base);
			break;
		case DW_AT_rnglists_base:
			read = scan_number(scanner, &cursor, step, &scanner->rnglists_base);
			break;
		default:
			if (!step->attribute && !step->form)
				cursor_skip(&cursor, step->size);
			else if (!abbrev_skip_form(&cursor, step->form, scanner->unit))
				read = error_set(scanner->error, ERROR_UNSUPPORTED,
						 "%s has values of the unknown form 0x%x",
						 scanner->file->path, step->form);
		}
	}
	return read && set_language(scanner, language);
}

static bool scan_dies(struct scanner *scanner, struct cursor *cursor)
{
	struct die die = { 0 };
	bool failed;

	die.abbrev = scan_code(scanner, cursor, &failed);
	if (!die.abbrev)
		return !failed;
	if (die.abbrev->tag != DW_TAG_compile_unit)
		return error_set(scanner->error, ERROR_UNSUPPORTED,
				 "%s has a unit that is no compilation unit", scanner->file->path);
	if (!read_bases(scanner, *cursor, die.abbrev) || !scan_die(scanner, cursor, &die, true))
		return false;
	scanner->base = die.has_low ? die.low : 0;
	scanner->want_addresses = !scanner->unit->addresses_known;
	if (scanner->want_addresses) {
		if (!add_addresses(scanner, &die))
			return false;
		/* One range says it all; of several gdb does not believe that. */
		if (!die.has_ranges && die.has_low && die.has_high && die.high)
			scanner->want_addresses = false;
	}
	return !die.abbrev->children || index_children(scanner, cursor, "", 0);
}

bool scan_unit(struct scanner *scanner, uint32_t number, struct error *error)
{
	const struct index_file *file = scanner->file;
	const struct index_unit *unit = &file->units[number];
	struct cursor cursor = { .at = file->info.data + unit->first_die,
				 .end = file->info.data + unit->offset + unit->size,
				 .big_endian = file->big_endian };

	scanner->unit = unit;
	scanner->number = number;
	scanner->error = error;
	scanner->nr_scopes = 0;
	scanner->base = scanner->str_offsets_base = scanner->addr_base = scanner->rnglists_base = 0;
	return abbrevs_read(&scanner->abbrevs, file, unit, error) && scan_dies(scanner, &cursor);
}

void scan_free(struct scanner *scanner)
{
	names_free(&scanner->names);
	ranges_free(&scanner->ranges);
	abbrevs_free(&scanner->abbrevs);
	free(scanner->scopes);
}
