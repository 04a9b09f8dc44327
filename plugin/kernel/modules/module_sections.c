// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sections of a module whose sect_attrs the dump does not have: makedumpfile that does not know a kernel takes pages of
 * kmalloc for free ones (7.2 by 1.7.2), and before sysfs knows the module there is none.
 *
 * The module's symbols have addresses, the file says how far into which section each symbol is: the difference
 * is where the section is. A name that is not unique says nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/modules/module_internal.h"
#include "symbols/elf/elf_file.h"

/* What most symbols say, by the majority vote of Boyer and Moore. */
struct vote {
	uint64_t address;	/* 0 = nothing said yet */
	size_t lead;
};

static void cast_vote(struct vote *vote, uint64_t address)
{
	if (!vote->lead)
		vote->address = address;
	if (vote->address == address)
		vote->lead++;
	else
		vote->lead--;
}

static void vote_with(struct vote *votes, const struct elf_file *file, const struct module *module,
		      const struct symtab *symbols, const GElf_Sym *sym, const char *name)
{
	const struct symbol *symbol = name && *name ? symtab_find(symbols, name) : NULL;
	uint64_t address;

	if (!symbol || symbol->percpu || sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE ||
	    sym->st_shndx >= file->nr_sections || symtab_find_next(symbols, name, symbol))
		return;
	address = symbol->address - sym->st_value;
	if (module_region_at(module, address))
		cast_vote(&votes[sym->st_shndx], address);
}

static void vote_with_all(struct vote *votes, const struct elf_file *file, const struct module *module,
			  const struct symtab *symbols)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_file_section(file, ".symtab", &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Sym sym;

	for (int i = 0; data && gelf_getsym(data, i, &sym); i++)
		vote_with(votes, file, module, symbols, &sym,
			  elf_strptr(file->elf, header.sh_link, sym.st_name));
}

static bool has_section(const struct module *module, const char *name)
{
	for (size_t i = 0; i < module->nr_sections; i++)
		if (!strcmp(module->sections[i].name, name))
			return true;
	return false;
}

/* Room for COUNT more. */
static bool make_room(struct module *module, size_t count)
{
	struct module_section *sections =
		realloc(module->sections, (module->nr_sections + count + 1) * sizeof(*sections));

	if (sections)
		module->sections = sections;
	return sections;
}

static void add_section(struct module *module, const char *name, uint64_t address)
{
	struct module_section *section = &module->sections[module->nr_sections];

	section->address = address;
	section->name = strdup(name);
	module->nr_sections += section->name != NULL;
}

/* Those of the file that are not known; where they are is 0, no place of the module's, if no symbol is in them. */
static size_t add_sections(struct module *module, const struct elf_file *file, const struct vote *votes)
{
	size_t found = 0;

	for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
		size_t index = elf_ndxscn(section);
		GElf_Shdr header;
		const char *name;

		if (index >= file->nr_sections || !gelf_getshdr(section, &header) ||
		    !(header.sh_flags & SHF_ALLOC))
			continue;
		name = elf_file_section_name(file, &header);
		if (has_section(module, name))
			continue;
		add_section(module, name, votes[index].lead ? votes[index].address : 0);
		found += votes[index].lead != 0;
	}
	return found;
}

void module_sections_from_file(struct kernel *kernel, struct module *module)
{
	struct elf_file file;
	struct symtab *symbols;
	struct vote *votes;

	if (!module->sections_lost || module->sections_inferred ||
	    !module_symbols(kernel, module, &symbols, NULL) ||
	    !elf_file_open(&file, module->debug_path, NULL))
		return;
	votes = calloc(file.nr_sections + 1, sizeof(*votes));
	if (votes && make_room(module, file.nr_sections)) {
		vote_with_all(votes, &file, module, symbols);
		if (add_sections(module, &file, votes) &&
		    asprintf(&module->sections_inferred, "its symbols and %s", module->debug_path) < 0)
			module->sections_inferred = NULL;
	}
	free(votes);
	elf_file_close(&file);
}

void module_infer_sections(struct module *module)
{
	if (!module->sections_lost || module->sections_inferred || !make_room(module, module->nr_regions))
		return;
	for (size_t i = 0; i < module->nr_regions; i++) {
		char name[32];

		snprintf(name, sizeof(name), "(%s %zu)", module->regions[i].code ? "code" : "data", i);
		add_section(module, name, module->regions[i].start);
	}
	module->sections_inferred = strdup("where its memory is");
}
