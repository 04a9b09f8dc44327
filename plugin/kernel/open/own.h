/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dump's own description of its kernel: what a vmlinux would tell, out of the dump's memory.
 *
 * A kernel carries its symbol table (kallsyms), its types (BTF, for BPF programs) and how its code
 * unwinds (ORC). kernel_open() without a vmlinux opens these here, and everything above works as
 * with one; what is missing in the dump is named in kernel->damage. own_write() makes the ELF file
 * that tells gdb the same.
 */
#ifndef VMCORE_KERNEL_OWN_H
#define VMCORE_KERNEL_OWN_H

#include "base/buffer.h"
#include "kernel/kernel.h"
#include "symbols/btf/btf_dwarf.h"

struct module;

/*
 * Fills in kernel->symbols (out of SYSTEM_MAP, if it is not NULL) and kernel->types. Fails where there are no symbols at all; without BTF
 * the types are empty, and that is noted with NOTE.
 */
bool own_open(struct kernel *kernel, const char *system_map,
	      void (*note)(struct kernel *kernel, const struct error *error), struct error *error);
/* Reads vmlinux's ORC tables, at run-time addresses. */
bool own_orc(struct kernel *kernel, struct orc_table *table, struct error *error);
/* The kernel's BTF, into BLOB. */
bool own_btf(struct kernel *kernel, struct buffer *blob, struct error *error);
/* MODULE's BTF, as the kernel keeps it: it goes on where vmlinux's ends. */
bool own_module_btf(struct kernel *kernel, const struct module *module, struct buffer *blob,
		    struct error *error);

/* A module's types for its file; zero-initialised. */
struct own_types {
	struct btf btf;
	struct btf_dwarf dwarf;
};

/*
 * BASE is own_btf()'s, SYMBOLS the module's. Valid until own_types_free(), which is to be called
 * after a failure, too.
 */
bool own_module_types(struct kernel *kernel, const struct module *module,
		      const struct symtab *symbols, const struct buffer *base,
		      struct own_types *types, struct error *error);
void own_types_free(struct own_types *types);

/*
 * A name for the file that own_write() makes, the same for each dump of this kernel that has the
 * same tables in it: its build-id and a checksum of them.
 */
bool own_file_name(struct kernel *kernel, char *name, size_t size, struct error *error);
/*
 * Writes an ELF file for gdb: symbols, types, functions and unwinding, at link-time addresses. What
 * is missing in the dump is missing in the file.
 */
bool own_write(struct kernel *kernel, const char *path, struct error *error);

#endif
