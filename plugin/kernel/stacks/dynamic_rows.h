/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How code that the kernel made while it ran unwinds (modules/dynamic_code.h has what there is): as ORC rows, like all else,
 * for the native unwinder and for the file that gdb gets. The kernel itself has rows for ftrace's copies alone.
 *
 * What was copied unwinds as the original does. An optimized kprobe's slot pushes a struct pt_regs bit by bit, by known
 * instructions; BPF programs keep a frame pointer once it is set up.
 */
#ifndef VMCORE_KERNEL_DYNAMIC_ROWS_H
#define VMCORE_KERNEL_DYNAMIC_ROWS_H

#include "kernel/modules/dynamic_code.h"
#include "symbols/cfi/orc.h"

/* The rows of all of it, in ranges that end with a row of ORC_TYPE_UNKNOWN. Made at the first call; NULL: no memory. */
const struct orc_table *dynamic_rows(struct kernel *kernel);

#endif
