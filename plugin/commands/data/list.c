// SPDX-License-Identifier: GPL-3.0-or-later
/* The command list: what pointers of a kind lead to, one after the other. The options are crash's. */
#include <inttypes.h>
#include <string.h>

#include "commands/data/entries.h"
#include "kernel/containers.h"

static const struct option options[] = {
	{ 'h', NULL, "ADDRESS is a structure with a list_head in it, at OFFSET" },
	{ 'H', NULL, "ADDRESS is the list's head, which is in no entry" },
	{ 'o', "OFFSET", "where in an entry its link is: a number or STRUCT.MEMBER; 0 if not given" },
	{ 's', "STRUCT[.MEMBER,...]", "each entry as this structure, or these members of it" },
	{ 'S', "STRUCT[.MEMBER,...]", "the same" },
	{ 'l', "OFFSET", "with -s: where in that structure the addresses are that the list leads to" },
	{ 'x', NULL, "numbers in hexadecimal" },
	{ 'd', NULL, "numbers in decimal" },
	{ 'e', "END", "stop before this entry" },
	{ 'r', NULL, "backwards, by the list_head's prev" },
	{ 'B', NULL, "taken for crash's sake: that a list runs in a circle is always noticed" },
	{ 0 }
};

struct walk {
	struct kernel *kernel;
	struct entries *entries;
	struct visited visited;
	uint64_t start, end;	/* an entry; 0 = no other end than the list's own */
	uint64_t offset;	/* of the link in an entry */
	bool link_to_link;	/* a list_head leads to a list_head, another link to the next entry itself */
	bool back;
};

/* Where the link at LINK leads to: an entry, 0 = nowhere. */
static bool next_entry(const struct walk *walk, uint64_t link, uint64_t *entry_ret, struct error *error)
{
	uint64_t word = walk->kernel->arch->pointer_size, to;

	if (!kernel_read_pointer(walk->kernel, link + (walk->back ? word : 0), &to, error))
		return false;
	*entry_ret = to && walk->link_to_link ? to - walk->offset : to;
	return true;
}

/* From the entry at ENTRY on. */
static bool follow(struct walk *walk, uint64_t entry, struct error *error)
{
	size_t count = 0;

	while (entry && entry != walk->end) {
		switch (visited_add(&walk->visited, entry)) {
		case VISITED_NO_MEMORY:
			return error_no_memory(error, "a list", 0);
		case VISITED_BEFORE:	/* a ring comes back to where it began */
			return entry == walk->start ||
			       error_set(error, ERROR_CORRUPT, "after %zu entries the list leads back to 0x%" PRIx64, count, entry);
		case VISITED_NEW:
			break;
		}
		if (++count > CONTAINER_MAX_ENTRIES)
			return error_set(error, ERROR_CORRUPT, "the list has more than %u entries", CONTAINER_MAX_ENTRIES);
		if (!entries_add(walk->entries, entry, 0, error))
			return error->kind == ERROR_NONE;
		if (!next_entry(walk, entry + walk->offset, &entry, error))
			return error_prefix(error, "after %zu entries", count);
	}
	return true;
}

static bool parse(struct walk *walk, const struct arguments *arguments, const struct host *host, struct output *output,
		  struct error *error)
{
	const char *offset = option_value(arguments, 'o'), *end = option_value(arguments, 'e');
	size_t nr = arguments->nr_words;

	/* crash takes the offset as a word before the address, too. */
	if (nr == 2 && !offset) {
		offset = arguments->words[0];
	} else if (nr != 1) {
		return error_set(error, ERROR_USAGE, "list: from where? list [-o OFFSET] ADDRESS, or -H HEAD, or -h ENTRY");
	}
	if (has_option(arguments, 'h') && has_option(arguments, 'H'))
		return error_set(error, ERROR_USAGE, "list: -h and -H say different things of ADDRESS; give one of them");
	walk->link_to_link = has_option(arguments, 'h') || has_option(arguments, 'H');
	walk->back = has_option(arguments, 'r');
	if (walk->back && !walk->link_to_link)
		return error_set(error, ERROR_USAGE, "list: -r goes with -h or -H: only a list_head leads back");
	return (!offset || parse_offset(walk->kernel, "list", offset, &walk->offset, error)) &&
	       (!end || parse_address(walk->kernel, host, output, "list", end, &walk->end, error)) &&
	       parse_address(walk->kernel, host, output, "list", arguments->words[nr - 1], &walk->start, error);
}

static bool list_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct entries entries = { .kernel = kernel, .arguments = arguments, .host = host, .output = output, .command = "list" };
	struct walk walk = { .kernel = kernel, .entries = &entries };
	uint64_t first;
	bool done;

	*error = (struct error){ .kind = ERROR_NONE };
	if (!parse(&walk, arguments, host, output, error) || !entries_begin(&entries, error))
		return false;
	first = walk.start;
	done = true;
	if (has_option(arguments, 'H')) {
		/* The head's own place, were it in an entry: there the ring ends. */
		walk.start -= walk.offset;
		visited_add(&walk.visited, walk.start);
		done = next_entry(&walk, first, &first, error);
	}
	done = done && follow(&walk, first, error);
	visited_free(&walk.visited);
	return entries_end(&entries, done, error);
}

static const char help[] =
	"Follows a list of the kernel and shows the address of each entry. ADDRESS is an\n"
	"entry, whose link at OFFSET leads to the next one, until one leads nowhere or\n"
	"back to the first. Of a list_head -h (ADDRESS is an entry) or -H (ADDRESS is the\n"
	"head) must be given, since those lead to one another's list_head. OFFSET and -e\n"
	"take numbers in C's way, addresses are symbols, hexadecimal numbers or an\n"
	"(expression). A list that cannot be followed to its end fails after what it had.\n"
	"\n"
	"JSON: \"entries\" with \"address\" and, with -s, \"members\" of \"member\" and \"value\",\n"
	"which is gdb's own text.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel list -H modules -o module.list -s module.name,state\n"
	"ffffffffc05eb1c0\n"
	"  name = \"vmcore_rig\", '\\000' <repeats 45 times>\n"
	"  state = MODULE_STATE_LIVE\n"
	"(gdb) kernel list task_struct.real_parent (init_task.tasks.next)\n";

static const struct mi_name mi_names[] = { { "list", NULL }, { 0 } };

const struct command command_list = {
	.name = "list",
	.mi = mi_names,
	.summary = "Follow a list of the kernel.",
	.usage = "list [-h|-H] [[-o] OFFSET] [-e END] [-r] [-s STRUCT[.MEMBER,...] [-l OFFSET] [-x|-d]] ADDRESS",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = list_run,
};
