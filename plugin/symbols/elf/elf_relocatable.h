/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Modules' .ko files for gdb.
 *
 * A relocatable file has no addresses, so gdb gives each section one, but only if all the file's sections are
 * at 0 (default_symfile_offsets in gdb/symfile.c). Since 6.4 or so some of a module's are not (scripts/module.lds): gdb then
 * takes .text's address for all of the debug information, and functions of .init.text lie over those of .text.
 */
#ifndef VMCORE_SYMBOLS_ELF_RELOCATABLE_H
#define VMCORE_SYMBOLS_ELF_RELOCATABLE_H

#include <stdbool.h>

#include "base/error.h"

/* Does a section of the relocatable ELF file PATH have an address? False also if it cannot be read. */
bool elf_has_section_addresses(const char *path);
/* Copies PATH to COPY with all of them 0; in a relocatable file they mean nothing. */
bool elf_copy_without_addresses(const char *path, const char *copy, struct error *error);

#endif
