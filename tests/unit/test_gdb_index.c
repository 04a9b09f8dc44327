// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The index that gdb gets: three small files compiled here, in the DWARF that compilers make, and
 * what must be in it, by hand. tests/gdb/test_index.py compares whole kernels with gdb's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "base/buffer.h"
#include "base/files.h"
#include "symbols/gdb_index/gdb_index.h"
#include "test_gdb_index_image.h"
#include "test_whole_file.h"

#define TYPE	 0x10000000u
#define VARIABLE 0x20000000u
#define FUNCTION 0x30000000u
#define STATIC	 0x80000000u

static const char *const sources[] = {
	/* unit 0 */
	"enum colour { RED, GREEN = 5 };\n"
	"struct shared { int a; unsigned long b; struct inner { char c; } d; };\n"
	"struct only_declared;\n"
	"typedef struct { long long x; } anonymous_t;\n"
	"struct shared exported = { 1 };\n"
	"static volatile anonymous_t hidden = { 2 };\n"
	"enum colour *colour_user; struct only_declared *declared_user;\n"
	"static inline __attribute__((always_inline)) int inlined(int i)\n"
	"{ int local_of_inlined = i * 3; return local_of_inlined + hidden.x; }\n"
	"static __attribute__((noinline)) int twice(int i) { static volatile int kept; return kept += inlined(i); }\n"
	"int elsewhere(int);\n"
	"static int lost = 4;\n"
	"int first(int i) { int local = i; return twice(local) + elsewhere(i) + exported.a + lost; }\n"
	"void _start(void) { for (;;) first(1); }\n",
	/* unit 1 */
	"struct shared { int a; unsigned long b; struct inner { char c; } d; };\n"
	"extern struct shared exported;\n"
	"static int lost = 5;\n"
	"static __attribute__((noinline)) int twice(int i) { return i + exported.a + lost; }\n"
	"int elsewhere(int i) { return twice(i); }\n",
	/* unit 2: no code */
	"enum { LONELY = 7 } lonely_user = LONELY;\n"
	"union either { short s; unsigned short u; unsigned long long l; };\n"
	"union either data_only;\n",
};

static const struct expected {
	const char *name;
	uint32_t values[4]; /* 0 ends them; unit 0 always comes with a kind */
} expected[] = {
	{ "colour", { STATIC | TYPE | 0 } },
	{ "RED", { STATIC | VARIABLE | 0 } },
	{ "GREEN", { STATIC | VARIABLE | 0 } },
	{ "shared", { STATIC | TYPE | 0 } }, /* in 0 and 1: the first counts */
	{ "inner", { STATIC | TYPE | 0 } },
	{ "only_declared", { 0 } },
	{ "anonymous_t", { STATIC | TYPE | 0 } },
	{ "exported", { VARIABLE | 0 } },
	{ "hidden", { STATIC | VARIABLE | 0 } },
	{ "inlined", { STATIC | FUNCTION | 0 } },
	{ "local_of_inlined", { 0 } },
	{ "twice", { STATIC | FUNCTION | 0, STATIC | FUNCTION | 1 } }, /* functions: all of them */
	{ "kept", { 0 } },
	{ "local", { 0 } },
	{ "first", { FUNCTION | 0 } },
	{ "elsewhere", { FUNCTION | 1 } },
	{ "LONELY", { STATIC | VARIABLE | 2 } },
	{ "either", { STATIC | TYPE | 2 } },
	{ "data_only", { VARIABLE | 2 } },
	/* as gdb spells C's integers */
	{ "int", { STATIC | TYPE | 0 } },
	{ "char", { STATIC | TYPE | 0 } },
	{ "unsigned long", { STATIC | TYPE | 0 } },
	{ "long unsigned int", { 0 } },
	{ "long long", { STATIC | TYPE | 0 } },
	{ "long long int", { 0 } },
	{ "short", { STATIC | TYPE | 2 } },
	{ "short int", { 0 } },
	{ "unsigned short", { STATIC | TYPE | 2 } },
	{ "unsigned long long", { STATIC | TYPE | 2 } },
	{ "INT", { 0 } }, /* the hash ignores case, names do not */
};

static char directory[] = "/tmp/gdb-index-test.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[4][256];
	static unsigned next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", directory, name);
	return path[next];
}

static void write_file(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static bool run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command) == 0;
}

/* Builds "program" with the compiler and OPTIONS; skips the test where that does not work here. */
static void build(const char *compiler, const char *options)
{
	for (unsigned i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u.c", i);
		write_file(name, sources[i], strlen(sources[i]));
	}
	if (!run("cd %s && rm -f program *.o && for i in 0 1 2; do %s -g -O2 -std=gnu11 -fno-stack-protector"
		 " %s -c $i.c || exit; done 2>log && %s %s -nostdlib -static -no-pie -Wl,--build-id=sha1"
		 " -o program 0.o 1.o 2.o 2>>log",
		 directory, compiler, options, compiler, options)) {
		print_message("%s %s does not work here\n", compiler, options);
		skip();
	}
}

static uint32_t u32(const struct buffer *index, size_t at)
{
	uint32_t value;

	assert_true(at + 4 <= index->size);
	memcpy(&value, index->data + at, 4);
	return le32toh(value);
}

static uint64_t u64(const struct buffer *index, size_t at)
{
	return u32(index, at) | (uint64_t)u32(index, at + 4) << 32;
}

/* gdb's manual: "the hash of a name". */
static uint32_t hash(const char *name)
{
	uint32_t value = 0;

	for (; *name; name++)
		value = value * 67 + (*name >= 'A' && *name <= 'Z' ? *name + 32 : *name) - 113;
	return value;
}

/* Looks NAME up as gdb does; where its list of units is, 0 = it is not there. */
static size_t lookup(const struct buffer *index, const char *name)
{
	uint32_t table = u32(index, 16), slots = (u32(index, 20) - table) / 8;
	uint32_t pool = u32(index, u32(index, 0) < 9 ? 20 : 24);
	uint32_t at = hash(name) & (slots - 1), step = ((hash(name) * 17) & (slots - 1)) | 1;

	assert_int_equal(slots & (slots - 1), 0);
	for (uint32_t i = 0; i < slots; i++, at = (at + step) & (slots - 1)) {
		uint32_t name_at = u32(index, table + 8 * at);
		uint32_t list = u32(index, table + 8 * at + 4);

		if (!name_at && !list)
			return 0;
		if (!strcmp(index->data + pool + name_at, name))
			return pool + list;
	}
	fail_msg("no slot is free");
	return 0;
}

static void check_name(const struct buffer *index, const struct expected *name)
{
	size_t list = lookup(index, name->name), nr = list ? u32(index, list) : 0, wanted = 0;

	while (wanted < 4 && name->values[wanted])
		wanted++;
	if (nr != wanted)
		print_message("%s: %zu units, not %zu\n", name->name, nr, wanted);
	assert_int_equal(nr, wanted);
	for (size_t i = 0; i < nr; i++) {
		if (u32(index, list + 4 + 4 * i) != name->values[i])
			print_message("%s\n", name->name);
		assert_int_equal(u32(index, list + 4 + 4 * i), name->values[i]);
	}
}

/* The unit that has the address of the symbol; -1 = none. */
static int unit_of_symbol(const struct buffer *index, const char *symbol)
{
	unsigned long address;
	FILE *nm;

	assert_true(run("nm %s | grep ' %s$' > %s", path_of("program"), symbol, path_of("nm")));
	nm = fopen(path_of("nm"), "r");
	assert_non_null(nm);
	assert_int_equal(fscanf(nm, "%lx", &address), 1);
	fclose(nm);
	for (size_t at = u32(index, 12); at < u32(index, 16); at += 20)
		if (u64(index, at) <= address && address < u64(index, at + 8))
			return u32(index, at + 16);
	return -1;
}

static void check_index(void)
{
	struct buffer index;
	struct error error = { 0 };

	if (!gdb_index_write(path_of("program"), path_of("index"), NULL, &error))
		fail_msg("%s", error.text);
	index = read_whole(path_of("index"));
	assert_int_equal(u32(&index, 0), 8);
	assert_int_equal((u32(&index, 8) - u32(&index, 4)) / 16, 3);
	assert_int_equal(u64(&index, u32(&index, 4)), 0);
	assert_int_equal(u64(&index, u32(&index, 4) + 16), u64(&index, u32(&index, 4) + 8));
	assert_int_equal(u32(&index, 8), u32(&index, 12)); /* no type units */
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		check_name(&index, &expected[i]);
	assert_int_equal(unit_of_symbol(&index, "first"), 0);
	assert_int_equal(unit_of_symbol(&index, "_start"), 0);
	assert_int_equal(unit_of_symbol(&index, "elsewhere"), 1);
	buffer_free(&index);
	assert_int_equal(gdb_index_version(path_of("index"), path_of("program")), 8);
}

#define KIND_TEST(name, compiler, options)                                                         \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		build(compiler, options);                                                          \
		check_index();                                                                     \
	}

KIND_TEST(dwarf_5, "gcc", "-gdwarf-5")
KIND_TEST(dwarf_4, "gcc", "-gdwarf-4")
KIND_TEST(dwarf_3, "gcc", "-gdwarf-3")
KIND_TEST(dwarf_2, "gcc", "-gdwarf-2")
KIND_TEST(dwarf64, "gcc", "-gdwarf-5 -gdwarf64")
KIND_TEST(m32, "gcc", "-gdwarf-5 -m32")
KIND_TEST(zlib, "gcc", "-gdwarf-5 -gz=zlib")
KIND_TEST(sections, "gcc", "-gdwarf-4 -ffunction-sections")
KIND_TEST(clang_5, "clang", "-gdwarf-5") /* strx, addrx, no .debug_aranges */
KIND_TEST(clang_5_ranges, "clang", "-gdwarf-5 -ffunction-sections") /* rnglistx */
KIND_TEST(clang_4, "clang", "-gdwarf-4 -ffunction-sections")

static void test_refused(void **state)
{
	static const struct {
		const char *compiler, *options, *says;
	} refused[] = {
		{ "g++", "", "language 0x" },
		{ "gcc", "-gdwarf-4 -fdebug-types-section", "type units" },
		{ "gcc", "-g0", "no debug information" },
		{ "gcc", "-r", "is not linked" },
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		build(refused[i].compiler, refused[i].options);
		unlink(path_of("index"));
		assert_false(gdb_index_write(path_of("program"), path_of("index"), NULL, &error));
		assert_int_equal(error.kind, ERROR_UNSUPPORTED);
		assert_non_null(strstr(error.text, refused[i].says));
		assert_int_equal(access(path_of("index"), F_OK), -1);
	}
}

/* No compiler here makes big-endian files. */
static void test_byte_orders(void **state)
{
	static const struct expected names[] = {
		{ "int", { STATIC | TYPE | 0 } },
		{ "task", { STATIC | TYPE | 0 } },
		{ "m", { 0 } },
		{ "start_kernel", { FUNCTION | 0, FUNCTION | 1 } },
		{ "A", { STATIC | VARIABLE | 0 } },
		{ "v", { STATIC | VARIABLE | 0 } },
	};

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct index_image image = index_image(i & 1, i & 2, 4 + i / 4);
		struct buffer file = image_file(&image), index;
		struct error error;

		write_file("program", file.data, file.size);
		if (!gdb_index_write(path_of("program"), path_of("index"), NULL, &error))
			fail_msg("%u: %s", i, error.text);
		index = read_whole(path_of("index"));
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			check_name(&index, &names[j]);
		assert_int_equal(u32(&index, 16) - u32(&index, 12), 2 * 20);
		assert_int_equal(u64(&index, u32(&index, 12)), 0x1000);
		assert_int_equal(u64(&index, u32(&index, 12) + 8), 0x1500);
		assert_int_equal(gdb_index_version(path_of("index"), path_of("program")), 8);
		buffer_free(&index);
		buffer_free(&file);
		index_image_free(&image);
	}
}

/* What each gdb itself would write: symbols/gdb_index/gdb_index.h. */
static void test_gdb_versions(void **state)
{
	static const struct {
		unsigned gdb, version;
		struct expected shared, lost;
	} gdbs[] = {
		{ 13, 8, { "shared", { STATIC | TYPE | 0 } }, { "lost", { 0 } } },
		{ 16,
		  9,
		  { "shared", { STATIC | TYPE | 0 } },
		  { "lost", { STATIC | VARIABLE | 0, STATIC | VARIABLE | 1 } } },
		{ 18,
		  9,
		  { "shared", { STATIC | TYPE | 0, STATIC | TYPE | 1 } },
		  { "lost", { STATIC | VARIABLE | 0, STATIC | VARIABLE | 1 } } },
	};

	(void)state;
	build("gcc", "-gdwarf-5");
	for (size_t i = 0; i < sizeof(gdbs) / sizeof(gdbs[0]); i++) {
		struct gdb_index_options options = { .gdb = gdbs[i].gdb };
		struct buffer index;

		assert_true(gdb_index_write(path_of("program"), path_of("index"), &options, NULL));
		assert_int_equal(gdb_index_version(path_of("index"), path_of("program")),
				 gdbs[i].version);
		index = read_whole(path_of("index"));
		assert_int_equal(u32(&index, 0), gdbs[i].version);
		check_name(&index, &gdbs[i].shared);
		check_name(&index, &gdbs[i].lost);
		buffer_free(&index);
	}
}

/* A file in gdb's cache that must not be believed. */
static void test_damaged_index(void **state)
{
	static const size_t damage[] = { 0, 4, 8, 12, 16, 20, 24, 32 };
	struct buffer index;

	(void)state;
	build("gcc", "-gdwarf-5");
	check_index();
	index = read_whole(path_of("index"));
	for (size_t size = 0; size < index.size; size++) {
		write_file("short", index.data, size);
		assert_int_equal(gdb_index_version(path_of("short"), path_of("program")), 0);
	}
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		index.data[damage[i]] ^= 0x55;
		write_file("short", index.data, index.size);
		index.data[damage[i]] ^= 0x55;
		assert_int_equal(gdb_index_version(path_of("short"), path_of("program")), 0);
	}
	assert_int_equal(gdb_index_version(path_of("none"), path_of("program")), 0);
	assert_int_equal(gdb_index_version(directory, path_of("program")), 0);
	/* of another program */
	assert_int_equal(gdb_index_version(path_of("index"), "/proc/self/exe"), 0);
	buffer_free(&index);
}

/* Damaged input: an error or an index, and no crash. */
static void test_damaged_input(void **state)
{
	struct buffer program;
	uint64_t random = 1;

	(void)state;
	build("gcc", "-gdwarf-5");
	program = read_whole(path_of("program"));
	for (unsigned i = 0; i < 300; i++) {
		size_t at;
		char before;

		random = random * 6364136223846793005ull + 1442695040888963407ull;
		at = 64 + (random >> 33) % (program.size - 64);
		before = program.data[at];
		program.data[at] = random >> 20;
		write_file("bad", program.data, program.size);
		program.data[at] = before;
		gdb_index_write(path_of("bad"), path_of("index"), NULL, NULL);
	}
	buffer_free(&program);
}

static bool always(void *context)
{
	++*(unsigned *)context;
	return true;
}

static void test_interrupt(void **state)
{
	unsigned asked = 0;
	struct gdb_index_options options = { .interrupted = always, .context = &asked };
	struct error error = { 0 };
	bool done;

	(void)state;
	build("gcc", "-gdwarf-5");
	unlink(path_of("index"));
	done = gdb_index_write(path_of("program"), path_of("index"), &options, &error);
	/* Small as it is, it may be done before anybody asks. */
	assert_true(done == !asked);
	if (!done)
		assert_int_equal(error.kind, ERROR_INTERRUPTED);
	assert_int_equal(access(path_of("index"), F_OK), done ? 0 : -1);
}

static void test_cannot_write(void **state)
{
	struct error error = { 0 };

	(void)state;
	build("gcc", "-gdwarf-5");
	assert_false(gdb_index_write(path_of("program"), path_of("none/index"), NULL, &error));
	assert_int_equal(error.kind, ERROR_IO);
}

static void test_build_id(void **state)
{
	char id[65], wanted[65];
	FILE *file;

	(void)state;
	build("gcc", "-gdwarf-5");
	assert_true(gdb_index_build_id(path_of("program"), id, sizeof(id), NULL));
	assert_true(run("readelf -n %s | sed -n 's/.*Build ID: //p' > %s", path_of("program"),
			path_of("id")));
	file = fopen(path_of("id"), "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%64s", wanted), 1);
	fclose(file);
	assert_string_equal(id, wanted);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	files_remove_directory(directory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dwarf_5),	      cmocka_unit_test(test_dwarf_4),
		cmocka_unit_test(test_dwarf_3),	      cmocka_unit_test(test_dwarf_2),
		cmocka_unit_test(test_dwarf64),	      cmocka_unit_test(test_m32),
		cmocka_unit_test(test_zlib),	      cmocka_unit_test(test_sections),
		cmocka_unit_test(test_clang_5),	      cmocka_unit_test(test_clang_5_ranges),
		cmocka_unit_test(test_clang_4),	      cmocka_unit_test(test_refused),
		cmocka_unit_test(test_byte_orders),   cmocka_unit_test(test_gdb_versions),
		cmocka_unit_test(test_damaged_index), cmocka_unit_test(test_damaged_input),
		cmocka_unit_test(test_interrupt),     cmocka_unit_test(test_cannot_write),
		cmocka_unit_test(test_build_id),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
