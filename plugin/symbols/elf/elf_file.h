/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An ELF file opened for reading: the small part of libelf that the readers in symbols/ share.
 *
 * The file is mapped, so that opening a vmlinux of half a gigabyte costs nothing. Compressed
 * sections (SHF_COMPRESSED) are expanded on the first look. The file's contents are not trusted:
 * libelf checks that sections lie inside of the file, the callers check what is in them.
 */
#ifndef VMCORE_SYMBOLS_ELF_FILE_H
#define VMCORE_SYMBOLS_ELF_FILE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct elf_file {
	int fd;
	Elf *elf;
	GElf_Ehdr header;
	size_t nr_sections;
	size_t name_table;	/* index of .shstrtab */
};

bool elf_file_open(struct elf_file *file, const char *path, struct error *error);
void elf_file_close(struct elf_file *file);

/* The name of a section; "" where the file has a bad one. */
const char *elf_file_section_name(const struct elf_file *file, const GElf_Shdr *header);
/*
 * The first section of this name that has contents (not SHT_NOBITS), expanded; NULL if there is
 * none. HEADER_RET may be NULL.
 */
Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, GElf_Shdr *header_ret);
/*
 * Its bytes as they are, and their number; NULL and 0 if there are none. Valid until the file is
 * closed.
 */
const void *elf_file_contents(const struct elf_file *file, const char *name, GElf_Shdr *header_ret,
			      size_t *size_ret);
/* The build-id in hex, "" if the file has none. */
void elf_file_build_id(const struct elf_file *file, char *id, size_t size);

#endif
