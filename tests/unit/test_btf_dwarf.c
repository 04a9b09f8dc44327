// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * BTF to DWARF: BTF made by hand after Documentation/bpf/btf.rst, what becomes of it read back with libdw. Good BTF, a
 * module's, and BTF that would send gdb round in circles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "arch/arch.h"
#include "symbols/btf/btf_dwarf.h"
#include "symbols/cfi/cfi.h"
#include "symbols/elf/elf_file.h"
#include "symbols/cfi/prologue.h"
#include "symbols/symtab.h"

/* --- BTF --- */

struct builder {
	struct buffer types, strings;
	uint32_t next;
};

static uint32_t name(struct builder *b, const char *text)
{
	uint32_t at;

	if (!b->strings.size)
		buffer_char(&b->strings, 0);
	if (!*text)
		return 0;
	at = b->strings.size;
	buffer_append(&b->strings, text, strlen(text) + 1);
	return at;
}

static void word(struct builder *b, uint32_t value)
{
	buffer_append(&b->types, &value, 4);
}

static uint32_t type(struct builder *b, const char *text, enum btf_kind kind, bool flag, uint32_t count,
		     uint32_t size_or_type)
{
	word(b, name(b, text));
	word(b, (uint32_t)flag << 31 | kind << 24 | count);
	word(b, size_or_type);
	return ++b->next;
}

static uint32_t integer(struct builder *b, const char *text, uint32_t size, uint32_t encoding)
{
	uint32_t id = type(b, text, BTF_INT, false, 0, size);

	word(b, encoding << 24 | size * 8);
	return id;
}

static void member(struct builder *b, const char *text, uint32_t id, uint32_t offset)
{
	word(b, name(b, text));
	word(b, id);
	word(b, offset);
}

static struct buffer blob(struct builder *b)
{
	uint32_t header[6] = { 0x1eb9f, 24, 0, b->types.size, b->types.size, b->strings.size };
	struct buffer out = { 0 };

	buffer_append(&out, header, sizeof(header));
	buffer_append(&out, b->types.data, b->types.size);
	buffer_append(&out, b->strings.data, b->strings.size);
	buffer_free(&b->types);
	buffer_free(&b->strings);
	return out;
}

/* --- reading it back --- */

struct result {
	char path[40];
	struct elf_file file;
	Dwarf *dwarf;
};

static struct symtab *symbols(void)
{
	static const struct symbol all[] = {
		{ .address = 0x1000, .size = 0x40, .name = "start", .letter = 'T', .function = true },
		{ .address = 0x1040, .size = 0x40, .name = "helper.isra.0", .letter = 't', .function = true },
		{ .address = 0x1080, .size = 0x20, .name = "start.cold", .letter = 't', .function = true },
		{ .address = 0x10a0, .size = 0x20, .name = "unknown", .letter = 't', .function = true },
		/* beyond the next one, as only a damaged dump has it */
		{ .address = 0x1000000, .size = ~0ull, .name = "helper", .letter = 't', .function = true },
		{ .address = 0x2000000, .size = 8, .name = "counter", .letter = 'D' },
		{ .address = 0x2000100, .size = 8, .name = "twice", .letter = 'd' },
		{ .address = 0x2000200, .size = 8, .name = "twice", .letter = 'd' },
		{ .address = 0x3000000, .size = 0, .name = "__per_cpu_start", .letter = 'D' },
		{ .address = 0x3000008, .size = 8, .name = "twice", .letter = 'd', .percpu = true },
	};
	struct symtab *symtab;

	assert_true(symtab_new(&symtab, NULL));
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		assert_true(symtab_add(symtab, &all[i], NULL));
	assert_true(symtab_finish(symtab, NULL));
	return symtab;
}

static struct result convert(const struct buffer *data, uint32_t first)
{
	struct btf_dwarf_input input = { .first = first, .symbols = symbols(), .name = "test" };
	const struct cfi_section text = { .name = ".text", .address = 0x1000, .size = 0x3000000, .code = true };
	struct cfi_object object = { .sections = &text, .nr_sections = 1, .arch = &arch_x86_64 };
	struct result result = { .path = "/tmp/test-btf-XXXXXX" };
	struct error error = { 0 };
	struct btf_dwarf dwarf;
	struct btf btf;

	close(mkstemp(result.path));
	assert_true(btf_open(&btf, data->data, data->size, &error));
	input.btf = &btf;
	if (!btf_dwarf_make(&input, &dwarf, &error))
		fail_msg("%s", error.text);
	object.types = &dwarf;
	if (!cfi_write_object(&object, result.path, &error) || !elf_file_open(&result.file, result.path, &error))
		fail_msg("%s", error.text);
	btf_dwarf_free(&dwarf);
	btf_free(&btf);
	symtab_free((struct symtab *)input.symbols);
	result.dwarf = dwarf_begin_elf(result.file.elf, DWARF_C_READ, NULL);
	assert_non_null(result.dwarf);
	return result;
}

static void release(struct result *result)
{
	dwarf_end(result->dwarf);
	elf_file_close(&result->file);
	unlink(result->path);
}

/* The entry of TAG and NAME (NULL: without one) below those of the units; its unit's too if UNIT. */
static bool find(struct result *result, int tag, const char *text, Dwarf_Die *die, Dwarf_Die *unit)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	for (; dwarf_nextcu(result->dwarf, offset, &next, &header, NULL, NULL, NULL) == 0; offset = next) {
		Dwarf_Die top;

		assert_non_null(dwarf_offdie(result->dwarf, offset + header, &top));
		if (dwarf_child(&top, die) != 0)
			continue;
		do {
			const char *found = dwarf_diename(die);

			if (dwarf_tag(die) == tag && (text ? found && !strcmp(found, text) : !found)) {
				if (unit)
					*unit = top;
				return true;
			}
		} while (dwarf_siblingof(die, die) == 0);
	}
	return false;
}

static Dwarf_Die get(struct result *result, int tag, const char *text)
{
	Dwarf_Die die;

	if (!find(result, tag, text, &die, NULL))
		fail_msg("no entry %s", text ? text : "without a name");
	return die;
}

static Dwarf_Word number(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute value;
	Dwarf_Word result = 0;

	assert_non_null(dwarf_attr(die, attribute, &value));
	assert_int_equal(dwarf_formudata(&value, &result), 0);
	return result;
}

static Dwarf_Die type_of(Dwarf_Die *die)
{
	Dwarf_Attribute value;
	Dwarf_Die result;

	assert_non_null(dwarf_attr(die, DW_AT_type, &value));
	assert_non_null(dwarf_formref_die(&value, &result));
	return result;
}

static Dwarf_Die child(Dwarf_Die *die, unsigned index)
{
	Dwarf_Die result;

	assert_int_equal(dwarf_child(die, &result), 0);
	while (index--)
		assert_int_equal(dwarf_siblingof(&result, &result), 0);
	return result;
}

/* --- the tests --- */

/* Everything that BTF has; the numbers are those that type() gave. */
static struct buffer everything(void)
{
	struct builder b = { 0 };
	uint32_t number_id = integer(&b, "int", 4, BTF_INT_SIGNED), byte = integer(&b, "unsigned char", 1, 0);
	uint32_t truth = integer(&b, "_Bool", 1, BTF_INT_BOOL), letter = integer(&b, "char", 1, 0);
	uint32_t constant = type(&b, "", BTF_CONST, false, 0, letter);
	uint32_t text = type(&b, "", BTF_PTR, false, 0, constant), array, nameless, prototype, function, counter, twice;
	uint32_t tagged = type(&b, "user", BTF_TYPE_TAG, false, 0, letter);

	array = type(&b, "", BTF_ARRAY, false, 0, 0);
	word(&b, number_id), word(&b, number_id), word(&b, 3);
	nameless = type(&b, "", BTF_UNION, false, 2, 4);
	member(&b, "whole", number_id, 0), member(&b, "part", byte, 0);
	type(&b, "thing", BTF_STRUCT, true, 6, 32);
	member(&b, "first", text, 0), member(&b, "", nameless, 64), member(&b, "bits", number_id, 3 << 24 | 97);
	member(&b, "numbers", array, 128), member(&b, "truth", truth, 224);
	member(&b, "self", b.next + 1, 0);
	type(&b, "", BTF_PTR, false, 0, b.next);
	type(&b, "color", BTF_ENUM, true, 2, 4);
	member(&b, "RED", -3, 0), b.types.size -= 4;
	member(&b, "GREEN", 200, 0), b.types.size -= 4;
	type(&b, "big", BTF_ENUM64, false, 1, 8);
	member(&b, "HUGE", 1, 0x80000000);
	type(&b, "later", BTF_FWD, true, 0, 0);
	type(&b, "nothing_t", BTF_TYPEDEF, false, 0, 0);
	type(&b, "tagged_t", BTF_TYPEDEF, false, 0, tagged);
	prototype = type(&b, "", BTF_FUNC_PROTO, false, 2, number_id);
	word(&b, name(&b, "format")), word(&b, text), word(&b, 0), word(&b, 0);
	function = type(&b, "start", BTF_FUNC, false, 1, prototype);
	type(&b, "helper", BTF_FUNC, false, 0, prototype);
	type(&b, "nowhere", BTF_FUNC, false, 0, function);
	counter = type(&b, "counter", BTF_VAR, false, 0, number_id), word(&b, 1);
	twice = type(&b, "twice", BTF_VAR, false, 0, number_id), word(&b, 0);
	type(&b, ".data", BTF_DATASEC, false, 2, 64);
	word(&b, counter), word(&b, 0), word(&b, 8), word(&b, twice), word(&b, 8), word(&b, 8);
	type(&b, ".data..percpu", BTF_DATASEC, false, 1, 64);
	word(&b, twice), word(&b, 8), word(&b, 8);
	type(&b, "double", BTF_FLOAT, false, 0, 8);
	type(&b, "note", BTF_DECL_TAG, false, 0, function), word(&b, -1);
	return blob(&b);
}

static void test_types(void **state)
{
	struct buffer data = everything();
	struct result result = convert(&data, 1);
	Dwarf_Die thing = get(&result, DW_TAG_structure_type, "thing"), die, inner;
	Dwarf_Sword value;
	Dwarf_Attribute attribute;

	(void)state;
	die = get(&result, DW_TAG_base_type, "int");
	assert_int_equal(number(&die, DW_AT_encoding), DW_ATE_signed);
	die = get(&result, DW_TAG_base_type, "unsigned char");
	assert_int_equal(number(&die, DW_AT_encoding), DW_ATE_unsigned_char);
	die = get(&result, DW_TAG_base_type, "_Bool");
	assert_int_equal(number(&die, DW_AT_encoding), DW_ATE_boolean);
	die = get(&result, DW_TAG_base_type, "double");
	assert_int_equal(number(&die, DW_AT_encoding), DW_ATE_float);
	assert_int_equal(number(&thing, DW_AT_byte_size), 32);
	die = child(&thing, 0);
	assert_string_equal(dwarf_diename(&die), "first");
	die = type_of(&die), inner = type_of(&die);
	assert_int_equal(dwarf_tag(&die), DW_TAG_pointer_type);
	assert_int_equal(dwarf_tag(&inner), DW_TAG_const_type);
	die = child(&thing, 1), inner = type_of(&die);
	assert_null(dwarf_diename(&die));
	assert_int_equal(number(&die, DW_AT_data_member_location), 8);
	assert_int_equal(dwarf_tag(&inner), DW_TAG_union_type);
	die = child(&thing, 2);
	assert_int_equal(number(&die, DW_AT_bit_size), 3);
	assert_int_equal(number(&die, DW_AT_data_bit_offset), 97);
	die = child(&thing, 3), die = type_of(&die), inner = child(&die, 0);
	assert_int_equal(dwarf_tag(&die), DW_TAG_array_type);
	assert_int_equal(number(&inner, DW_AT_count), 3);
	die = child(&thing, 5), die = type_of(&die), inner = type_of(&die);
	assert_int_equal(dwarf_dieoffset(&inner), dwarf_dieoffset(&thing));
	die = get(&result, DW_TAG_enumeration_type, "color"), inner = child(&die, 0);
	assert_non_null(dwarf_attr(&inner, DW_AT_const_value, &attribute));
	assert_int_equal(dwarf_formsdata(&attribute, &value), 0);
	assert_int_equal(value, -3);
	die = get(&result, DW_TAG_enumeration_type, "big"), inner = child(&die, 0);
	assert_true(number(&inner, DW_AT_const_value) == 0x8000000000000001ull);
	die = get(&result, DW_TAG_union_type, "later");
	assert_true(dwarf_hasattr(&die, DW_AT_declaration));
	die = get(&result, DW_TAG_typedef, "nothing_t");
	assert_false(dwarf_hasattr(&die, DW_AT_type));
	die = get(&result, DW_TAG_typedef, "tagged_t"), inner = type_of(&die);
	assert_string_equal(dwarf_diename(&inner), "char");
	release(&result);
	buffer_free(&data);
}

static void check_function(struct result *result, const char *text, uint64_t low, uint64_t size, bool external)
{
	Dwarf_Die die, unit, parameter;
	Dwarf_Addr start, end;

	assert_true(find(result, DW_TAG_subprogram, text, &die, &unit));
	assert_int_equal(dwarf_lowpc(&die, &start), 0);
	assert_int_equal(dwarf_highpc(&die, &end), 0);
	assert_int_equal(start, low);
	assert_int_equal(end - start, size);
	assert_int_equal(dwarf_hasattr(&die, DW_AT_external), external);
	assert_int_equal(dwarf_lowpc(&unit, &start), 0);
	assert_int_equal(dwarf_highpc(&unit, &end), 0);
	assert_true(start <= low && low + size <= end);
	if (strstr(text, ".cold"))
		return;
	parameter = type_of(&die);
	assert_string_equal(dwarf_diename(&parameter), "int");
	parameter = child(&die, 0);
	assert_string_equal(dwarf_diename(&parameter), "format");
	parameter = child(&die, 1);
	assert_int_equal(dwarf_tag(&parameter), DW_TAG_unspecified_parameters);
}

static void check_variable(struct result *result, const char *text, uint64_t address)
{
	Dwarf_Die die = get(result, DW_TAG_variable, text);
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t count;

	assert_non_null(dwarf_attr(&die, DW_AT_location, &attribute));
	assert_int_equal(dwarf_getlocation(&attribute, &ops, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ops[0].atom, DW_OP_addr);
	assert_int_equal(ops[0].number, address);
}

static void test_code(void **state)
{
	struct buffer data = everything();
	struct result result = convert(&data, 1);
	Dwarf_Die die;

	(void)state;
	check_function(&result, "start", 0x1000, 0x40, true);
	check_function(&result, "helper", 0x1040, 0x40, false);	/* the first; its own name is helper.isra.0 */
	check_function(&result, "start.cold", 0x1080, 0x20, false);
	/* Not in BTF, not in the symbols, not a function's type. */
	assert_false(find(&result, DW_TAG_subprogram, "unknown", &die, NULL));
	assert_false(find(&result, DW_TAG_subprogram, "nowhere", &die, NULL));
	check_variable(&result, "counter", 0x2000000);
	check_variable(&result, "twice", 0x3000008);	/* the per-CPU one: of the others none is certain */
	release(&result);
	buffer_free(&data);
}

/* A module's own types are whole; vmlinux's are declared, and only those in use. */
static void test_module(void **state)
{
	struct buffer base = everything(), split, joined = { 0 };
	struct builder b = { 0 };
	struct error error = { 0 };
	struct result result;
	struct btf btf;
	Dwarf_Die die, inner;
	uint32_t first, own;

	(void)state;
	assert_true(btf_open(&btf, base.data, base.size, &error));
	first = btf.nr_records;
	b.next = first - 1;
	/* Strings are numbered on, too. */
	own = btf.strings_size;
	btf_free(&btf);
	type(&b, "", BTF_STRUCT, false, 1, 32);
	memcpy(b.types.data, &own, 4);
	word(&b, own + 4), word(&b, 10), word(&b, 0);	/* member "it" of struct thing, number 10 */
	buffer_clear(&b.strings);
	buffer_append(&b.strings, "mod\0it", 7);
	split = blob(&b);
	if (!btf_join(base.data, base.size, split.data, split.size, &joined, &error))
		fail_msg("%s", error.text);
	result = convert(&joined, first);
	die = get(&result, DW_TAG_structure_type, "mod");
	inner = child(&die, 0);
	assert_string_equal(dwarf_diename(&inner), "it");
	inner = type_of(&inner);
	assert_string_equal(dwarf_diename(&inner), "thing");
	assert_true(dwarf_hasattr(&inner, DW_AT_declaration));
	assert_false(find(&result, DW_TAG_enumeration_type, "color", &die, NULL));
	release(&result);
	assert_false(btf_join(base.data, base.size, "nonsense", 8, &joined, &error));
	buffer_free(&joined);
	buffer_free(&split);
	buffer_free(&base);
}

/* No entry may lead back to itself without a structure in between: gdb would follow it until its stack ends. */
static void test_circles(void **state)
{
	struct builder b = { 0 };
	struct buffer data;
	struct result result;
	Dwarf_Die die;

	(void)state;
	type(&b, "circle_t", BTF_TYPEDEF, false, 0, 1);
	type(&b, "ring_t", BTF_TYPEDEF, false, 0, 3);
	type(&b, "", BTF_PTR, false, 0, 2);
	type(&b, "", BTF_ARRAY, false, 0, 0);
	word(&b, 4), word(&b, 4), word(&b, 0xffffffff);
	type(&b, "", BTF_FUNC_PROTO, false, 1, 0);
	word(&b, 0), word(&b, 5);
	type(&b, "wild_t", BTF_TYPEDEF, false, 0, 0x7fffffff);
	type(&b, "victim", BTF_STRUCT, false, 3, 8);
	member(&b, "a", 1, 0), member(&b, "b", 4, 0), member(&b, "c", 0x7fffffff, 0);
	type(&b, "", BTF_TYPE_TAG, false, 0, 8);
	type(&b, "void_array_t", BTF_TYPEDEF, false, 0, 10);
	type(&b, "", BTF_ARRAY, false, 0, 0);
	word(&b, 0), word(&b, 0), word(&b, 4);
	for (int i = 0; i < 1000; i++)		/* deeper than anything */
		type(&b, "", BTF_PTR, false, 0, b.next + 2);
	data = blob(&b);
	result = convert(&data, 1);
	assert_false(find(&result, DW_TAG_typedef, "circle_t", &die, NULL));
	assert_false(find(&result, DW_TAG_typedef, "ring_t", &die, NULL));
	assert_false(find(&result, DW_TAG_typedef, "wild_t", &die, NULL));
	assert_false(find(&result, DW_TAG_typedef, "void_array_t", &die, NULL));
	assert_false(find(&result, DW_TAG_array_type, NULL, &die, NULL));
	assert_false(find(&result, DW_TAG_subroutine_type, NULL, &die, NULL));
	die = get(&result, DW_TAG_structure_type, "victim");
	assert_int_equal(dwarf_haschildren(&die), 1);
	assert_true(dwarf_child(&die, &die) != 0);
	release(&result);
	buffer_free(&data);
}

/* The start of __crash_kexec in three kernels' dumps (Debian 6.1, 6.12, 7.2), and what is none. */
static void test_prologue(void **state)
{
	static const struct { uint8_t code[32]; int cfa, rbp; size_t length; } good[] = {
		{ { 0x0f, 0x1f, 0x44, 0, 0, 0x53, 0xba, 1, 0, 0, 0, 0x48, 0x81, 0xec, 0xb0, 0, 0, 0, 0x65 }, 0xc0, 0, 18 },
		{ { 0x66, 0x0f, 0x1f, 0, 0x0f, 0x1f, 0x44, 0, 0, 0x53, 0xba, 1, 0, 0, 0, 0x48, 0x81, 0xec, 0xb0 }, 0xc0, 0, 22 },
		{ { 0x0f, 0x1f, 0x40, 0xd6, 0x0f, 0x1f, 0x44, 0, 0, 0x48, 0x81, 0xec, 0xb8, 0, 0, 0, 0xba, 1 }, 0xc0, 0, 16 },
		/* 5.10 on a CPU with K8's nops: push %rbp; mov $1,%edx; sub $0xb0,%rsp */
		{ { 0x66, 0x66, 0x66, 0x66, 0x90, 0x55, 0xba, 1, 0, 0, 0, 0x48, 0x81, 0xec, 0xb0, 0, 0, 0, 0x65 }, 0xc0, -16, 18 },
		/* push %rbp; mov %rsp,%rbp; push %r15; push %rbx; sub $0x10,%rsp */
		{ { 0xe8, 1, 2, 3, 4, 0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x53, 0x48, 0x83, 0xec, 0x10, 0x90 }, 48, -16, 16 },
	};
	/* __x86_indirect_thunk_rax: call; int3; mov %rax,(%rsp); and no code at all */
	static const uint8_t thunk[32] = { 0xe8, 1, 0, 0, 0, 0xcc, 0x48, 0x89, 4, 0x24 }, none[32];
	/* sub $-8,%rsp */
	static const uint8_t negative[32] = { 0x0f, 0x1f, 0x44, 0, 0, 0x48, 0x83, 0xec, 0xf8 };
	struct orc_row row;
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(prologue_row(&arch_x86_64, good[i].code, sizeof(good[i].code), &row, &length));
		assert_int_equal(row.type, ORC_TYPE_FRAME);
		assert_int_equal(row.sp_base, ORC_BASE_SP);
		assert_int_equal(row.sp_offset, good[i].cfa);
		assert_int_equal(row.bp_base, good[i].rbp ? ORC_BASE_PREV_SP : ORC_BASE_NONE);
		assert_int_equal(row.bp_offset, good[i].rbp);
		assert_int_equal(length, good[i].length);
		for (size_t size = 0; size < good[i].length; size++) {
			uint8_t *cut = memcpy(malloc(size + 1), good[i].code, size);	/* nothing is read beyond */

			prologue_row(&arch_x86_64, cut, size, &row, &length);
			free(cut);
		}
	}
	assert_false(prologue_row(&arch_x86_64, thunk, sizeof(thunk), &row, &length));
	assert_false(prologue_row(&arch_x86_64, none, sizeof(none), &row, &length));
	assert_false(prologue_row(&arch_x86_64, negative, sizeof(negative), &row, &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_prologue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
