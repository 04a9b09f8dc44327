/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of dynamic_code.h: what a collector is given. */
#ifndef VMCORE_KERNEL_DYNAMIC_INTERNAL_H
#define VMCORE_KERNEL_DYNAMIC_INTERNAL_H

#include "kernel/modules/dynamic_code.h"

struct dynamic_collection {
	struct kernel *kernel;
	struct dynamic_codes *codes;
	size_t sorted;		/* so many of them are known: sorted, none overlaps another */
};

/* Adds CODE, which is copied; what makes no sense is left out. False: no memory. */
bool dynamic_add(struct dynamic_collection *collection, const struct dynamic_code *code, struct error *error);
/* Is some of [START, END) known? */
bool dynamic_known(const struct dynamic_collection *collection, uint64_t start, uint64_t end);
/* Adds what is not known of [START, END), in pieces of KIND; each of them is called NAME, if that is not NULL. */
bool dynamic_fill(struct dynamic_collection *collection, uint64_t start, uint64_t end, enum dynamic_kind kind,
		  const char *name, struct error *error);
/* All of [START, END) is called NAME where nothing in it has a name of its own. */
bool dynamic_name(struct dynamic_collection *collection, uint64_t start, uint64_t end, const char *name,
		  struct error *error);
/* Notes why WHAT may be missing; the first reason is kept. */
void dynamic_damaged(struct dynamic_collection *collection, const char *what, struct error *error);

/* dynamic_bpf.c; the packs and the images get what the others leave. */
void dynamic_collect_bpf(struct dynamic_collection *collection);
void dynamic_collect_seccomp(struct dynamic_collection *collection);
void dynamic_collect_packs(struct dynamic_collection *collection);
void dynamic_collect_images(struct dynamic_collection *collection);
/* dynamic_thunks.c */
void dynamic_collect_thunks(struct dynamic_collection *collection);
/* dynamic_probes.c; the pages get what the kprobes leave. */
void dynamic_collect_ftrace(struct dynamic_collection *collection);
void dynamic_collect_kprobes(struct dynamic_collection *collection);
void dynamic_collect_pages(struct dynamic_collection *collection);

#endif
