// SPDX-License-Identifier: GPL-3.0-or-later
/* Thunks and other short code in pages of its own, which pushes nothing: dynamic_code.h says where from. */
#include <stdlib.h>
#include <string.h>

#include "arch/instructions.h"
#include "kernel/containers.h"
#include "kernel/modules/dynamic_internal.h"
#include "kernel/modules/module.h"

#define MAX_PAGES 4096		/* of one owner */

static bool add_page(struct dynamic_collection *collection, uint64_t start, const char *name, struct error *error)
{
	struct dynamic_code code = { .start = start, .kind = DYNAMIC_THUNKS };

	code.end = start + memory_page_size(collection->kernel->memory);
	strncpy(code.name, name, sizeof(code.name) - 1);
	return dynamic_add(collection, &code, error);
}

/* --- where there are lists of the pages --- */

static bool add_pages(struct dynamic_collection *collection, uint64_t array, uint64_t count, struct error *error)
{
	if (count > MAX_PAGES)
		return error_set(error, ERROR_CORRUPT, "there are %llu pages", (unsigned long long)count);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t page;

		if (!kernel_read_pointer(collection->kernel, array + i * collection->kernel->arch->pointer_size, &page, error) ||
		    !add_page(collection, page, "its_thunks", error))
			return false;
	}
	return true;
}

/* What has a list of pages: the kernel's own is of TYPE at ADDRESS, a module's is part of it. */
static bool add_list(struct dynamic_collection *collection, uint64_t address, const char *type, const char *pages,
		     const char *count, struct error *error)
{
	uint64_t array, number;

	return kernel_read_member(collection->kernel, address, type, pages, &array, error) &&
	       kernel_read_member(collection->kernel, address, type, count, &number, error) &&
	       add_pages(collection, array, number, error);
}

static bool add_modules(struct dynamic_collection *collection, struct error *error)
{
	/* Debian's 6.1 and 6.12; mainline. */
	static const struct { const char *pages, *count; } members[] = {
		{ "its_page_array", "its_num_pages" },
		{ "arch.its_pages.pages", "arch.its_pages.num" },
	};
	struct kernel *kernel = collection->kernel;
	struct module_list *modules;
	size_t which = 0;

	while (which < 2 && !types_has_member(kernel->types, "module", members[which].pages))
		which++;
	if (which == 2)
		return true;
	if (!modules_get(kernel, &modules, error))
		return false;
	for (size_t i = 0; i < modules->count; i++)
		if (!add_list(collection, modules->modules[i].address, "module", members[which].pages,
			      members[which].count, error))
			return false;
	return true;
}

/* --- where the kernel's own have none: by the branches that lead to them --- */

static bool is_thunk(struct kernel *kernel, uint64_t address)
{
	return !kernel_is_text(kernel, address) && kernel->arch->is_kernel_address(kernel->memory, address) &&
	       kernel->arch->instructions->is_page_thunk(kernel->memory, address) && !module_at(kernel, address);
}

struct scan {
	struct dynamic_collection *collection;
	struct visited tried;		/* pages that are no module's and no text: thunks, or not */
};

static bool try_branch(struct scan *scan, uint64_t target, struct error *error)
{
	uint64_t page = target & -memory_page_size(scan->collection->kernel->memory);

	/* Nearly all calls are inside. */
	if (kernel_is_text(scan->collection->kernel, target) || !is_thunk(scan->collection->kernel, target))
		return true;
	switch (visited_add(&scan->tried, page)) {
	case VISITED_NEW:
		return add_page(scan->collection, page, "its_thunks", error);
	case VISITED_BEFORE:
		return true;
	default:
		return error_no_memory(error, "thunks", 0);
	}
}

#define CHUNK 65536

/* Each branch there could be in [START, START + SIZE), of which BYTES is a copy. */
static bool scan_chunk(struct scan *scan, uint64_t start, const uint8_t *bytes, size_t size, struct error *error)
{
	const struct arch *arch = scan->collection->kernel->arch;
	struct arch_branch branch;

	for (size_t at = 0; arch->instructions->next_branch(bytes, size, start, at, &branch); at = branch.at + 1)
		if (!try_branch(scan, branch.target, error))
			return false;
	return true;
}

static bool scan_text(struct dynamic_collection *collection, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	struct scan scan = { .collection = collection };
	size_t whole = CHUNK + kernel->arch->call_size - 1;	/* the last branch reaches into the next chunk */
	uint8_t *bytes = malloc(whole);
	bool done = bytes || error_no_memory(error, "the kernel's text", CHUNK);

	for (uint64_t at = kernel->text_start; done && at < kernel->text_end; at += CHUNK) {
		size_t size = kernel->text_end - at < whole ? kernel->text_end - at : whole;

		/* What is not in the dump has calls of the same pages as the rest. */
		done = kernel_check_interrupt(kernel, error) &&
		       (!memory_read(kernel->memory, at, bytes, size, NULL) ||
			scan_chunk(&scan, at, bytes, size, error));
	}
	free(bytes);
	visited_free(&scan.tried);
	return done;
}

static bool add_own(struct dynamic_collection *collection, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	uint64_t pages, mitigation;

	if (kernel_symbol(kernel, "its_pages", &pages, NULL) && types_has_member(kernel->types, "its_array", "pages"))
		return add_list(collection, pages, "its_array", "pages", "num", error);
	/* 0 is ITS_MITIGATION_OFF; it costs the reading of the whole text. */
	return !kernel->arch->instructions || !kernel->arch->instructions->is_page_thunk ||
	       !kernel_read_variable(kernel, "its_mitigation", 4, &mitigation, NULL) || !mitigation ||
	       scan_text(collection, error);
}

void dynamic_collect_thunks(struct dynamic_collection *collection)
{
	struct error error = { 0 };
	uint64_t page;

	if (!add_modules(collection, &error) || !add_own(collection, &error))
		dynamic_damaged(collection, "thunks of indirect branches", &error);
	/* What a guest of Hyper-V calls it through. */
	if (kernel_read_variable(collection->kernel, "hv_hypercall_pg", collection->kernel->arch->pointer_size, &page, NULL) && page &&
	    !add_page(collection, page, "hv_hypercall_page", &error))
		dynamic_damaged(collection, "Hyper-V's page", &error);
}
