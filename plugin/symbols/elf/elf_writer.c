// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making small ELF files; see elf_writer.h. Layout: header, program headers, contents, section
 * headers.
 */
#include "symbols/elf/elf_writer.h"

#include "base/array.h"
#include "base/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From SHN_LORESERVE on, numbers have special meanings; no kernel object comes near it. */
#define MAX_SECTIONS 0xf000

size_t elf_writer_add(struct elf_writer *writer, const char *name, const Elf64_Shdr *header,
		      const void *data,
		      size_t size)
{
	struct elf_writer_section *section;

	section = writer->failed || writer->nr_sections >= MAX_SECTIONS
			  ? NULL
			  : array_room(writer->sections, writer->nr_sections, &writer->capacity,
				       sizeof(*section), "sections", NULL);
	if (!section) {
		writer->failed = true;
		return 0;
	}
	writer->sections = section;
	if (writer->names.size == 0)
		buffer_char(&writer->names, '\0');
	section = &writer->sections[writer->nr_sections++];
	section->header = *header;
	section->header.sh_name = writer->names.size;
	buffer_append(&writer->names, name, strlen(name) + 1);
	buffer_align(&writer->contents, 8);
	section->data_start = writer->contents.size;
	if (header->sh_type != SHT_NOBITS) {
		section->header.sh_size = size;
		buffer_append(&writer->contents, data, size);
	}
	return writer->nr_sections;
}

/* Sections that have FLAGS, all of them. */
static bool has_segment(const Elf64_Shdr *header, uint64_t flags)
{
	return (header->sh_flags & flags) == flags && header->sh_size;
}

static size_t count_segments(const struct elf_writer *writer, uint64_t flags)
{
	size_t count = 0;

	for (size_t i = 0; i < writer->nr_sections; i++)
		count += has_segment(&writer->sections[i].header, flags);
	return count;
}

static int compare_segments(const void *a, const void *b)
{
	const Elf64_Phdr *left = a, *right = b;

	return (left->p_vaddr > right->p_vaddr) - (left->p_vaddr < right->p_vaddr);
}

/*
 * A PT_LOAD for each section that has FLAGS, by ascending address: the ELF specification wants that, and gdb
 * takes the first one's start and the last one's end for the bounds of a library, and aborts where
 * these are the wrong way round (solib_target_relocate_section_addresses).
 */
static void add_segments(const struct elf_writer *writer, uint64_t flags, size_t count, struct buffer *file)
{
	size_t start = file->size;

	for (size_t i = 0; i < writer->nr_sections; i++) {
		const Elf64_Shdr *section = &writer->sections[i].header;
		Elf64_Phdr segment = {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = section->sh_addr,
			.p_paddr = section->sh_addr, .p_memsz = section->sh_size, .p_align = 1,
		};

		if (has_segment(section, flags))
			buffer_append(file, &segment, sizeof(segment));
	}
	if (count && !file->failed)
		qsort(file->data + start, count, sizeof(Elf64_Phdr), compare_segments);
}

/* The whole file into FILE. */
static void lay_out(struct elf_writer *writer, struct buffer *file)
{
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = writer->machine ? writer->machine : EM_X86_64, .e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = writer->nr_sections + 1,
		.e_shstrndx = writer->nr_sections,
	};
	const Elf64_Shdr null_section = { 0 };
	uint64_t flags = SHF_ALLOC | SHF_EXECINSTR;
	size_t contents;

	header.e_phnum = count_segments(writer, flags);
	if (!header.e_phnum)	/* a module of data alone */
		header.e_phnum = count_segments(writer, flags = SHF_ALLOC);
	header.e_phoff = header.e_phnum ? sizeof(header) : 0;
	contents = (sizeof(header) + header.e_phnum * sizeof(Elf64_Phdr) + 7) & ~(size_t)7;
	header.e_shoff = (contents + writer->contents.size + 7) & ~(size_t)7;
	buffer_append(file, &header, sizeof(header));
	add_segments(writer, flags, header.e_phnum, file);
	buffer_align(file, 8);
	buffer_append(file, writer->contents.data, writer->contents.size);
	buffer_align(file, 8);
	buffer_append(file, &null_section, sizeof(null_section));
	for (size_t i = 0; i < writer->nr_sections; i++) {
		Elf64_Shdr section = writer->sections[i].header;

		section.sh_offset = contents + writer->sections[i].data_start;
		buffer_append(file, &section, sizeof(section));
	}
}

bool elf_writer_save(struct elf_writer *writer, const char *path, struct error *error)
{
	const Elf64_Shdr names_header = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };
	struct buffer file = { 0 };
	size_t names;
	bool ok;

	names = elf_writer_add(writer, ".shstrtab", &names_header, NULL, 0);
	if (names) {
		/* Its own name is in it, so its contents come last. */
		buffer_append(&writer->contents, writer->names.data, writer->names.size);
		writer->sections[names - 1].header.sh_size = writer->names.size;
		lay_out(writer, &file);
	}
	if (writer->failed || writer->contents.failed || writer->names.failed || file.failed)
		ok = error_no_memory(error, path, writer->contents.size);
	else
		ok = files_write_atomically(path, file.data, file.size, error);
	buffer_free(&file);
	return ok;
}

void elf_writer_free(struct elf_writer *writer)
{
	free(writer->sections);
	buffer_free(&writer->contents);
	buffer_free(&writer->names);
	*writer = (struct elf_writer){ 0 };
}
