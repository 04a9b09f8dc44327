// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Types from DWARF, for kernels that were built without BTF (most before 5.10).
 *
 * Names are found through symbols/dwarf/dwarf_index.h, which reads lazily; a name that is nowhere in
 * .debug_str needs no look at any unit. Types inside of functions are not seen.
 */
#include "symbols/types.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/dwarf/dwarf_index.h"
#include "symbols/elf/elf_file.h"

#define MAX_CHAIN 64		/* typedefs, qualifiers and dimensions in a row */
#define MAX_ANONYMOUS 32	/* anonymous members inside of each other */
#define MAX_VISITS 1000000	/* members looked at for one question */

struct dwarf_types {
	struct elf_file file;
	Dwarf *dwarf;
	struct dwarf_index index;
	const char *strings;	/* .debug_str; NULL if names may also be elsewhere */
	size_t strings_size;
};

/* The type of a member, a typedef, ...: false = void. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, DW_AT_type, &attribute) &&
	       dwarf_formref_die(&attribute, type);
}

static bool is_qualifier(int tag)
{
	return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

/* Removes qualifiers, and with TYPEDEFS those too. False: that is void, or damaged. */
static bool strip(const Dwarf_Die *from, bool typedefs, Dwarf_Die *type)
{
	*type = *from;
	for (int i = 0; i < MAX_CHAIN; i++) {
		int tag = dwarf_tag(type);
		Dwarf_Die next;

		if (!is_qualifier(tag) && !(typedefs && tag == DW_TAG_typedef))
			return tag != DW_TAG_invalid;
		if (!type_of(type, &next))
			return false;
		*type = next;
	}
	return false;
}

/* strip, and if that is only a declaration, the definition in whatever unit has it. */
static bool resolve(struct dwarf_types *types, const Dwarf_Die *from, Dwarf_Die *type)
{
	if (!strip(from, true, type))
		return false;
	if (dwarf_hasattr(type, DW_AT_declaration) && dwarf_diename(type) &&
	    dwarf_index_class(dwarf_tag(type)) != CLASS_NONE) {
		enum name_class name_class = dwarf_index_class(dwarf_tag(type));

		return dwarf_index_find(&types->index, dwarf_diename(type), name_class, name_class,
					type, NULL);
	}
	return true;
}

static bool unsigned_attribute(Dwarf_Die *die, unsigned name, uint64_t *value_ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr_integrate(die, name, &attribute) ||
	    dwarf_formudata(&attribute, &value) != 0)
		return false;
	*value_ret = value;
	return true;
}

/* Number of elements of an array's dimension; 0 = not said, a flexible array. */
static uint64_t dimension(Dwarf_Die *subrange)
{
	uint64_t count, upper;

	if (unsigned_attribute(subrange, DW_AT_count, &count))
		return count;
	/* -1 stands for [0]; DWARF 3 writes it with as many bits as it likes. */
	if (unsigned_attribute(subrange, DW_AT_upper_bound, &upper) && upper < UINT32_MAX)
		return upper + 1;
	return 0;
}

/* The number of elements in all dimensions together. */
static bool count_elements(Dwarf_Die *array, uint64_t *count_ret)
{
	Dwarf_Die child;
	bool any = false;

	*count_ret = 1;
	if (dwarf_child(array, &child) == 0)
		do {
			if (dwarf_tag(&child) != DW_TAG_subrange_type)
				continue;
			any = true;
			if (__builtin_mul_overflow(*count_ret, dimension(&child), count_ret))
				return false;
		} while (dwarf_siblingof(&child, &child) == 0);
	if (!any)
		*count_ret = 0;
	return true;
}

static bool size_of(struct dwarf_types *types, const Dwarf_Die *from, uint64_t *size_ret,
		    struct error *error)
{
	uint64_t count = 1, elements;
	Dwarf_Die current = *from, type;

	*size_ret = 0;
	for (int i = 0; i < MAX_CHAIN; i++) {
		if (!resolve(types, &current, &type))
			return true;		/* void */
		if (dwarf_tag(&type) != DW_TAG_array_type) {
			int size = dwarf_bytesize(&type);

			/* Functions have none. */
			if (__builtin_mul_overflow(count, size > 0 ? (uint64_t)size : 0, size_ret))
				break;
			return true;
		}
		if (!count_elements(&type, &elements) ||
		    __builtin_mul_overflow(count, elements, &count))
			break;
		if (!type_of(&type, &current))
			return true;
	}
	return error_set(error, ERROR_CORRUPT, "DWARF has an absurdly large array");
}

static const char *useful_name(const Dwarf_Die *from)
{
	Dwarf_Die current = *from, type;
	const char *name;

	for (int i = 0; i < MAX_CHAIN; i++) {
		if (!strip(&current, false, &type))
			return "";
		if (dwarf_tag(&type) != DW_TAG_array_type) {
			if (dwarf_index_class(dwarf_tag(&type)) == CLASS_NONE)
				return "";
			name = dwarf_diename(&type);
			return name ? name : "";
		}
		if (!type_of(&type, &current))
			return "";
	}
	return "";
}

static bool has_signed_encoding(Dwarf_Die *type)
{
	uint64_t encoding;

	return unsigned_attribute(type, DW_AT_encoding, &encoding) &&
	       (encoding == DW_ATE_signed || encoding == DW_ATE_signed_char);
}

static bool has_signed_type(Dwarf_Die *type)
{
	Dwarf_Die base, stripped, child;

	if (dwarf_tag(type) != DW_TAG_enumeration_type)
		return has_signed_encoding(type);
	/* The base is a number, and no enumeration that could lead back to this one. */
	if (type_of(type, &base) && strip(&base, true, &stripped))
		return has_signed_encoding(&stripped);
	/* GCC before 8 does not name the base: negative values have a signed form then. */
	if (dwarf_child(type, &child) != 0)
		return false;
	do {
		Dwarf_Attribute attribute;

		if (dwarf_attr(&child, DW_AT_const_value, &attribute) &&
		    dwarf_whatform(&attribute) == DW_FORM_sdata)
			return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

/* All dimensions in one, as BTF has them. */
static bool describe_array(struct dwarf_types *types, Dwarf_Die *array, struct member *member,
			   struct error *error)
{
	Dwarf_Die element;

	member->kind = TYPE_ARRAY;
	if (!type_of(array, &element))
		return true;
	member->type_name = useful_name(&element);
	if (!count_elements(array, &member->count))
		return error_set(error, ERROR_CORRUPT, "DWARF has an absurdly large array");
	return size_of(types, &element, &member->element_size, error);
}

/* Everything of MEMBER but its place. */
static bool describe(struct dwarf_types *types, const Dwarf_Die *from, struct member *member,
		     struct error *error)
{
	Dwarf_Die type, target;

	if (!size_of(types, from, &member->size, error))
		return false;
	member->type_name = useful_name(from);
	member->kind = TYPE_OTHER;
	if (!resolve(types, from, &type))
		return true;
	switch (dwarf_tag(&type)) {
	case DW_TAG_base_type: case DW_TAG_enumeration_type:
		member->kind = TYPE_INTEGER;
		member->is_signed = has_signed_type(&type);
		break;
	case DW_TAG_pointer_type:
		member->kind = TYPE_POINTER;
		member->type_name = type_of(&type, &target) ? useful_name(&target) : "";
		break;
	case DW_TAG_structure_type: case DW_TAG_union_type: case DW_TAG_class_type:
		member->kind = TYPE_STRUCT;
		break;
	case DW_TAG_array_type:
		return describe_array(types, &type, member, error);
	}
	return true;
}

struct place {
	uint64_t bits;			/* from the start of the outermost type */
	uint64_t bit_size;		/* 0 = not a bit field */
	Dwarf_Die type;			/* of the member found */
	uint32_t visits;
};

enum found { FOUND, NOT_FOUND, FAILED };

/* Bytes from the structure's start to a member. */
static uint64_t member_location(Dwarf_Die *member)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Op *operations;
	size_t count;

	if (!dwarf_attr_integrate(member, DW_AT_data_member_location, &attribute))
		return 0;	/* a union's, or DWARF 5's bit field */
	if (dwarf_formudata(&attribute, &value) == 0)
		return value;
	/* DWARF 2 wrote an expression: add this number. */
	if (dwarf_getlocation(&attribute, &operations, &count) == 0 && count == 1 &&
	    operations[0].atom == DW_OP_plus_uconst)
		return operations[0].number;
	return 0;
}

static void place_member(struct dwarf_types *types, Dwarf_Die *member, uint64_t start,
			 struct place *place)
{
	uint64_t offset, storage = 0;

	place->bits = start + member_location(member) * 8;
	place->bit_size = 0;
	if (!unsigned_attribute(member, DW_AT_bit_size, &place->bit_size))
		return;
	if (unsigned_attribute(member, DW_AT_data_bit_offset, &offset)) {
		place->bits = start + offset;
	} else if (unsigned_attribute(member, DW_AT_bit_offset, &offset)) {
		/* DWARF 2 and 3 count from the storage unit's most significant bit. */
		if (!unsigned_attribute(member, DW_AT_byte_size, &storage))
			size_of(types, &place->type, &storage, NULL);
		place->bits += types->file.header.e_ident[EI_DATA] == ELFDATA2MSB ? offset :
										    storage * 8 - offset - place->bit_size;
	}
}

static enum found find_member(struct dwarf_types *types, Dwarf_Die *type, const char *name,
			      size_t length, int depth, struct place *place, struct error *error)
{
	uint64_t start = place->bits;
	Dwarf_Die child, inner;

	if (dwarf_child(type, &child) != 0)
		return NOT_FOUND;
	do {
		const char *member = dwarf_diename(&child);
		enum found found;

		if (depth > MAX_ANONYMOUS || place->visits++ > MAX_VISITS) {
			error_set(error, ERROR_CORRUPT,
				  "DWARF has a structure that contains itself or absurdly much");
			return FAILED;
		}
		if (dwarf_tag(&child) != DW_TAG_member || !type_of(&child, &place->type))
			continue;
		if (member && *member) {
			if (strncmp(member, name, length) != 0 || member[length])
				continue;
			place_member(types, &child, start, place);
			return FOUND;
		}
		if (!strip(&place->type, false, &inner) ||
		    dwarf_index_class(dwarf_tag(&inner)) != CLASS_STRUCT)
			continue;
		place_member(types, &child, start, place);
		found = find_member(types, &inner, name, length, depth + 1, place, error);
		if (found != NOT_FOUND)
			return found;
	} while (dwarf_siblingof(&child, &child) == 0);
	return NOT_FOUND;
}

static enum found find_path(struct dwarf_types *types, const Dwarf_Die *from, const char *path,
			    struct member *member, struct error *error)
{
	struct place place = { .type = *from };
	Dwarf_Die type;

	for (;;) {
		size_t length = strcspn(path, ".");
		enum found found;

		if (!resolve(types, &place.type, &type) ||
		    dwarf_index_class(dwarf_tag(&type)) != CLASS_STRUCT)
			return NOT_FOUND;
		found = find_member(types, &type, path, length, 0, &place, error);
		if (found != FOUND)
			return found;
		if (!path[length])
			break;
		path += length + 1;
	}
	if (!describe(types, &place.type, member, error))
		return FAILED;
	member->offset = place.bits / 8;
	member->bit_offset = place.bits % 8;
	member->bit_size = place.bit_size;
	return FOUND;
}

static bool dwarf_types_member(void *private, const char *name, const char *path,
			       struct member *member_ret, struct error *error)
{
	struct dwarf_types *types = private;
	struct member member = { 0 };
	Dwarf_Die die;

	if (!dwarf_index_find(&types->index, name, CLASS_STRUCT, CLASS_TYPEDEF, &die, error))
		return false;
	switch (find_path(types, &die, path, &member, error)) {
	case FOUND:
		*member_ret = member;
		return true;
	case FAILED:
		return error_prefix(error, "%s.%s", name, path);
	default:
		return error_set(error, ERROR_NO_MEMBER, "the kernel has no %s.%s", name, path);
	}
}

static bool dwarf_types_size(void *private, const char *name, uint64_t *size_ret,
			     struct error *error)
{
	struct dwarf_types *types = private;
	Dwarf_Die die, other;

	if (!dwarf_index_find(&types->index, name, CLASS_STRUCT, CLASS_BASE, &die, error))
		return false;
	/* `enum context` may come first; who asks for "context" means the structure. */
	if (dwarf_tag(&die) == DW_TAG_enumeration_type &&
	    dwarf_index_find(&types->index, name, CLASS_STRUCT, CLASS_TYPEDEF, &other, NULL))
		die = other;
	return size_of(types, &die, size_ret, error);
}

struct enumeration {
	bool (*callback)(void *context, const char *name, int64_t value);
	void *context;
};

/*
 * GCC writes negative values with DW_FORM_sdata and the others with DW_FORM_data1 and so on, which
 * have no sign of their own: 200 in a signed enumeration is the byte 200. What does not fit is
 * negative.
 */
static bool enumerator_value(Dwarf_Die *die, bool sign, unsigned bits, int64_t *value_ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Sword value;
	Dwarf_Word word;

	if (!dwarf_attr(die, DW_AT_const_value, &attribute))
		return false;
	switch (dwarf_whatform(&attribute)) {
	case DW_FORM_sdata: case DW_FORM_implicit_const:
		if (dwarf_formsdata(&attribute, &value) != 0)
			return false;
		*value_ret = value;
		return true;
	default:
		if (dwarf_formudata(&attribute, &word) != 0)
			return false;
		if (sign && bits < 64 && word >> (bits - 1) == 1)
			word |= UINT64_MAX << bits;
		*value_ret = (int64_t)word;
		return true;
	}
}

/* Returns false if the callback wanted to stop. */
static bool each_enumerator(Dwarf_Die *type, const struct enumeration *to)
{
	int size = dwarf_bytesize(type);
	unsigned bits = size > 0 && size < 8 ? size * 8 : 64;
	bool sign = has_signed_type(type);
	Dwarf_Die child;

	if (dwarf_child(type, &child) != 0)
		return true;
	do {
		const char *name = dwarf_diename(&child);
		int64_t value;

		if (name && enumerator_value(&child, sign, bits, &value) &&
		    !to->callback(to->context, name, value))
			return false;
	} while (dwarf_siblingof(&child, &child) == 0);
	return true;
}

static bool each_enumeration(struct dwarf_types *types, const struct enumeration *to,
			     struct error *error)
{
	Dwarf_Off at = 0;
	Dwarf_Die unit, die;
	bool done;

	for (;;) {
		if (!dwarf_index_next_unit(&types->index, &at, &unit, &done, error))
			return false;
		if (done)
			return true;
		if (dwarf_child(&unit, &die) != 0)
			continue;
		do {
			if (dwarf_tag(&die) == DW_TAG_enumeration_type &&
			    !each_enumerator(&die, to))
				return true;
		} while (dwarf_siblingof(&die, &die) == 0);
	}
}

static bool dwarf_types_for_each_enumerator(void *private, const char *name,
					    bool (*callback)(void *context, const char *name,
							     int64_t value),
					    void *context, struct error *error)
{
	const struct enumeration to = { callback, context };
	struct dwarf_types *types = private;
	Dwarf_Die die, type;

	if (!name)
		return each_enumeration(types, &to, error);
	if (!dwarf_index_find(&types->index, name, CLASS_TYPEDEF, CLASS_ENUM, &die, error))
		return false;
	if (!resolve(types, &die, &type) || dwarf_tag(&type) != DW_TAG_enumeration_type)
		return error_set(error, ERROR_NO_MEMBER, "the kernel has no enum %s", name);
	each_enumerator(&type, &to);
	return true;
}

/* Names of up to three characters stand in the entries themselves, the others all in .debug_str. */
static bool dwarf_types_has_name(void *private, const char *name)
{
	const struct dwarf_types *types = private;
	size_t length = strlen(name);

	/*
	 * With its NUL; as the tail of another string it counts too, because linkers merge tails.
	 */
	return !types->strings || length < 4 ||
	       memmem(types->strings, types->strings_size, name, length + 1);
}

static void dwarf_types_close(void *private)
{
	struct dwarf_types *types = private;

	if (types->dwarf)
		dwarf_end(types->dwarf);
	elf_file_close(&types->file);
	dwarf_index_free(&types->index);
	free(types);
}

static const struct types_source dwarf_source = {
	.name = "DWARF",
	.member = dwarf_types_member,
	.size = dwarf_types_size,
	.for_each_enumerator = dwarf_types_for_each_enumerator,
	.has_name = dwarf_types_has_name,
	.close = dwarf_types_close,
};

bool types_open_dwarf(const char *path, struct types **types_ret, struct error *error)
{
	struct dwarf_types *types = calloc(1, sizeof(*types));
	char origin[4096];

	if (!types)
		return error_no_memory(error, "DWARF", sizeof(*types));
	if (!elf_file_open(&types->file, path, error)) {
		free(types);
		return false;
	}
	if (!elf_file_section(&types->file, ".debug_info", NULL)) {
		dwarf_types_close(types);
		return error_set(error, ERROR_NO_SYMBOL, "%s has no debug information (DWARF)",
				 path);
	}
	types->dwarf = dwarf_begin_elf(types->file.elf, DWARF_C_READ, NULL);
	if (!types->dwarf) {
		error_set(error, ERROR_FORMAT, "%s: its DWARF cannot be read: %s", path,
			  dwarf_errmsg(-1));
		dwarf_types_close(types);
		return false;
	}
	/* dwz moves strings into another file; then .debug_str does not have every name. */
	if (!elf_file_section(&types->file, ".gnu_debugaltlink", NULL))
		types->strings =
			elf_file_contents(&types->file, ".debug_str", NULL, &types->strings_size);
	if (!dwarf_index_init(&types->index, types->dwarf, error)) {
		dwarf_types_close(types);
		return false;
	}
	snprintf(origin, sizeof(origin), "DWARF of %s", path);
	return types_new(&dwarf_source, types, origin, types_ret, error);
}
