// SPDX-License-Identifier: GPL-3.0-or-later
/* BTF to DWARF; see btf_dwarf.h. Here: the sections, the abbreviations, how numbers are written. */
#include "symbols/btf/btf_dwarf_internal.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCER "gdb-vmcore, from the kernel's BTF"

#define MAX_ATTRIBUTES 6

struct abbreviation {
	uint8_t tag;
	bool children;
	struct { uint8_t attribute, form; } attributes[MAX_ATTRIBUTES];
};

#define NAME { DW_AT_name, DW_FORM_strp }
#define TYPE { DW_AT_type, DW_FORM_ref4 }
/* From another unit. */
#define FAR_TYPE { DW_AT_type, DW_FORM_ref_addr }
#define SIZE { DW_AT_byte_size, DW_FORM_udata }
#define PLACE { DW_AT_data_member_location, DW_FORM_udata }
#define DECLARED { DW_AT_declaration, DW_FORM_flag_present }
#define EXTERNAL { DW_AT_external, DW_FORM_flag_present }
#define PROTOTYPED { DW_AT_prototyped, DW_FORM_flag_present }
#define CODE { DW_AT_low_pc, DW_FORM_addr }, { DW_AT_high_pc, DW_FORM_udata }

static const struct abbreviation abbreviations[NR_ABBREVS] = {
	[ABBREV_UNIT] = { DW_TAG_compile_unit, true,
			  { { DW_AT_producer, DW_FORM_string }, { DW_AT_language, DW_FORM_data1 },
			    { DW_AT_name, DW_FORM_string } } },
	[ABBREV_CODE_UNIT] = { DW_TAG_compile_unit, true,
			       { { DW_AT_producer, DW_FORM_string },
				 { DW_AT_language, DW_FORM_data1 },
				 { DW_AT_name, DW_FORM_string }, CODE } },
	[ABBREV_BASE] = { DW_TAG_base_type, false,
			  { NAME, SIZE, { DW_AT_encoding, DW_FORM_data1 } } },
	[ABBREV_POINTER] = { DW_TAG_pointer_type, false, { SIZE, TYPE } },
	[ABBREV_POINTER_VOID] = { DW_TAG_pointer_type, false, { SIZE } },
	[ABBREV_CONST] = { DW_TAG_const_type, false, { TYPE } },
	[ABBREV_CONST_VOID] = { DW_TAG_const_type, false, { { 0 } } },
	[ABBREV_VOLATILE] = { DW_TAG_volatile_type, false, { TYPE } },
	[ABBREV_VOLATILE_VOID] = { DW_TAG_volatile_type, false, { { 0 } } },
	[ABBREV_RESTRICT] = { DW_TAG_restrict_type, false, { TYPE } },
	[ABBREV_RESTRICT_VOID] = { DW_TAG_restrict_type, false, { { 0 } } },
	[ABBREV_TYPEDEF] = { DW_TAG_typedef, false, { NAME, TYPE } },
	[ABBREV_TYPEDEF_VOID] = { DW_TAG_typedef, false, { NAME } },
	[ABBREV_ARRAY] = { DW_TAG_array_type, true, { TYPE } },
	[ABBREV_RANGE] = { DW_TAG_subrange_type, false, { { DW_AT_count, DW_FORM_udata } } },
	[ABBREV_RANGE_OPEN] = { DW_TAG_subrange_type, false, { { 0 } } },
	[ABBREV_STRUCT] = { DW_TAG_structure_type, true, { NAME, SIZE } },
	[ABBREV_STRUCT_ANONYMOUS] = { DW_TAG_structure_type, true, { SIZE } },
	[ABBREV_STRUCT_DECLARED] = { DW_TAG_structure_type, false, { NAME, DECLARED } },
	[ABBREV_UNION] = { DW_TAG_union_type, true, { NAME, SIZE } },
	[ABBREV_UNION_ANONYMOUS] = { DW_TAG_union_type, true, { SIZE } },
	[ABBREV_UNION_DECLARED] = { DW_TAG_union_type, false, { NAME, DECLARED } },
	[ABBREV_MEMBER] = { DW_TAG_member, false, { NAME, TYPE, PLACE } },
	[ABBREV_MEMBER_ANONYMOUS] = { DW_TAG_member, false, { TYPE, PLACE } },
	[ABBREV_BIT_FIELD] = { DW_TAG_member, false,
			       { NAME, TYPE, { DW_AT_bit_size, DW_FORM_udata },
				 { DW_AT_data_bit_offset, DW_FORM_udata } } },
	[ABBREV_ENUM] = { DW_TAG_enumeration_type, true, { NAME, SIZE } },
	[ABBREV_ENUM_ANONYMOUS] = { DW_TAG_enumeration_type, true, { SIZE } },
	[ABBREV_ENUM_DECLARED] = { DW_TAG_enumeration_type, false, { NAME, DECLARED } },
	[ABBREV_ENUMERATOR] = { DW_TAG_enumerator, false,
				{ NAME, { DW_AT_const_value, DW_FORM_sdata } } },
	[ABBREV_ENUMERATOR_UNSIGNED] = { DW_TAG_enumerator, false,
					 { NAME, { DW_AT_const_value, DW_FORM_udata } } },
	[ABBREV_PROTOTYPE] = { DW_TAG_subroutine_type, true, { PROTOTYPED, TYPE } },
	[ABBREV_PROTOTYPE_VOID] = { DW_TAG_subroutine_type, true, { PROTOTYPED } },
	[ABBREV_PARAMETER] = { DW_TAG_formal_parameter, false, { TYPE } },
	[ABBREV_UNSPECIFIED] = { DW_TAG_unspecified_parameters, false, { { 0 } } },
	[ABBREV_FUNCTION] = { DW_TAG_subprogram, true,
			      { NAME, CODE, PROTOTYPED, FAR_TYPE, EXTERNAL } },
	[ABBREV_FUNCTION_VOID] = { DW_TAG_subprogram, true, { NAME, CODE, PROTOTYPED, EXTERNAL } },
	[ABBREV_FUNCTION_STATIC] = { DW_TAG_subprogram, true, { NAME, CODE, PROTOTYPED, FAR_TYPE } },
	[ABBREV_FUNCTION_STATIC_VOID] = { DW_TAG_subprogram, true, { NAME, CODE, PROTOTYPED } },
	[ABBREV_COLD] = { DW_TAG_subprogram, false, { { DW_AT_name, DW_FORM_string }, CODE } },
	[ABBREV_NAMED_PARAMETER] = { DW_TAG_formal_parameter, false, { NAME, FAR_TYPE } },
	[ABBREV_NAMELESS_PARAMETER] = { DW_TAG_formal_parameter, false, { FAR_TYPE } },
	[ABBREV_VARIABLE] = { DW_TAG_variable, false,
			      { NAME, FAR_TYPE, { DW_AT_location, DW_FORM_exprloc }, EXTERNAL } },
	[ABBREV_VARIABLE_STATIC] = { DW_TAG_variable, false,
				     { NAME, FAR_TYPE, { DW_AT_location, DW_FORM_exprloc } } },
};

/* --- numbers --- */

void btf_dwarf_u8(struct btf_dwarf_writer *writer, uint8_t value)
{
	buffer_append(writer->info, &value, 1);
}

void btf_dwarf_u32(struct btf_dwarf_writer *writer, uint32_t value)
{
	buffer_append(writer->info, &value, 4);
}

void btf_dwarf_u64(struct btf_dwarf_writer *writer, uint64_t value)
{
	buffer_append(writer->info, &value, 8);
}

void btf_dwarf_uleb(struct btf_dwarf_writer *writer, uint64_t value)
{
	buffer_uleb(writer->info, value);
}

void btf_dwarf_sleb(struct btf_dwarf_writer *writer, int64_t value)
{
	buffer_sleb(writer->info, value);
}

void btf_dwarf_reference(struct btf_dwarf_writer *writer, uint32_t id)
{
	uint32_t at = writer->info->size;

	buffer_append(&writer->references, &at, sizeof(at));
	btf_dwarf_u32(writer, id);
}

/* --- units --- */

static void write_abbreviations(struct buffer *section)
{
	for (unsigned code = 1; code < NR_ABBREVS; code++) {
		const struct abbreviation *abbreviation = &abbreviations[code];

		buffer_uleb(section, code);
		buffer_uleb(section, abbreviation->tag);
		buffer_char(section, abbreviation->children);
		for (unsigned i = 0; i < MAX_ATTRIBUTES; i++) {
			if (!abbreviation->attributes[i].attribute)
				break;
			buffer_uleb(section, abbreviation->attributes[i].attribute);
			buffer_uleb(section, abbreviation->attributes[i].form);
		}
		buffer_uleb(section, 0);
		buffer_uleb(section, 0);
	}
	buffer_char(section, 0);
}

size_t btf_dwarf_unit(struct btf_dwarf_writer *writer, uint64_t start, uint64_t end)
{
	size_t unit = writer->info->size;

	btf_dwarf_u32(writer, 0);	/* the length: btf_dwarf_unit_end */
	buffer_append(writer->info, "\4\0", 2);
	btf_dwarf_u32(writer, 0);	/* all share one table of abbreviations */
	btf_dwarf_u8(writer, 8);
	btf_dwarf_uleb(writer, start == end ? ABBREV_UNIT : ABBREV_CODE_UNIT);
	buffer_append(writer->info, PRODUCER, sizeof(PRODUCER));
	btf_dwarf_u8(writer, DW_LANG_C11);
	buffer_append(writer->info, writer->input->name, strlen(writer->input->name) + 1);
	if (start != end) {
		btf_dwarf_u64(writer, start);
		btf_dwarf_uleb(writer, end - start);
	}
	return unit;
}

void btf_dwarf_unit_end(struct btf_dwarf_writer *writer, size_t unit)
{
	uint32_t length;

	btf_dwarf_u8(writer, 0);	/* no more children */
	if (writer->info->failed)
		return;
	length = writer->info->size - unit - 4;
	memcpy(writer->info->data + unit, &length, 4);
}

/*
 * So far a reference is the number of a type; from here on it is where that is. The types' unit is
 * the first, so both kinds of reference count from the same place. A type that was not described
 * does not happen: btf_dwarf_resolve has made it void.
 */
static void settle_references(struct btf_dwarf_writer *writer)
{
	size_t count = writer->references.size / 4;

	for (size_t i = 0; i < count; i++) {
		uint32_t at, id;

		memcpy(&at, writer->references.data + i * 4, 4);
		memcpy(&id, writer->info->data + at, 4);
		memcpy(writer->info->data + at, &writer->dies[id], 4);
	}
}

bool btf_dwarf_make(const struct btf_dwarf_input *input, struct btf_dwarf *dwarf,
		    struct error *error)
{
	const struct btf *btf = input->btf;
	struct btf_dwarf_writer writer = { .input = input, .btf = btf, .info = &dwarf->info };
	bool made;

	*dwarf = (struct btf_dwarf){ .strings = (const char *)btf->data + btf->strings,
				     .strings_size = btf->strings_size };
	if (btf->swap)
		return error_set(error, ERROR_UNSUPPORTED,
				 "BTF of the other byte order than this machine's");
	writer.dies = calloc(btf->nr_records, sizeof(*writer.dies));
	writer.soundness = calloc(btf->nr_records, 1);
	write_abbreviations(&dwarf->abbrev);
	made = (writer.dies && writer.soundness) ||
	       error_no_memory(error, "types for gdb", btf->nr_records * 5ul);
	if (made)
		btf_dwarf_types(&writer);
	if (made && input->symbols) {
		made = btf_dwarf_functions(&writer, error);
		btf_dwarf_variables(&writer);
	}
	if (made && (dwarf->info.failed || dwarf->abbrev.failed || writer.references.failed))
		made = error_no_memory(error, "types for gdb", dwarf->info.size);
	if (made && dwarf->info.size > INT32_MAX)
		made = error_set(error, ERROR_CORRUPT, "BTF is absurdly large");
	if (made)
		settle_references(&writer);
	buffer_free(&writer.references);
	free(writer.dies);
	free(writer.soundness);
	return made;
}

void btf_dwarf_free(struct btf_dwarf *dwarf)
{
	buffer_free(&dwarf->info);
	buffer_free(&dwarf->abbrev);
}
