/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stacks of kernels without ORC, of any machine: one evaluator of rows.
 *
 * A row comes from the .debug_frame of vmlinux (symbols/cfi/frame_table.h), or, for code that has none, from what the
 * machine says of it by name (arch->code). Where neither is known the frame record is followed, which is what the kernel
 * does itself: it says the return address, but not the caller's stack pointer, so that from there on only records lead
 * further. unwind() comes here; nobody else need.
 */
#ifndef VMCORE_KERNEL_UNWIND_ROWS_H
#define VMCORE_KERNEL_UNWIND_ROWS_H

#include "kernel/stacks/unwind.h"

/* As unwind(). */
enum unwind_end unwind_rows(struct kernel *kernel, const struct registers *registers, struct frame *frames, size_t max,
			    size_t *count_ret, struct error *error);

#endif
