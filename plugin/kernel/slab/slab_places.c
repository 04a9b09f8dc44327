// SPDX-License-Identifier: GPL-3.0-or-later
/* Where a cache's free objects are, and how many there are of all. */
#include <inttypes.h>

#include "kernel/containers.h"
#include "kernel/slab/slab_members.h"

#define MAX_NODES 1024	/* 1 << NODES_SHIFT at the most */
#define MAX_PARTIAL (1u << 20)
#define MAX_SHEAF 4096	/* objects; the kernel's own limit is lower */

struct walk {
	struct kernel *kernel;
	const struct slab_cache *cache;
	const struct slab_members *members;
	slab_place_function *callback;
	void *context;
	enum slab_place_kind kind;
	unsigned number;
	bool stopped;
	struct error damage;
};

static void damaged(struct walk *walk, const struct error *why)
{
	if (walk->damage.kind == ERROR_NONE)
		walk->damage = *why;
}

static bool tell(struct walk *walk, const struct slab_place *place, struct error *error)
{
	if (!walk->callback(walk->context, place, error))
		walk->stopped = true;
	return !walk->stopped;
}

/* False: the slab cannot be read, or is another cache's. */
static bool own_slab(struct walk *walk, uint64_t address, struct slab *slab, struct error *error)
{
	if (!slab_read(walk->kernel, address, slab, error))
		return false;
	if (slab->cache != walk->cache->address)
		return error_set(error, ERROR_CORRUPT, "the slab at 0x%" PRIx64 " is on a list of cache %s, and says that it is of 0x%" PRIx64,
				 address, walk->cache->name, slab->cache);
	return true;
}

static bool partial_slab(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct slab_place place = { .kind = walk->kind, .number = walk->number };
	struct error why = { 0 };

	if (!kernel_check_interrupt(walk->kernel, error))
		return false;
	if (!own_slab(walk, address, &place.slab, &why)) {
		damaged(walk, &why);
		return true;
	}
	place.free = place.slab.objects - place.slab.inuse;
	return tell(walk, &place, error);
}

static bool sheaf(struct walk *walk, uint64_t address, struct error *error)
{
	struct slab_place place = { .kind = walk->kind, .number = walk->number, .sheaf = address };
	struct member objects;
	uint64_t size;

	if (!kernel_read_member(walk->kernel, address, "slab_sheaf", "size", &size, error) ||
	    !types_member(walk->kernel->types, "slab_sheaf", "objects", &objects, error))
		return false;
	if (size > MAX_SHEAF)
		return error_set(error, ERROR_CORRUPT, "the sheaf at 0x%" PRIx64 " says that it has %" PRIu64 " objects", address, size);
	place.array = address + objects.offset;
	place.free = size;
	return !size || tell(walk, &place, error);
}

static bool barn_sheaf(void *context, uint64_t address, struct error *error)
{
	struct walk *walk = context;
	struct error why = { 0 };

	if (!kernel_check_interrupt(walk->kernel, error))
		return false;
	if (!sheaf(walk, address, &why) && !walk->stopped)
		damaged(walk, &why);
	return !walk->stopped;
}

static bool barn(struct walk *walk, uint64_t address, struct error *error)
{
	struct member full, link;

	walk->kind = SLAB_NODE_SHEAF;
	return types_member(walk->kernel->types, "node_barn", "sheaves_full", &full, error) &&
	       types_member(walk->kernel->types, "slab_sheaf", "barn_list", &link, error) &&
	       list_for_each(walk->kernel, address + full.offset, link.offset, barn_sheaf, walk, error);
}

static bool node_list(struct walk *walk, uint64_t node, struct error *error)
{
	struct member partial;

	walk->kind = SLAB_NODE_PARTIAL;
	return types_member(walk->kernel->types, "kmem_cache_node", "partial", &partial, error) &&
	       list_for_each(walk->kernel, node + partial.offset, walk->members->link.offset, partial_slab, walk, error);
}

bool slab_nodes_for_each(struct kernel *kernel, const struct slab_cache *cache, slab_node_function *callback, void *context,
			 struct error *error)
{
	struct types *types = kernel->types;
	struct member array, node = { 0 }, barn = { 0 };
	uint64_t count = 1, stride, address = 0, barn_address = 0;
	bool has_barn = false, in_array = types_member(types, "kmem_cache", "per_node", &array, NULL);

	if (in_array) {
		has_barn = types_member(types, "kmem_cache_per_node_ptrs", "barn", &barn, NULL);
		if (!types_member(types, "kmem_cache_per_node_ptrs", "node", &node, error))
			return false;
	} else if (!types_member(types, "kmem_cache", "node", &array, error)) {
		return false;
	}
	stride = array.element_size ? array.element_size : kernel->arch->pointer_size;
	/* The array is as long as the machine needs; without NUMA nr_node_ids is a constant. */
	if (array.count != 1 && !kernel_read_variable(kernel, "nr_node_ids", 4, &count, NULL))
		count = 1;
	if (count > MAX_NODES || (array.count && count > array.count))
		return error_set(error, ERROR_CORRUPT, "nr_node_ids is %" PRIu64, count);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = cache->address + array.offset + i * stride;

		if (!kernel_read_pointer(kernel, at + node.offset, &address, error) ||
		    (has_barn && !kernel_read_pointer(kernel, at + barn.offset, &barn_address, error)))
			return false;
		/* 6.18 */
		if (address && !in_array && types_has_member(types, "kmem_cache_node", "barn") &&
		    !kernel_read_member(kernel, address, "kmem_cache_node", "barn", &barn_address, error))
			return false;
		if ((address || barn_address) && !callback(context, i, address, barn_address, error))
			return false;
	}
	return true;
}

static bool node(void *context, unsigned number, uint64_t address, uint64_t barn_address, struct error *error)
{
	struct walk *walk = context;
	struct error why = { 0 };

	(void)error;
	walk->number = number;
	if (address && !node_list(walk, address, &why) && !walk->stopped)
		damaged(walk, &why);
	if (!walk->stopped && barn_address && !barn(walk, barn_address, &why) && !walk->stopped)
		damaged(walk, &why);
	return !walk->stopped;
}

/* A CPU's slab and its list of partial ones. */
static bool cpu_slabs(struct walk *walk, uint64_t cpu, const char *slab_member, struct error *error)
{
	struct slab_place place = { .kind = SLAB_CPU_SLAB, .number = walk->number };
	struct kernel *kernel = walk->kernel;
	struct visited visited = { 0 };
	uint64_t address, next;
	bool good = true;

	if (!kernel_read_member(kernel, cpu, "kmem_cache_cpu", slab_member, &address, error) ||
	    !kernel_read_member(kernel, cpu, "kmem_cache_cpu", "freelist", &place.cpu_freelist, error))
		return false;
	if (address) {
		if (!own_slab(walk, address, &place.slab, error))
			return false;
		place.free = place.slab.objects - place.slab.inuse;
		if (!tell(walk, &place, error))
			return false;
	}
	/* CONFIG_SLUB_CPU_PARTIAL */
	if (!types_has_member(kernel->types, "kmem_cache_cpu", "partial") || !walk->members->has_next)
		return true;
	walk->kind = SLAB_CPU_PARTIAL;
	good = kernel_read_member(kernel, cpu, "kmem_cache_cpu", "partial", &address, error);
	for (; good && address && !walk->stopped; address = next) {
		if (visited.count >= MAX_PARTIAL || visited_add(&visited, address) != VISITED_NEW)
			good = error_set(error, ERROR_CORRUPT, "CPU %u's list of partial slabs of %s leads back to 0x%" PRIx64, walk->number,
					 walk->cache->name, address);
		else
			good = kernel_read_field(kernel, address, &walk->members->next, &next, error) && partial_slab(walk, address, error);
	}
	visited_free(&visited);
	return good;
}

static bool cpu_sheaves(struct walk *walk, uint64_t cpu, struct error *error)
{
	static const char *const members[] = { "main", "spare", "rcu_free" };
	uint64_t address;

	walk->kind = SLAB_CPU_SHEAF;
	for (unsigned i = 0; i < 3; i++) {
		if (!kernel_read_member(walk->kernel, cpu, "slub_percpu_sheaves", members[i], &address, error))
			return false;
		if (address && !sheaf(walk, address, error))
			return false;
	}
	return true;
}

static void cpus(struct walk *walk)
{
	struct kernel *kernel = walk->kernel;
	/* 5.17, bb192ed9aa71: called page before. */
	const char *slab = types_has_member(kernel->types, "kmem_cache_cpu", "slab") ? "slab" : "page";
	struct error why = { 0 };
	uint64_t pointer, address;

	for (unsigned way = 0; way < 2; way++) {
		const char *member = way ? "cpu_sheaves" : "cpu_slab";

		if (!types_has_member(kernel->types, "kmem_cache", member))
			continue;
		if (!kernel_read_member(kernel, walk->cache->address, "kmem_cache", member, &pointer, &why)) {
			damaged(walk, &why);
			continue;
		}
		for (walk->number = 0; pointer && walk->number < kernel->nr_cpu_ids && !walk->stopped; walk->number++)
			if ((!kernel_per_cpu_pointer(kernel, pointer, walk->number, &address, &why) ||
			     !(way ? cpu_sheaves(walk, address, &why) : cpu_slabs(walk, address, slab, &why))) && !walk->stopped)
				damaged(walk, &why);
	}
}

bool slab_places(struct kernel *kernel, const struct slab_cache *cache, slab_place_function *callback, void *context,
		 struct error *error)
{
	struct walk walk = { kernel, cache, slab_members_get(kernel, error), callback, context, 0, 0, false, { 0 } };
	struct error why = { 0 };

	if (!walk.members)
		return false;
	if (!slab_nodes_for_each(kernel, cache, node, &walk, &why) && !walk.stopped)
		damaged(&walk, &why);
	if (!walk.stopped)
		cpus(&walk);
	if (walk.damage.kind != ERROR_NONE && error)
		*error = walk.damage;
	return walk.damage.kind == ERROR_NONE;
}

/* --- counting --- */

struct counting {
	struct kernel *kernel;
	const struct slab_cache *cache;
	struct slab_counts *counts;
};

static void one_more(void *context, unsigned index)
{
	(void)index;
	++*(uint64_t *)context;
}

static bool count_place(void *context, const struct slab_place *place, struct error *error)
{
	struct counting *counting = context;
	struct slab_counts *counts = counting->counts;
	struct error why = { 0 };

	(void)error;
	if (place->kind == SLAB_NODE_PARTIAL)
		counts->free_listed += place->free;
	else if (place->kind == SLAB_NODE_SHEAF)
		counts->free_nodes += place->free;
	else
		counts->free_cpus += place->free;
	if (place->kind == SLAB_CPU_SLAB && !slab_freelist(counting->kernel, counting->cache, &place->slab, place->cpu_freelist, one_more,
							   &counts->free_cpus, &why) && counts->damage.kind == ERROR_NONE)
		counts->damage = why;
	return true;
}

static bool count_node(void *context, unsigned number, uint64_t address, uint64_t barn_address, struct error *error)
{
	struct slab_counts *counts = ((struct counting *)context)->counts;
	struct kernel *kernel = ((struct counting *)context)->kernel;
	uint64_t slabs, objects;

	(void)number, (void)barn_address;
	if (!address)
		return true;
	if (!kernel_read_member(kernel, address, "kmem_cache_node", "nr_slabs.counter", &slabs, error) ||
	    !kernel_read_member(kernel, address, "kmem_cache_node", "total_objects.counter", &objects, error))
		return false;
	counts->slabs += slabs;
	counts->objects += objects;
	return true;
}

void slab_cache_count(struct kernel *kernel, const struct slab_cache *cache, struct slab_counts *counts)
{
	struct counting counting = { kernel, cache, counts };
	struct error why = { 0 };

	*counts = (struct slab_counts){ 0 };
	counts->slabs_known = slab_nodes_for_each(kernel, cache, count_node, &counting, &counts->damage);
	if (!slab_places(kernel, cache, count_place, &counting, &why) && counts->damage.kind == ERROR_NONE)
		counts->damage = why;
}
