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

/* --- numbers, as the machine has them --- */

static bool is_32bit(const struct elf_writer *writer)
{
	return writer->arch->pointer_size == 4;
}

static void put(const struct elf_writer *writer, struct buffer *buffer, uint64_t value, size_t size)
{
	buffer_number(buffer, value, size, writer->arch->big_endian);
}

/* An address, an offset or a size. */
static void put_word(const struct elf_writer *writer, struct buffer *buffer, uint64_t value)
{
	put(writer, buffer, value, is_32bit(writer) ? 4 : 8);
}

size_t elf_writer_symbol_size(const struct elf_writer *writer)
{
	return is_32bit(writer) ? sizeof(Elf32_Sym) : sizeof(Elf64_Sym);
}

void elf_writer_put_symbol(const struct elf_writer *writer, struct buffer *symbols, const Elf64_Sym *symbol)
{
	put(writer, symbols, symbol->st_name, 4);
	if (is_32bit(writer)) {
		put(writer, symbols, symbol->st_value, 4);
		put(writer, symbols, symbol->st_size, 4);
	}
	put(writer, symbols, symbol->st_info, 1);
	put(writer, symbols, symbol->st_other, 1);
	put(writer, symbols, symbol->st_shndx, 2);
	if (!is_32bit(writer)) {
		put(writer, symbols, symbol->st_value, 8);
		put(writer, symbols, symbol->st_size, 8);
	}
}

/* --- program headers --- */

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

static void put_segment(const struct elf_writer *writer, struct buffer *file, const Elf64_Phdr *segment)
{
	put(writer, file, segment->p_type, 4);
	if (!is_32bit(writer))
		put(writer, file, segment->p_flags, 4);
	put_word(writer, file, segment->p_offset);
	put_word(writer, file, segment->p_vaddr);
	put_word(writer, file, segment->p_paddr);
	put_word(writer, file, segment->p_filesz);
	put_word(writer, file, segment->p_memsz);
	if (is_32bit(writer))
		put(writer, file, segment->p_flags, 4);
	put_word(writer, file, segment->p_align);
}

/*
 * A PT_LOAD for each section that has FLAGS, by ascending address: the ELF specification wants that, and gdb
 * takes the first one's start and the last one's end for the bounds of a library, and aborts where
 * these are the wrong way round (solib_target_relocate_section_addresses).
 */
static void add_segments(const struct elf_writer *writer, uint64_t flags, size_t count, struct buffer *file)
{
	Elf64_Phdr *segments = calloc(count + 1, sizeof(*segments));
	size_t nr = 0;

	if (!segments) {
		file->failed = true;
		return;
	}
	for (size_t i = 0; i < writer->nr_sections; i++) {
		const Elf64_Shdr *section = &writer->sections[i].header;

		if (has_segment(section, flags) && nr < count)
			segments[nr++] = (Elf64_Phdr){
				.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = section->sh_addr,
				.p_paddr = section->sh_addr, .p_memsz = section->sh_size, .p_align = 1,
			};
	}
	qsort(segments, nr, sizeof(*segments), compare_segments);
	for (size_t i = 0; i < nr; i++)
		put_segment(writer, file, &segments[i]);
	free(segments);
}

/* --- the file --- */

static void put_header(const struct elf_writer *writer, struct buffer *file, const Elf64_Ehdr *header)
{
	buffer_append(file, header->e_ident, sizeof(header->e_ident));
	put(writer, file, header->e_type, 2);
	put(writer, file, header->e_machine, 2);
	put(writer, file, header->e_version, 4);
	put_word(writer, file, header->e_entry);
	put_word(writer, file, header->e_phoff);
	put_word(writer, file, header->e_shoff);
	put(writer, file, header->e_flags, 4);
	put(writer, file, header->e_ehsize, 2);
	put(writer, file, header->e_phentsize, 2);
	put(writer, file, header->e_phnum, 2);
	put(writer, file, header->e_shentsize, 2);
	put(writer, file, header->e_shnum, 2);
	put(writer, file, header->e_shstrndx, 2);
}

static void put_section(const struct elf_writer *writer, struct buffer *file, const Elf64_Shdr *section)
{
	put(writer, file, section->sh_name, 4);
	put(writer, file, section->sh_type, 4);
	put_word(writer, file, section->sh_flags);
	put_word(writer, file, section->sh_addr);
	put_word(writer, file, section->sh_offset);
	put_word(writer, file, section->sh_size);
	put(writer, file, section->sh_link, 4);
	put(writer, file, section->sh_info, 4);
	put_word(writer, file, section->sh_addralign);
	put_word(writer, file, section->sh_entsize);
}

/* The whole file into FILE. */
static void lay_out(struct elf_writer *writer, struct buffer *file)
{
	bool narrow = is_32bit(writer);
	size_t header_size = narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);
	size_t segment_size = narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, narrow ? ELFCLASS32 : ELFCLASS64,
			     writer->arch->big_endian ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = writer->arch->elf_machine,
		.e_version = EV_CURRENT, .e_ehsize = header_size, .e_phentsize = segment_size,
		.e_shentsize = narrow ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr), .e_shnum = writer->nr_sections + 1,
		.e_shstrndx = writer->nr_sections,
	};
	const Elf64_Shdr null_section = { 0 };
	uint64_t flags = SHF_ALLOC | SHF_EXECINSTR;
	size_t contents;

	header.e_phnum = count_segments(writer, flags);
	if (!header.e_phnum)	/* a module of data alone */
		header.e_phnum = count_segments(writer, flags = SHF_ALLOC);
	header.e_phoff = header.e_phnum ? header_size : 0;
	contents = (header_size + header.e_phnum * segment_size + 7) & ~(size_t)7;
	header.e_shoff = (contents + writer->contents.size + 7) & ~(size_t)7;
	put_header(writer, file, &header);
	add_segments(writer, flags, header.e_phnum, file);
	buffer_align(file, 8);
	buffer_append(file, writer->contents.data, writer->contents.size);
	buffer_align(file, 8);
	put_section(writer, file, &null_section);
	for (size_t i = 0; i < writer->nr_sections; i++) {
		Elf64_Shdr section = writer->sections[i].header;

		section.sh_offset = contents + writer->sections[i].data_start;
		put_section(writer, file, &section);
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
