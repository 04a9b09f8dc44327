/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Symbols of a loaded module, out of the dump's memory: struct module's kallsyms
 * (mod->kallsyms.symtab, an array of ELF symbols as patched by the kernel: st_value is the run-time
 * address; strtab; typetab since 5.2, earlier the letter is in st_info or st_size).
 *
 * And those of the kernel itself, for a dump without vmlinux: kallsyms_kernel.c.
 */
#ifndef VMCORE_SYMBOLS_KALLSYMS_H
#define VMCORE_SYMBOLS_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct dump;
struct memory;
struct symtab;
struct types;

/* MODULE is the address of a struct module. Adds to SYMTAB (not finished). */
bool kallsyms_read_module(struct types *types, struct memory *memory, uint64_t module,
			  struct symtab *symtab, struct error *error);

/* Where the kernel's tables are: run-time addresses. */
struct kallsyms_tables {
	uint64_t names, num_syms, token_table, token_index, offsets;
	uint64_t relative_base;	/* 0 = there is none: offsets count from their own places */
	uint64_t addresses;	/* instead of offsets and base: 8 bytes each, before 4.6 (2213e9a66bb8); 0 = there are none */
};

/* Out of VMCOREINFO, which has them since 6.0 (5fd8fea935a1). */
bool kallsyms_locate(const struct dump *dump, struct kallsyms_tables *tables, struct error *error);
/*
 * Before that: looks for them from TEXT on, where the kernel's text begins. Reads up to 64 MB, which
 * takes a second or two.
 */
bool kallsyms_search(struct memory *memory, uint64_t text, struct kallsyms_tables *tables,
		     struct error *error);
/*
 * Adds the kernel's symbols to SYMTAB (not finished). *DAMAGE (never NULL) says which of them could
 * not be read, ERROR_NONE if all could.
 */
bool kallsyms_read_kernel(struct memory *memory, const struct kallsyms_tables *tables,
			  struct symtab *symtab, struct error *damage, struct error *error);

#endif
