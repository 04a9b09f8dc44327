// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_fill(struct error *error, enum error_kind kind, const char *format, ...)
{
	va_list args;

	if (!error)
		return;
	error->kind = kind;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
}

void error_fill_prefix(struct error *error, const char *format, ...)
{
	char old[sizeof(error->text)];
	va_list args;
	size_t used;

	if (!error)
		return;
	memcpy(old, error->text, sizeof(old));
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	used = strlen(error->text);
	snprintf(error->text + used, sizeof(error->text) - used, ": %s", old);
}

void error_add(struct error *error, const char *text)
{
	size_t used;

	if (!error)
		return;
	used = strlen(error->text);
	if (used + strlen(text) < sizeof(error->text))
		strcpy(error->text + used, text);
}

bool error_is_missing_memory(const struct error *error)
{
	return error->kind == ERROR_EXCLUDED || error->kind == ERROR_TRUNCATED ||
	       error->kind == ERROR_NOT_MAPPED;
}
