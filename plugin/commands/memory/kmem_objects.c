// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -S: each slab's objects, in use or free and where. */
#include "commands/memory/kmem.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/slab/slab_objects.h"

#define MAX_CACHES 65536
#define MAX_NOTES 16	/* damaged slabs that are said one by one */

enum { OBJECT, STATE, CPU, NODE, WHERE, SLAB, CACHE };
static const struct column columns[] = {
	[OBJECT] = { "object", "OBJECT", 16, COLUMN_ADDRESS },
	[STATE] = { "state", NULL, 0, COLUMN_JSON_ONLY },
	[CPU] = { "cpu", NULL, 0, COLUMN_JSON_ONLY },
	[NODE] = { "node", NULL, 0, COLUMN_JSON_ONLY },
	[WHERE] = { "where", "STATE", 18, COLUMN_TEXT_ONLY },
	[SLAB] = { "slab", "SLAB", 16, COLUMN_ADDRESS },
	[CACHE] = { "cache", "CACHE", 0, 0 },
};
static const struct shape shape = { "objects", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

struct owner {
	struct slab_cache cache;
	struct slab_keep keep;
	bool kept;	/* keep has been read */
};

struct view {
	struct kernel *kernel;
	struct output *output;
	const struct arguments *arguments;
	struct kmem_found found;
	struct owner *owners;
	size_t count, capacity;
	bool enough;
	unsigned nr_damaged;
	struct error damage;
};

static bool each_cache(void *context, const struct slab_cache *cache, struct error *error)
{
	struct view *view = context;
	struct owner *owners;

	if (!kmem_cache_wanted(view->arguments, cache, &view->found))
		return true;
	if (view->count >= MAX_CACHES)
		return error_set(error, ERROR_CORRUPT, "there are more than %u caches", MAX_CACHES);
	owners = array_room(view->owners, view->count, &view->capacity, sizeof(*owners), "caches", error);
	if (!owners)
		return false;
	view->owners = owners;
	owners[view->count++] = (struct owner){ .cache = *cache };
	return true;
}

static int by_address(const void *left, const void *right)
{
	const struct owner *a = left, *b = right;

	return a->cache.address < b->cache.address ? -1 : a->cache.address > b->cache.address;
}

static void damaged(struct view *view, const struct error *why)
{
	if (view->damage.kind == ERROR_NONE)
		view->damage = *why;
	if (view->nr_damaged++ < MAX_NOTES)
		output_note(view->output, "%s", why->text);
}

/* "free cpu 2": where a free object is kept. */
static bool emit_kept(struct output *output, const struct slab_kept *kept)
{
	bool node = kept->kind == SLAB_NODE_SHEAF;

	return output_string(output, STATE, kept->kind == SLAB_CPU_SLAB ? "free_cpu" : "free_sheaf") &&
	       output_uint(output, node ? NODE : CPU, kept->number) &&
	       output_printf(output, WHERE, "free, %s%s %u", kept->kind == SLAB_CPU_SLAB ? "" : "sheaf of ", node ? "node" : "CPU",
			     kept->number);
}

static bool emit_object(struct view *view, const struct owner *owner, const struct slab *slab, uint64_t object, uint8_t state)
{
	struct output *output = view->output;
	bool good = output_row(output) && output_address(output, OBJECT, object);

	if (good && state == SLAB_KEPT)
		good = emit_kept(output, slab_keep_find(&owner->keep, object));
	else
		good = good && output_string(output, STATE, state == SLAB_FREE ? "free" : "used") &&
		       output_string(output, WHERE, state == SLAB_FREE ? "free" : "used");
	return good && output_address(output, SLAB, slab->base) && output_string(output, CACHE, owner->cache.name);
}

static bool each_slab(void *context, const struct slab *slab, struct error *error)
{
	struct view *view = context;
	struct owner key = { .cache.address = slab->cache };
	struct owner *owner = bsearch(&key, view->owners, view->count, sizeof(key), by_address);
	uint8_t states[SLAB_MAX_OBJECTS];	/* what 15 bits can say */
	struct error why = { 0 };

	(void)error;
	if (!owner) {
		/* Not of one that was not asked for. */
		if (!view->arguments->nr_words && !option_value(view->arguments, 'I')) {
			error_set(&why, ERROR_CORRUPT, "the slab at 0x%llx says that it is of 0x%llx, which is no cache",
				  (unsigned long long)slab->base, (unsigned long long)slab->cache);
			damaged(view, &why);
		}
		return true;
	}
	if (!owner->kept) {
		slab_keep_read(view->kernel, &owner->cache, &owner->keep);
		owner->kept = true;
		if (owner->keep.damage.kind != ERROR_NONE)
			damaged(view, &owner->keep.damage);
	}
	if (!slab_states(view->kernel, &owner->cache, slab, &owner->keep, states, &why))
		damaged(view, &why);
	for (unsigned i = 0; i < slab->objects && !view->enough; i++)
		view->enough = !emit_object(view, owner, slab, slab_object_address(&owner->cache, slab, i), states[i]);
	return !view->enough;
}

/* What is said at the end. */
static bool verdict(struct view *view, const struct error *why, bool whole, struct error *error)
{
	const struct arguments *arguments = view->arguments;

	if (!whole && (why->kind == ERROR_INTERRUPTED || why->kind == ERROR_NO_MEMORY)) {
		*error = *why;
		return false;
	}
	if (!whole && !view->enough)
		return error_set(error, ERROR_PARTIAL, "kmem -S: there may be more: %s", why->text);
	if (!kmem_all_found(arguments, &view->found, view->count, 'S', error))
		return false;
	if (view->damage.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "kmem -S: not all of it is sound: %s", view->damage.text);
	return true;
}

bool kmem_objects(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		  struct error *error)
{
	struct view view = { .kernel = kernel, .output = output, .arguments = arguments };
	struct error why = { 0 };
	bool whole = slab_caches_for_each(kernel, each_cache, &view, &why);

	(void)host;
	if (!whole && view.count) {
		damaged(&view, &why);
		why.kind = ERROR_NONE;
		whole = true;
	}
	if (view.count) {
		struct error lost = { 0 };

		qsort(view.owners, view.count, sizeof(*view.owners), by_address);
		if (output_begin(output, &shape)) {
			whole = slabs_for_each(kernel, each_slab, &view, &lost, &why);
			output_end(output);
		}
		if (lost.kind != ERROR_NONE)
			damaged(&view, &lost);
	}
	for (size_t i = 0; i < view.count; i++)
		slab_keep_free(&view.owners[i].keep);
	free(view.owners);
	return verdict(&view, &why, whole, error);
}
