/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of symbols/gdb_index*.c share. Nobody else includes this.
 *
 * Everything in the file is hostile: it is read through a cursor, whose `failed` is looked at once per DIE.
 */
#ifndef VMCORE_SYMBOLS_GDB_INDEX_INTERNAL_H
#define VMCORE_SYMBOLS_GDB_INDEX_INTERNAL_H

#include <dwarf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"
#include "symbols/elf/elf_file.h"

struct bytes {
	const uint8_t *data;
	size_t size;
};

/* The file and its units: gdb_index_units.c. Only read once the threads run. */

struct index_unit {
	uint64_t offset, size; /* in .debug_info, with the header */
	uint64_t first_die, abbrevs;
	uint16_t version;
	uint8_t offset_size, address_size;
	bool addresses_known; /* .debug_aranges has them */
};

struct index_file {
	struct elf_file elf;
	const char *path;
	struct bytes info, abbrev, str, line_str, ranges, rnglists, addr, str_offsets, aranges;
	bool big_endian;
	bool info_mapped;     /* it lies in the file: its pages can be given back */
	bool section_at_zero; /* so that 0 is an address */
	bool lost_variables;  /* wanted, too: those that the compiler did away with */
	struct index_unit *units;
	size_t nr_units;
};

bool index_file_open(struct index_file *file, const char *path, struct error *error);
void index_file_close(struct index_file *file);
/* The unit that has OFFSET; NULL if none. */
const struct index_unit *index_file_unit_at(const struct index_file *file, uint64_t offset);

static inline struct cursor index_cursor(const struct index_file *file, struct bytes section,
					 uint64_t offset)
{
	const uint8_t *data = section.data ? section.data : (const uint8_t *)"";
	struct cursor cursor = { .at = data,
				 .end = data + section.size,
				 .big_endian = file->big_endian };

	if (offset > section.size)
		cursor_fail(&cursor);
	else
		cursor.at += offset;
	return cursor;
}

/*
 * Abbreviations: gdb_index_abbrev.c. Each is turned into the fewest steps that read what an index
 * needs and skip the rest.
 */

struct abbrev_step {
	uint16_t attribute; /* 0 = skip it */
	uint16_t form;	    /* 0 with attribute 0: skip `size` bytes */
	uint32_t size;
	int64_t constant; /* DW_FORM_implicit_const */
};

struct abbrev {
	uint32_t first_step, nr_steps; /* nr_steps 0: it has no attributes */
	uint16_t tag;		       /* 0 = there is no such abbreviation */
	bool children;
	bool interesting; /* may be in the index */
};

struct abbrevs {
	struct abbrev *list; /* by code; list[0] is unused */
	size_t nr, room;
	struct abbrev_step *steps;
	size_t nr_steps, steps_room;
	/* which table this is; offset_size 0 = none yet */
	uint64_t offset;
	uint16_t version;
	uint8_t offset_size, address_size;
};

bool abbrevs_read(struct abbrevs *abbrevs, const struct index_file *file,
		  const struct index_unit *unit, struct error *error);
void abbrevs_free(struct abbrevs *abbrevs);
/* Skips a value of FORM; false if the form is unknown. */
bool abbrev_skip_form(struct cursor *cursor, unsigned form, const struct index_unit *unit);

/* Names: gdb_index_names.c. Every thread has its own table. */

/* gdb's "attributes and CU index" words. */
#define INDEX_UNIT_MASK	 0xffffffu
#define INDEX_KIND_SHIFT 28
#define INDEX_STATIC	 0x80000000u
enum index_kind { INDEX_TYPE = 1, INDEX_VARIABLE, INDEX_FUNCTION, INDEX_OTHER };

struct local_name {
	const char *name;
	bool canonical;	 /* gdb spells such a name its own way */
	uint16_t seen;	 /* by kind and INDEX_STATIC */
	uint32_t symbol; /* in the file */
};

struct name_entry {
	uint32_t local, value;
};

struct names {
	unsigned first_only; /* bits by kind: only the first unit that has the name is wanted */
	uint32_t *slots;     /* hash table of numbers of locals + 1, at most half full */
	size_t mask;
	struct local_name *locals;
	size_t nr_locals;
	struct name_entry *entries;
	size_t nr_entries, entries_room;
	const char **interned; /* hash table of strings in the arena */
	size_t interned_mask, nr_interned;
	struct arena_chunk *arena;
};

/* NAME must stay where it is: in a section, or interned. False: no memory. */
bool names_add(struct names *names, const char *name, bool canonical, uint32_t value);
/* A copy of the SIZE bytes, one per content; NULL: no memory. */
const char *names_intern(struct names *names, const char *name, size_t size);
void names_free(struct names *names);

struct buffer;

/* Appends the symbol table to TABLE and its constant pool to POOL. */
bool names_write(struct names *names, size_t nr, struct buffer *table, struct buffer *pool,
		 struct error *error);

/* Addresses: gdb_index_ranges.c. */

struct index_range {
	uint64_t start, end; /* end is behind the last byte */
	uint32_t unit;
};

struct index_ranges {
	struct index_range *list;
	size_t nr, room;
};

bool ranges_add(struct index_ranges *ranges, uint64_t start, uint64_t end, uint32_t unit);
void ranges_free(struct index_ranges *ranges);
/*
 * .debug_aranges; sets the units' addresses_known. Like gdb, takes all of the section or, if it is
 * damaged, nothing. False: no memory.
 */
bool ranges_read_aranges(struct index_ranges *ranges, struct index_file *file);

/* A unit while its DIEs are scanned. */

enum index_language { LANGUAGE_C, LANGUAGE_ASSEMBLER, LANGUAGE_RUST };

struct scope {
	uint64_t start, end; /* DIE offsets, end inclusive */
	const char *prefix;  /* "kernel::task::" */
};

struct scanner {
	const struct index_file *file;
	struct names names;
	struct index_ranges ranges;
	struct abbrevs abbrevs;
	struct scope *scopes; /* of the unit: those that are done, inner before outer */
	size_t nr_scopes, scopes_room;
	/* the unit */
	const struct index_unit *unit;
	uint32_t number;
	enum index_language language;
	bool want_addresses;
	uint64_t base, str_offsets_base, addr_base, rnglists_base;
	struct error *error;
};

/* Scans the unit of that number: gdb_index_scan.c. */
bool scan_unit(struct scanner *scanner, uint32_t number, struct error *error);
void scan_free(struct scanner *scanner);
/* Adds what the range list at OFFSET (INDEX: of that number) says. */
bool ranges_read_list(struct scanner *scanner, uint64_t offset, bool is_index);

/* A DIE's values: gdb_index_die.c. References are offsets in .debug_info, 0 = none. */

struct die {
	const struct abbrev *abbrev;
	uint64_t offset;
	const char *name, *linkage_name;
	uint64_t sibling, origin, low, high, ranges; /* sibling, origin: offsets in .debug_info */
	bool is_static, declaration, enum_class;
	bool has_low, has_high, high_is_size, has_ranges, ranges_are_index;
};

/* Both set the scanner's error and return false. */
bool scan_damaged(struct scanner *scanner, const char *what);
bool scan_no_memory(struct scanner *scanner);

/* Entry INDEX of .debug_addr for the scanner's unit. */
bool scan_address(struct scanner *scanner, uint64_t index, uint64_t *address);
/* A constant, flag or offset. */
bool scan_number(struct scanner *scanner, struct cursor *cursor, const struct abbrev_step *step,
		 uint64_t *value);
/* Reads the code at the cursor. NULL: the end of a list of children, or *FAILED. */
const struct abbrev *scan_code(struct scanner *scanner, struct cursor *cursor, bool *failed);
/* Reads the attributes that matter, if ALL, or only where the next sibling is. */
bool scan_die(struct scanner *scanner, struct cursor *cursor, struct die *die, bool all);
/* From behind DIE's attributes to behind its children. */
bool scan_skip_children(struct scanner *scanner, struct cursor *cursor, const struct die *die);

/* Everything in the file is little-endian. */
static inline void append_u32(struct buffer *buffer, uint32_t value)
{
	value = htole32(value);
	buffer_append(buffer, &value, sizeof(value));
}

#endif
