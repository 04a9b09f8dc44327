// SPDX-License-Identifier: GPL-2.0
/*
 * tests/rig/module/containers.c: the same twelve items in one container of each kind, and per-CPU variables,
 * all of known content. What they hold, and where, is what /sys/kernel/debug/vmcore_rig/containers says.
 */
#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/maple_tree.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "rig.h"

#define RIG_ITEMS 12

struct rig_item {
	unsigned long magic;
	unsigned long key;
	char name[16];
	struct list_head in_list;
	struct rb_node in_tree;
	struct hlist_node in_hash;
};

static struct kmem_cache *rig_cache;
static LIST_HEAD(rig_list);
static struct rb_root rig_tree = RB_ROOT;
static DEFINE_HASHTABLE(rig_hash, 3);
static DEFINE_XARRAY(rig_xarray);
static DEFINE_IDR(rig_idr);
static DEFINE_MTREE(rig_maple);
static DEFINE_PER_CPU(unsigned long, rig_percpu);
static unsigned long __percpu *rig_percpu_allocated;

/* A cache with a constructor is never merged with another of the same size, so it keeps its own name. */
static void rig_construct(void *item)
{
	memset(item, 0, sizeof(struct rig_item));
}

static bool rig_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct rig_item, in_tree)->key < rb_entry(b, struct rig_item, in_tree)->key;
}

int rig_fill(void)
{
	int i, cpu, error;

	rig_cache = kmem_cache_create("vmcore_rig_item", sizeof(struct rig_item), 0, 0, rig_construct);
	rig_percpu_allocated = alloc_percpu(unsigned long);
	if (!rig_cache || !rig_percpu_allocated)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		per_cpu(rig_percpu, cpu) = cpu * 1000 + 7;
		*per_cpu_ptr(rig_percpu_allocated, cpu) = cpu * 1000 + 8;
	}
	for (i = 0; i < RIG_ITEMS; i++) {
		struct rig_item *item = kmem_cache_alloc(rig_cache, GFP_KERNEL);

		if (!item)
			return -ENOMEM;
		item->magic = RIG_MAGIC;
		item->key = i * 7 % RIG_ITEMS * 100; /* each multiple of 100 once, not in order */
		snprintf(item->name, sizeof(item->name), "item-%lu", item->key);
		list_add_tail(&item->in_list, &rig_list);
		rb_add(&item->in_tree, &rig_tree, rig_less);
		hash_add(rig_hash, &item->in_hash, item->key);
		error = xa_err(xa_store(&rig_xarray, item->key * item->key * item->key, item, GFP_KERNEL));
		if (!error)
			error = mtree_store_range(&rig_maple, item->key << 12, (item->key << 12) + 4095, item,
						  GFP_KERNEL);
		if (error)
			return error;
		error = idr_alloc(&rig_idr, item, item->key, 0, GFP_KERNEL);
		if (error < 0)
			return error;
	}
	xa_store(&rig_xarray, 12345, xa_mk_value(54321), GFP_KERNEL);
	return 0;
}

int rig_containers_show(struct seq_file *out, void *unused)
{
	struct rig_item *item;
	struct rb_node *node;
	unsigned long index, from = 0;
	int id, bucket, cpu;
	void *entry;

	seq_printf(out, "cache %px\n", rig_cache);
	seq_printf(out, "list %px\n", &rig_list);
	list_for_each_entry(item, &rig_list, in_list)
		seq_printf(out, "list-item %px %lu %s\n", item, item->key, item->name);
	seq_printf(out, "rbtree %px\n", &rig_tree);
	for (node = rb_first(&rig_tree); node; node = rb_next(node))
		seq_printf(out, "rbtree-item %px %lu\n", rb_entry(node, struct rig_item, in_tree),
			   rb_entry(node, struct rig_item, in_tree)->key);
	seq_printf(out, "hash %px\n", &rig_hash);
	hash_for_each(rig_hash, bucket, item, in_hash)
		seq_printf(out, "hash-item %px %lu bucket %d\n", item, item->key, bucket);
	seq_printf(out, "xarray %px\n", &rig_xarray);
	xa_for_each(&rig_xarray, index, entry)
		seq_printf(out, "xarray-item %px index %lu\n", entry, index);
	seq_printf(out, "idr %px\n", &rig_idr);
	idr_for_each_entry(&rig_idr, item, id)
		seq_printf(out, "idr-item %px id %d\n", item, id);
	seq_printf(out, "maple %px\n", &rig_maple);
	mt_for_each(&rig_maple, item, from, ULONG_MAX)
		seq_printf(out, "maple-item %px from %lu to %lu\n", item, item->key << 12,
			   (item->key << 12) + 4095);
	seq_printf(out, "percpu %lx allocated %lx\n", (__force unsigned long)&rig_percpu,
		   (__force unsigned long)rig_percpu_allocated);
	for_each_possible_cpu(cpu)
		seq_printf(out, "percpu-item %d %px %lu allocated %px %lu\n", cpu,
			   per_cpu_ptr(&rig_percpu, cpu), per_cpu(rig_percpu, cpu),
			   per_cpu_ptr(rig_percpu_allocated, cpu), *per_cpu_ptr(rig_percpu_allocated, cpu));
	rig_show_waiting(out);
	return 0;
}
