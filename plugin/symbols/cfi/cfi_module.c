// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A loaded module as an ELF file for gdb: where its sections are, its symbols, and how to unwind
 * its code.
 *
 * Everything is at run-time addresses. gdb's solib-target adds a library's base addresses to a
 * file's own, so the library list should name one <segment> whose address is that of the file's
 * first PT_LOAD: then nothing moves.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "symbols/btf/btf_dwarf.h"
#include "symbols/cfi/cfi_convert.h"
#include "symbols/symtab.h"

struct placed_section {
	uint64_t start, end;
	size_t number;		/* in the ELF file */
	bool code;
};

static int compare_sections(const void *a, const void *b)
{
	const struct placed_section *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/* The last section that starts at or below ADDRESS; NULL if there is none. */
static struct placed_section *find_section(struct placed_section *sections, size_t count,
					   uint64_t address)
{
	size_t low = array_up_to(sections, count, sizeof(*sections),
				 offsetof(struct placed_section, start), address);

	return low ? &sections[low - 1] : NULL;
}

/*
 * Sections whose size is not known (their ends are still their starts) reach to the end of the last
 * symbol in them.
 */
static void measure_sections(struct placed_section *sections, size_t count, const bool *unknown,
			     const struct symtab *symtab)
{
	for (size_t i = 0; symtab && i < symtab_count(symtab); i++) {
		const struct symbol *symbol = symtab_get(symtab, i);
		struct placed_section *section = find_section(sections, count, symbol->address);
		uint64_t end = symbol->address + symbol->size;

		if (!section || symbol->percpu || !unknown[section->number - 1] ||
		    end < symbol->address)
			continue;
		if (section + 1 < sections + count && end > section[1].start)
			end = section[1].start;
		if (end > section->end)
			section->end = end;
	}
	for (size_t i = 0; i < count; i++)
		if (sections[i].end == sections[i].start && unknown[sections[i].number - 1])
			sections[i].end++;
}

static void add_symbols(struct elf_writer *writer, struct placed_section *sections,
			const struct cfi_object *object)
{
	Elf64_Shdr header = { .sh_type = SHT_SYMTAB, .sh_entsize = elf_writer_symbol_size(writer),
			      .sh_addralign = 8 };
	const Elf64_Shdr names_header = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };
	const struct symtab *symtab = object->symtab;
	struct buffer symbols = { 0 }, names = { 0 };
	size_t count = object->nr_sections;

	buffer_zeros(&symbols, header.sh_entsize);
	buffer_char(&names, '\0');
	/* The ELF specification wants the local ones first. */
	for (int global = 0; global <= 1; global++) {
		for (size_t i = 0; i < symtab_count(symtab); i++) {
			const struct symbol *symbol = symtab_get(symtab, i);
			struct placed_section *section =
				find_section(sections, count, symbol->address);
			bool is_global = symbol->letter >= 'A' && symbol->letter <= 'Z' &&
					 (symbol->function || !object->data_is_local);
			Elf64_Sym sym = {
				.st_name = names.size, .st_value = symbol->address,
				.st_size = symbol->size,
				.st_info = ELF64_ST_INFO(is_global,
							 symbol->function ? STT_FUNC : STT_OBJECT),
			};

			if (is_global != global || !section ||
			    (symbol->percpu && !object->has_percpu) ||
			    symbol->address > section->end)
				continue;
			sym.st_shndx = section->number;
			buffer_append(&names, symbol->name, strlen(symbol->name) + 1);
			elf_writer_put_symbol(writer, &symbols, &sym);
		}
		if (!global)
			header.sh_info = symbols.size / header.sh_entsize;
	}
	header.sh_link = writer->nr_sections + 2;
	if (symbols.failed || names.failed || names.size > UINT32_MAX)
		writer->failed = true;
	elf_writer_add(writer, ".symtab", &header, symbols.data, symbols.size);
	elf_writer_add(writer, ".strtab", &names_header, names.data, names.size);
	buffer_free(&symbols);
	buffer_free(&names);
}

/* Fills the writer and CONVERSION's code ranges; SORTED and UNKNOWN have room for NR_SECTIONS. */
static void add_placed_sections(struct conversion *conversion, struct elf_writer *writer,
				const struct cfi_section *sections, size_t nr_sections,
				struct placed_section *sorted, bool *unknown)
{
	for (size_t i = 0; i < nr_sections; i++) {
		uint64_t end = sections[i].address + sections[i].size;

		unknown[i] = sections[i].size == 0;
		sorted[i] = (struct placed_section){ sections[i].address,
						     end < sections[i].address ? UINT64_MAX : end,
						     i + 1, sections[i].code };
	}
	qsort(sorted, nr_sections, sizeof(*sorted), compare_sections);
	measure_sections(sorted, nr_sections, unknown, conversion->symtab);
	for (size_t i = 0; i < nr_sections; i++) {
		Elf64_Shdr header = {
			.sh_type = SHT_NOBITS, .sh_addralign = 1, .sh_addr = sections[i].address,
			.sh_flags = SHF_ALLOC | (sections[i].code ? SHF_EXECINSTR : SHF_WRITE),
		};

		for (size_t j = 0; j < nr_sections; j++)
			if (sorted[j].number == i + 1)
				header.sh_size = sorted[j].end - sorted[j].start;
		elf_writer_add(writer, sections[i].name, &header, NULL, 0);
	}
	for (size_t i = 0; i < nr_sections; i++)
		if (sorted[i].code)
			conversion->code[conversion->nr_code++] =
				(struct code_range){ sorted[i].start, sorted[i].end };
}

static void add_types(struct elf_writer *writer, const struct btf_dwarf *types)
{
	const Elf64_Shdr header = { .sh_type = SHT_PROGBITS, .sh_addralign = 1 };
	const Elf64_Shdr strings = { .sh_type = SHT_PROGBITS, .sh_addralign = 1, .sh_entsize = 1,
				     .sh_flags = SHF_MERGE | SHF_STRINGS };

	elf_writer_add(writer, ".debug_info", &header, types->info.data, types->info.size);
	elf_writer_add(writer, ".debug_abbrev", &header, types->abbrev.data, types->abbrev.size);
	elf_writer_add(writer, ".debug_str", &strings, types->strings, types->strings_size);
}

bool cfi_write_object(const struct cfi_object *object, const char *path, struct error *error)
{
	struct conversion conversion = { .table = object->table, .symtab = object->symtab,
					 .callee_saved_kept = object->callee_saved_kept };
	size_t nr_sections = object->nr_sections;
	struct placed_section *sorted;
	struct elf_writer writer = { .arch = object->arch };
	/* ORC is x86_64's. */
	bool *unknown, ok = false, has_rows = object->arch->orc_bases;

	/* A module has some 40 sections; the kernel has no limit, this does. */
	if (nr_sections > 4096)
		return error_set(error, ERROR_CORRUPT, "a module with %zu sections", nr_sections);
	sorted = calloc(nr_sections + 1, sizeof(*sorted));
	unknown = calloc(nr_sections + 1, sizeof(*unknown));
	conversion.code = calloc(nr_sections + 1, sizeof(*conversion.code));
	if (sorted && unknown && conversion.code) {
		add_placed_sections(&conversion, &writer, object->sections, nr_sections, sorted,
				    unknown);
		if (has_rows)
			cfi_convert(&conversion);
		if (object->symtab)
			add_symbols(&writer, sorted, object);
		if (object->types)
			add_types(&writer, object->types);
		ok = !has_rows || cfi_convert_save(&conversion, &writer);
	}
	ok = ok ? elf_writer_save(&writer, path, error) :
		error_no_memory(error, "a module's ELF file", 0);
	elf_writer_free(&writer);
	cfi_convert_free(&conversion);
	free(sorted);
	free(unknown);
	return ok;
}

bool cfi_write_module(const struct arch *arch, const struct cfi_section *sections, size_t nr_sections,
		      const struct orc_table *table,
		      const struct symtab *symtab, const char *path, struct error *error)
{
	const struct cfi_object object = { .sections = sections, .nr_sections = nr_sections,
					   .table = table, .symtab = symtab, .arch = arch };

	return cfi_write_object(&object, path, error);
}
