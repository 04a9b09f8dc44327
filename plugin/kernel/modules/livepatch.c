// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/modules/livepatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"
#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"

#define MAX_FUNCTIONS 100000	/* more is damage; a patch has a few hundred */

/* One struct klp_func. */
struct replacement {
	uint64_t old, new;
	bool patched;		/* calls go to the new one */
	char old_name[192];
};

struct livepatches {
	struct replacement *list;	/* of the oldest patch first */
	size_t count, capacity;
	struct error damage;
};

static void free_livepatches(void *value)
{
	struct livepatches *patches = value;

	free(patches->list);
	free(patches);
}

static const struct kernel_slot livepatches_slot = { free_livepatches };

struct walk {
	struct kernel *kernel;
	struct livepatches *patches;
	struct member object_list, object_node, function_list, function_node;
	char object[64];	/* the name of the module that is patched; "" = vmlinux */
};

/* The string that the pointer TYPE.MEMBER points to; "" for NULL. */
static bool read_name(struct kernel *kernel, uint64_t address, const char *type, const char *member, char *buffer,
		      size_t size, struct error *error)
{
	uint64_t pointer;

	buffer[0] = 0;
	return kernel_read_member(kernel, address, type, member, &pointer, error) &&
	       (!pointer || memory_read_string(kernel->memory, pointer, buffer, size, error));
}

static bool add_function(void *context, uint64_t function, struct error *error)
{
	struct walk *walk = context;
	struct kernel *kernel = walk->kernel;
	struct livepatches *patches = walk->patches;
	struct replacement replacement = { 0 }, *list;
	uint64_t patched, nop = 0;
	char name[128];

	if (!kernel_read_member(kernel, function, "klp_func", "old_func", &replacement.old, error) ||
	    !kernel_read_member(kernel, function, "klp_func", "new_func", &replacement.new, error) ||
	    !kernel_read_member(kernel, function, "klp_func", "patched", &patched, error) ||
	    !read_name(kernel, function, "klp_func", "old_name", name, sizeof(name), error) ||
	    (types_has_member(kernel->types, "klp_func", "nop") &&
	     !kernel_read_member(kernel, function, "klp_func", "nop", &nop, error)))
		return false;
	/* A nop takes an older patch back. Of a module that is not loaded there is no old one. */
	if (nop || !replacement.old || !replacement.new)
		return true;
	if (patches->count >= MAX_FUNCTIONS)
		return error_set(error, ERROR_CORRUPT, "there are more than %u functions", MAX_FUNCTIONS);
	list = array_room(patches->list, patches->count, &patches->capacity, sizeof(*list), "livepatches", error);
	if (!list)
		return false;
	patches->list = list;
	replacement.patched = patched;
	snprintf(replacement.old_name, sizeof(replacement.old_name), walk->object[0] ? "%s [%s]" : "%s", name,
		 walk->object);
	list[patches->count++] = replacement;
	return true;
}

static bool add_object(void *context, uint64_t object, struct error *error)
{
	struct walk *walk = context;

	return read_name(walk->kernel, object, "klp_object", "name", walk->object, sizeof(walk->object), error) &&
	       list_for_each(walk->kernel, object + walk->function_list.offset, walk->function_node.offset, add_function,
			     walk, error);
}

static bool add_patch(void *context, uint64_t patch, struct error *error)
{
	struct walk *walk = context;

	return list_for_each(walk->kernel, patch + walk->object_list.offset, walk->object_node.offset, add_object, walk,
			     error);
}

static bool collect(struct kernel *kernel, struct livepatches *patches, struct error *error)
{
	struct walk walk = { .kernel = kernel, .patches = patches };
	uint64_t head, first;
	struct member node;

	if (!kernel_symbol(kernel, "klp_patches", &head, NULL))
		return true;
	if (!kernel_read_pointer(kernel, head, &first, error))
		return false;
	/* Before the types are asked for: most kernels have none, and need none. */
	return first == head ||
	       (types_member(kernel->types, "klp_patch", "list", &node, error) &&
		types_member(kernel->types, "klp_patch", "obj_list", &walk.object_list, error) &&
		types_member(kernel->types, "klp_object", "node", &walk.object_node, error) &&
		types_member(kernel->types, "klp_object", "func_list", &walk.function_list, error) &&
		types_member(kernel->types, "klp_func", "node", &walk.function_node, error) &&
		list_for_each(kernel, head, node.offset, add_patch, &walk, error));
}

static const struct livepatches *get(struct kernel *kernel)
{
	struct livepatches *patches = kernel_kept(kernel, &livepatches_slot);

	if (patches)
		return patches;
	patches = calloc(1, sizeof(*patches));
	if (!patches)
		return NULL;
	if (!collect(kernel, patches, &patches->damage))
		error_prefix(&patches->damage, "functions that livepatches replaced may not be marked");
	return kernel_keep(kernel, &livepatches_slot, patches, NULL) ? patches : NULL;
}

const char *livepatch_damage(struct kernel *kernel)
{
	const struct livepatches *patches = get(kernel);

	return patches && patches->damage.kind != ERROR_NONE ? patches->damage.text : NULL;
}

/* Does SYMBOL belong to the function FUNCTION? Compilers put the unlikely parts of one elsewhere, as FUNCTION.cold. */
static bool is_of(struct kernel *kernel, const struct symbol *symbol, const struct symtab *symbols, uint64_t function)
{
	const char *part = strstr(symbol->name, ".cold");
	const struct symtab *its_symbols;
	const struct symbol *whole;
	struct module *module;

	if (symbol->address == function)
		return true;
	if (!part)
		return false;
	whole = kernel_lookup(kernel, function, &its_symbols, &module);
	return whole && its_symbols == symbols && strlen(whole->name) == (size_t)(part - symbol->name) &&
	       strncmp(whole->name, symbol->name, part - symbol->name) == 0 &&
	       symtab_find(symbols, whole->name) == whole && !symtab_find_next(symbols, whole->name, whole);
}

bool livepatch_at(struct kernel *kernel, uint64_t address, struct livepatched *livepatched)
{
	const struct livepatches *patches = get(kernel);
	const struct symtab *symbols;
	const struct symbol *symbol;
	struct module *module;

	livepatched->replaces[0] = livepatched->replaced_by[0] = 0;
	symbol = patches && patches->count ? kernel_lookup(kernel, address, &symbols, &module) : NULL;
	for (size_t i = 0; symbol && i < patches->count; i++) {
		const struct replacement *replacement = &patches->list[i];

		if (is_of(kernel, symbol, symbols, replacement->new))
			snprintf(livepatched->replaces, sizeof(livepatched->replaces), "%s", replacement->old_name);
		if (replacement->patched && is_of(kernel, symbol, symbols, replacement->old))
			kernel_symbolize(kernel, replacement->new, livepatched->replaced_by,
					 sizeof(livepatched->replaced_by));
	}
	return livepatched->replaces[0] || livepatched->replaced_by[0];
}

bool livepatch_text(struct kernel *kernel, uint64_t address, char *buffer, size_t size)
{
	struct livepatched livepatched;

	if (size)
		buffer[0] = 0;
	if (!livepatch_at(kernel, address, &livepatched))
		return false;
	if (!livepatched.replaced_by[0])
		snprintf(buffer, size, "replaces %s", livepatched.replaces);
	else if (!livepatched.replaces[0])
		snprintf(buffer, size, "replaced by %s", livepatched.replaced_by);
	else
		snprintf(buffer, size, "replaces %s, replaced by %s", livepatched.replaces, livepatched.replaced_by);
	return true;
}
