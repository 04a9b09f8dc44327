// SPDX-License-Identifier: GPL-3.0-or-later
#include "gdb/python/output_python.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/unicode.h"

#define MAX_DEPTH 8

struct level {
	const struct shape *shape;
	PyObject *container; /* list of rows, or the one dict of a shape of one object; owned by its
				parent */
	PyObject *row; /* the current row's dict; borrowed from container; NULL before the first */
};

static bool is_one_object(const struct shape *shape)
{
	return shape->layout == SHAPE_LIST || shape->layout == SHAPE_RECORD;
}

struct output_python {
	struct output output;
	PyObject *root; /* dict; owned */
	bool numbers;	/* addresses, too */
	struct level levels[MAX_DEPTH];
	size_t depth;
};

static struct output_python *self_of(struct output *output)
{
	return (struct output_python *)output;
}

/* Where a nested shape or a cell goes: the innermost row, or the root. */
static PyObject *place(struct output_python *self)
{
	for (size_t i = self->depth; i > 0; i--)
		if (self->levels[i - 1].row)
			return self->levels[i - 1].row;
	return self->root;
}

/* DICT[KEY] = VALUE (stolen). */
static bool store(PyObject *dict, const char *key, PyObject *value)
{
	int status = value ? PyDict_SetItemString(dict, key, value) : -1;

	Py_XDECREF(value);
	return status == 0;
}

/* Starts DICT with every key of SHAPE as None, so that rows always have all members, in order. */
static PyObject *new_row(const struct shape *shape)
{
	PyObject *row = PyDict_New();

	for (size_t i = 0; row && i < shape->nr_columns; i++)
		if (!(shape->columns[i].flags & COLUMN_TEXT_ONLY))
			PyDict_SetItemString(row, shape->columns[i].key, Py_None);
	return row;
}

static bool python_begin(struct output *output, const struct shape *shape)
{
	struct output_python *self = self_of(output);
	struct level *level = &self->levels[self->depth];
	PyObject *parent = place(self), *container;

	if (self->depth == MAX_DEPTH)
		return false;
	/* The same shape begun again in the same place goes on where it was. */
	container = PyDict_GetItemString(parent, shape->key);
	if (!container || !PyList_Check(container)) {
		container = is_one_object(shape) ? new_row(shape) : PyList_New(0);
		if (!store(parent, shape->key, container))
			return false;
	}
	*level = (struct level){ .shape = shape, .container = container };
	if (is_one_object(shape))
		level->row = container;
	self->depth++;
	return true;
}

static bool python_row(struct output *output)
{
	struct output_python *self = self_of(output);
	struct level *level = &self->levels[self->depth - 1];
	PyObject *row;
	int status;

	if (is_one_object(level->shape))
		return true;
	row = new_row(level->shape);
	status = row ? PyList_Append(level->container, row) : -1;
	Py_XDECREF(row);
	level->row = row;
	return status == 0;
}

static bool python_end(struct output *output)
{
	self_of(output)->depth--;
	return true;
}

static bool cell(struct output *output, size_t column, PyObject *value)
{
	struct output_python *self = self_of(output);
	struct level *level = &self->levels[self->depth - 1];
	bool text_only = level->shape->columns[column].flags & COLUMN_TEXT_ONLY;

	if (!level->row || text_only) {
		Py_XDECREF(value);
		return text_only;
	}
	return store(level->row, level->shape->columns[column].key, value);
}

static bool python_number(struct output *output, size_t column, uint64_t value, bool is_signed,
			  const char *text)
{
	const struct shape *shape = self_of(output)->levels[self_of(output)->depth - 1].shape;

	(void)text;
	/* JSON readers keep 53 bits of a number; an address needs all 64. */
	if (shape->columns[column].flags & COLUMN_ADDRESS && !self_of(output)->numbers) {
		char hex[24];

		snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)value);
		return cell(output, column, PyUnicode_FromString(hex));
	}
	return cell(output, column,
		    is_signed ? PyLong_FromLongLong((int64_t)value)
			      : PyLong_FromUnsignedLongLong(value));
}

static bool python_real(struct output *output, size_t column, double value, const char *text)
{
	(void)text;
	return cell(output, column, PyFloat_FromDouble(value));
}

/*
 * Any bytes as text, so that they can be had back: what is UTF-8 stays; a byte that is not becomes one character, U+EF00 plus the byte
 * (U+EF80 to U+EFFF, private use). Where the bytes are such a character themselves its bytes are taken one by one, so that there is one
 * way back. (Python's own surrogates would do in JSON, but gdb could not print them, and strict readers refuse them.)
 */
static PyObject *text_of_bytes(const char *string, size_t size)
{
	const unsigned char *s = (const unsigned char *)string;
	struct buffer text = { 0 };
	PyObject *result;

	for (size_t i = 0; i < size;) {
		uint32_t character;
		size_t length = unicode_decode(s + i, size - i, &character);

		if (length && (character < 0xef80 || character > 0xefff)) {
			buffer_append(&text, s + i, length);
			i += length;
			continue;
		}
		for (size_t end = i + (length ? length : 1); i < end; i++) {
			char private[3] = { '\xee', (char)(0x80 | ((0xef00u + s[i]) >> 6 & 0x3f)), (char)(0x80 | (s[i] & 0x3f)) };

			buffer_append(&text, private, sizeof(private));
		}
	}
	result = text.failed ? PyErr_NoMemory() : PyUnicode_DecodeUTF8(text.data ? text.data : "", text.size, "backslashreplace");
	buffer_free(&text);
	return result;
}

static bool python_string(struct output *output, size_t column, const char *string, size_t size)
{
	return cell(output, column, text_of_bytes(string, size));
}

static bool python_boolean(struct output *output, size_t column, bool value, const char *text)
{
	(void)text;
	return cell(output, column, PyBool_FromLong(value));
}

static bool python_note(struct output *output, const char *text)
{
	struct output_python *self = self_of(output);
	PyObject *where = place(self), *notes = PyDict_GetItemString(where, "notes"), *string;
	int status;

	if (!notes) {
		notes = PyList_New(0);
		if (!store(where, "notes", notes))
			return false;
	}
	string = text_of_bytes(text, strlen(text));
	status = string ? PyList_Append(notes, string) : -1;
	Py_XDECREF(string);
	return status == 0;
}

static const struct output_ops python_ops = {
	.begin = python_begin,
	.row = python_row,
	.end = python_end,
	.number = python_number,
	.real = python_real,
	.string = python_string,
	.boolean = python_boolean,
	.note = python_note,
};

struct output *output_python_new(void)
{
	struct output_python *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->output.ops = &python_ops;
	self->root = PyDict_New();
	if (!self->root) {
		free(self);
		return NULL;
	}
	return &self->output;
}

void output_python_set_numbers(struct output *output, bool numbers)
{
	self_of(output)->numbers = numbers;
}

PyObject *output_python_result(struct output *output)
{
	return self_of(output)->root;
}

bool output_python_json(struct output *output, struct buffer *text, struct error *error)
{
	PyObject *json = PyImport_ImportModule("json"), *string = NULL, *bytes = NULL;

	if (json)
		string = PyObject_CallMethod(json, "dumps", "O", self_of(output)->root);
	bytes = string ? PyUnicode_AsUTF8String(string) : NULL;
	if (bytes) {
		buffer_append(text, PyBytes_AsString(bytes), PyBytes_Size(bytes));
		buffer_char(text, '\n');
	}
	Py_XDECREF(string);
	Py_XDECREF(json);
	if (!bytes)
		return error_from_python(error);
	Py_DECREF(bytes);
	return true;
}

bool output_python_write_json(struct output *output, struct plugin *plugin, struct error *error)
{
	struct buffer text = { 0 };
	bool done = output_python_json(output, &text, error);

	if (done && text.failed)
		done = error_no_memory(error, "the JSON", text.size);
	if (done && !gdb_write(plugin, text.data, text.size))
		done = error_from_python(error);
	buffer_free(&text);
	return done;
}

void output_python_free(struct output *output)
{
	Py_XDECREF(self_of(output)->root);
	free(output);
}
