// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A loaded module's symbols out of the dump; see kallsyms.h.
 *
 * struct mod_kallsyms (4.5+, 8244062ef1e5) has an array of Elf64_Sym whose values the loader made
 * absolute (simplify_symbols), and the string table. The letter of `nm` is in typetab since 5.2
 * (1c7651f43777); in 5.0 and 5.1 it is in st_size, so that sizes are lost, and before 5.0 in
 * st_info. An ELF st_info is never a letter, so a look at the value tells.
 */
#include "symbols/kallsyms/kallsyms.h"

#include <ctype.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "symbols/symtab.h"
#include "symbols/types.h"

#define MAX_SYMBOLS 4000000	/* the biggest modules have some 50,000 */
#define MAX_STRINGS (64 << 20)
#define MAX_NAME 512		/* KSYM_NAME_LEN */

struct reader {
	struct types *types;
	struct memory *memory;
	uint64_t module;
	uint64_t symbols, strings, letters;	/* addresses; letters 0 = there is no typetab */
	uint64_t count;
	uint64_t percpu, percpu_size;
	Elf64_Sym *table;
	char *letter_table;
	char *string_table;		/* NULL: it cannot be read in one piece */
	size_t string_size;
	bool letters_in_size;
};

/* Reads the number at TYPE.PATH of the object at ADDRESS. */
static bool read_member(struct reader *reader, uint64_t address, const char *type, const char *path,
			uint64_t *value_ret, struct error *error)
{
	struct member member;

	return types_member(reader->types, type, path, &member, error) &&
	       memory_read_uint(reader->memory, address + member.offset, member.size, value_ret,
				error);
}

static bool find_tables(struct reader *reader, struct error *error)
{
	/* Before 8244062ef1e5, 4.5, they were in struct module itself. */
	bool apart = types_has_member(reader->types, "module", "kallsyms");
	const char *type = apart ? "mod_kallsyms" : "module";
	uint64_t kallsyms = reader->module;

	if ((apart && !read_member(reader, reader->module, "module", "kallsyms", &kallsyms, error)) ||
	    !read_member(reader, kallsyms, type, "symtab", &reader->symbols, error) ||
	    !read_member(reader, kallsyms, type, "num_symtab", &reader->count, error) ||
	    !read_member(reader, kallsyms, type, "strtab", &reader->strings, error))
		return false;
	if (reader->count > MAX_SYMBOLS)
		return error_set(error, ERROR_CORRUPT, "a module with %llu symbols",
				 (unsigned long long)reader->count);
	if (types_has_member(reader->types, "mod_kallsyms", "typetab") &&
	    !read_member(reader, kallsyms, "mod_kallsyms", "typetab", &reader->letters, error))
		return false;
	/* Without CONFIG_SMP there are no such members. */
	if (!read_member(reader, reader->module, "module", "percpu", &reader->percpu, NULL) ||
	    !read_member(reader, reader->module, "module", "percpu_size", &reader->percpu_size,
			 NULL))
		reader->percpu_size = 0;
	return true;
}

/* All names in one piece, from the string table's start to the end of the name that starts last. */
static void read_strings(struct reader *reader)
{
	char last[MAX_NAME];
	uint32_t highest = 0;
	size_t size;

	for (uint64_t i = 0; i < reader->count; i++)
		if (reader->table[i].st_name > highest)
			highest = reader->table[i].st_name;
	if (highest > MAX_STRINGS ||
	    !memory_read_string(reader->memory, reader->strings + highest, last, sizeof(last),
				NULL))
		return;
	size = highest + strlen(last) + 1;
	reader->string_table = malloc(size);
	if (!reader->string_table)
		return;
	memcpy(reader->string_table + highest, last, size - highest);
	if (highest && !memory_read(reader->memory, reader->strings, reader->string_table, highest,
				    NULL)) {
		free(reader->string_table);
		reader->string_table = NULL;
		return;
	}
	reader->string_size = size;
}

/* Elf32_Sym and Elf64_Sym in the machine's byte order. */
static Elf64_Sym decode_symbol(const struct memory *memory, const uint8_t *data)
{
	bool narrow = memory->arch->pointer_size == 4;
	const uint8_t *rest = data + (narrow ? 12 : 4), *value = data + (narrow ? 4 : 8);
	unsigned word = memory->arch->pointer_size;

	return (Elf64_Sym){ .st_name = memory_decode(memory, data, 4), .st_info = rest[0], .st_other = rest[1],
			    .st_shndx = memory_decode(memory, rest + 2, 2), .st_value = memory_decode(memory, value, word),
			    .st_size = memory_decode(memory, value + word, word) };
}

static bool read_symbols(struct reader *reader, struct error *error)
{
	size_t each = reader->memory->arch->pointer_size == 4 ? sizeof(Elf32_Sym) : sizeof(Elf64_Sym);
	size_t size = reader->count * each;
	uint8_t last[sizeof(Elf64_Sym)], *data;
	bool done;

	/* A damaged count asks for much memory, but most often its table would end nowhere. */
	if (reader->count && !memory_read(reader->memory, reader->symbols + size - each, last, each, error))
		return false;
	data = malloc(size + 1);
	reader->table = malloc(reader->count * sizeof(*reader->table) + 1);
	if (!data || !reader->table) {
		free(data);
		return error_no_memory(error, "a module's symbols", size);
	}
	done = memory_read(reader->memory, reader->symbols, data, size, error);
	for (uint64_t i = 0; done && i < reader->count; i++)
		reader->table[i] = decode_symbol(reader->memory, data + i * each);
	free(data);
	return done;
}

static bool read_tables(struct reader *reader, struct error *error)
{
	if (!read_symbols(reader, error))
		return false;
	reader->letter_table = calloc(reader->count + 1, 1);
	if (!reader->letter_table)
		return error_no_memory(error, "a module's symbols", reader->count);
	/* Letters are a convenience: without them functions are still known by st_info. */
	if (reader->letters &&
	    !memory_read(reader->memory, reader->letters, reader->letter_table, reader->count,
			 NULL))
		memset(reader->letter_table, 0, reader->count);
	/* 5.0 and 5.1: every size is a letter. The first symbol is the null symbol. */
	reader->letters_in_size = !reader->letters && reader->count > 1;
	for (uint64_t i = 1; i < reader->count && reader->letters_in_size; i++)
		reader->letters_in_size = reader->table[i].st_size < 128 &&
			isalpha((int)reader->table[i].st_size);
	read_strings(reader);
	return true;
}

static void choose_letter(const struct reader *reader, uint64_t index, struct symbol *symbol)
{
	const Elf64_Sym *sym = &reader->table[index];
	unsigned char letter = reader->letter_table[index];

	if (!reader->letters && isalpha(sym->st_info)) {
		symbol->letter = sym->st_info;
		symbol->function = strchr("tTwW", symbol->letter) != NULL;
		return;
	}
	if (reader->letters_in_size) {
		letter = sym->st_size;
		symbol->size = 0;
	}
	if (letter >= 128 || !isalpha(letter))
		letter = ELF64_ST_TYPE(sym->st_info) == STT_FUNC ? 't' : 'd';
	symbol->function = strchr("tTwW", letter) && ELF64_ST_TYPE(sym->st_info) != STT_OBJECT;
	/*
	 * The kernel's letters are lower case; /proc/kallsyms shows exported ones as upper case, nm
	 * global ones. We do as nm.
	 */
	symbol->letter = ELF64_ST_BIND(sym->st_info) == STB_LOCAL ? letter : toupper(letter);
}

/*
 * The name at OFFSET of the string table; BUFFER is for the case that it has to be read. NULL if it
 * cannot be.
 */
static const char *symbol_name(const struct reader *reader, uint32_t offset, char *buffer)
{
	/* all offsets are below string_size, and it ends with a NUL */
	if (reader->string_table) {
		const char *name = reader->string_table + offset;

		/* No name is longer; several run together in a damaged table are none. */
		return strnlen(name, MAX_NAME) < MAX_NAME ? name : NULL;
	}
	if (!memory_read_string(reader->memory, reader->strings + offset, buffer, MAX_NAME, NULL))
		return NULL;
	return buffer;
}

static bool add_symbols(const struct reader *reader, struct symtab *symtab, struct error *error)
{
	for (uint64_t i = 1; i < reader->count; i++) {
		const Elf64_Sym *sym = &reader->table[i];
		struct symbol symbol = { .address = sym->st_value, .size = sym->st_size };
		char buffer[MAX_NAME];

		if (sym->st_shndx == SHN_UNDEF || sym->st_value == 0)
			continue;
		symbol.name = symbol_name(reader, sym->st_name, buffer);
		if (!symbol.name && !symtab_add_nameless(symtab, sym->st_value, error))
			return false;
		if (!symbol.name || !symbol.name[0] || symbol.name[0] == '$' ||
		    strncmp(symbol.name, ".L", 2) == 0)
			continue;
		choose_letter(reader, i, &symbol);
		symbol.percpu = sym->st_value - reader->percpu < reader->percpu_size;
		if (!symtab_add(symtab, &symbol, error))
			return false;
	}
	return true;
}

/*
 * Where the module's memory is, so that its last symbol does not reach into its neighbour, nor its last function into its data,
 * which has no symbols where the kernel was built without KALLSYMS_ALL. Best effort.
 */
static bool add_extents(struct reader *reader, struct symtab *symtab, struct error *error)
{
	static const char *const layouts[][3] = {	/* to 6.3; text comes first */
		{ "core_layout.base", "core_layout.size", "core_layout.text_size" },
		{ "data_layout.base", "data_layout.size", "data_layout.text_size" },	/* 5.18, 01dc0386efb7 */
		{ "init_layout.base", "init_layout.size", "init_layout.text_size" },
		{ "module_core", "core_size", "core_text_size" },			/* before 4.5 */
		{ "module_init", "init_size", "init_text_size" },
	};
	uint64_t base, size, text;
	struct member mem;

	if (types_member(reader->types, "module", "mem", &mem, NULL)) {	/* 6.4+, ac3b43283923 */
		for (uint64_t i = 0; i < mem.count && i < 64; i++) {
			uint64_t address = reader->module + mem.offset + i * mem.element_size;

			if (read_member(reader, address, "module_memory", "base", &base, NULL) &&
			    read_member(reader, address, "module_memory", "size", &size, NULL) &&
			    base &&
			    !symtab_add_extent(symtab, base, size, error))
				return false;
		}
		return true;
	}
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (read_member(reader, reader->module, "module", layouts[i][0], &base, NULL) &&
		    read_member(reader, reader->module, "module", layouts[i][1], &size, NULL) && base) {
			if (!read_member(reader, reader->module, "module", layouts[i][2], &text, NULL) || text > size)
				text = 0;
			if (!symtab_add_extent(symtab, base, text, error) ||
			    !symtab_add_extent(symtab, base + text, size - text, error))
				return false;
		}
	return true;
}

bool kallsyms_read_module(struct types *types, struct memory *memory, uint64_t module,
			  struct symtab *symtab, struct error *error)
{
	struct reader reader = { .types = types, .memory = memory, .module = module };
	bool ok;

	symtab_names_in_order(symtab);
	ok = find_tables(&reader, error) && read_tables(&reader, error) &&
	     add_extents(&reader, symtab, error) && add_symbols(&reader, symtab, error);
	if (!ok)
		error_prefix(error, "symbols of the module at %#llx", (unsigned long long)module);
	free(reader.table);
	free(reader.letter_table);
	free(reader.string_table);
	return ok;
}
