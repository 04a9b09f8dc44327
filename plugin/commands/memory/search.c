// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The command search: where in memory a value or a string stands. What is searched and how is
 * kernel/memory/scan.h; here are the options, which are crash's, and what is said of each hit.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/stacks/bt.h"
#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "base/bytes.h"
#include "kernel/memory/scan.h"
#include "kernel/modules/symbolize.h"
#include "kernel/tasks/task.h"

#define MAX_CONTEXT 1024
#define SHOWN_TEXT  64

static const struct option options[] = {
	{ 'k', NULL, "search all that the kernel's page tables map (the default)" },
	{ 'K', NULL, "of that, only the linear mapping and the kernel image" },
	{ 'V', NULL, "of that, all but those: vmalloc, modules, vmemmap" },
	{ 'u', NULL, "search the user memory of the selected task" },
	{ 'p', NULL, "search physical memory; addresses are physical" },
	{ 't', NULL, "search the kernel stack of every task" },
	{ 'T', NULL, "search the kernel stacks of the tasks that ran on a CPU" },
	{ 's', "START", "begin at this address or symbol; a user address implies -u" },
	{ 'e', "END", "stop before this address" },
	{ 'l', "LENGTH", "stop so many bytes after the start" },
	{ 'm', "MASK", "bits that are set in MASK may be anything" },
	{ 'c', NULL, "search for strings" },
	{ 'w', NULL, "search for 32-bit values" },
	{ 'h', NULL, "search for 16-bit values" },
	{ 'x', "COUNT", "show so many values before and after each hit" },
	{ 0 }
};

enum { PID, TASK, COMM, ADDRESS, VALUE, TEXT, SYMBOL };

static const struct column columns[] = {
	[PID] = { "pid", "PID %", 7, COLUMN_RIGHT },
	[TASK] = { "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[COMM] = { "comm", "\"%\"", 0, 0 },
	[ADDRESS] = { "address", "%:", 16, COLUMN_ADDRESS },
	[VALUE] = { "value", "%", 0, 0 },
	[TEXT] = { "text", "%", 0, 0 },
	[SYMBOL] = { "symbol", "<%>", 0, COLUMN_FUNCTION },
};
static const struct shape shape = { "hits", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

static const struct column context_columns[] = {
	{ "address", "  %:", 16, COLUMN_ADDRESS },
	{ "value", "%", 0, 0 },
	{ "missing", "(%)", 0, COLUMN_TEXT_ONLY },
};
static const struct shape context_shape = { "context", SHAPE_PLAIN, context_columns,
					    ARRAY_SIZE(context_columns) };

enum space { KERNEL_SPACE, USER_SPACE, PHYSICAL, STACKS };

struct search {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	enum space space;
	uint64_t root;			/* of the user's page tables */
	const struct task_table *tasks; /* of STACKS */
	struct scan_pattern patterns[COMMAND_MAX_WORDS];
	struct scan_runs runs;
	struct scan_request request;
	unsigned width; /* of a value: bytes */
	unsigned context;
	uint64_t nr_hits;
	size_t nr_unknown;	/* -t, -T: tasks that could not be searched */
};

/* --- what was typed --- */

static bool parse_patterns(struct search *search, struct error *error)
{
	const struct arguments *arguments = search->arguments;
	const char *mask_text = option_value(arguments, 'm');
	uint64_t mask = 0;

	if (!arguments->nr_words)
		return error_set(
			error, ERROR_USAGE,
			"search: for what? search [-kupt] [-s START] VALUE..., or -c STRING...");
	if (mask_text && has_option(arguments, 'c'))
		return error_set(error, ERROR_USAGE,
				 "search: -m is for values, not for strings (-c)");
	if (mask_text && !parse_address(search->kernel, search->host, search->output, "search", mask_text, &mask, error))
		return false;
	for (size_t i = 0; i < arguments->nr_words; i++) {
		struct scan_pattern *pattern = &search->patterns[i];

		*pattern = (struct scan_pattern){ .size = search->width, .ignore = mask };
		if (has_option(arguments, 'c')) {
			pattern->text = arguments->words[i];
			pattern->size = strlen(pattern->text);
			if (!pattern->size || pattern->size > SCAN_MAX_TEXT)
				return error_set(error, ERROR_USAGE,
						 "search: a string has 1 to %d bytes",
						 SCAN_MAX_TEXT);
		} else if (!parse_address(search->kernel, search->host, search->output, "search",
					  arguments->words[i], &pattern->value, error)) {
			return false;
		} else if (search->width < 8 && pattern->value >> 8 * search->width) {
			return error_set(error, ERROR_USAGE,
					 "search: 0x%" PRIx64 " does not fit into %u bits",
					 pattern->value, 8 * search->width);
		}
	}
	search->request.patterns = search->patterns;
	search->request.nr_patterns = arguments->nr_words;
	return true;
}

static bool choose_space(struct search *search, bool have_start, struct error *error)
{
	static const struct {
		char letter;
		enum space space;
	} spaces[] = {
		{ 'k', KERNEL_SPACE }, { 'K', KERNEL_SPACE }, { 'V', KERNEL_SPACE },
		{ 'u', USER_SPACE },   { 'p', PHYSICAL },     { 't', STACKS },
		{ 'T', STACKS },
	};
	const struct memory *memory = search->kernel->memory;
	unsigned given = 0;

	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		if (has_option(search->arguments, spaces[i].letter)) {
			search->space = spaces[i].space;
			given++;
		}
	}
	if (given > 1)
		return error_set(error, ERROR_USAGE,
				 "search: only one of -k, -K, -V, -u, -p, -t and -T makes sense");
	if (!memory && search->space != PHYSICAL)
		return error_set(error, ERROR_USAGE,
				 "search: only physical memory can be searched (-p): %s",
				 search->kernel->damage);
	if (!given && have_start && !memory->arch->is_kernel_address(memory, search->request.start))
		search->space = USER_SPACE;
	return true;
}

/* The first and last byte to search, from the options or else all of the space. */
static bool parse_limits(struct search *search, struct error *error)
{
	const char *start = option_value(search->arguments, 's'),
		   *end = option_value(search->arguments, 'e');
	const char *length = option_value(search->arguments, 'l');
	struct scan_request *request = &search->request;
	struct memory *memory = search->kernel->memory;
	uint64_t half = memory ? memory_kernel_start(memory) : 0, value;

	if ((start && !parse_address(search->kernel, search->host, search->output, "search", start,
				     &request->start, error)) ||
	    !choose_space(search, start != NULL, error))
		return false;
	if (end && length)
		return error_set(error, ERROR_USAGE,
				 "search: -e and -l both say where to stop; give one");
	if (search->space == KERNEL_SPACE && request->start < half) {
		if (start)
			return error_set(error, ERROR_USAGE,
					 "search: 0x%" PRIx64 " is not a kernel address",
					 request->start);
		request->start = half;
	}
	request->last = search->space == USER_SPACE && memory ? memory_user_last(memory) : memory ? memory_last(memory) : UINT64_MAX;
	if (length) {
		if (!parse_count("search", "-l", length, UINT64_MAX, &value, error))
			return false;
		if (value - 1 < request->last - request->start)
			request->last = request->start + value - 1;
	} else if (end) {
		if (!parse_address(search->kernel, search->host, search->output, "search", end, &value, error))
			return false;
		if (value <= request->start)
			return error_set(error, ERROR_USAGE,
					 "search: the end, 0x%" PRIx64
					 ", is not above the start, 0x%" PRIx64,
					 value, request->start);
		if (value - 1 < request->last)
			request->last = value - 1;
	}
	if (request->start > request->last)
		return error_set(error, ERROR_USAGE, "search: 0x%" PRIx64 " is not a user address",
				 request->start);
	return true;
}

/* --- what to search --- */

static bool find_user_root(struct search *search, struct error *error)
{
	const struct task *task =
		task_find_address(search->kernel, host_selected_task(search->host));

	if (!task)
		return error_set(error, ERROR_USAGE,
				 "search -u: no task is selected; `thread N` selects one");
	return task_user_root(search->kernel, task, &search->root, error);
}

static bool add_stacks(struct search *search, struct error *error)
{
	struct kernel *kernel = search->kernel;
	uint64_t size = task_stack_size(kernel), half = memory_kernel_start(kernel->memory);
	struct task_table *tasks;

	if (!tasks_get(kernel, &tasks, error))
		return false;
	search->tasks = tasks;
	for (size_t i = 0; i < tasks->count; i++) {
		uint64_t stack = tasks->tasks[i].stack;

		if (has_option(search->arguments, 'T') && !tasks->tasks[i].on_cpu) {
			search->nr_unknown += !task_knows(&tasks->tasks[i], TASK_ON_CPU);
			continue;
		}
		search->nr_unknown += !task_knows(&tasks->tasks[i], TASK_STACK);
		if (stack >= half && stack <= UINT64_MAX - size &&
		    !scan_add_virtual(kernel, 0, stack, stack + size - 1, i, &search->runs, error))
			return false;
	}
	return true;
}

/*
 * -K and -V: is a run linearly mapped, or the kernel's image, which is crash's line between the
 * two? It is known by what it maps, so no architecture's memory layout is needed: the linear
 * mapping has one distance between addresses and what is there, and every page table came out of
 * it.
 */
static bool find_linear(const struct search *search, uint64_t *distance_ret, struct error *error)
{
	struct kernel *kernel = search->kernel;
	struct translation translation;
	struct task_table *tasks;
	uint64_t pgd;

	if (kernel_read_variable(kernel, "page_offset_base", kernel->arch->pointer_size,
				 distance_ret, NULL))
		return true;
	if (!tasks_get(kernel, &tasks, error))
		return false;
	for (size_t i = 0; i < tasks->count; i++) {
		if (!tasks->tasks[i].mm ||
		    !kernel_read_member(kernel, tasks->tasks[i].mm, "mm_struct", "pgd", &pgd,
					NULL) ||
		    !memory_translate(kernel->memory, 0, pgd, &translation, NULL))
			continue;
		*distance_ret = pgd - translation.physical;
		return true;
	}
	return error_set(error, ERROR_NO_SYMBOL,
			 "search -K, -V: where the kernel maps all memory cannot be found: there "
			 "is no page_offset_base, and no process");
}

static bool keep_linear(struct search *search, bool keep, struct error *error)
{
	uint64_t distance, start = 0, end = 0;
	size_t nr = 0;

	if (!find_linear(search, &distance, error))
		return false;
	/* The image: also what is behind its code and data, up to _end. */
	if (!kernel_symbol(search->kernel, "_text", &start, NULL) ||
	    !kernel_symbol(search->kernel, "_end", &end, NULL))
		start = end = 0;
	for (size_t i = 0; i < search->runs.count; i++) {
		const struct scan_run *run = &search->runs.runs[i];
		bool linear = run->address - run->physical == distance ||
			      (run->address < end && run->address + (run->size - 1) >= start);

		if (linear == keep)
			search->runs.runs[nr++] = *run;
	}
	search->runs.count = nr;
	return true;
}

static bool add_runs(struct search *search, struct error *error)
{
	const struct scan_request *request = &search->request;

	if (search->space == STACKS)
		return add_stacks(search, error);
	if (search->space == PHYSICAL)
		return scan_add_physical(search->kernel, request->start, request->last,
					 &search->runs, error);
	if (search->space == USER_SPACE && !find_user_root(search, error))
		return false;
	if (!scan_add_virtual(search->kernel, search->root, request->start, request->last, 0,
			      &search->runs, error))
		return false;
	if (!has_option(search->arguments, 'K') && !has_option(search->arguments, 'V'))
		return true;
	return keep_linear(search, has_option(search->arguments, 'K'), error);
}

/* --- what was found --- */

static bool read_space(const struct search *search, uint64_t address, void *buffer, size_t size)
{
	struct kernel *kernel = search->kernel;

	if (search->space == PHYSICAL)
		return dump_read_phys(kernel->dump, address, buffer, size, NULL);
	if (search->space == USER_SPACE)
		return memory_read_user(kernel->memory, search->root, address, buffer, size, NULL);
	return memory_read(kernel->memory, address, buffer, size, NULL);
}

/* The string that was found and what follows it. */
static bool emit_text(const struct search *search, const struct scan_hit *hit)
{
	size_t size = search->patterns[hit->pattern].size,
	       room = size > SHOWN_TEXT ? size : SHOWN_TEXT;
	char text[SCAN_MAX_TEXT];

	/* The next page may be missing. */
	if (!read_space(search, hit->address, text, room))
		room = size;
	if (room == size && !read_space(search, hit->address, text, size))
		return output_string(search->output, TEXT, search->patterns[hit->pattern].text);
	room = size + strnlen(text + size, room - size);
	return output_bytes(search->output, TEXT, text, room);
}

static bool emit_context(const struct search *search, const struct scan_hit *hit)
{
	unsigned width = search->width;
	uint64_t at = hit->address & ~(uint64_t)(width - 1),
		 before = (uint64_t)search->context * width;
	uint8_t bytes[8];

	at = at > before ? at - before : 0;
	if (!output_begin(search->output, &context_shape))
		return false;
	for (unsigned i = 0; i <= 2 * search->context; i++, at += width)
		if (!output_row(search->output) || !output_address(search->output, 0, at) ||
		    !(read_space(search, at, bytes, width) ?
			      output_printf(search->output, 1, "%0*" PRIx64, 2 * width,
					    bytes_number(bytes, width, search->kernel->dump->big_endian)) :
			      output_string(search->output, 2, "not in the dump")))
			return false;
	return output_end(search->output);
}

static bool emit_hit(void *context, const struct scan_hit *hit)
{
	struct search *search = context;
	struct output *output = search->output;
	char symbol[256];

	search->nr_hits++;
	if (!output_row(output) || !output_address(output, ADDRESS, hit->address))
		return false;
	if (search->space == STACKS) {
		const struct task *task = &search->tasks->tasks[hit->owner];

		if (!output_uint(output, PID, task->pid) ||
		    !output_address(output, TASK, task->address) ||
		    !task_comm_cell(output, COMM, task))
			return false;
	}
	if (search->patterns[0].text
		    ? !emit_text(search, hit)
		    : !output_printf(output, VALUE, "%0*" PRIx64, 2 * search->width, hit->value))
		return false;
	if (search->space == KERNEL_SPACE &&
	    kernel_symbolize(search->kernel, hit->address, symbol, sizeof(symbol)) &&
	    !output_string(output, SYMBOL, symbol))
		return false;
	return !search->context || emit_context(search, hit);
}

static bool emit_totals(const struct search *search, const struct scan_totals *totals)
{
	if (!search->nr_hits &&
	    !output_note(search->output, "not found in %" PRIu64 " pages", totals->pages_searched))
		return false;
	if (search->nr_unknown &&
	    !output_note(search->output, "of %zu tasks it is not known %s, so their stacks were not searched", search->nr_unknown,
			 has_option(search->arguments, 'T') ? "whether they ran or where their stack is" : "where their stack is"))
		return false;
	if (search->tasks && search->tasks->damage &&
	    !output_note(search->output, "there may be more tasks: %s", search->tasks->damage))
		return false;
	return !totals->pages_missing ||
	       output_note(search->output,
			   "%" PRIu64 " more pages are not in the dump and could not be searched",
			   totals->pages_missing);
}

static bool search_run(struct kernel *kernel, const struct arguments *arguments,
		       struct output *output, const struct host *host, struct error *error)
{
	struct search search = {
		.kernel = kernel, .arguments = arguments, .host = host, .output = output
	};
	struct scan_totals totals = { 0 };
	uint64_t context = 0;
	bool done;

	if (!kernel)
		return error_set(error, ERROR_USAGE,
				 "no kernel dump is open; open one with: target vmcore FILE");
	if (has_option(arguments, 'w') + has_option(arguments, 'h') + has_option(arguments, 'c') >
	    1)
		return error_set(error, ERROR_USAGE,
				 "search: only one of -c, -w and -h makes sense");
	search.width = has_option(arguments, 'w')   ? 4
		       : has_option(arguments, 'h') ? 2
		       : kernel->arch		    ? kernel->arch->pointer_size
						    : 8;
	if ((option_value(arguments, 'x') &&
	     !parse_count("search", "-x", option_value(arguments, 'x'), MAX_CONTEXT, &context, error)) ||
	    !parse_patterns(&search, error) || !parse_limits(&search, error))
		return false;
	search.context = context;
	search.request.runs = &search.runs;
	search.request.hit = emit_hit;
	search.request.context = &search;
	done = add_runs(&search, error);
	if (done && output_begin(output, &shape)) {
		done = scan(kernel, &search.request, &totals, error);
		if (done && output_end(output))
			emit_totals(&search, &totals);
	}
	scan_runs_free(&search.runs);
	if (done && search.tasks && search.tasks->damage && !search.tasks->all_pids)
		return error_set(error, ERROR_PARTIAL, "search: the list of tasks is not complete");
	return done;
}

static const char help[] =
	"Each VALUE is a hexadecimal number, a symbol (its address), or an (expression)\n"
	"that gdb evaluates. Values are looked for where they are aligned; strings (-c)\n"
	"anywhere, also across pages. The memory is decompressed once, by all processors\n"
	"of this machine. Pages that the dump does not have are counted, not guessed.\n"
	"\n"
	"gdb has a `search` of its own (a source line): this one is `kernel search`.\n"
	"\n"
	"JSON: an array \"hits\" with address and value or text; symbol; with -t pid, task\n"
	"and comm; with -x \"context\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel search -t init_task\n"
	"PID       0 \"swapper/0\" ffffffff9a403de0: ffffffff9a41aa40\n"
	"PID      39 \"kauditd\" ff75114c00167e08: ffffffff9a41aa40\n";

static const struct mi_name mi_names[] = { { "search", NULL }, { 0 } };

const struct command command_search = {
	.name = "search",
	.mi = mi_names,
	.summary = "Search memory for values or strings.",
	.usage = "search [-k|-K|-V|-u|-p|-t|-T] [-s START] [-e END|-l LENGTH] [-m MASK] "
		 "[-w|-h|-c] [-x COUNT] VALUE...",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.without_kernel = true,
	.run = search_run,
};
