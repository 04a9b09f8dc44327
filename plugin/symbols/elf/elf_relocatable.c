// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/elf/elf_relocatable.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/* Data that is global, so that gdb looks for it in other files first. */
static bool is_global_data(const GElf_Sym *symbol)
{
	unsigned bind = GELF_ST_BIND(symbol->st_info), type = GELF_ST_TYPE(symbol->st_info);

	return (bind == STB_GLOBAL || bind == STB_WEAK) && (type == STT_OBJECT || type == STT_NOTYPE) &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS;
}

static bool make_data_local(Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		if (!is_global_data(&symbol))
			continue;
		symbol.st_info = GELF_ST_INFO(STB_LOCAL, GELF_ST_TYPE(symbol.st_info));
		if (!gelf_update_sym(data, i, &symbol))
			return false;
		elf_flagdata(data, ELF_C_SET, ELF_F_DIRTY);
	}
	return true;
}

static bool change_sections(Elf *elf, elf_known_callback *known, void *context)
{
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return false;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		const char *name;
		bool stays;

		if (!gelf_getshdr(section, &header))
			return false;
		name = elf_strptr(elf, names, header.sh_name);
		stays = !(header.sh_flags & SHF_ALLOC) || (name && known(context, name));
		if (header.sh_type == SHT_SYMTAB && !make_data_local(section))
			return false;
		if (!header.sh_addr && stays)
			continue;
		header.sh_addr = 0;
		if (!stays)
			header.sh_flags &= ~(GElf_Xword)SHF_ALLOC;
		if (!gelf_update_shdr(section, &header))
			return false;
	}
	return true;
}

static bool change(int fd, elf_known_callback *known, void *context)
{
	bool done = false;
	GElf_Ehdr header;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_RDWR, NULL);
	if (!elf)
		return false;
	if (elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) && header.e_type == ET_REL) {
		elf_flagelf(elf, ELF_C_SET, ELF_F_LAYOUT);	/* nothing may move */
		done = change_sections(elf, known, context) && elf_update(elf, ELF_C_WRITE) >= 0;
	}
	elf_end(elf);
	return done;
}

static bool copy_bytes(int from, int to)
{
	char piece[65536];
	ssize_t size;

	while ((size = read(from, piece, sizeof(piece))) > 0)
		if (write(to, piece, size) != size)
			return false;
	return size == 0;
}

bool elf_copy_for_gdb(const char *path, const char *copy, elf_known_callback *known, void *context, struct error *error)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = open(copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool done = from >= 0 && to >= 0 && copy_bytes(from, to) && change(to, known, context);

	if (!done)
		error_set(error, ERROR_IO, "cannot copy %s to %s for gdb: %s", path, copy,
			  errno ? strerror(errno) : elf_errmsg(-1));
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return done;
}
