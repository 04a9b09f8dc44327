// SPDX-License-Identifier: GPL-3.0-or-later
/* pte and ptov: what a page table entry says, and where a physical address is in the kernel's direct map. */
#include "commands/command.h"

#include <inttypes.h>

#include "base/buffer.h"
#include "commands/memory/entry_cells.h"
#include "kernel/memory/page.h"

enum { ENTRY, PHYSICAL, FLAGS };
static const struct column columns[] = {
	[ENTRY] = { "entry", "ENTRY", 16, COLUMN_ADDRESS },
	[PHYSICAL] = { "physical", "PHYSICAL", 12, COLUMN_RIGHT },
	[FLAGS] = { "flags", "FLAGS", 0, 0 },
};
static const struct column ptov_columns[] = {
	{ "physical", "PHYSICAL", 12, COLUMN_RIGHT },
	{ "virtual", "VIRTUAL", 16, COLUMN_ADDRESS },
	{ "page", "PAGE", 16, COLUMN_ADDRESS },
};
static const struct shape shape = { "entries", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };
static const struct shape ptov_shape = { "addresses", SHAPE_TABLE, ptov_columns, ARRAY_SIZE(ptov_columns) };

bool entry_flags_cell(struct kernel *kernel, struct output *output, size_t column, uint64_t entry, unsigned where)
{
	struct buffer text = { 0 };
	bool more;

	for (const struct arch_entry_flag *flag = kernel->arch->entry_flags; flag && flag->name; flag++)
		if (flag->where & where && (entry & flag->mask) == flag->value)
			buffer_printf(&text, "%s%s", text.size ? "|" : "", flag->name);
	more = output_bytes(output, column, text.size ? text.data : "", text.size);
	buffer_free(&text);
	return more;
}

static bool pte_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	uint64_t entries[COMMAND_MAX_WORDS], physical;

	(void)host;
	if (!arguments->nr_words)
		return error_set(error, ERROR_USAGE, "pte: which page table entry?");
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!parse_hex("pte", arguments->words[i], &entries[i], error))
			return false;
	if (!output_begin(output, &shape))
		return true;
	for (size_t i = 0; i < arguments->nr_words && output_row(output); i++) {
		bool maps = kernel->arch->entry_physical && kernel->arch->entry_physical(kernel->memory, entries[i], &physical);

		output_address(output, ENTRY, entries[i]);
		if (maps)
			output_printf(output, PHYSICAL, "%" PRIx64, physical);
		entry_flags_cell(kernel, output, FLAGS, entries[i], maps ? ENTRY_OF_PAGE : ENTRY_NOT_PRESENT);
	}
	output_end(output);
	return true;
}

static bool ptov_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	uint64_t physical[COMMAND_MAX_WORDS], address, page;
	struct error why = { 0 };
	size_t found = 0;

	(void)host;
	if (!arguments->nr_words)
		return error_set(error, ERROR_USAGE, "ptov: which physical address?");
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!parse_hex("ptov", arguments->words[i], &physical[i], error))
			return false;
	if (!output_begin(output, &ptov_shape))
		return true;
	for (size_t i = 0; i < arguments->nr_words && output_row(output); i++) {
		output_printf(output, 0, "%" PRIx64, physical[i]);
		if (page_of_pfn(kernel, physical[i] / memory_page_size(kernel->memory), &page, NULL))
			output_address(output, 2, page);
		if (!page_direct_address(kernel, physical[i], &address, why.kind == ERROR_NONE ? &why : NULL))
			continue;
		output_address(output, 1, address);
		found++;
	}
	output_end(output);
	if (found == arguments->nr_words)
		return true;
	return error_set(error, ERROR_PARTIAL, "ptov: %s", why.text);
}

static const char pte_help[] =
	"ENTRY is taken for one of the last table, that of pages; one that maps none is\n"
	"shown without a physical address.\n"
	"\n"
	"JSON: \"entries\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel pte 8000000005c9b063\n"
	"     ENTRY            PHYSICAL  FLAGS\n"
	"8000000005c9b063       5c9b000  PRESENT|RW|ACCESSED|DIRTY|NX\n";

static const char ptov_help[] =
	"The direct map is where the kernel has all memory (on 32-bit machines the lower\n"
	"part of it). PAGE is the address of its struct page.\n"
	"\n"
	"JSON: \"addresses\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel ptov 1000000\n"
	"    PHYSICAL      VIRTUAL             PAGE\n"
	"     1000000  ff2ec9fe81000000  ffef42f8c0040000\n";

static const struct option no_options[] = { { 0 } };
static const struct mi_name pte_names[] = { { "page-table-entry", NULL }, { 0 } };
static const struct mi_name ptov_names[] = { { "direct-map", NULL }, { 0 } };

const struct command command_pte = {
	.name = "pte",
	.mi = pte_names,
	.summary = "Show what page table entries say.",
	.usage = "pte ENTRY...",
	.help = pte_help,
	.options = no_options,
	.run = pte_run,
};

const struct command command_ptov = {
	.name = "ptov",
	.mi = ptov_names,
	.summary = "Show where physical addresses are in the kernel's direct map.",
	.usage = "ptov PHYSICAL...",
	.help = ptov_help,
	.options = no_options,
	.run = ptov_run,
};
