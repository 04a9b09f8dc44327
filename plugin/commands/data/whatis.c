// SPDX-License-Identifier: GPL-3.0-or-later
/* The command whatis: the type of something, or the structures of a size, or with a member of a type, among all that the kernel has. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "commands/command.h"
#include "commands/data/layout.h"

static const struct option options[] = {
	{ 'o', NULL, "of a structure: where each member is" },
	{ 'r', "SIZE[-SIZE]", "the structures and unions of so many bytes" },
	{ 'm', "TYPE", "those with a member of a type whose name has this in it, or with a pointer to one" },
	{ 0 }
};

enum { SIZE, TYPE };

static const struct column columns[] = {
	[SIZE] = { "size", "SIZE", 8, COLUMN_RIGHT },
	[TYPE] = { "type", "TYPE", 0, 0 },
};
static const struct shape shape = { "found", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

enum { DECLARATION };

static const struct column text_columns[] = { [DECLARATION] = { "declaration", "%", 0, COLUMN_RAW } };
static const struct shape text_shape = { "declarations", SHAPE_PLAIN, text_columns, ARRAY_SIZE(text_columns) };

struct found {
	uint64_t size;
	const char *name;	/* the types' */
	bool is_union;
};

struct search {
	struct kernel *kernel;
	uint64_t least, most;
	struct found *list;
	size_t count, room;
	bool interrupted, no_memory;
};

static bool keep(void *context, const char *name, bool is_union, uint64_t size)
{
	struct search *search = context;
	struct found *list;

	if (size < search->least || size > search->most)
		return true;
	list = array_room(search->list, search->count, &search->room, sizeof(*list), "the types", NULL);
	if (!list) {
		search->no_memory = true;
		return false;
	}
	search->list = list;
	search->list[search->count++] = (struct found){ size, name, is_union };
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct found *left = a, *right = b;

	if (left->size != right->size)
		return left->size < right->size ? -1 : 1;
	if (left->is_union != right->is_union)
		return left->is_union - right->is_union;
	return strcmp(left->name, right->name);
}

/* "192" or "100-200", in C's way. */
static bool parse_range(const char *text, struct search *search, struct error *error)
{
	char *end;

	errno = 0;
	search->least = search->most = strtoull(text, &end, 0);
	if (isdigit((unsigned char)*text) && *end == '-' && isdigit((unsigned char)end[1]))
		search->most = strtoull(end + 1, &end, 0);
	return (isdigit((unsigned char)*text) && !*end && !errno && search->least <= search->most) ||
	       error_set(error, ERROR_USAGE, "whatis: -r wants SIZE or SIZE-SIZE in bytes, not \"%.60s\"", text);
}

static bool list_types(struct search *search, const char *member, struct output *output, struct error *error)
{
	bool done = types_for_each_structure(search->kernel->types, member, keep, search, error);

	if (done && search->no_memory)
		done = error_no_memory(error, "types", search->room);
	if (!done)
		return error_prefix(error, "whatis");
	qsort(search->list, search->count, sizeof(*search->list), compare);
	output_begin(output, &shape);
	for (size_t i = 0; i < search->count; i++) {
		const struct found *found = &search->list[i];

		if (i && !compare(found, found - 1))	/* two files' own */
			continue;
		if (!output_row(output) || !output_uint(output, SIZE, found->size) ||
		    !output_printf(output, TYPE, "%s %s", found->is_union ? "union" : "struct", found->name))
			break;
	}
	output_end(output);
	return true;
}

/* What is no structure's name: an expression, or another type. */
static bool show_expression(const char *text, struct output *output, const struct host *host, struct error *error)
{
	struct buffer type = { 0 };
	bool done = host->type(host->context, text, &type, error) || error_prefix(error, "whatis");

	if (done && !type.failed) {
		output_begin(output, &text_shape);
		output_row(output);
		output_bytes(output, DECLARATION, type.data, type.size);
		output_end(output);
	}
	buffer_free(&type);
	return done;
}

static bool show_name(const struct arguments *arguments, struct output *output, const struct host *host, struct error *error)
{
	struct layout_view view = { .offsets = has_option(arguments, 'o') };
	struct buffer text = { 0 };
	struct layout layout;
	struct error why;
	const char *name;
	bool done;

	if (!join_words(arguments, &text, error))
		return false;
	name = text.data;
	name += !strncmp(name, "struct ", 7) ? 7 : !strncmp(name, "union ", 6) ? 6 : 0;
	/* A variable of a structure's name is less often meant: crash's order. */
	if (!name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] &&
	    host->layout(host->context, name, &layout, &why)) {
		done = layout_show_type(output, &layout, &view);
		layout_free(&layout);
	} else {
		done = show_expression(text.data, output, host, error);
	}
	buffer_free(&text);
	return done;
}

static bool whatis_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		       struct error *error)
{
	struct search search = { .kernel = kernel, .most = UINT64_MAX };
	const char *range = option_value(arguments, 'r'), *member = option_value(arguments, 'm');
	bool done;

	*error = (struct error){ .kind = ERROR_NONE };
	if (range || member) {
		if (arguments->nr_words || has_option(arguments, 'o'))
			return error_set(error, ERROR_USAGE, "whatis: -r and -m search among all types; no NAME goes with them");
		if (range && !parse_range(range, &search, error))
			return false;
		done = list_types(&search, member, output, error);
		free(search.list);
		return done;
	}
	if (!arguments->nr_words)
		return error_set(error, ERROR_USAGE, "whatis: what? whatis NAME, -r SIZE or -m TYPE");
	if (!host || !host->type || !host->layout)
		return error_set(error, ERROR_USAGE, "whatis: types are not known here");
	return show_name(arguments, output, host, error);
}

static const char help[] =
	"Shows a structure's or union's declaration, or the type of an expression or of a\n"
	"typedef, as gdb has it; or those of the kernel's structures and unions that have\n"
	"SIZE bytes (such as the objects of a slab, with what is rounded up), or in which\n"
	"a member has a type of that name. Those of modules are not among these.\n"
	"\n"
	"JSON: \"types\" as those of `kernel struct', \"declarations\", or \"found\" with\n"
	"\"size\" and \"type\".\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel whatis -r 192 -m mutex\n"
	"(gdb) kernel whatis init_task.mm\n"
	"struct mm_struct *\n";

static const struct mi_name mi_names[] = { { "whatis", NULL }, { 0 } };

const struct command command_whatis = {
	.name = "whatis",
	.mi = mi_names,
	.summary = "Show what type something has, or which types there are.",
	.usage = "whatis [-o] NAME|EXPRESSION, whatis [-r SIZE[-SIZE]] [-m TYPE]",
	.help = help,
	.options = options,
	.words = COMPLETE_TYPE,
	.run = whatis_run,
};
