/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tests/rig/compat/maple_tree.h: put by fetch-kernel among the headers of a kernel without maple trees (before 6.1), so
 * that module/containers.c compiles there as it is: the tree is a number, and has no items. Such a kernel may lack
 * rb_add() too (before 5.12).
 */
#ifndef RIG_COMPAT_MAPLE_TREE_H
#define RIG_COMPAT_MAPLE_TREE_H

#include <linux/rbtree.h>
#include <linux/version.h>

#define DEFINE_MTREE(name) unsigned long name
#define mtree_store_range(tree, first, last, entry, gfp) 0
#define mt_for_each(tree, entry, index, max) for (; (index) > (max);)

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 12, 0)
static inline void rb_add(struct rb_node *node, struct rb_root *tree,
			  bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node *parent = NULL, **place = &tree->rb_node;

	while (*place) {
		parent = *place;
		place = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, place);
	rb_insert_color(node, tree);
}
#endif

#endif
