// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -c: what is in memory of a file. kmem -C: which file a page is of. */
#include "commands/memory/kmem.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/buffer.h"
#include "kernel/files/mapping.h"
#include "kernel/memory/page.h"

enum { MAPPING, INODE, COUNT, NUMBER, SYSTEM, SOURCE, PATH };
static const struct column file_columns[] = {
	[MAPPING] = { "mapping", "MAPPING: %", 0, COLUMN_ADDRESS },
	[INODE] = { "inode", "INODE: %", 0, COLUMN_ADDRESS },
	[COUNT] = { "nr_pages", "PAGES: %", 0, COLUMN_LEFT },
	[NUMBER] = { "inode_number", NULL, 0, COLUMN_JSON_ONLY },
	[SYSTEM] = { "file_system", "\nFILE: %", 0, COLUMN_LEFT },
	[SOURCE] = { "source", "%", 0, COLUMN_LEFT },
	[PATH] = { "path", "%", 0, COLUMN_LEFT },
};
static const struct shape file_shape = { "page_caches", SHAPE_HEADING, file_columns, ARRAY_SIZE(file_columns) };

enum { PAGE, PHYSICAL, INDEX, ORDER, ENTRY, FLAGS };
static const struct column page_columns[] = {
	[PAGE] = { "page", "PAGE", 16, COLUMN_ADDRESS },
	[PHYSICAL] = { "physical", "PHYSICAL", 10, COLUMN_RIGHT },
	[INDEX] = { "index", "INDEX", 8, COLUMN_RIGHT },
	[ORDER] = { "order", "ORDER", 5, COLUMN_RIGHT },
	[ENTRY] = { "entry", NULL, 0, COLUMN_JSON_ONLY },
	[FLAGS] = { "flags", "FLAGS", 0, 0 },
};
static const struct shape page_shape = { "cached", SHAPE_TABLE, page_columns, ARRAY_SIZE(page_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	const struct page_map *map;
	bool enough;
	uint64_t nr_pages;	/* found, each of a large folio */
	struct error damage;
};

static void damaged(struct view *view, const struct error *why)
{
	if (view->damage.kind == ERROR_NONE)
		view->damage = *why;
}

/* Whose it is, in three cells from COLUMN on. */
static void inode_cells(struct view *view, uint64_t inode, const struct inode_facts *facts, size_t column)
{
	struct buffer path = { 0 };
	struct error why = { 0 };

	if (facts->type[0])
		output_string(view->output, column, facts->type);
	if (facts->source[0])
		output_string(view->output, column + 1, facts->source);
	if (!inode_path(view->kernel, inode, &path, &why))
		damaged(view, &why);
	if (path.size)
		output_bytes(view->output, column + 2, path.data, path.size);
	buffer_free(&path);
}

static bool file_row(struct view *view, const struct mapping *cache)
{
	struct output *output = view->output;
	struct inode_facts facts = { 0 };
	struct error why = { 0 };

	if (!output_row(output))
		return false;
	output_address(output, MAPPING, cache->address);
	output_uint(output, COUNT, cache->nr_pages);
	if (!cache->inode)
		return true;
	output_address(output, INODE, cache->inode);
	if (!inode_read(view->kernel, cache->inode, &facts, &why))
		damaged(view, &why);
	else
		output_uint(output, NUMBER, facts.number);
	inode_cells(view, cache->inode, &facts, SYSTEM);
	return true;
}

static bool emit_page(struct view *view, uint64_t index, uint64_t address)
{
	struct output *output = view->output;
	struct buffer names = { 0 };
	struct error why = { 0 };
	struct page_info page;
	unsigned order = 0;
	uint64_t pfn;
	bool more;

	if (!page_to_pfn(view->kernel, address, &pfn, &why) || !page_read(view->kernel, address, &page, &why)) {
		damaged(view, &why);
		view->nr_pages++;
		return output_row(output) && output_address(output, PAGE, address) && output_uint(output, INDEX, index);
	}
	if (!page_compound_order(view->kernel, &page, &order, &why))
		damaged(view, &why);
	view->nr_pages += (uint64_t)1 << order;
	page_flags_text(view->kernel, page.flags, &names);
	more = output_row(output) && output_address(output, PAGE, address) &&
	       output_printf(output, PHYSICAL, "%" PRIx64, pfn * view->map->page_size) && output_uint(output, INDEX, index) &&
	       output_uint(output, ORDER, order) && output_bytes(output, FLAGS, names.size ? names.data : "", names.size);
	buffer_free(&names);
	return more;
}

static bool each_page(void *context, uint64_t index, uint64_t page, bool value, struct error *error)
{
	struct view *view = context;
	struct output *output = view->output;

	(void)error;
	if (!value)
		view->enough = !emit_page(view, index, page);
	else
		view->enough = !output_row(output) || !output_uint(output, INDEX, index) ||
			       !output_printf(output, ENTRY, "%" PRIx64, page) ||
			       !output_printf(output, FLAGS, "(no page, but the entry %" PRIx64 ": reclaimed or in swap)", page);
	return !view->enough;
}

static bool show_file(struct view *view, const struct mapping *cache, struct error *error)
{
	struct error why = { 0 };
	bool whole;

	view->nr_pages = 0;
	if (!file_row(view, cache) || !output_begin(view->output, &page_shape)) {
		view->enough = true;
		return true;
	}
	whole = mapping_for_each(view->kernel, cache, each_page, view, &why);
	output_end(view->output);
	if (!whole && why.kind == ERROR_INTERRUPTED)
		return error_set(error, why.kind, "%s", why.text);
	if (!whole)
		damaged(view, &why);
	else if (!view->enough && view->nr_pages != cache->nr_pages)
		output_note(view->output, "the kernel counts %" PRIu64 " pages, its tree has %" PRIu64, cache->nr_pages, view->nr_pages);
	return true;
}

/* --- of all files --- */

static const struct column all_columns[] = {
	[MAPPING] = { "mapping", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[INODE] = { "inode", "INODE", 16, COLUMN_ADDRESS },
	[COUNT] = { "nr_pages", "PAGES", 7, COLUMN_RIGHT },
	[NUMBER] = { "inode_number", "NUMBER", 7, COLUMN_RIGHT },
	[SYSTEM] = { "file_system", "TYPE", 8, 0 },
	[SOURCE] = { "source", "SOURCE", 8, 0 },
	[PATH] = { "path", "PATH", 0, 0 },
};
static const struct shape all_shape = { "cached_files", SHAPE_TABLE, all_columns, ARRAY_SIZE(all_columns) };

struct found {
	struct mapping *list;
	size_t count, capacity;
};

static bool keep(void *context, const struct mapping *mapping, struct error *error)
{
	struct found *found = context;
	struct mapping *list = array_room(found->list, found->count, &found->capacity, sizeof(*list), "the files in memory", error);

	if (!list)
		return false;
	found->list = list;
	list[found->count++] = *mapping;
	return true;
}

static int by_pages(const void *left, const void *right)
{
	const struct mapping *a = left, *b = right;

	if (a->nr_pages != b->nr_pages)
		return a->nr_pages > b->nr_pages ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

static bool finish(const struct view *view, const char *what, struct error *error)
{
	return view->damage.kind == ERROR_NONE ||
	       error_set(error, ERROR_PARTIAL, "%s: not all of it could be read: %s", what, view->damage.text);
}

static bool show_all(struct view *view, struct error *error)
{
	struct found found = { 0 };
	struct error why = { 0 };
	bool whole = mappings_for_each(view->kernel, keep, &found, &why);

	if (!whole && (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY || !found.count)) {
		free(found.list);
		*error = why;
		return false;
	}
	if (!whole)
		damaged(view, &why);
	if (found.count)
		qsort(found.list, found.count, sizeof(*found.list), by_pages);
	view->enough = !output_begin(view->output, &all_shape);
	/* A list that goes round may have handed out some twice before that was seen. */
	for (size_t i = 0; i < found.count && !view->enough; i++)
		view->enough = (!i || found.list[i].address != found.list[i - 1].address) && !file_row(view, &found.list[i]);
	output_end(view->output);
	free(found.list);
	return finish(view, "kmem -c", error);
}


bool kmem_page_cache(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct mapping caches[COMMAND_MAX_WORDS];
	struct view view = { kernel, output, NULL, false, 0, { 0 } };
	uint64_t address;

	if (!arguments->nr_words)
		return show_all(&view, error);
	if (!page_map_get(kernel, &view.map, error))
		return false;
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!parse_address(kernel, host, output, "kmem", arguments->words[i], &address, error) ||
		    !mapping_at(kernel, address, &caches[i], error))
			return false;
	if (!output_begin(output, &file_shape))
		return true;
	for (size_t i = 0; i < arguments->nr_words && !view.enough; i++)
		if (!show_file(&view, &caches[i], error))
			return false;
	output_end(output);
	return finish(&view, "kmem -c", error);
}

enum { OF_PAGE, OF_PHYSICAL, OF_INDEX, OF_INODE, OF_MAPPING, OF_NUMBER, OF_SYSTEM, OF_SOURCE, OF_PATH };
static const struct column of_columns[] = {
	[OF_PAGE] = { "page", "PAGE", 16, COLUMN_ADDRESS },
	[OF_PHYSICAL] = { "physical", NULL, 0, COLUMN_JSON_ONLY },
	[OF_INDEX] = { "index", "INDEX", 6, COLUMN_RIGHT },
	[OF_INODE] = { "inode", "INODE", 16, COLUMN_ADDRESS },
	[OF_MAPPING] = { "mapping", NULL, 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
	[OF_NUMBER] = { "inode_number", NULL, 0, COLUMN_JSON_ONLY },
	[OF_SYSTEM] = { "file_system", "TYPE", 8, 0 },
	[OF_SOURCE] = { "source", "SOURCE", 8, 0 },
	[OF_PATH] = { "path", "PATH", 0, 0 },
};
static const struct shape of_shape = { "pages_of_files", SHAPE_TABLE, of_columns, ARRAY_SIZE(of_columns) };

/* The page at ADDRESS (a struct page, or of what is there), and the head it belongs to. */
static bool find_page(struct kernel *kernel, uint64_t address, struct page_info *page, struct page_info *head, struct error *error)
{
	uint64_t pfn;

	if (!page_to_pfn(kernel, address, &pfn, NULL) && !page_of_address(kernel, address, &address, error))
		return false;
	if (!page_read(kernel, address, page, error))
		return false;
	*head = *page;
	return page->head == page->address || page_read(kernel, page->head, head, error);
}

static bool emit_owner(struct view *view, const struct page_info *page, const struct page_info *head, uint64_t mapping)
{
	struct output *output = view->output;
	struct mapping cache = { 0 };
	struct inode_facts facts = { 0 };
	struct error why = { 0 };

	if (!output_row(output))
		return false;
	output_address(output, OF_PAGE, page->address);
	output_printf(output, OF_PHYSICAL, "%" PRIx64, page->pfn * view->map->page_size);
	if (page_knows(head, PAGE_INDEX))
		output_uint(output, OF_INDEX, head->index + (page->pfn - head->pfn));
	output_address(output, OF_MAPPING, mapping);
	if (!mapping_read(view->kernel, mapping, &cache, &why))
		damaged(view, &why);
	if (!cache.inode)
		return true;
	output_address(output, OF_INODE, cache.inode);
	if (!inode_read(view->kernel, cache.inode, &facts, &why))
		damaged(view, &why);
	else
		output_uint(output, OF_NUMBER, facts.number);
	inode_cells(view, cache.inode, &facts, OF_SYSTEM);
	return true;
}

bool kmem_page_owner(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct view view = { kernel, output, NULL, false, 0, { 0 } };
	uint64_t addresses[COMMAND_MAX_WORDS], mapping, none = 0;
	struct page_info page, head;
	bool any = false, lost = false;

	if (!arguments->nr_words)
		return error_set(error, ERROR_USAGE, "kmem -C: which pages? Say struct pages, or addresses of what is in them");
	if (!page_map_get(kernel, &view.map, error))
		return false;
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!parse_address(kernel, host, output, "kmem", arguments->words[i], &addresses[i], error))
			return false;
	if (!output_begin(output, &of_shape))
		return true;
	for (size_t i = 0; i < arguments->nr_words && !view.enough; i++) {
		struct error why = { 0 };

		if (!find_page(kernel, addresses[i], &page, &head, &why)) {
			damaged(&view, &why);
		} else if (mapping_of_page(kernel, &head, &mapping)) {
			any = true;
			view.enough = !emit_owner(&view, &page, &head, mapping);
		} else if (!lost) {
			lost = true;
			none = addresses[i];
		}
	}
	output_end(output);
	if (!finish(&view, "kmem -C", error))
		return false;
	return !lost || error_set(error, any ? ERROR_PARTIAL : ERROR_USAGE,
				  "kmem -C: 0x%" PRIx64 " is of no file: kernel kmem ADDRESS says what it is", none);
}
