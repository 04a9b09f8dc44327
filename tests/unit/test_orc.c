// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decoding ORC rows. The entries are made with bit fields declared as
 * arch/x86/include/asm/orc_types.h had them in each version, and the numbers are that header's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/elf/elf_writer.h"
#include "symbols/cfi/orc.h"
#include "symbols/types.h"

/* --- a types source that knows one struct orc_entry --- */

struct fake {
	uint64_t size;
	unsigned type_bits;
	bool signal, end;
	unsigned sp_reg_bits;
};

static bool fake_member(void *private, const char *type, const char *path, struct member *member,
			struct error *error)
{
	const struct fake *fake = private;
	unsigned bit = 8 + fake->type_bits;

	*member = (struct member){ .size = 4, .kind = TYPE_INTEGER };
	if (strcmp(type, "orc_entry") != 0)
		return error_set(error, ERROR_NO_MEMBER, "no struct %s", type);
	if (strcmp(path, "sp_offset") == 0 || strcmp(path, "bp_offset") == 0) {
		member->size = 2;
		member->offset = path[0] == 'b' ? 2 : 0;
		return true;
	}
	member->offset = 4;
	member->bit_size = 4;
	if (strcmp(path, "sp_reg") == 0) {
		member->bit_size = fake->sp_reg_bits ? fake->sp_reg_bits : 4;
		return true;
	}
	if (strcmp(path, "bp_reg") == 0) {
		member->bit_offset = 4;
		return true;
	}
	member->offset = 5;
	if (strcmp(path, "type") == 0) {
		member->bit_size = fake->type_bits;
		return true;
	}
	member->bit_size = 1;
	if (strcmp(path, "signal") == 0 && fake->signal) {
		member->bit_offset = bit - 8;
		return true;
	}
	if (strcmp(path, "end") == 0 && fake->end) {
		member->bit_offset = bit - 8 + fake->signal;
		return true;
	}
	return error_set(error, ERROR_NO_MEMBER, "no orc_entry.%s", path);
}

static bool fake_size(void *private, const char *type, uint64_t *size_ret, struct error *error)
{
	const struct fake *fake = private;

	if (strcmp(type, "orc_entry") != 0 || !fake->size)
		return error_set(error, ERROR_NO_MEMBER, "no struct %s", type);
	*size_ret = fake->size;
	return true;
}

static bool fake_enumerators(void *private, const char *type,
			     bool (*callback)(void *, const char *, int64_t),
			     void *context, struct error *error)
{
	(void)private;
	(void)callback;
	(void)context;
	return error_set(error, ERROR_NO_MEMBER, "no enum %s", type ? type : "");
}

static void fake_close(void *private)
{
	(void)private;
}

static const struct types_source fake_source = {
	.name = "fake", .member = fake_member, .size = fake_size, .for_each_enumerator =
		fake_enumerators,
	.close = fake_close,
};

static struct types *fake_types(struct fake *fake)
{
	struct types *types;

	assert_true(types_new(&fake_source, fake, "a test", &types, NULL));
	return types;
}

static struct fake without_end = { .size = 6, .type_bits = 2 };
static struct fake before_6_3 = { .size = 6, .type_bits = 2, .end = true };
static struct fake only_6_3 = { .size = 6, .type_bits = 2, .signal = true, .end = true };
static struct fake since_6_4 = { .size = 6, .type_bits = 3, .signal = true };

/* --- entries --- */

struct __attribute__((packed)) entry_old {
	int16_t sp_offset, bp_offset;
	unsigned sp_reg : 4, bp_reg : 4, type : 2, end : 1;
};

struct __attribute__((packed)) entry_6_3 {
	int16_t sp_offset, bp_offset;
	unsigned sp_reg : 4, bp_reg : 4, type : 2, signal : 1, end : 1;
};

struct __attribute__((packed)) entry_6_4 {
	int16_t sp_offset, bp_offset;
	unsigned sp_reg : 4, bp_reg : 4, type : 3, signal : 1;
};

enum { OLD_PREV_SP = 1, OLD_DX, OLD_DI, OLD_BP, OLD_SP, OLD_R10, OLD_R13, OLD_BP_INDIRECT,
       OLD_SP_INDIRECT };
enum { NEW_AX = 1, NEW_DX, NEW_SP, NEW_BP, NEW_DI, NEW_R10, NEW_R13, NEW_PREV_SP, NEW_SP_INDIRECT,
       NEW_BP_INDIRECT };

#define BASE 0xffffffff82000000

/* Row I is for address BASE - 0x1000 + 16 * I: as the table stands at BASE, a negative distance. */
static struct orc_table decode(struct fake *fake, const void *entries, size_t count)
{
	struct types *types = fake_types(fake);
	struct error error = { 0 };
	struct orc_table table;
	int32_t ips[32];

	for (size_t i = 0; i < count; i++)
		ips[i] = -0x1000 + 16 * (int)i - 4 * (int)i;
	if (!orc_decode(types, ips, BASE, entries, count, &table, &error))
		fail_msg("%s", error.text);
	assert_int_equal(table.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(table.addresses[i], BASE - 0x1000 + 16 * i);
	types_close(types);
	return table;
}

static void expect(const struct orc_table *table, size_t index, struct orc_row row)
{
	const struct orc_row *have = &table->rows[index];

	if (have->type != row.type || have->sp_base != row.sp_base ||
	    have->bp_base != row.bp_base ||
	    have->signal != row.signal || have->sp_offset != row.sp_offset ||
		    have->bp_offset != row.bp_offset)
		fail_msg("row %zu: type %d sp %d%+d bp %d%+d signal %d", index, have->type,
			 have->sp_base,
			 have->sp_offset, have->bp_base, have->bp_offset, have->signal);
}

static void test_old(void **state)
{
	static const struct entry_old entries[] = {
		{ .sp_offset = 8, .sp_reg = OLD_SP },
		{ .sp_offset = 16, .bp_offset = -16, .sp_reg = OLD_SP, .bp_reg = OLD_PREV_SP },
		{ .sp_offset = -40, .bp_offset = 0, .sp_reg = OLD_BP_INDIRECT, .bp_reg = OLD_BP },
		{ .sp_offset = 16, .sp_reg = OLD_SP_INDIRECT },
		{ .sp_reg = OLD_SP, .type = 1 },
		{ .sp_offset = 8, .sp_reg = OLD_DI, .type = 2 },
		{ .end = 1 },
		{ .end = 0 },
		{ .sp_reg = OLD_SP, .type = 3 },
		{ .sp_reg = OLD_R10 }, { .sp_reg = OLD_R13 }, { .sp_reg = OLD_DX },
		{ .sp_reg = 12 },		/* not a register */
		{ .sp_reg = OLD_PREV_SP },	/* makes no sense for sp */
	};
	struct orc_table table = decode(&before_6_3, entries, 14);

	(void)state;
	expect(&table, 0, (struct orc_row){ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_NONE, false, 8,
					    0 });
	expect(&table, 1, (struct orc_row){ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_PREV_SP, false,
					    16, -16 });
	expect(&table, 2, (struct orc_row){ ORC_TYPE_FRAME, ORC_BASE_BP_INDIRECT, ORC_BASE_BP,
					    false, -40, 0 });
	expect(&table, 3, (struct orc_row){ ORC_TYPE_FRAME, ORC_BASE_SP_INDIRECT, ORC_BASE_NONE,
					    false, 16, 0 });
	expect(&table, 4, (struct orc_row){ ORC_TYPE_PT_REGS, ORC_BASE_SP, ORC_BASE_NONE, true, 0,
					    0 });
	expect(&table, 5, (struct orc_row){ ORC_TYPE_IRET, ORC_BASE_DI, ORC_BASE_NONE, true, 8,
					    0 });
	expect(&table, 6, (struct orc_row){ ORC_TYPE_END, 0, 0, false, 0, 0 });
	for (size_t i = 7; i <= 8; i++)
		expect(&table, i, (struct orc_row){ ORC_TYPE_UNKNOWN, 0, 0, false, 0, 0 });
	assert_int_equal(table.rows[9].sp_base, ORC_BASE_R10);
	assert_int_equal(table.rows[10].sp_base, ORC_BASE_R13);
	assert_int_equal(table.rows[11].sp_base, ORC_BASE_DX);
	for (size_t i = 12; i <= 13; i++)
		expect(&table, i, (struct orc_row){ ORC_TYPE_UNKNOWN, 0, 0, false, 0, 0 });
	orc_free(&table);
	/* At first there was no bit for it: no register is the end. */
	table = decode(&without_end, entries, 8);
	assert_int_equal(table.rows[7].type, ORC_TYPE_END);
	orc_free(&table);
}

static void test_6_3(void **state)
{
	static const struct entry_6_3 entries[] = {
		{ .sp_offset = 8, .sp_reg = OLD_SP },
		{ .sp_reg = OLD_SP, .type = 1, .signal = 1 },
		{ .sp_reg = OLD_SP, .type = 2, .signal = 0 },
		{ .end = 1 },
		{ .end = 0 },
	};
	struct orc_table table = decode(&only_6_3, entries, 5);

	(void)state;
	expect(&table, 0, (struct orc_row){ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_NONE, false, 8,
					    0 });
	expect(&table, 1, (struct orc_row){ ORC_TYPE_PT_REGS, ORC_BASE_SP, ORC_BASE_NONE, true, 0,
					    0 });
	expect(&table, 2, (struct orc_row){ ORC_TYPE_IRET, ORC_BASE_SP, ORC_BASE_NONE, false, 0,
					    0 });
	expect(&table, 3, (struct orc_row){ ORC_TYPE_END, 0, 0, false, 0, 0 });
	expect(&table, 4, (struct orc_row){ ORC_TYPE_UNKNOWN, 0, 0, false, 0, 0 });
	orc_free(&table);
}

static void test_6_4(void **state)
{
	static const struct entry_6_4 entries[] = {
		{ .type = 0 },
		{ .type = 1 },
		{ .sp_offset = 8, .sp_reg = OLD_SP, .type = 2 },
		{ .sp_offset = 16, .bp_offset = -16, .sp_reg = OLD_SP, .bp_reg = OLD_PREV_SP,
		  .type = 2 },
		{ .sp_reg = OLD_SP, .type = 3, .signal = 1 },
		{ .sp_offset = 8, .sp_reg = OLD_DX, .type = 4, .signal = 1 },
		/* int3: the pc is behind it */
		{ .sp_offset = 8, .sp_reg = OLD_SP, .type = 4, .signal = 0 },
		{ .sp_reg = OLD_DI, .type = 3, .signal = 1 },
		{ .sp_reg = OLD_SP, .type = 7 },
	};
	struct orc_table table = decode(&since_6_4, entries, 9);

	(void)state;
	expect(&table, 0, (struct orc_row){ ORC_TYPE_UNKNOWN, 0, 0, false, 0, 0 });
	expect(&table, 1, (struct orc_row){ ORC_TYPE_END, 0, 0, false, 0, 0 });
	expect(&table, 2, (struct orc_row){ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_NONE, false, 8,
					    0 });
	expect(&table, 3, (struct orc_row){ ORC_TYPE_FRAME, ORC_BASE_SP, ORC_BASE_PREV_SP, false,
					    16, -16 });
	expect(&table, 4, (struct orc_row){ ORC_TYPE_PT_REGS, ORC_BASE_SP, ORC_BASE_NONE, true, 0,
					    0 });
	expect(&table, 5, (struct orc_row){ ORC_TYPE_IRET, ORC_BASE_DX, ORC_BASE_NONE, true, 8,
					    0 });
	expect(&table, 6, (struct orc_row){ ORC_TYPE_IRET, ORC_BASE_SP, ORC_BASE_NONE, false, 8,
					    0 });
	expect(&table, 7, (struct orc_row){ ORC_TYPE_PT_REGS, ORC_BASE_DI, ORC_BASE_NONE, true, 0,
					    0 });
	expect(&table, 8, (struct orc_row){ ORC_TYPE_UNKNOWN, 0, 0, false, 0, 0 });
	orc_free(&table);
}

/* The same fields with the registers' new numbers. */
static void test_7_1(void **state)
{
	static const struct entry_6_4 entries[] = {
		{ .sp_offset = 8, .sp_reg = NEW_SP, .type = 2 },
		{ .sp_offset = 16, .bp_offset = -16, .sp_reg = NEW_SP, .bp_reg = NEW_PREV_SP,
		  .type = 2 },
		{ .sp_offset = 16, .bp_offset = -16, .sp_reg = NEW_BP, .bp_reg = NEW_PREV_SP,
		  .type = 2 },
		{ .sp_offset = 16, .sp_reg = NEW_SP_INDIRECT, .type = 2 },
		{ .sp_offset = -40, .sp_reg = NEW_BP_INDIRECT, .bp_reg = NEW_BP, .type = 2 },
		{ .sp_reg = NEW_DI, .type = 3, .signal = 1 },
		{ .sp_offset = 8, .sp_reg = NEW_DX, .type = 4, .signal = 1 },
		{ .sp_reg = NEW_AX, .type = 2 },
		{ .sp_reg = NEW_R10, .type = 2 },
		{ .sp_reg = NEW_R13, .type = 2 },
	};
	static const uint8_t bases[] = { ORC_BASE_SP, ORC_BASE_SP, ORC_BASE_BP,
					 ORC_BASE_SP_INDIRECT,
					 ORC_BASE_BP_INDIRECT, ORC_BASE_DI, ORC_BASE_DX,
						 ORC_BASE_AX, ORC_BASE_R10,
					 ORC_BASE_R13 };
	struct orc_table table = decode(&since_6_4, entries, 10);

	(void)state;
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(table.rows[i].sp_base, bases[i]);
	assert_int_equal(table.rows[1].bp_base, ORC_BASE_PREV_SP);
	assert_int_equal(table.rows[4].bp_base, ORC_BASE_BP);
	orc_free(&table);
}

static void test_find_and_sort(void **state)
{
	/*
	 * Rows at BASE + 0x40, 0x20, 0x20 (end mark), 0x10, each 4 bytes further from its own
	 * place.
	 */
	static const int32_t ips[] = { 0x40, 0x20 - 4, 0x20 - 8, 0x10 - 12 };
	static const struct entry_6_4 entries[] = {
		{ .sp_offset = 40, .sp_reg = OLD_SP, .type = 2 },
		{ .sp_offset = 20, .sp_reg = OLD_SP, .type = 2 },
		{ .type = 0 },
		{ .sp_offset = 10, .sp_reg = OLD_SP, .type = 2 },
	};
	struct types *types = fake_types(&since_6_4);
	struct orc_table table;

	(void)state;
	assert_true(orc_decode(types, ips, BASE, entries, 4, &table, NULL));
	assert_null(orc_find(&table, BASE + 0xf));
	assert_int_equal(orc_find(&table, BASE + 0x10)->sp_offset, 10);
	assert_int_equal(orc_find(&table, BASE + 0x1f)->sp_offset, 10);
	/* The mark that ends a section does not hide the row that starts the next one. */
	assert_int_equal(orc_find(&table, BASE + 0x20)->sp_offset, 20);
	assert_int_equal(orc_find(&table, BASE + 0x3f)->sp_offset, 20);
	assert_int_equal(orc_find(&table, UINT64_MAX)->sp_offset, 40);
	orc_free(&table);
	assert_true(orc_decode(types, NULL, BASE, NULL, 0, &table, NULL));
	assert_null(orc_find(&table, BASE));
	orc_free(&table);
	types_close(types);
}

static void test_unsupported(void **state)
{
	static struct fake bad[] = {
		/* bits of both worlds */
		{ .size = 6, .type_bits = 3, .signal = true, .end = true },
		{ .size = 6, .type_bits = 5, .signal = true },
		{ .size = 24, .type_bits = 3, .signal = true },
		{ .size = 5, .type_bits = 3, .signal = true },
		{ .size = 6, .type_bits = 3, .signal = true, .sp_reg_bits = 3 },
		{ .size = 0 },
	};
	struct orc_table table;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct types *types = fake_types(&bad[i]);

		memset(&error, 0, sizeof(error));
		assert_false(orc_decode(types, "", BASE, "", 0, &table, &error));
		assert_int_equal(error.kind, bad[i].size ? ERROR_UNSUPPORTED : ERROR_NO_MEMBER);
		assert_null(table.rows);
		types_close(types);
	}
	struct types *types = fake_types(&since_6_4);

	assert_false(orc_decode(types, "", BASE, "", 1ull << 40, &table, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	types_close(types);
}

static void test_elf(void **state)
{
	static const int32_t ips[] = { -0x1000, -0x1000 };
	static const struct entry_6_4 entries[] = { { .sp_offset = 8, .sp_reg = OLD_SP, .type = 2 },
						    { .type = 0 } };
	Elf64_Shdr header = { .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = BASE,
			      .sh_addralign = 1 };

	(void)state;
	for (int missing = 0; missing < 3; missing++) {
		char path[] = "/tmp/test-orc-XXXXXX";
		struct types *types = fake_types(&since_6_4);
		struct elf_writer writer = { .arch = &arch_x86_64 };
		struct orc_table table;
		struct error error = { 0 };

		close(mkstemp(path));
		elf_writer_add(&writer, ".orc_unwind_ip", &header, ips, sizeof(ips));
		if (missing != 1)
			elf_writer_add(&writer, ".orc_unwind", &header, entries, missing == 2 ? 11 :
				       12);
		assert_true(elf_writer_save(&writer, path, NULL));
		elf_writer_free(&writer);
		if (missing == 0) {
			assert_true(orc_read_elf(types, path, 0x1000000, &table, &error));
			assert_int_equal(table.count, 2);
			assert_int_equal(table.addresses[0], BASE + 0x1000000 - 0x1000);
			assert_int_equal(table.addresses[1], BASE + 0x1000000 - 0x1000 + 4);
			assert_int_equal(table.rows[0].sp_offset, 8);
			orc_free(&table);
		} else {
			assert_false(orc_read_elf(types, path, 0, &table, &error));
			assert_int_equal(error.kind, missing == 1 ? ERROR_NO_SYMBOL : ERROR_FORMAT);
		}
		types_close(types);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_6_3),
		cmocka_unit_test(test_6_4),
		cmocka_unit_test(test_7_1),
		cmocka_unit_test(test_find_and_sort),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_elf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
