/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of dynamic_code.h: what a collector is given. */
#ifndef VMCORE_KERNEL_DYNAMIC_INTERNAL_H
#define VMCORE_KERNEL_DYNAMIC_INTERNAL_H

#include "kernel/modules/dynamic_code.h"

struct dynamic_collection {
	struct kernel *kernel;
	struct dynamic_codes *codes;
};

/* Adds CODE, which is copied; what makes no sense is left out. False: no memory. */
bool dynamic_add(struct dynamic_collection *collection, const struct dynamic_code *code, struct error *error);
/* Notes why WHAT may be missing; the first reason is kept. */
void dynamic_damaged(struct dynamic_collection *collection, const char *what, struct error *error);

/* dynamic_bpf.c; the packs go last: they get what is left. */
void dynamic_collect_bpf(struct dynamic_collection *collection);
void dynamic_collect_seccomp(struct dynamic_collection *collection);
/* Calls back for each pack's memory. */
bool dynamic_each_pack(struct dynamic_collection *collection,
		       bool (*callback)(struct dynamic_collection *collection, uint64_t start, uint64_t end,
					struct error *error),
		       struct error *error);
/* Calls back for each area that one program has for itself. */
bool dynamic_each_image(struct dynamic_collection *collection,
			bool (*callback)(struct dynamic_collection *collection, uint64_t start, uint64_t end,
					 struct error *error),
			struct error *error);
/* dynamic_thunks.c */
void dynamic_collect_thunks(struct dynamic_collection *collection);
/* dynamic_probes.c */
void dynamic_collect_ftrace(struct dynamic_collection *collection);
void dynamic_collect_kprobes(struct dynamic_collection *collection);
/* Calls back for each page of a cache of kprobe instructions, with the name the kernel has for it. */
bool dynamic_each_page(struct dynamic_collection *collection,
		       bool (*callback)(struct dynamic_collection *collection, uint64_t start, const char *name,
					struct error *error),
		       struct error *error);

#endif
