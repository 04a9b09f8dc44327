/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the running kernel's addresses are in the source; see symbols/dwarf/source_map.h. */
#ifndef VMCORE_KERNEL_SOURCE_H
#define VMCORE_KERNEL_SOURCE_H

#include "kernel/kernel.h"
#include "symbols/dwarf/source_map.h"

/*
 * As source_map_find(), for a run-time address of vmlinux or of a module. Of a module only once its
 * file has been found: module_debug_file().
 */
size_t kernel_source(struct kernel *kernel, uint64_t address,
		     const struct source_frame **frames_ret);

/* Are the lines of vmlinux's source known? *ERROR says why they are not. */
bool kernel_has_source(struct kernel *kernel, struct error *error);

#endif
