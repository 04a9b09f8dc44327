// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Types. DWARF: this program's own, so the expected values are the compiler's offsetof and sizeof. BTF: made
 * by hand after Documentation/bpf/btf.rst, good and damaged. Both must answer in the same way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "symbols/types.h"

/* --- what DWARF is asked about --- */

typedef struct { int counter; } test_atomic_t;
typedef const volatile test_atomic_t test_qualified_t;
typedef int test_vector_t[3];
enum test_color { TEST_RED = -3, TEST_GREEN = 200, TEST_BLUE = 0x7fffffff };
enum test_flags { TEST_TOP_BIT = 0x80000000u, TEST_ONE = 1 };

struct test_list { struct test_list *next, *prev; };

struct test_type {
	char name[16];
	struct {
		int in_anonymous;
		union {
			long deep;
			struct { short half, other_half; };
		};
	};
	struct { unsigned char byte; test_atomic_t count; } inner;
	unsigned int bit_a : 1, bit_b : 5, bit_c : 20;
	signed int bit_d : 7;
	unsigned long bit_long : 40;
	test_qualified_t qualified;
	const volatile struct test_list *list;
	void (*function)(void);
	struct test_list **pointers[4];
	int matrix[2][3][4];
	test_vector_t vector;
	test_vector_t vectors[5];
	enum test_color color;
	enum test_flags flags;
	_Bool truth;
	signed char tiny;
	struct test_list lists[2];
	unsigned long flexible[];
};

union test_union { int number; struct { char a, b; } pair; };

/* Keeps them in the debug information. */
struct test_type *volatile keep_type;
union test_union *volatile keep_union;

static struct types *own_dwarf(void)
{
	struct types *types;
	struct error error = { 0 };

	if (!types_open_dwarf("/proc/self/exe", &types, &error))
		fail_msg("%s", error.text);
	return types;
}

static struct member member_of(struct types *types, const char *type, const char *path)
{
	struct member member;
	struct error error = { 0 };

	if (!types_member(types, type, path, &member, &error))
		fail_msg("%s", error.text);
	return member;
}

#define ASSERT_PLACE(types, type, path, c_type, c_path) do { \
	struct member place_ = member_of(types, type, path); \
	assert_int_equal(place_.offset, offsetof(c_type, c_path)); \
	assert_int_equal(place_.size, sizeof(((c_type *)0)->c_path)); \
	assert_int_equal(place_.bit_size, 0); \
} while (0)

static void test_dwarf_places(void **state)
{
	struct types *types = own_dwarf();

	(void)state;
	ASSERT_PLACE(types, "test_type", "name", struct test_type, name);
	ASSERT_PLACE(types, "test_type", "in_anonymous", struct test_type, in_anonymous);
	ASSERT_PLACE(types, "test_type", "deep", struct test_type, deep);
	ASSERT_PLACE(types, "test_type", "other_half", struct test_type, other_half);
	ASSERT_PLACE(types, "test_type", "inner", struct test_type, inner);
	ASSERT_PLACE(types, "test_type", "inner.byte", struct test_type, inner.byte);
	ASSERT_PLACE(types, "test_type", "inner.count", struct test_type, inner.count);
	ASSERT_PLACE(types, "test_type", "inner.count.counter", struct test_type, inner.count.counter);
	ASSERT_PLACE(types, "test_type", "qualified.counter", struct test_type, qualified.counter);
	ASSERT_PLACE(types, "test_type", "list", struct test_type, list);
	ASSERT_PLACE(types, "test_type", "matrix", struct test_type, matrix);
	ASSERT_PLACE(types, "test_type", "tiny", struct test_type, tiny);
	ASSERT_PLACE(types, "test_union", "pair.b", union test_union, pair.b);
	ASSERT_PLACE(types, "test_atomic_t", "counter", test_atomic_t, counter);
	types_close(types);
}

static void test_dwarf_kinds(void **state)
{
	static const struct {
		const char *path;
		enum type_kind kind;
		bool is_signed;
		uint64_t count, element_size;
		const char *type_name;
	} expected[] = {
		{ "name", TYPE_ARRAY, false, 16, 1, "char" },
		{ "in_anonymous", TYPE_INTEGER, true, 0, 0, "int" },
		{ "inner.count", TYPE_STRUCT, false, 0, 0, "test_atomic_t" },
		{ "qualified", TYPE_STRUCT, false, 0, 0, "test_qualified_t" },
		{ "list", TYPE_POINTER, false, 0, 0, "test_list" },
		{ "function", TYPE_POINTER, false, 0, 0, "" },
		{ "pointers", TYPE_ARRAY, false, 4, 8, "" },
		{ "matrix", TYPE_ARRAY, false, 24, 4, "int" },
		{ "vector", TYPE_ARRAY, false, 3, 4, "int" },
		{ "vectors", TYPE_ARRAY, false, 15, 4, "int" },	/* to GCC just two dimensions */
		{ "color", TYPE_INTEGER, true, 0, 0, "test_color" },
		{ "flags", TYPE_INTEGER, false, 0, 0, "test_flags" },
		{ "truth", TYPE_INTEGER, false, 0, 0, "_Bool" },
		{ "tiny", TYPE_INTEGER, true, 0, 0, "signed char" },
		{ "lists", TYPE_ARRAY, false, 2, 16, "test_list" },
		{ "flexible", TYPE_ARRAY, false, 0, 8, "long unsigned int" },
	};
	struct types *types = own_dwarf();

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct member member = member_of(types, "test_type", expected[i].path);

		assert_int_equal(member.kind, expected[i].kind);
		assert_int_equal(member.is_signed, expected[i].is_signed);
		assert_int_equal(member.count, expected[i].count);
		assert_int_equal(member.element_size, expected[i].element_size);
		assert_string_equal(member.type_name, expected[i].type_name);
	}
	assert_int_equal(member_of(types, "test_type", "flexible").size, 0);
	assert_int_equal(member_of(types, "test_type", "flexible").offset,
			 offsetof(struct test_type, flexible));
	types_close(types);
}

/* A bit field is where its bits appear when only it is set. */
#define ASSERT_BITS(types, field, width) do { \
	union { struct test_type type; uint8_t bytes[sizeof(struct test_type)]; } image_ = { .bytes = { 0 } }; \
	struct member bits_ = member_of(types, "test_type", #field); \
	uint64_t word_ = 0; \
	image_.type.field = -1; \
	memcpy(&word_, image_.bytes + bits_.offset, 8); \
	assert_int_equal(bits_.bit_size, width); \
	assert_true(bits_.bit_offset < 8); \
	assert_int_equal(word_, ((1ull << (width)) - 1) << bits_.bit_offset); \
} while (0)

static void test_dwarf_bit_fields(void **state)
{
	struct types *types = own_dwarf();

	(void)state;
	ASSERT_BITS(types, bit_a, 1);
	ASSERT_BITS(types, bit_b, 5);
	ASSERT_BITS(types, bit_c, 20);
	ASSERT_BITS(types, bit_d, 7);
	ASSERT_BITS(types, bit_long, 40);
	assert_true(member_of(types, "test_type", "bit_d").is_signed);
	assert_false(member_of(types, "test_type", "bit_c").is_signed);
	assert_int_equal(member_of(types, "test_type", "bit_c").size, 4);
	types_close(types);
}

static void test_dwarf_sizes(void **state)
{
	struct types *types = own_dwarf();
	struct error error;
	uint64_t size;

	(void)state;
	assert_true(types_size(types, "test_type", &size, NULL));
	assert_int_equal(size, sizeof(struct test_type));
	assert_true(types_size(types, "test_vector_t", &size, NULL));
	assert_int_equal(size, 12);
	assert_true(types_size(types, "test_qualified_t", &size, NULL));
	assert_int_equal(size, 4);
	assert_true(types_size(types, "test_color", &size, NULL));
	assert_int_equal(size, 4);
	assert_false(types_size(types, "test_nothing", &size, &error));
	assert_int_equal(error.kind, ERROR_NO_MEMBER);
	assert_non_null(strstr(error.text, "test_nothing"));
	types_close(types);
}

struct enumerators {
	size_t count, stop_after;
	char names[8][32];
	int64_t values[8];
};

static bool collect(void *context, const char *name, int64_t value)
{
	struct enumerators *enumerators = context;

	assert_true(enumerators->count < 8);
	strncpy(enumerators->names[enumerators->count], name, 31);
	enumerators->values[enumerators->count++] = value;
	return enumerators->count != enumerators->stop_after;
}

static void assert_colors(struct types *types)
{
	struct enumerators all = { 0 }, first = { .stop_after = 1 };
	struct error error = { 0 };
	int64_t value;

	assert_true(types_for_each_enumerator(types, "test_color", collect, &all, NULL));
	assert_int_equal(all.count, 3);
	assert_string_equal(all.names[0], "TEST_RED");
	assert_int_equal(all.values[0], -3);
	assert_string_equal(all.names[1], "TEST_GREEN");
	assert_int_equal(all.values[1], 200);
	assert_int_equal(all.values[2], 0x7fffffff);
	assert_true(types_for_each_enumerator(types, "test_color", collect, &first, NULL));
	assert_int_equal(first.count, 1);
	assert_true(types_enumerator(types, NULL, "TEST_TOP_BIT", &value, NULL));
	assert_int_equal(value, 0x80000000);
	for (int round = 0; round < 2; round++) {
		assert_true(types_enumerator(types, "test_color", "TEST_RED", &value, NULL));
		assert_int_equal(value, -3);
		assert_false(types_enumerator(types, "test_color", "TEST_ONE", &value, &error));
		assert_int_equal(error.kind, ERROR_NO_MEMBER);
		assert_non_null(strstr(error.text, "TEST_ONE"));
	}
	assert_false(types_for_each_enumerator(types, "test_list", collect, &all, &error));
	assert_int_equal(error.kind, ERROR_NO_MEMBER);
}

static void test_dwarf_enumerators(void **state)
{
	struct types *types = own_dwarf();

	(void)state;
	assert_colors(types);
	types_close(types);
}

static void assert_absent(struct types *types, const char *type, const char *path)
{
	struct error error = { 0 };
	struct member member;

	for (int round = 0; round < 2; round++) {	/* the second answer is from the cache */
		memset(&error, 0, sizeof(error));
		assert_false(types_member(types, type, path, &member, &error));
		assert_int_equal(error.kind, ERROR_NO_MEMBER);
		assert_non_null(strstr(error.text, type));
		assert_false(types_has_member(types, type, path));
	}
}

static void test_dwarf_absent(void **state)
{
	struct types *types = own_dwarf();
	struct types *none;
	struct error error;

	(void)state;
	assert_absent(types, "test_type", "nonexistent");
	assert_absent(types, "test_type", "nam");
	assert_absent(types, "test_type", "name.x");
	assert_absent(types, "test_type", "list.next");	/* a pointer is not looked through */
	assert_absent(types, "test_type", "inner.count.");
	assert_absent(types, "test_type", "");
	assert_absent(types, "test_nothing", "name");
	assert_absent(types, "test_color", "TEST_RED");
	assert_true(types_has_member(types, "test_type", "name"));
	types_close(types);
	assert_false(types_open_dwarf("/nonexistent", &none, &error));
	assert_int_equal(error.kind, ERROR_IO);
}

/* --- BTF by hand --- */

struct btf_image {
	struct buffer types, strings, all;
	uint32_t next_id;
};

enum { INT = 1, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO,
       VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 };

static void words(struct buffer *buffer, size_t count, ...)
{
	va_list args;

	va_start(args, count);
	while (count--) {
		uint32_t word = va_arg(args, uint32_t);

		buffer_append(buffer, &word, 4);
	}
	va_end(args);
}

static uint32_t name(struct btf_image *image, const char *string)
{
	uint32_t at = image->strings.size;

	if (!*string)
		return 0;
	buffer_append(&image->strings, string, strlen(string) + 1);
	return at;
}

static uint32_t type(struct btf_image *image, const char *string, uint32_t kind, bool flag, uint32_t count,
		     uint32_t size_or_type)
{
	if (image->next_id == 0) {
		image->next_id = 1;
		buffer_char(&image->strings, 0);
	}
	words(&image->types, 3, name(image, string), kind << 24 | (uint32_t)flag << 31 | count, size_or_type);
	return image->next_id++;
}

static uint32_t integer(struct btf_image *image, const char *string, uint32_t size, uint32_t info)
{
	uint32_t id = type(image, string, INT, false, 0, size);

	words(&image->types, 1, info);
	return id;
}

static uint32_t array(struct btf_image *image, uint32_t element, uint32_t count)
{
	uint32_t id = type(image, "", ARRAY, false, 0, 0);

	words(&image->types, 3, element, 1u, count);
	return id;
}

static void member(struct btf_image *image, const char *string, uint32_t type_id, uint32_t offset)
{
	words(&image->types, 3, name(image, string), type_id, offset);
}

static bool open_image(struct btf_image *image, struct types **types_ret, struct error *error)
{
	bool opened;

	buffer_clear(&image->all);
	words(&image->all, 6, 0x0001eb9fu, 24u, 0u, (uint32_t)image->types.size, (uint32_t)image->types.size,
	      (uint32_t)image->strings.size);
	buffer_append(&image->all, image->types.data, image->types.size);
	buffer_append(&image->all, image->strings.data, image->strings.size);
	opened = types_open_btf(image->all.data, image->all.size, "the test's BTF", types_ret, error);
	return opened;
}

static void free_image(struct btf_image *image)
{
	buffer_free(&image->types);
	buffer_free(&image->strings);
	buffer_free(&image->all);
}

static struct types *open_good(struct btf_image *image)
{
	struct types *types;
	struct error error = { 0 };

	if (!open_image(image, &types, &error))
		fail_msg("%s", error.text);
	return types;
}

/* Bit fields with and without kind_flag, anonymous members, every kind that is skipped over. */
static void build_good(struct btf_image *image)
{
	uint32_t sint, uint, bits, list, list_pointer, structure, anonymous, counter, atomic, fwd;

	sint = integer(image, "int", 4, 1u << 24 | 32);
	uint = integer(image, "unsigned int", 4, 32);
	bits = integer(image, "unsigned int", 4, 3u << 16 | 5);	/* old: 5 bits from bit 3 */
	list = type(image, "test_list", STRUCT, false, 2, 16);
	list_pointer = list + 1;
	member(image, "next", list_pointer, 0);
	member(image, "prev", list_pointer, 64);
	assert_int_equal(type(image, "", PTR, false, 0, list), list_pointer);
	fwd = type(image, "test_forward", FWD, false, 0, 0);
	type(image, "", FUNC_PROTO, false, 2, 0);
	words(&image->types, 4, name(image, "first"), sint, 0, 0);
	type(image, "test_function", FUNC, false, 0, fwd + 1);
	type(image, "test_variable", VAR, false, 0, sint);
	words(&image->types, 1, 1u);
	type(image, ".data", DATASEC, false, 1, 4);
	words(&image->types, 3, fwd + 3, 0, 4);
	type(image, "tag", DECL_TAG, false, 0, fwd + 3);
	words(&image->types, 1, -1u);
	counter = type(image, "", STRUCT, false, 1, 4);
	member(image, "counter", sint, 0);
	atomic = type(image, "test_atomic_t", TYPEDEF, false, 0, counter);
	anonymous = type(image, "", UNION, false, 2, 8);
	member(image, "low", sint, 0);
	member(image, "both", atomic, 32);
	structure = type(image, "test_type", STRUCT, true, 9, 128);
	member(image, "plain", sint, 0);
	member(image, "", anonymous, 64);
	member(image, "field", uint, 3u << 24 | 133);
	member(image, "list", list, 192);
	member(image, "constant", structure + 2, 320);
	member(image, "matrix", structure + 4, 384);
	member(image, "tagged", structure + 6, 640);
	member(image, "color", structure + 8, 704);
	member(image, "flexible", structure + 5, 1024);
	type(image, "", VOLATILE, false, 0, atomic);			/* + 1 */
	type(image, "", CONST, false, 0, structure + 1);		/* + 2 */
	array(image, sint, 4);						/* + 3 */
	array(image, structure + 3, 2);					/* + 4 */
	array(image, uint, 0);						/* + 5 */
	type(image, "", PTR, false, 0, structure + 7);			/* + 6 */
	type(image, "rcu", TYPE_TAG, false, 0, list);			/* + 7 */
	type(image, "test_color", ENUM, true, 3, 4);			/* + 8 */
	words(&image->types, 6, name(image, "TEST_RED"), -3u, name(image, "TEST_GREEN"), 200u,
	      name(image, "TEST_BLUE"), 0x7fffffffu);
	type(image, "test_flags", ENUM, false, 1, 4);
	words(&image->types, 2, name(image, "TEST_TOP_BIT"), 0x80000000u);
	type(image, "test_wide", ENUM64, false, 1, 8);
	words(&image->types, 3, name(image, "TEST_WIDE"), 0x9abcdef0u, 0x12345678u);
	type(image, "old_style", STRUCT, false, 1, 8);
	member(image, "five", bits, 32);
	type(image, "twice", STRUCT, false, 1, 4);			/* two files' structures of one name */
	member(image, "first", sint, 0);
	type(image, "twice", STRUCT, false, 1, 8);
	member(image, "second", sint, 32);
	type(image, "last", FLOAT, false, 0, 8);
}

static void test_btf_places(void **state)
{
	static const struct {
		const char *type, *path;
		struct member expected;
	} cases[] = {
		{ "test_type", "plain", { .size = 4, .kind = TYPE_INTEGER, .is_signed = true, .type_name = "int" } },
		{ "test_type", "low", { .offset = 8, .size = 4, .kind = TYPE_INTEGER, .is_signed = true,
					.type_name = "int" } },
		{ "test_type", "both", { .offset = 12, .size = 4, .kind = TYPE_STRUCT, .type_name = "test_atomic_t" } },
		{ "test_type", "both.counter", { .offset = 12, .size = 4, .kind = TYPE_INTEGER, .is_signed = true,
						 .type_name = "int" } },
		{ "test_type", "field", { .offset = 16, .size = 4, .kind = TYPE_INTEGER, .bit_offset = 5,
					  .bit_size = 3, .type_name = "unsigned int" } },
		{ "test_type", "list.prev", { .offset = 32, .size = 8, .kind = TYPE_POINTER,
					      .type_name = "test_list" } },
		{ "test_type", "constant.counter", { .offset = 40, .size = 4, .kind = TYPE_INTEGER,
						     .is_signed = true, .type_name = "int" } },
		{ "test_type", "matrix", { .offset = 48, .size = 32, .kind = TYPE_ARRAY, .count = 8,
					   .element_size = 4, .type_name = "int" } },
		{ "test_type", "tagged", { .offset = 80, .size = 8, .kind = TYPE_POINTER,
					   .type_name = "test_list" } },
		{ "test_type", "color", { .offset = 88, .size = 4, .kind = TYPE_INTEGER, .is_signed = true,
					  .type_name = "test_color" } },
		{ "test_type", "flexible", { .offset = 128, .kind = TYPE_ARRAY, .element_size = 4,
					     .type_name = "unsigned int" } },
		{ "old_style", "five", { .offset = 4, .size = 4, .kind = TYPE_INTEGER, .bit_offset = 3,
					 .bit_size = 5, .type_name = "unsigned int" } },
		{ "twice", "second", { .offset = 4, .size = 4, .kind = TYPE_INTEGER, .is_signed = true,
				       .type_name = "int" } },
	};
	struct btf_image image = { 0 };
	struct types *types;

	(void)state;
	build_good(&image);
	types = open_good(&image);
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct member found = member_of(types, cases[i].type, cases[i].path);
			const struct member *expected = &cases[i].expected;

			assert_int_equal(found.offset, expected->offset);
			assert_int_equal(found.size, expected->size);
			assert_int_equal(found.kind, expected->kind);
			assert_int_equal(found.is_signed, expected->is_signed);
			assert_int_equal(found.bit_offset, expected->bit_offset);
			assert_int_equal(found.bit_size, expected->bit_size);
			assert_int_equal(found.count, expected->count);
			assert_int_equal(found.element_size, expected->element_size);
			assert_string_equal(found.type_name, expected->type_name);
		}
	assert_absent(types, "test_type", "nothing");
	assert_absent(types, "test_type", "list.next.next");
	assert_absent(types, "test_forward", "x");
	assert_string_equal(types_origin(types), "the test's BTF");
	types_close(types);
	free_image(&image);
}

static void test_btf_enumerators(void **state)
{
	struct btf_image image = { 0 };
	struct types *types;
	int64_t value;
	uint64_t size;

	(void)state;
	build_good(&image);
	types = open_good(&image);
	assert_colors(types);
	assert_true(types_enumerator(types, "test_wide", "TEST_WIDE", &value, NULL));
	assert_int_equal(value, 0x123456789abcdef0);
	assert_true(types_size(types, "test_type", &size, NULL));
	assert_int_equal(size, 128);
	assert_true(types_size(types, "last", &size, NULL));
	assert_int_equal(size, 8);
	types_close(types);
	free_image(&image);
}

/* Enumerations that do not say their sign (before pahole 1.24) have it if a value is negative. */
static void test_btf_old_enumerators(void **state)
{
	struct btf_image image = { 0 };
	struct member member;
	struct types *types;
	uint32_t old, plain;
	int64_t value;

	(void)state;
	old = type(&image, "old", ENUM, false, 1, 4);
	words(&image.types, 2, name(&image, "OLD_ERROR"), -1u);
	plain = type(&image, "plain", ENUM, false, 2, 4);
	words(&image.types, 4, name(&image, "PLAIN_ZERO"), 0, name(&image, "PLAIN_THREE"), 3);
	type(&image, "holder", STRUCT, false, 2, 8);
	words(&image.types, 6, name(&image, "old"), old, 0, name(&image, "plain"), plain, 32);
	types = open_good(&image);
	assert_true(types_enumerator(types, "old", "OLD_ERROR", &value, NULL));
	assert_int_equal(value, -1);
	assert_true(types_member(types, "holder", "old", &member, NULL) && member.is_signed);
	assert_true(types_member(types, "holder", "plain", &member, NULL) && !member.is_signed);
	types_close(types);
	free_image(&image);
}

static void assert_corrupt(struct types *types, const char *type, const char *path)
{
	struct error error = { 0 };
	struct member member;

	assert_false(types_member(types, type, path, &member, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
}

static void test_btf_cycles(void **state)
{
	struct btf_image image = { 0 };
	struct types *types;
	uint32_t id;
	uint64_t size;

	(void)state;
	type(&image, "loop", TYPEDEF, false, 0, 2);			/* 1 -> 2 -> 1 */
	type(&image, "", CONST, false, 0, 1);
	id = type(&image, "nest", STRUCT, false, 3, 8);			/* contains itself, three times */
	member(&image, "", id, 0);
	member(&image, "", id, 0);
	member(&image, "", id, 0);
	array(&image, id + 1, 2);					/* of itself */
	type(&image, "holder", STRUCT, false, 3, 8);
	member(&image, "array", id + 1, 0);
	member(&image, "wild", 99999, 0);
	member(&image, "huge", id + 3, 0);
	array(&image, id + 4, 0xffffffff);				/* 2^32 cubed */
	array(&image, id + 5, 0xffffffff);
	array(&image, id, 0xffffffff);
	types = open_good(&image);
	assert_corrupt(types, "loop", "x");
	assert_corrupt(types, "nest", "x");
	assert_corrupt(types, "holder", "array");
	assert_corrupt(types, "holder", "wild");
	assert_corrupt(types, "holder", "huge");
	assert_false(types_size(types, "loop", &size, NULL));
	types_close(types);
	free_image(&image);
}

struct structures {
	char text[512];
	size_t count, stop_after;	/* 0 = never */
};

static bool collect_structure(void *context, const char *name, bool is_union, uint64_t size)
{
	struct structures *structures = context;
	size_t used = strlen(structures->text);

	snprintf(structures->text + used, sizeof(structures->text) - used, "%s%s:%u ", is_union ? "union " : "", name, (unsigned)size);
	return ++structures->count != structures->stop_after;
}

/* All that have a name and a size; of what type their members are, through pointers, arrays and members without a name. */
static void test_btf_structures(void **state)
{
	static const struct {
		const char *member_type, *expected;
	} cases[] = {
		{ NULL, "test_list:16 test_type:128 old_style:8 twice:4 twice:8 " },
		{ "test_list", "test_list:16 test_type:128 " },
		{ "atomic", "test_type:128 " },		/* in the union without a name */
		{ "unsigned", "test_type:128 old_style:8 " },
		{ "nothing", "" },
	};
	struct btf_image image = { 0 };
	struct types *types;
	struct error error;

	(void)state;
	build_good(&image);
	types = open_good(&image);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct structures found = { 0 };

		assert_true(types_for_each_structure(types, cases[i].member_type, collect_structure, &found, &error));
		assert_string_equal(found.text, cases[i].expected);
	}
	assert_true(types_for_each_structure(types, NULL, collect_structure, &(struct structures){ .stop_after = 1 }, &error));
	types_close(types);
	free_image(&image);
}

/* Not a cycle, but ten levels of twenty anonymous members each: 20^10 paths to a member that is not there. */
static void test_btf_explosion(void **state)
{
	struct btf_image image = { 0 };
	struct types *types;
	struct error error;
	char top[] = "top";

	(void)state;
	for (uint32_t level = 0; level < 10; level++) {
		uint32_t id = type(&image, level == 9 ? top : "", STRUCT, false, 20, 4);

		for (int i = 0; i < 20; i++)
			member(&image, "", level ? id - 1 : 0, 0);
	}
	types = open_good(&image);
	assert_corrupt(types, "top", "x");
	assert_false(types_for_each_structure(types, "x", collect_structure, &(struct structures){ 0 }, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	types_close(types);
	free_image(&image);
}

/* Every truncation, and every byte of the header and first records changed: an error or an answer, no crash. */
static void test_btf_hostile(void **state)
{
	struct btf_image image = { 0 };
	struct types *types;
	struct error error;
	size_t opened = 0;

	(void)state;
	build_good(&image);
	types = open_good(&image);
	types_close(types);
	for (size_t size = 0; size < image.all.size; size++) {
		char *copy = malloc(size + 1);

		/* An allocation of exactly that size, so that a read beyond it shows. */
		assert_non_null(copy);
		memcpy(copy, image.all.data, size);
		copy = realloc(copy, size ? size : 1);
		assert_false(types_open_btf(copy, size, "truncated", &types, &error));
		assert_int_equal(error.kind, ERROR_FORMAT);
		free(copy);
	}
	for (size_t at = 0; at < image.all.size; at++)
		for (int value = 0; value < 256; value += 51) {
			struct member ignored;
			char old = image.all.data[at];

			image.all.data[at] = (char)value;
			if (types_open_btf(image.all.data, image.all.size, "changed", &types, &error)) {
				opened++;
				types_member(types, "test_type", "both.counter", &ignored, &error);
				types_member(types, "test_type", "matrix", &ignored, &error);
				types_member(types, "test_type", "flexible", &ignored, &error);
				types_member(types, "old_style", "five", &ignored, &error);
				types_for_each_structure(types, "counter", collect_structure, &(struct structures){ 0 }, &error);
				types_for_each_enumerator(types, NULL, collect, &(struct enumerators){
							  .stop_after = 1 }, &error);
				types_close(types);
			}
			image.all.data[at] = old;
		}
	assert_true(opened > 100);
	free_image(&image);
}

static void test_btf_file(void **state)
{
	struct types *types;
	struct error error;

	(void)state;
	assert_false(types_open_btf_file("/proc/self/exe", &types, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	assert_false(types_open_btf_file("/nonexistent", &types, &error));
	assert_int_equal(error.kind, ERROR_IO);
}

/* --- the cache --- */

struct counting { unsigned asked; bool fail_once; };

static bool counting_member(void *private, const char *type, const char *path, struct member *member_ret,
			    struct error *error)
{
	struct counting *counting = private;

	counting->asked++;
	if (counting->fail_once) {
		counting->fail_once = false;
		return error_no_memory(error, "a test", 1);
	}
	if (*path == 'x')
		return error_set(error, ERROR_NO_MEMBER, "no %s.%s", type, path);
	*member_ret = (struct member){ .offset = strtoul(path + 1, NULL, 10), .size = strlen(type) };
	return true;
}

static void counting_close(void *private)
{
	(void)private;
}

static void test_cache(void **state)
{
	static const struct types_source source = { .member = counting_member, .close = counting_close };
	struct counting counting = { 0 };
	struct types *types;
	struct member member;
	struct error error = { 0 };
	char path[32];

	(void)state;
	assert_true(types_new(&source, &counting, "a test", &types, &error));
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 5000; i++) {	/* enough to outgrow the table some times */
			snprintf(path, sizeof(path), "m%u", i);
			assert_true(types_member(types, i % 2 ? "odd" : "even", path, &member, NULL));
			assert_int_equal(member.offset, i);
			assert_int_equal(member.size, i % 2 ? 3 : 4);
		}
	assert_int_equal(counting.asked, 5000);
	for (int round = 0; round < 2; round++) {
		assert_false(types_member(types, "odd", "x", &member, &error));
		assert_string_equal(error.text, "no odd.x");
	}
	assert_int_equal(counting.asked, 5001);
	/* "ab" "c" and "a" "bc" are different questions. */
	assert_true(types_member(types, "ab", "1", &member, NULL));
	assert_true(types_member(types, "a", "b1", &member, NULL));
	assert_int_equal(member.size, 1);
	assert_int_equal(counting.asked, 5003);
	/* A passing failure is not remembered. */
	counting.fail_once = true;
	assert_false(types_member(types, "later", "m7", &member, &error));
	assert_int_equal(error.kind, ERROR_NO_MEMORY);
	assert_true(types_member(types, "later", "m7", &member, &error));
	types_close(types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dwarf_places),
		cmocka_unit_test(test_dwarf_kinds),
		cmocka_unit_test(test_dwarf_bit_fields),
		cmocka_unit_test(test_dwarf_sizes),
		cmocka_unit_test(test_dwarf_enumerators),
		cmocka_unit_test(test_dwarf_absent),
		cmocka_unit_test(test_btf_places),
		cmocka_unit_test(test_btf_enumerators),
		cmocka_unit_test(test_btf_old_enumerators),
		cmocka_unit_test(test_btf_cycles),
		cmocka_unit_test(test_btf_structures),
		cmocka_unit_test(test_btf_explosion),
		cmocka_unit_test(test_btf_hostile),
		cmocka_unit_test(test_btf_file),
		cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
