/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Modules' .ko files for gdb, which gets a copy of each, changed in three places.
 *
 * A relocatable file has no addresses, so gdb gives each section one, but only if all the file's sections are
 * at 0 (default_symfile_offsets in gdb/symfile.c). Since 6.4 or so some of a module's are not (scripts/module.lds): gdb then
 * takes .text's address for all of the debug information, and functions of .init.text lie over those of .text.
 *
 * gdb takes a variable with external linkage, of a file that is not its main symbol file and that has a global symbol
 * of it, for one that may have been copied into the main program by a copy relocation, and reads it where the first file
 * with a global symbol of that name has it (get_symbol_address in gdb/symtab.c). Every module has a __this_module.
 * A local symbol is not looked at so; the address in the debug information counts then.
 *
 * A section that gdb was not told an address of stays at 0 for it, with its symbols (__versions, .modinfo, which the kernel does
 * not keep): every NULL would be called by their names. It is made one that is not loaded.
 */
#ifndef VMCORE_SYMBOLS_ELF_RELOCATABLE_H
#define VMCORE_SYMBOLS_ELF_RELOCATABLE_H

#include <stdbool.h>

#include "base/error.h"

/* Does gdb know where the section NAME is? */
typedef bool elf_known_callback(void *context, const char *name);

/* Copies PATH to COPY, with all sections at 0, those that are not KNOWN not loaded, and all symbols of data local. */
bool elf_copy_for_gdb(const char *path, const char *copy, elf_known_callback *known, void *context, struct error *error);

#endif
