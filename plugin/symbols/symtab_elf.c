// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Filling a symtab from an ELF file's .symtab: which symbols are worth having, and where they are
 * at run time.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/elf/elf_file.h"
#include "symbols/symtab.h"

/* What a symbol's section says about it. */
struct section_info {
	uint64_t start, end;
	char letter;		/* lower case; 0 = not in memory at run time */
	bool code;
	bool percpu;
	bool fixed;		/* does not move with KASLR */
};

struct reader {
	struct elf_file file;
	struct section_info *sections;
	uint64_t kaslr;
	uint64_t image_start, image_end;	/* of all that KASLR moves */
};

static char section_letter(const GElf_Shdr *header)
{
	if (header->sh_flags & SHF_EXECINSTR)
		return 't';
	if (header->sh_type == SHT_NOBITS)
		return 'b';
	return header->sh_flags & SHF_WRITE ? 'd' : 'r';
}

/*
 * x86-64 linked the per-CPU section at 0, so that a symbol is an offset from the CPU's base and
 * does not move with the kernel; since 6.15 it is linked like any other (9d7de2aa8b41). A section
 * at 0 in an executable can only be the former.
 */
static bool read_sections(struct reader *reader, struct symtab *symtab, struct error *error)
{
	Elf_Scn *section = NULL;

	reader->sections = calloc(reader->file.nr_sections + 1, sizeof(*reader->sections));
	if (!reader->sections)
		return error_no_memory(error, "sections",
				       reader->file.nr_sections * sizeof(*reader->sections));
	reader->image_start = UINT64_MAX;
	while ((section = elf_nextscn(reader->file.elf, section))) {
		size_t index = elf_ndxscn(section);
		struct section_info *info;
		GElf_Shdr header;

		if (index >= reader->file.nr_sections || !gelf_getshdr(section, &header) ||
		    !(header.sh_flags & SHF_ALLOC))
			continue;
		info = &reader->sections[index];
		info->letter = section_letter(&header);
		info->code = header.sh_flags & SHF_EXECINSTR;
		info->percpu = strncmp(elf_file_section_name(&reader->file, &header),
				       ".data..percpu", 13) == 0;
		info->fixed = info->percpu && header.sh_addr == 0;
		info->start = header.sh_addr;
		info->end = header.sh_addr + header.sh_size;
		if (info->fixed || info->end <= info->start)
			continue;
		if (info->start < reader->image_start)
			reader->image_start = info->start;
		if (info->end > reader->image_end)
			reader->image_end = info->end;
	}
	return reader->image_end <= reader->image_start ||
	       symtab_add_extent(symtab, reader->image_start + reader->kaslr,
				 reader->image_end - reader->image_start, error);
}

static char symbol_letter(const GElf_Sym *sym, char letter)
{
	unsigned bind = GELF_ST_BIND(sym->st_info);

	if (bind == STB_WEAK)
		return GELF_ST_TYPE(sym->st_info) == STT_OBJECT ? 'V' : 'W';
	return bind == STB_LOCAL ? letter : toupper((unsigned char)letter);
}

/* False: not a symbol to keep. */
static bool convert(const struct reader *reader, const GElf_Sym *sym, const char *name,
		    Elf32_Word index,
		    struct symbol *symbol)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	const struct section_info *section;

	if (type == STT_SECTION || type == STT_FILE || type == STT_TLS)
		return false;
	*symbol = (struct symbol){ .address = sym->st_value, .size = sym->st_size, .name = name };
	if (sym->st_shndx == SHN_ABS) {
		/*
		 * init_per_cpu__* move with the image; others are numbers: the global ones
		 * (text_size) may be of use, the local ones are assembler variables.
		 */
		bool in_image = sym->st_value >= reader->image_start &&
			sym->st_value < reader->image_end;

		if (in_image)
			symbol->address += reader->kaslr;
		symbol->letter = 'A';
		return in_image || GELF_ST_BIND(sym->st_info) != STB_LOCAL;
	}
	if (index == SHN_UNDEF || index >= reader->file.nr_sections ||
	    !reader->sections[index].letter)
		return false;
	section = &reader->sections[index];
	symbol->letter = symbol_letter(sym, section->letter);
	symbol->function = type == STT_FUNC || type == STT_GNU_IFUNC ||
		(type == STT_NOTYPE && section->code);
	/*
	 * The linker put some labels that only stand beside the per-CPU section into it:
	 * __per_cpu_load, __init_begin.
	 */
	symbol->percpu = section->percpu && sym->st_value >= section->start &&
		sym->st_value <= section->end;
	if (!section->fixed || !symbol->percpu)
		symbol->address += reader->kaslr;
	return true;
}

static bool read_symbols(struct reader *reader, Elf_Scn *section, const GElf_Shdr *header,
			 struct symtab *symtab, struct error *error)
{
	Elf_Data *data = elf_getdata(section, NULL), *indices = NULL;
	int extended = elf_scnshndx(section);
	size_t count;

	if (!data || header->sh_entsize == 0)
		return error_set(error, ERROR_FORMAT, "bad symbol table: %s", elf_errmsg(-1));
	if (extended > 0)
		indices = elf_getdata(elf_getscn(reader->file.elf, extended), NULL);
	count = data->d_size / header->sh_entsize;
	if (count > INT32_MAX)
		return error_set(error, ERROR_FORMAT, "bad symbol table: %zu symbols", count);
	for (size_t i = 0; i < count; i++) {
		struct symbol symbol;
		Elf32_Word index = 0;
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsymshndx(data, indices, i, &sym, &index))
			break;
		if (sym.st_shndx != SHN_XINDEX)
			index = sym.st_shndx;
		name = elf_strptr(reader->file.elf, header->sh_link, sym.st_name);
		if (name && convert(reader, &sym, name, index, &symbol) &&
		    !symtab_add(symtab, &symbol, error))
			return false;
	}
	return true;
}

bool symtab_read_elf(struct symtab *symtab, const char *path, uint64_t kaslr, struct error *error)
{
	struct reader reader = { .kaslr = kaslr };
	GElf_Shdr header;
	Elf_Scn *section;
	bool ok = false;

	if (!elf_file_open(&reader.file, path, error))
		return false;
	section = elf_file_section(&reader.file, ".symtab", &header);
	if (!section || header.sh_type != SHT_SYMTAB)
		error_set(error, ERROR_NO_SYMBOL, "%s has no symbol table (is it stripped?)", path);
	else
		ok = read_sections(&reader, symtab, error) &&
		     read_symbols(&reader, section, &header, symtab, error);
	free(reader.sections);
	elf_file_close(&reader.file);
	return ok;
}
