// SPDX-License-Identifier: GPL-3.0-or-later
/* Opening ELF files and finding their sections; see elf_file.h. */
#include "symbols/elf/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool elf_file_open(struct elf_file *file, const char *path, struct error *error)
{
	*file = (struct elf_file){ .fd = -1 };
	elf_version(EV_CURRENT);
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return error_set(error, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
	file->elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF ||
	    !gelf_getehdr(file->elf, &file->header)) {
		elf_file_close(file);
		return error_set(error, ERROR_FORMAT, "%s is not an ELF file", path);
	}
	if (elf_getshdrnum(file->elf, &file->nr_sections) != 0 ||
	    elf_getshdrstrndx(file->elf, &file->name_table) != 0) {
		elf_file_close(file);
		return error_set(error, ERROR_FORMAT, "%s: bad ELF section headers: %s", path,
				 elf_errmsg(-1));
	}
	return true;
}

void elf_file_close(struct elf_file *file)
{
	elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct elf_file){ .fd = -1 };
}

const char *elf_file_section_name(const struct elf_file *file, const GElf_Shdr *header)
{
	const char *name = elf_strptr(file->elf, file->name_table, header->sh_name);

	return name ? name : "";
}

Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, GElf_Shdr *header_ret)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
		    strcmp(elf_file_section_name(file, &header), name) != 0)
			continue;
		if ((header.sh_flags & SHF_COMPRESSED) &&
		    (elf_compress(section, 0, 0) < 0 || !gelf_getshdr(section, &header)))
			continue;
		if (header_ret)
			*header_ret = header;
		return section;
	}
	return NULL;
}

const void *elf_file_contents(const struct elf_file *file, const char *name, GElf_Shdr *header_ret,
			      size_t *size_ret)
{
	Elf_Scn *section = elf_file_section(file, name, header_ret);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	*size_ret = 0;
	if (!data || !data->d_buf)
		return NULL;
	*size_ret = data->d_size;
	return data->d_buf;
}

/* The build-id in a section of notes. */
static bool find_build_id(Elf_Data *data, char *id, size_t id_size)
{
	size_t size, at = 0, name, desc;
	GElf_Nhdr note;

	while (data && (size = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		const uint8_t *bytes = data->d_buf;

		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    memcmp(bytes + name, "GNU", sizeof("GNU")) == 0 && note.n_descsz &&
		    note.n_descsz < id_size / 2) {
			for (size_t i = 0; i < note.n_descsz; i++)
				snprintf(id + 2 * i, 3, "%02x", bytes[desc + i]);
			return true;
		}
		at = size;
	}
	return false;
}

void elf_file_build_id(const struct elf_file *file, char *id, size_t size)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	id[0] = '\0';
	while ((section = elf_nextscn(file->elf, section))) /* a kernel's is in .notes */
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE &&
		    find_build_id(elf_getdata(section, NULL), id, size))
			return;
}
