// SPDX-License-Identifier: GPL-3.0-or-later
/* Addresses and counts as people type them: one rule for all commands. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"

bool parse_address(struct kernel *kernel, const struct host *host, const char *command,
		   const char *text, uint64_t *value_ret, struct error *error)
{
	const struct symbol *symbol;
	char *end;

	if (text[0] == '(') {
		if (!host || !host->evaluate)
			return error_set(error, ERROR_USAGE, "%s: %s cannot be evaluated here",
					 command, text);
		return host->evaluate(host->context, text, value_ret, error);
	}
	errno = 0;
	*value_ret = strtoull(text, &end, 16);
	if (*text && !*end && !errno && !strpbrk(text, "+- \t"))
		return true;
	symbol = kernel->symbols ? symtab_find(kernel->symbols, text) : NULL;
	if (!symbol)
		return error_set(error, ERROR_USAGE,
				 "%s: \"%.100s\" is neither a hexadecimal number nor a symbol nor "
				 "an (expression)",
				 command, text);
	*value_ret = symbol->address;
	return true;
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
