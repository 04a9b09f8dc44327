// SPDX-License-Identifier: GPL-3.0-or-later
/* Whose an address is, and what a module knows of itself; see module.h. */
#include "kernel/modules/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"
#include "kernel/modules/module_frames.h"
#include "kernel/modules/module_internal.h"
#include "symbols/kallsyms/kallsyms.h"
#include "symbols/dwarf/source_map.h"

void module_free(struct module *module)
{
	for (size_t i = 0; i < module->nr_sections; i++)
		free(module->sections[i].name);
	free(module->sections);
	free(module->used_by);
	free(module->debug_path);
	free(module->damage);
	free(module->sections_inferred);
	free(module->debug_refused);
	free(module->gdb_name);
	symtab_free(module->symbols);
	orc_free(&module->orc);
	source_map_close(module->source);
	module_frames_close(module->frames);
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

bool modules_get(struct kernel *kernel, struct module_list **list_ret, struct error *error)
{
	struct module_list *list = kernel_kept(kernel, &modules_slot);

	if (!list) {
		list = calloc(1, sizeof(*list));
		if (!list)
			return error_no_memory(error, "the list of modules", sizeof(*list));
		if (!module_list_load(kernel, list, error)) {
			list_free(list);
			return false;
		}
		if (!kernel_keep(kernel, &modules_slot, list, error))
			return false;
	}
	*list_ret = list;
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

const struct module_region *module_region_at(const struct module *module, uint64_t address)
{
	for (size_t i = 0; i < module->nr_regions; i++)
		if (address - module->regions[i].start < module->regions[i].size)
			return &module->regions[i];
	return NULL;
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

struct module *module_of(struct kernel *kernel, uint64_t address)
{
	struct module_list *list;

	if (!modules_get(kernel, &list, NULL))
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		if (list->modules[i].address == address)
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

bool module_per_cpu_symbol(struct kernel *kernel, const char *name, uint64_t *pointer_ret, struct error *error)
{
	struct module_list *list;

	if (!modules_get(kernel, &list, error))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		struct symtab *symbols;
		const struct symbol *symbol = module_symbols(kernel, &list->modules[i], &symbols, NULL) ?
					      symtab_find(symbols, name) : NULL;

		if (symbol && symbol->percpu) {
			*pointer_ret = symbol->address;
			return true;
		}
	}
	return error_set(error, ERROR_NO_SYMBOL, "neither the kernel nor one of its %zu modules has a per-CPU variable %s",
			 list->count, name);
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
