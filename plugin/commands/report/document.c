// SPDX-License-Identifier: GPL-3.0-or-later
/* Collects what a command says; see document.h. Everything lies in a few big pieces of memory. */
#include "commands/report/document.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH  8 /* as the other renderers */
#define PIECE_SIZE (256u << 10)

struct piece {
	struct piece *next;
	size_t used, size;
	_Alignas(16) char data[];
};

struct document {
	struct output output;
	struct piece *pieces;
	struct document_row *root; /* the whole: a row without cells */
	struct document_list *open[MAX_DEPTH];
	struct document_row *rows[MAX_DEPTH]; /* of each open list; NULL before its first */
	size_t depth;
	bool failed;
};

static void *take(struct document *document, size_t size)
{
	struct piece *piece = document->pieces;
	void *memory;

	size = (size + 15) & ~(size_t)15;
	if (!piece || piece->size - piece->used < size) {
		size_t room = size > PIECE_SIZE ? size : PIECE_SIZE;

		piece = malloc(sizeof(*piece) + room);
		if (!piece) {
			document->failed = true;
			return NULL;
		}
		*piece = (struct piece){ .next = document->pieces, .size = room };
		document->pieces = piece;
	}
	memory = piece->data + piece->used;
	piece->used += size;
	return memset(memory, 0, size);
}

/* Where a list or a note goes: the innermost row, or the whole. */
static struct document_row *place(struct document *document)
{
	for (size_t i = document->depth; i > 0; i--)
		if (document->rows[i - 1])
			return document->rows[i - 1];
	return document->root;
}

static bool add_row(struct document *document)
{
	struct document_list *list = document->open[document->depth - 1];
	struct document_row *row = take(document, sizeof(*row) + list->shape->nr_columns *
									 sizeof(row->cells[0]));

	if (!row)
		return false;
	row->list = list;
	if (list->last)
		list->last->next = row;
	else
		list->rows = row;
	list->last = document->rows[document->depth - 1] = row;
	list->count++;
	return true;
}

static bool is_one_object(const struct shape *shape)
{
	return shape->layout == SHAPE_LIST || shape->layout == SHAPE_RECORD;
}

static bool document_begin(struct output *output, const struct shape *shape)
{
	struct document *document = (struct document *)output;
	struct document_row *parent = place(document);
	struct document_list *list;

	if (document->failed || document->depth == MAX_DEPTH)
		return false;
	/* The same shape begun again in the same place goes on where it was. */
	list = (struct document_list *)document_list(parent, shape->key);
	if (!list) {
		list = take(document, sizeof(*list));
		if (!list)
			return false;
		list->shape = shape;
		if (parent->last_list)
			parent->last_list->next = list;
		else
			parent->lists = list;
		parent->last_list = list;
	}
	document->open[document->depth] = list;
	document->rows[document->depth++] = NULL;
	if (!is_one_object(shape))
		return true;
	document->rows[document->depth - 1] = list->rows;
	return list->rows || add_row(document);
}

static bool document_add_row(struct output *output)
{
	struct document *document = (struct document *)output;

	if (document->failed || !document->depth)
		return false;
	return is_one_object(document->open[document->depth - 1]->shape) || add_row(document);
}

static bool document_end(struct output *output)
{
	struct document *document = (struct document *)output;

	if (!document->depth)
		return false;
	document->depth--;
	return !document->failed;
}

/* The cell to fill in, with a copy of TEXT; NULL if there is no row or no memory. */
static struct document_cell *cell(struct output *output, size_t column, const char *text,
				  size_t size)
{
	struct document *document = (struct document *)output;
	struct document_row *row = document->depth ? document->rows[document->depth - 1] : NULL;
	char *copy;

	if (document->failed || !row || column >= row->list->shape->nr_columns)
		return NULL;
	copy = take(document, size + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text, size);
	row->cells[column] = (struct document_cell){ .text = copy, .size = size };
	return &row->cells[column];
}

static bool document_put_number(struct output *output, size_t column, uint64_t value,
				bool is_signed, const char *text)
{
	struct document_cell *to = cell(output, column, text, strlen(text));

	(void)is_signed;
	if (!to)
		return false;
	to->kind = CELL_NUMBER;
	to->number = value;
	return true;
}

static bool document_put_real(struct output *output, size_t column, double value, const char *text)
{
	struct document_cell *to = cell(output, column, text, strlen(text));

	if (!to)
		return false;
	to->kind = CELL_REAL;
	to->real = value;
	return true;
}

static bool document_put_string(struct output *output, size_t column, const char *string,
				size_t size)
{
	struct document_cell *to = cell(output, column, string, size);

	if (!to)
		return false;
	to->kind = CELL_STRING;
	return true;
}

static bool document_put_boolean(struct output *output, size_t column, bool value, const char *text)
{
	struct document_cell *to = cell(output, column, text, strlen(text));

	if (!to)
		return false;
	to->kind = CELL_BOOLEAN;
	to->number = value;
	return true;
}

static bool document_put_note(struct output *output, const char *text)
{
	struct document *document = (struct document *)output;
	struct document_row *row = place(document);
	struct document_note *note = take(document, sizeof(*note));
	char *copy = take(document, strlen(text) + 1);

	if (!note || !copy)
		return false;
	note->text = strcpy(copy, text);
	if (row->last_note)
		row->last_note->next = note;
	else
		row->notes = note;
	row->last_note = note;
	return true;
}

static const struct output_ops document_ops = {
	.begin = document_begin,
	.row = document_add_row,
	.end = document_end,
	.number = document_put_number,
	.real = document_put_real,
	.string = document_put_string,
	.boolean = document_put_boolean,
	.note = document_put_note,
};

struct output *document_new(void)
{
	struct document *document = calloc(1, sizeof(*document));

	if (!document)
		return NULL;
	document->output.ops = &document_ops;
	document->root = take(document, sizeof(*document->root));
	if (document->root)
		return &document->output;
	free(document);
	return NULL;
}

void document_free(struct output *output)
{
	struct document *document = (struct document *)output;

	if (!document)
		return;
	while (document->pieces) {
		struct piece *piece = document->pieces;

		document->pieces = piece->next;
		free(piece);
	}
	free(document);
}

bool document_root(struct output *output, const struct document_row **root_ret)
{
	struct document *document = (struct document *)output;

	*root_ret = document->root;
	return !document->failed;
}

const struct document_list *document_list(const struct document_row *row, const char *key)
{
	for (const struct document_list *list = row ? row->lists : NULL; list; list = list->next)
		if (!strcmp(list->shape->key, key))
			return list;
	return NULL;
}

const struct document_row *document_object(const struct document_row *row, const char *key)
{
	return document_rows(document_list(row, key));
}

const struct document_row *document_rows(const struct document_list *list)
{
	return list ? list->rows : NULL;
}

const struct document_cell *document_cell(const struct document_row *row, const char *key)
{
	const struct shape *shape = row && row->list ? row->list->shape : NULL;

	for (size_t i = 0; shape && i < shape->nr_columns; i++)
		if (!strcmp(shape->columns[i].key, key))
			return row->cells[i].kind == CELL_UNSET ? NULL : &row->cells[i];
	return NULL;
}

const char *document_text(const struct document_row *row, const char *key)
{
	const struct document_cell *found = document_cell(row, key);

	return found ? found->text : "";
}

uint64_t document_number(const struct document_row *row, const char *key, uint64_t otherwise)
{
	const struct document_cell *found = document_cell(row, key);

	return found && (found->kind == CELL_NUMBER || found->kind == CELL_BOOLEAN) ? found->number
										    : otherwise;
}
