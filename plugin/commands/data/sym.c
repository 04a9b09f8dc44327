// SPDX-License-Identifier: GPL-3.0-or-later
/* The command sym: names to addresses and back, with the letters of System.map, in vmlinux and in
 * modules. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "kernel/modules/livepatch.h"
#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"

static const struct option options[] = {
	{ 'l', NULL, "all symbols, by address, vmlinux's and then each module's" },
	{ 'M', NULL, "all symbols of modules" },
	{ 'm', "MODULE", "all symbols of this module" },
	{ 'q', "STRING", "all symbols with STRING in their names" },
	{ 'p', NULL, "the symbol before each, too" },
	{ 'n', NULL, "the symbol after each, too" },
	{ 0 }
};

enum { ADDRESS, LETTER, NAME, OFFSET, MODULE, PERCPU, SIZE, SOURCE };

static const struct column columns[] = {
	[ADDRESS] = { "address", NULL, 16, COLUMN_ADDRESS },
	[LETTER] = { "type", "(%)", 0, 0 },
	[NAME] = { "name", "%", 0, COLUMN_FUNCTION },
	[OFFSET] = { "offset", "+%", 0, 0 },
	[MODULE] = { "module", "[%]", 0, 0 },
	[PERCPU] = { "per_cpu", "%", 0, 0 },
	[SIZE] = { "bytes", NULL, 0, COLUMN_JSON_ONLY },
	[SOURCE] = { "source", "%", 0, 0 },
};
static const struct shape shape = { "symbols", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

struct sym {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	uint64_t shown;
};

/* --- showing --- */

/* False once the person has had enough. SOURCE: ask gdb for the line, which costs. */
static bool emit(struct sym *sym, const struct symbol *symbol, const struct module *module,
		 uint64_t address, bool source)
{
	struct output *output = sym->output;
	const struct source_frame *frames;
	char line[512];

	sym->shown++;
	if (!output_row(output) || !output_address(output, ADDRESS, address) ||
	    !output_printf(output, LETTER, "%c", symbol->letter ? symbol->letter : '?') ||
	    !output_string(output, NAME, symbol->name))
		return false;
	if (address != symbol->address && !output_uint_as(output, OFFSET, address - symbol->address,
							  "0x%" PRIx64, address - symbol->address))
		return false;
	if ((module && !output_string(output, MODULE, module->name)) ||
	    !output_bool(output, PERCPU, symbol->percpu, symbol->percpu ? "per-CPU" : "") ||
	    (symbol->size && !output_uint(output, SIZE, symbol->size)))
		return false;
	return !source || symbol->percpu || !host_source(sym->host, address, true, &frames) ||
	       !source_frame_place(&frames[0], line, sizeof(line)) ||
	       output_string(output, SOURCE, line);
}

static bool emit_all(struct sym *sym, const struct symtab *symbols, const struct module *module,
		     const char *part, struct error *error)
{
	for (size_t i = 0; i < symtab_count(symbols); i++) {
		const struct symbol *symbol = symtab_get(symbols, i);

		if (i % 4096 == 0 && !kernel_check_interrupt(sym->kernel, error))
			return false;
		if ((!part || strstr(symbol->name, part)) &&
		    !emit(sym, symbol, module, symbol->address, false))
			return false;
	}
	return true;
}

static bool emit_modules(struct sym *sym, const char *name, const char *part, struct error *error)
{
	struct module_list *modules;
	struct symtab *symbols;
	bool found = false;

	if (!modules_get(sym->kernel, &modules, error))
		return false;
	for (size_t i = 0; i < modules->count; i++) {
		struct module *module = &modules->modules[i];
		struct error why;

		if (name && strcmp(module->name, name))
			continue;
		found = true;
		if (!module_symbols(sym->kernel, module, &symbols, &why)) {
			if (!output_note(sym->output, "%s: %s", module->name, why.text))
				return false;
		} else if (!emit_all(sym, symbols, module, part, error)) {
			return false;
		}
	}
	return found || !name ||
	       error_set(error, ERROR_USAGE, "sym: there is no module %s; `mod' lists them", name);
}

/* --- one word --- */

/* SYMBOL at ADDRESS, and with -p and -n its neighbours in SYMBOLS. */
static bool emit_with_neighbours(struct sym *sym, const struct symtab *symbols,
				 const struct symbol *symbol, const struct module *module,
				 uint64_t address)
{
	bool wanted = has_option(sym->arguments, 'p') || has_option(sym->arguments, 'n');
	const struct symbol *before = NULL, *after = NULL;
	char text[600];

	for (size_t i = 0; wanted && i < symtab_count(symbols); i++) {
		const struct symbol *other = symtab_get(symbols, i);

		if (other->percpu != symbol->percpu)
			continue;
		if (other->address < symbol->address)
			before = other;
		if (other->address > symbol->address && !after)
			after = other;
	}
	if (has_option(sym->arguments, 'p') && before &&
	    !emit(sym, before, module, before->address, true))
		return false;
	if (!emit(sym, symbol, module, address, true))
		return false;
	if (symbol->function && livepatch_text(sym->kernel, address, text, sizeof(text)))
		output_note(sym->output, "livepatch: %s %s", symbol->name, text);
	return !has_option(sym->arguments, 'n') || !after ||
	       emit(sym, after, module, after->address, true);
}

#define MAX_NEAR 5
#define MAX_NAME 64	/* a longer one is not compared */

/* How many letters would have to be changed, put in, left out or exchanged with the next to make A of B; more than LIMIT is LIMIT + 1. */
static unsigned distance(const char *a, const char *b, unsigned limit)
{
	size_t size_a = strlen(a), size_b = strlen(b);
	unsigned rows[3][MAX_NAME + 1];

	if (size_b > MAX_NAME || (size_a > size_b ? size_a - size_b : size_b - size_a) > limit)
		return limit + 1;
	for (size_t j = 0; j <= size_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= size_a; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3], least = row[0] = i;

		for (size_t j = 1; j <= size_b; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);

			best = above[j] + 1 < best ? above[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < best)
				best = two_above[j - 2] + 1;
			row[j] = best;
			least = best < least ? best : least;
		}
		if (least > limit)
			return limit + 1;
	}
	return rows[size_a % 3][size_b];
}

struct near {
	const char *word;
	const char *names[MAX_NEAR];
	unsigned distances[MAX_NEAR], limit;
	size_t count;
};

/* The nearest first, each name once. */
static void near_put(struct near *near, const char *name)
{
	unsigned far = distance(near->word, name, near->limit);
	size_t at = near->count;

	if (far > near->limit)
		return;
	for (size_t i = 0; i < near->count; i++)
		if (!strcmp(near->names[i], name))
			return;
	while (at && near->distances[at - 1] > far)
		at--;
	if (at == MAX_NEAR)
		return;
	near->count += near->count < MAX_NEAR;
	for (size_t i = near->count - 1; i > at; i--) {
		near->names[i] = near->names[i - 1];
		near->distances[i] = near->distances[i - 1];
	}
	near->names[at] = name;
	near->distances[at] = far;
}

/* What is spelt nearly as WORD, behind *error. */
static void add_near(struct sym *sym, const char *word, struct error *error)
{
	size_t size = strlen(word);
	struct near near = { .word = word, .limit = size < 4 ? 0 : size < 8 ? 1 : 2 };
	struct module_list *modules;
	struct symtab *symbols;
	char text[200] = "; there is";

	if (!near.limit || size > MAX_NAME || *word == '(')
		return;
	for (size_t i = 0; i < symtab_count(sym->kernel->symbols); i++)
		near_put(&near, symtab_get(sym->kernel->symbols, i)->name);
	for (size_t m = 0; modules_get(sym->kernel, &modules, NULL) && m < modules->count; m++)
		for (size_t i = 0; module_symbols(sym->kernel, &modules->modules[m], &symbols, NULL) && i < symtab_count(symbols); i++)
			near_put(&near, symtab_get(symbols, i)->name);
	for (size_t i = 0; i < near.count && strlen(text) + strlen(near.names[i]) + 3 < sizeof(text); i++) {
		strcat(text, i ? ", " : " ");
		strcat(text, near.names[i]);
	}
	if (near.count)
		error_add(error, text);
}

/* All symbols of this name, in vmlinux and in the modules. */
static bool emit_named(struct sym *sym, const char *name)
{
	struct kernel *kernel = sym->kernel;
	struct module_list *modules;
	struct symtab *symbols;

	for (const struct symbol *symbol = symtab_find_next(kernel->symbols, name, NULL); symbol;
	     symbol = symtab_find_next(kernel->symbols, name, symbol))
		if (!emit_with_neighbours(sym, kernel->symbols, symbol, NULL, symbol->address))
			return false;
	if (!modules_get(kernel, &modules, NULL))
		return true;
	for (size_t i = 0; i < modules->count; i++) {
		if (!module_symbols(kernel, &modules->modules[i], &symbols, NULL))
			continue;
		for (const struct symbol *symbol = symtab_find_next(symbols, name, NULL); symbol;
		     symbol = symtab_find_next(symbols, name, symbol))
			if (!emit_with_neighbours(sym, symbols, symbol, &modules->modules[i],
						  symbol->address))
				return false;
	}
	return true;
}

static bool emit_address(struct sym *sym, uint64_t address, const char *word, struct error *error)
{
	const struct symtab *symbols;
	struct module *module;
	const struct symbol *symbol = kernel_lookup(sym->kernel, address, &symbols, &module);

	if (!symbol)
		return error_set(error, ERROR_USAGE,
				 "sym: %s is neither a symbol nor an address inside of one", word);
	emit_with_neighbours(sym, symbols, symbol, module, address);
	return true;
}

static bool emit_word(struct sym *sym, const char *word, struct error *error)
{
	uint64_t before = sym->shown, address;

	/* A name may look like a number: it goes first. */
	if (word[0] != '(') {
		emit_named(sym, word);
		if (sym->shown > before) {
			hint_at_number(sym->output, word);
			return true;
		}
	}
	return parse_address(sym->kernel, sym->host, NULL, "sym", word, &address, error) &&
	       emit_address(sym, address, word, error);
}

static bool run_lists(struct sym *sym, struct error *error)
{
	const struct arguments *arguments = sym->arguments;
	const char *part = option_value(arguments, 'q'), *module = option_value(arguments, 'm');
	bool all = has_option(arguments, 'l') || (part && !has_option(arguments, 'M') && !module);

	if (all && !emit_all(sym, sym->kernel->symbols, NULL, part, error))
		return false;
	return (!all && !module && !has_option(arguments, 'M')) ||
	       emit_modules(sym, module, part, error);
}

static bool sym_run(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		    const struct host *host, struct error *error)
{
	struct sym sym = { kernel, arguments, host, output, 0 };
	struct error why = { 0 }, missing = { .kind = ERROR_NONE };
	bool done;

	if (!arguments->nr_words && !has_option(arguments, 'l') && !has_option(arguments, 'M') &&
	    !option_value(arguments, 'm') && !option_value(arguments, 'q'))
		return error_set(error, ERROR_USAGE,
				 "sym: which symbol? sym NAME|ADDRESS..., or -l, -M, -m, -q");
	if (!output_begin(output, &shape))
		return true;
	done = run_lists(&sym, &why);
	for (size_t i = 0; done && i < arguments->nr_words; i++) {
		struct error nothing = { .kind = ERROR_NONE };

		done = emit_word(&sym, arguments->words[i], &nothing) || nothing.kind == ERROR_USAGE;
		if (nothing.kind == ERROR_USAGE)
			add_near(&sym, arguments->words[i], &nothing);
		/* The others are answered all the same. */
		if (nothing.kind != ERROR_NONE && missing.kind == ERROR_NONE)
			missing = nothing;
		if (!done)
			why = nothing;
	}
	/* That somebody has had enough is no error. */
	if (!done && why.kind) {
		if (error)
			*error = why;
		return false;
	}
	if (!sym.shown && option_value(arguments, 'q'))
		return error_set(error, ERROR_USAGE, "sym: no symbol has \"%s\" in its name",
				 option_value(arguments, 'q'));
	output_end(output);
	if (missing.kind == ERROR_NONE)
		return true;
	return error_set(error, sym.shown ? ERROR_PARTIAL : missing.kind, "%s", missing.text);
}

static const char help[] =
	"Each word is a symbol's name, an address in hexadecimal, or an (expression)\n"
	"that gdb evaluates. A word that is both is the symbol; 0x makes it the number.\n"
	"The letter is that of System.map and nm: T t code, D d data, B b zeroed data,\n"
	"R r constants, V W weak, A absolute; small ones are local to their\n"
	"file. Per-CPU symbols have an offset for an address.\n"
	"\n"
	"gdb knows `sym` as an abbreviation of symbol-file: this one is `kernel sym`.\n"
	"\n"
	"JSON: an array \"symbols\" with address, type, name, offset, module, per_cpu,\n"
	"bytes and source.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel sym schedule ffffffff8c01154a\n"
	"ffffffff8c0114f0 (T) schedule kernel/sched/core.c:6720\n"
	"ffffffff8c01154a (T) schedule +0x5a kernel/sched/core.c:6726\n";

static const struct mi_name mi_names[] = { { "symbol", NULL }, { 0 } };

const struct command command_sym = {
	.name = "sym",
	.mi = mi_names,
	.summary = "Show symbols: by name, by address, or all of them.",
	.usage = "sym [-l|-M|-m MODULE] [-q STRING] [-p] [-n] [NAME|ADDRESS]...",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = sym_run,
};
