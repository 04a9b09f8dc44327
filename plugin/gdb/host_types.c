// SPDX-License-Identifier: GPL-3.0-or-later
/* What gdb knows of types, for struct host: gdb.Type as text and as struct layout. */
#include "commands/command.h"
#include "commands/data/layout.h"
#include "gdb/session.h"

#include <stdlib.h>
#include <string.h>

/* str(OBJECT), the caller's to free; NULL with an exception. */
static char *text_of(PyObject *object)
{
	PyObject *string = object ? PyObject_Str(object) : NULL;
	PyObject *bytes = string ? PyUnicode_AsEncodedString(string, "utf-8", "backslashreplace") : NULL;
	char *text = bytes ? strdup(PyBytes_AsString(bytes)) : NULL;

	Py_XDECREF(bytes);
	Py_XDECREF(string);
	return text;
}

/* OBJECT.NAME as a number; what it does not have, or None, is 0. */
static uint64_t number_of(PyObject *object, const char *name)
{
	PyObject *value = PyObject_GetAttrString(object, name);
	uint64_t number = 0;

	if (!value || value == Py_None || !value_to_u64(value, &number))
		PyErr_Clear();
	Py_XDECREF(value);
	return number;
}

/* What is no expression may be a type: an enumeration, a typedef. The pending exception is why it is no expression. */
static bool type_by_name(struct plugin *plugin, const char *name, struct buffer *text, struct error *error)
{
	static const char lead[] = "type = ";
	struct buffer said = { 0 };
	bool known;

	error_from_python(error);
	if (error->kind == ERROR_INTERRUPTED)
		return false;
	known = gdb_execute(plugin, &said, NULL, "ptype %s", name) && said.data && !strncmp(said.data, lead, sizeof(lead) - 1);
	if (known) {
		buffer_append(text, said.data + sizeof(lead) - 1, said.size - (sizeof(lead) - 1));
		*error = (struct error){ .kind = ERROR_NONE };
	}
	buffer_free(&said);
	return known;
}

bool host_type(void *context, const char *expression, struct buffer *text, struct error *error)
{
	struct session *session = context;
	PyObject *value = NULL, *type = NULL;
	char *string = NULL;
	bool changed, done = host_ask(session, &changed, error);

	if (done) {
		value = PyObject_CallMethod(session->plugin->gdb, "parse_and_eval", "s", expression);
		type = value ? PyObject_GetAttrString(value, "type") : NULL;
		string = text_of(type);
		done = string || type_by_name(session->plugin, expression, text, error);
	}
	if (string)
		buffer_printf(text, "%s", string);
	free(string);
	Py_XDECREF(type);
	Py_XDECREF(value);
	host_ask_end(session, changed);
	return done;
}

/* gdb's numbers for the kinds of types that have members. */
struct kinds {
	uint64_t structure, joined;	/* struct, union */
};

/* A structure without a name, which can be written down in no other place. */
static bool is_nameless(PyObject *type, const struct kinds *kinds)
{
	uint64_t code = number_of(type, "code");
	PyObject *name;
	bool nameless;

	if (code != kinds->structure && code != kinds->joined)
		return false;
	name = PyObject_GetAttrString(type, "name");
	nameless = name == Py_None;
	Py_XDECREF(name);
	return nameless;
}

static bool add_fields(struct layout *layout, PyObject *type, const struct kinds *kinds, uint64_t base_bits, unsigned depth);

static bool add_field(struct layout *layout, PyObject *field, const struct kinds *kinds, uint64_t base_bits, unsigned depth)
{
	PyObject *type = PyObject_GetAttrString(field, "type"), *name = PyObject_GetAttrString(field, "name");
	uint64_t bits = base_bits + number_of(field, "bitpos");
	struct layout_member *member = type && name ? layout_add(layout) : NULL;
	bool nameless, good = false;

	if (!member) {
		if (!PyErr_Occurred())
			PyErr_SetString(PyExc_MemoryError, "the type has too many members");
		goto out;
	}
	nameless = is_nameless(type, kinds) && depth < LAYOUT_MAX_DEPTH;
	*member = (struct layout_member){ .offset = bits / 8, .bit_size = number_of(field, "bitsize"), .depth = depth, .opens = nameless,
					  .size = number_of(type, "sizeof") };
	if (member->bit_size)
		member->bit_offset = bits % 8;
	member->name = name == Py_None ? strdup("") : text_of(name);
	member->type = nameless ? strdup(number_of(type, "code") == kinds->joined ? "union" : "struct") : text_of(type);
	if (!member->name)
		member->name = calloc(1, 1);
	if (!member->type)
		member->type = calloc(1, 1);
	good = member->name && member->type && !PyErr_Occurred();
	if (!good && !PyErr_Occurred())
		PyErr_NoMemory();
	good = good && (!nameless || add_fields(layout, type, kinds, bits, depth + 1));
out:
	Py_XDECREF(name);
	Py_XDECREF(type);
	return good;
}

static bool add_fields(struct layout *layout, PyObject *type, const struct kinds *kinds, uint64_t base_bits, unsigned depth)
{
	PyObject *fields = PyObject_CallMethod(type, "fields", NULL);
	bool good = fields != NULL;

	for (Py_ssize_t i = 0; good && i < PySequence_Size(fields); i++) {
		PyObject *field = PySequence_GetItem(fields, i);

		good = field && add_field(layout, field, kinds, base_bits, depth);
		Py_XDECREF(field);
	}
	Py_XDECREF(fields);
	return good;
}

/* The gdb.Type called NAME, of a structure first; NULL with an exception. */
static PyObject *find_type(struct plugin *plugin, const char *name)
{
	static const char *const keywords[] = { "struct ", "union ", "" };
	PyObject *type = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(keywords) && !type; i++) {
		PyObject *full = PyUnicode_FromFormat("%s%s", keywords[i], name);

		PyErr_Clear();
		type = full ? PyObject_CallMethod(plugin->gdb, "lookup_type", "O", full) : NULL;
		Py_XDECREF(full);
		if (!type && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
			break;
	}
	return type;
}

static bool fill(struct plugin *plugin, const char *name, struct layout *layout, struct error *error)
{
	struct kinds kinds = { number_of(plugin->gdb, "TYPE_CODE_STRUCT"), number_of(plugin->gdb, "TYPE_CODE_UNION") };
	PyObject *type = find_type(plugin, name), *bare = NULL;
	uint64_t code;
	bool done = false;

	if (!type) {
		if (!PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
			PyErr_Clear();
			return error_set(error, ERROR_USAGE,
					 "no structure, union or typedef is called \"%.100s\"; those of a module are known after `kernel mod -s MODULE`",
					 name);
		}
		return error_from_python(error);
	}
	bare = PyObject_CallMethod(type, "strip_typedefs", NULL);
	code = bare ? number_of(bare, "code") : 0;
	layout->type = text_of(type);
	layout->size = bare ? number_of(bare, "sizeof") : 0;
	if (!bare || !layout->type)
		error_from_python(error);
	else if (code != kinds.structure && code != kinds.joined)
		error_set(error, ERROR_USAGE, "%.100s is neither a structure nor a union", layout->type);
	else
		done = add_fields(layout, bare, &kinds, 0, 0) || error_from_python(error);
	Py_XDECREF(bare);
	Py_DECREF(type);
	return done;
}

bool host_layout(void *context, const char *name, struct layout *layout_ret, struct error *error)
{
	struct session *session = context;
	bool changed, done;

	*layout_ret = (struct layout){ 0 };
	done = host_ask(session, &changed, error) && fill(session->plugin, name, layout_ret, error);
	host_ask_end(session, changed);
	if (!done)
		layout_free(layout_ret);
	return done;
}
