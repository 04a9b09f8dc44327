// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reading .debug_frame (symbols/cfi/frame_table.h), expressions (frame_value.h), and writing rows back (frame_writer.h): sections
 * by hand, byte by byte from DWARF 5, 6.4 and its appendix of encodings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/arch.h"
#include "symbols/cfi/code_row.h"
#include "symbols/cfi/frame_table.h"
#include "symbols/cfi/frame_value.h"
#include "symbols/cfi/frame_writer.h"

/* What gcc writes for an arm64 function with a frame of 48 bytes that keeps x19 and signs its return address. */
static const uint8_t section[] = {
	0x10, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,		/* a CIE of 16 bytes */
	1, 0, 4, 0x78, 30,				/* version, "", code 4, data -8, return column */
	0x0c, 31, 0,					/* def_cfa sp 0 */
	0, 0, 0, 0,
	0x30, 0, 0, 0, 0, 0, 0, 0,			/* an FDE of 48 bytes */
	0x00, 0x10, 0, 0, 0, 0, 0, 0x80, 0x40, 0, 0, 0, 0, 0, 0, 0,	/* 0x8000000000001000, 64 bytes */
	0x41, 0x2d,					/* +4: paciasp */
	0x41, 0x0e, 48, 0x80 | 29, 6, 0x80 | 30, 5,	/* +8: stp x29, x30, [sp, #-48]! */
	0x41, 0x80 | 19, 4,				/* +12: str x19, [sp, #16] */
	0x44, 0x0a,					/* +28: remember */
	0xc0 | 19, 0xc0 | 29, 0xc0 | 30, 0x0e, 0, 0x2d,	/* ... ret */
	0x41, 0x0b,					/* +32: restore */
	0, 0, 0, 0, 0, 0,
};

static struct frame_table *open_section(const void *data, size_t size, bool big_endian)
{
	struct frame_table *table = NULL;

	assert_true(frame_table_open(data, size, 8, big_endian, &table, NULL));
	return table;
}

#define START 0x8000000000001000ull

static void assert_rule(const struct frame_row *row, unsigned number, uint8_t kind, int64_t offset)
{
	assert_int_equal(row->rules[number].kind, kind);
	assert_int_equal(row->rules[number].offset, offset);
}

static void test_rows(void **state)
{
	struct frame_table *table = open_section(section, sizeof(section), false);
	struct frame_row row;
	uint64_t end;

	(void)state;
	assert_true(frame_table_row(table, START, &row));
	assert_int_equal(row.cfa.reg, 31);
	assert_int_equal(row.cfa.offset, 0);
	assert_int_equal(row.return_column, 30);
	assert_rule(&row, 30, FRAME_UNNAMED, 0);
	/* The signed address is no rule of its own, and touches nobody else's. */
	assert_true(frame_table_row(table, START + 4, &row));
	for (unsigned i = 0; i < FRAME_MAX_REGISTERS; i++)
		assert_rule(&row, i, FRAME_UNNAMED, 0);
	assert_true(frame_table_row(table, START + 8, &row));
	assert_int_equal(row.cfa.offset, 48);
	assert_rule(&row, 29, FRAME_AT_CFA, -48);
	assert_rule(&row, 30, FRAME_AT_CFA, -40);
	assert_rule(&row, 19, FRAME_UNNAMED, 0);
	assert_true(frame_table_row(table, START + 27, &row));
	assert_rule(&row, 19, FRAME_AT_CFA, -32);
	assert_true(frame_table_row(table, START + 28, &row));
	assert_int_equal(row.cfa.offset, 0);
	assert_rule(&row, 30, FRAME_UNNAMED, 0);
	assert_true(frame_table_row(table, START + 63, &row));
	assert_int_equal(row.cfa.offset, 48);
	assert_rule(&row, 19, FRAME_AT_CFA, -32);
	assert_false(frame_table_row(table, START + 64, &row));
	assert_false(frame_table_row(table, START - 1, &row));
	assert_true(frame_table_covers(table, START + 5, &end));
	assert_int_equal(end, START + 64);
	assert_false(frame_table_covers(table, START - 5, &end));
	assert_int_equal(end, START);
	frame_table_close(table);
}

/* Every cut, and every byte changed: an answer or none, and nothing outside is read (the sanitizers watch). */
static void test_damage(void **state)
{
	(void)state;
	for (size_t size = 0; size <= sizeof(section); size++) {
		uint8_t *copy = malloc(size + 1);
		struct frame_table *table;
		struct frame_row row;

		memcpy(copy, section, size);
		table = open_section(copy, size, false);
		frame_table_row(table, START + 40, &row);
		frame_table_close(table);
		free(copy);
	}
	for (size_t i = 0; i < sizeof(section) * 8; i++) {
		uint8_t *copy = malloc(sizeof(section));
		struct frame_table *table;
		struct frame_row row;

		memcpy(copy, section, sizeof(section));
		copy[i / 8] ^= 1 << i % 8;
		table = open_section(copy, sizeof(section), false);
		frame_table_row(table, START + 40, &row);
		frame_table_close(table);
		free(copy);
	}
}

/* --- expressions --- */

static bool value(void *context, unsigned number, uint64_t *value_ret)
{
	(void)context;
	*value_ret = 0x1000 + number;
	return number != 7;
}

static bool read_memory(void *context, uint64_t address, size_t size, uint64_t *value_ret, struct error *error)
{
	(void)context;
	if (address != 0x1010 || size != 8)
		return error_set(error, ERROR_EXCLUDED, "excluded");
	*value_ret = 0x4b91a69e9b1af514;
	return true;
}

static void test_expressions(void **state)
{
	const struct frame_values values = { .value = value, .read = read_memory, .address_size = 8 };
	const uint64_t cfa = 0x1018;
	/* consts -8; plus; deref; const8u mask; or */
	const uint8_t masked[] = { 0x11, 0x78, 0x22, 0x06, 0x0e, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0x21 };
	const uint8_t unknown[] = { 0x70 + 7, 0 }, empty_stack[] = { 0x22 }, cut[] = { 0x0e, 1, 2 };
	const uint8_t elsewhere[] = { 0x30, 0x06 };
	struct error error = { 0 };
	uint64_t result;

	(void)state;
	assert_true(frame_value(&values, masked, sizeof(masked), &cfa, &result, &error));
	assert_int_equal(result, 0xffffa69e9b1af514);
	assert_false(frame_value(&values, unknown, sizeof(unknown), NULL, &result, &error));
	assert_non_null(strstr(error.text, "register 7"));
	assert_false(frame_value(&values, empty_stack, sizeof(empty_stack), NULL, &result, &error));
	assert_false(frame_value(&values, cut, sizeof(cut), NULL, &result, &error));
	assert_false(frame_value(&values, elsewhere, sizeof(elsewhere), NULL, &result, &error));
	assert_int_equal(error.kind, ERROR_EXCLUDED);
}

/* --- writing --- */

static bool write_row(void *context, uint64_t start, uint64_t end, const struct frame_row *row)
{
	frame_writer_add(context, start, end, row);
	return true;
}

/* Written and read again all rows are the same, and the pc has the mask wherever the return address is. */
static void test_writer(void **state)
{
	const struct frame_values values = { .value = value, .read = read_memory, .address_size = 8 };
	struct frame_table *table = open_section(section, sizeof(section), false), *again;
	struct frame_writer writer;

	(void)state;
	frame_writer_start(&writer, &arch_arm64, 0xffff000000000000, 30);
	frame_table_each_row(table, write_row, &writer);
	frame_writer_finish(&writer);
	assert_false(writer.section.failed);
	assert_int_equal(writer.nr_fdes, 1);
	again = open_section(writer.section.data, writer.section.size, false);
	for (uint64_t address = START; address < START + 64; address += 4) {
		struct frame_row before, after;
		const struct frame_rule *pc = &after.rules[32];
		uint64_t result, cfa = 0x1010 + 40;

		assert_true(frame_table_row(table, address, &before));
		assert_true(frame_table_row(again, address, &after));
		assert_int_equal(before.cfa.reg, after.cfa.reg);
		assert_int_equal(before.cfa.offset, after.cfa.offset);
		for (unsigned i = 0; i < 32; i++)	/* what goes back to nothing is written as the same */
			if (before.rules[i].kind == FRAME_UNNAMED)
				assert_true(after.rules[i].kind == FRAME_UNNAMED || after.rules[i].kind == FRAME_SAME);
			else
				assert_rule(&after, i, before.rules[i].kind, before.rules[i].offset);
		assert_int_equal(pc->kind, FRAME_IS_EXPRESSION);
		assert_true(frame_value(&values, pc->expression, pc->size, &cfa, &result, NULL));
		assert_int_equal(result, before.rules[30].kind == FRAME_AT_CFA ? 0xffffa69e9b1af514 : 0xffff00000000101e);
	}
	frame_table_close(table);
	frame_table_close(again);
	buffer_free(&writer.section);
}

static void test_code_rows(void **state)
{
	struct frame_row row;

	(void)state;
	assert_int_equal(code_row_kind(&arch_arm64, NULL, "el0t_64_sync"), ARCH_CODE_ENTRY);
	assert_int_equal(code_row_kind(&arch_arm64, NULL, "ret_from_fork"), ARCH_CODE_END);
	assert_int_equal(code_row_kind(&arch_arm64, NULL, "ret_from_forks"), ARCH_CODE_LEAF);
	assert_int_equal(code_row_kind(&arch_arm64, NULL, "memset"), ARCH_CODE_LEAF);
	/* struct pt_regs of 6.1: 336 bytes, x3 at 24, pc at 256. */
	code_row(&arch_arm64, ARCH_CODE_ENTRY, 336, 30, &row);
	assert_true(row.signal);
	assert_int_equal(row.cfa.offset, 336);
	assert_rule(&row, 3, FRAME_AT_CFA, 24 - 336);
	assert_rule(&row, 32, FRAME_AT_CFA, 256 - 336);
	code_row(&arch_arm64, ARCH_CODE_SWITCH, 336, 30, &row);
	assert_int_equal(row.cfa.reg, 29);
	assert_int_equal(row.cfa.offset, 16);
	assert_rule(&row, 30, FRAME_AT_CFA, -8);
	code_row(&arch_arm64, ARCH_CODE_END, 336, 30, &row);
	assert_rule(&row, 30, FRAME_UNDEFINED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_damage), cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_writer), cmocka_unit_test(test_code_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
