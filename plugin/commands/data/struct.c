// SPDX-License-Identifier: GPL-3.0-or-later
/* The command struct, also union and *: a type's layout, or what is in memory as one. The options are crash's; types and values are gdb's. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/data/cpus.h"
#include "commands/data/entries.h"
#include "commands/data/layout.h"
#include "kernel/memory/page.h"

#define MAX_COUNT (1 << 20)

static const struct option options[] = {
	{ 'o', NULL, "where each member is: its offset, or its address" },
	{ 'l', "OFFSET", "ADDRESS is that of this member: a number or STRUCT.MEMBER" },
	{ 'p', NULL, "a member's type, too, and what a pointer points to" },
	{ 'r', NULL, "as numbers, like rd" },
	{ 'u', NULL, "ADDRESS is the selected task's" },
	{ 'f', NULL, "ADDRESS is an offset in the dump's file, in hexadecimal" },
	{ 'c', "COUNT", "so many of them, one behind the other; of -COUNT this is the last" },
	{ 'x', NULL, "numbers in hexadecimal" },
	{ 'd', NULL, "numbers in decimal" },
	{ 0 }
};

enum { CPU, ADDRESS, VALUE };
enum { NAME, MEMBER_TYPE, MEMBER_VALUE, TARGET };

static const struct column member_columns[] = {
	[NAME] = { "member", "  % =", 0, 0 },
	[MEMBER_TYPE] = { "type", "(%)", 0, 0 },
	[MEMBER_VALUE] = { "value", "%", 0, COLUMN_RAW },
	[TARGET] = { "target", "\n    -> %", 0, COLUMN_RAW },
};
static const struct shape member_shape = { "values", SHAPE_PLAIN, member_columns, ARRAY_SIZE(member_columns) };

struct view {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	struct layout layout;
	char *members;		/* "next,prev", in the words' storage; NULL = all */
	uint64_t before;	/* -l: where in the structure ADDRESS is */
	int64_t count;
	struct column columns[3];
	struct shape shape;
	size_t shown, failed;
	struct error why;	/* of the first that failed */
};

static const char *format_of(const struct view *view, bool lines)
{
	if (has_option(view->arguments, 'x'))
		return lines ? "+x" : "x";
	if (has_option(view->arguments, 'd'))
		return lines ? "+d" : "d";
	return lines ? "+" : "";
}

/* gdb says that memory cannot be accessed; the dump says why. */
static void explain(struct view *view, uint64_t address, struct error *why)
{
	uint8_t piece[256];
	struct error error;

	if (why->kind == ERROR_INTERRUPTED || has_option(view->arguments, 'u'))
		return;
	for (uint64_t at = 0, size; at < view->layout.size; at += size) {
		size = view->layout.size - at < sizeof(piece) ? view->layout.size - at : sizeof(piece);
		if (!memory_read(view->kernel->memory, address + at, piece, size, &error)) {
			*why = error;
			return;
		}
	}
}

/* Into COLUMN of the open row. A value that is not known is left out. False: enough. */
static bool add_text(struct view *view, size_t column, const char *expression, const char *format, uint64_t address)
{
	struct buffer text = { 0 };
	struct error why = { .kind = ERROR_NONE };
	bool more = true;

	if (view->host->print(view->host->context, expression, format, &text, &why) && !text.failed) {
		more = output_bytes(view->output, column, text.data ? text.data : "", text.size);
		view->shown++;
	} else if (column != TARGET) {
		explain(view, address, &why);
		if (!view->failed++)
			view->why = why;
		more = why.kind != ERROR_INTERRUPTED;
	}
	buffer_free(&text);
	return more;
}

/* -p: the member's type, and what is behind a pointer to something that has a value. */
static bool add_target(struct view *view, const char *expression, uint64_t address)
{
	struct buffer type = { 0 }, target = { 0 };
	struct error why;
	bool more = true;
	uint64_t value;

	if (view->host->type(view->host->context, expression, &type, &why) && !type.failed) {
		size_t size = type.size;

		more = output_bytes(view->output, MEMBER_TYPE, type.data, size);
		if (more && size && type.data[size - 1] == '*' && !strstr(type.data, "char *") && !strstr(type.data, "void *") &&
		    view->host->evaluate && view->host->evaluate(view->host->context, expression, &value, &why) && value) {
			buffer_printf(&target, "*(%s)", expression);
			more = !target.failed && add_text(view, TARGET, target.data, format_of(view, true), address);
		}
	}
	buffer_free(&target);
	buffer_free(&type);
	return more;
}

static bool add_members(struct view *view, uint64_t address)
{
	bool more = output_begin(view->output, &member_shape);

	for (const char *member = view->members, *next; more && *member; member = next) {
		size_t size = strcspn(member, ",");
		struct buffer expression = { 0 };

		next = member + size + (member[size] == ',');
		buffer_printf(&expression, "((%s *)0x%" PRIx64 ")->%.*s", view->layout.type, address, (int)size, member);
		more = !expression.failed && output_row(view->output) && output_bytes(view->output, NAME, member, size) &&
		       add_text(view, MEMBER_VALUE, expression.data, format_of(view, true), address) &&
		       (!has_option(view->arguments, 'p') || add_target(view, expression.data, address));
		buffer_free(&expression);
	}
	return output_end(view->output) && more;
}

static uint64_t option_flag(const struct option *option, char letter)
{
	for (size_t i = 0; option[i].letter; i++)
		if (option[i].letter == letter)
			return 1ull << i;
	return 0;
}

/* -r: rd shows it. */
static bool add_raw(struct view *view, uint64_t address, struct error *error)
{
	const unsigned word = view->kernel->arch->pointer_size;
	bool words = view->layout.size % word == 0;
	char start[32], count[32];
	struct arguments arguments = { .words = { start, count }, .nr_words = 2, .options = command_rd.options };

	if (!view->layout.size)
		return true;
	snprintf(start, sizeof(start), "0x%" PRIx64, address);
	snprintf(count, sizeof(count), "%" PRIu64, words ? view->layout.size / word : view->layout.size);
	if (!words)
		arguments.flags |= option_flag(command_rd.options, '8');
	if (has_option(view->arguments, 'u'))
		arguments.flags |= option_flag(command_rd.options, 'u');
	if (!command_rd.run(view->kernel, &arguments, view->output, view->host, error))
		return false;
	view->shown++;
	return true;
}

/* The members' own places are those of the declaration. */
static const struct layout_member *find_member(const struct view *view, const char *name, size_t size, struct error *error)
{
	const struct layout_member *member = layout_find(&view->layout, name, size);

	if (!member)
		error_set(error, ERROR_USAGE, "struct: %s has no member \"%.*s\"", view->layout.type, (int)(size < 100 ? size : 100), name);
	return member;
}

/* PATH of SIZE letters: a member, or of a member's member what gdb makes of it. *STORAGE has its texts, to be freed. */
static bool resolve(struct view *view, const char *path, size_t size, struct layout_member *member_ret, struct buffer *storage,
		    struct error *error)
{
	size_t first = strcspn(path, ".,[-");
	const struct layout_member *member = find_member(view, path, first, error);
	struct buffer expression = { 0 };
	uint64_t value;
	bool done;

	if (!member)
		return false;
	*member_ret = *member;
	member_ret->depth = 0;
	if (first >= size)
		return true;
	buffer_printf(&expression, "((%s *)0)->%.*s", view->layout.type, (int)size, path);
	done = !expression.failed && view->host->type(view->host->context, expression.data, storage, error);
	if (done) {
		buffer_char(storage, '\0');
		buffer_printf(storage, "%.*s", (int)size, path);
		member_ret->name = storage->data + strlen(storage->data) + 1;
		member_ret->type = storage->data;
		member_ret->opens = false;
		buffer_free(&expression);
		buffer_printf(&expression, "sizeof(((%s *)0)->%.*s)", view->layout.type, (int)size, path);
		done = view->host->evaluate(view->host->context, expression.data, &value, error);
		member_ret->size = value;
		buffer_free(&expression);
		buffer_printf(&expression, "(unsigned long)&((%s *)0)->%.*s", view->layout.type, (int)size, path);
		done = done && view->host->evaluate(view->host->context, expression.data, &member_ret->offset, error);
	}
	buffer_free(&expression);
	return done || (error->kind != ERROR_INTERRUPTED &&
	       error_set(error, ERROR_USAGE, "struct: %s.%.*s is no member, or one behind a pointer, which has no offset", view->layout.type,
			 (int)size, path));
}

/* Before anything is shown. */
static bool check_members(struct view *view, struct error *error)
{
	for (const char *path = view->members; path && *path;) {
		size_t size = strcspn(path, ",");

		if (!find_member(view, path, strcspn(path, ".,[-"), error))
			return false;
		path += size + (path[size] == ',');
	}
	return true;
}

/* The declaration, with what there is at ADDRESS if it is one. */
static bool add_layout(struct view *view, const struct layout_view *how, struct error *error)
{
	bool more = true;

	if (!view->members)
		return layout_show(view->output, view->layout.members, view->layout.count, how) || error->kind == ERROR_NONE;
	for (const char *path = view->members, *next; more && *path; path = next) {
		size_t size = strcspn(path, ",");
		struct layout_member member;
		struct buffer storage = { 0 };

		next = path + size + (path[size] == ',');
		more = resolve(view, path, size, &member, &storage, error);
		if (more && member.opens) {	/* one without a tag: with all that is in it */
			const struct layout_member *all = layout_find(&view->layout, path, size);
			size_t count = 1;

			while (all + count < view->layout.members + view->layout.count && all[count].depth > all->depth)
				count++;
			layout_show(view->output, all, count, how);
		} else if (more) {
			layout_show(view->output, &member, 1, how);
		}
		buffer_free(&storage);
	}
	return more;
}

static bool show_type(struct view *view, struct error *error)
{
	struct layout_view how = { .offsets = has_option(view->arguments, 'o') || view->members };
	struct output *output = view->output;
	bool done;

	layout_open_type(output, &view->layout);
	done = add_layout(view, &how, error);
	if (done)
		layout_close_type(output, &view->layout);
	return done;
}

/* The structure at ADDRESS, of CPU or, below 0, of none. False: enough, or *error. */
static bool show_one(struct view *view, uint64_t address, int cpu, struct error *error)
{
	struct output *output = view->output;
	struct buffer expression = { 0 };
	bool more = output_row(output) && (cpu < 0 || output_uint(output, CPU, cpu)) && output_address(output, ADDRESS, address);

	if (!more || !kernel_check_interrupt(view->kernel, error))
		return false;
	if (has_option(view->arguments, 'r'))
		return add_raw(view, address, error);
	if (has_option(view->arguments, 'o')) {
		struct layout_view how = { .at_address = true, .address = address };

		view->shown++;
		return add_layout(view, &how, error);
	}
	if (has_option(view->arguments, 'u'))
		address |= view->kernel->arch->user_mark;	/* as gdb knows it */
	if (view->members)
		return add_members(view, address);
	buffer_printf(&expression, "*(%s *)0x%" PRIx64, view->layout.type, address);
	more = !expression.failed && add_text(view, VALUE, expression.data, format_of(view, true), address);
	buffer_free(&expression);
	return more;
}

/* view->count of them from the one at ADDRESS on, or up to it. */
static bool show_array(struct view *view, uint64_t address, int cpu, struct error *error)
{
	uint64_t count = view->count < 0 ? -view->count : view->count, at = address - view->before;

	if (view->count < 0)
		at -= (count - 1) * view->layout.size;
	for (uint64_t i = 0; i < count; i++)
		if (!show_one(view, at + i * view->layout.size, cpu, error))
			return error->kind == ERROR_NONE && view->why.kind != ERROR_INTERRUPTED;
	return true;
}

/* WORD is a per-CPU variable or an address as alloc_percpu() gives it. */
static bool show_cpus(struct view *view, const char *word, const char *list, struct error *error)
{
	const struct symbol *symbol = symtab_find(view->kernel->symbols, word);
	bool *cpus = parse_cpus(view->kernel, view->host, "struct", word, list, error), done = cpus != NULL;
	uint64_t pointer, address;

	if (done && symbol && !symbol->percpu)
		done = error_set(error, ERROR_USAGE, "struct: %s is not a per-CPU variable", word);
	if (done && !symbol)
		done = parse_address(view->kernel, view->host, view->output, "struct", word, &pointer, error);
	for (unsigned cpu = 0; done && cpu < view->kernel->nr_cpu_ids; cpu++)
		if (cpus[cpu])
			done = (symbol ? kernel_per_cpu(view->kernel, word, cpu, &address, error) :
					 kernel_per_cpu_pointer(view->kernel, pointer, cpu, &address, error)) &&
			       show_array(view, address, cpu, error);
	free(cpus);
	return done;
}

static bool parse_number(const char *text, int64_t *count_ret, struct error *error)
{
	char *end;

	errno = 0;
	*count_ret = strtoll(text, &end, 0);
	return (*text && !*end && !errno && *count_ret && *count_ret <= MAX_COUNT && *count_ret >= -MAX_COUNT) ||
	       error_set(error, ERROR_USAGE, "struct: COUNT is a number from 1 to %d, or from -1 to -%d, not \"%.40s\"", MAX_COUNT, MAX_COUNT,
			 text);
}

/* -f: where the kernel has in memory what is at OFFSET of the dump's (first) file. */
static bool address_in_file(struct view *view, const char *word, uint64_t *address_ret, struct error *error)
{
	const struct dump *dump = view->kernel->dump;
	uint64_t offset;

	if (!parse_hex("struct -f", word, &offset, error))
		return false;
	if (dump->format != &dump_format_elf && dump->format != &dump_format_raw && dump->format != &dump_format_vmware)
		return error_set(error, ERROR_USAGE, "struct -f: in a file of format %s memory is compressed; only where it is as it was an offset is that of "
				 "an address", dump->format->name);
	for (size_t i = 0; i < dump->nr_ranges; i++) {
		const struct dump_range *range = &dump->ranges[i];

		if ((!range->file || range->file == dump->files[0]) && offset >= range->file_offset && offset - range->file_offset < range->file_size)
			return page_direct_address(view->kernel, range->start + (offset - range->file_offset), address_ret, error) ||
			       error_prefix(error, "struct -f");
	}
	return error_set(error, ERROR_USAGE, "struct -f: at offset 0x%" PRIx64 " the dump's file has no memory", offset);
}

/* All that is asked of what is at WORD. */
static bool show_memory(struct view *view, char *word, struct error *error)
{
	static const struct column columns[] = {
		[CPU] = { "cpu", "[%]", 0, 0 },
		[ADDRESS] = { "address", "%:", 0, COLUMN_ADDRESS },
		[VALUE] = { "value", "%", 0, COLUMN_RAW },
	};
	const char *list = cut_cpus(word);
	const struct symbol *symbol;
	uint64_t address, root;
	bool done;

	memcpy(view->columns, columns, sizeof(columns));
	/* The one that was asked for needs no name. */
	if (!list && view->count == 1 && !view->before) {
		view->columns[CPU].flags |= COLUMN_JSON_ONLY;
		view->columns[ADDRESS].flags |= COLUMN_JSON_ONLY;
		if (view->members || has_option(view->arguments, 'r') || has_option(view->arguments, 'o'))
			view->columns[VALUE].flags |= COLUMN_JSON_ONLY;	/* so that there is no line of its own */
	} else {
		view->columns[VALUE].title = "\n%";
	}
	view->shape = (struct shape){ "structures", SHAPE_PLAIN, view->columns, ARRAY_SIZE(columns) };
	symbol = list || has_option(view->arguments, 'f') ? NULL : symtab_find(view->kernel->symbols, word);
	if (symbol && symbol->percpu)
		return error_set(error, ERROR_USAGE, "struct: %s is a per-CPU variable: %s:a is all of them, %s:1 that of CPU 1", word, word, word);
	if (has_option(view->arguments, 'f') && (list || has_option(view->arguments, 'u')))
		return error_set(error, ERROR_USAGE, "struct: -f is of an offset; neither :CPUS nor -u goes with it");
	if (!list && !(has_option(view->arguments, 'f') ? address_in_file(view, word, &address, error) :
							  parse_address(view->kernel, view->host, view->output, "struct", word, &address, error)))
		return false;
	if (!list && has_option(view->arguments, 'u') &&
	    !select_user_root(view->kernel, view->host, "struct", 0, address, "", &root, error))
		return false;
	output_begin(view->output, &view->shape);
	done = list ? show_cpus(view, word, list, error) : show_array(view, address, -1, error);
	output_end(view->output);
	if (!done || !view->failed)
		return done;
	*error = view->why;
	if (view->shown)
		error->kind = ERROR_PARTIAL;
	return error_prefix(error, "struct");
}

static bool run_view(struct view *view, char *name, char *address, struct error *error)
{
	const struct arguments *arguments = view->arguments;
	const char *count = option_value(arguments, 'c'), *link = option_value(arguments, 'l');
	char *dot = strchr(name, '.');

	if (dot) {
		*dot = '\0';
		view->members = dot + 1;
	}
	if (!*name || (dot && !view->members[strspn(view->members, ",")]))
		return error_set(error, ERROR_USAGE, "struct: which one? struct NAME[.MEMBER,...] [ADDRESS[:CPUS] [COUNT]]");
	if (arguments->nr_words == 3)
		count = arguments->words[2];
	view->count = 1;
	if ((count && !parse_number(count, &view->count, error)) ||
	    (link && !parse_offset(view->kernel, "struct", link, &view->before, error)) ||
	    !view->host->layout(view->host->context, name, &view->layout, error) || !check_members(view, error))
		return false;
	if (address)
		return show_memory(view, address, error);
	if (count || link || has_option(arguments, 'f'))
		return error_set(error, ERROR_USAGE, "struct: at which address? %s goes with one", count ? "COUNT" : link ? "-l" : "-f");
	return show_type(view, error);
}

static bool struct_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		       struct error *error)
{
	struct view view = { .kernel = kernel, .arguments = arguments, .host = host, .output = output };
	char *name, *address = NULL;
	bool done;

	*error = (struct error){ .kind = ERROR_NONE };
	if (!host || !host->print || !host->layout || !host->type)
		return error_set(error, ERROR_USAGE, "struct: types are not known here");
	if (!arguments->nr_words || arguments->nr_words > 3)
		return error_set(error, ERROR_USAGE, "struct: which one? struct NAME[.MEMBER,...] [ADDRESS[:CPUS] [COUNT]]");
	name = strdup(arguments->words[0]);
	if (arguments->nr_words > 1)
		address = strdup(arguments->words[1]);
	done = (name && (address || arguments->nr_words == 1)) || error_no_memory(error, "words", 0);
	done = done && run_view(&view, name, address, error);
	layout_free(&view.layout);
	free(address);
	free(name);
	return done;
}

static const char help[] =
	"Shows how a structure, a union or the typedef of one is laid out; with ADDRESS,\n"
	"what is there as one, in gdb's words. ADDRESS is a symbol, a hexadecimal number\n"
	"or an (expression); with :CPUS behind it, a per-CPU variable or pointer, of\n"
	"which there is one for each of these CPUs: 0,2-4, a for all, nothing for that of\n"
	"the selected thread. A MEMBER may be a member's member: se.vruntime, comm[0].\n"
	"`kernel union' and `kernel *' are the same. Types of a module are known after\n"
	"`kernel mod -s MODULE'.\n"
	"\n"
	"JSON: \"types\" with \"members\", or \"structures\" with \"value\", \"values\", \"members\"\n"
	"or \"memory\".\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel struct -o list_head\n"
	"struct list_head {\n"
	"     [0] struct list_head *next;\n"
	"     [8] struct list_head *prev;\n"
	"}  SIZE: 16\n"
	"(gdb) kernel struct task_struct.pid,comm init_task\n"
	"  pid = 0\n"
	"  comm = \"swapper/0\\000\\000\\000\\000\\000\\000\"\n"
	"(gdb) kernel struct rq.nr_running runqueues:a\n"
	"(gdb) kernel struct task_struct.pid -l task_struct.tasks (init_task.tasks.next)\n";

static const struct mi_name mi_names[] = { { "struct", NULL }, { 0 } };

const struct command command_struct = {
	.name = "struct",
	.alias = "union",
	.mi = mi_names,
	.summary = "Show a structure's layout, or one in memory.",
	.usage = "struct [-o] [-l OFFSET] [-p|-r] [-u|-f] [-x|-d] NAME[.MEMBER,...] [ADDRESS[:CPUS] [[-c] COUNT]]",
	.help = help,
	.options = options,
	.words = COMPLETE_TYPE,
	.run = struct_run,
};
