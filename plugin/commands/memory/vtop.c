// SPDX-License-Identifier: GPL-3.0-or-later
/* vtop: where a virtual address is in physical memory, with each entry of the page tables on the way. */
#include "commands/command.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/memory/entry_cells.h"
#include "kernel/memory/page.h"
#include "kernel/tasks/task.h"

enum { VIRTUAL, PHYSICAL, SPACE, PAGE_SIZE, GUESSED };
static const struct column columns[] = {
	[VIRTUAL] = { "virtual", "VIRTUAL", 16, COLUMN_ADDRESS },
	[PHYSICAL] = { "physical", "PHYSICAL", 0, 0 },
	[SPACE] = { "space", NULL, 0, COLUMN_JSON_ONLY },
	[PAGE_SIZE] = { "page_size", "PAGE SIZE", 0, 0 },
	[GUESSED] = { "by_calculation", NULL, 0, COLUMN_JSON_ONLY },
};
enum { TABLE, AT, ENTRY, FLAGS };
static const struct column step_columns[] = {
	[TABLE] = { "table", "  %", 15, 0 },
	[AT] = { "at", "%", 12, COLUMN_RIGHT },
	[ENTRY] = { "entry", "%", 16, COLUMN_ADDRESS },
	[FLAGS] = { "flags", "%", 0, 0 },
};
enum { PAGE, MAPPING, INDEX, REFCOUNT, PAGE_FLAG_NAMES };
static const struct column page_columns[] = {
	[PAGE] = { "page", "  PAGE", 16, COLUMN_ADDRESS },
	[MAPPING] = { "mapping", "MAPPING", 16, COLUMN_ADDRESS },
	[INDEX] = { "index", "INDEX", 0, 0 },
	[REFCOUNT] = { "refcount", "REFS", 0, 0 },
	[PAGE_FLAG_NAMES] = { "flag_names", "FLAGS", 0, 0 },
};
static const struct shape shape = { "translations", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };
static const struct shape step_shape = { "walk", SHAPE_PLAIN, step_columns, ARRAY_SIZE(step_columns) };
static const struct shape page_shape = { "page", SHAPE_RECORD, page_columns, ARRAY_SIZE(page_columns) };

static const struct option options[] = {
	{ 'c', "PID", "in the address space of this task, not of the selected one" },
	{ 'k', NULL, "kernel addresses, where an address alone does not say it (s390x)" },
	{ 'u', NULL, "user addresses" },
	{ 0 }
};

struct vtop {
	struct kernel *kernel;
	struct output *output;
	const struct arguments *arguments;
	const struct host *host;
	uint64_t task;		/* of -c; 0 = the selected one */
	struct error why;	/* the first address that is nowhere */
	size_t failed;
};

/* BY_TABLES: its last entry is that of a page. */
static bool emit_walk(struct vtop *vtop, const struct translation *translation, bool by_tables)
{
	struct output *output = vtop->output;
	size_t count = translation->levels_walked < ARCH_MAX_LEVELS ? translation->levels_walked : ARCH_MAX_LEVELS;

	if (!output_begin(output, &step_shape))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct translation_step *step = &translation->steps[i];
		bool last = i + 1 == count;
		unsigned where = !last || translation->table_missing ? ENTRY_OF_TABLE : !by_tables ? ENTRY_NOT_PRESENT :
				 translation->page_size > memory_page_size(vtop->kernel->memory) ? ENTRY_OF_BLOCK : ENTRY_OF_PAGE;

		if (!output_row(output) || !output_string(output, TABLE, step->table) || !output_printf(output, AT, "%" PRIx64, step->at) ||
		    !output_address(output, ENTRY, step->entry) || !entry_flags_cell(vtop->kernel, output, FLAGS, step->entry, where))
			return false;
	}
	return output_end(output);
}

/* What the page is; nothing where there is no struct page for it: memory of a device. */
static bool emit_page(struct vtop *vtop, uint64_t physical)
{
	struct output *output = vtop->output;
	struct buffer names = { 0 };
	struct page_info page;
	struct error why = { 0 };
	uint64_t address;
	bool more;

	if (!page_of_pfn(vtop->kernel, physical / memory_page_size(vtop->kernel->memory), &address, NULL))
		return true;
	if (!page_read(vtop->kernel, address, &page, &why))
		return output_note(output, "its struct page: %s", why.text);
	page_flags_text(vtop->kernel, page.flags, &names);
	more = output_begin(output, &page_shape) && output_address(output, PAGE, page.address) &&
	       (!page_knows(&page, PAGE_MAPPING) || page.tail || output_address(output, MAPPING, page.mapping)) &&
	       (!page_knows(&page, PAGE_INDEX) || page.tail || output_uint(output, INDEX, page.index)) &&
	       (!page_knows(&page, PAGE_REFCOUNT) || output_int(output, REFCOUNT, page.refcount)) &&
	       output_bytes(output, PAGE_FLAG_NAMES, names.size ? names.data : "", names.size) && output_end(output);
	buffer_free(&names);
	return more;
}

/* False with *error: it cannot be asked; without: the person has enough. */
static bool one_address(struct vtop *vtop, uint64_t address, struct error *error)
{
	struct memory *memory = vtop->kernel->memory;
	struct output *output = vtop->output;
	struct translation translation = { 0 };
	struct error why = { 0 };
	bool user = has_option(vtop->arguments, 'u') || (vtop->task && !has_option(vtop->arguments, 'k')) ||
		    (!has_option(vtop->arguments, 'k') && !memory->arch->is_kernel_address(memory, address) &&
		     !memory_is_nowhere(memory, address));
	uint64_t root = 0;
	bool mapped;

	if (user && !select_user_root(vtop->kernel, vtop->host, "vtop", vtop->task, address, ", -c PID names one", &root, error))
		return false;
	mapped = memory_translate(memory, root, address, &translation, &why);
	if (!output_row(output) || !output_address(output, VIRTUAL, address) || !output_string(output, SPACE, user ? "user" : "kernel") ||
	    !output_bool(output, GUESSED, translation.from_phys_base, NULL) ||
	    (mapped && !output_printf(output, PHYSICAL, "%" PRIx64, translation.physical)) ||
	    (mapped && !translation.from_phys_base && !output_uint(output, PAGE_SIZE, translation.page_size)) ||
	    !emit_walk(vtop, &translation, mapped && !translation.from_phys_base))
		return false;
	if (mapped && translation.from_phys_base &&
	    !output_note(output, "the next of its page tables is not in the dump: where it is has been calculated, since the kernel's image and "
				 "its map of RAM are linear"))
		return false;
	if (mapped)
		return emit_page(vtop, translation.physical);
	if (!vtop->failed++)
		vtop->why = why;
	return output_note(output, "%s", why.text);
}

static bool keep_task(void *context, const struct task *task)
{
	*(uint64_t *)context = task->address;
	return false;
}

static bool vtop_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct vtop vtop = { .kernel = kernel, .output = output, .arguments = arguments, .host = host };
	const char *pid = option_value(arguments, 'c');
	uint64_t addresses[COMMAND_MAX_WORDS];
	struct error wrong;
	size_t count;

	if (!arguments->nr_words)
		return error_set(error, ERROR_USAGE, "vtop: which address?");
	if (has_option(arguments, 'u') && has_option(arguments, 'k'))
		return error_set(error, ERROR_USAGE, "vtop: -u or -k, not both");
	if (pid && !select_tasks(kernel, &pid, 1, keep_task, &vtop.task, error))
		return false;
	count = parse_addresses(kernel, host, output, "vtop", arguments, addresses, &wrong);
	if (!count || !output_begin(output, &shape)) {
		*error = wrong;
		return count;
	}
	for (size_t i = 0; i < count; i++)
		if (!one_address(&vtop, addresses[i], error))
			return error->kind == ERROR_NONE;
	output_end(output);
	if (wrong.kind != ERROR_NONE) {
		*error = wrong;
		return false;
	}
	if (!vtop.failed)
		return true;
	return error_set(error, ERROR_PARTIAL, "vtop: %s", vtop.why.text);
}

static const char help[] =
	"For each address the entries of the page tables that lead to it: the table's\n"
	"name, where in physical memory the entry is, the entry and its flags; then the\n"
	"page. User addresses are the selected task's. An address that is not mapped is\n"
	"shown as far as the tables go.\n"
	"\n"
	"JSON: \"translations\", each with \"walk\" and \"page\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel vtop linux_banner\n"
	"VIRTUAL: ffffffff9671ffe0  PHYSICAL: 1531ffe0  PAGE SIZE: 2097152\n"
	"  PGD                 15c10ff8 0000000015c14067 PRESENT|RW|USER|ACCESSED\n"
	"  P4D                 15c14ff8 0000000015c15067 PRESENT|RW|USER|ACCESSED\n"
	"  PUD                 15c15ff0 0000000015c16063 PRESENT|RW|ACCESSED\n"
	"  PMD                 15c16598 80000000152001e1 PRESENT|ACCESSED|DIRTY|PSE|GL...\n"
	"  PAGE: ffef42f8c054c7c0  MAPPING: 0000000000000000  INDEX: 0  REFS: 1  FLAGS...\n";

static const struct mi_name mi_names[] = { { "translate", NULL }, { 0 } };

const struct command command_vtop = {
	.name = "vtop",
	.mi = mi_names,
	.summary = "Show where virtual addresses are in physical memory.",
	.usage = "vtop [-u|-k] [-c PID] ADDRESS...",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = vtop_run,
};
