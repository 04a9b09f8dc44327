/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Symbols of one object (vmlinux or a module): by name and by address.
 *
 * A symtab is filled by one of the readers (an ELF file here, kallsyms in symbols/kallsyms/kallsyms.h), then
 * symtab_finish() sorts it; from then on it is read-only. All addresses are run-time addresses
 * (KASLR applied), but for per-CPU symbols, see symbol.percpu.
 */
#ifndef VMCORE_SYMBOLS_SYMTAB_H
#define VMCORE_SYMBOLS_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct symbol {
	uint64_t address;	/* run-time; per-CPU: what __per_cpu_offset[cpu] is added to */
	/* bytes; 0 = not known */
	uint64_t size;
	const char *name;
	char letter;		/* as in System.map: T t D d B b R r A a V W ... */
	bool percpu;		/* in the per-CPU section */
	bool size_inferred;	/* kallsyms has none: it is the distance to the next symbol */
	bool function;		/* code: STT_FUNC, or a label in executable memory */
};

/* A mark that the linker script put at the start or end of something that has a name of its own. */
bool symbol_is_label(const char *name);

struct symtab;

bool symtab_new(struct symtab **symtab_ret, struct error *error);
/* NAME is copied. Names that the tools made (__ksymtab_NAME, .L5) are passed over. */
bool symtab_add(struct symtab *symtab, const struct symbol *symbol, struct error *error);
/*
 * One whose name cannot be read: what is at and behind ADDRESS, up to the next symbol, is not the one's before it (where extents were said).
 */
bool symtab_add_nameless(struct symtab *symtab, uint64_t address, struct error *error);
/*
 * Says that the object has memory at [START, START + SIZE). Where this was said, symtab_lookup
 * finds nothing outside, and what begins in one range does not reach into another; all in it is
 * some symbol's. Where it was never said, the symbols' sizes alone say what is theirs.
 */
bool symtab_add_extent(struct symtab *symtab, uint64_t start, uint64_t size, struct error *error);
/*
 * Says that of several names of one address the kernel prints the one that is added first: so it is with a module's
 * (find_kallsyms_symbol() in kernel/module/kallsyms.c). Otherwise it is vmlinux's rule, see symtab.c.
 */
void symtab_names_in_order(struct symtab *symtab);
/* Sorts; to be called once, after the last add and before the first lookup. */
bool symtab_finish(struct symtab *symtab, struct error *error);
void symtab_free(struct symtab *symtab);

/*
 * Reads .symtab of the ELF file PATH. KASLR is added to every address but to absolute per-CPU
 * symbols: up to 6.14 x86-64's per-CPU section is linked at 0 and its symbols do not move (changed
 * by 9d7de2aa8b41).
 */
bool symtab_read_elf(struct symtab *symtab, const char *path, uint64_t kaslr, struct error *error);

/*
 * The same out of the System.map PATH. Sizes are up to the next symbol. What is linked below the
 * kernel's half (per-CPU symbols up to 6.14) is not moved.
 */
bool symtab_read_map(struct symtab *symtab, const char *path, uint64_t kaslr, struct error *error);

/*
 * By name; where a static name exists several times, a global one wins, else the first by address.
 */
const struct symbol *symtab_find(const struct symtab *symtab, const char *name);
/*
 * All with this name: the first in address order; then the next same-named after PREVIOUS. NULL at
 * the end.
 */
const struct symbol *symtab_find_next(const struct symtab *symtab, const char *name,
				      const struct symbol *previous);
/*
 * The symbol that ADDRESS lies in: the nearest before it, as the kernel itself has it (sprint_symbol);
 * what is between two is the first's padding. Behind the mark of a section's end there is none. Of
 * several names of one address it is the one the kernel would print. Absolute symbols, and per-CPU
 * ones that are offsets, are never returned.
 *
 * vmlinux knows sizes and sections, kallsyms neither, yet both have to give an address the same name:
 * so nothing here may depend on what only one of them knows.
 */
const struct symbol *symtab_lookup(const struct symtab *symtab, uint64_t address);
/* For walks in address order. */
/* Is there a variable's name among them? A kallsyms without CONFIG_KALLSYMS_ALL has code's names only. */
bool symtab_has_data(const struct symtab *symtab);
size_t symtab_count(const struct symtab *symtab);
const struct symbol *symtab_get(const struct symtab *symtab, size_t index);

#endif
