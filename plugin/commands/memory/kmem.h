/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kmem: the kernel's own view of its memory, one view per option.
 *
 * To add a view: write kmem_NAME.c with a function of the type kmem_view, declare it here, and give it a letter (crash's, where crash
 * has it) in kmem.c: a row in the table of views, a row in the options, its keys in the help and in tests/schemas/kmem.json. What a
 * view knows of the kernel belongs into kernel/memory/. Numbers are held against the guest's record in tests/gdb/test_kmem.py.
 */
#ifndef VMCORE_COMMANDS_KMEM_H
#define VMCORE_COMMANDS_KMEM_H

#include "commands/command.h"

typedef bool kmem_view(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		       const struct host *host, struct error *error);

kmem_view kmem_use;		/* -i */
kmem_view kmem_vmalloc;		/* -v */
kmem_view kmem_counters;	/* -V */
kmem_view kmem_per_cpu;		/* -o */
kmem_view kmem_pages;		/* -p, -m */
kmem_view kmem_zones;		/* -z */
kmem_view kmem_nodes;		/* -n */
kmem_view kmem_free;		/* -f */
kmem_view kmem_flags;		/* -g */
kmem_view kmem_hugetlb;		/* -h */
kmem_view kmem_free_pages;	/* -F */
kmem_view kmem_what;		/* addresses */
kmem_view kmem_slab;		/* -s */
kmem_view kmem_root_slab;	/* -r */
kmem_view kmem_objects;		/* -S */
/* -s, -S: is the cache one of the words, or are there none, and does -I not leave it out? FOUND says what names one. */
struct kmem_found {
	bool words[COMMAND_MAX_WORDS];
	uint64_t spared;	/* bit per name of -I, of the first 64 */
};
struct slab_cache;
bool kmem_cache_wanted(const struct arguments *arguments, const struct slab_cache *cache, struct kmem_found *found);
/* Once all caches were asked for: does each word and name name one? OTHERS: something is shown. VIEW is the option, for the error. */
bool kmem_all_found(const struct arguments *arguments, const struct kmem_found *found, bool others, char view, struct error *error);
kmem_view kmem_page_cache;	/* -c */
kmem_view kmem_page_owner;	/* -C */

#endif
