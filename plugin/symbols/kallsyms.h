/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Symbols of a loaded module, out of the dump's memory: struct module's kallsyms
 * (mod->kallsyms.symtab, an array of ELF symbols as patched by the kernel: st_value is the run-time
 * address; strtab; typetab since 5.2, earlier the letter is in st_info or st_size).
 * The kernel's own kallsyms tables (for a dump without vmlinux) will be read here too.
 */
#ifndef VMCORE_SYMBOLS_KALLSYMS_H
#define VMCORE_SYMBOLS_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct memory;
struct symtab;
struct types;

/* MODULE is the address of a struct module. Adds to SYMTAB (not finished). */
bool kallsyms_read_module(struct types *types, struct memory *memory, uint64_t module,
			  struct symtab *symtab, struct error *error);

#endif
