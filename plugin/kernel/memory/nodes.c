// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/nodes.h"

#define MAX_NODES 1024 /* NODES_SHIFT is at most 10 */

/* The callback's failure is the walk's; its word that it has enough is none. */
static bool call(bool (*callback)(void *context, uint32_t id, uint64_t node, struct error *error), void *context, uint32_t id, uint64_t node,
		 bool *more_ret, struct error *error)
{
	struct error why = { 0 };

	*more_ret = callback(context, id, node, &why);
	if (*more_ret || why.kind == ERROR_NONE)
		return true;
	if (error)
		*error = why;
	return false;
}

bool nodes_for_each(struct kernel *kernel, bool (*callback)(void *context, uint32_t id, uint64_t node, struct error *error), void *context,
		    struct error *error)
{
	const struct symbol *table = symtab_find(kernel->symbols, "node_data");
	unsigned pointer_size = kernel->arch->pointer_size;
	uint64_t node, count;
	bool more = true;

	/* node_data[] points to each; a kernel without NUMA has just the one. */
	if (!table)
		return kernel_symbol(kernel, "contig_page_data", &node, error) && call(callback, context, 0, node, &more, error);
	if (!kernel_read_variable(kernel, "nr_node_ids", 4, &count, NULL) || count > MAX_NODES)
		count = MAX_NODES;
	for (uint64_t i = 0; more && i < table->size / pointer_size && i < count; i++)
		if (!kernel_read_pointer(kernel, table->address + i * pointer_size, &node, error) ||
		    (node && !call(callback, context, i, node, &more, error)))
			return false;
	return true;
}
