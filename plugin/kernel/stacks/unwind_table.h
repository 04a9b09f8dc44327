/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ORC rows of the kernel's and its modules' code, by run-time address. */
#ifndef VMCORE_KERNEL_UNWIND_TABLE_H
#define VMCORE_KERNEL_UNWIND_TABLE_H

#include "kernel/kernel.h"

/* Reads vmlinux's, or the dump's own, into kernel->orc, once. */
bool unwind_load_orc(struct kernel *kernel, struct error *error);
/*
 * The table that ADDRESS's row is in: vmlinux's or a module's. NULL: ADDRESS is in neither (ERROR_NONE), or the table
 * cannot be read.
 */
const struct orc_table *unwind_table(struct kernel *kernel, uint64_t address, struct error *error);

#endif
