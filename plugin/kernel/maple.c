// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The maple tree (include/linux/maple_tree.h, lib/maple_tree.c): ranges of numbers, each with an entry. containers.h has the contract.
 */
#include <inttypes.h>

#include "kernel/containers.h"

#define MAX_DEPTH 32
#define NODE_MASK 0xffull	/* MAPLE_NODE_MASK: nodes are aligned to that, and the bits below tell their type */
#define MAX_SLOTS 64

enum { DENSE, LEAF_64, RANGE_64, ARANGE_64, NR_TYPES };	/* enum maple_type */

struct maple {
	struct kernel *kernel;
	struct member pivots[NR_TYPES], slots[NR_TYPES];
	bool (*callback)(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error);
	void *context;
	struct visited visited;
	bool stopped;
	struct error damage;	/* the first; of kind ERROR_NONE = none */
};

static void lose(struct maple *maple, const struct error *why)
{
	if (maple->damage.kind == ERROR_NONE)
		maple->damage = *why;
}

static bool fatal(const struct error *error)
{
	return error->kind == ERROR_INTERRUPTED || error->kind == ERROR_NO_MEMORY;
}

static void maple_node(struct maple *maple, uint64_t encoded, uint64_t first, uint64_t last, unsigned depth);

/* The entry of [FIRST, LAST] in a node of TYPE: a node below it, or what the tree is for. */
static void maple_entry(struct maple *maple, unsigned type, uint64_t entry, uint64_t first, uint64_t last, unsigned depth)
{
	struct error why = { 0 };

	if (!entry)
		return;
	if (type == RANGE_64 || type == ARANGE_64) {
		maple_node(maple, entry, first, last, depth + 1);
		return;
	}
	/* An internal entry holds a place, and there is nothing. */
	if ((entry & 3) == 2)
		return;
	if (maple->callback(maple->context, first, last, entry, &why))
		return;
	maple->stopped = true;
	if (why.kind != ERROR_NONE)
		lose(maple, &why);
}

static bool check_node(struct maple *maple, uint64_t node, unsigned type, unsigned depth, struct error *error)
{
	if (depth > MAX_DEPTH || type == DENSE || type >= NR_TYPES)
		return error_set(error, ERROR_CORRUPT, "its node 0x%" PRIx64 " is damaged: type %u at depth %u", node, type, depth);
	switch (visited_add(&maple->visited, node)) {
	case VISITED_NO_MEMORY:
		return error_no_memory(error, "a tree's nodes", 0);
	case VISITED_BEFORE:
		return error_set(error, ERROR_CORRUPT, "its node 0x%" PRIx64 " is in it twice", node);
	default:
		return maple->visited.count % 256 || kernel_check_interrupt(maple->kernel, error);
	}
}

static void maple_node(struct maple *maple, uint64_t encoded, uint64_t first, uint64_t last, unsigned depth)
{
	struct kernel *kernel = maple->kernel;
	unsigned word = kernel->arch->pointer_size, type = encoded >> 3 & 0xf;
	uint64_t node = encoded & ~NODE_MASK;
	struct error why = { 0 };
	uint8_t copy[256];

	if (!check_node(maple, node, type, depth, &why) || !memory_read(kernel->memory, node, copy, sizeof(copy), &why)) {
		lose(maple, &why);
		maple->stopped |= fatal(&why);
		return;
	}
	for (uint64_t i = 0; i < maple->slots[type].count && !maple->stopped; i++) {
		uint64_t to = last;

		if (i < maple->pivots[type].count) {
			uint64_t pivot = memory_decode(kernel->memory, copy + maple->pivots[type].offset + i * word, word);

			/* A node that is not full ends with a pivot of 0. */
			to = pivot || i == 0 ? pivot : last;
		}
		if (to < first || to > last) {
			error_set(&why, ERROR_CORRUPT, "its node 0x%" PRIx64 " is damaged: a range from 0x%" PRIx64 " to 0x%" PRIx64, node, first, to);
			lose(maple, &why);
			return;
		}
		maple_entry(maple, type, memory_decode(kernel->memory, copy + maple->slots[type].offset + i * word, word), first, to, depth);
		if (to == last)
			return;
		first = to + 1;
	}
}

static bool maple_open(struct maple *maple, struct member *root, struct error *error)
{
	static const char *const names[NR_TYPES] = { [LEAF_64] = "maple_range_64", [RANGE_64] = "maple_range_64", [ARANGE_64] = "maple_arange_64" };
	struct types *types = maple->kernel->types;

	for (unsigned i = LEAF_64; i < NR_TYPES; i++) {
		if (!types_member(types, names[i], "pivot", &maple->pivots[i], error) || !types_member(types, names[i], "slot", &maple->slots[i], error))
			return false;
		if (maple->slots[i].count > MAX_SLOTS ||
		    maple->slots[i].offset + maple->slots[i].count * maple->kernel->arch->pointer_size > NODE_MASK + 1 ||
		    maple->pivots[i].offset + maple->pivots[i].count * maple->kernel->arch->pointer_size > NODE_MASK + 1)
			return error_set(error, ERROR_CORRUPT, "%s does not fit into a node", names[i]);
	}
	return types_member(types, "maple_tree", "ma_root", root, error);
}

bool maple_for_each(struct kernel *kernel, uint64_t tree,
		    bool (*callback)(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error), void *context,
		    struct error *error)
{
	struct maple maple = { .kernel = kernel, .callback = callback, .context = context };
	struct member root_member;
	uint64_t root;

	if (!maple_open(&maple, &root_member, error) || !kernel_read_pointer(kernel, tree + root_member.offset, &root, error))
		return false;
	/* A tree of one entry at 0 has it in its root; a node is marked as xarrays mark theirs. */
	if ((root & 3) == 2 && root > 4096)
		maple_node(&maple, root, 0, memory_last(kernel->memory), 0);
	else if (root)
		maple_entry(&maple, LEAF_64, root, 0, 0, 0);
	visited_free(&maple.visited);
	if (maple.damage.kind == ERROR_NONE)
		return true;
	if (error)
		*error = maple.damage;
	return error_prefix(error, "the tree at 0x%" PRIx64, tree);
}
