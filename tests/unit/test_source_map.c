// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Source lines and inlined functions: of a program written here and compiled as vmlinux and as
 * modules are, asked at labels inside of it; and of that program with its DWARF damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/files.h"
#include "symbols/elf/elf_file.h"
#include "symbols/dwarf/source_map.h"
#include "test_whole_file.h"

static const char header[] =
	"static inline __attribute__((always_inline)) int inner(int x)\n"
	"{\n"
	"	asm volatile(\".globl in_inner\\nin_inner: nop\\n\");\n" /* 3 */
	"	return x + 1;\n"
	"}\n";

static const char program[] =
	"#include \"sub/inner.h\"\n"
	"static inline __attribute__((always_inline)) int middle(int x)\n"
	"{\n"
	"	x = inner(x) * 3;\n"					   /* 4 */
	"	asm volatile(\".globl in_middle\\nin_middle: nop\\n\");\n" /* 5 */
	"	return x;\n"
	"}\n"
	"int plain(int x)\n"
	"{\n"
	"	asm volatile(\".globl in_plain\\nin_plain: nop\\n\");\n" /* 10 */
	"	return x;\n"
	"}\n"
	"__attribute__((section(\".text.other\"))) int outer(int x)\n"
	"{\n"
	"	if (x)\n"
	"		x = middle(x);\n"				 /* 16 */
	"	asm volatile(\".globl in_outer\\nin_outer: nop\\n\");\n" /* 17 */
	"	return x;\n"
	"}\n";

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct place {
	const char *label;
	const char *functions; /* innermost first */
	const char *lines;
};

static const struct place places[] = {
	{ "in_inner", "inner middle outer", "sub/inner.h:3 program.c:4 program.c:16" },
	{ "in_middle", "middle outer", "program.c:5 program.c:16" },
	{ "in_outer", "outer", "program.c:17" },
	{ "in_plain", "plain", "program.c:10" },
};

struct test {
	char directory[64], file[96];
};

static void write_file(const struct test *test, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", test->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* False where the compiler cannot do that. */
static bool compile(const struct test *test, const char *options)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd %s && gcc -O2 -fno-pie -ffreestanding %s -o program program.c 2>/dev/null",
		 test->directory, options);
	return system(command) == 0;
}

static int setup(void **state)
{
	struct test *test = calloc(1, sizeof(*test));
	char path[128];

	strcpy(test->directory, "/tmp/vmcore-source.XXXXXX");
	assert_non_null(mkdtemp(test->directory));
	snprintf(path, sizeof(path), "%s/sub", test->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(test->file, sizeof(test->file), "%s/program", test->directory);
	write_file(test, "sub/inner.h", header);
	write_file(test, "program.c", program);
	*state = test;
	return 0;
}

static int teardown(void **state)
{
	struct test *test = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/sub", test->directory);
	files_remove_directory(path);
	files_remove_directory(test->directory);
	free(test);
	return 0;
}

/* The value of a label: an address, or where it is in SECTION. */
static uint64_t label(const struct test *test, const char *name, char section[64])
{
	struct elf_file file;
	GElf_Shdr table, header_of;
	GElf_Sym symbol = { 0 };
	Elf_Data *data;

	assert_true(elf_file_open(&file, test->file, NULL));
	data = elf_getdata(elf_file_section(&file, ".symtab", &table), NULL);
	for (int i = 0; gelf_getsym(data, i, &symbol); i++)
		if (!strcmp(elf_strptr(file.elf, table.sh_link, symbol.st_name), name))
			break;
	assert_non_null(gelf_getshdr(elf_getscn(file.elf, symbol.st_shndx), &header_of));
	snprintf(section, 64, "%s", elf_file_section_name(&file, &header_of));
	elf_file_close(&file);
	return symbol.st_value;
}

static void check(struct source_map *map, uint64_t address, const struct place *place)
{
	const struct source_frame *frames;
	char functions[256] = "", lines[256] = "", line[64];
	size_t count = source_map_find(map, address, &frames);

	for (size_t i = 0; i < count; i++) {
		assert_true(source_frame_place(&frames[i], line, sizeof(line)));
		sprintf(functions + strlen(functions), "%s%s", i ? " " : "", frames[i].function);
		sprintf(lines + strlen(lines), "%s%s", i ? " " : "", line);
	}
	assert_string_equal(functions, place->functions);
	assert_string_equal(lines, place->lines);
}

static void check_places(const struct test *test, bool linked)
{
	struct source_map *map;
	char section[64];

	assert_true(source_map_open(test->file, &map, NULL));
	for (int turn = 0; turn < 2; turn++) /* the second time remembered */
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			uint64_t at = label(test, places[i].label, section), start = 0;

			if (!linked)
				assert_true(source_map_section(map, section, &start));
			check(map, start + at, &places[i]);
		}
	source_map_close(map);
}

#define KIND_TEST(name, options, linked)                                                           \
	static void name(void **state)                                                             \
	{                                                                                          \
		if (!compile(*state, options))                                                     \
			skip();                                                                    \
		check_places(*state, linked);                                                      \
	}
#define LINKED "-nostdlib -static -Wl,-e,outer,-Ttext=0xffffffff81000000 -mcmodel=kernel "
KIND_TEST(vmlinux, LINKED "-g", true)
KIND_TEST(vmlinux_dwarf_4, LINKED "-gdwarf-4", true)
KIND_TEST(vmlinux_compressed, LINKED "-g -gz=zlib", true)
/* The function's symbol is where the instructions for ftrace are, which DWARF leaves out. */
static void patchable(void **state)
{
	static const struct place places[] = {
		{ "plain", "plain", "program.c:9" },
		{ "outer", "outer", "program.c:14" },
	};
	struct source_map *map;
	char section[64];

	if (!compile(*state, LINKED "-g -fpatchable-function-entry=5 -fcf-protection=none"))
		skip();
	assert_true(source_map_open(((struct test *)*state)->file, &map, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (unsigned byte = 0; byte < 5; byte++)
			check(map, label(*state, places[i].label, section) + byte, &places[i]);
	source_map_close(map);
}

/* arm64's, which can be moved, is of type ET_DYN. */
KIND_TEST(vmlinux_shared, "-nostdlib -shared -fpic -Wl,-Bsymbolic,-Ttext-segment=0xffffffff81000000 -g", true)
KIND_TEST(module, "-c -g", false)
KIND_TEST(module_dwarf_4, "-c -gdwarf-4", false)
KIND_TEST(module_sections, "-c -g -ffunction-sections -fdata-sections -mno-red-zone", false)

/* Nothing is known: outside of the code, in a file without DWARF, in no file. */
static void nothing(void **state)
{
	const struct source_frame *frames;
	struct error error = { 0 };
	struct source_map *map;
	char section[64];
	uint64_t start;

	assert_true(compile(*state, LINKED "-g"));
	assert_true(source_map_open(((struct test *)*state)->file, &map, NULL));
	assert_int_equal(source_map_find(map, 0, &frames), 0);
	assert_int_equal(
		source_map_find(map, label(*state, "in_plain", section) + 0x100000, &frames), 0);
	assert_int_equal(source_map_find(map, UINT64_MAX, &frames), 0);
	assert_false(source_map_section(map, ".text.nowhere", &start));
	source_map_close(map);
	assert_true(compile(*state, LINKED "-g0"));
	assert_false(source_map_open(((struct test *)*state)->file, &map, &error));
	assert_int_equal(error.kind, ERROR_NO_SYMBOL);
	assert_null(map);
	assert_false(source_map_open("/nonexistent", &map, &error));
	assert_int_equal(error.kind, ERROR_FORMAT);
}

/* As people write it, and no more than there is room for. */
static void place_text(void **state)
{
	const struct source_frame frame = { "f", "a//b/c.h", 12 }, no_line = { "f", "a.c", 0 },
				  no_file = { "f", NULL, 1 };
	char text[32], small[6];

	(void)state;
	assert_true(source_frame_place(&frame, text, sizeof(text)));
	assert_string_equal(text, "a/b/c.h:12");
	source_frame_place(&frame, small, sizeof(small));
	assert_string_equal(small, "a/b/c");
	assert_false(source_frame_place(&no_line, text, sizeof(text)));
	assert_false(source_frame_place(&no_file, text, sizeof(text)));
}

/* Asks all around the labels. Returns whether the file could be opened. */
static bool ask(const char *path, const uint64_t *addresses, size_t count)
{
	const struct source_frame *frames;
	struct source_map *map;

	if (!source_map_open(path, &map, NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		for (uint64_t at = addresses[i] - 16; at < addresses[i] + 16; at++)
			assert_true(source_map_find(map, at, &frames) <= SOURCE_MAX_FRAMES);
	source_map_close(map);
	return true;
}

/* Each byte of the DWARF once wrong: an answer or none, but an end. */
static void damaged(void **state)
{
	static const char *const sections[] = { ".debug_info", ".debug_abbrev", ".debug_line",
						".debug_rnglists" };
	struct test *test = *state;
	uint64_t addresses[ARRAY_SIZE(places)];
	char section[64];
	struct buffer whole;
	struct elf_file file;
	size_t opened = 0;

	assert_true(compile(test, LINKED "-gdwarf-5"));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		addresses[i] = label(test, places[i].label, section);
	whole = read_whole(test->file);
	assert_true(elf_file_open(&file, test->file, NULL));
	for (size_t s = 0; s < ARRAY_SIZE(sections); s++) {
		GElf_Shdr bytes;

		assert_non_null(elf_file_section(&file, sections[s], &bytes));
		for (size_t i = 0; i < bytes.sh_size; i++) {
			char *byte = whole.data + bytes.sh_offset + i, path[128];

			snprintf(path, sizeof(path), "%s/damaged", test->directory);
			*byte ^= 1 << i % 8;
			assert_true(files_write_atomically(path, whole.data, whole.size, NULL));
			*byte ^= 1 << i % 8;
			opened += ask(path, addresses, ARRAY_SIZE(addresses));
		}
	}
	assert_true(opened > 100);
	elf_file_close(&file);
	buffer_free(&whole);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(vmlinux), TEST(vmlinux_dwarf_4), TEST(vmlinux_compressed), TEST(vmlinux_shared), TEST(patchable),
		TEST(module),  TEST(module_dwarf_4),  TEST(module_sections),
		TEST(nothing), TEST(place_text),      TEST(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
