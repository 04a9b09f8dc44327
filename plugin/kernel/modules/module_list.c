// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The modules there are, by more than one way: the kernel's list, its links the other way where it breaks
 * off, and the tree in which the kernel looks up whose an address is (mod_tree; 4.2, 93c2e105f6bc). What only
 * the latter two lead to has to look like a module. See module.h.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"
#include "kernel/modules/module_internal.h"

/* A big machine has 400. */
#define MAX_MODULES 65536

struct loading {
	struct kernel *kernel;
	struct module_list *list;
	size_t capacity;
	struct visited visited;
	uint64_t last;			/* the module that the list has led to last; 0 = none */
	bool met;			/* backwards: it leads to one that is known */
	size_t unreadable;
	bool failed;			/* not the list's fault: no memory, Ctrl-C */
	struct member of_node;		/* mod_tree_node.mod */
	struct buffer damage;		/* sentences, "; " between */
};

__attribute__((format(printf, 2, 3)))
static void note(struct loading *loading, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buffer_printf(&loading->damage, "%s%s", loading->damage.size ? "; " : "", text);
}

/* Its struct is in its own memory, and its name is one. */
static bool is_plausible(const struct module *module)
{
	for (const char *c = module->name; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	return module->name[0] && module_region_at(module, module->address);
}

/* TRUSTED: the list itself leads to it. */
static bool read_module(struct loading *loading, uint64_t address, bool trusted, struct error *error)
{
	struct module_list *list = loading->list;
	struct module *modules;
	struct error why;

	if (list->count == MAX_MODULES)
		return error_set(error, ERROR_CORRUPT, "the list of modules has more than %u entries",
				 MAX_MODULES);
	modules = array_room(list->modules, list->count, &loading->capacity, sizeof(*modules),
			     "the list of modules", error);
	if (!modules) {
		loading->failed = true;
		return false;
	}
	list->modules = modules;
	memset(&list->modules[list->count], 0, sizeof(*list->modules));
	if (!module_read(loading->kernel, address, &list->modules[list->count], &why)) {
		if (!loading->unreadable++)
			note(loading, "a module could not be read: %s", why.text);
	} else if (trusted || is_plausible(&list->modules[list->count])) {
		list->count++;
	} else {
		module_free(&list->modules[list->count]);
	}
	return true;
}

static bool check_interrupt(struct loading *loading, struct error *error)
{
	if (kernel_check_interrupt(loading->kernel, error))
		return true;
	loading->failed = true;
	return false;
}

static bool add_module(void *context, uint64_t address, struct error *error)
{
	struct loading *loading = context;

	if (!check_interrupt(loading, error))
		return false;
	if (visited_add(&loading->visited, address) == VISITED_BEFORE)
		return error_set(error, ERROR_CORRUPT, "it leads back to the one at 0x%" PRIx64, address);
	loading->last = address;
	return read_module(loading, address, true, error);
}

static bool add_module_back(void *context, uint64_t address, struct error *error)
{
	struct loading *loading = context;

	if (!check_interrupt(loading, error))
		return false;
	loading->met = visited_add(&loading->visited, address) == VISITED_BEFORE;
	return !loading->met && read_module(loading, address, false, error);
}

static bool add_module_of_node(void *context, uint64_t node, struct error *error)
{
	struct loading *loading = context;
	uint64_t address;

	if (!check_interrupt(loading, error))
		return false;
	if (!kernel_read_field(loading->kernel, node, &loading->of_node, &address, NULL) ||
	    visited_add(&loading->visited, address) == VISITED_BEFORE)
		return true;	/* it has a node for its code and others for its data */
	return read_module(loading, address, false, error);
}

/* Is it for us to go on after WHY? */
static bool may_go_on(const struct loading *loading, const struct error *why)
{
	return !loading->failed && why->kind != ERROR_INTERRUPTED && why->kind != ERROR_NO_MEMORY;
}

/* *WHOLE_RET: the list is as it should be. */
static bool walk_list(struct loading *loading, uint64_t head, const struct member *link, bool *whole_ret,
		      struct error *error)
{
	struct error why = { .kind = ERROR_NONE };
	size_t known;
	uint64_t tail, end;

	list_for_each(loading->kernel, head, link->offset, add_module, loading, &why);
	if (why.kind != ERROR_NONE) {
		if (!may_go_on(loading, &why)) {
			*error = why;
			return false;
		}
		note(loading, "the list of modules is damaged: %s", why.text);
	}
	end = loading->last ? loading->last + link->offset : head;
	if (kernel_read_pointer(loading->kernel, head + loading->kernel->arch->pointer_size, &tail, NULL) &&
	    tail == end && why.kind == ERROR_NONE)
		return true;
	*whole_ret = false;
	if (why.kind == ERROR_NONE)
		note(loading, "the list of modules is damaged: forwards it ends after %zu, backwards it begins with another",
		     loading->list->count);
	known = loading->list->count;
	why.kind = ERROR_NONE;
	list_for_each_back(loading->kernel, head, link->offset, add_module_back, loading, &why);
	if (!may_go_on(loading, &why)) {
		*error = why;
		return false;
	}
	if (loading->list->count > known || loading->met)
		note(loading, "from its end backwards %zu more were found%s", loading->list->count - known,
		     loading->met ? ", up to where it broke off" : "");
	return true;
}

/* Names those from FIRST on, a few. */
static void note_hidden(struct loading *loading, size_t first)
{
	struct buffer names = { 0 };
	size_t count = loading->list->count - first;

	for (size_t i = first; i < loading->list->count && i < first + 8; i++)
		buffer_printf(&names, "%s%s", i == first ? "" : ", ", loading->list->modules[i].name);
	note(loading, "%zu that %s not in the list %s in the tree of the modules' addresses: %s%s", count,
	     count == 1 ? "is" : "are", count == 1 ? "is" : "are", names.data ? names.data : "",
	     count > 8 ? " ..." : "");
	buffer_free(&names);
}

/* It is a latch, two trees of the same nodes: the second one is the first's copy, or about to be. */
static bool walk_tree(struct loading *loading, struct error *error)
{
	struct kernel *kernel = loading->kernel;
	struct error why = { .kind = ERROR_NONE };
	struct member trees, nodes;
	size_t known = loading->list->count;
	uint64_t tree;

	if (!kernel_symbol(kernel, "mod_tree", &tree, NULL) ||
	    !types_member(kernel->types, "mod_tree_root", "root.tree", &trees, NULL) ||
	    !types_member(kernel->types, "mod_tree_node", "node.node", &nodes, NULL) ||
	    !types_member(kernel->types, "mod_tree_node", "mod", &loading->of_node, NULL))
		return true;	/* built without CONFIG_MODULES_TREE_LOOKUP */
	if (!rbtree_for_each(kernel, tree + trees.offset, nodes.offset, add_module_of_node, loading, &why) &&
	    may_go_on(loading, &why)) {
		why.kind = ERROR_NONE;
		rbtree_for_each(kernel, tree + trees.offset + trees.element_size,
				nodes.offset + nodes.element_size, add_module_of_node, loading, &why);
	}
	if (!may_go_on(loading, &why)) {
		*error = why;
		return false;
	}
	if (loading->list->count > known)
		note_hidden(loading, known);
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

static bool load(struct loading *loading, struct error *error)
{
	struct kernel *kernel = loading->kernel;
	struct module_list *list = loading->list;
	struct member link;
	struct error why;
	bool whole = true;
	uint64_t head;

	if (!kernel_symbol_like(kernel, "modules", is_module_list, &head, &why)) {
		if (!kernel_names_data(kernel)) /* else it was built without CONFIG_MODULES */
			note(loading, "%s", why.text);
		return true;
	}
	if (!types_member(kernel->types, "module", "list", &link, error))
		return error_prefix(error, "modules");
	if (!walk_list(loading, head, &link, &whole, error) || !walk_tree(loading, error))
		return false;
	if (!whole)
		note(loading, "%zu in all", list->count);
	if (list->count)
		qsort(list->modules, list->count, sizeof(*list->modules), compare_modules);
	if (!make_spans(list, error))
		return false;
	for (size_t i = 0; i < list->count; i++)
		module_read_users(kernel, list, &list->modules[i]);
	return true;
}

bool module_list_load(struct kernel *kernel, struct module_list *list, struct error *error)
{
	struct loading loading = { .kernel = kernel, .list = list };
	bool done = load(&loading, error);

	visited_free(&loading.visited);
	list->damage = loading.damage.data;	/* malloc'ed by the buffer */
	if (loading.damage.failed && done)
		return error_no_memory(error, "the list of modules", 0);
	return done;
}
