/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The areas of the kernel's virtual memory that are mapped piece by piece: vmalloc(), ioremap(), modules, task stacks, code
 * made at run time. What /proc/vmallocinfo lists.
 *
 * The kernel keeps them in one list, vmap_area_list, or, since 6.9 (d093602919ad), in one for each of nr_vmap_nodes vmap_nodes.
 */
#ifndef VMCORE_KERNEL_VMALLOC_H
#define VMCORE_KERNEL_VMALLOC_H

#include "kernel/kernel.h"

struct vmalloc_area {
	uint64_t start, end;	/* virtual addresses; with the guard page, if it has one */
	uint64_t caller;	/* an address in the code that asked for it; 0 = not known (vm_map_ram() has none) */
	uint64_t vm;		/* its vm_struct; 0 = it has none: an area of vm_map_ram() */
	bool details;		/* the rest is known: it has a vm_struct, of a kernel with these members */
	uint64_t pages;		/* that it has of its own */
	uint64_t physical;	/* that it maps (ioremap); 0 = no such */
	uint64_t flags;		/* enum vmalloc_flags, VM_* of include/linux/vmalloc.h, which are no enumerators there */
};

enum vmalloc_flags {
	VMALLOC_IOREMAP = 1,
	VMALLOC_ALLOC = 2,
	VMALLOC_MAP = 4,
	VMALLOC_USERMAP = 8,
};

/*
 * Calls back for each area, in no order. A callback that returns false with *error filled in ends the walk. The areas of a node
 * that cannot be read are lost, the rest is handed out: then false, with the first reason. A kernel that has neither list:
 * ERROR_NO_SYMBOL or ERROR_NO_MEMBER, which names what is missing.
 */
bool vmalloc_for_each(struct kernel *kernel,
		      bool (*callback)(void *context, const struct vmalloc_area *area, struct error *error),
		      void *context, struct error *error);

#endif
