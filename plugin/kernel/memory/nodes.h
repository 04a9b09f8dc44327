/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's nodes: one pglist_data each; a machine without NUMA has one. */
#ifndef VMCORE_KERNEL_NODES_H
#define VMCORE_KERNEL_NODES_H

#include "kernel/kernel.h"

/*
 * Calls back with each node that exists (online or not). A callback that returns false with *error filled in ends the walk, and it
 * fails; one that returns false without ends it.
 */
bool nodes_for_each(struct kernel *kernel, bool (*callback)(void *context, uint32_t id, uint64_t node, struct error *error), void *context,
		    struct error *error);

#endif
