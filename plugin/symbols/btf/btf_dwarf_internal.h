/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of btf_dwarf.h. */
#ifndef VMCORE_SYMBOLS_BTF_DWARF_INTERNAL_H
#define VMCORE_SYMBOLS_BTF_DWARF_INTERNAL_H

#include "symbols/btf/btf_dwarf.h"

/* The abbreviations, numbered; btf_dwarf.c has their table in the same order. */
enum abbrev {
	ABBREV_NONE,
	ABBREV_UNIT, ABBREV_CODE_UNIT,
	ABBREV_BASE, ABBREV_POINTER, ABBREV_POINTER_VOID, ABBREV_CONST, ABBREV_CONST_VOID,
	ABBREV_VOLATILE, ABBREV_VOLATILE_VOID, ABBREV_RESTRICT, ABBREV_RESTRICT_VOID,
	ABBREV_TYPEDEF, ABBREV_TYPEDEF_VOID,
	ABBREV_ARRAY, ABBREV_RANGE, ABBREV_RANGE_OPEN,
	ABBREV_STRUCT, ABBREV_STRUCT_ANONYMOUS, ABBREV_STRUCT_DECLARED,
	ABBREV_UNION, ABBREV_UNION_ANONYMOUS, ABBREV_UNION_DECLARED,
	ABBREV_MEMBER, ABBREV_MEMBER_ANONYMOUS, ABBREV_BIT_FIELD,
	ABBREV_ENUM, ABBREV_ENUM_ANONYMOUS, ABBREV_ENUM_DECLARED,
	ABBREV_ENUMERATOR, ABBREV_ENUMERATOR_UNSIGNED,
	ABBREV_PROTOTYPE, ABBREV_PROTOTYPE_VOID, ABBREV_PARAMETER, ABBREV_UNSPECIFIED,
	ABBREV_FUNCTION, ABBREV_FUNCTION_VOID, ABBREV_FUNCTION_STATIC, ABBREV_FUNCTION_STATIC_VOID,
	ABBREV_COLD, ABBREV_NAMED_PARAMETER, ABBREV_NAMELESS_PARAMETER,
	ABBREV_VARIABLE, ABBREV_VARIABLE_STATIC,
	NR_ABBREVS
};

struct btf_dwarf_writer {
	const struct btf_dwarf_input *input;
	const struct btf *btf;
	struct buffer *info;
	uint32_t *dies;			/* [nr_records] where each type's entry is; 0 = nowhere */
	uint8_t *soundness;		/* [nr_records] enum soundness, of btf_dwarf_types.c */
	struct buffer references;	/* uint32_t each: where info has a type's number so far */
};

/* --- btf_dwarf.c: writing entries --- */
void btf_dwarf_u8(struct btf_dwarf_writer *writer, uint8_t value);
void btf_dwarf_u32(struct btf_dwarf_writer *writer, uint32_t value);
void btf_dwarf_u64(struct btf_dwarf_writer *writer, uint64_t value);
void btf_dwarf_uleb(struct btf_dwarf_writer *writer, uint64_t value);
void btf_dwarf_sleb(struct btf_dwarf_writer *writer, int64_t value);
/* Starts a unit and returns its offset; *START and END are the code it covers, none for 0. */
size_t btf_dwarf_unit(struct btf_dwarf_writer *writer, uint64_t start, uint64_t end);
void btf_dwarf_unit_end(struct btf_dwarf_writer *writer, size_t unit);

/* A reference to type ID, which is not void. */
void btf_dwarf_reference(struct btf_dwarf_writer *writer, uint32_t id);

/* --- btf_dwarf_types.c --- */
void btf_dwarf_types(struct btf_dwarf_writer *writer);
/*
 * The number of the type that stands for ID: tags left out, 0 for void and for what cannot be
 * described, such as a type that contains itself.
 */
uint32_t btf_dwarf_resolve(struct btf_dwarf_writer *writer, uint32_t id);

/* --- btf_dwarf_code.c --- */
bool btf_dwarf_functions(struct btf_dwarf_writer *writer, struct error *error);
void btf_dwarf_variables(struct btf_dwarf_writer *writer);

#endif
