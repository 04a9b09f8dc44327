/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making small ELF files for gdb: sections without contents that say where an object's memory is,
 * and a few with contents (.debug_frame, .symtab). Always ET_EXEC; class, byte order and machine are
 * those of `arch`.
 *
 * Usage: zero-initialise, elf_writer_add() for each section, elf_writer_save(), elf_writer_free().
 * As with struct buffer, running out of memory is remembered and reported once, at the end.
 */
#ifndef VMCORE_SYMBOLS_ELF_WRITER_H
#define VMCORE_SYMBOLS_ELF_WRITER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/buffer.h"
#include "base/error.h"

struct elf_writer_section {
	Elf64_Shdr header;	/* sh_offset is filled in by elf_writer_save */
	size_t data_start;	/* in elf_writer.contents; unused for SHT_NOBITS */
};

struct elf_writer {
	/* without the null section: number 1 is sections[0] */
	struct elf_writer_section *sections;
	size_t nr_sections, capacity;
	/* of all sections that have any, each aligned to 8 bytes */
	struct buffer contents;
	struct buffer names;			/* .shstrtab */
	bool failed;
	const struct arch *arch;		/* whose file it is */
};

/*
 * Adds a section and returns its number (0 when out of memory). HEADER gives type, flags, address,
 * size (of SHT_NOBITS; otherwise SIZE counts), link, info, entsize and alignment; DATA is copied.
 * NAME need not live on.
 */
size_t elf_writer_add(struct elf_writer *writer, const char *name, const Elf64_Shdr *header,
		      const void *data,
		      size_t size);
/* One more entry of a .symtab, whose contents SYMBOLS will be; the header's sh_entsize is elf_writer_symbol_size(). */
void elf_writer_put_symbol(const struct elf_writer *writer, struct buffer *symbols, const Elf64_Sym *symbol);
size_t elf_writer_symbol_size(const struct elf_writer *writer);
/*
 * Writes the file beside PATH and renames it. Each ALLOC section with SHF_EXECINSTR gets a PT_LOAD
 * at its address, or each ALLOC section if there is no code; the lowest comes first.
 */
bool elf_writer_save(struct elf_writer *writer, const char *path, struct error *error);
void elf_writer_free(struct elf_writer *writer);

#endif
