// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/vmalloc.h"

#include "kernel/containers.h"

#define MAX_NODES 4096	/* the kernel makes 128 at the most */

struct walk {
	struct kernel *kernel;
	struct member start, end, list, vm, caller;
	bool (*callback)(void *context, const struct vmalloc_area *area, struct error *error);
	void *context;
	bool stopped;		/* by the callback */
};

static bool one_area(void *context, uint64_t entry, struct error *error)
{
	struct walk *walk = context;
	struct vmalloc_area area = { 0 };
	uint64_t vm;

	if (!kernel_read_field(walk->kernel, entry, &walk->start, &area.start, error) ||
	    !kernel_read_field(walk->kernel, entry, &walk->end, &area.end, error) ||
	    !kernel_read_field(walk->kernel, entry, &walk->vm, &vm, error) ||
	    (vm && !kernel_read_field(walk->kernel, vm, &walk->caller, &area.caller, error)))
		return false;
	walk->stopped = !walk->callback(walk->context, &area, error);
	return !walk->stopped;
}

static bool one_list(struct walk *walk, uint64_t head, struct error *error)
{
	return list_for_each(walk->kernel, head, walk->list.offset, one_area, walk, error);
}

static bool all_nodes(struct walk *walk, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct member head;
	uint64_t nodes, count, size;
	bool whole = true;

	if (!types_member(kernel->types, "vmap_node", "busy.head", &head, error) ||
	    !types_size(kernel->types, "vmap_node", &size, error) ||
	    !kernel_read_variable(kernel, "vmap_nodes", kernel->arch->pointer_size, &nodes, error) ||
	    !kernel_read_variable(kernel, "nr_vmap_nodes", 4, &count, error))
		return false;
	if (count > MAX_NODES)
		return error_set(error, ERROR_CORRUPT, "nr_vmap_nodes is %llu", (unsigned long long)count);
	for (uint64_t i = 0; i < count && !walk->stopped; i++)
		whole = one_list(walk, nodes + i * size + head.offset, whole ? error : NULL) && whole;
	return whole;
}

bool vmalloc_for_each(struct kernel *kernel,
		      bool (*callback)(void *context, const struct vmalloc_area *area, struct error *error),
		      void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };
	uint64_t head;

	if (!types_member(kernel->types, "vmap_area", "va_start", &walk.start, error) ||
	    !types_member(kernel->types, "vmap_area", "va_end", &walk.end, error) ||
	    !types_member(kernel->types, "vmap_area", "list", &walk.list, error) ||
	    !types_member(kernel->types, "vmap_area", "vm", &walk.vm, error) ||
	    !types_member(kernel->types, "vm_struct", "caller", &walk.caller, error))
		return false;
	return kernel_symbol(kernel, "vmap_area_list", &head, NULL) ? one_list(&walk, head, error) : all_nodes(&walk, error);
}
