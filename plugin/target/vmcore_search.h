/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gdb's find at the speed of kernel/memory/scan.h: on all processors, and past the page cache. */
#ifndef VMCORE_TARGET_VMCORE_SEARCH_H
#define VMCORE_TARGET_VMCORE_SEARCH_H

#include "kernel/kernel.h"
#include "target/target.h"

/* What struct target_ops says of search. ROOT: whose page tables, 0 = the kernel's. */
bool vmcore_search(struct kernel *kernel, uint64_t root, const struct target_search *search,
		   uint64_t *at_ret);

#endif
