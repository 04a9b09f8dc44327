// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/data/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"

enum { WHERE, DECLARATION, NAME, TYPE, OFFSET, ADDRESS, SIZE, BIT_OFFSET, BIT_SIZE, CLOSE };

static const struct column columns[] = {
	[WHERE] = { "where", "%", 8, COLUMN_RIGHT | COLUMN_TEXT_ONLY },
	[DECLARATION] = { "declaration", "%", 0, COLUMN_RAW | COLUMN_TEXT_ONLY },
	[NAME] = { "name", NULL, 0, COLUMN_JSON_ONLY },
	[TYPE] = { "type", NULL, 0, COLUMN_JSON_ONLY },
	[OFFSET] = { "offset", NULL, 0, COLUMN_JSON_ONLY },
	[ADDRESS] = { "address", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[SIZE] = { "size", NULL, 0, COLUMN_JSON_ONLY },
	[BIT_OFFSET] = { "bit_offset", NULL, 0, COLUMN_JSON_ONLY },
	[BIT_SIZE] = { "bit_size", NULL, 0, COLUMN_JSON_ONLY },
	[CLOSE] = { "close", "%", 0, COLUMN_RAW | COLUMN_TEXT_ONLY },
};
static const struct shape shape = { "members", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

enum { TYPE_NAME, TYPE_SIZE };

static const struct column type_columns[] = {
	[TYPE_NAME] = { "type", "% {", 0, 0 },
	[TYPE_SIZE] = { "size", "}  SIZE: %", 0, 0 },
};
static const struct shape type_shape = { "types", SHAPE_PLAIN, type_columns, ARRAY_SIZE(type_columns) };

struct layout_member *layout_add(struct layout *layout)
{
	struct layout_member *grown =
		layout->count < LAYOUT_MAX_MEMBERS ? array_room(layout->members, layout->count, &layout->room, sizeof(*grown), "the members", NULL) : NULL;

	if (!grown)
		return NULL;
	layout->members = grown;
	grown += layout->count++;
	*grown = (struct layout_member){ 0 };
	return grown;
}

void layout_free(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		free(layout->members[i].name);
		free(layout->members[i].type);
	}
	free(layout->members);
	free(layout->type);
	*layout = (struct layout){ 0 };
}

const struct layout_member *layout_find(const struct layout *layout, const char *name, size_t size)
{
	unsigned hidden = UINT32_MAX;	/* from this depth on it is inside of a member with a name */

	for (size_t i = 0; i < layout->count; i++) {
		const struct layout_member *member = &layout->members[i];

		if (member->depth > hidden)
			continue;
		hidden = UINT32_MAX;
		if (strlen(member->name) == size && !memcmp(member->name, name, size) && size)
			return member;
		if (member->opens && *member->name)
			hidden = member->depth;
	}
	return NULL;
}

/* C puts the name into the type: "char [16]" of comm is "char comm[16]", "void (*)(int)" of f is "void (*f)(int)". */
static void declare(struct buffer *text, const struct layout_member *member)
{
	const char *type = member->type, *pointer = strstr(type, "(*"), *array = strstr(type, " ["), *split = NULL;

	if (pointer)
		split = pointer + 1 + strspn(pointer + 1, "*");
	else if (array)
		split = array;
	if (split)
		buffer_printf(text, "%.*s%s%s%s", (int)(split - type), type, pointer ? "" : " ", member->name, split + !pointer);
	else
		buffer_printf(text, "%s%s%s", type, type[strlen(type) - 1] == '*' ? "" : " ", member->name);
	if (member->bit_size)
		buffer_printf(text, " : %u", member->bit_size);
}

static bool show_members(struct output *output, const struct layout_member *members, size_t count, unsigned base,
			 const struct layout_view *view);

static bool show_where(struct output *output, const struct layout_member *member, const struct layout_view *view)
{
	if (view->at_address && !output_address(output, ADDRESS, view->address + member->offset))
		return false;
	if (!view->offsets && !view->at_address)
		return true;
	if (view->at_address)
		return output_printf(output, WHERE, "[%0*" PRIx64 "]", output_address_digits(output), view->address + member->offset);
	return output_printf(output, WHERE, "[%" PRIu64 "]", member->offset);
}

/* One member with the COUNT - 1 members that are in it. */
static bool show_member(struct output *output, const struct layout_member *member, size_t count, unsigned base,
			const struct layout_view *view)
{
	bool placed = view->offsets || view->at_address;
	int indent = 4 * (member->depth - base) + (placed ? 0 : 4);
	int place = !placed ? 0 : view->at_address ? output_address_digits(output) + 3 : (int)columns[WHERE].width + 1;
	struct buffer text = { 0 };
	bool more;

	buffer_printf(&text, "%*s", indent, "");
	if (member->opens)
		buffer_printf(&text, "%s {", member->type);
	else
		declare(&text, member);
	if (!member->opens)
		buffer_char(&text, ';');
	more = output_row(output) && show_where(output, member, view) && output_bytes(output, DECLARATION, text.data, text.size) &&
	       (!*member->name || output_string(output, NAME, member->name)) && output_string(output, TYPE, member->type) &&
	       output_uint(output, OFFSET, member->offset) && output_uint(output, SIZE, member->size) &&
	       (!member->bit_size || (output_uint(output, BIT_OFFSET, member->bit_offset) && output_uint(output, BIT_SIZE, member->bit_size)));
	buffer_free(&text);
	if (!more || !member->opens)
		return more;
	return show_members(output, member + 1, count - 1, base, view) &&
	       output_printf(output, CLOSE, "%*s}%s%s;", indent + place, "", *member->name ? " " : "", member->name);
}

static bool show_members(struct output *output, const struct layout_member *members, size_t count, unsigned base,
			 const struct layout_view *view)
{
	bool more = output_begin(output, &shape);

	for (size_t i = 0, next; more && i < count; i = next) {
		for (next = i + 1; next < count && members[next].depth > members[i].depth; next++)
			;
		more = show_member(output, &members[i], next - i, base, view);
	}
	return output_end(output) && more;
}

bool layout_show(struct output *output, const struct layout_member *members, size_t count, const struct layout_view *view)
{
	return show_members(output, members, count, count ? members->depth : 0, view);
}

void layout_open_type(struct output *output, const struct layout *layout)
{
	output_begin(output, &type_shape);
	output_row(output);
	output_string(output, TYPE_NAME, layout->type);
}

void layout_close_type(struct output *output, const struct layout *layout)
{
	output_uint(output, TYPE_SIZE, layout->size);
	output_end(output);
}

bool layout_show_type(struct output *output, const struct layout *layout, const struct layout_view *view)
{
	bool more;

	layout_open_type(output, layout);
	more = layout_show(output, layout->members, layout->count, view);
	layout_close_type(output, layout);
	return more;
}
