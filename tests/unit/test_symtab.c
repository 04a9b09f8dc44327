// SPDX-License-Identifier: GPL-3.0-or-later
/* Symbol tables: order, names, lookups; and reading them out of ELF files made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/elf/elf_writer.h"
#include "symbols/symtab.h"

static struct symtab *make(const struct symbol *symbols, size_t count)
{
	struct symtab *symtab;

	assert_true(symtab_new(&symtab, NULL));
	for (size_t i = 0; i < count; i++)
		assert_true(symtab_add(symtab, &symbols[i], NULL));
	return symtab;
}

static const char *name_at(const struct symtab *symtab, uint64_t address)
{
	const struct symbol *symbol = symtab_lookup(symtab, address);

	return symbol ? symbol->name : "nothing";
}

static void test_names(void **state)
{
	static const struct symbol symbols[] = {
		{ .address = 0x3000, .size = 16, .name = "twice", .letter = 't', .function = true },
		{ .address = 0x1000, .size = 16, .name = "twice", .letter = 't', .function = true },
		{ .address = 0x2000, .size = 16, .name = "twice", .letter = 't', .function = true },
		{ .address = 0x5000, .size = 16, .name = "mixed", .letter = 't', .function = true },
		{ .address = 0x6000, .size = 16, .name = "mixed", .letter = 'T', .function = true },
		{ .address = 0x4000, .size = 8, .name = "one", .letter = 'D' },
	};
	struct symtab *symtab = make(symbols, 6);
	const struct symbol *symbol = NULL;

	(void)state;
	assert_null(symtab_find(symtab, "one"));	/* not finished */
	assert_true(symtab_finish(symtab, NULL));
	assert_int_equal(symtab_count(symtab), 6);
	for (size_t i = 1; i < 6; i++)
		assert_true(symtab_get(symtab, i - 1)->address < symtab_get(symtab, i)->address);
	assert_null(symtab_get(symtab, 6));
	assert_int_equal(symtab_find(symtab, "one")->address, 0x4000);
	assert_int_equal(symtab_find(symtab, "one")->letter, 'D');
	assert_null(symtab_find(symtab, "none"));
	assert_null(symtab_find_next(symtab, "none", NULL));
	assert_int_equal(symtab_find(symtab, "twice")->address, 0x1000);
	assert_int_equal(symtab_find(symtab, "mixed")->address, 0x6000);	/* the global one */
	for (uint64_t address = 0x1000; address <= 0x3000; address += 0x1000) {
		symbol = symtab_find_next(symtab, "twice", symbol);
		assert_int_equal(symbol->address, address);
	}
	assert_null(symtab_find_next(symtab, "twice", symbol));
	symtab_free(symtab);
}

static void test_lookup(void **state)
{
	static const struct symbol symbols[] = {
		{ .address = 0x10, .size = 8, .name = "percpu_thing", .letter = 'd', .percpu =
		  true },
		{ .address = 0x1000, .name = "_stext", .letter = 'T', .function = true },
		{ .address = 0x1000, .size = 0x40, .name = "local_function", .letter = 't',
		  .function = true },
		{ .address = 0x1000, .size = 0x40, .name = "global_function", .letter = 'T',
		  .function = true },
		{ .address = 0x1000, .size = 0x40, .name = "weak_function", .letter = 'W',
		  .function = true },
		{ .address = 0x1020, .name = "inner_label", .letter = 't', .function = true },
		{ .address = 0x1070, .size = 16, .name = "__pfx_next", .letter = 'T', .function =
		  true },
		{ .address = 0x1080, .size = 16, .name = "__pfx_alias", .letter = 'T', .function =
		  true },
		{ .address = 0x1080, .size = 0x20, .name = "next", .letter = 't', .function =
		  true },
		/* The order of /proc/kallsyms on 6.1: __do_sys_pause, __ia32_..., __x64_... */
		{ .address = 0x10c0, .size = 0x20, .name = "__x64_sys_pause", .letter = 'T',
		  .function = true },
		{ .address = 0x10c0, .size = 0x20, .name = "__do_sys_pause", .letter = 't',
		  .function = true },
		{ .address = 0x10c0, .size = 0x20, .name = "__ia32_sys_pause", .letter = 'T',
		  .function = true },
		{ .address = 0x10e0, .size = 0x20, .name = "__alias", .letter = 'T',
		  .function = true },
		{ .address = 0x10e0, .size = 0x20, .name = "name", .letter = 't',
		  .function = true },
		{ .address = 0x2000, .name = "label_without_size", .letter = 'T', .function =
		  true },
		{ .address = 0x2f00, .size = 0x10, .name = "last", .letter = 'D' },
		{ .address = 0x3000, .name = "_end", .letter = 'B' },
	};
	struct symtab *symtab = make(symbols, sizeof(symbols) / sizeof(*symbols));

	(void)state;
	assert_true(symtab_add_extent(symtab, 0x1000, 0x1800, NULL));
	assert_true(symtab_add_extent(symtab, 0x2800, 0x800, NULL));
	assert_true(symtab_add_nameless(symtab, 0x2f08, NULL));
	assert_true(symtab_add_nameless(symtab, 0x10b0, NULL));
	assert_true(symtab_finish(symtab, NULL));
	assert_string_equal(name_at(symtab, 0x1000), "global_function");
	/* Somebody is there whose name is not known: not the one before. */
	assert_string_equal(name_at(symtab, 0x10af), "next");
	assert_string_equal(name_at(symtab, 0x10b0), "nothing");
	assert_string_equal(name_at(symtab, 0x10bf), "nothing");
	assert_string_equal(name_at(symtab, 0x2f07), "last");
	assert_string_equal(name_at(symtab, 0x101f), "global_function");
	assert_string_equal(name_at(symtab, 0x1020), "inner_label");	/* as kallsyms would say */
	/* no size: to the next symbol */
	assert_string_equal(name_at(symtab, 0x106f), "inner_label");
	assert_string_equal(name_at(symtab, 0x1070), "__pfx_next");
	assert_string_equal(name_at(symtab, 0x1080), "next");
	assert_string_equal(name_at(symtab, 0x109f), "next");
	assert_string_equal(name_at(symtab, 0x10a0), "next");		/* its padding */
	assert_string_equal(name_at(symtab, 0x10c4), "__do_sys_pause");
	assert_string_equal(name_at(symtab, 0x10e4), "name");
	assert_string_equal(name_at(symtab, 0x27ff), "label_without_size");
	assert_string_equal(name_at(symtab, 0x2800), "nothing");	/* another extent */
	assert_string_equal(name_at(symtab, 0x2f0f), "nothing");
	assert_string_equal(name_at(symtab, 0x3000), "nothing");
	assert_string_equal(name_at(symtab, 0xffffffffc0000000), "nothing");
	assert_string_equal(name_at(symtab, 0x10), "nothing");		/* per-CPU */
	assert_string_equal(name_at(symtab, 0), "nothing");
	symtab_free(symtab);
}

/* Where no memory was named, sizes say whose an address is; a symbol may have others inside. */
static void test_nested(void **state)
{
	static const struct symbol symbols[] = {
		{ .address = 0x1000, .size = 0x100, .name = "outer", .letter = 'T', .function =
		  true },
		{ .address = 0x1010, .size = 0x10, .name = "inner", .letter = 't', .function =
		  true },
	};
	struct symtab *symtab = make(symbols, 2);

	(void)state;
	assert_true(symtab_finish(symtab, NULL));
	assert_string_equal(name_at(symtab, 0x1018), "inner");
	assert_string_equal(name_at(symtab, 0x1020), "outer");
	assert_string_equal(name_at(symtab, 0x1100), "nothing");
	symtab_free(symtab);
}

/* Behind the mark of a section's end there is nothing, whether sizes are known (vmlinux) or guessed (kallsyms). */
static void test_end_marks(void **state)
{
	for (int inferred = 0; inferred < 2; inferred++) {
		const struct symbol symbols[] = {
			{ .address = 0x1000, .size = inferred ? 0x100 : 0xf2, .name = "last", .letter = 'T',
			  .function = true },
			{ .address = 0x1100, .size = inferred ? 0xf00 : 0, .name = "_etext", .letter = 'T',
			  .function = true },
			{ .address = 0x2000, .size = inferred ? 0x1000 : 8, .name = "object", .letter = 'R' },
			{ .address = 0x3000, .size = inferred ? 0x1000 : 0, .name = "__end_rodata", .letter = 'D' },
			{ .address = 0x4000, .size = inferred ? 0x10 : 0, .name = "__stop_orc_unwind", .letter = 'R' },
			{ .address = 0x4000, .size = inferred ? 0x10 : 0, .name = "orc_lookup", .letter = 'B' },
			{ .address = 0x5000, .size = inferred ? 0x10 : 8, .name = "__stop_tty", .letter = 'T',
			  .function = true },
			{ .address = 0x5010, .size = inferred ? 0x10 : 0, .name = "__stop_label", .letter = 'T',
			  .function = true },
		};
		struct symtab *symtab;

		assert_true(symtab_new(&symtab, NULL));
		for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
			struct symbol symbol = symbols[i];

			symbol.size_inferred = inferred;
			assert_true(symtab_add(symtab, &symbol, NULL));
		}
		assert_true(symtab_add_extent(symtab, 0x1000, 0x8000, NULL));
		assert_true(symtab_finish(symtab, NULL));
		assert_string_equal(name_at(symtab, 0x10f1), "last");
		assert_string_equal(name_at(symtab, 0x10f8), "last");	/* padding, and a return address */
		assert_string_equal(name_at(symtab, 0x1100), "nothing");
		assert_string_equal(name_at(symtab, 0x1fff), "nothing");
		assert_string_equal(name_at(symtab, 0x2fff), "object");
		assert_string_equal(name_at(symtab, 0x3000), "nothing");
		assert_string_equal(name_at(symtab, 0x3fff), "nothing");
		assert_string_equal(name_at(symtab, 0x4008), "orc_lookup");
		assert_string_equal(name_at(symtab, 0x5004), "__stop_tty");
		assert_string_equal(name_at(symtab, 0x5014), "__stop_label");
		symtab_free(symtab);
	}
	(void)state;
}

/* Many symbols in random order against a plain search. */
static void test_many(void **state)
{
	enum { COUNT = 20000 };
	static uint64_t addresses[COUNT];
	struct symtab *symtab;
	char name[32];

	(void)state;
	srand(1);
	assert_true(symtab_new(&symtab, NULL));
	for (size_t i = 0; i < COUNT; i++) {
		struct symbol symbol = { .size = 1, .name = name, .letter = 't', .function = true };

		addresses[i] =
			0xffffffff81000000 + ((uint64_t)rand() << 20 ^ rand()) % 0x4000000000 * 16;
		symbol.address = addresses[i];
		snprintf(name, sizeof(name), "symbol_%zu", i);
		assert_true(symtab_add(symtab, &symbol, NULL));
	}
	assert_true(symtab_finish(symtab, NULL));
	for (size_t i = 1; i < COUNT; i++)
		assert_true(symtab_get(symtab, i - 1)->address <= symtab_get(symtab, i)->address);
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "symbol_%zu", i);
		assert_int_equal(symtab_find(symtab, name)->address, addresses[i]);
		assert_int_equal(symtab_lookup(symtab, addresses[i])->address, addresses[i]);
		assert_null(symtab_lookup(symtab, addresses[i] + 1));
	}
	symtab_free(symtab);
}

static void test_empty(void **state)
{
	struct symtab *symtab = make(NULL, 0);

	(void)state;
	assert_true(symtab_finish(symtab, NULL));
	assert_true(symtab_finish(symtab, NULL));
	assert_null(symtab_find(symtab, "x"));
	assert_null(symtab_lookup(symtab, 0));
	assert_int_equal(symtab_count(symtab), 0);
	symtab_free(symtab);
	symtab_free(NULL);
}

/* --- ELF --- */

#define TEXT 0xffffffff81000000
#define PERCPU_LATE 0xffffffff83000000
#define KASLR 0x1f000000

enum { SECTION_TEXT = 1, SECTION_DATA, SECTION_PERCPU, SECTION_COMMENT };

struct elf_symbol {
	const char *name;
	uint64_t value, size;
	uint8_t bind, type;
	uint16_t section;
};

static void write_elf(char *path, uint64_t percpu, const struct elf_symbol *symbols, size_t count)
{
	struct elf_writer writer = { .arch = &arch_x86_64 };
	struct buffer table = { 0 }, names = { 0 };
	struct error error = { 0 };
	Elf64_Shdr header = { .sh_type = SHT_NOBITS, .sh_addralign = 1, .sh_size = 0x1000 };

	header.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	header.sh_addr = TEXT;
	elf_writer_add(&writer, ".text", &header, NULL, 0);
	header.sh_flags = SHF_ALLOC | SHF_WRITE;
	header.sh_type = SHT_PROGBITS;
	header.sh_addr = TEXT + 0x100000;
	elf_writer_add(&writer, ".data", &header, "0123456789abcdef", 16);
	header.sh_type = SHT_NOBITS;
	header.sh_addr = percpu;
	elf_writer_add(&writer, ".data..percpu", &header, NULL, 0);
	header.sh_type = SHT_PROGBITS;
	header.sh_flags = 0;
	header.sh_addr = 0;
	elf_writer_add(&writer, ".comment", &header, "x", 1);
	buffer_zeros(&table, sizeof(Elf64_Sym));
	buffer_char(&names, '\0');
	for (size_t i = 0; i < count; i++) {
		Elf64_Sym sym = { .st_name = names.size, .st_value = symbols[i].value, .st_size =
				  symbols[i].size,
				  .st_info = ELF64_ST_INFO(symbols[i].bind, symbols[i].type),
				  .st_shndx = symbols[i].section };

		buffer_append(&names, symbols[i].name, strlen(symbols[i].name) + 1);
		buffer_append(&table, &sym, sizeof(sym));
	}
	header = (Elf64_Shdr){ .sh_type = SHT_SYMTAB, .sh_link = 6, .sh_entsize = sizeof(Elf64_Sym),
			       .sh_info = 1,
			       .sh_addralign = 8 };
	elf_writer_add(&writer, ".symtab", &header, table.data, table.size);
	header = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_addralign = 1 };
	elf_writer_add(&writer, ".strtab", &header, names.data, names.size);
	close(mkstemp(path));
	if (!elf_writer_save(&writer, path, &error))
		fail_msg("%s", error.text);
	elf_writer_free(&writer);
	buffer_free(&table);
	buffer_free(&names);
}

static const struct elf_symbol elf_symbols[] = {
	{ "a.c", 0, 0, STB_LOCAL, STT_FILE, SHN_ABS },
	{ "", TEXT, 0, STB_LOCAL, STT_SECTION, SECTION_TEXT },
	{ "function", TEXT + 0x10, 0x20, STB_GLOBAL, STT_FUNC, SECTION_TEXT },
	{ "label", TEXT + 0x40, 0, STB_LOCAL, STT_NOTYPE, SECTION_TEXT },
	{ "weak", TEXT + 0x50, 4, STB_WEAK, STT_FUNC, SECTION_TEXT },
	{ "data", TEXT + 0x100000, 8, STB_LOCAL, STT_OBJECT, SECTION_DATA },
	{ ".LC0", TEXT + 0x100000, 0, STB_LOCAL, STT_NOTYPE, SECTION_DATA },
	{ "__ksymtab_function", TEXT + 0x100008, 0, STB_LOCAL, STT_NOTYPE, SECTION_DATA },
	{ "__kstrtab_function", TEXT + 0x100008, 0, STB_LOCAL, STT_NOTYPE, SECTION_DATA },
	{ "__crc_function", 0x12345678, 0, STB_GLOBAL, STT_NOTYPE, SHN_ABS },
	{ "sp_reg", 5, 0, STB_LOCAL, STT_NOTYPE, SHN_ABS },
	{ "text_size", 0xe01ef2, 0, STB_GLOBAL, STT_NOTYPE, SHN_ABS },
	{ "init_per_cpu__gdt_page", TEXT + 0x100004, 0, STB_GLOBAL, STT_NOTYPE, SHN_ABS },
	{ "undefined", 0, 0, STB_GLOBAL, STT_NOTYPE, SHN_UNDEF },
	{ "in_comment", 0, 0, STB_GLOBAL, STT_NOTYPE, SECTION_COMMENT },
	{ "bad_section", 0, 0, STB_GLOBAL, STT_NOTYPE, 77 },
};

static struct symtab *read_elf(uint64_t percpu)
{
	struct elf_symbol symbols[32];
	size_t count = sizeof(elf_symbols) / sizeof(*elf_symbols);
	char path[] = "/tmp/test-symtab-XXXXXX";
	struct error error = { 0 };
	struct symtab *symtab;

	memcpy(symbols, elf_symbols, sizeof(elf_symbols));
	symbols[count++] = (struct elf_symbol){ "runqueues", percpu + 0x80, 64, STB_GLOBAL,
						STT_OBJECT, SECTION_PERCPU };
	symbols[count++] = (struct elf_symbol){ "__per_cpu_load", TEXT + 0x80, 0, STB_GLOBAL,
						STT_NOTYPE, SECTION_PERCPU };
	write_elf(path, percpu, symbols, count);
	assert_true(symtab_new(&symtab, &error));
	if (!symtab_read_elf(symtab, path, KASLR, &error) || !symtab_finish(symtab, &error))
		fail_msg("%s", error.text);
	unlink(path);
	return symtab;
}

static void test_elf(void **state)
{
	struct symtab *symtab = read_elf(0);
	const struct symbol *symbol = symtab_find(symtab, "function");
	static const char *const absent[] = { "a.c", "", ".LC0", "__ksymtab_function",
					      "__kstrtab_function",
					      "__crc_function", "sp_reg", "undefined", "in_comment",
						      "bad_section" };

	(void)state;
	assert_int_equal(symbol->address, TEXT + KASLR + 0x10);
	assert_int_equal(symbol->size, 0x20);
	assert_int_equal(symbol->letter, 'T');
	assert_true(symbol->function);
	assert_ptr_equal(symtab_lookup(symtab, TEXT + KASLR + 0x2f), symbol);
	assert_null(symtab_lookup(symtab, TEXT + 0x2f));
	assert_int_equal(symtab_find(symtab, "label")->letter, 't');
	assert_true(symtab_find(symtab, "label")->function);
	assert_int_equal(symtab_find(symtab, "weak")->letter, 'W');
	assert_int_equal(symtab_find(symtab, "data")->letter, 'd');
	assert_false(symtab_find(symtab, "data")->function);
	assert_int_equal(symtab_find(symtab, "text_size")->address, 0xe01ef2);
	assert_int_equal(symtab_find(symtab, "text_size")->letter, 'A');
	assert_int_equal(symtab_find(symtab, "init_per_cpu__gdt_page")->address,
			 TEXT + KASLR + 0x100004);
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		assert_null(symtab_find(symtab, absent[i]));
	symtab_free(symtab);
}

/*
 * Linked at 0 up to 6.14: an offset, which does not move. From 6.15 on an address like any other.
 */
static void test_elf_percpu(void **state)
{
	struct symtab *symtab = read_elf(0);

	(void)state;
	assert_int_equal(symtab_find(symtab, "runqueues")->address, 0x80);
	assert_true(symtab_find(symtab, "runqueues")->percpu);
	assert_null(symtab_lookup(symtab, 0x80));
	/* In that section's name only: as 6.1 has it. */
	assert_int_equal(symtab_find(symtab, "__per_cpu_load")->address, TEXT + KASLR + 0x80);
	assert_false(symtab_find(symtab, "__per_cpu_load")->percpu);
	symtab_free(symtab);
	symtab = read_elf(PERCPU_LATE);
	assert_int_equal(symtab_find(symtab, "runqueues")->address, PERCPU_LATE + KASLR + 0x80);
	assert_true(symtab_find(symtab, "runqueues")->percpu);
	assert_string_equal(name_at(symtab, PERCPU_LATE + KASLR + 0x80), "runqueues");	/* what a per-CPU pointer holds */
	symtab_free(symtab);
}

/* Files cut off anywhere, and with any byte wrong: an error or some symbols, never a crash. */
static void test_elf_damaged(void **state)
{
	char path[] = "/tmp/test-symtab-XXXXXX";
	struct buffer file = { 0 };
	struct error error;
	FILE *stream;
	int c;

	(void)state;
	write_elf(path, 0, elf_symbols, sizeof(elf_symbols) / sizeof(*elf_symbols));
	stream = fopen(path, "rb");
	while ((c = getc(stream)) != EOF)
		buffer_char(&file, c);
	fclose(stream);
	for (size_t i = 0; i < 2 * file.size; i += i < file.size ? 7 : 1) {
		struct symtab *symtab = make(NULL, 0);

		stream = fopen(path, "wb");
		if (i < file.size) {
			fwrite(file.data, 1, i, stream);
		} else {
			file.data[i - file.size] ^= 0xa5;
			fwrite(file.data, 1, file.size, stream);
			file.data[i - file.size] ^= 0xa5;
		}
		fclose(stream);
		memset(&error, 0, sizeof(error));
		if (symtab_read_elf(symtab, path, KASLR, &error))
			symtab_finish(symtab, NULL);
		else
			assert_true(error.text[0]);
		if (i == 0)
			assert_int_equal(error.kind, ERROR_FORMAT);
		symtab_free(symtab);
	}
	unlink(path);
	assert_false(symtab_read_elf(NULL, path, 0, &error));
	assert_int_equal(error.kind, ERROR_IO);
	buffer_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_end_marks),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_elf_percpu),
		cmocka_unit_test(test_elf_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
