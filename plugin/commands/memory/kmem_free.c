// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -f and -F: free pages by zone, order and migrate type, and those that CPUs keep. */
#include "commands/memory/kmem.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/memory/free_lists.h"

enum { NODE, NAME, PAGES };
static const struct column zone_columns[] = {
	[NODE] = { "node", "NODE", 0, 0 },
	[NAME] = { "name", "ZONE", 7, 0 },
	[PAGES] = { "free", "FREE PAGES", 0, 0 },
};
/* Behind these one for each migrate type. */
enum { ORDER, NR_FREE, TYPES };
enum { CPU, COUNT, LISTED };
static const struct column cpu_columns[] = {
	[CPU] = { "cpu", "  CPU", 5, COLUMN_RIGHT },
	[COUNT] = { "count", "COUNT", 8, COLUMN_RIGHT },
	[LISTED] = { "listed", "LISTED", 8, COLUMN_RIGHT },
};
enum { P_PAGE, P_PHYSICAL, P_PFN, P_NODE, P_ZONE, P_ORDER, P_TYPE, P_CPU };
static const struct column page_columns[] = {
	[P_PAGE] = { "page", "PAGE", 16, COLUMN_ADDRESS },
	[P_PHYSICAL] = { "physical", "PHYSICAL", 12, COLUMN_RIGHT },
	[P_PFN] = { "pfn", NULL, 0, COLUMN_JSON_ONLY },
	[P_NODE] = { "node", "NODE", 4, COLUMN_RIGHT },
	[P_ZONE] = { "zone", "ZONE", 7, 0 },
	[P_ORDER] = { "order", "ORDER", 5, COLUMN_RIGHT },
	[P_TYPE] = { "type", "TYPE", 11, 0 },
	[P_CPU] = { "cpu", "CPU", 4, COLUMN_RIGHT },
};
static const struct shape zone_shape = { "free_lists", SHAPE_HEADING, zone_columns, ARRAY_SIZE(zone_columns) };
static const struct shape cpu_shape = { "cpus", SHAPE_TABLE, cpu_columns, ARRAY_SIZE(cpu_columns) };
static const struct shape page_shape = { "free_pages", SHAPE_TABLE, page_columns, ARRAY_SIZE(page_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	struct free_layout layout;
	struct column columns[TYPES + FREE_MAX_TYPES];
	char names[FREE_MAX_TYPES][32], titles[FREE_MAX_TYPES][32];
	struct shape orders;
	bool list;		/* -F */
	const struct zone *zone;
	unsigned broken;	/* lists and counts that cannot be right */
	struct error why;	/* of the first of these */
};

static void lose(struct view *view, const struct error *why)
{
	if (!view->broken++)
		view->why = *why;
}

static void name_types(struct view *view)
{
	view->columns[ORDER] = (struct column){ "order", "ORDER", 5, COLUMN_RIGHT };
	view->columns[NR_FREE] = (struct column){ "free", "FREE", 6, COLUMN_RIGHT };
	for (size_t i = 0; i < view->layout.nr_types; i++) {
		const char *name = view->layout.types[i] ? view->layout.types[i] : "?";
		size_t at;

		for (at = 0; name[at] && at < sizeof(view->names[i]) - 1; at++) {
			view->names[i][at] = tolower((unsigned char)name[at]);
			view->titles[i][at] = name[at];
		}
		view->columns[TYPES + i] = (struct column){ view->names[i], view->titles[i], at > 6 ? at : 6, COLUMN_RIGHT };
	}
	view->orders = (struct shape){ "orders", SHAPE_TABLE, view->columns, TYPES + view->layout.nr_types };
}

static bool emit_page(void *context, const struct free_list *list, const struct page_info *page)
{
	struct view *view = context;
	struct output *output = view->output;
	const char *type = list->type < view->layout.nr_types ? view->names[list->type] : NULL;

	return output_row(output) && output_address(output, P_PAGE, page->address) &&
	       output_printf(output, P_PHYSICAL, "%" PRIx64, page->pfn * memory_page_size(view->kernel->memory)) &&
	       output_uint(output, P_PFN, page->pfn) && output_uint(output, P_NODE, view->zone->node) &&
	       output_string(output, P_ZONE, view->zone->name) && output_uint(output, P_ORDER, list->order) &&
	       (!type || output_string(output, P_TYPE, type)) && (list->cpu < 0 || output_uint(output, P_CPU, list->cpu));
}

/* Walks LIST, says what is wrong with it. False: Ctrl-C, or the person has enough (no error). */
static bool walk(struct view *view, struct free_list *list, bool emit, struct error *error)
{
	struct error why = { .kind = ERROR_CORRUPT };
	char whose[32] = "", type[40] = "";

	if (!free_list_walk(&view->layout, list, emit ? emit_page : NULL, view, error))
		return false;
	if (list->cpu >= 0)
		snprintf(whose, sizeof(whose), "CPU %d's ", list->cpu);
	if (list->type < view->layout.nr_types)
		snprintf(type, sizeof(type), ", %s", view->names[list->type]);
	if (list->damage.kind != ERROR_NONE) {
		output_note(view->output, "the %sfree list of zone %s, order %u%s, is damaged: %s; %" PRIu64 " found, %" PRIu64 " of them from its end",
			    whose, view->zone->name, list->order, type, list->damage.text, list->blocks, list->from_behind);
		lose(view, &list->damage);
	}
	if (list->odd) {
		error_set(&why, ERROR_CORRUPT, "the %sfree list of zone %s, order %u%s, has %" PRIu64 " pages that are not marked as such, 0x%"
			  PRIx64 " is the first", whose, view->zone->name, list->order, type, list->odd, list->first_odd);
		output_note(view->output, "%s", why.text);
		lose(view, &why);
	}
	return true;
}

static bool each_order(struct view *view, unsigned order, struct error *error)
{
	struct output *output = view->output;
	struct error why = { 0 };
	uint64_t said, found = 0;
	bool known = free_count(&view->layout, view->zone, order, &said, &why), whole = true;

	if (!known)
		lose(view, &why);
	if (!view->list && (!output_row(output) || !output_uint(output, ORDER, order) || (known && !output_uint(output, NR_FREE, said))))
		return false;
	for (unsigned type = 0; type < view->layout.nr_types; type++) {
		struct free_list list = free_list_of_zone(&view->layout, view->zone, order, type);

		if (!walk(view, &list, view->list, error))
			return false;
		found += list.blocks;
		whole &= list.damage.kind == ERROR_NONE;
		if (!view->list && (list.damage.kind == ERROR_NONE || list.blocks) && !output_uint(output, TYPES + type, list.blocks))
			return false;
	}
	if (known && whole && found != said) {
		error_set(&why, ERROR_CORRUPT, "zone %s counts %" PRIu64 " free blocks of order %u, and its lists have %" PRIu64,
			  view->zone->name, said, order, found);
		output_note(output, "%s", why.text);
		lose(view, &why);
	}
	return true;
}

static bool each_cpu(struct view *view, unsigned cpu, struct error *error)
{
	struct output *output = view->output;
	struct free_list lists[FREE_MAX_CPU_LISTS];
	struct error why = { 0 };
	int64_t count, listed = 0;
	size_t nr;
	unsigned huge;

	if (!free_lists_of_cpu(&view->layout, view->zone, cpu, &count, lists, &nr, &why)) {
		lose(view, &why);
		return view->list || (output_row(output) && output_uint(output, CPU, cpu));
	}
	for (size_t i = 0; i < nr; i++)
		if (!walk(view, &lists[i], view->list, error))
			return false;
	huge = free_list_huge_order(&view->layout, lists, nr, count);
	for (size_t i = 0; i < nr; i++)
		listed += lists[i].blocks << (free_list_is_huge(&view->layout, i) ? huge : lists[i].order);
	if (!view->list && (!output_row(output) || !output_uint(output, CPU, cpu) || !output_int(output, COUNT, count) ||
			    !output_int(output, LISTED, listed)))
		return false;
	if (listed == count)
		return true;
	error_set(&why, ERROR_CORRUPT, "CPU %u counts %lld pages of zone %s of its own, and its lists have %lld", cpu, (long long)count,
		  view->zone->name, (long long)listed);
	output_note(output, "%s", why.text);
	lose(view, &why);
	return true;
}

static bool each_zone(void *context, const struct zone *zone, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;

	view->zone = zone;
	if (zone_knows(zone, ZONE_SPANNED) && !zone->figures[ZONE_SPANNED])
		return true;
	if (!view->list) {
		if (!output_row(output) || !output_uint(output, NODE, zone->node) || !output_string(output, NAME, zone->name) ||
		    (zone_knows(zone, ZONE_FREE) && !output_uint(output, PAGES, zone->figures[ZONE_FREE])) ||
		    !output_begin(output, &view->orders))
			return false;
	}
	for (unsigned order = 0; order < view->layout.nr_orders; order++)
		if (!each_order(view, order, error))
			return false;
	if (!view->list && (!output_end(output) || !output_begin(output, &cpu_shape)))
		return false;
	for (unsigned cpu = 0; cpu < view->kernel->nr_cpu_ids; cpu++)
		if (!each_cpu(view, cpu, error))
			return false;
	return view->list || output_end(output);
}

static bool show(struct kernel *kernel, struct output *output, bool list, struct error *error)
{
	struct view *view = calloc(1, sizeof(*view));
	unsigned broken;

	if (!view)
		return error_no_memory(error, "free lists", sizeof(*view));
	view->kernel = kernel;
	view->output = output;
	view->list = list;
	if (!free_layout_get(kernel, &view->layout, error)) {
		free(view);
		return false;
	}
	name_types(view);
	if (output_begin(output, list ? &page_shape : &zone_shape) && !zones_for_each(kernel, each_zone, view, error)) {
		free(view);
		return false;
	}
	output_end(output);
	broken = view->broken;
	if (broken)
		error_set(error, ERROR_PARTIAL, "kmem -%c: %u free lists or counts are damaged: %s", list ? 'F' : 'f', broken, view->why.text);
	free(view);
	return !broken;
}

bool kmem_free(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
	       struct error *error)
{
	(void)arguments, (void)host;
	return show(kernel, output, false, error);
}

bool kmem_free_pages(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	(void)arguments, (void)host;
	return show(kernel, output, true, error);
}
