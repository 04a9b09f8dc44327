/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Call frame information of the running kernel: the .debug_frame of vmlinux, opened once and kept, and of its modules.
 */
#ifndef VMCORE_KERNEL_FRAME_INFO_H
#define VMCORE_KERNEL_FRAME_INFO_H

#include "kernel/kernel.h"
#include "symbols/cfi/frame_table.h"

/* The row in force at run-time ADDRESS; false if there is none. */
bool frame_info_row(struct kernel *kernel, uint64_t address, struct frame_row *row);

#endif
