// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ORC: the input is a header of four bytes (layout, options, number of symbols, number of sections), then the table's rows,
 * four bytes of distance and six of entry each. Decoded, looked up and turned into CFI.
 */
/* max_len=1024 */
#include "fuzz.h"

#include "arch/arch.h"
#include "symbols/cfi/cfi.h"
#include "symbols/cfi/orc.h"
#include "symbols/symtab.h"
#include "symbols/types.h"

#define TEXT 0xffffffff81000000ull

/* struct orc_entry as its years had it: arch/x86/include/asm/orc_types.h. */
struct layout {
	unsigned size, type_bits;
	bool signal, end;
	unsigned sp_reg_bits;
};

static const struct layout layouts[] = {
	{ 6, 2, false, false, 4 }, { 6, 2, false, true, 4 }, { 6, 2, true, true, 4 }, { 6, 3, true, false, 4 },
};

static bool member(void *private, const char *type, const char *path, struct member *member_ret, struct error *error)
{
	const struct layout *layout = private;
	const char *const names[] = { "sp_offset", "bp_offset", "sp_reg", "bp_reg", "type", "signal", "end" };
	const unsigned bits[] = { 16, 16, layout->sp_reg_bits, 4, layout->type_bits, layout->signal, layout->end };
	unsigned at = 0;

	for (unsigned i = 0; strcmp(type, "orc_entry") == 0 && i < 7; at += bits[i++]) {
		if (strcmp(path, names[i]) != 0 || !bits[i])
			continue;
		*member_ret = (struct member){ .offset = at / 8, .size = i < 2 ? 2 : 4, .kind = TYPE_INTEGER, .is_signed = i < 2,
					       .bit_offset = at % 8, .bit_size = i < 2 ? 0 : bits[i], .type_name = "" };
		return true;
	}
	return error_set(error, ERROR_NO_MEMBER, "no %s.%s", type, path);
}

static bool size_of(void *private, const char *type, uint64_t *size_ret, struct error *error)
{
	if (strcmp(type, "orc_entry") != 0)
		return error_set(error, ERROR_NO_MEMBER, "no %s", type);
	*size_ret = ((const struct layout *)private)->size;
	return true;
}

static bool enumerators(void *private, const char *type, bool (*callback)(void *, const char *, int64_t), void *context,
			struct error *error)
{
	(void)private;
	(void)callback;
	(void)context;
	return error_set(error, ERROR_NO_MEMBER, "no enum %s", type ? type : "");
}

static void close_types(void *private)
{
	(void)private;
}

static const struct types_source source = {
	.name = "fuzz", .member = member, .size = size_of, .for_each_enumerator = enumerators, .close = close_types,
};

static struct types *types_of(unsigned layout)
{
	static struct types *types[4];

	if (!types[layout])
		FUZZ_CHECK(types_new(&source, (void *)&layouts[layout], "fuzz", &types[layout], NULL));
	return types[layout];
}

static void write_module(const struct orc_table *table, unsigned nr_symbols, unsigned nr_sections)
{
	struct cfi_section sections[16] = { { 0 } };
	struct symtab *symtab;
	struct error error = { 0 };

	FUZZ_CHECK(symtab_new(&symtab, &error));
	for (unsigned i = 0; i < nr_symbols; i++) {
		char name[16];
		struct symbol symbol = { .address = TEXT + i * 24, .size = i % 3 * 8, .name = name, .letter = i % 5 ? 't' : 'd',
					 .function = i % 5 != 0 };

		snprintf(name, sizeof(name), "f%u", i % 7);
		FUZZ_CHECK(symtab_add(symtab, &symbol, &error));
	}
	FUZZ_CHECK(symtab_finish(symtab, &error));
	for (unsigned i = 0; i < nr_sections; i++)
		sections[i] = (struct cfi_section){ i % 2 ? ".data" : ".text", TEXT + i * 0x80, i % 4 * 0x60, i % 2 == 0 };
	if (!cfi_write_module(&arch_x86_64, sections, nr_sections, table, symtab, "in memory", &error))
		fuzz_failed(&error);
	symtab_free(symtab);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct orc_table table = { 0 };
	struct error error = { 0 };
	size_t count;
	uint8_t *ips, *entries;

	if (size < 4 || size > 8192)
		return 0;
	count = (size - 4) / 10;
	/* Exactly as long as they are said to be. */
	ips = malloc(count * 4 + !count);
	entries = malloc(count * 6 + !count);
	for (size_t i = 0; i < count; i++) {
		memcpy(ips + i * 4, data + 4 + i * 10, 4);
		memcpy(entries + i * 6, data + 4 + i * 10 + 4, 6);
	}
	if (!orc_decode(types_of(data[0] % 4), ips, data[1] & 1 ? UINT64_MAX - 16 : TEXT, entries, count, &table, &error)) {
		fuzz_failed(&error);
	} else {
		for (size_t i = 0; i < table.count; i++) {
			FUZZ_CHECK(!i || table.addresses[i] >= table.addresses[i - 1]);
			FUZZ_CHECK(table.rows[i].type <= ORC_TYPE_IRET && table.rows[i].sp_base <= ORC_BASE_AX &&
				   table.rows[i].bp_base <= ORC_BASE_AX);
			orc_find(&table, table.addresses[i] - (data[1] >> 4));
		}
		orc_find(&table, 0);
		orc_find(&table, UINT64_MAX);
		if (data[1] & 2)
			write_module(&table, data[2] % 32, data[3] % 16);
	}
	orc_free(&table);
	free(ips);
	free(entries);
	return 0;
}
