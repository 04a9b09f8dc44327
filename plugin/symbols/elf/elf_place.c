// SPDX-License-Identifier: GPL-3.0-or-later
/* Relocating; see elf_place.h. */
#include "symbols/elf/elf_place.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

struct job {
	const struct elf_file *file;
	const struct arch *arch;
	const char *name;
	elf_place_callback *place;
	void *context;
	uint8_t *data;
	size_t size;
	struct error *error;
};

/* Where SYMBOL's section is; 0 = nowhere. Debugging sections refer to themselves by offsets. */
static bool section_start(const struct job *job, const GElf_Sym *symbol, uint64_t *start_ret)
{
	Elf_Scn *section = symbol->st_shndx < SHN_LORESERVE ? elf_getscn(job->file->elf, symbol->st_shndx) : NULL;
	GElf_Shdr header;

	*start_ret = 0;
	if (!section || !gelf_getshdr(section, &header))
		return false;
	if (!(header.sh_flags & SHF_ALLOC))
		return true;
	*start_ret = job->place(job->context, elf_file_section_name(job->file, &header));
	return *start_ret != 0;
}

/* ADDEND NULL: it is what is there. */
static bool apply(const struct job *job, Elf_Data *symbols, uint64_t at, uint64_t info, const int64_t *addend)
{
	unsigned type = GELF_R_TYPE(info), size;
	uint64_t value;
	GElf_Sym symbol;

	if (type == job->arch->reloc_address)
		size = job->arch->pointer_size;
	else if (type == job->arch->reloc_u32)
		size = 4;
	else
		return error_set(job->error, ERROR_UNSUPPORTED, "section %s has relocations of type %u, which are not expected there",
				 job->name, type);
	if (at >= job->size || job->size - at < size || !gelf_getsym(symbols, GELF_R_SYM(info), &symbol))
		return error_set(job->error, ERROR_CORRUPT, "a relocation of section %s makes no sense", job->name);
	if (section_start(job, &symbol, &value))
		value += symbol.st_value + (addend ? (uint64_t)*addend : bytes_number(job->data + at, size, job->arch->big_endian));
	bytes_put(job->data + at, size, job->arch->big_endian, value);
	return true;
}

static bool apply_section(const struct job *job, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Scn *symbol_section = elf_getscn(job->file->elf, header->sh_link);
	Elf_Data *symbols = symbol_section ? elf_getdata(symbol_section, NULL) : NULL, *data = elf_getdata(section, NULL);
	GElf_Rela rela;
	GElf_Rel rel;

	if (!symbols || !data)
		return error_set(job->error, ERROR_CORRUPT, "the relocations of section %s cannot be read", job->name);
	for (int i = 0; header->sh_type == SHT_RELA && gelf_getrela(data, i, &rela); i++)
		if (!apply(job, symbols, rela.r_offset, rela.r_info, &rela.r_addend))
			return false;
	for (int i = 0; header->sh_type == SHT_REL && gelf_getrel(data, i, &rel); i++)
		if (!apply(job, symbols, rel.r_offset, rel.r_info, NULL))
			return false;
	return true;
}

static bool apply_all(const struct job *job, size_t number)
{
	GElf_Shdr header;

	for (Elf_Scn *section = NULL; (section = elf_nextscn(job->file->elf, section));)
		if (gelf_getshdr(section, &header) && header.sh_info == number &&
		    (header.sh_type == SHT_RELA || header.sh_type == SHT_REL) && !apply_section(job, section, &header))
			return false;
	return true;
}

bool elf_place(const struct elf_file *file, const struct arch *arch, const char *name, elf_place_callback *place,
	       void *context, uint8_t **data_ret, size_t *size_ret, struct error *error)
{
	struct job job = { .file = file, .arch = arch, .name = name, .place = place, .context = context, .error = error };
	const void *data = elf_file_contents(file, name, NULL, &job.size);

	if (!data)
		return error_set(error, ERROR_NO_SYMBOL, "it has no section %s", name);
	job.data = malloc(job.size + 1);
	if (!job.data)
		return error_no_memory(error, name, job.size);
	memcpy(job.data, data, job.size);
	if (file->header.e_type == ET_REL && !apply_all(&job, elf_ndxscn(elf_file_section(file, name, NULL)))) {
		free(job.data);
		return false;
	}
	*data_ret = job.data;
	*size_ret = job.size;
	return true;
}
