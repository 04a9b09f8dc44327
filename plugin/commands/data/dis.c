// SPDX-License-Identifier: GPL-3.0-or-later
/* The command dis: machine code by gdb's disassembler. The options are crash's. What the dump lacks of vmlinux's code comes out of its file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "commands/data/dis.h"
#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"

#define MAX_COUNT (1 << 20)	/* instructions */
#define MAX_SIZE  (1 << 20)	/* bytes of one function: a larger one is damage */

static const struct option options[] = {
	{ 'r', NULL, "the function from its start up to ADDRESS" },
	{ 'f', NULL, "from ADDRESS to the end of the function" },
	{ 'l', NULL, "file and line behind the first instruction of each" },
	{ 's', NULL, "the lines of source that it is made of, in place of instructions" },
	{ 'b', "BYTES", "so many bytes behind each ud2 are data: BUG() in kernels before 2.6.20" },
	{ 'u', NULL, "ADDRESS is the selected task's" },
	{ 'x', NULL, "offsets in hexadecimal, as without it" },
	{ 'd', NULL, "offsets in decimal" },
	{ 0 }
};

enum { ADDRESS, SYMBOL, OFFSET, PLACE, MODULE, INSTRUCTION, SOURCE, BYTES, FROM_FILE };

static const struct column columns[] = {
	[ADDRESS] = { "address", "%", 0, COLUMN_ADDRESS },
	[SYMBOL] = { "symbol", NULL, 0, COLUMN_JSON_ONLY },
	[OFFSET] = { "offset", NULL, 0, COLUMN_JSON_ONLY },
	[PLACE] = { "place", "<%>:", 0, COLUMN_TEXT_ONLY },
	[MODULE] = { "module", NULL, 0, COLUMN_JSON_ONLY },
	[INSTRUCTION] = { "instruction", "%", 0, 0 },
	[SOURCE] = { "source", "  ; %", 0, 0 },
	[BYTES] = { "bytes", NULL, 0, COLUMN_JSON_ONLY },
	[FROM_FILE] = { "from_file", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "instructions", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

struct instruction {
	uint64_t address;
	unsigned size;
	bool from_file;
	char *text;
};

struct dis {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	uint64_t address, start, end;	/* asked for; [start, end) is disassembled, END 0 = by COUNT alone */
	uint64_t count;			/* 0 = not given */
	struct instruction *list;
	size_t nr, room, nr_from_file;
	char source[256];		/* the last one that was shown */
	uint64_t skip;			/* -b: bytes behind each ud2 */
	bool skipping;			/* one was met: it goes on behind them */
};

/* The address of a symbol, also of a module's. */
static bool find_symbol(struct kernel *kernel, const char *name, uint64_t *address_ret)
{
	struct module_list *modules;
	struct symtab *symbols;

	if (kernel->symbols && symtab_find(kernel->symbols, name) && kernel_symbol(kernel, name, address_ret, NULL))
		return true;
	if (!modules_get(kernel, &modules, NULL))
		return false;
	for (size_t i = 0; i < modules->count; i++) {
		const struct symbol *symbol = module_symbols(kernel, &modules->modules[i], &symbols, NULL) ? symtab_find(symbols, name) : NULL;

		if (symbol) {
			*address_ret = symbol->address;
			return true;
		}
	}
	return false;
}

/* schedule, schedule+0x5a as stacks have it, or what an address is everywhere. */
static bool parse_place(struct dis *dis, const char *word, bool *symbol_ret, struct error *error)
{
	const char *plus = strchr(word, '+');
	char name[256], *end;
	uint64_t offset = 0;

	*symbol_ret = false;
	snprintf(name, sizeof(name), "%.*s", plus ? (int)(plus - word) : (int)strlen(word), word);
	if (*word != '(' && find_symbol(dis->kernel, name, &dis->address)) {
		if (plus)
			offset = strtoull(plus + 1, &end, 0);
		if (plus && (plus[1] < '0' || plus[1] > '9' || *end))
			return error_set(error, ERROR_USAGE, "dis: an offset is a number, 0x5a or 90, not \"%.40s\"", plus + 1);
		dis->address += offset;
		*symbol_ret = !plus;
		if (!plus)
			hint_at_number(dis->output, word);
		return true;
	}
	return parse_address(dis->kernel, dis->host, dis->output, "dis", word, &dis->address, error);
}

/* The whole of the function that dis->address is in. */
static bool find_function(struct dis *dis, struct error *error)
{
	const struct symtab *symbols;
	struct module *module;
	const struct symbol *symbol = kernel_lookup(dis->kernel, dis->address, &symbols, &module);
	uint64_t size = symbol ? symbol->size : 0;

	if (!symbol)
		return error_set(error, ERROR_USAGE, "dis: 0x%" PRIx64 " is in no function that is known; with COUNT it can be disassembled all the same",
				 dis->address);
	/* Up to where the next one begins, which kallsyms has no better; padding is no part of it. */
	if (!size || dis->address - symbol->address >= size)
		for (size = dis->address - symbol->address + 1;
		     size < MAX_SIZE && kernel_lookup(dis->kernel, symbol->address + size, &symbols, &module) == symbol; size++)
			;
	if (size > MAX_SIZE)
		return error_set(error, ERROR_CORRUPT, "dis: %s would have %" PRIu64 " bytes, which no function has", symbol->name, size);
	dis->start = symbol->address;
	dis->end = symbol->address + size;
	return true;
}

static bool keep(void *context, uint64_t address, unsigned size, bool from_file, const char *text)
{
	struct dis *dis = context;
	struct instruction *grown = dis->nr < MAX_COUNT ? array_room(dis->list, dis->nr, &dis->room, sizeof(*grown), "the instructions", NULL) : NULL;

	if (!grown)
		return false;
	dis->list = grown;
	grown += dis->nr;
	*grown = (struct instruction){ .address = address, .size = size, .from_file = from_file, .text = strdup(text) };
	if (!grown->text)
		return false;
	for (char *at = grown->text; *at; at++)
		if (*at == '\t')
			*at = ' ';
	dis->nr++;
	dis->nr_from_file += from_file;
	dis->skipping = dis->skip && !strncmp(grown->text, "ud2", 3);
	return !dis->skipping;
}

static bool show_source(struct dis *dis, uint64_t address)
{
	const struct source_frame *frames;
	char place[200], text[256];

	if (!host_source(dis->host, address, true, &frames) || !source_frame_place(&frames[0], place, sizeof(place)))
		return true;
	snprintf(text, sizeof(text), "%s%s%s", place, frames[0].function ? " " : "", frames[0].function ? frames[0].function : "");
	if (!strcmp(text, dis->source))
		return true;
	memcpy(dis->source, text, sizeof(text));
	return output_string(dis->output, SOURCE, text);
}

static bool show_place(struct dis *dis, uint64_t address)
{
	const struct symtab *symbols;
	struct module *module;
	const struct symbol *symbol = kernel_lookup(dis->kernel, address, &symbols, &module);
	char text[256];

	if (!symbol || has_option(dis->arguments, 'u'))
		return true;
	if (address == symbol->address)
		snprintf(text, sizeof(text), "%s", symbol->name);
	else
		snprintf(text, sizeof(text), has_option(dis->arguments, 'd') ? "%s+%" PRIu64 : "%s+0x%" PRIx64, symbol->name,
			 address - symbol->address);
	return output_string(dis->output, PLACE, text) && output_string(dis->output, SYMBOL, symbol->name) &&
	       output_uint(dis->output, OFFSET, address - symbol->address) && (!module || output_string(dis->output, MODULE, module->name));
}

/* The machine code itself, where the dump has it. */
static bool show_bytes(struct dis *dis, const struct instruction *instruction)
{
	uint8_t bytes[32];
	char text[2 * sizeof(bytes) + 1];

	if (instruction->from_file || instruction->size > sizeof(bytes) || has_option(dis->arguments, 'u') ||
	    !memory_read(dis->kernel->memory, instruction->address, bytes, instruction->size, NULL))
		return true;
	for (unsigned i = 0; i < instruction->size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return output_string(dis->output, BYTES, text);
}

static void show(struct dis *dis)
{
	bool last_ones = has_option(dis->arguments, 'r') && dis->count && dis->count < dis->nr;
	bool more = true;

	for (size_t i = last_ones ? dis->nr - dis->count : 0; more && i < dis->nr; i++) {
		const struct instruction *instruction = &dis->list[i];

		more = output_row(dis->output) && output_address(dis->output, ADDRESS, instruction->address) &&
		       show_place(dis, instruction->address) && output_string(dis->output, INSTRUCTION, instruction->text) &&
		       (!has_option(dis->arguments, 'l') || show_source(dis, instruction->address)) && show_bytes(dis, instruction) &&
		       output_bool(dis->output, FROM_FILE, instruction->from_file, NULL);
	}
	output_end(dis->output);
	if (dis->nr_from_file)
		output_note(dis->output, "the dump lacks %zu of these instructions: they are vmlinux's, without what the kernel patched later",
			    dis->nr_from_file);
}

/* What is to be disassembled, out of the words. */
static bool parse(struct dis *dis, struct error *error)
{
	const struct arguments *arguments = dis->arguments;
	bool reverse = has_option(arguments, 'r'), forward = has_option(arguments, 'f'), is_symbol;
	uint64_t root;

	if (!arguments->nr_words || arguments->nr_words > 2)
		return error_set(error, ERROR_USAGE, "dis: which address? dis [-r|-f] ADDRESS [COUNT]");
	if (reverse && forward)
		return error_set(error, ERROR_USAGE, "dis: -r or -f, not both");
	if (!parse_place(dis, arguments->words[0], &is_symbol, error) ||
	    (arguments->nr_words == 2 && !parse_count("dis", "COUNT", arguments->words[1], MAX_COUNT, &dis->count, error)))
		return false;
	dis->start = dis->address;
	if (has_option(arguments, 'u')) {
		if (reverse || forward || has_option(arguments, 's'))
			return error_set(error, ERROR_USAGE, "dis: of a task's code it is not known where functions begin and end: give COUNT");
		if (!dis->count)
			dis->count = 1;
		return select_user_root(dis->kernel, dis->host, "dis", 0, dis->address, "", &root, error);
	}
	if (option_value(arguments, 'b') && !parse_count("dis", "-b", option_value(arguments, 'b'), 64, &dis->skip, error))
		return false;
	if (has_option(arguments, 's') && (dis->count || reverse || forward))
		return error_set(error, ERROR_USAGE, "dis: -s shows the whole function's source; neither COUNT nor -r nor -f goes with it");
	if (!has_option(arguments, 's') && !reverse && !forward && (dis->count || !is_symbol)) {
		if (!dis->count)
			dis->count = 1;
		return true;
	}
	if (!find_function(dis, error))
		return false;
	if (reverse)
		dis->end = dis->address + 1;
	else
		dis->start = dis->address;
	return true;
}

static bool dis_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	struct dis dis = { .kernel = kernel, .arguments = arguments, .host = host, .output = output };
	uint64_t mark = has_option(arguments, 'u') ? kernel->arch->user_mark : 0, limit;
	bool done, reverse = has_option(arguments, 'r');

	*error = (struct error){ .kind = ERROR_NONE };
	if (!host || !host->disassemble)
		return error_set(error, ERROR_USAGE, "dis: there is no disassembler here");
	if (!parse(&dis, error))
		return false;
	if (has_option(arguments, 's'))
		return dis_source(kernel, arguments, output, host, dis.address, dis.start, dis.end, error);
	limit = dis.count && !reverse ? dis.count : MAX_COUNT;
	output_begin(output, &shape);
	do {
		uint64_t start = dis.skipping ? dis.list[dis.nr - 1].address + dis.list[dis.nr - 1].size + dis.skip : dis.start | mark;

		dis.skipping = false;
		done = (dis.end && start >= dis.end) || dis.nr >= limit ||
		       host->disassemble(host->context, start, dis.end, limit - dis.nr, keep, &dis, error);
	} while (dis.skipping);
	show(&dis);
	for (size_t i = 0; i < dis.nr; i++)
		free(dis.list[i].text);
	free(dis.list);
	if (!done && dis.nr && error->kind != ERROR_INTERRUPTED)
		error->kind = ERROR_PARTIAL;
	return done || error_prefix(error, "dis");
}

static const char help[] =
	"Disassembles, by gdb's own disassembler: a function, given its name; so many\n"
	"instructions from ADDRESS on (1 without COUNT); with -r its function up to\n"
	"ADDRESS, of which COUNT are the last; with -f the rest of it. ADDRESS is a\n"
	"symbol, schedule+0x5a as stacks have it, a hexadecimal number or an\n"
	"(expression). Code is the dump's, with all that was patched; what the dump lacks\n"
	"comes out of vmlinux, and a note says so. (Source lines among it: gdb's\n"
	"`disassemble /s'.) With -s it is the function's source, where that is on this\n"
	"machine (help set vmcore source-path), with a * at the line of ADDRESS.\n"
	"\n"
	"JSON: \"instructions\" with \"address\", \"symbol\", \"offset\", \"instruction\", \"bytes\";\n"
	"with -s \"source\" and \"lines\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel dis -l -r schedule+0x5a 2\n"
	"ffffffffa8c11545  <schedule+0x55>:  call   0xffffffffa8c10af0 <__schedule>\n"
	"  ; kernel/sched/core.c:6719 schedule\n"
	"ffffffffa8c1154a  <schedule+0x5a>:  mov    (%rbx),%rax\n"
	"  ; arch/x86/include/asm/bitops.h:207 variable_test_bit\n"
	"(gdb) kernel dis -s rig_do_write+0x80\n"
	"    FILE: states.c\n"
	"    LINE: 278\n"
	"FUNCTION: rig_do_write\n"
	"   265  static ssize_t rig_do_write(struct file *file, ...\n"
	"  ...\n"
	" * 278          for (i = 0; i < RIG_ROLES; i++)\n";

static const struct mi_name mi_names[] = { { "disassemble", NULL }, { 0 } };

const struct command command_dis = {
	.name = "dis",
	.mi = mi_names,
	.summary = "Disassemble code of the kernel, its modules or a task.",
	.usage = "dis [-r|-f] [-l] [-u] [-x|-d] [-b BYTES] ADDRESS [COUNT] | dis -s ADDRESS",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = dis_run,
};
