// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -v: what /proc/vmallocinfo lists, by address. */
#include "commands/memory/kmem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "kernel/memory/vmalloc.h"
#include "kernel/modules/symbolize.h"

enum { START, END, SIZE, PAGES, VM_STRUCT, PHYSICAL, KINDS, WHAT, CALLER };

static const struct column columns[] = {
	[START] = { "start", "START", 16, COLUMN_ADDRESS },
	[END] = { "end", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[SIZE] = { "size", "SIZE", 10, COLUMN_RIGHT },
	[PAGES] = { "pages", "PAGES", 6, COLUMN_RIGHT },
	[VM_STRUCT] = { "vm_struct", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[PHYSICAL] = { "physical", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[KINDS] = { "kinds", NULL, 0, COLUMN_JSON_ONLY },
	[WHAT] = { "what", "KIND", 16, COLUMN_TEXT_ONLY },
	[CALLER] = { "caller", "CALLER", 0, COLUMN_FUNCTION },
};
static const struct shape shape = { "areas", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

struct areas {
	struct vmalloc_area *list;
	size_t count, capacity;
	uint64_t words[COMMAND_MAX_WORDS];	/* only areas with one of these */
	bool found[COMMAND_MAX_WORDS];
	size_t nr_words;
};

static bool wanted(struct areas *areas, const struct vmalloc_area *area)
{
	bool any = !areas->nr_words;

	for (size_t i = 0; i < areas->nr_words; i++)
		if (areas->words[i] >= area->start && areas->words[i] < area->end)
			any = areas->found[i] = true;
	return any;
}

static bool keep(void *context, const struct vmalloc_area *area, struct error *error)
{
	struct areas *areas = context;
	struct vmalloc_area *list;

	if (!wanted(areas, area))
		return true;
	list = array_room(areas->list, areas->count, &areas->capacity, sizeof(*list), "a list of areas", error);
	if (!list)
		return false;
	areas->list = list;
	areas->list[areas->count++] = *area;
	return true;
}

static int by_start(const void *left, const void *right)
{
	const struct vmalloc_area *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* "ioremap", "vmalloc user". */
static void kinds_of(const struct vmalloc_area *area, struct buffer *text)
{
	static const struct { unsigned flag; const char *name; } names[] = {
		{ VMALLOC_IOREMAP, "ioremap" }, { VMALLOC_ALLOC, "vmalloc" }, { VMALLOC_MAP, "vmap" }, { VMALLOC_USERMAP, "user" },
	};

	if (!area->vm)
		buffer_string(text, "vm_map_ram");
	for (size_t i = 0; area->details && i < ARRAY_SIZE(names); i++)
		if (area->flags & names[i].flag)
			buffer_printf(text, "%s%s", text->size ? " " : "", names[i].name);
}

/* *NAMELESS counts those whose caller has no name, as where its module's symbols are lost. */
static bool emit(struct kernel *kernel, struct output *output, const struct vmalloc_area *area, size_t *nameless)
{
	struct buffer kinds = { 0 };
	char caller[256];
	bool more;

	kinds_of(area, &kinds);
	more = output_row(output) && output_address(output, START, area->start) && output_address(output, END, area->end) &&
	       output_uint(output, SIZE, area->end - area->start) &&
	       (!area->vm || output_address(output, VM_STRUCT, area->vm)) &&
	       (!area->details || output_uint(output, PAGES, area->pages)) &&
	       (!area->physical || output_address(output, PHYSICAL, area->physical)) &&
	       output_bytes(output, KINDS, kinds.size ? kinds.data : "", kinds.size);
	if (more && area->physical)
		buffer_printf(&kinds, " %" PRIx64, area->physical);
	more = more && output_bytes(output, WHAT, kinds.size ? kinds.data : "", kinds.size);
	if (more && area->caller && kernel_symbolize(kernel, area->caller, caller, sizeof(caller)))
		more = output_string(output, CALLER, caller);
	else if (area->caller)
		++*nameless;
	buffer_free(&kinds);
	return more;
}

bool kmem_vmalloc(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		  struct error *error)
{
	struct areas areas = { 0 };
	struct error why = { 0 }, wrong;
	size_t nameless = 0;
	bool whole;

	areas.nr_words = parse_addresses(kernel, host, output, "kmem", arguments, areas.words, &wrong);
	if (arguments->nr_words && !areas.nr_words) {
		*error = wrong;
		return false;
	}
	whole = vmalloc_for_each(kernel, keep, &areas, &why);
	if (!whole && (!areas.count || why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY)) {
		free(areas.list);
		*error = why;
		return false;
	}
	if (areas.count)
		qsort(areas.list, areas.count, sizeof(*areas.list), by_start);
	output_begin(output, &shape);
	for (size_t i = 0; i < areas.count && emit(kernel, output, &areas.list[i], &nameless); i++)
		;
	output_end(output);
	free(areas.list);
	if (nameless)
		output_note(output, "the callers of %zu areas have no name that is known", nameless);
	if (!whole)
		return error_set(error, ERROR_PARTIAL, "kmem -v: there may be more areas: %s", why.text);
	if (wrong.kind != ERROR_NONE) {
		*error = wrong;
		return false;
	}
	for (size_t i = 0; i < areas.nr_words; i++)
		if (!areas.found[i])
			return error_set(error, areas.count ? ERROR_PARTIAL : ERROR_USAGE, "kmem -v: 0x%" PRIx64 " is in no area",
					 areas.words[i]);
	return true;
}
