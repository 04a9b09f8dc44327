// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A module's symbols out of memory: a struct module made by hand in the first 4 MiB of the direct
 * map, in the three ways that kernels kept the symbols' letters (st_info, st_size, typetab), and
 * damaged ones.
 */
#include "test_arch_image.h"

#include "symbols/kallsyms/kallsyms.h"
#include "symbols/symtab.h"
#include "symbols/types.h"

#define AT(physical) (DIRECT_MAP + (physical))
#define MODULE 0x300000		/* struct module */
#define KALLSYMS 0x301000	/* struct mod_kallsyms */
#define SYMBOLS 0x302ff0	/* Elf64_Sym[], across a page */
#define STRINGS 0x304000
#define LETTERS 0x305000
#define CODE 0xffffffffc0100000

enum letters { IN_INFO, IN_SIZE, IN_TABLE, IN_MODULE };

/* Offsets of members, made up. */
static const struct { const char *type, *path; unsigned offset, size; } members[] = {
	{ "module", "kallsyms", 16, 8 }, { "module", "percpu", 24, 8 },
		{ "module", "percpu_size", 32, 4 },
	{ "module", "core_layout.base", 40, 8 }, { "module", "core_layout.size", 48, 4 },
	{ "mod_kallsyms", "symtab", 0, 8 }, { "mod_kallsyms", "num_symtab", 8, 4 },
	{ "mod_kallsyms", "strtab", 16, 8 }, { "mod_kallsyms", "typetab", 24, 8 },
	/* before 4.5 */
	{ "module", "module_core", 40, 8 }, { "module", "core_size", 48, 4 },
	{ "module", "symtab", 64, 8 }, { "module", "num_symtab", 72, 4 }, { "module", "strtab", 80, 8 },
};

/* Has this kernel, which keeps letters like that, the member? */
static bool has_member(enum letters letters, const char *type, const char *path)
{
	static const char *const new[] = { "kallsyms", "core_layout.base", "core_layout.size" },
			  *const old[] = { "module_core", "core_size", "symtab", "num_symtab", "strtab" };
	const char *const *absent = letters == IN_MODULE ? new : old;
	size_t count = letters == IN_MODULE ? 3 : 5;

	for (size_t i = 0; i < count && strcmp(type, "module") == 0; i++)
		if (strcmp(path, absent[i]) == 0)
			return false;
	return strcmp(path, "typetab") != 0 || letters == IN_TABLE;
}

static bool fake_member(void *private, const char *type, const char *path, struct member *member,
			struct error *error)
{
	enum letters letters = *(enum letters *)private;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (strcmp(type, members[i].type) != 0 || strcmp(path, members[i].path) != 0)
			continue;
		if (!has_member(letters, type, path))
			break;
		*member = (struct member){ .offset = members[i].offset, .size = members[i].size };
		return true;
	}
	return error_set(error, ERROR_NO_MEMBER, "no %s.%s", type, path);
}

static bool fake_size(void *private, const char *type, uint64_t *size_ret, struct error *error)
{
	(void)private;
	(void)size_ret;
	return error_set(error, ERROR_NO_MEMBER, "no %s", type);
}

static bool fake_enumerators(void *private, const char *type,
			     bool (*callback)(void *, const char *, int64_t),
			     void *context, struct error *error)
{
	(void)callback;
	(void)context;
	return fake_size(private, type ? type : "", NULL, error);
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

struct source_symbol {
	const char *name;
	uint64_t address, size;
	char letter;
	uint8_t info;
	uint16_t section;
};

static const struct source_symbol source[] = {
	{ "", 0, 0, ' ', 0, SHN_UNDEF },
	{ "rig_init", CODE + 0x10, 0x30, 't', ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 2 },
	{ "rig_export", CODE + 0x40, 0x40, 't', ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 2 },
	{ "rig_data", CODE + 0x2000, 8, 'd', ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), 5 },
	{ "rig_percpu", 0x2f010, 8, 'd', ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), 6 },
	{ "printk", 0, 0, 'U', ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF },
	{ "$x", CODE, 0, 't', 0, 2 },
	{ ".LC0", CODE, 0, 'r', 0, 3 },
	{ "rig_label", CODE + 0x80, 0, 't', ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 2 },
};

#define COUNT (sizeof(source) / sizeof(*source))

static void put_bytes(struct image *image, uint64_t physical, const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		image_page(image, physical + i)[(physical + i) & 4095] = ((const uint8_t *)data)[i];
}

static struct image *make_module(enum letters letters)
{
	struct image *image = image_four_levels();
	size_t strings = 1;

	image_put(image, MODULE + 16, AT(KALLSYMS));
	image_put(image, MODULE + 24, 0x2f000);
	image_put(image, MODULE + 32, 0x100);
	image_put(image, MODULE + 40, CODE);
	image_put(image, MODULE + 48, 0x4000);
	image_put(image, MODULE + 64, AT(SYMBOLS));
	image_put(image, MODULE + 72, COUNT);
	image_put(image, MODULE + 80, AT(STRINGS));
	image_put(image, KALLSYMS, AT(SYMBOLS));
	image_put(image, KALLSYMS + 8, COUNT);
	image_put(image, KALLSYMS + 16, AT(STRINGS));
	image_put(image, KALLSYMS + 24, AT(LETTERS));
	image_page(image, STRINGS);
	for (size_t i = 0; i < COUNT; i++) {
		Elf64_Sym sym = { .st_name = i ? strings : 0, .st_value = source[i].address,
				  .st_size = source[i].size,
				  .st_info = source[i].info, .st_shndx = source[i].section };

		if (letters == IN_INFO || letters == IN_MODULE)
			sym.st_info = source[i].letter;
		if (letters == IN_SIZE)
			sym.st_size = source[i].letter;
		put_bytes(image, SYMBOLS + i * sizeof(sym), &sym, sizeof(sym));
		put_bytes(image, LETTERS + i, &source[i].letter, 1);
		if (!i)
			continue;
		put_bytes(image, STRINGS + strings, source[i].name, strlen(source[i].name) + 1);
		strings += strlen(source[i].name) + 1;
	}
	image_vmcoreinfo(image, FOUR_LEVELS_VMCOREINFO);
	return image;
}

static bool read_module(struct image *image, enum letters letters, struct symtab **symtab_ret,
			struct error *error)
{
	struct types *types;
	bool ok;

	image_open(image);
	memset(error, 0, sizeof(*error));
	assert_true(types_new(&fake_source, &letters, "a test", &types, NULL));
	assert_true(symtab_new(symtab_ret, NULL));
	ok = kallsyms_read_module(types, image->memory, AT(MODULE), *symtab_ret, error);
	assert_true(symtab_finish(*symtab_ret, NULL));
	types_close(types);
	return ok;
}

static void check_letters(enum letters letters)
{
	struct image *image = make_module(letters);
	const struct symbol *symbol;
	struct symtab *symtab;
	struct error error;

	if (!read_module(image, letters, &symtab, &error))
		fail_msg("%s", error.text);
	assert_int_equal(symtab_count(symtab), 5);
	for (size_t i = 0; i < COUNT; i++) {
		symbol = symtab_find(symtab, source[i].name);
		if (source[i].section == SHN_UNDEF || source[i].name[0] == '$' ||
		    source[i].name[0] == '.') {
			assert_null(symbol);
			continue;
		}
		assert_non_null(symbol);
		assert_int_equal(symbol->address, source[i].address);
		/* nm's upper case for global ones, where st_info still says so. */
		if (strcmp(source[i].name, "rig_export") == 0 && letters != IN_INFO && letters != IN_MODULE)
			assert_int_equal(symbol->letter, 'T');
		else
			assert_int_equal(symbol->letter, source[i].letter);
		assert_int_equal(symbol->size, letters == IN_SIZE ? 0 : source[i].size);
		assert_int_equal(symbol->function, source[i].letter == 't');
		assert_int_equal(symbol->percpu, strcmp(source[i].name, "rig_percpu") == 0);
	}
	assert_string_equal(symtab_lookup(symtab, CODE + 0x41)->name, "rig_export");
	/* The last symbol without a size ends where the module does. */
	assert_string_equal(symtab_lookup(symtab, CODE + 0x90)->name, "rig_label");
	assert_null(symtab_lookup(symtab, CODE + 0x4000));
	symtab_free(symtab);
	image_free(image);
}

static void test_letters(void **state)
{
	(void)state;
	check_letters(IN_MODULE);	/* before 4.5 */
	check_letters(IN_INFO);		/* before 5.0 */
	check_letters(IN_SIZE);		/* 5.0, 5.1 */
	check_letters(IN_TABLE);	/* 5.2+ */
}

static void test_damaged(void **state)
{
	struct symtab *symtab;
	struct image *image;
	struct error error;
	Elf64_Sym sym = { 0 };

	(void)state;
	/* An absurd count. */
	image = make_module(IN_TABLE);
	image_put(image, KALLSYMS + 8, 0x7fffffff);
	assert_false(read_module(image, IN_TABLE, &symtab, &error));
	assert_int_equal(error.kind, ERROR_CORRUPT);
	symtab_free(symtab);
	image_free(image);
	/* A wild pointer. */
	image = make_module(IN_TABLE);
	image_put(image, MODULE + 16, 0xdead000000000100);
	assert_false(read_module(image, IN_TABLE, &symtab, &error));
	assert_true(error_is_missing_memory(&error));
	symtab_free(symtab);
	image_free(image);
	/* The symbols are not in the dump. */
	image = make_module(IN_TABLE);
	image_put(image, KALLSYMS, AT(0x3ff000));
	assert_false(read_module(image, IN_TABLE, &symtab, &error));
	assert_true(error_is_missing_memory(&error));
	symtab_free(symtab);
	image_free(image);
	/* One symbol's name is far away: the others are still there. */
	image = make_module(IN_TABLE);
	sym = (Elf64_Sym){ .st_name = 0x10000, .st_value = CODE, .st_shndx = 2 };
	put_bytes(image, SYMBOLS + sizeof(sym), &sym, sizeof(sym));
	assert_true(read_module(image, IN_TABLE, &symtab, &error));
	assert_int_equal(symtab_count(symtab), 4);
	assert_non_null(symtab_find(symtab, "rig_export"));
	symtab_free(symtab);
	image_free(image);
	/* Without letters ELF's own types decide. */
	image = make_module(IN_TABLE);
	image_put(image, KALLSYMS + 24, AT(0x3ff000));
	assert_true(read_module(image, IN_TABLE, &symtab, &error));
	assert_int_equal(symtab_find(symtab, "rig_export")->letter, 'T');
	assert_true(symtab_find(symtab, "rig_export")->function);
	assert_int_equal(symtab_find(symtab, "rig_data")->letter, 'd');
	symtab_free(symtab);
	image_free(image);
	/* An empty table. */
	image = make_module(IN_TABLE);
	image_put(image, KALLSYMS + 8, 0);
	assert_true(read_module(image, IN_TABLE, &symtab, &error));
	assert_int_equal(symtab_count(symtab), 0);
	symtab_free(symtab);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
