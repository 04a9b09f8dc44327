// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -p and -m: the page array, all of it or a part. */
#include "commands/memory/kmem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/memory/page.h"

#define MAX_MEMBERS 16

enum { PAGE, PHYSICAL, PFN, MAPPING, INDEX, REFCOUNT, MAPCOUNT, TYPE, HEAD, ZONE, NODE, FLAGS_RAW, FLAGS, NR_COLUMNS };

static const struct column columns[] = {
	[PAGE] = { "page", "PAGE", 16, COLUMN_ADDRESS },
	[PHYSICAL] = { "physical", "PHYSICAL", 12, COLUMN_RIGHT },
	[PFN] = { "pfn", NULL, 0, COLUMN_JSON_ONLY },
	[MAPPING] = { "mapping", "MAPPING", 16, COLUMN_ADDRESS },
	[INDEX] = { "index", "INDEX", 7, COLUMN_RIGHT },
	[REFCOUNT] = { "refcount", "REFS", 4, COLUMN_RIGHT },
	[MAPCOUNT] = { "mapcount", NULL, 0, COLUMN_JSON_ONLY },
	[TYPE] = { "type", NULL, 0, COLUMN_JSON_ONLY },
	[HEAD] = { "head", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[ZONE] = { "zone", NULL, 0, COLUMN_JSON_ONLY },
	[NODE] = { "node", NULL, 0, COLUMN_JSON_ONLY },
	[FLAGS_RAW] = { "flags", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[FLAGS] = { "flag_names", "FLAGS", 0, 0 },
};
static const struct shape shape = { "pages", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

struct pages {
	struct kernel *kernel;
	struct output *output;
	const struct page_map *map;
	/* -m: these in place of all but the first two columns */
	struct member members[MAX_MEMBERS];
	struct column chosen[2 + MAX_MEMBERS];
	size_t nr_members;
	struct shape shape;
	bool enough;
	uint64_t shown;
	struct pages_missing missing;
};

static bool emit_page(struct pages *pages, const struct page_info *page)
{
	struct output *output = pages->output;
	struct buffer names = { 0 };
	const char *type = page_type_name(pages->kernel, page);
	int64_t mapped;
	bool more;

	more = output_row(output) && output_address(output, PAGE, page->address) &&
	       output_printf(output, PHYSICAL, "%" PRIx64, page->pfn * pages->map->page_size) && output_uint(output, PFN, page->pfn) &&
	       (!page_knows(page, PAGE_MAPPING) || page->tail || output_address(output, MAPPING, page->mapping)) &&
	       (!page_knows(page, PAGE_INDEX) || page->tail || output_uint_as(output, INDEX, page->index, "%" PRIx64, page->index)) &&
	       (!page_knows(page, PAGE_REFCOUNT) || output_int(output, REFCOUNT, page->refcount)) &&
	       (!page_mapcount(pages->kernel, page, &mapped) || output_int(output, MAPCOUNT, mapped)) &&
	       (!type || output_string(output, TYPE, type)) && (!page->tail || output_address(output, HEAD, page->head)) &&
	       (!page_knows(page, PAGE_ZONE) || output_uint(output, ZONE, page->zone)) &&
	       (!page_knows(page, PAGE_NODE) || output_uint(output, NODE, page->node)) && output_address(output, FLAGS_RAW, page->flags);
	page_flags_text(pages->kernel, page->flags, &names);
	more = more && output_bytes(output, FLAGS, names.size ? names.data : "", names.size);
	buffer_free(&names);
	return more;
}

/* -m: members as the kernel has them, addresses and longs in hexadecimal as crash has them. */
static bool emit_members(struct pages *pages, uint64_t pfn, uint64_t address, const void *copy)
{
	struct output *output = pages->output;

	if (!output_row(output) || !output_address(output, 0, address) ||
	    !output_printf(output, 1, "%" PRIx64, pfn * pages->map->page_size))
		return false;
	for (size_t i = 0; i < pages->nr_members; i++) {
		const struct member *member = &pages->members[i];
		uint64_t value;

		if (!kernel_decode_field(pages->kernel, copy, pages->map->struct_size, member, &value))
			continue;
		if (pages->chosen[2 + i].flags & COLUMN_ADDRESS ? !output_address(output, 2 + i, value) :
								  !output_int(output, 2 + i, (int64_t)value))
			return false;
	}
	return true;
}

static bool each_page(void *context, uint64_t pfn, uint64_t address, const void *copy, struct error *error)
{
	struct pages *pages = context;
	struct page_info page;

	if (pages->nr_members ? !emit_members(pages, pfn, address, copy) :
				(!page_decode(pages->kernel, pfn, address, copy, &page, error) || !emit_page(pages, &page))) {
		pages->enough = error->kind == ERROR_NONE;
		return false;
	}
	pages->shown++;
	return true;
}

/* All frames from START up to and without END that have a struct page. */
static bool show_range(struct pages *pages, uint64_t start, uint64_t end, bool *any, struct error *error)
{
	return pages_for_each(pages->kernel, start, end, "page array", each_page, pages, &pages->missing, any, error) || pages->enough;
}

/* A word: a struct page, a kernel address or a physical one; START-END are physical ones. */
static bool parse_range(struct pages *pages, const struct host *host, const char *word, uint64_t *start, uint64_t *end, struct error *error)
{
	uint64_t size = pages->map->page_size, address, page;
	struct translation translation;
	char *dash, *rest;

	*start = strtoull(word, &dash, 16);
	if (*dash == '-' && dash > word) {
		*end = strtoull(dash + 1, &rest, 16);
		if (*rest || rest == dash + 1 || *end <= *start)
			return error_set(error, ERROR_USAGE, "kmem -p: %s is no range of physical addresses (START-END, hexadecimal)", word);
		*start /= size;
		*end = (*end - 1) / size + 1;
		return true;
	}
	if (!parse_address(pages->kernel, host, pages->output, "kmem", word, &address, error))
		return false;
	if (page_to_pfn(pages->kernel, address, start, NULL)) {
		;
	} else if (page_of_pfn(pages->kernel, address / size, &page, NULL)) {
		*start = address / size;
	} else {
		if (!memory_translate(pages->kernel->memory, 0, address, &translation, error))
			return false;
		*start = translation.physical / size;
	}
	*end = *start + 1;
	return true;
}

static bool parse_members(struct pages *pages, const char *list, struct error *error)
{
	static char names[MAX_MEMBERS][64];	/* commands run one at a time, under the kernel's lock */

	pages->chosen[0] = columns[PAGE];
	pages->chosen[1] = columns[PHYSICAL];
	while (*list) {
		size_t length = strcspn(list, ",");
		char *name = names[pages->nr_members];
		struct member *member = &pages->members[pages->nr_members];
		bool wide;

		if (pages->nr_members == MAX_MEMBERS || !length || length >= sizeof(names[0]))
			return error_set(error, ERROR_USAGE, "kmem -m: up to %d members of struct page, with commas between them", MAX_MEMBERS);
		memcpy(name, list, length);
		name[length] = 0;
		if (!types_member(pages->kernel->types, "page", name, member, error))
			return false;
		if (member->kind != TYPE_INTEGER && member->kind != TYPE_POINTER)
			return error_set(error, ERROR_USAGE, "kmem -m: page.%s is no number: name a member of it", name);
		/* A pointer, or a long of 64 bits; nothing tells one of 32 from an int. */
		wide = member->kind == TYPE_POINTER || member->size == 8;
		pages->chosen[2 + pages->nr_members++] = (struct column){ name, name, wide ? 16 : 8, wide ? COLUMN_ADDRESS : COLUMN_RIGHT };
		list += length + (list[length] == ',');
	}
	return true;
}

static bool show_words(struct pages *pages, const struct arguments *arguments, const struct host *host, struct error *error)
{
	struct { uint64_t start, end; } ranges[COMMAND_MAX_WORDS];
	struct error wrong = { .kind = ERROR_NONE }, why;
	const char *none = NULL;
	bool any, known[COMMAND_MAX_WORDS], some = !arguments->nr_words;

	for (size_t i = 0; i < arguments->nr_words; i++) {
		known[i] = parse_range(pages, host, arguments->words[i], &ranges[i].start, &ranges[i].end, &why);
		some |= known[i];
		if (!known[i] && wrong.kind == ERROR_NONE)
			wrong = why;
	}
	if (!some) {
		*error = wrong;
		return false;
	}
	if (!output_begin(pages->output, &pages->shape))
		return true;
	if (!arguments->nr_words && !show_range(pages, 0, UINT64_MAX, &any, error))
		return false;
	for (size_t i = 0; i < arguments->nr_words && !pages->enough; i++) {
		if (!known[i])
			continue;
		if (!show_range(pages, ranges[i].start, ranges[i].end, &any, error))
			return false;
		none = !any && !none ? arguments->words[i] : none;
	}
	output_end(pages->output);
	if (wrong.kind != ERROR_NONE)
		return error_set(error, pages->shown ? ERROR_PARTIAL : wrong.kind, "%s", wrong.text);
	return !none || error_set(error, pages->shown ? ERROR_PARTIAL : ERROR_USAGE, "kmem -p: no struct page for %s", none);
}

bool kmem_pages(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		struct error *error)
{
	struct pages pages = { .kernel = kernel, .output = output, .shape = shape };
	const char *members = option_value(arguments, 'm');

	if (!page_map_get(kernel, &pages.map, error) || (members && !parse_members(&pages, members, error)))
		return false;
	if (members) {
		pages.shape.key = "members";
		pages.shape.columns = pages.chosen;
		pages.shape.nr_columns = 2 + pages.nr_members;
	}
	if (!show_words(&pages, arguments, host, error))
		return false;
	if (pages.map->damage.kind != ERROR_NONE)
		output_note(output, "a part of the page array is lost: %s", pages.map->damage.text);
	if (!pages.missing.count)
		return true;
	/* Debuggers' dumps leave them out where no memory is; said, since nobody can tell. */
	if (!arguments->nr_words && pages.shown) {
		output_note(output, "%" PRIu64 " struct pages are not there (%s)", pages.missing.count, pages.missing.why.text);
		return true;
	}
	return error_set(error, pages.shown ? ERROR_PARTIAL : pages.missing.why.kind, "kmem -p: %" PRIu64 " struct pages: %s",
			 pages.missing.count, pages.missing.why.text);
}
