// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/data/entries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

enum { ADDRESS, INDEX };
enum { NAME, VALUE };

static const struct column columns[] = {
	[ADDRESS] = { "address", "%", 0, COLUMN_ADDRESS },
	[INDEX] = { "index", "index %", 0, 0 },
};
static const struct column member_columns[] = {
	[NAME] = { "member", "  % =", 0, 0 },
	[VALUE] = { "value", "%", 0, COLUMN_RAW },
};
static const struct shape member_shape = { "members", SHAPE_PLAIN, member_columns, ARRAY_SIZE(member_columns) };

bool parse_offset(struct kernel *kernel, const char *command, const char *text, uint64_t *offset_ret, struct error *error)
{
	const char *dot = strchr(text, '.');
	struct member member;
	char type[128], *end;

	if (!dot) {
		errno = 0;
		*offset_ret = strtoull(text, &end, 0);
		return (*text >= '0' && *text <= '9' && !*end && !errno) ||
		       error_set(error, ERROR_USAGE, "%s: an offset is a number or STRUCT.MEMBER, not \"%.100s\"", command, text);
	}
	snprintf(type, sizeof(type), "%.*s", (int)(dot - text), text);
	if (!types_member(kernel->types, type, dot + 1, &member, error))
		return false;
	*offset_ret = member.offset;
	return true;
}

bool entries_begin(struct entries *entries, struct error *error)
{
	const char *what = option_value(entries->arguments, 's'), *link = option_value(entries->arguments, 'l');

	if (!what)
		what = option_value(entries->arguments, 'S');
	entries->type = what;
	entries->type_size = what ? strcspn(what, ".") : 0;
	entries->members = what && what[entries->type_size] ? what + entries->type_size + 1 : NULL;
	entries->link = 0;
	if (what && (!entries->type_size || (entries->members && !*entries->members)))
		return error_set(error, ERROR_USAGE, "%s: -s wants STRUCT or STRUCT.MEMBER,MEMBER, not \"%.100s\"", entries->command, what);
	if (what && (!entries->host || !entries->host->print))
		return error_set(error, ERROR_USAGE, "%s: -s: structures cannot be printed here", entries->command);
	if (link && !parse_offset(entries->kernel, entries->command, link, &entries->link, error))
		return false;
	memcpy(entries->columns, columns, sizeof(columns));
	if (!entries->indexed || !has_option(entries->arguments, 'p'))
		entries->columns[INDEX].flags |= COLUMN_JSON_ONLY;
	entries->shape = (struct shape){ "entries", SHAPE_PLAIN, entries->columns, ARRAY_SIZE(columns) };
	output_begin(entries->output, &entries->shape);
	return true;
}

/* One member of the structure at ADDRESS, or all of it. */
static bool add_member(struct entries *entries, uint64_t address, const char *member, size_t size)
{
	const char *format = has_option(entries->arguments, 'x') ? "x" : has_option(entries->arguments, 'd') ? "d" : "";
	struct buffer text = { 0 }, expression = { 0 };
	struct error why = { .kind = ERROR_NONE };
	struct output *output = entries->output;
	bool good, more;

	buffer_printf(&expression, member ? "((struct %.*s *)0x%" PRIx64 ")->%.*s" : "*(struct %.*s *)0x%" PRIx64,
		      (int)entries->type_size, entries->type, address, (int)size, member);
	good = !expression.failed && entries->host->print(entries->host->context, expression.data, format, &text, &why);
	more = output_row(output) && output_bytes(output, NAME, member ? member : entries->type, member ? size : entries->type_size);
	if (more && good && !text.failed)
		more = output_bytes(output, VALUE, text.data, text.size);
	if (!good && entries->why.kind == ERROR_NONE)
		entries->why = why;
	buffer_free(&text);
	buffer_free(&expression);
	return more;
}

bool entries_add(struct entries *entries, uint64_t address, uint64_t index, struct error *error)
{
	const char *member = entries->members;
	bool more;

	if (!kernel_check_interrupt(entries->kernel, error) || !output_row(entries->output) ||
	    !output_address(entries->output, ADDRESS, address) ||
	    (entries->indexed && !output_uint(entries->output, INDEX, index)))
		return false;
	if (!entries->type)
		return true;
	more = output_begin(entries->output, &member_shape);
	if (!member)
		more = more && add_member(entries, address - entries->link, NULL, 0);
	while (more && member && *member) {
		size_t size = strcspn(member, ",");

		more = add_member(entries, address - entries->link, member, size);
		member += size + (member[size] == ',');
	}
	return output_end(entries->output) && more;
}

bool entries_end(struct entries *entries, bool walked, struct error *error)
{
	output_end(entries->output);
	if (entries->why.kind != ERROR_NONE)
		output_note(entries->output, "a value is not known: %s", entries->why.text);
	if (walked || error->kind == ERROR_INTERRUPTED || error->kind == ERROR_NO_MEMORY)
		return walked;
	error->kind = ERROR_PARTIAL;
	return error_prefix(error, "%s", entries->command);
}
