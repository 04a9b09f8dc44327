// SPDX-License-Identifier: GPL-3.0-or-later
/* Lists of objects out of commands' rows, which also say what is missing in them. */
#include "gdb/python/python.h"

#include <string.h>

bool python_make_list_class(struct plugin *plugin, PyObject *module)
{
	static PyMethodDef none[] = { { 0 } };
	PyObject *base = plugin_base_class((PyObject *)&PyList_Type, "vmcore.ListBase", none);

	return python_add_class(plugin, module, base, "List",
				"A list of objects, and notes: what is missing in it, or may be wrong, as a list of sentences; empty: nothing.",
				&plugin->python_list);
}

/* Appends what ROW, a dict, has to say. */
static bool take_notes(PyObject *notes, PyObject *row)
{
	PyObject *said = PyDict_GetItemString(row, "notes"); /* borrowed */

	for (Py_ssize_t i = 0; said && i < PyList_Size(said); i++)
		if (PyList_Append(notes, PyList_GetItem(said, i)) < 0)
			return false;
	return true;
}

/* What a row below OUTER's is told of that one: of which CPU it is, say. */
static bool inherit(PyObject *row, PyObject *outer)
{
	static const char *const members[] = { "cpu", "pid" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		PyObject *value = PyDict_GetItemString(outer, members[i]);

		if (value && !PyDict_GetItemString(row, members[i]) && PyDict_SetItemString(row, members[i], value) < 0)
			return false;
	}
	return true;
}

/* Appends the rows that OUTER has under KEY, and what it says. */
static bool take_rows(PyObject *rows, PyObject *notes, PyObject *outer, const char *key, bool inherits)
{
	PyObject *inner = PyDict_GetItemString(outer, key);

	for (Py_ssize_t i = 0; inner && inner != Py_None && i < PyList_Size(inner); i++) {
		PyObject *row = PyList_GetItem(inner, i);

		if ((inherits && !inherit(row, outer)) || PyList_Append(rows, row) < 0)
			return false;
	}
	return take_notes(notes, outer);
}

static bool take(PyObject *rows, PyObject *notes, PyObject *result, const char *outer_key, const char *key)
{
	PyObject *outer = outer_key ? PyDict_GetItemString(result, outer_key) : NULL;

	if (!outer_key)
		return take_rows(rows, notes, result, key, false);
	for (Py_ssize_t i = 0; outer && i < PyList_Size(outer); i++)
		if (!take_rows(rows, notes, PyList_GetItem(outer, i), key, true))
			return false;
	return take_notes(notes, result);
}

PyObject *python_list(struct plugin *plugin, enum python_kind kind, const char *text, const char *outer, const char *key)
{
	PyObject *result = python_run(plugin, text, true), *rows = PyList_New(0), *notes = PyList_New(0), *objects, *list = NULL;

	if (result && rows && notes && take(rows, notes, result, outer, key)) {
		objects = python_objects(plugin, kind, rows);
		rows = NULL; /* stolen */
		list = objects ? PyObject_CallFunctionObjArgs(plugin->python_list, objects, NULL) : NULL;
		Py_XDECREF(objects);
	}
	if (list && PyObject_SetAttrString(list, "notes", notes) < 0)
		Py_CLEAR(list);
	Py_XDECREF(notes);
	Py_XDECREF(rows);
	Py_XDECREF(result);
	return list;
}
