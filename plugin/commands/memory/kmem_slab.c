// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -s: the caches of objects, as /proc/slabinfo has them, and what of them is really in use. */
#include "commands/memory/kmem.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/slab/slab.h"

enum { CACHE, OBJECT_SIZE, SIZE, ALLOCATED, CPUS, NODES, CACHED, FREE, OBJECTS, SLABS, ORDER, PER_SLAB, NAME };
static const struct column columns[] = {
	[CACHE] = { "cache", "CACHE", 16, COLUMN_ADDRESS },
	[OBJECT_SIZE] = { "object_size", "OBJSIZE", 7, COLUMN_RIGHT },
	[SIZE] = { "size", NULL, 0, COLUMN_JSON_ONLY },
	[ALLOCATED] = { "allocated", "ALLOC", 7, COLUMN_RIGHT },
	[CPUS] = { "cached_cpus", NULL, 0, COLUMN_JSON_ONLY },
	[NODES] = { "cached_nodes", NULL, 0, COLUMN_JSON_ONLY },
	[CACHED] = { "cached", "CACHED", 6, COLUMN_RIGHT | COLUMN_TEXT_ONLY },
	[FREE] = { "free", NULL, 0, COLUMN_JSON_ONLY },
	[OBJECTS] = { "objects", "TOTAL", 7, COLUMN_RIGHT },
	[SLABS] = { "slabs", "SLABS", 6, COLUMN_RIGHT },
	[ORDER] = { "order", NULL, 0, COLUMN_JSON_ONLY },
	[PER_SLAB] = { "per_slab", NULL, 0, COLUMN_JSON_ONLY },
	[NAME] = { "name", "NAME", 0, 0 },
};
static const struct shape shape = { "caches", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	const struct arguments *arguments;
	struct kmem_found found;
	struct error damage;
};

/* Its name, or its address, as column CACHE has it. */
static bool names_cache(const char *word, const struct slab_cache *cache)
{
	char *end;

	return !strcmp(word, cache->name) || (strtoull(word, &end, 16) == cache->address && end != word && !*end);
}

bool kmem_cache_wanted(const struct arguments *arguments, const struct slab_cache *cache, struct kmem_found *found)
{
	const char *name = cache->name;
	bool any = !arguments->nr_words;
	uint64_t spared = 1;

	for (size_t i = 0; i < arguments->nr_words; i++)
		if (names_cache(arguments->words[i], cache))
			any = found->words[i] = true;
	for (const char *left = option_value(arguments, 'I'); left; spared <<= 1) {
		size_t size = strcspn(left, ",");

		if (size == strlen(name) && !strncmp(left, name, size)) {
			any = false;
			found->spared |= spared;
		}
		left = left[size] ? left + size + 1 : NULL;
	}
	return any;
}

bool kmem_all_found(const struct arguments *arguments, const struct kmem_found *found, bool others, char view, struct error *error)
{
	uint64_t spared = 1;

	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!found->words[i])
			return error_set(error, others ? ERROR_PARTIAL : ERROR_USAGE, "kmem -%c: there is no cache %s", view, arguments->words[i]);
	for (const char *left = option_value(arguments, 'I'); left && spared; spared <<= 1) {
		size_t size = strcspn(left, ",");

		if (!(found->spared & spared))
			return error_set(error, ERROR_PARTIAL, "kmem -I: there is no cache %.*s", (int)size, left);
		left = left[size] ? left + size + 1 : NULL;
	}
	return true;
}

/* Counts of which a part could not be read are not known: nothing is made of the rest. */
static bool emit_counts(struct output *output, const struct slab_counts *counts)
{
	uint64_t cached = counts->free_cpus + counts->free_nodes, unused = cached + counts->free_listed;

	if (counts->slabs_known && (!output_uint(output, SLABS, counts->slabs) || !output_uint(output, OBJECTS, counts->objects)))
		return false;
	if (counts->damage.kind != ERROR_NONE)
		return true;
	if (!output_uint(output, CPUS, counts->free_cpus) || !output_uint(output, NODES, counts->free_nodes) ||
	    !output_uint(output, CACHED, cached) || !output_uint(output, FREE, counts->free_listed))
		return false;
	return unused > counts->objects || output_uint(output, ALLOCATED, counts->objects - unused);
}

static bool each(void *context, const struct slab_cache *cache, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;
	struct slab_counts counts;

	(void)error;
	if (!kmem_cache_wanted(view->arguments, cache, &view->found))
		return true;
	slab_cache_count(view->kernel, cache, &counts);
	if (counts.damage.kind == ERROR_NONE && counts.free_cpus + counts.free_nodes + counts.free_listed > counts.objects)
		error_set(&counts.damage, ERROR_CORRUPT, "the cache %s has more free objects than objects", cache->name);
	if (counts.damage.kind != ERROR_NONE && view->damage.kind == ERROR_NONE)
		view->damage = counts.damage;
	if (counts.damage.kind == ERROR_INTERRUPTED) {
		*error = counts.damage;
		return false;
	}
	if (!cache->name[0] && view->damage.kind == ERROR_NONE)
		error_set(&view->damage, ERROR_EXCLUDED, "the name of the cache at 0x%llx could not be read", (unsigned long long)cache->address);
	return output_row(output) && output_address(output, CACHE, cache->address) &&
	       output_uint(output, OBJECT_SIZE, cache->object_size) && output_uint(output, SIZE, cache->size) &&
	       output_uint(output, ORDER, cache->order) && output_uint(output, PER_SLAB, cache->objects) &&
	       emit_counts(output, &counts) && (!cache->name[0] || output_string(output, NAME, cache->name));
}

bool kmem_slab(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
	       struct error *error)
{
	struct view view = { .kernel = kernel, .output = output, .arguments = arguments };
	struct error why = { 0 };
	bool whole, any = !arguments->nr_words;

	(void)host;
	if (!output_begin(output, &shape))
		return true;
	whole = slab_caches_for_each(kernel, each, &view, &why);
	output_end(output);
	if (!whole && why.kind == ERROR_INTERRUPTED) {
		*error = why;
		return false;
	}
	if (!whole)
		return error_set(error, ERROR_PARTIAL, "kmem -s: there may be more caches: %s", why.text);
	for (size_t i = 0; i < arguments->nr_words; i++)
		any |= view.found.words[i];
	if (!kmem_all_found(arguments, &view.found, any, 's', error))
		return false;
	if (view.damage.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "kmem -s: not all of it could be read: %s", view.damage.text);
	return true;
}

bool kmem_root_slab(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host, struct error *error)
{
	/* Each memory cgroup had caches of its own up to 5.8 (10befea91b61); memcg_params went with them. */
	if (types_has_member(kernel->types, "kmem_cache", "memcg_params"))
		return error_set(error, ERROR_UNSUPPORTED, "kmem -r: this kernel's caches can have children (of memory cgroups), which are not added up here; "
				 "kmem -s shows the root caches and each child by itself");
	if (!output_note(output, "no cache of this kernel has children: -r is -s"))
		return true;
	return kmem_slab(kernel, arguments, output, host, error);
}
