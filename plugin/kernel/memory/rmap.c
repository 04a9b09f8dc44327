// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/memory/rmap.h"

#include <inttypes.h>

#include "kernel/containers.h"

struct walk {
	struct kernel *kernel;
	const uint64_t *index;	/* NULL = all */
	rmap_function *callback;
	void *context;
	struct member vma;	/* of an anon_vma_chain */
	struct visited visited;
	struct error damage;
	bool stopped;
	struct error stop;
};

/* The VMA at ADDRESS, if it has the page. */
static bool one_vma(struct walk *walk, uint64_t address, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct rmap_place place;
	uint64_t shift = __builtin_ctzll(memory_page_size(kernel->memory));

	if (!vma_read(kernel, address, &place.vma, error) || !kernel_read_member(kernel, address, "vm_area_struct", "vm_mm", &place.mm, error))
		return false;
	place.at = place.vma.start;
	if (walk->index) {
		uint64_t pages = (place.vma.end - place.vma.start) >> shift;

		if (*walk->index < place.vma.pgoff || *walk->index - place.vma.pgoff >= pages)
			return true;
		place.at += (*walk->index - place.vma.pgoff) << shift;
	}
	if (!walk->callback(walk->context, &place, &walk->stop))
		walk->stopped = true;
	return true;
}

/* What is wrong with one does not end the walk; being led in a circle does. */
static bool visit(struct walk *walk, uint64_t node, uint64_t vma, struct error *error)
{
	struct error why = { 0 };

	switch (visited_add(&walk->visited, node)) {
	case VISITED_BEFORE:
		return error_set(error, ERROR_CORRUPT, "it leads back to 0x%" PRIx64, node);
	case VISITED_NO_MEMORY:
		return error_no_memory(error, "a set of VMAs", 8);
	case VISITED_NEW:
		break;
	}
	if (!one_vma(walk, vma, &why) && walk->damage.kind == ERROR_NONE)
		walk->damage = why;
	return !walk->stopped;
}

static bool of_file(void *context, uint64_t vma, struct error *error)
{
	return visit(context, vma, vma, error);
}

static bool of_chain(void *context, uint64_t chain, struct error *error)
{
	struct walk *walk = context;
	struct error why = { 0 };
	uint64_t vma;

	if (kernel_read_field(walk->kernel, chain, &walk->vma, &vma, &why))
		return visit(walk, chain, vma, error);
	if (walk->damage.kind == ERROR_NONE)
		walk->damage = why;
	return true;
}

static bool finish(struct walk *walk, bool whole, const struct error *why, struct error *error)
{
	visited_free(&walk->visited);
	if (walk->stopped) {
		if (error)
			*error = walk->stop;
		return walk->stop.kind == ERROR_NONE;
	}
	if (error && !whole)
		*error = *why;
	else if (error && walk->damage.kind != ERROR_NONE)
		*error = walk->damage;
	return whole && walk->damage.kind == ERROR_NONE;
}

bool rmap_file(struct kernel *kernel, uint64_t mapping, const uint64_t *index, rmap_function *callback, void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .index = index, .callback = callback, .context = context };
	struct types *types = kernel->types;
	struct member tree, node, nonlinear;
	struct error why = { 0 };
	uint64_t first;
	bool whole;

	/* In a struct called linear up to 3.19: VMAs of remap_file_pages() were on a list beside it. */
	if (!types_member(types, "address_space", "i_mmap", &tree, error) ||
	    (!types_member(types, "vm_area_struct", "shared.linear.rb", &node, NULL) &&
	     !types_member(types, "vm_area_struct", "shared.rb", &node, error)))
		return false;
	whole = rbtree_for_each(kernel, mapping + tree.offset, node.offset, of_file, &walk, &why);
	if (whole && !walk.stopped && types_member(types, "address_space", "i_mmap_nonlinear", &nonlinear, NULL)) {
		whole = kernel_read_pointer(kernel, mapping + nonlinear.offset, &first, &why);
		if (whole && first != mapping + nonlinear.offset)
			whole = error_set(&why, ERROR_UNSUPPORTED, "the address_space at 0x%" PRIx64 " has VMAs of remap_file_pages(), which are not looked at", mapping);
	}
	if (!whole)
		error_prefix(&why, "the VMAs of the address_space at 0x%" PRIx64, mapping);
	return finish(&walk, whole, &why, error);
}

bool rmap_anonymous(struct kernel *kernel, uint64_t anon_vma, uint64_t index, rmap_function *callback, void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .index = &index, .callback = callback, .context = context };
	struct error why = { 0 };
	struct member tree, node;
	bool whole;

	if (!types_member(kernel->types, "anon_vma", "rb_root", &tree, error) ||
	    !types_member(kernel->types, "anon_vma_chain", "rb", &node, error) ||
	    !types_member(kernel->types, "anon_vma_chain", "vma", &walk.vma, error))
		return false;
	whole = rbtree_for_each(kernel, anon_vma + tree.offset, node.offset, of_chain, &walk, &why);
	if (!whole)
		error_prefix(&why, "the VMAs of the anon_vma at 0x%" PRIx64, anon_vma);
	return finish(&walk, whole, &why, error);
}

enum rmap_answer rmap_maps(struct kernel *kernel, uint64_t mm, uint64_t address, uint64_t pfn, struct error *error)
{
	struct translation translation = { 0 };
	struct error why = { 0 };
	uint64_t pgd, root;

	if (!kernel_read_member(kernel, mm, "mm_struct", "pgd", &pgd, error) || !kernel->arch->user_root(kernel->memory, pgd, &root, error))
		return RMAP_UNKNOWN;
	if (memory_translate(kernel->memory, root, address, &translation, &why))
		return translation.physical / memory_page_size(kernel->memory) == pfn ? RMAP_YES : RMAP_NO;
	if (why.kind == ERROR_NOT_MAPPED && !translation.table_missing)
		return RMAP_NO;
	if (error)
		*error = why;
	return RMAP_UNKNOWN;
}
