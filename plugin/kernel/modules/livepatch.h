/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Functions that livepatches have replaced (CONFIG_LIVEPATCH, 4.0, b700e7f03df5).
 *
 * The call of a replaced function goes through ftrace to the new one, with the return address as it was: on the stack
 * stands the new one alone, and nothing says instead of what. A task that was in the old one when the patch came is
 * still there.
 *
 *	klp_patches -> struct klp_patch -> obj_list: struct klp_object -> func_list: struct klp_func
 *
 * (The lists below klp_patch since 5.1, 20e55025958e. Kernels before that are not looked at.)
 */
#ifndef VMCORE_KERNEL_LIVEPATCH_H
#define VMCORE_KERNEL_LIVEPATCH_H

#include "kernel/kernel.h"

struct livepatched {
	char replaces[256];	/* "cmdline_proc_show", "ext4_foo [ext4]"; "" = nothing */
	char replaced_by[256];	/* by the newest patch: "livepatch_foo [livepatch_sample]"; "" = by nothing */
};

/* What is known of the function that has ADDRESS in it; false: no livepatch has to do with it. */
bool livepatch_at(struct kernel *kernel, uint64_t address, struct livepatched *livepatched);
/* The same as text, to stand behind the function's name: "replaces cmdline_proc_show"; false, and "", if there is nothing. */
bool livepatch_text(struct kernel *kernel, uint64_t address, char *buffer, size_t size);
/* NULL, or why livepatches may be missing. */
const char *livepatch_damage(struct kernel *kernel);

#endif
