/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an address is called: names of vmlinux and of the modules. */
#ifndef VMCORE_KERNEL_SYMBOLIZE_H
#define VMCORE_KERNEL_SYMBOLIZE_H

#include "kernel/kernel.h"

struct module;

/*
 * The symbol that ADDRESS lies in, of vmlinux, of a module, or of generated code (dynamic_code.h); NULL if there is none.
 * *symbols_ret is the table it is in, *module_ret the module, NULL for the others.
 */
const struct symbol *kernel_lookup(struct kernel *kernel, uint64_t address,
				   const struct symtab **symbols_ret, struct module **module_ret);

/*
 * "schedule+0x12", "e1000_xmit [e1000]+0x4"; "" where nothing is known. Vmlinux and modules.
 * Returns the symbol or NULL.
 */
const struct symbol *kernel_symbolize(struct kernel *kernel, uint64_t address, char *buffer,
				      size_t size);

#endif
