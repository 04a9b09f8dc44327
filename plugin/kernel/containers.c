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
 * Both kinds of list start with `next` (or `first`) in the head and in each node, `prev` is LINK bytes behind it; they
 * end at END.
 */
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
		if (next == end)
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
