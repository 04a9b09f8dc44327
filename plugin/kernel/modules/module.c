// SPDX-License-Identifier: GPL-3.0-or-later
/* The list of modules, and whose an address is; see module.h. */
#include "kernel/modules/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"
#include "kernel/modules/module_internal.h"
#include "symbols/kallsyms/kallsyms.h"
#include "symbols/dwarf/source_map.h"

/* A big machine has 400. */
#define MAX_MODULES 65536

static void module_free(struct module *module)
{
	for (size_t i = 0; i < module->nr_sections; i++)
		free(module->sections[i].name);
	free(module->sections);
	free(module->used_by);
	free(module->debug_path);
	free(module->damage);
	symtab_free(module->symbols);
	orc_free(&module->orc);
	source_map_close(module->source);
}

static void list_free(void *value)
{
	struct module_list *list = value;

	for (size_t i = 0; i < list->count; i++)
		module_free(&list->modules[i]);
	module_files_free(list->files);
	free(list->modules);
	free(list->spans);
	free(list->damage);
	free(list);
}

static const struct kernel_slot modules_slot = { list_free };

struct loading {
	struct kernel *kernel;
	struct module_list *list;
	size_t capacity;
	struct visited visited;
	size_t unreadable;
	bool failed;			/* not the list's fault: no memory, Ctrl-C */
};

static bool add_module(void *context, uint64_t address, struct error *error)
{
	struct loading *loading = context;
	struct module_list *list = loading->list;
	struct module *modules;
	struct error why;

	if (!kernel_check_interrupt(loading->kernel, error)) {
		loading->failed = true;
		return false;
	}
	if (visited_add(&loading->visited, address) == VISITED_BEFORE) {
		error_set(error, ERROR_CORRUPT, "it leads back to the module at 0x%llx",
			  (unsigned long long)address);
		return false;
	}
	if (list->count == MAX_MODULES) {
		error_set(error, ERROR_CORRUPT, "the list of modules has more than %u entries",
			  MAX_MODULES);
		return false;
	}
	modules = array_room(list->modules, list->count, &loading->capacity, sizeof(*modules),
			     "the list of modules", error);
	if (!modules) {
		loading->failed = true;
		return false;
	}
	list->modules = modules;
	memset(&list->modules[list->count], 0, sizeof(*list->modules));
	if (module_read(loading->kernel, address, &list->modules[list->count], &why)) {
		list->count++;
	} else if (!loading->unreadable++) {
		free(list->damage);
		if (asprintf(&list->damage, "a module could not be read: %s", why.text) < 0)
			list->damage = NULL;
	}
	return true;
}

static uint64_t code_start(const struct module *module)
{
	for (size_t i = 0; i < module->nr_regions; i++)
		if (module->regions[i].code)
			return module->regions[i].start;
	return module->nr_regions ? module->regions[0].start : module->address;
}

static int compare_modules(const void *a, const void *b)
{
	uint64_t left = code_start(a), right = code_start(b);

	return left < right ? -1 : left > right;
}

static int compare_spans(const void *a, const void *b)
{
	const struct module_span *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static bool make_spans(struct module_list *list, struct error *error)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->modules[i].nr_regions;
	list->spans = calloc(count ? count : 1, sizeof(*list->spans));
	if (!list->spans)
		return error_no_memory(error, "the map of modules", count * sizeof(*list->spans));
	for (size_t i = 0; i < list->count; i++) {
		const struct module *module = &list->modules[i];

		for (size_t j = 0; j < module->nr_regions; j++)
			list->spans[list->nr_spans++] = (struct module_span){
				.start = module->regions[j].start,
				.end = module->regions[j].start + module->regions[j].size,
				.module = i,
			};
	}
	qsort(list->spans, list->nr_spans, sizeof(*list->spans), compare_spans);
	return true;
}

/* A list's head: its neighbours point back to it. */
static bool is_list_head(struct kernel *kernel, uint64_t address)
{
	uint64_t word = kernel->arch->pointer_size, next, previous, back;

	return kernel_read_pointer(kernel, address, &next, NULL) &&
	       kernel_read_pointer(kernel, address + word, &previous, NULL) &&
	       ((kernel_read_pointer(kernel, next + word, &back, NULL) && back == address) ||
		(kernel_read_pointer(kernel, previous, &back, NULL) && back == address));
}

/* What the module list has in it: modules, whose names are where struct module has them. */
static bool is_module_list(struct kernel *kernel, uint64_t address)
{
	struct member link, name;
	uint64_t next;
	char text[64];

	if (!is_list_head(kernel, address) || !kernel_read_pointer(kernel, address, &next, NULL) ||
	    !types_member(kernel->types, "module", "list", &link, NULL) ||
	    !types_member(kernel->types, "module", "name", &name, NULL))
		return false;
	return next == address ||
	       (memory_read_string(kernel->memory, next - link.offset + name.offset, text, sizeof(text), NULL) && text[0] > ' ');
}

/*
 * Walks the kernel's list. False only for reasons that are not in the dump; damage goes into
 * list->damage.
 */
static bool load(struct loading *loading, struct error *error)
{
	struct kernel *kernel = loading->kernel;
	struct module_list *list = loading->list;
	struct error why = { .kind = ERROR_NONE };
	struct member link;
	uint64_t head;

	if (!kernel_symbol_like(kernel, "modules", is_module_list, &head, NULL, NULL))
		return true;	/* built without CONFIG_MODULES */
	if (!types_member(kernel->types, "module", "list", &link, error))
		return error_prefix(error, "modules");
	if (!list_for_each(kernel, head, link.offset, add_module, loading, &why) ||
	    why.kind != ERROR_NONE) {
		if (loading->failed || why.kind == ERROR_INTERRUPTED ||
		    why.kind == ERROR_NO_MEMORY) {
			*error = why;
			return false;
		}
		free(list->damage);
		if (asprintf(&list->damage, "the list of modules is incomplete: %s", why.text) < 0)
			list->damage = NULL;
	}
	if (list->count)
		qsort(list->modules, list->count, sizeof(*list->modules), compare_modules);
	if (!make_spans(list, error))
		return false;
	for (size_t i = 0; i < list->count; i++)
		module_read_users(kernel, list, &list->modules[i]);
	return true;
}

bool modules_get(struct kernel *kernel, struct module_list **list_ret, struct error *error)
{
	struct loading loading = { .kernel = kernel };

	*list_ret = kernel_kept(kernel, &modules_slot);
	if (!*list_ret) {
		loading.list = calloc(1, sizeof(*loading.list));
		if (!loading.list)
			return error_no_memory(error, "the list of modules", sizeof(*loading.list));
		if (!load(&loading, error)) {
			visited_free(&loading.visited);
			list_free(loading.list);
			return false;
		}
		visited_free(&loading.visited);
		if (!kernel_keep(kernel, &modules_slot, loading.list, error))
			return false;
		*list_ret = loading.list;
	}
	return true;
}

struct module *module_at(struct kernel *kernel, uint64_t address)
{
	struct module_list *list;
	size_t low;

	if (!modules_get(kernel, &list, NULL))
		return NULL;
	/*
	 * The last span that starts at or below ADDRESS. Spans do not overlap, unless they are
	 * damaged.
	 */
	low = array_up_to(list->spans, list->nr_spans, sizeof(*list->spans),
			  offsetof(struct module_span, start), address);
	if (low == 0 || address >= list->spans[low - 1].end)
		return NULL;
	return &list->modules[list->spans[low - 1].module];
}

struct module *module_find(struct kernel *kernel, const char *name)
{
	struct module_list *list;

	if (!modules_get(kernel, &list, NULL))
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->modules[i].name, name) == 0)
			return &list->modules[i];
	return NULL;
}

bool module_symbols(struct kernel *kernel, struct module *module, struct symtab **symtab_ret,
		    struct error *error)
{
	struct symtab *symtab;

	if (!module->symbols) {
		if (!symtab_new(&symtab, error))
			return false;
		if (!kallsyms_read_module(kernel->types, kernel->memory, module->address, symtab,
					  error) ||
		    !symtab_finish(symtab, error)) {
			symtab_free(symtab);
			return error_prefix(error, "symbols of module %s", module->name);
		}
		module->symbols = symtab;
	}
	*symtab_ret = module->symbols;
	return true;
}

bool module_orc(struct kernel *kernel, struct module *module, const struct orc_table **table_ret,
		struct error *error)
{
	uint64_t count, ips, entries;

	if (!module->orc_loaded) {
		if (!kernel_read_member(kernel, module->address, "module", "arch.num_orcs", &count,
					error) ||
		    !kernel_read_member(kernel, module->address, "module", "arch.orc_unwind_ip",
					&ips, error) ||
		    !kernel_read_member(kernel, module->address, "module", "arch.orc_unwind",
					&entries, error) ||
		    (count && !orc_read_memory(kernel->types, kernel->memory, ips, entries, count,
					       &module->orc, error)))
			return error_prefix(error, "unwind information of module %s", module->name);
		module->orc_loaded = true;
	}
	*table_ret = &module->orc;
	return true;
}
