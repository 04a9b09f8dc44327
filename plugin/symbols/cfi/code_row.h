/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rows for code that has no call frame information, out of what the machine says of it by name (arch->code): the native
 * unwinder follows stacks by them and gdb's companion file is written of them, so that the two cannot disagree.
 */
#ifndef VMCORE_SYMBOLS_CODE_ROW_H
#define VMCORE_SYMBOLS_CODE_ROW_H

#include "arch/arch.h"
#include "symbols/cfi/frame_table.h"

struct symtab;

/* Of the code called NAME in the kernel with SYMTAB. */
enum arch_code_kind code_row_kind(const struct arch *arch, const struct symtab *symtab, const char *name);

/*
 * The row of code of this kind. PT_REGS_SIZE: the kernel's, bytes. RETURN_COLUMN: the DWARF number that the object's own rows
 * have.
 */
void code_row(const struct arch *arch, enum arch_code_kind kind, uint64_t pt_regs_size, unsigned return_column,
	      struct frame_row *row);

#endif
