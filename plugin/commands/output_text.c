// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The renderer for people: cells to lines of text, streaming, so the first rows of a long table
 * cost nothing.
 *
 * Each shape that is open has a level. A row's cells are kept as escaped text until its line is
 * finished: by the next row, a shape inside of it, or the end; notes that come before stand below it. output.h says what the lines
 * look like.
 */
#include "commands/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/output_escape.h"

#define MAX_DEPTH 8 /* shapes in rows of shapes in ...: the deepest command has 4 */
#define PIECE_SIZE (32 * 1024)

struct cell {
	size_t start, size;		/* in the level's text */
	unsigned width;			/* on a terminal */
	bool set;
};

struct level {
	const struct shape *shape;
	struct cell *cells;		/* [capacity], of which shape->nr_columns are in use */
	size_t capacity;
	struct buffer text;
	struct buffer notes;		/* that came while the row's line was not out */
	unsigned label_width;		/* LIST: all labels end here */
	bool row_open;
	bool pending;			/* cells came since the last line */
	bool continued; /* the row's line is out, cells from now on get one of their own */
	bool inner;			/* something stands below the row's line */
	bool titled;			/* TABLE: the heading line is out */
	bool silent;			/* it has no column that people see */
};

struct output_text {
	struct output output;
	bool (*write)(void *context, const char *text, size_t size);
	const char *(*style)(void *context, unsigned column_flag);
	void *context;
	struct level levels[MAX_DEPTH];
	size_t depth;
	struct buffer buffer;
	bool stopped;
};

/* A line under construction. */
struct line {
	struct output_text *text;
	size_t pad;			/* spaces due before whatever comes next */
	size_t column;			/* where the cursor is, in columns of a terminal */
	unsigned gap;			/* spaces between cells */
};

static void put_spaces(struct buffer *buffer, size_t count)
{
	static const char spaces[] =
		"                                                                ";

	while (count) {
		size_t part = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;

		buffer_append(buffer, spaces, part);
		count -= part;
	}
}

static bool write_pieces(struct output_text *text, size_t least)
{
	if (text->buffer.failed)
		text->stopped = true;
	if (text->stopped || text->buffer.size < least || !text->buffer.size)
		return !text->stopped;
	if (!text->write(text->context, text->buffer.data, text->buffer.size))
		text->stopped = true;
	buffer_clear(&text->buffer);
	return !text->stopped;
}

static const char *style_of(const struct output_text *text, unsigned flags)
{
	const char *style = NULL;

	flags &= COLUMN_ADDRESS | COLUMN_FUNCTION | COLUMN_HIGHLIGHT;
	if (text->style && flags)
		style = text->style(text->context, flags & -flags);
	return style ? style : "";
}

static void put_styled(struct output_text *text, unsigned flags, const char *value, size_t size)
{
	const char *begin = size ? style_of(text, flags) : "";
	const char *end;

	if (!*begin) {
		buffer_append(&text->buffer, value, size);
		return;
	}
	buffer_string(&text->buffer, begin);
	buffer_append(&text->buffer, value, size);
	end = text->style(text->context, 0);
	buffer_string(&text->buffer, end ? end : "");
}

/* A value, its further lines (RAW ones may have some) aligned below the first at COLUMN. */
static void put_lines(struct output_text *text, unsigned flags, const char *value, size_t size,
		      size_t column)
{
	const char *newline;

	while ((newline = memchr(value, '\n', size))) {
		put_styled(text, flags, value, newline - value);
		size -= newline + 1 - value;
		value = newline + 1;
		if (!size)
			return;
		buffer_char(&text->buffer, '\n');
		put_spaces(&text->buffer, column);
	}
	put_styled(text, flags, value, size);
}

/* What stands around a value: the parts of a title with a '%', or "TITLE: ". */
struct around {
	const char *before, *after;
	size_t before_size, after_size;
	bool is_template;
};

static struct around around_value(const struct shape *shape, const struct column *column)
{
	const char *title = column->title ? column->title : "";
	const char *percent;
	struct around around = { "", "", 0, 0, false };

	if (shape->layout == SHAPE_TABLE)
		return around;
	percent = strchr(title, '%');
	around.before = title;
	if (percent) {
		around.before_size = percent - title;
		around.after = percent + 1;
		around.after_size = strlen(percent + 1);
		around.is_template = true;
	} else if (*title) {
		around.before_size = strlen(title);
		around.after = NULL;		/* ": " goes between */
	}
	return around;
}

static unsigned width_of(const struct output_text *text, const struct column *column)
{
	return column->flags & COLUMN_ADDRESS && column->width == 16 ? (unsigned)output_address_digits(&text->output) : column->width;
}

static void put_cell(struct line *line, const struct level *level, size_t index)
{
	const struct column *column = &level->shape->columns[index];
	const struct cell *cell = &level->cells[index];
	struct around around = around_value(level->shape, column);
	struct buffer *buffer = &line->text->buffer;
	bool raw = column->flags & COLUMN_RAW;
	const char *value = raw ? "" : "-";
	size_t size = !raw, width = !raw;
	size_t wanted = width_of(line->text, column), fill, gap;

	if (cell->set) {
		value = level->text.data ? level->text.data + cell->start : "";
		size = cell->size;
		width = cell->width;
	} else if (level->continued ||
		   (around.is_template && level->shape->layout != SHAPE_RECORD)) {
		return;
	}
	fill = raw || wanted <= width ? 0 : wanted - width;
	gap = (raw && level->shape->layout != SHAPE_PLAIN) || column->flags & COLUMN_JOINED ? 0 : line->gap;
	if (!size && !around.before_size && !around.after_size) {
		line->pad += fill + gap;
		return;
	}
	if (around.before_size && around.before[0] == '\n') {
		line->pad = line->column = 0;
		buffer_char(buffer, '\n');
		around.before++;
		around.before_size--;
	}
	put_spaces(buffer, line->pad);
	buffer_append(buffer, around.before, around.before_size);
	line->column += line->pad + around.before_size;
	if (!around.after) {
		buffer_append(buffer, ": ", 2);
		line->column += 2;
	}
	if (column->flags & COLUMN_RIGHT) {
		put_spaces(buffer, fill);
		line->column += fill;
		fill = 0;
	}
	put_lines(line->text, column->flags, value, size, line->column);
	buffer_append(buffer, around.after ? around.after : "", around.after_size);
	line->column += width + around.after_size;
	line->pad = fill + gap;
}

static void put_list(struct output_text *text, const struct level *level)
{
	for (size_t i = 0; i < level->shape->nr_columns; i++) {
		const struct column *column = &level->shape->columns[i];
		const struct cell *cell = &level->cells[i];
		const char *title = column->title ? column->title : "";
		const char *value = cell->set ? level->text.data + cell->start : "-";
		size_t size = cell->set ? cell->size : 1;
		size_t title_size = strlen(title);

		if ((column->flags & COLUMN_JSON_ONLY) || (!cell->set && level->continued))
			continue;
		put_spaces(&text->buffer, level->label_width - title_size);
		buffer_string(&text->buffer, title);
		buffer_append(&text->buffer, title_size ? ": " : "  ", size ? 2 : 1);
		put_lines(text, column->flags, value, size, level->label_width + 2);
		buffer_char(&text->buffer, '\n');
	}
}

static void put_titles(struct output_text *text, struct level *level)
{
	struct line line = { text, 0, 0, 2 };

	level->titled = true;
	for (size_t i = 0; i < level->shape->nr_columns; i++) {
		const struct column *column = &level->shape->columns[i];
		const char *title = column->title ? column->title : "";
		size_t size = strlen(title), wanted = width_of(text, column);
		size_t fill = wanted > size ? wanted - size : 0;
		size_t before = 0;

		if (column->flags & COLUMN_JSON_ONLY)
			continue;
		if (column->flags & COLUMN_RIGHT)
			before = fill;
		else if (column->flags & COLUMN_ADDRESS)
			before = fill / 2;
		if (size) {
			put_spaces(&text->buffer, line.pad + before);
			buffer_append(&text->buffer, title, size);
			line.pad = fill - before + line.gap;
		} else {
			line.pad += fill + (column->flags & (COLUMN_RAW | COLUMN_JOINED) ? 0 : line.gap);
		}
	}
	buffer_char(&text->buffer, '\n');
}

/* Prints the row's line, if there is something to print. */
static void finish_line(struct output_text *text, struct level *level)
{
	struct line line = { text, 0, 0, level->shape->layout == SHAPE_PLAIN ? 1 : 2 };

	if (!level->row_open || (level->continued && !level->pending))
		return;
	if (level->shape->layout == SHAPE_TABLE && !text->output.no_headings && !level->titled && !level->silent)
		put_titles(text, level);
	if (level->silent) {
		/* Its shapes speak for it. */
	} else if (level->shape->layout == SHAPE_LIST) {
		put_list(text, level);
	} else {
		for (size_t i = 0; i < level->shape->nr_columns; i++)
			if (!(level->shape->columns[i].flags & COLUMN_JSON_ONLY))
				put_cell(&line, level, i);
		buffer_char(&text->buffer, '\n');
	}
	for (size_t i = 0; i < level->shape->nr_columns; i++)
		level->cells[i].set = false;
	if (level->text.failed || level->notes.failed)
		text->stopped = true;
	if (level->notes.size)
		buffer_append(&text->buffer, level->notes.data, level->notes.size);
	level->inner = level->inner || level->notes.size;
	buffer_clear(&level->text);
	buffer_clear(&level->notes);
	level->pending = false;
	level->continued = true;
}

static void open_row(struct level *level)
{
	level->row_open = true;
	level->continued = false;
	level->inner = false;
}

static struct level *top(struct output_text *text)
{
	return text->depth ? &text->levels[text->depth - 1] : NULL;
}

/* Something of its own lines follows inside of the row that is open. */
static void interrupt_row(struct output_text *text)
{
	struct level *level = top(text);

	if (!level || !level->row_open)
		return;
	finish_line(text, level);
	level->inner = true;
}

static bool text_begin(struct output *output, const struct shape *shape)
{
	struct output_text *text = (struct output_text *)output;
	struct level *level;

	if (text->stopped || text->depth == MAX_DEPTH)
		return false;
	interrupt_row(text);
	level = &text->levels[text->depth];
	if (level->capacity < shape->nr_columns) {
		struct cell *cells = reallocarray(level->cells, shape->nr_columns, sizeof(*cells));

		if (!cells) {
			text->stopped = true;
			return false;
		}
		level->cells = cells;
		level->capacity = shape->nr_columns;
	}
	for (size_t i = 0; i < shape->nr_columns; i++)
		level->cells[i].set = false;
	level->shape = shape;
	level->titled = level->row_open = level->pending = level->inner = false;
	level->label_width = 0;
	level->silent = true;
	for (size_t i = 0; i < shape->nr_columns; i++) {
		size_t size = shape->columns[i].title ? strlen(shape->columns[i].title) : 0;

		if (shape->columns[i].flags & COLUMN_JSON_ONLY)
			continue;
		level->silent = false;
		if (shape->layout != SHAPE_LIST)
			continue;
		if (level->label_width < shape->columns[i].width)
			level->label_width = shape->columns[i].width;
		if (level->label_width < size)
			level->label_width = size;
	}
	if (shape->layout == SHAPE_LIST || shape->layout == SHAPE_RECORD)
		open_row(level);
	text->depth++;
	return true;
}

static bool text_row(struct output *output)
{
	struct output_text *text = (struct output_text *)output;
	struct level *level = top(text);
	bool gap;

	if (text->stopped || !level)
		return false;
	if (level->shape->layout == SHAPE_LIST || level->shape->layout == SHAPE_RECORD)
		return true;
	finish_line(text, level);
	gap = level->row_open && level->inner && level->shape->layout == SHAPE_HEADING;
	if (gap)
		buffer_char(&text->buffer, '\n');
	open_row(level);
	return write_pieces(text, PIECE_SIZE);
}

static bool text_end(struct output *output)
{
	struct output_text *text = (struct output_text *)output;
	struct level *level = top(text);

	if (!level)
		return false;
	if (!text->stopped)
		finish_line(text, level);
	buffer_clear(&level->text);
	buffer_clear(&level->notes);
	text->depth--;
	return write_pieces(text, PIECE_SIZE);
}

static bool set_cell(struct output *output, size_t index, const char *string, size_t size)
{
	struct output_text *text = (struct output_text *)output;
	struct level *level = top(text);
	const struct column *column;
	struct cell *cell;

	if (text->stopped || !level || index >= level->shape->nr_columns)
		return false;
	column = &level->shape->columns[index];
	if (column->flags & COLUMN_JSON_ONLY)
		return true;
	if (!level->row_open)
		open_row(level);
	cell = &level->cells[index];
	cell->start = level->text.size;
	cell->width = escape_text(&level->text, string, size, column->flags & COLUMN_RAW);
	cell->size = level->text.size - cell->start;
	cell->set = true;
	level->pending = true;
	return true;
}

static bool text_number(struct output *output, size_t column, uint64_t value, bool is_signed,
			const char *text)
{
	(void)value;
	(void)is_signed;
	return set_cell(output, column, text, strlen(text));
}

static bool text_real(struct output *output, size_t column, double value, const char *text)
{
	(void)value;
	return set_cell(output, column, text, strlen(text));
}

static bool text_string(struct output *output, size_t column, const char *string, size_t size)
{
	return set_cell(output, column, string, size);
}

static bool text_boolean(struct output *output, size_t column, bool value, const char *text)
{
	(void)value;
	return set_cell(output, column, text, strlen(text));
}

static bool text_note(struct output *output, const char *note)
{
	struct output_text *text = (struct output_text *)output;

	struct level *level = top(text);
	/* More cells of the row may come. */
	bool waits = level && level->row_open && !level->continued;
	struct buffer *to = waits ? &level->notes : &text->buffer;

	if (text->stopped)
		return false;
	if (!waits)
		interrupt_row(text);
	buffer_string(to, "note: ");
	escape_text(to, note, strlen(note), true);
	buffer_char(to, '\n');
	return write_pieces(text, PIECE_SIZE);
}

static bool text_heading(struct output *output, const char *title)
{
	struct output_text *text = (struct output_text *)output;

	if (text->stopped)
		return false;
	interrupt_row(text);
	buffer_char(&text->buffer, '\n');
	put_styled(text, COLUMN_HIGHLIGHT, title, strlen(title));
	buffer_char(&text->buffer, '\n');
	return write_pieces(text, PIECE_SIZE);
}

static const struct output_ops text_ops = {
	.begin = text_begin,
	.row = text_row,
	.end = text_end,
	.number = text_number,
	.real = text_real,
	.string = text_string,
	.boolean = text_boolean,
	.note = text_note,
	.heading = text_heading,
	.flush = output_text_flush,
};

struct output *output_text_new(bool (*write)(void *context, const char *text, size_t size),
			       const char *(*style)(void *context, unsigned column_flag),
			       void *context)
{
	struct output_text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->output.ops = &text_ops;
	text->write = write;
	text->style = style;
	text->context = context;
	return &text->output;
}

bool output_text_flush(struct output *output)
{
	struct output_text *text = (struct output_text *)output;

	for (size_t i = 0; !text->stopped && i < text->depth; i++)
		finish_line(text, &text->levels[i]);
	return write_pieces(text, 0);
}

void output_text_free(struct output *output)
{
	struct output_text *text = (struct output_text *)output;

	if (!text)
		return;
	for (size_t i = 0; i < MAX_DEPTH; i++) {
		free(text->levels[i].cells);
		buffer_free(&text->levels[i].text);
		buffer_free(&text->levels[i].notes);
	}
	buffer_free(&text->buffer);
	free(text);
}
