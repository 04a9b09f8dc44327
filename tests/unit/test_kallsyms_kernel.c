// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel's own symbol table out of memory: tables made by hand as scripts/kallsyms.c writes them, in the three ways
 * that addresses were kept, found through VMCOREINFO or by searching, and damaged ones. The start of the kernel image,
 * 2 MiB at START_KERNEL, is physical 0x1000000 in these dumps.
 */
#include "test_arch_image.h"

#include "symbols/kallsyms/kallsyms.h"
#include "symbols/symtab.h"

#define PHYSICAL 0x1000000ull
#define TABLES 0x10000ull		/* from the start of the image */
#define COUNT 1500
#define LONG_NAME 200			/* of symbol 700: its length takes two bytes */

enum addresses { ABSOLUTE_PERCPU, RELATIVE, SELF_RELATIVE, WHOLE };

struct tables {
	struct image *image;
	struct kallsyms_tables at;
	bool long_markers;		/* of 8 bytes */
	struct buffer bytes;		/* what is at TABLES */
};

static uint64_t align(struct tables *tables)
{
	buffer_align(&tables->bytes, 8);
	return START_KERNEL + TABLES + tables->bytes.size;
}

/* Symbol 0 to 3 are per-CPU ones where those are absolute; two share an address. */
static uint64_t address_of(unsigned index, enum addresses kind)
{
	if ((kind == ABSOLUTE_PERCPU || kind == WHOLE) && index < 4)
		return index * 0x40;
	return START_KERNEL + (index == 11 ? 10 : index) * 0x20ull;
}

static void name_of(unsigned index, char name[256])
{
	snprintf(name, 256, "%c%ssymbol_%u", index == 12 ? '?' : "tTdD"[index % 4], index == 11 ? "__" : "", index);
	if (index == 700)
		snprintf(name + 1, 255, "%0*d", LONG_NAME, 700);
}

static void put_offsets(struct tables *tables, enum addresses kind)
{
	tables->at.offsets = align(tables);
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t address = address_of(i, kind), place = tables->at.offsets + i * 4;
		int32_t offset = address - START_KERNEL;

		if (kind == ABSOLUTE_PERCPU)
			offset = i < 4 ? (int32_t)address : -1 - offset;
		else if (kind == SELF_RELATIVE)
			offset = address - place;
		buffer_append(&tables->bytes, &offset, 4);
	}
}

static void put_addresses(struct tables *tables)
{
	tables->at.addresses = align(tables);
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t address = address_of(i, WHOLE);

		buffer_append(&tables->bytes, &address, 8);
	}
}

static void put_names(struct tables *tables)
{
	uint32_t markers[COUNT / 256 + 1];
	size_t start;
	char name[256];

	tables->at.names = align(tables);
	start = tables->bytes.size;
	for (unsigned i = 0; i < COUNT; i++) {
		size_t length;

		if (i % 256 == 0)
			markers[i / 256] = tables->bytes.size - start;
		name_of(i, name);
		length = strlen(name);
		if (length >= 128)
			buffer_char(&tables->bytes, 0x80 | (length & 0x7f));
		buffer_char(&tables->bytes, length >= 128 ? length >> 7 : length);
		buffer_append(&tables->bytes, name, length);
	}
	align(tables);
	for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++) {
		uint64_t marker = markers[i];

		buffer_append(&tables->bytes, &marker, tables->long_markers ? 8 : 4);
	}
}

/* Every character stands for itself; the others, unused, are empty. */
static void put_tokens(struct tables *tables)
{
	uint16_t index[256];
	size_t start;

	tables->at.token_table = align(tables);
	start = tables->bytes.size;
	for (unsigned i = 0; i < 256; i++) {
		index[i] = tables->bytes.size - start;
		if (i >= '0' && i <= 'z')
			buffer_char(&tables->bytes, i);
		buffer_char(&tables->bytes, 0);
	}
	tables->at.token_index = align(tables);
	buffer_append(&tables->bytes, index, sizeof(index));
}

static struct tables make_tables_with(enum addresses kind, bool long_markers)
{
	struct tables tables = { .image = image_four_levels(), .long_markers = long_markers };
	uint64_t base = START_KERNEL, count = COUNT;

	if (kind == WHOLE)
		put_addresses(&tables);
	else
		put_offsets(&tables, kind);
	if (kind != SELF_RELATIVE && kind != WHOLE) {
		tables.at.relative_base = align(&tables);
		buffer_append(&tables.bytes, &base, 8);
	}
	tables.at.num_syms = align(&tables);
	buffer_append(&tables.bytes, &count, 8);
	put_names(&tables);
	put_tokens(&tables);
	image_vmcoreinfo(tables.image, FOUR_LEVELS_VMCOREINFO);
	return tables;
}

static struct tables make_tables(enum addresses kind)
{
	return make_tables_with(kind, false);
}

/* Writes the tables into the image, which is open from then on. SKIP: a page that is not in the dump; 0 = none. */
static void finish(struct tables *tables, uint64_t skip)
{
	for (size_t at = 0; at < tables->bytes.size; at += 4096) {
		size_t size = tables->bytes.size - at < 4096 ? tables->bytes.size - at : 4096;

		if (!skip || at != skip)
			memcpy(image_page(tables->image, PHYSICAL + TABLES + at), tables->bytes.data + at, size);
	}
	image_open(tables->image);
}

static void tables_free(struct tables *tables)
{
	buffer_free(&tables->bytes);
	image_free(tables->image);
}

static void check_symbols(struct symtab *symtab, enum addresses kind, unsigned count)
{
	const struct symbol *symbol;
	char name[256];

	/* With the tables themselves, which have no entries in it. */
	assert_int_equal(symtab_count(symtab), count + (kind == SELF_RELATIVE || kind == WHOLE ? 5 : 6));
	assert_non_null(symtab_find(symtab, "kallsyms_names"));
	for (unsigned i = 0; i < count; i++) {
		name_of(i, name);
		symbol = symtab_find(symtab, name + 1);
		assert_non_null(symbol);
		assert_int_equal(symbol->address, address_of(i, kind));
		assert_int_equal(symbol->percpu, (kind == ABSOLUTE_PERCPU || kind == WHOLE) && i < 4);
		if (!symbol->percpu)
			assert_int_equal(symbol->letter, name[0]);
		if (!symbol->percpu && i != 10 && i != 11 && i + 1 < COUNT)
			assert_int_equal(symbol->size, 0x20);
		assert_true(symbol->size_inferred);
	}
	/* Of two names the one with fewer underscores; what lies behind the last is nobody's. */
	assert_string_equal(symtab_lookup(symtab, address_of(10, kind) + 0x3f)->name, "symbol_10");
	assert_null(symtab_lookup(symtab, START_KERNEL + COUNT * 0x20ull));
}

static void check(enum addresses kind)
{
	struct tables tables = make_tables(kind);
	struct error error = { 0 }, damage;
	struct symtab *symtab;

	finish(&tables, 0);
	assert_true(symtab_new(&symtab, NULL));
	if (!kallsyms_read_kernel(tables.image->memory, &tables.at, symtab, &damage, &error))
		fail_msg("%s", error.text);
	assert_int_equal(damage.kind, ERROR_NONE);
	assert_true(symtab_finish(symtab, NULL));
	check_symbols(symtab, kind, COUNT);
	symtab_free(symtab);
	tables_free(&tables);
}

static void test_addresses(void **state)
{
	(void)state;
	check(ABSOLUTE_PERCPU);		/* x86-64 up to 6.14 */
	check(RELATIVE);		/* 6.15 on */
	check(SELF_RELATIVE);		/* 7.x */
	check(WHOLE);			/* before 4.6 */
}

/* Tables of KIND, with long markers, are found; not if the 8 bytes at *PLACE, a table's address, plus OFFSET are VALUE. */
static void check_search(enum addresses kind, size_t place, int64_t offset, uint64_t value)
{
	struct tables tables = make_tables_with(kind, true);
	struct kallsyms_tables found;
	struct error error = { 0 };
	uint64_t table;

	finish(&tables, 0);
	if (!kallsyms_search(tables.image->memory, START_KERNEL, &found, &error))
		fail_msg("%s", error.text);
	assert_memory_equal(&found, &tables.at, sizeof(found));
	tables_free(&tables);

	tables = make_tables_with(kind, true);
	memcpy(&table, (const char *)&tables.at + place, sizeof(table));
	memcpy(tables.bytes.data + (table - START_KERNEL - TABLES) + offset, &value, 8);
	finish(&tables, 0);
	assert_false(kallsyms_search(tables.image->memory, START_KERNEL, &found, &error));
	assert_non_null(strstr(error.text, "incomplete"));
	tables_free(&tables);
}

/* Markers were 8 bytes each in 4.19. None, not even the last one, has more than 32 bits. */
static void test_search_long_markers(void **state)
{
	(void)state;
	check_search(ABSOLUTE_PERCPU, offsetof(struct kallsyms_tables, token_table), -8, 1ull << 32);
}

/* Before 4.6: whole addresses before the number, long markers. Not if they are out of order. */
static void test_search_addresses(void **state)
{
	(void)state;
	check_search(WHOLE, offsetof(struct kallsyms_tables, addresses), 800 * 8, START_KERNEL - 8);
}

static void test_search(void **state)
{
	struct tables tables = make_tables(ABSOLUTE_PERCPU);
	struct kallsyms_tables found;
	struct error error = { 0 };

	(void)state;
	finish(&tables, 0);
	if (!kallsyms_search(tables.image->memory, START_KERNEL, &found, &error))
		fail_msg("%s", error.text);
	assert_memory_equal(&found, &tables.at, sizeof(found));
	/* Nor is VMCOREINFO of any help, which is what the search is for. */
	assert_false(kallsyms_locate(tables.image->dump, &found, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	tables_free(&tables);
	/* The page with the first names is lost: that is not the table then. */
	tables = make_tables(ABSOLUTE_PERCPU);
	finish(&tables, 2 * 4096);
	assert_false(kallsyms_search(tables.image->memory, START_KERNEL, &found, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	assert_non_null(strstr(error.text, "incomplete"));
	tables_free(&tables);
}

static bool read_damaged(struct tables *tables, uint64_t skip, struct error *damage, struct error *error)
{
	struct symtab *symtab;
	bool done;

	finish(tables, skip);
	assert_true(symtab_new(&symtab, NULL));
	done = kallsyms_read_kernel(tables->image->memory, &tables->at, symtab, damage, error);
	assert_true(symtab_finish(symtab, NULL));
	if (done)
		assert_true(symtab_count(symtab) > 100 && symtab_count(symtab) < COUNT + 6);
	symtab_free(symtab);
	tables_free(tables);
	return done;
}

/* The number at the run-time address AT. */
static void set(struct tables *tables, uint64_t at, const void *data, size_t size)
{
	memcpy(tables->bytes.data + (at - START_KERNEL - TABLES), data, size);
}

static void test_damaged(void **state)
{
	static const uint32_t counts[] = { 0, 0x7fffffff };
	struct error error, damage;
	struct tables tables;
	uint16_t zero = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tables = make_tables(RELATIVE);
		set(&tables, tables.at.num_syms, &counts[i], 4);
		assert_false(read_damaged(&tables, 0, &damage, &error));
		assert_int_equal(error.kind, ERROR_CORRUPT);
	}
	/* Tokens out of order. */
	tables = make_tables(RELATIVE);
	set(&tables, tables.at.token_index + 100, &zero, 2);
	assert_false(read_damaged(&tables, 0, &damage, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	/* A page of names is missing: those before it are there, and it is said. */
	tables = make_tables(RELATIVE);
	assert_true(read_damaged(&tables, 3 * 4096, &damage, &error));
	assert_true(error_is_missing_memory(&damage));
	assert_non_null(strstr(damage.text, "of 1500 names are lost"));
	/* A name of zero length, and one that never ends. */
	tables = make_tables(RELATIVE);
	set(&tables, tables.at.names + 0x1801, "\0", 1);
	memset(tables.bytes.data + (tables.at.names + 0x1801 - START_KERNEL - TABLES), 0xff, 8);
	assert_true(read_damaged(&tables, 0, &damage, &error));
	assert_int_equal(damage.kind, ERROR_CORRUPT);
	/* Addresses that are not in order: no sizes, and no endless loop. */
	tables = make_tables(RELATIVE);
	set(&tables, tables.at.offsets + 400, "\xff\xff\xff\x7f", 4);
	finish(&tables, 0);
	{
		struct symtab *symtab;

		assert_true(symtab_new(&symtab, NULL));
		assert_true(kallsyms_read_kernel(tables.image->memory, &tables.at, symtab, &damage, &error));
		assert_true(symtab_finish(symtab, NULL));
		assert_int_equal(symtab_find(symtab, "symbol_100")->size, 0);
		symtab_free(symtab);
	}
	tables_free(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_search), cmocka_unit_test(test_search_long_markers),
		cmocka_unit_test(test_search_addresses),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
