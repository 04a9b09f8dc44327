/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the unwinder's rows are from, in this order:
 *	ORC, the kernel's own tables, where it has them (unwind_table.h);
 *	.debug_frame of vmlinux and the modules (frame_info.h): kernels without ORC, and the few functions that ORC leaves out;
 *	the first instructions of a function that ORC leaves out, where there is no vmlinux.
 * What has none of them is followed by what the machine says of the code by its name (arch->code), and by frame records.
 * All are the same shape (symbols/cfi/frame_table.h), and unwind.c knows no other. Private to it.
 */
#ifndef VMCORE_KERNEL_UNWIND_ROW_H
#define VMCORE_KERNEL_UNWIND_ROW_H

#include "kernel/kernel.h"
#include "symbols/cfi/frame_table.h"

enum unwind_found {
	UNWIND_ROW,
	UNWIND_NO_ROW,		/* there is code, of which no table says anything */
	UNWIND_NO_CODE,		/* no code, or none that can be followed; *error says why */
};

/* Of a frame with REGISTERS; EXACT: its pc is where it was, not where it returns to. */
enum unwind_found unwind_row(struct kernel *kernel, const struct registers *registers, bool exact, struct frame_row *row,
			     struct error *error);
/*
 * The same where the pc is in no code of vmlinux, a module or what was made at run time. Two cases are worth a row of their own,
 * both only if a return address is where it should be:
 *  - a call through a bad pointer, bad_pointer.h;
 *  - code with a frame record, as a BPF program that nobody lists has.
 */
bool unwind_row_elsewhere(struct kernel *kernel, const struct registers *registers, bool exact, struct frame_row *row);
/* What the machine says of the code at ADDRESS by its name. */
enum arch_code_kind unwind_code_kind(struct kernel *kernel, uint64_t address);

#endif
