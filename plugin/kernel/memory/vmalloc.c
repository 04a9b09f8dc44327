// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/vmalloc.h"

#include "kernel/containers.h"

#define MAX_NODES 4096	/* the kernel makes 128 at the most */
#define OLD_VM_VM_AREA 4	/* of vmap_area.flags: vm is one */

struct walk {
	struct kernel *kernel;
	struct member start, end, list, vm, caller;
	struct member pages, physical, flags;
	bool has_details;	/* the kernel has these three */
	bool (*callback)(void *context, const struct vmalloc_area *area, struct error *error);
	void *context;
	/*
	 * Up to 5.3 (688fcbfc06e4) vm is set only where the flags say so. They went together with purge_list's own place; the flags of
	 * 6.4 (869176a09606) are others, and vm is NULL where it is none.
	 */
	struct member old_flags;
	bool has_old_flags;
	bool stopped;		/* by the callback */
};

static bool one_area(void *context, uint64_t entry, struct error *error)
{
	struct walk *walk = context;
	struct vmalloc_area area = { 0 };
	struct kernel *kernel = walk->kernel;
	uint64_t flags = OLD_VM_VM_AREA;

	if (!kernel_read_field(kernel, entry, &walk->start, &area.start, error) ||
	    !kernel_read_field(kernel, entry, &walk->end, &area.end, error) ||
	    !kernel_read_field(kernel, entry, &walk->vm, &area.vm, error) ||
	    (walk->has_old_flags && !kernel_read_field(kernel, entry, &walk->old_flags, &flags, error)))
		return false;
	if (!(flags & OLD_VM_VM_AREA))
		area.vm = 0;
	if (area.vm && !kernel_read_field(kernel, area.vm, &walk->caller, &area.caller, error))
		return false;
	area.details = area.vm && walk->has_details;
	if (area.details && (!kernel_read_field(kernel, area.vm, &walk->pages, &area.pages, error) ||
			     !kernel_read_field(kernel, area.vm, &walk->physical, &area.physical, error) ||
			     !kernel_read_field(kernel, area.vm, &walk->flags, &area.flags, error)))
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
	walk.has_details = types_member(kernel->types, "vm_struct", "nr_pages", &walk.pages, NULL) &&
			   types_member(kernel->types, "vm_struct", "phys_addr", &walk.physical, NULL) &&
			   types_member(kernel->types, "vm_struct", "flags", &walk.flags, NULL);
	walk.has_old_flags = types_has_member(kernel->types, "vmap_area", "purge_list") &&
			     types_member(kernel->types, "vmap_area", "flags", &walk.old_flags, NULL);
	return kernel_symbol(kernel, "vmap_area_list", &head, NULL) ? one_list(&walk, head, error) : all_nodes(&walk, error);
}
