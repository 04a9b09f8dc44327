/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generated code (modules/dynamic_code.h) for gdb: files with its names and call frame information. */
#ifndef VMCORE_KERNEL_DYNAMIC_WRITE_H
#define VMCORE_KERNEL_DYNAMIC_WRITE_H

#include "kernel/kernel.h"

/* Two files, since assembly that was copied leaves the callee-saved registers alone and BPF programs do not. */
enum dynamic_part { DYNAMIC_PART_TRACING, DYNAMIC_PART_BPF, DYNAMIC_NR_PARTS };

/*
 * Writes PART to PATH, at run-time addresses: for add-symbol-file without an address. *any_ret is false, and there is no
 * file, where the kernel had no such code.
 */
bool dynamic_write(struct kernel *kernel, enum dynamic_part part, const char *path, bool *any_ret, struct error *error);

#endif
