/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A third renderer beside text and JSON: it keeps what a command says as a tree, to be asked by
 * name when it is complete. For pictures of the data (report), which cannot be drawn while it
 * comes: so they are made of the same calls, and cannot say something else.
 *
 * A list is what output_begin() began: rows. A row has cells, lists inside of it, and notes. The
 * whole is a row too, without cells. JSON_ONLY and TEXT_ONLY cells are all there.
 * The shapes that were begun must live as long as the document.
 */
#ifndef VMCORE_COMMANDS_DOCUMENT_H
#define VMCORE_COMMANDS_DOCUMENT_H

#include "commands/output.h"

struct document_cell {
	enum { CELL_UNSET, CELL_NUMBER, CELL_REAL, CELL_STRING, CELL_BOOLEAN } kind;
	uint64_t number; /* of a number or a truth value */
	double real;
	const char *text; /* what people see; NUL-terminated, but it may hold NULs */
	size_t size;
};

struct document_note {
	struct document_note *next;
	const char *text;
};

struct document_list;

struct document_row {
	struct document_row *next;
	const struct document_list *list; /* it is in; NULL = the whole */
	struct document_list *lists, *last_list;
	struct document_note *notes, *last_note;
	struct document_cell cells[];
};

struct document_list {
	struct document_list *next;
	const struct shape *shape;
	struct document_row *rows, *last;
	size_t count;
};

/* An output to give to a command. NULL: no memory. */
struct output *document_new(void);
void document_free(struct output *output);
/* The whole; false if memory ran out while it was collected. */
bool document_root(struct output *output, const struct document_row **root_ret);

/* The list KEY of ROW; NULL if there is none. */
const struct document_list *document_list(const struct document_row *row, const char *key);
/* The one row of the list KEY of one object (LIST, RECORD); NULL if there is none. */
const struct document_row *document_object(const struct document_row *row, const char *key);
/* The first row, or NULL; the others by row->next. LIST may be NULL. */
const struct document_row *document_rows(const struct document_list *list);
/* The cell KEY of ROW, NULL if it was left out. */
const struct document_cell *document_cell(const struct document_row *row, const char *key);
/* Its text, "" if it was left out. */
const char *document_text(const struct document_row *row, const char *key);
/* Its number, OTHERWISE if it was left out. */
uint64_t document_number(const struct document_row *row, const char *key, uint64_t otherwise);

#endif
