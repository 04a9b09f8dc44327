/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What vmlinux's .debug_frame says where ORC says nothing.
 *
 * A few C functions are hidden from objtool (STACK_FRAME_NON_STANDARD), and one of them is on the
 * stack of every kdump: __crash_kexec, where the panicking CPU's registers were taken. The
 * compiler's own description is right for these, so it is turned into an ORC row. Private to
 * unwind.c.
 */
#ifndef VMCORE_KERNEL_UNWIND_DWARF_H
#define VMCORE_KERNEL_UNWIND_DWARF_H

#include "kernel/kernel.h"

/* The row at run-time ADDRESS of vmlinux; false if there is none or it cannot be said as a row. */
bool unwind_dwarf_row(struct kernel *kernel, uint64_t address, struct orc_row *row);

#endif
