// SPDX-License-Identifier: GPL-3.0-or-later
/* Bounded walks over the kernel's containers; containers.h has the contract. */
#include "kernel/containers.h"

#include <stdlib.h>

static size_t visited_slot(const struct visited *visited, uint64_t address)
{
	size_t slot = (address * 0x9e3779b97f4a7c15ull) >> 20 & visited->mask;

	while (visited->slots[slot] && visited->slots[slot] != address)
		slot = (slot + 1) & visited->mask;
	return slot;
}

static bool visited_grow(struct visited *visited)
{
	struct visited bigger = { .mask = visited->slots ? visited->mask * 2 + 1 : 1023,
				  .count = visited->count };

	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; visited->slots && i <= visited->mask; i++)
		if (visited->slots[i])
			bigger.slots[visited_slot(&bigger, visited->slots[i])] = visited->slots[i];
	free(visited->slots);
	*visited = bigger;
	return true;
}

enum visited_result visited_add(struct visited *visited, uint64_t address)
{
	size_t slot;

	if ((!visited->slots || visited->count > visited->mask / 2) && !visited_grow(visited))
		return VISITED_NO_MEMORY;
	slot = visited_slot(visited, address);
	if (visited->slots[slot])
		return VISITED_BEFORE;
	visited->slots[slot] = address;
	visited->count++;
	return VISITED_NEW;
}

bool visited_has(const struct visited *visited, uint64_t address)
{
	return visited->slots && visited->slots[visited_slot(visited, address)];
}

void visited_free(struct visited *visited)
{
	free(visited->slots);
	*visited = (struct visited){ 0 };
}

/*
 * Brent's cycle detection: the node met at each power of two steps is remembered; a walk in a
 * circle meets it again within one more round. No memory, one comparison a step.
 */
struct cycle {
	uint64_t remembered;
	uint64_t steps, limit;
};

static bool cycle_check(struct kernel *kernel, struct cycle *cycle, const char *what, uint64_t head,
			uint64_t node, struct error *error)
{
	if (!node)
		return error_set(error, ERROR_CORRUPT,
				 "the %s at 0x%llx is damaged: a null pointer after %llu entries",
				 what, (unsigned long long)head, (unsigned long long)cycle->steps);
	if (node == cycle->remembered)
		return error_set(error, ERROR_CORRUPT,
				 "the %s at 0x%llx is damaged: it runs in a circle through 0x%llx",
				 what, (unsigned long long)head, (unsigned long long)node);
	if (++cycle->steps > CONTAINER_MAX_ENTRIES)
		return error_set(error, ERROR_CORRUPT,
				 "the %s at 0x%llx has more than %u entries: it is damaged", what,
				 (unsigned long long)head, CONTAINER_MAX_ENTRIES);
	if (cycle->steps >= cycle->limit) {
		cycle->remembered = node;
		cycle->limit = cycle->limit ? cycle->limit * 2 : 1;
	}
	if (cycle->steps % 256 == 0 && !kernel_check_interrupt(kernel, error))
		return false;
	return true;
}

/* Calls back; *stop_ret says whether to go on. False if the callback failed. */
static bool call_back(bool (*callback)(void *context, uint64_t entry, struct error *error),
		      void *context, uint64_t entry, bool *stop_ret, struct error *error)
{
	struct error reason = { .kind = ERROR_NONE };

	*stop_ret = !callback(context, entry, &reason);
	if (!*stop_ret || reason.kind == ERROR_NONE)
		return true;
	if (error)
		*error = reason;
	return false;
}

/*
 * All kinds of list start with `next` (or `first`) in the head and in each node, `prev` is LINK bytes behind it; they
 * end at END, or, where that is NULLS, at any odd number.
 */
#define NULLS 1

static bool walk_list(struct kernel *kernel, const char *what, uint64_t head, uint64_t end,
		      unsigned link, uint64_t offset,
		      bool (*callback)(void *context, uint64_t entry, struct error *error),
		      void *context, struct error *error)
{
	struct cycle cycle = { 0 };
	uint64_t at = head, next;

	for (;;) {
		bool stop;

		if (!kernel_read_pointer(kernel, at + link, &next, error))
			return error_prefix(error, "the %s at 0x%llx breaks off after %llu entries",
					    what, (unsigned long long)head,
					    (unsigned long long)cycle.steps);
		if (next == end || (end == NULLS && next & 1))
			return true;
		if (!cycle_check(kernel, &cycle, what, head, next, error))
			return false;
		if (!call_back(callback, context, next - offset, &stop, error))
			return false;
		if (stop)
			return true;
		at = next;
	}
}

bool list_for_each(struct kernel *kernel, uint64_t head, uint64_t offset,
		   bool (*callback)(void *context, uint64_t entry, struct error *error),
		   void *context, struct error *error)
{
	return walk_list(kernel, "list", head, head, 0, offset, callback, context, error);
}

bool list_for_each_back(struct kernel *kernel, uint64_t head, uint64_t offset,
			bool (*callback)(void *context, uint64_t entry, struct error *error),
			void *context, struct error *error)
{
	return walk_list(kernel, "list", head, head, kernel->arch->pointer_size, offset, callback, context,
			 error);
}

bool hlist_for_each(struct kernel *kernel, uint64_t head, uint64_t offset,
		    bool (*callback)(void *context, uint64_t entry, struct error *error),
		    void *context, struct error *error)
{
	return walk_list(kernel, "hash list", head, 0, 0, offset, callback, context, error);
}

bool nulls_for_each(struct kernel *kernel, uint64_t head, uint64_t offset,
		    bool (*callback)(void *context, uint64_t entry, struct error *error),
		    void *context, struct error *error)
{
	return walk_list(kernel, "hash list", head, NULLS, 0, offset, callback, context, error);
}

/* A red-black tree of 2^32 nodes is at most 64 deep. */
#define RBTREE_MAX_DEPTH 64

bool rbtree_for_each(struct kernel *kernel, uint64_t root, uint64_t offset,
		     bool (*callback)(void *context, uint64_t entry, struct error *error),
		     void *context, struct error *error)
{
	uint64_t stack[RBTREE_MAX_DEPTH], node;
	struct member left, right;
	unsigned depth = 0;
	uint32_t count = 0;

	if (!types_member(kernel->types, "rb_node", "rb_left", &left, error) ||
	    !types_member(kernel->types, "rb_node", "rb_right", &right, error) ||
	    !kernel_read_pointer(kernel, root, &node, error))
		return false;
	while (node || depth) {
		bool stop;

		for (; node; depth++) {
			/*
			 * Depth bounds a circle of left pointers, the count one of right pointers.
			 */
			if (depth == RBTREE_MAX_DEPTH || ++count > CONTAINER_MAX_ENTRIES)
				return error_set(error, ERROR_CORRUPT,
						 "the tree at 0x%llx is damaged: too deep or too "
						 "big at 0x%llx",
						 (unsigned long long)root,
						 (unsigned long long)node);
			stack[depth] = node;
			if (!kernel_read_field(kernel, node, &left, &node, error))
				return error_prefix(error, "the tree at 0x%llx",
						    (unsigned long long)root);
		}
		node = stack[--depth];
		if (!call_back(callback, context, node - offset, &stop, error))
			return false;
		if (stop)
			return true;
		if (count % 256 == 0 && !kernel_check_interrupt(kernel, error))
			return false;
		if (!kernel_read_field(kernel, node, &right, &node, error))
			return error_prefix(error, "the tree at 0x%llx", (unsigned long long)root);
	}
	return true;
}

struct xarray_walk {
	struct kernel *kernel;
	struct member slots, shift;
	uint64_t node_tag;		/* in the low two bits of a pointer to a node */
	uint64_t value_mask, value_tag;	/* of an entry that is a value; 0 = those are passed over */
	uint64_t pointer_size, count;
	bool (*callback)(void *context, uint64_t index, uint64_t entry, struct error *error);
	void *context;
	bool stopped;
	struct error damage;		/* the first */
};

static bool xarray_open(struct xarray_walk *walk, struct member *head, struct error *error)
{
	struct types *types = walk->kernel->types;
	/* 3159f943aafd, 4.20; internal entries got another tag with it */
	bool is_xarray = types_member(types, "xarray", "xa_head", head, NULL);
	const char *node = is_xarray ? "xa_node" : "radix_tree_node";

	walk->node_tag = is_xarray ? 2 : 1;
	return (is_xarray || types_member(types, "radix_tree_root", "rnode", head, error)) &&
	       types_member(types, node, "shift", &walk->shift, error) &&
	       types_member(types, node, "slots", &walk->slots, error);
}

static void xarray_damaged(struct xarray_walk *walk, const struct error *error)
{
	if (walk->damage.kind == ERROR_NONE)
		walk->damage = *error;
	walk->stopped |= error->kind == ERROR_INTERRUPTED;
}

/* What ENTRY, whose first index is INDEX, leads to. ABOVE: the shift of the node it is in, which bounds the depth. */
static void xarray_entry(struct xarray_walk *walk, uint64_t entry, uint64_t index, uint64_t above)
{
	uint64_t node = entry & ~3ull, shift;
	struct error error = { .kind = ERROR_NONE };

	if (!entry || walk->stopped)
		return;
	if ((entry & 3) == 0 || (walk->value_mask && (entry & walk->value_mask) == walk->value_tag)) {
		walk->stopped = !walk->callback(walk->context, index, entry, &error);
		if (error.kind != ERROR_NONE)
			xarray_damaged(walk, &error);
		return;
	}
	/* values, and the marks of siblings and retries, which are small */
	if ((entry & 3) != walk->node_tag || node < 4096)
		return;
	if (!kernel_read_field(walk->kernel, node, &walk->shift, &shift, &error) || shift >= above || shift > 60 ||
	    walk->count++ > CONTAINER_MAX_ENTRIES) {
		if (error.kind == ERROR_NONE)
			error_set(&error, ERROR_CORRUPT, "the node at 0x%llx is damaged", (unsigned long long)node);
		xarray_damaged(walk, &error);
		return;
	}
	if (!kernel_check_interrupt(walk->kernel, &error)) {
		xarray_damaged(walk, &error);
		return;
	}
	for (uint64_t i = 0; i < walk->slots.count && i < 64 && !walk->stopped; i++) {
		if (kernel_read_pointer(walk->kernel, node + walk->slots.offset + i * walk->pointer_size, &entry, &error))
			xarray_entry(walk, entry, index + (i << shift), shift);
		else
			xarray_damaged(walk, &error);
	}
}

static bool xarray_walk(struct kernel *kernel, uint64_t root, bool values,
			bool (*callback)(void *context, uint64_t index, uint64_t entry, struct error *error),
			void *context, struct error *error)
{
	struct xarray_walk walk = { .kernel = kernel, .callback = callback, .context = context,
				    .pointer_size = kernel->arch->pointer_size };
	struct member head;
	uint64_t entry;

	if (!xarray_open(&walk, &head, error))
		return false;
	/* An xarray's value has the lowest bit; in a radix tree such entries were called exceptional. */
	walk.value_mask = !values ? 0 : walk.node_tag == 2 ? 1 : 3;
	walk.value_tag = walk.node_tag == 2 ? 1 : 2;
	if (!kernel_read_pointer(kernel, root + head.offset, &entry, error))
		return false;
	xarray_entry(&walk, entry, 0, 64);
	if (walk.damage.kind == ERROR_NONE)
		return true;
	if (error)
		*error = walk.damage;
	return error_prefix(error, "the tree at 0x%llx", (unsigned long long)root);
}

bool xarray_for_each(struct kernel *kernel, uint64_t root,
		     bool (*callback)(void *context, uint64_t index, uint64_t entry, struct error *error),
		     void *context, struct error *error)
{
	return xarray_walk(kernel, root, false, callback, context, error);
}

bool xarray_for_each_entry(struct kernel *kernel, uint64_t root,
			   bool (*callback)(void *context, uint64_t index, uint64_t entry, struct error *error),
			   void *context, struct error *error)
{
	return xarray_walk(kernel, root, true, callback, context, error);
}
