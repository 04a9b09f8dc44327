// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Types from BTF, the compact type information that the kernel carries for BPF.
 *
 * The format is Documentation/bpf/btf.rst and include/uapi/linux/btf.h: a header, records of
 * variable length that number themselves from 1, and strings. Opening walks the records once, for
 * an index by number and one by name; everything else is looked up when asked for. It may come out
 * of a damaged or hostile dump: every record is checked to lie inside while indexing, every type
 * number and string when used, and chains of types are followed a limited number of steps.
 */
#include "symbols/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/btf/btf.h"
#include "symbols/elf/elf_file.h"

#define MAX_CHAIN 64		/* typedefs, qualifiers and dimensions in a row */
#define MAX_ANONYMOUS 32	/* anonymous members inside of each other */
#define MAX_VISITS 1000000	/* members looked at for one question */
#define MAX_ALL_VISITS 20000000	/* for one about all structures; a kernel has some 200,000 members */

static bool is_qualifier(enum btf_kind kind)
{
	return kind == BTF_CONST || kind == BTF_VOLATILE || kind == BTF_RESTRICT || kind == BTF_TYPE_TAG;
}

/* Removes qualifiers, and with TYPEDEFS those too. */
static bool strip(const struct btf *btf, uint32_t id, bool typedefs, struct btf_type *type,
		  struct error *error)
{
	for (int i = 0; i < MAX_CHAIN; i++) {
		if (!btf_get_type(btf, id, type, error))
			return false;
		if (!is_qualifier(type->kind) && !(typedefs && type->kind == BTF_TYPEDEF))
			return true;
		id = type->size_or_type;
	}
	return error_set(error, ERROR_CORRUPT, "BTF has a cycle of typedefs or qualifiers at type %u", id);
}

static bool size_of(const struct btf *btf, uint32_t id, uint64_t *size_ret, struct error *error)
{
	uint64_t count = 1, size;
	struct btf_type type;

	for (int i = 0; i < MAX_CHAIN; i++) {
		if (!strip(btf, id, true, &type, error))
			return false;
		switch (type.kind) {
		case BTF_INT: case BTF_STRUCT: case BTF_UNION: case BTF_ENUM: case BTF_ENUM64: case BTF_FLOAT:
			size = type.size_or_type;
			break;
		case BTF_PTR:
			size = 8;	/* BTF does not say; every machine here has 64 bits */
			break;
		case BTF_ARRAY:
			if (__builtin_mul_overflow(count, btf_get32(btf, type.at + 8), &count))
				return error_set(error, ERROR_CORRUPT, "BTF has an absurdly large array");
			id = btf_get32(btf, type.at);
			continue;
		/* void, functions: sizeof is 1 in GNU C, but nobody means that */
		default:
			size = 0;
			break;
		}
		if (__builtin_mul_overflow(count, size, size_ret))
			return error_set(error, ERROR_CORRUPT, "BTF has an absurdly large array");
		return true;
	}
	return error_set(error, ERROR_CORRUPT, "BTF has a cycle of arrays at type %u", id);
}

/* The name to look TYPE up with again; that of a pointer's target and of an array's element. */
static const char *useful_name(const struct btf *btf, uint32_t id)
{
	struct btf_type type;

	for (int i = 0; i < MAX_CHAIN; i++) {
		if (!strip(btf, id, false, &type, NULL))
			return "";
		if (type.kind == BTF_PTR || type.kind == BTF_FUNC_PROTO)
			return "";
		if (type.kind != BTF_ARRAY)
			return btf_string(btf, type.name);
		id = btf_get32(btf, type.at);
	}
	return "";
}

/*
 * An enumeration is unsigned in C, as GCC has it, unless a value is negative. Before pahole 1.24
 * BTF says no more than that, and its values have 32 bits: one from 2^31 on looks negative.
 */
static bool has_negative(const struct btf *btf, const struct btf_type *type)
{
	for (uint32_t i = 0; i < type->count; i++)
		if ((int32_t)btf_get32(btf, type->at + i * 8 + 4) < 0)
			return true;
	return false;
}

static bool is_signed(const struct btf *btf, const struct btf_type *type)
{
	if (type->kind == BTF_INT)
		return btf_get32(btf, type->at) >> 24 & BTF_INT_SIGNED;
	if (type->kind == BTF_ENUM)
		return type->flag || (!btf->signed_enums && has_negative(btf, type));
	return type->kind == BTF_ENUM64 && type->flag;
}

/* All dimensions in one: pahole already writes them so. An array behind a typedef is an element. */
static bool describe_array(const struct btf *btf, const struct btf_type *array, struct member *member,
			   struct error *error)
{
	struct btf_type type = *array;
	uint32_t element;

	member->kind = TYPE_ARRAY;
	member->count = 1;
	for (int i = 0; i < MAX_CHAIN; i++) {
		/* size_of has been here before: neither an overflow nor a cycle is left. */
		member->count *= btf_get32(btf, type.at + 8);
		element = btf_get32(btf, type.at);
		if (!strip(btf, element, false, &type, error))
			return false;
		if (type.kind != BTF_ARRAY)
			break;
	}
	member->type_name = useful_name(btf, element);
	return size_of(btf, element, &member->element_size, error);
}

/* Everything of MEMBER but its place. */
static bool describe(const struct btf *btf, uint32_t id, struct member *member, struct error *error)
{
	struct btf_type type;

	if (!size_of(btf, id, &member->size, error) || !strip(btf, id, true, &type, error))
		return false;
	member->type_name = useful_name(btf, id);
	switch (type.kind) {
	case BTF_INT: case BTF_ENUM: case BTF_ENUM64:
		member->kind = TYPE_INTEGER;
		member->is_signed = is_signed(btf, &type);
		break;
	case BTF_PTR:
		member->kind = TYPE_POINTER;
		member->type_name = useful_name(btf, type.size_or_type);
		break;
	case BTF_STRUCT: case BTF_UNION:
		member->kind = TYPE_STRUCT;
		break;
	case BTF_ARRAY:
		return describe_array(btf, &type, member, error);
	default:
		member->kind = TYPE_OTHER;
		break;
	}
	return true;
}

/* Where a search among members has got to. */
struct place {
	uint64_t bits;			/* from the start of the outermost type */
	uint32_t type;			/* of the member found */
	uint8_t bit_size;		/* 0 = not a bit field */
	uint32_t visits;
};

enum found { FOUND, NOT_FOUND, FAILED };

/*
 * Looks for a member of a structure, also inside of its anonymous members. PLACE starts at the
 * structure.
 */
static enum found find_member(const struct btf *btf, const struct btf_type *type, const char *name,
			      size_t length, int depth, struct place *place, struct error *error)
{
	uint64_t start = place->bits;

	if (depth > MAX_ANONYMOUS || place->visits > MAX_VISITS) {
		error_set(error, ERROR_CORRUPT, "BTF has a structure that contains itself or absurdly much");
		return FAILED;
	}
	for (uint32_t i = 0; i < type->count; i++) {
		uint32_t at = type->at + i * 12;
		uint32_t offset = btf_get32(btf, at + 8);
		const char *member = btf_string(btf, btf_get32(btf, at));
		struct btf_type inner;
		enum found found;

		place->visits++;
		place->type = btf_get32(btf, at + 4);
		place->bit_size = type->flag ? offset >> 24 : 0;
		place->bits = start + (type->flag ? offset & 0xffffff : offset);
		if (*member) {
			if (strncmp(member, name, length) == 0 && !member[length])
				return FOUND;
			continue;
		}
		if (!strip(btf, place->type, false, &inner, error))
			return FAILED;
		if (inner.kind != BTF_STRUCT && inner.kind != BTF_UNION)
			continue;
		found = find_member(btf, &inner, name, length, depth + 1, place, error);
		if (found != NOT_FOUND)
			return found;
	}
	return NOT_FOUND;
}

/* Before kind_flag (pahole 1.12) a bit field's type was an integer of so many bits. */
static void old_bit_field(const struct btf *btf, const struct btf_type *type, struct place *place)
{
	uint32_t info, bits;

	if (place->bit_size || type->kind != BTF_INT)
		return;
	info = btf_get32(btf, type->at);
	bits = info & 0xff;
	if (bits && bits < 64 && bits != type->size_or_type * 8) {
		place->bit_size = bits;
		place->bits += info >> 16 & 0xff;
	}
}

static enum found find_path(const struct btf *btf, uint32_t id, const char *path, struct member *member,
			    struct error *error)
{
	struct place place = { .type = id };
	struct btf_type type;

	for (;;) {
		size_t length = strcspn(path, ".");
		enum found found;

		if (!strip(btf, place.type, true, &type, error))
			return FAILED;
		if (type.kind != BTF_STRUCT && type.kind != BTF_UNION)
			return NOT_FOUND;
		found = find_member(btf, &type, path, length, 0, &place, error);
		if (found != FOUND)
			return found;
		if (!path[length])
			break;
		path += length + 1;
	}
	if (!strip(btf, place.type, true, &type, error) || !describe(btf, place.type, member, error))
		return FAILED;
	old_bit_field(btf, &type, &place);
	member->offset = place.bits / 8;
	member->bit_offset = place.bits % 8;
	member->bit_size = place.bit_size;
	return FOUND;
}

static uint32_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;	/* FNV-1a */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 0x100000001b3ull;
	return hash ^ hash >> 32;
}

/*
 * Calls for record numbers of that name; *SLOT starts as hash_name and keeps the place. 0 = no
 * more.
 */
static uint32_t next_named(const struct btf *btf, const char *name, uint32_t *slot)
{
	for (;; (*slot)++) {
		uint32_t id = btf->names[*slot & btf->names_mask];

		if (!id)
			return 0;
		if (strcmp(btf_string(btf, btf_get32(btf, btf->records[id])), name) == 0) {
			(*slot)++;
			return id;
		}
	}
}

/* Structures first, then the rest: `struct list_head` wins over a typedef of that name. */
static bool wanted_now(enum btf_kind kind, int round)
{
	return (kind == BTF_STRUCT || kind == BTF_UNION) == (round == 0);
}

static bool btf_member(void *private, const char *name, const char *path, struct member *member_ret,
		       struct error *error)
{
	const struct btf *btf = private;
	bool seen = false;

	/*
	 * Two files may define different structures of one name; take the one that has the member.
	 */
	for (int round = 0; round < 2; round++) {
		uint32_t slot = hash_name(name), id;

		while ((id = next_named(btf, name, &slot))) {
			struct member member = { 0 };

			if (!wanted_now(btf_decode(btf, btf->records[id]).kind, round))
				continue;
			seen = true;
			switch (find_path(btf, id, path, &member, error)) {
			case FOUND:
				*member_ret = member;
				return true;
			case FAILED:
				return error_prefix(error, "%s.%s", name, path);
			case NOT_FOUND:
				break;
			}
		}
	}
	if (!seen)
		return error_set(error, ERROR_NO_MEMBER, "the kernel has no type %s", name);
	return error_set(error, ERROR_NO_MEMBER, "the kernel has no %s.%s", name, path);
}

static bool btf_size(void *private, const char *name, uint64_t *size_ret, struct error *error)
{
	const struct btf *btf = private;

	for (int round = 0; round < 2; round++) {
		uint32_t slot = hash_name(name), id;

		while ((id = next_named(btf, name, &slot)))
			if (wanted_now(btf_decode(btf, btf->records[id]).kind, round))
				return size_of(btf, id, size_ret, error);
	}
	return error_set(error, ERROR_NO_MEMBER, "the kernel has no type %s", name);
}

struct enumeration {
	bool (*callback)(void *context, const char *name, int64_t value);
	void *context;
};

/* Returns false if the callback wanted to stop. */
static bool each_enumerator(const struct btf *btf, const struct btf_type *type, const struct enumeration *to)
{
	bool sign = is_signed(btf, type);

	for (uint32_t i = 0; i < type->count; i++) {
		uint32_t at = type->at + i * (type->kind == BTF_ENUM64 ? 12 : 8);
		uint32_t low = btf_get32(btf, at + 4);
		int64_t value = sign ? (int32_t)low : (int64_t)low;

		if (type->kind == BTF_ENUM64)
			value = (int64_t)((uint64_t)btf_get32(btf, at + 8) << 32 | low);
		if (!to->callback(to->context, btf_string(btf, btf_get32(btf, at)), value))
			return false;
	}
	return true;
}

static bool is_enum(const struct btf_type *type)
{
	return type->kind == BTF_ENUM || type->kind == BTF_ENUM64;
}

static bool btf_for_each_enumerator(void *private, const char *name,
				    bool (*callback)(void *context, const char *name, int64_t value),
				    void *context, struct error *error)
{
	const struct enumeration to = { callback, context };
	const struct btf *btf = private;
	struct btf_type type;
	uint32_t slot, id;

	if (!name) {
		for (id = 1; id < btf->nr_records; id++) {
			type = btf_decode(btf, btf->records[id]);
			if (is_enum(&type) && !each_enumerator(btf, &type, &to))
				break;
		}
		return true;
	}
	slot = hash_name(name);
	while ((id = next_named(btf, name, &slot))) {
		if (!strip(btf, id, true, &type, error))
			return false;
		/* Without elements it is a forward declaration. */
		if (is_enum(&type) && type.count) {
			each_enumerator(btf, &type, &to);
			return true;
		}
	}
	return error_set(error, ERROR_NO_MEMBER, "the kernel has no enum %s", name);
}

/* The name of a member's type; of a pointer's or an array's what it is made of. */
static const char *innermost_name(const struct btf *btf, uint32_t id)
{
	struct btf_type type;

	for (int i = 0; i < MAX_CHAIN; i++) {
		if (!strip(btf, id, false, &type, NULL))
			return "";
		if (type.kind == BTF_ARRAY)
			id = btf_get32(btf, type.at);
		else if (type.kind == BTF_PTR)
			id = type.size_or_type;
		else
			return btf_string(btf, type.name);
	}
	return "";
}

/* Does the structure have a member of such a type, also inside of its anonymous members? *VISITS bounds the search. */
static bool has_member_of(const struct btf *btf, const struct btf_type *type, const char *member_type, int depth, uint32_t *visits)
{
	for (uint32_t i = 0; i < type->count && depth < MAX_ANONYMOUS && ++*visits < MAX_ALL_VISITS; i++) {
		uint32_t at = type->at + i * 12, id = btf_get32(btf, at + 4);
		struct btf_type inner;

		if (strstr(innermost_name(btf, id), member_type))
			return true;
		/* One whose type has no name, be the member itself without one or not. */
		if (strip(btf, id, false, &inner, NULL) && (inner.kind == BTF_STRUCT || inner.kind == BTF_UNION) &&
		    !*btf_string(btf, inner.name) && has_member_of(btf, &inner, member_type, depth + 1, visits))
			return true;
	}
	return false;
}

static bool btf_for_each_structure(void *private, const char *member_type, structure_callback *callback, void *context,
				   struct error *error)
{
	const struct btf *btf = private;

	uint32_t visits = 0;

	for (uint32_t id = 1; id < btf->nr_records; id++) {
		struct btf_type type = btf_decode(btf, btf->records[id]);
		const char *name = btf_string(btf, type.name);

		if ((type.kind != BTF_STRUCT && type.kind != BTF_UNION) || !*name || !type.size_or_type)
			continue;
		if ((!member_type || has_member_of(btf, &type, member_type, 0, &visits)) &&
		    !callback(context, name, type.kind == BTF_UNION, type.size_or_type))
			break;
		if (visits >= MAX_ALL_VISITS)
			return error_set(error, ERROR_CORRUPT, "BTF has structures that contain themselves or absurdly much");
	}
	return true;
}

static void btf_close(void *private)
{
	btf_free(private);
	free(private);
}

static const struct types_source btf_source = {
	.name = "BTF",
	.member = btf_member,
	.size = btf_size,
	.for_each_enumerator = btf_for_each_enumerator,
	.for_each_structure = btf_for_each_structure,
	.close = btf_close,
};

static bool has_lookup_name(const struct btf_type *type)
{
	switch (type->kind) {
	case BTF_STRUCT: case BTF_UNION: case BTF_TYPEDEF: case BTF_ENUM: case BTF_ENUM64: case BTF_INT:
	case BTF_FLOAT:
		return true;
	default:
		return false;
	}
}

static bool index_names(struct btf *btf, struct error *error)
{
	uint32_t slots = 1024;

	while (slots < btf->nr_records)
		slots *= 2;
	slots *= 2;
	btf->names = calloc(slots, sizeof(*btf->names));
	if (!btf->names)
		return error_no_memory(error, "BTF's names", slots * sizeof(*btf->names));
	btf->names_mask = slots - 1;
	for (uint32_t id = 1; id < btf->nr_records; id++) {
		struct btf_type type = btf_decode(btf, btf->records[id]);
		const char *name = btf_string(btf, type.name);
		uint32_t slot;

		if (!*name || !has_lookup_name(&type))
			continue;
		slot = hash_name(name);
		while (btf->names[slot & btf->names_mask])
			slot++;
		btf->names[slot & btf->names_mask] = id;
	}
	return true;
}

bool types_open_btf(const void *data, size_t size, const char *origin, struct types **types_ret,
		    struct error *error)
{
	struct btf *btf = calloc(1, sizeof(*btf));
	bool good;

	if (!btf)
		return error_no_memory(error, "BTF", sizeof(*btf));
	good = btf_open(btf, data, size, error) && index_names(btf, error);
	if (!good) {
		btf_close(btf);
		return error_prefix(error, "%s", origin);
	}
	return types_new(&btf_source, btf, origin, types_ret, error);
}

bool types_open_btf_file(const char *path, struct types **types_ret, struct error *error)
{
	struct elf_file file;
	const void *data;
	char origin[4096];
	size_t size;
	bool opened;

	if (!elf_file_open(&file, path, error))
		return false;
	snprintf(origin, sizeof(origin), "BTF of %s", path);
	data = elf_file_contents(&file, ".BTF", NULL, &size);
	if (data)
		opened = types_open_btf(data, size, origin, types_ret, error);
	else
		opened = error_set(error, ERROR_NO_SYMBOL, "%s has no BTF", path);
	elf_file_close(&file);
	return opened;
}
