/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The source trees of a kernel on this machine, and how the names that the compiler left in the debug information lead into them.
 *
 * Debian's names are relative to the tree (kernel/panic.c) and so is the directory they were compiled in, but for assembly's, which
 * begin with the builder's directory; Red Hat's and SUSE's begin with the place where their debugsource packages put the tree; a kernel
 * one has built oneself, with wherever it was built.
 *
 * To add a place: a row in the table in source_tree.c.
 */
#ifndef VMCORE_SYMBOLS_SOURCE_TREE_H
#define VMCORE_SYMBOLS_SOURCE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define SOURCE_MAX_TREES 16

struct source_trees {
	char *directories[SOURCE_MAX_TREES]; /* malloc'ed, without a slash at the end */
	size_t count;
	size_t nr_named; /* the first ones: named by the person */
};

/*
 * The trees for a kernel RELEASE (uname -r): those of PATHS (the person's, ':' between; may be NULL), which are taken as they
 * are, and after them the first standard place that has a tree of that version. REMARKS gets a line for each of PATHS that is no
 * directory, or a kernel's tree of another version. What memory does not suffice for is left out.
 */
void source_trees_find(const char *release, const char *paths, struct source_trees *trees, struct buffer *remarks);
void source_trees_free(struct source_trees *trees);

/* FROM, which a file's name in the debug information begins with, is TO on this machine. */
typedef void source_prefix_callback(void *context, const char *from, const char *to);
/*
 * Calls back for each beginning of absolute names in FILE's debug information (vmlinux, or a module's .ko) that one of TREES stands
 * for; the first units are enough to see them. True: FILE names sources that are where it says they are.
 */
bool source_prefixes(const char *file, const struct source_trees *trees, source_prefix_callback *callback, void *context);

#endif
