// SPDX-License-Identifier: GPL-3.0-or-later
/* Addresses and counts as people type them, and functions as they see them: one rule for all commands. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "kernel/modules/symbolize.h"

static bool parse_hexadecimal(const char *text, uint64_t *value_ret)
{
	char *end;

	errno = 0;
	*value_ret = strtoull(text, &end, 16);
	return *text && !*end && !errno && !strpbrk(text, "+- \t");
}

bool parse_hex(const char *command, const char *text, uint64_t *value_ret, struct error *error)
{
	return parse_hexadecimal(text, value_ret) || error_set(error, ERROR_USAGE, "%s: %s is no hexadecimal number", command, text);
}

void hint_at_number(struct output *output, const char *text)
{
	uint64_t value;

	if (output && parse_hexadecimal(text, &value))
		output_note(output, "%.100s is a symbol and a hexadecimal number: this is the symbol; 0x%.100s is the number", text,
			    text);
}

bool parse_address(struct kernel *kernel, const struct host *host, struct output *output,
		   const char *command, const char *text, uint64_t *value_ret, struct error *error)
{
	const struct symbol *symbol;
	uint64_t address;

	if (text[0] == '(') {
		if (!host || !host->evaluate)
			return error_set(error, ERROR_USAGE, "%s: %s cannot be evaluated here",
					 command, text);
		return host->evaluate(host->context, text, value_ret, error);
	}
	symbol = kernel->symbols ? symtab_find(kernel->symbols, text) : NULL;
	if (symbol && kernel_symbol(kernel, text, &address, NULL)) {
		hint_at_number(output, text);
		*value_ret = address;
		return true;
	}
	return parse_hexadecimal(text, value_ret) ||
	       error_set(error, ERROR_USAGE,
				 "%s: \"%.100s\" is neither a hexadecimal number nor a symbol nor "
				 "an (expression)",
				 command, text);
}

bool parse_count(const char *command, const char *what, const char *text, uint64_t max,
		 uint64_t *value_ret, struct error *error)
{
	char *end;

	errno = 0;
	*value_ret = strtoull(text, &end, 0);
	if (!*text || *end || errno || strpbrk(text, "+-") || !*value_ret || *value_ret > max)
		return error_set(error, ERROR_USAGE,
				 "%s: %s is a number from 1 to %" PRIu64 ", not \"%.40s\"", command,
				 what, max, text);
	return true;
}

bool function_cell(struct kernel *kernel, struct output *output, size_t column, uint64_t function)
{
	char name[256];

	kernel_symbolize(kernel, function, name, sizeof(name));
	return *name ? output_string(output, column, name) : output_printf(output, column, "0x%" PRIx64, function);
}

size_t parse_addresses(struct kernel *kernel, const struct host *host, struct output *output, const char *command,
		       const struct arguments *arguments, uint64_t *values, struct error *wrong)
{
	size_t count = 0;
	struct error why;

	*wrong = (struct error){ .kind = ERROR_NONE };
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (parse_address(kernel, host, output, command, arguments->words[i], &values[count], &why))
			count++;
		else if (wrong->kind == ERROR_NONE)
			*wrong = why;
	if (count && wrong->kind != ERROR_NONE)
		wrong->kind = ERROR_PARTIAL;
	return count;
}
