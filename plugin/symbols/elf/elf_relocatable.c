// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/elf/elf_relocatable.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/* Calls back for each section that has an address, with ELF open for COMMAND. False if the file is not a relocatable one. */
static bool for_each_address(int fd, Elf_Cmd command, bool (*callback)(Elf_Scn *section, GElf_Shdr *header))
{
	bool found = false;
	GElf_Ehdr header;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, command, NULL);
	if (!elf)
		return false;
	if (elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) && header.e_type == ET_REL) {
		elf_flagelf(elf, ELF_C_SET, ELF_F_LAYOUT);	/* nothing may move */
		for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
			GElf_Shdr shdr;

			if (gelf_getshdr(section, &shdr) && shdr.sh_addr)
				found |= callback(section, &shdr);
		}
		if (command == ELF_C_RDWR && found)
			found = elf_update(elf, ELF_C_WRITE) >= 0;
	}
	elf_end(elf);
	return found;
}

static bool see(Elf_Scn *section, GElf_Shdr *header)
{
	(void)section;
	return header->sh_flags & SHF_ALLOC;
}

static bool clear(Elf_Scn *section, GElf_Shdr *header)
{
	header->sh_addr = 0;
	return gelf_update_shdr(section, header);
}

bool elf_has_section_addresses(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found;

	if (fd < 0)
		return false;
	found = for_each_address(fd, ELF_C_READ, see);
	close(fd);
	return found;
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

bool elf_copy_without_addresses(const char *path, const char *copy, struct error *error)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = open(copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool done = from >= 0 && to >= 0 && copy_bytes(from, to) && for_each_address(to, ELF_C_RDWR, clear);

	if (!done)
		error_set(error, ERROR_IO, "cannot copy %s to %s for gdb: %s", path, copy,
			  errno ? strerror(errno) : elf_errmsg(-1));
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return done;
}
