// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The calls that commands make, turned into the few a renderer has to know. Numbers are put into
 * text here, once, so that all renderers show people the same.
 */
#include "commands/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows come by the ten thousands, and printf would be most of their cost: digits are made by hand.
 */
#define NUMBER_SIZE 24

static char *format_decimal(char *end, uint64_t value)
{
	*--end = '\0';
	do {
		*--end = '0' + value % 10;
		value /= 10;
	} while (value);
	return end;
}

bool output_begin(struct output *output, const struct shape *shape)
{
	return output->ops->begin(output, shape);
}

bool output_row(struct output *output)
{
	return output->ops->row(output);
}

bool output_end(struct output *output)
{
	return output->ops->end(output);
}

bool output_uint(struct output *output, size_t column, uint64_t value)
{
	char text[NUMBER_SIZE];

	return output->ops->number(output, column, value, false,
				   format_decimal(text + sizeof(text), value));
}

bool output_int(struct output *output, size_t column, int64_t value)
{
	char text[NUMBER_SIZE];
	char *start;

	if (value >= 0)
		return output_uint(output, column, value);
	start = format_decimal(text + sizeof(text), -(uint64_t)value);
	*--start = '-';
	return output->ops->number(output, column, value, true, start);
}

bool output_address(struct output *output, size_t column, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";
	int count = output_address_digits(output);
	char text[17], *start = text + 16;
	uint64_t rest = value;

	*start = '\0';
	for (; count > 0 || rest; count--, rest >>= 4)
		*--start = digits[rest & 15];
	return output->ops->number(output, column, value, false, start);
}

bool output_uint_as(struct output *output, size_t column, uint64_t value, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return output->ops->number(output, column, value, false, text);
}

bool output_int_as(struct output *output, size_t column, int64_t value, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return output->ops->number(output, column, value, true, text);
}

bool output_real(struct output *output, size_t column, double value, int decimals)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", decimals, value);
	return output->ops->real(output, column, value, text);
}

bool output_string(struct output *output, size_t column, const char *string)
{
	return output->ops->string(output, column, string, strlen(string));
}

bool output_bytes(struct output *output, size_t column, const char *string, size_t size)
{
	return output->ops->string(output, column, string, size);
}

bool output_printf(struct output *output, size_t column, const char *format, ...)
{
	char small[256];
	char *text = small;
	va_list args;
	bool more;
	int size;

	va_start(args, format);
	size = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (size < 0)
		return output_string(output, column, "");
	if ((size_t)size >= sizeof(small)) {
		va_start(args, format);
		size = vasprintf(&text, format, args);
		va_end(args);
		if (size < 0) {		/* no memory: the part we have */
			text = small;
			size = sizeof(small) - 1;
		}
	}
	more = output->ops->string(output, column, text, size);
	if (text != small)
		free(text);
	return more;
}

bool output_bool(struct output *output, size_t column, bool value, const char *text)
{
	return output->ops->boolean(output, column, value, text ? text : value ? "yes" : "no");
}

bool output_note(struct output *output, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return output->ops->note(output, text);
}

bool output_heading(struct output *output, const char *text)
{
	return !output->ops->heading || output->ops->heading(output, text);
}

bool output_flush(struct output *output)
{
	return !output->ops->flush || output->ops->flush(output);
}
