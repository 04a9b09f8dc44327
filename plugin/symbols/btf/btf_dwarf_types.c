// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * BTF's types as DWARF entries; see btf_dwarf.h.
 *
 * gdb trusts DWARF: a pointer to itself or a typedef of itself sends it into endless recursion. So
 * each type's chain of references is followed first, down to the structures, enumerations and
 * numbers that end it, and what does not end becomes void.
 */
#include "symbols/btf/btf_dwarf_internal.h"

#include <dwarf.h>
#include <string.h>

#define MAX_DEPTH 128		/* of types that refer to each other; C has a dozen */

enum soundness { UNKNOWN, IN_PROGRESS, SOUND, UNSOUND };

/* --- which types can be described --- */

static bool is_sound(struct btf_dwarf_writer *writer, uint32_t id, unsigned depth);

static bool is_sound_prototype(struct btf_dwarf_writer *writer, const struct btf_type *type,
			       unsigned depth)
{
	if (!is_sound(writer, type->size_or_type, depth))
		return false;
	for (uint32_t i = 0; i < type->count; i++)
		if (!is_sound(writer, btf_get32(writer->btf, type->at + i * 8 + 4), depth))
			return false;
	return true;
}

static bool look_at(struct btf_dwarf_writer *writer, uint32_t id, unsigned depth)
{
	struct btf_type type;

	btf_get_type(writer->btf, id, &type, NULL);
	switch (type.kind) {
	case BTF_PTR: case BTF_TYPEDEF: case BTF_CONST: case BTF_VOLATILE: case BTF_RESTRICT:
	case BTF_TYPE_TAG:
		return is_sound(writer, type.size_or_type, depth);
	case BTF_ARRAY:	/* of void cannot be */
		return is_sound(writer, btf_get32(writer->btf, type.at), depth) &&
		       btf_dwarf_resolve(writer, btf_get32(writer->btf, type.at));
	case BTF_FUNC_PROTO:
		return is_sound_prototype(writer, &type, depth);
	case BTF_INT: case BTF_STRUCT: case BTF_UNION: case BTF_ENUM: case BTF_ENUM64: case BTF_FWD:
	case BTF_FLOAT:
		return true;
	default:	/* not types: functions, variables, sections, tags */
		return false;
	}
}

static bool is_sound(struct btf_dwarf_writer *writer, uint32_t id, unsigned depth)
{
	bool sound;

	if (id == 0)
		return true;
	if (id >= writer->btf->nr_records || depth > MAX_DEPTH)
		return false;
	if (writer->soundness[id] != UNKNOWN)
		return writer->soundness[id] == SOUND;	/* in progress: it leads to itself */
	writer->soundness[id] = IN_PROGRESS;
	sound = look_at(writer, id, depth + 1);
	writer->soundness[id] = sound ? SOUND : UNSOUND;
	return sound;
}

uint32_t btf_dwarf_resolve(struct btf_dwarf_writer *writer, uint32_t id)
{
	struct btf_type type;

	if (!is_sound(writer, id, 0))
		return 0;
	/* Sound, so this ends. */
	while (id) {
		btf_get_type(writer->btf, id, &type, NULL);
		if (type.kind != BTF_TYPE_TAG)
			return id;
		id = type.size_or_type;
	}
	return 0;
}

/* --- entries --- */

/* An entry that is WITH a type, or VOID. */
static void start(struct btf_dwarf_writer *writer, enum abbrev with, enum abbrev without,
		  uint32_t type)
{
	btf_dwarf_uleb(writer, type ? with : without);
}

static void simple(struct btf_dwarf_writer *writer, const struct btf_type *type, enum abbrev with,
		   enum abbrev without)
{
	uint32_t target = btf_dwarf_resolve(writer, type->size_or_type);

	start(writer, with, without, target);
	if (type->kind == BTF_TYPEDEF)
		btf_dwarf_u32(writer, type->name);
	if (type->kind == BTF_PTR)
		btf_dwarf_uleb(writer, 8);	/* BTF does not say; every machine here has 64 bits */
	if (target)
		btf_dwarf_reference(writer, target);
}

/* BTF marks char as a number like any other. */
static void integer(struct btf_dwarf_writer *writer, const struct btf_type *type)
{
	uint32_t info = btf_get32(writer->btf, type->at) >> 24;
	const char *name = btf_string(writer->btf, type->name);
	bool is_char = type->size_or_type == 1 && strstr(name, "char");
	uint8_t encoding = info & BTF_INT_SIGNED ? DW_ATE_signed : DW_ATE_unsigned;

	if (info & BTF_INT_BOOL)
		encoding = DW_ATE_boolean;
	else if (is_char || info & BTF_INT_CHAR)
		encoding = strncmp(name, "unsigned", 8) ? DW_ATE_signed_char : DW_ATE_unsigned_char;
	btf_dwarf_uleb(writer, ABBREV_BASE);
	btf_dwarf_u32(writer, type->name);
	btf_dwarf_uleb(writer, type->size_or_type);
	btf_dwarf_u8(writer, encoding);
}

static void floating(struct btf_dwarf_writer *writer, const struct btf_type *type)
{
	btf_dwarf_uleb(writer, ABBREV_BASE);
	btf_dwarf_u32(writer, type->name);
	btf_dwarf_uleb(writer, type->size_or_type);
	btf_dwarf_u8(writer, DW_ATE_float);
}

/* No elements are a flexible array: BTF does not tell [0] from []. */
static void array(struct btf_dwarf_writer *writer, const struct btf_type *type)
{
	uint32_t element = btf_dwarf_resolve(writer, btf_get32(writer->btf, type->at));
	uint32_t count = btf_get32(writer->btf, type->at + 8);

	btf_dwarf_uleb(writer, ABBREV_ARRAY);
	btf_dwarf_reference(writer, element);
	btf_dwarf_uleb(writer, count ? ABBREV_RANGE : ABBREV_RANGE_OPEN);
	if (count)
		btf_dwarf_uleb(writer, count);
	btf_dwarf_u8(writer, 0);
}

/* Before kind_flag (pahole 1.12) a bit field's type was an integer of so many bits. */
static void old_bit_field(struct btf_dwarf_writer *writer, uint32_t id, uint32_t *bits,
			  uint32_t *offset)
{
	struct btf_type type;
	uint32_t info, width;

	btf_get_type(writer->btf, id, &type, NULL);
	if (*bits || type.kind != BTF_INT)
		return;
	info = btf_get32(writer->btf, type.at);
	width = info & 0xff;
	if (width && width < 64 && width != type.size_or_type * 8) {
		*bits = width;
		*offset += info >> 16 & 0xff;
	}
}

static void member(struct btf_dwarf_writer *writer, const struct btf_type *type, uint32_t at)
{
	uint32_t name = btf_get32(writer->btf, at), offset = btf_get32(writer->btf, at + 8);
	uint32_t target = btf_dwarf_resolve(writer, btf_get32(writer->btf, at + 4));
	uint32_t bits = type->flag ? offset >> 24 : 0;
	bool named = *btf_string(writer->btf, name);

	if (!target)
		return;
	if (type->flag)
		offset &= 0xffffff;
	old_bit_field(writer, target, &bits, &offset);
	if (bits && !named)
		return;
	btf_dwarf_uleb(writer, bits ? ABBREV_BIT_FIELD :
		       named ? ABBREV_MEMBER : ABBREV_MEMBER_ANONYMOUS);
	if (named)
		btf_dwarf_u32(writer, name);
	btf_dwarf_reference(writer, target);
	if (bits)
		btf_dwarf_uleb(writer, bits);
	btf_dwarf_uleb(writer, bits ? offset : offset / 8);
}

static void structure(struct btf_dwarf_writer *writer, const struct btf_type *type, bool own)
{
	bool is_union = type->kind == BTF_UNION, named = *btf_string(writer->btf, type->name);

	if (named && !own) {
		btf_dwarf_uleb(writer, is_union ? ABBREV_UNION_DECLARED : ABBREV_STRUCT_DECLARED);
		btf_dwarf_u32(writer, type->name);
		return;
	}
	if (named) {
		btf_dwarf_uleb(writer, is_union ? ABBREV_UNION : ABBREV_STRUCT);
		btf_dwarf_u32(writer, type->name);
	} else {
		btf_dwarf_uleb(writer,
			       is_union ? ABBREV_UNION_ANONYMOUS : ABBREV_STRUCT_ANONYMOUS);
	}
	btf_dwarf_uleb(writer, type->size_or_type);
	for (uint32_t i = 0; i < type->count; i++)
		member(writer, type, type->at + i * 12);
	btf_dwarf_u8(writer, 0);
}

static void declaration(struct btf_dwarf_writer *writer, const struct btf_type *type)
{
	btf_dwarf_uleb(writer, type->flag ? ABBREV_UNION_DECLARED : ABBREV_STRUCT_DECLARED);
	btf_dwarf_u32(writer, type->name);
}

static void enumerator(struct btf_dwarf_writer *writer, const struct btf_type *type, uint32_t at)
{
	/* Older BTF (before pahole 1.24) does not say; its values are signed. */
	bool sign = type->flag || (type->kind == BTF_ENUM && !writer->btf->signed_enums);
	uint64_t value = btf_get32(writer->btf, at + 4);

	if (type->kind == BTF_ENUM64)
		value |= (uint64_t)btf_get32(writer->btf, at + 8) << 32;
	else if (sign)
		value = (int32_t)value;
	btf_dwarf_uleb(writer, sign ? ABBREV_ENUMERATOR : ABBREV_ENUMERATOR_UNSIGNED);
	btf_dwarf_u32(writer, btf_get32(writer->btf, at));
	if (sign)
		btf_dwarf_sleb(writer, value);
	else
		btf_dwarf_uleb(writer, value);
}

static void enumeration(struct btf_dwarf_writer *writer, const struct btf_type *type)
{
	bool named = *btf_string(writer->btf, type->name);
	uint32_t each = type->kind == BTF_ENUM64 ? 12 : 8;

	if (named && type->count == 0) {
		btf_dwarf_uleb(writer, ABBREV_ENUM_DECLARED);
		btf_dwarf_u32(writer, type->name);
		return;
	}
	btf_dwarf_uleb(writer, named ? ABBREV_ENUM : ABBREV_ENUM_ANONYMOUS);
	if (named)
		btf_dwarf_u32(writer, type->name);
	btf_dwarf_uleb(writer, type->size_or_type);
	for (uint32_t i = 0; i < type->count; i++)
		enumerator(writer, type, type->at + i * each);
	btf_dwarf_u8(writer, 0);
}

static void prototype(struct btf_dwarf_writer *writer, const struct btf_type *type)
{
	uint32_t result = btf_dwarf_resolve(writer, type->size_or_type);

	start(writer, ABBREV_PROTOTYPE, ABBREV_PROTOTYPE_VOID, result);
	if (result)
		btf_dwarf_reference(writer, result);
	for (uint32_t i = 0; i < type->count; i++) {
		uint32_t id = btf_get32(writer->btf, type->at + i * 8 + 4);
		uint32_t target = btf_dwarf_resolve(writer, id);

		if (target) {
			btf_dwarf_uleb(writer, ABBREV_PARAMETER);
			btf_dwarf_reference(writer, target);
		} else if (id == 0 && i + 1 == type->count) {
			btf_dwarf_uleb(writer, ABBREV_UNSPECIFIED);
		}
	}
	btf_dwarf_u8(writer, 0);
}

static void entry(struct btf_dwarf_writer *writer, uint32_t id)
{
	struct btf_type type;

	btf_get_type(writer->btf, id, &type, NULL);
	writer->dies[id] = writer->info->size;
	switch (type.kind) {
	case BTF_INT:
		integer(writer, &type);
		break;
	case BTF_FLOAT:
		floating(writer, &type);
		break;
	case BTF_PTR:
		simple(writer, &type, ABBREV_POINTER, ABBREV_POINTER_VOID);
		break;
	case BTF_CONST:
		simple(writer, &type, ABBREV_CONST, ABBREV_CONST_VOID);
		break;
	case BTF_VOLATILE:
		simple(writer, &type, ABBREV_VOLATILE, ABBREV_VOLATILE_VOID);
		break;
	case BTF_RESTRICT:
		simple(writer, &type, ABBREV_RESTRICT, ABBREV_RESTRICT_VOID);
		break;
	case BTF_TYPEDEF:
		simple(writer, &type, ABBREV_TYPEDEF, ABBREV_TYPEDEF_VOID);
		break;
	case BTF_ARRAY:
		array(writer, &type);
		break;
	case BTF_STRUCT: case BTF_UNION:
		structure(writer, &type, id >= writer->input->first);
		break;
	case BTF_FWD:
		declaration(writer, &type);
		break;
	case BTF_ENUM: case BTF_ENUM64:
		enumeration(writer, &type);
		break;
	case BTF_FUNC_PROTO:
		prototype(writer, &type);
		break;
	default:
		break;
	}
}

/* Of another object's types, those that are used. */
static void want(struct btf_dwarf_writer *writer, uint32_t id)
{
	id = btf_dwarf_resolve(writer, id);
	if (id && !writer->dies[id])
		entry(writer, id);
}

/* What the functions and variables of the code's units will refer to. */
static void want_for_code(struct btf_dwarf_writer *writer, uint32_t id)
{
	struct btf_type type, prototype;

	btf_get_type(writer->btf, id, &type, NULL);
	if (type.kind == BTF_VAR)
		want(writer, type.size_or_type);
	if (type.kind != BTF_FUNC || type.size_or_type >= writer->btf->nr_records)
		return;
	btf_get_type(writer->btf, type.size_or_type, &prototype, NULL);
	if (prototype.kind != BTF_FUNC_PROTO)
		return;
	want(writer, prototype.size_or_type);
	for (uint32_t i = 0; i < prototype.count; i++)
		want(writer, btf_get32(writer->btf, prototype.at + i * 8 + 4));
}

void btf_dwarf_types(struct btf_dwarf_writer *writer)
{
	size_t unit = btf_dwarf_unit(writer, 0, 0);

	for (uint32_t id = writer->input->first; id < writer->btf->nr_records; id++)
		if (btf_dwarf_resolve(writer, id) == id)
			entry(writer, id);
	if (writer->input->first > 1) {
		for (uint32_t id = writer->input->first; id < writer->btf->nr_records; id++)
			want_for_code(writer, id);
		/* These grow while they are looked at. */
		for (size_t i = 0; i < writer->references.size / 4 && !writer->info->failed; i++) {
			uint32_t at, id;

			memcpy(&at, writer->references.data + i * 4, 4);
			memcpy(&id, writer->info->data + at, 4);
			want(writer, id);
		}
	}
	btf_dwarf_unit_end(writer, unit);
}
