/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Physical memory as the machine's firmware described it, and the kernel corrected that.
 *
 * x86 keeps the e820 map (a pointer since 4.12, 544a0f47e780; a variable before); machines that keep memblock after the boot
 * (CONFIG_ARCH_KEEP_MEMBLOCK) have its regions. To add a source: a row in memory_layout.c's table.
 */
#ifndef VMCORE_KERNEL_MEMORY_LAYOUT_H
#define VMCORE_KERNEL_MEMORY_LAYOUT_H

#include "kernel/kernel.h"

struct memory_region {
	uint64_t start, size;	/* physical, bytes */
	char type[32];		/* "usable", "reserved", ... or "type 20" */
};

/* Each region, in the kernel's order. *source_ret: "e820", "memblock". ERROR_NO_SYMBOL: this kernel keeps no such map. */
bool memory_regions_for_each(struct kernel *kernel, const char **source_ret,
			     bool (*callback)(void *context, const struct memory_region *region), void *context, struct error *error);

#endif
