/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Modules' .ko files for gdb, which gets a copy of each, changed in two places.
 *
 * A relocatable file has no addresses, so gdb gives each section one, but only if all the file's sections are
 * at 0 (default_symfile_offsets in gdb/symfile.c). Since 6.4 or so some of a module's are not (scripts/module.lds): gdb then
 * takes .text's address for all of the debug information, and functions of .init.text lie over those of .text.
 *
 * gdb takes a variable with external linkage, of a file that is not its main symbol file and that has a global symbol
 * of it, for one that may have been copied into the main program by a copy relocation, and reads it where the first file
 * with a global symbol of that name has it (get_symbol_address in gdb/symtab.c). Every module has a __this_module.
 * A local symbol is not looked at so; the address in the debug information counts then.
 */
#ifndef VMCORE_SYMBOLS_ELF_RELOCATABLE_H
#define VMCORE_SYMBOLS_ELF_RELOCATABLE_H

#include <stdbool.h>

#include "base/error.h"

/* Copies PATH to COPY, with all sections at 0 and all symbols of data local. */
bool elf_copy_for_gdb(const char *path, const char *copy, struct error *error);

#endif
