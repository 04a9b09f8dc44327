// SPDX-License-Identifier: GPL-3.0-or-later
/* leak: objects of a cache that are in use and that no pointer leads to. */
#include "commands/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/slab/slab_leaks.h"

enum { OBJECT, SLAB };
static const struct column columns[] = {
	[OBJECT] = { "object", "OBJECT", 16, COLUMN_ADDRESS },
	[SLAB] = { "slab", "SLAB", 16, COLUMN_ADDRESS },
};
static const struct shape shape = { "objects", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
enum { CACHE, USED, UNREFERENCED, PAGES, MISSING };
static const struct column total_columns[] = {
	[CACHE] = { "cache", "CACHE", 0, 0 },
	[USED] = { "used", "IN USE", 0, 0 },
	[UNREFERENCED] = { "unreferenced", "NOT POINTED TO", 0, 0 },
	[PAGES] = { "pages_read", NULL, 0, COLUMN_JSON_ONLY },
	[MISSING] = { "pages_missing", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape total_shape = { "totals", SHAPE_RECORD, total_columns, ARRAY_SIZE(total_columns) };

static const struct option options[] = { { 0 } };

struct search {
	const char *name;
	struct slab_cache cache;
	bool found;
};

/* By its name, or its address as kernel kmem -s has it. */
static bool is_cache(void *context, const struct slab_cache *cache, struct error *error)
{
	struct search *search = context;
	char *end;

	(void)error;
	if (strcmp(search->name, cache->name) && !(strtoull(search->name, &end, 16) == cache->address && end != search->name && !*end))
		return true;
	search->cache = *cache;
	search->found = true;
	return false;
}

static bool emit(struct output *output, const struct search *search, const struct leaks *leaks)
{
	bool more = output_begin(output, &shape);

	for (size_t i = 0; i < leaks->count && more; i++)
		more = output_row(output) && output_address(output, OBJECT, leaks->objects[i].address) && output_address(output, SLAB, leaks->objects[i].slab);
	more = more && output_end(output) && output_begin(output, &total_shape) && output_string(output, CACHE, search->cache.name) &&
	       output_uint(output, USED, leaks->used) && output_uint(output, UNREFERENCED, leaks->count) &&
	       output_uint(output, PAGES, leaks->pages_read) && output_uint(output, MISSING, leaks->pages_missing) && output_end(output);
	if (more && leaks->count)
		more = output_note(output, "this is a hint: a pointer may be coded, or be no virtual address");
	if (more && leaks->pages_missing)
		more = output_note(output, "%" PRIu64 " of %" PRIu64 " pages of memory are not in the dump; an object may be pointed to from there", leaks->pages_missing,
				   leaks->pages_missing + leaks->pages_read);
	return more;
}

static bool leak_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct search search = { 0 };
	struct error why = { 0 };
	struct leaks leaks;
	bool whole;

	(void)host;
	if (arguments->nr_words != 1)
		return error_set(error, ERROR_USAGE, "leak: of which cache? Say one name of those that kernel kmem -s shows");
	search.name = arguments->words[0];
	whole = slab_caches_for_each(kernel, is_cache, &search, &why);
	if (!search.found && !whole)
		return error_set(error, why.kind, "%s", why.text);
	if (!search.found)
		return error_set(error, ERROR_USAGE, "leak: there is no cache %s", search.name);
	if (!slab_leaks(kernel, &search.cache, &leaks, error))
		return false;
	emit(output, &search, &leaks);
	slab_leaks_free(&leaks);
	if (leaks.damage.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "leak: some of these may be free, or be missing: %s", leaks.damage.text);
	return true;
}

static const char help[] =
	"Objects of one cache that are in use and that no pointer leads to, as kmemleak\n"
	"finds them. All memory that is in the dump is gone through once, stacks, per-CPU\n"
	"data and modules with it; a pointer anywhere into an object counts, but none\n"
	"that stands in the object itself. It is a hint: stale pointers (in free objects,\n"
	"on stacks) and numbers that look like one hide a leak, and so do objects that\n"
	"point to each other; an object whose pointer is coded, or in memory that is not\n"
	"in the dump, is shown without being one.\n"
	"\n"
	"JSON: \"objects\", \"totals\" (pages as the dump has them).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel leak vmcore_rig_item\n"
	"CACHE: vmcore_rig_item  IN USE: 12  NOT POINTED TO: 0\n";

static const struct mi_name mi_names[] = { { "leak", NULL }, { 0 } };

const struct command command_leak = {
	.name = "leak",
	.mi = mi_names,
	.summary = "Show objects of a cache that nothing points to.",
	.usage = "leak CACHE",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = leak_run,
};
