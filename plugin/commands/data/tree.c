// SPDX-License-Identifier: GPL-3.0-or-later
/* The command tree: what is in a tree of the kernel, in order. The options are crash's. */
#include <inttypes.h>
#include <string.h>

#include "commands/data/entries.h"
#include "kernel/containers.h"

static const struct option options[] = {
	{ 't', "TYPE", "rbtree (if not given), xarray, radix or maple" },
	{ 'r', "OFFSET", "where in the structure at ADDRESS the root is: a number or STRUCT.MEMBER" },
	{ 'o', "OFFSET", "where in an entry its rb_node is" },
	{ 's', "STRUCT[.MEMBER,...]", "each entry as this structure, or these members of it" },
	{ 'S', "STRUCT[.MEMBER,...]", "the same" },
	{ 'x', NULL, "numbers in hexadecimal" },
	{ 'd', NULL, "numbers in decimal" },
	{ 'p', NULL, "of an xarray or a maple tree: each entry's index" },
	{ 'l', NULL, "taken for crash's sake: entries come in order" },
	{ 0 }
};

static bool add_node(void *context, uint64_t entry, struct error *error)
{
	return entries_add(context, entry, 0, error);
}

static bool add_indexed(void *context, uint64_t index, uint64_t entry, struct error *error)
{
	return entries_add(context, entry, index, error);
}

/* What stands for a range of indices has the first of them. */
static bool add_range(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error)
{
	(void)last;
	return entries_add(context, entry, first, error);
}

static bool walk(struct entries *entries, uint64_t root, uint64_t offset, const char *type, struct error *error)
{
	if (type && !strcmp(type, "maple"))
		return maple_for_each(entries->kernel, root, add_range, entries, error);
	return entries->indexed ? xarray_for_each_entry(entries->kernel, root, add_indexed, entries, error) :
			 rbtree_for_each(entries->kernel, root, offset, add_node, entries, error);
}

static bool tree_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct entries entries = { .kernel = kernel, .arguments = arguments, .host = host, .output = output, .command = "tree" };
	const char *type = option_value(arguments, 't'), *offset = option_value(arguments, 'o'), *root = option_value(arguments, 'r');
	bool indexed = type && (!strcmp(type, "xarray") || !strcmp(type, "radix") ||	/* one structure since 4.20 */
				 !strcmp(type, "maple"));
	uint64_t address, in_entry = 0, in_root = 0;

	entries.indexed = indexed;
	*error = (struct error){ .kind = ERROR_NONE };
	if (type && !indexed && strcmp(type, "rbtree"))
		return error_set(error, ERROR_USAGE, "tree: -t is rbtree, xarray, radix or maple, not \"%.40s\"", type);
	if (arguments->nr_words != 1)
		return error_set(error, ERROR_USAGE, "tree: which root? tree [-t TYPE] [-o OFFSET] ADDRESS");
	if (indexed && offset)
		return error_set(error, ERROR_USAGE, "tree: -o is for an rbtree: an xarray or a maple tree has the entries' own addresses");
	if ((offset && !parse_offset(kernel, "tree", offset, &in_entry, error)) ||
	    (root && !parse_offset(kernel, "tree", root, &in_root, error)) ||
	    !parse_address(kernel, host, output, "tree", arguments->words[0], &address, error) || !entries_begin(&entries, error))
		return false;
	return entries_end(&entries, walk(&entries, address + in_root, in_entry, type, error) || error->kind == ERROR_NONE, error);
}

static const char help[] =
	"Shows the address of each entry of a tree of the kernel, in order: of an rbtree\n"
	"the structures whose rb_node at OFFSET is in the tree that the rb_root at\n"
	"ADDRESS heads, of an xarray (a radix tree, an IDR's idr_rt) what is in it, of a\n"
	"maple tree (an mm_struct's mm_mt) as well; -p: with the index, there the first\n"
	"of its range. OFFSET is\n"
	"a number in C's way or STRUCT.MEMBER; ADDRESS a symbol, a hexadecimal number or\n"
	"an (expression). What cannot be read of a tree fails after what can.\n"
	"\n"
	"JSON: \"entries\" with \"address\", of an xarray \"index\", and, with -s, \"members\" of\n"
	"\"member\" and \"value\", which is gdb's own text.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel tree -t xarray -p (&init_pid_ns.idr.idr_rt)\n"
	"ff2ec9fe811e0000 index 1\n"
	"ff2ec9fe811e0080 index 2\n"
	"(gdb) kernel tree -o vmap_area.rb_node -s vmap_area.va_start vmap_area_root\n";

static const struct mi_name mi_names[] = { { "tree", NULL }, { 0 } };

const struct command command_tree = {
	.name = "tree",
	.mi = mi_names,
	.summary = "Show what is in a tree of the kernel.",
	.usage = "tree [-t rbtree|xarray|radix|maple] [-r OFFSET] [-o OFFSET] [-p] [-s STRUCT[.MEMBER,...] [-x|-d]] ADDRESS",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = tree_run,
};
