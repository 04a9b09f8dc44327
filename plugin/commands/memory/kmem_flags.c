// SPDX-License-Identifier: GPL-3.0-or-later
/* kmem -g: the flags of a page, by the kernel's own names. */
#include "commands/memory/kmem.h"

#include <inttypes.h>

#include "base/buffer.h"
#include "kernel/memory/page.h"

static const struct column columns[] = {
	{ "name", "FLAG", 24, 0 },
	{ "bit", "BIT", 3, COLUMN_RIGHT },
	{ "value", "VALUE", 16, COLUMN_ADDRESS },
};
static const struct column decoded_columns[] = {
	{ "flags", "FLAGS", 16, COLUMN_ADDRESS },
	{ "names", "NAMES", 0, 0 },
	{ "zone", "ZONE", 4, COLUMN_RIGHT },
	{ "node", "NODE", 4, COLUMN_RIGHT },
};
static const struct shape shape = { "page_flags", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
static const struct shape decoded = { "flags", SHAPE_HEADING, decoded_columns, ARRAY_SIZE(decoded_columns) };

static bool each(void *context, unsigned bit, const char *name)
{
	struct output *output = context;

	return output_row(output) && output_string(output, 0, name) && output_uint(output, 1, bit) && output_address(output, 2, 1ull << bit);
}

static bool decode(struct kernel *kernel, struct output *output, const char *word, struct error *error)
{
	struct page_info page = { 0 };
	struct buffer names = { 0 };
	bool more;

	if (!parse_hex("kmem -g", word, &page.flags, error))
		return false;
	page_place(kernel, &page);
	page_flags_text(kernel, page.flags, &names);
	more = output_row(output) && output_address(output, 0, page.flags) &&
	       output_bytes(output, 1, names.size ? names.data : "", names.size) &&
	       (!page_knows(&page, PAGE_ZONE) || output_uint(output, 2, page.zone)) &&
	       (!page_knows(&page, PAGE_NODE) || output_uint(output, 3, page.node));
	buffer_free(&names);
	return more;
}

bool kmem_flags(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		struct error *error)
{
	(void)host;
	if (!output_begin(output, arguments->nr_words ? &decoded : &shape))
		return true;
	if (!arguments->nr_words && !page_flags_for_each(kernel, each, output, error))
		return false;
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!decode(kernel, output, arguments->words[i], error))
			return error->kind == ERROR_NONE;
	output_end(output);
	return true;
}
