/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ORC to DWARF CFI: a small ELF file with which stock gdb unwinds kernel stacks exactly.
 *
 * vmlinux's .debug_frame describes C functions; assembly has none, and C that switches stacks in
 * inline assembly has wrong ones. ORC has both. The file made here has a .debug_frame with
 *  - FDEs for code that no FDE of the object covers, and
 *  - overrides for ORC's SP_INDIRECT rows (stack switches in C), with the callee-saved
 *    rules of the FDE they override;
 *  - pt_regs rows under a CIE with augmentation "S", so that gdb treats the frame below
 *    as interrupted: exact pc,
 *    right line and inlined functions, and the stack may go down (NMI, IST and IRQ stacks);
 * and dummy NOBITS sections with the object's ALLOC section names and addresses, so that gdb
 * relocates it with the object. gdb gets it as a separate debug file of vmlinux, which it searches
 * before vmlinux itself.
 */
#ifndef VMCORE_SYMBOLS_CFI_H
#define VMCORE_SYMBOLS_CFI_H

#include "base/buffer.h"
#include "base/error.h"
#include "symbols/cfi/orc.h"

struct arch;
struct btf_dwarf;
struct symtab;

/*
 * Writes the companion of the ELF file VMLINUX to PATH, at link-time addresses: TABLE and SYMTAB
 * must be the link-time ones (kaslr 0). Written to a temporary name and renamed, so a reader never
 * sees half a file.
 */
bool cfi_write_companion(const struct arch *arch, const char *vmlinux, const struct orc_table *table,
			 const struct symtab *symtab, const char *path, struct error *error);

/* One section of a module for cfi_write_module. */
struct cfi_section {
	const char *name;	/* ".text" */
	uint64_t address;	/* run-time */
	uint64_t size;		/* bytes; 0 = unknown: up to the last symbol in it, at least 1 */
	bool code;
};

/* An object that has no debug file: a module, or the kernel itself where there is no vmlinux. */
struct cfi_object {
	const struct cfi_section *sections;
	size_t nr_sections;
	const struct orc_table *table;	/* NULL = none */
	const struct symtab *symtab;	/* NULL = none */
	const struct btf_dwarf *types;	/* NULL = none */
	const struct arch *arch;
	/* per-CPU symbols are in a section of SECTIONS; otherwise they are left out */
	bool has_percpu;
	/* it is assembly that leaves the callee-saved registers alone, see cfi.c */
	bool callee_saved_kept;
	/* symbols of data are local ones: gdb takes none for another object's, see elf_relocatable.h */
	bool data_is_local;
};

/*
 * Writes a stand-alone ELF file for a module as it was loaded: NOBITS sections at run-time
 * addresses, a .symtab out of SYMTAB (kallsyms of the module), and .debug_frame FDEs from TABLE for
 * all of its code. With it gdb names and unwinds the module's functions without any debug file;
 * with one, the .ko's DWARF is added as its separate debug file.
 * gdb's solib-target adds a base address to what is in the file, so a library list must name one
 * <segment> at the address of the file's first PT_LOAD (the lowest code section), not <section>s;
 * with add-symbol-file, no address.
 */
bool cfi_write_object(const struct cfi_object *object, const char *path, struct error *error);
/* The same without types. */
bool cfi_write_module(const struct arch *arch, const struct cfi_section *sections, size_t nr_sections,
		      const struct orc_table *table, const struct symtab *symtab, const char *path,
		      struct error *error);

/*
 * A file with two FDEs for user space, [0, USER_END). Stacks end there: gdb would otherwise guess
 * frames by reading prologues. At 0 they go on: a NULL pointer was called. Load it with
 * add-symbol-file without an address (not as a separate debug file of vmlinux, which would move it
 * with KASLR).
 */
bool cfi_write_user_end(const struct arch *arch, uint64_t user_end, const char *path, struct error *error);

#endif
