// SPDX-License-Identifier: GPL-3.0-or-later
/* slabtop: the caches of objects by how much memory they have, as slabtop(1) has them of a machine that runs. */
#include "commands/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/memory/memory_use.h"
#include "kernel/slab/slab.h"

#define MAX_CACHES 65536

enum { OBJECTS, ACTIVE, CACHED, USE, SIZE, SLABS, PER_SLAB, PAGES, BYTES, RECLAIMABLE, CACHE, NAME };
static const struct column columns[] = {
	[OBJECTS] = { "objects", "OBJS", 7, COLUMN_RIGHT },
	[ACTIVE] = { "active", "ACTIVE", 7, COLUMN_RIGHT },
	[CACHED] = { "cached", NULL, 0, COLUMN_JSON_ONLY },
	[USE] = { "use_percent", "USE", 4, COLUMN_RIGHT },
	[SIZE] = { "size", "OBJSIZE", 7, COLUMN_RIGHT },
	[SLABS] = { "slabs", "SLABS", 6, COLUMN_RIGHT },
	[PER_SLAB] = { "per_slab", "OBJ/SLAB", 8, COLUMN_RIGHT },
	[PAGES] = { "pages_per_slab", NULL, 0, COLUMN_JSON_ONLY },
	[BYTES] = { "cache_bytes", "SIZE", 8, COLUMN_RIGHT },
	[RECLAIMABLE] = { "reclaimable", NULL, 0, COLUMN_JSON_ONLY },
	[CACHE] = { "cache", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[NAME] = { "name", "NAME", 0, 0 },
};
static const struct shape shape = { "caches", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

enum { SUM_CACHES, SUM_OBJECTS, SUM_ACTIVE, SUM_BYTES, SUM_RECLAIMABLE, COUNTED_RECLAIMABLE, COUNTED_UNRECLAIMABLE };
static const struct column total_columns[] = {
	[SUM_CACHES] = { "caches", "CACHES", 0, 0 },
	[SUM_OBJECTS] = { "objects", "OBJS", 0, 0 },
	[SUM_ACTIVE] = { "active", "ACTIVE", 0, 0 },
	[SUM_BYTES] = { "cache_bytes", "SIZE", 0, 0 },
	[SUM_RECLAIMABLE] = { "reclaimable_bytes", NULL, 0, COLUMN_JSON_ONLY },
	[COUNTED_RECLAIMABLE] = { "s_reclaimable_bytes", "\nSReclaimable: %", 0, 0 },
	[COUNTED_UNRECLAIMABLE] = { "s_unreclaim_bytes", "SUnreclaim", 0, 0 },
};
static const struct shape total_shape = { "totals", SHAPE_RECORD, total_columns, ARRAY_SIZE(total_columns) };

static const struct option options[] = {
	{ 's', "LETTER", "sort by a active, b objects per slab, c size of the cache (as without -s), l slabs, n name, o objects, p pages per slab, "
			 "s size of an object, u use" },
	{ 0 }
};

struct row {
	struct slab_cache cache;
	uint64_t objects, slabs, unused, cached;
	bool counted;		/* objects, slabs */
	bool used_known;	/* and how many of them are free */
	bool reclaimable;
};

struct view {
	struct kernel *kernel;
	struct row *rows;
	size_t count, capacity;
	uint64_t reclaim_flag;
	struct error damage;
};

/* --- what there is --- */

static bool each_cache(void *context, const struct slab_cache *cache, struct error *error)
{
	struct view *view = context;
	struct slab_counts counts;
	struct row *rows;
	struct row row = { .cache = *cache };

	if (view->count >= MAX_CACHES)
		return error_set(error, ERROR_CORRUPT, "there are more than %u caches", MAX_CACHES);
	rows = array_room(view->rows, view->count, &view->capacity, sizeof(*rows), "caches", error);
	if (!rows)
		return false;
	view->rows = rows;
	slab_cache_count(view->kernel, cache, &counts);
	row.objects = counts.objects;
	row.slabs = counts.slabs;
	row.counted = counts.slabs_known && counts.slabs < UINT64_MAX >> 40;
	row.cached = counts.free_cpus + counts.free_nodes;
	row.unused = row.cached + counts.free_listed;
	row.reclaimable = cache->flags & view->reclaim_flag;
	if (counts.damage.kind == ERROR_NONE && (!row.counted || row.unused > row.objects))
		error_set(&counts.damage, ERROR_CORRUPT, "the counts of cache %s do not fit each other", cache->name);
	row.used_known = row.counted && counts.damage.kind == ERROR_NONE;
	if (counts.damage.kind == ERROR_INTERRUPTED) {
		*error = counts.damage;
		return false;
	}
	if (counts.damage.kind == ERROR_NONE && !cache->name[0])
		error_set(&counts.damage, ERROR_EXCLUDED, "the name of the cache at 0x%" PRIx64 " could not be read", cache->address);
	if (counts.damage.kind != ERROR_NONE && view->damage.kind == ERROR_NONE)
		view->damage = counts.damage;
	rows[view->count++] = row;
	return true;
}

/* Slabs that were made smaller where memory was short count as whole ones: SIZE is what slabtop makes of /proc/slabinfo. */
static uint64_t cache_bytes(const struct view *view, const struct row *row)
{
	return row->slabs * (memory_page_size(view->kernel->memory) << (row->cache.order & 15));
}

static uint64_t percent(const struct row *row)
{
	return row->objects ? (row->objects - row->unused) * 100 / row->objects : 0;
}

/* --- the order --- */

static struct {
	char letter;
	const struct view *view;
} sorting;	/* qsort() has no context; commands run one at a time, under kernel->lock */

static bool key(const struct row *row, uint64_t *value_ret)
{
	switch (sorting.letter) {
	case 'a': *value_ret = row->objects - row->unused; return row->used_known;
	case 'u': *value_ret = percent(row); return row->used_known;
	case 'b': *value_ret = row->cache.objects; return true;
	case 'p': *value_ret = row->cache.order; return true;
	case 's': *value_ret = row->cache.object_size; return true;
	case 'l': *value_ret = row->slabs; return row->counted;
	case 'o': *value_ret = row->objects; return row->counted;
	default:  *value_ret = cache_bytes(sorting.view, row); return row->counted;
	}
}

/* The largest first, what is not known at the end; equal ones by name and address. */
static int by_key(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	uint64_t x = 0, y = 0;
	bool a_known = key(a, &x), b_known = key(b, &y);
	int names = strcmp(a->cache.name, b->cache.name);

	if (sorting.letter != 'n' && a_known != b_known)
		return a_known ? -1 : 1;
	if (sorting.letter != 'n' && a_known && x != y)
		return x > y ? -1 : 1;
	return names ? names : a->cache.address < b->cache.address ? -1 : a->cache.address > b->cache.address;
}

/* --- what is said --- */

static bool kilobytes(struct output *output, size_t column, uint64_t bytes)
{
	return output_uint_as(output, column, bytes, "%" PRIu64 " K", bytes >> 10);
}

static bool emit(struct output *output, const struct view *view, const struct row *row)
{
	bool more = output_row(output) && output_address(output, CACHE, row->cache.address) && output_uint(output, SIZE, row->cache.object_size) &&
		    output_uint(output, PER_SLAB, row->cache.objects) && output_uint(output, PAGES, 1ull << (row->cache.order & 15)) &&
		    output_bool(output, RECLAIMABLE, row->reclaimable, NULL) &&
		    (!row->cache.name[0] || output_string(output, NAME, row->cache.name));

	if (more && row->counted)
		more = output_uint(output, OBJECTS, row->objects) && output_uint(output, SLABS, row->slabs) &&
		       kilobytes(output, BYTES, cache_bytes(view, row));
	if (more && row->used_known)
		more = output_uint(output, ACTIVE, row->objects - row->unused) && output_uint(output, CACHED, row->cached) &&
		       (!row->objects || output_uint_as(output, USE, percent(row), "%" PRIu64 "%%", percent(row)));
	return more;
}

/* The sums: of what is known in part nothing is added up. */
static bool emit_totals(struct output *output, struct view *view, bool whole)
{
	uint64_t objects = 0, active = 0, bytes = 0, reclaimable = 0;
	bool counted = whole, used = whole;
	struct memory_use use;
	struct error why = { 0 };
	bool known, more;

	for (size_t i = 0; i < view->count; i++) {
		const struct row *row = &view->rows[i];

		counted &= row->counted;
		used &= row->used_known;
		objects += row->objects;
		active += row->objects - row->unused;
		bytes += cache_bytes(view, row);
		reclaimable += row->reclaimable ? cache_bytes(view, row) : 0;
	}
	known = memory_use(view->kernel, &use, &why);
	more = output_begin(output, &total_shape) && (!whole || output_uint(output, SUM_CACHES, view->count)) &&
	       (!counted || (output_uint(output, SUM_OBJECTS, objects) && kilobytes(output, SUM_BYTES, bytes) &&
			     kilobytes(output, SUM_RECLAIMABLE, reclaimable))) &&
	       (!used || output_uint(output, SUM_ACTIVE, active));
	for (unsigned i = 0; known && i < 2 && more; i++) {
		enum memory_item item = i ? MEMORY_SLAB_UNRECLAIMABLE : MEMORY_SLAB_RECLAIMABLE;

		if (use.items[item].known)
			more = kilobytes(output, i ? COUNTED_UNRECLAIMABLE : COUNTED_RECLAIMABLE, use.items[item].bytes);
	}
	more = more && output_end(output);
	if (!known && view->damage.kind == ERROR_NONE)
		view->damage = why;
	else if (use.damage[0] && view->damage.kind == ERROR_NONE && (!use.items[MEMORY_SLAB_RECLAIMABLE].known ||
								       !use.items[MEMORY_SLAB_UNRECLAIMABLE].known))
		error_set(&view->damage, ERROR_PARTIAL, "%s", use.damage);
	return more;
}

/* SLAB_RECLAIM_ACCOUNT: an enumerator since 6.9, a macro of this value before. */
static uint64_t reclaim_flag(struct kernel *kernel)
{
	int64_t bit;

	if (types_enumerator(kernel->types, NULL, "_SLAB_RECLAIM_ACCOUNT", &bit, NULL) && bit >= 0 && bit < 64)
		return 1ull << bit;
	return 0x20000;
}

static bool slabtop_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
			struct error *error)
{
	struct view view = { .kernel = kernel, .reclaim_flag = reclaim_flag(kernel) };
	const char *letter = option_value(arguments, 's');
	struct error why = { 0 };
	bool whole, more;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "slabtop: %s? It takes no words; kernel kmem -s takes names of caches", arguments->words[0]);
	if (letter && (strlen(letter) != 1 || !strchr("abclnopsu", *letter)))
		return error_set(error, ERROR_USAGE, "slabtop: -s %s? It is one letter of abclnopsu (v, active slabs, is l with this allocator)", letter);
	whole = slab_caches_for_each(kernel, each_cache, &view, &why);
	if (!whole && (!view.count || why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY)) {
		free(view.rows);
		*error = why;
		return false;
	}
	sorting.letter = letter ? *letter : 'c';
	sorting.view = &view;
	if (view.count)
		qsort(view.rows, view.count, sizeof(*view.rows), by_key);
	more = output_begin(output, &shape);
	for (size_t i = 0; i < view.count && more; i++)
		more = emit(output, &view, &view.rows[i]);
	more = more && output_end(output) && emit_totals(output, &view, whole);
	free(view.rows);
	if (!whole)
		return error_set(error, ERROR_PARTIAL, "slabtop: there may be more caches: %s", why.text);
	if (view.damage.kind != ERROR_NONE)
		return error_set(error, ERROR_PARTIAL, "slabtop: not all of it is known: %s", view.damage.text);
	return true;
}

static const char help[] =
	"Each cache of objects, the one with most memory first. ACTIVE objects are in\n"
	"use; those that CPUs and nodes keep at hand (\"cached\" in JSON) are free, which\n"
	"/proc/slabinfo, and slabtop of it, take for active. OBJSIZE is what users see of\n"
	"an object, bytes; SIZE that of the cache's slabs.\n"
	"\n"
	"At the end all caches together, and what the kernel counts of them; pages of\n"
	"kmalloc() that are in no cache, being too large, are in SUnreclaim, too.\n"
	"\n"
	"JSON: \"caches\" (sizes in bytes), \"totals\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel slabtop\n"
	"   OBJS   ACTIVE   USE  OBJSIZE   SLABS  OBJ/SLAB      SIZE  NAME\n"
	"  16975    16899   99%      632     679        25   10864 K  inode_cache\n"
	"  25494    25411   99%      192    1214        21    4856 K  dentry\n"
	"   5888     5830   99%      704     256        23    4096 K  proc_inode_cache\n"
	"[...]\n"
	"CACHES: 176  OBJS: 131676  ACTIVE: 118193  SIZE: 33388 K\n"
	"SReclaimable: 20540 K  SUnreclaim: 19792 K\n";

static const struct mi_name mi_names[] = { { "slabtop", NULL }, { 0 } };

const struct command command_slabtop = {
	.name = "slabtop",
	.mi = mi_names,
	.summary = "Show which caches of objects have most memory.",
	.usage = "slabtop [-s LETTER]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = slabtop_run,
};
