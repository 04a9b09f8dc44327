// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A dump's own description (kernel/open/own.h) beside what the guest recorded of itself (/proc/kallsyms) and what its vmlinux
 * says: symbols, types, the place of the tables. Needs a dump set.
 */
#include "test_kernel_set.h"

#include "kernel/open/open.h"
#include "kernel/open/own.h"
#include "symbols/kallsyms/kallsyms.h"

static struct kernel *own;

static int open_own(void **state)
{
	static const char *const names[] = { "vmcore", "vmcore.qemu-elf", "vmcore.qemu-zlib" };
	struct error error = { 0 };
	struct dump *dump = NULL;

	(void)state;
	if (!getenv("VMCORE_TEST_SET"))
		return 0;
	for (size_t i = 0; i < 3 && !dump; i++) {
		const char *path = set_path(names[i]);

		if (access(path, R_OK) == 0 && !dump_open(&path, 1, &dump, &error))
			return -1;
	}
	if (!dump || !kernel_open(dump, &(struct kernel_source){ 0 }, &own, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	return 0;
}

static int close_own(void **state)
{
	(void)state;
	kernel_close(own);
	return 0;
}

/* Every line of the guest's /proc/kallsyms that is not a module's, in both directions. */
static void test_symbols(void **state)
{
	static const char *const tables[] = { "kallsyms_names", "kallsyms_num_syms", "kallsyms_token_table",
					      "kallsyms_token_index", "kallsyms_offsets", "kallsyms_relative_base" };
	char *record, *line, *at;
	size_t count = 0;
	FILE *pipe;
	char command[4200], name[512], module[64];
	unsigned long long address;
	char letter;

	(void)state;
	(void)set_path("");
	snprintf(command, sizeof(command), "gzip -dc '%s'", set_path("oracle/proc/kallsyms.gz"));
	pipe = popen(command, "r");
	record = malloc(64 << 20);
	assert_non_null(pipe);
	assert_non_null(record);
	record[fread(record, 1, (64 << 20) - 1, pipe)] = 0;
	pclose(pipe);
	for (line = strtok_r(record, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		const struct symbol *symbol = NULL;
		int fields = sscanf(line, "%llx %c %511s %63s", &address, &letter, name, module);

		/* symtab.h: what the tools made is passed over. */
		if (fields != 3 || strncmp(name, "__ksymtab_", 10) == 0 || strncmp(name, "__crc_", 6) == 0 ||
		    strncmp(name, "__kstrtab", 9) == 0)
			continue;
		while ((symbol = symtab_find_next(own->symbols, name, symbol)) && symbol->address != address)
			;
		if (!symbol)
			fail_msg("%s at 0x%llx is missing", name, address);
		count++;
	}
	free(record);
	/* kallsyms leaves out its own tables; where VMCOREINFO says where they are (6.0) they have their names. */
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		count += symtab_find(own->symbols, tables[i]) != NULL;
	assert_true(count > 50000);
	assert_int_equal(symtab_count(own->symbols), count);
	assert_string_equal(own->damage, "");
}

static bool agree(struct types *dwarf, const char *type, const char *path)
{
	struct member a = { 0 }, b = { 0 };
	bool known = types_member(own->types, type, path, &a, NULL);

	if (known != types_member(dwarf, type, path, &b, NULL))
		fail_msg("%s.%s: only one of BTF and DWARF has it", type, path);
	/* Old pahole (5.10's) does not say whether char is signed. */
	if (known && (b.element_size ? b.element_size : b.size) == 1)
		a.is_signed = b.is_signed;
	if (known && (a.offset != b.offset || a.size != b.size || a.kind != b.kind || a.is_signed != b.is_signed ||
		      a.bit_offset != b.bit_offset || a.bit_size != b.bit_size || a.count != b.count ||
		      a.element_size != b.element_size))
		fail_msg("%s.%s: BTF and DWARF differ", type, path);
	return known;
}

/* Every string in the plugin's sources that could be the name of a type or a member. */
static size_t source_strings(char (*strings)[64], size_t max)
{
	const char *top = getenv("srcdir") ? getenv("srcdir") : ".";
	char command[4200];
	size_t count = 0;
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "cd '%s/plugin' && grep -rhoE '\"[a-z_][a-z0-9_.]+\"' kernel symbols commands target | sort -u | tr -d '\"'", top);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (count < max && fscanf(pipe, "%63s", strings[count]) == 1)
		count++;
	pclose(pipe);
	return count;
}

/*
 * What BTF in memory says is what DWARF of vmlinux says, of every member that the plugin asks for: of each string in its sources as
 * a member of each that is a type. Most are neither, and then both must say so.
 */
static void test_types(void **state)
{
	static char strings[4096][64];
	size_t count = source_strings(strings, 4096);
	struct error error = { 0 };
	struct types *dwarf;
	unsigned known = 0;
	uint64_t size;

	(void)state;
	if (!types_open_dwarf(set_path("vmlinux"), &dwarf, &error))
		fail_msg("%s", error.text);
	for (size_t type = 0; type < count; type++)
		for (size_t path = 0; types_size(own->types, strings[type], &size, NULL) && path < count; path++)
			known += agree(dwarf, strings[type], strings[path]);
	print_message("%u members agree\n", known);
	assert_true(known > 150);
	types_close(dwarf);
}

/* Up to 6.3 the tables can be found without VMCOREINFO; they must be those that it names. */
static void test_search(void **state)
{
	struct kallsyms_tables named, found;
	struct error error = { 0 };
	struct symtab *symtab;
	struct error damage;

	(void)state;
	(void)set_path("");
	if (!kallsyms_locate(own->dump, &named, &error)) {
		/* Before 6.0: what own->symbols is made of was found that way, and test_symbols has looked at it. */
		assert_true(strncmp(own->release, "5.", 2) == 0 || strncmp(own->release, "4.", 2) == 0);
		skip();
	}
	if (!kallsyms_search(own->memory, own->text_start, &found, &error)) {
		assert_non_null(strstr(error.text, "kallsyms"));
		assert_true(named.offsets > named.names);	/* the order since 6.4 */
		return;
	}
	assert_memory_equal(&found, &named, sizeof(named));
	assert_true(symtab_new(&symtab, NULL));
	assert_true(kallsyms_read_kernel(own->memory, &found, symtab, &damage, &error));
	assert_int_equal(symtab_count(symtab), symtab_count(own->symbols));
	symtab_free(symtab);
}

/* The description of another boot of this kernel has the same name, so the same file serves both. */
static void test_file_name(void **state)
{
	char name[160], again[160];
	struct error error = { 0 };
	uint64_t kaslr;

	(void)state;
	(void)set_path("");
	kaslr = own->memory->kaslr_offset;
	assert_true(own_file_name(own, name, sizeof(name), &error));
	assert_memory_equal(name, own->build_id, strlen(own->build_id));
	assert_true(own_file_name(own, again, sizeof(again), &error));
	assert_string_equal(name, again);
	/* It is made of link-time addresses: with a wrong offset it is another file. */
	own->memory->kaslr_offset = kaslr + 4096;
	assert_true(own_file_name(own, again, sizeof(again), &error));
	own->memory->kaslr_offset = kaslr;
	assert_string_not_equal(name, again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_file_name),
	};

	return cmocka_run_group_tests(tests, open_own, close_own);
}
