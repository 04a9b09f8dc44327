/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way back from a page or a file to the processes' VMAs that have it (the kernel's rmap).
 *
 * A file's are in an interval tree of its address_space (i_mmap), those that an anonymous page can be in hang on the anon_vma that its
 * mapping names. Both say where a page could be mapped: whether it is, the process's page tables say, see rmap_maps().
 */
#ifndef VMCORE_KERNEL_RMAP_H
#define VMCORE_KERNEL_RMAP_H

#include "kernel/memory/vma.h"

struct rmap_place {
	struct vma vma;
	uint64_t mm;
	uint64_t at;	/* the address of the page that was asked for; of a whole file the VMA's start */
};
typedef bool rmap_function(void *context, const struct rmap_place *place, struct error *error);

/*
 * Each VMA of the address_space at MAPPING; INDEX: those that have this page of the file, NULL: all. As elsewhere a callback that returns
 * false stops, and what cannot be read is lost, the rest is handed out; then false, with the first reason.
 */
bool rmap_file(struct kernel *kernel, uint64_t mapping, const uint64_t *index, rmap_function *callback, void *context, struct error *error);
/* Each VMA that can have the page of INDEX which names the anon_vma at ANON_VMA. */
bool rmap_anonymous(struct kernel *kernel, uint64_t anon_vma, uint64_t index, rmap_function *callback, void *context, struct error *error);

enum rmap_answer { RMAP_NO, RMAP_YES, RMAP_UNKNOWN };
/* Does the address space of the mm_struct at MM have frame PFN at ADDRESS? UNKNOWN: *error says why. */
enum rmap_answer rmap_maps(struct kernel *kernel, uint64_t mm, uint64_t address, uint64_t pfn, struct error *error);

#endif
