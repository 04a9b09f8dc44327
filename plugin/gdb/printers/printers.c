// SPDX-License-Identifier: GPL-3.0-or-later
/* Finds the printer of a value, and is the object that gdb then asks for the text; printers.h. */
#include "gdb/printers/printers.h"

#include <string.h>

static const struct printer *const tables[] = { printers_numbers, printers_structures };

PyObject *printer_member(PyObject *value, const char *path)
{
	Py_INCREF(value);
	while (value && *path) {
		size_t size = strcspn(path, ".");
		PyObject *name = PyUnicode_FromStringAndSize(path, (Py_ssize_t)size);
		PyObject *member = name ? PyObject_GetItem(value, name) : NULL;

		Py_XDECREF(name);
		Py_DECREF(value);
		value = member;
		path += size + (path[size] == '.');
	}
	return value;
}

bool printer_number(PyObject *value, const char *path, uint64_t *number_ret)
{
	PyObject *member = printer_member(value, path);
	bool done = member && value_to_u64(member, number_ret);

	Py_XDECREF(member);
	return done;
}

/* --- which one --- */

static const struct printer *find(PyObject *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct printer *printer = tables[i]; printer->type; printer++)
			if (PyUnicode_CompareWithASCIIString(name, printer->type) == 0)
				return printer;
	return NULL;
}

/* The type that a typedef (TYPE, stolen) is one of; NULL if it is none, or with an exception. */
static PyObject *behind_typedef(struct plugin *plugin, PyObject *type)
{
	PyObject *code = PyObject_GetAttrString(type, "code"), *wanted = gdb_attribute(plugin, "TYPE_CODE_TYPEDEF"), *target = NULL;

	if (code && wanted && PyObject_RichCompareBool(code, wanted, Py_EQ) == 1)
		target = PyObject_CallMethod(type, "target", NULL);
	Py_XDECREF(code);
	Py_XDECREF(wanted);
	Py_DECREF(type);
	return target;
}

/* By the type's name, or that of what it is a typedef of. NULL = none, or with an exception. */
static const struct printer *find_for(struct plugin *plugin, PyObject *value)
{
	PyObject *type = PyObject_GetAttrString(value, "type");
	const struct printer *printer = NULL;

	for (int depth = 0; type && !printer && depth < 8; depth++) {
		PyObject *name = PyObject_GetAttrString(type, "name");

		printer = name && PyUnicode_Check(name) ? find(name) : NULL;
		Py_XDECREF(name);
		if (!PyErr_Occurred() && !printer)
			type = behind_typedef(plugin, type);
		else
			Py_CLEAR(type);
	}
	Py_XDECREF(type);
	return printer;
}

/* --- what gdb asks --- */

static PyObject *printed_text(PyObject *self, PyObject *args)
{
	(void)args;
	return PyObject_GetAttrString(self, "_text");
}

/* One of VALUE's members as (name, value); unnamed structures and unions have no name in C either. Appended to LIST. */
static bool add_member(PyObject *list, PyObject *value, PyObject *field)
{
	PyObject *name = PyObject_GetAttrString(field, "name"), *member = PyObject_GetItem(value, field);
	PyObject *pair = NULL;

	if (name && member)
		pair = name == Py_None || PyObject_Length(name) == 0 ? Py_BuildValue("sO", "{...}", member) : Py_BuildValue("OO", name, member);
	if (pair)
		PyList_Append(list, pair);
	Py_XDECREF(pair);
	Py_XDECREF(member);
	Py_XDECREF(name);
	return !PyErr_Occurred();
}

static PyObject *printed_members(PyObject *self, PyObject *args)
{
	PyObject *value = PyObject_GetAttrString(self, "_value"), *list = PyList_New(0), *iterator = NULL;
	PyObject *type = value ? PyObject_GetAttrString(value, "type") : NULL;
	PyObject *plain = type ? PyObject_CallMethod(type, "strip_typedefs", NULL) : NULL;
	PyObject *fields = plain ? PyObject_CallMethod(plain, "fields", NULL) : NULL;

	(void)args;
	for (Py_ssize_t i = 0; list && fields && !PyErr_Occurred() && i < PyList_Size(fields); i++)
		add_member(list, value, PyList_GetItem(fields, i));
	if (list && fields && !PyErr_Occurred())
		iterator = PyObject_GetIter(list);
	Py_XDECREF(fields);
	Py_XDECREF(plain);
	Py_XDECREF(type);
	Py_XDECREF(list);
	Py_XDECREF(value);
	return iterator;
}

static PyMethodDef text_methods[] = {
	{ "to_string", printed_text, METH_NOARGS, NULL },
	{ 0 },
};

static PyMethodDef members_methods[] = {
	{ "to_string", printed_text, METH_NOARGS, NULL },
	{ "children", printed_members, METH_NOARGS, NULL },
	{ 0 },
};

/* What stands for VALUE: a text, or a gdb.Value that is there. NULL: nothing is known, or with an exception. */
static PyObject *shown(struct session *session, const struct printer *printer, PyObject *value)
{
	PyObject *result = printer->member ? printer_member(value, printer->member) : NULL, *fetched;
	struct buffer text = { 0 };

	if (printer->member) {
		fetched = result ? PyObject_CallMethod(result, "fetch_lazy", NULL) : NULL;
		if (!fetched)
			Py_CLEAR(result);
		Py_XDECREF(fetched);
		return result;
	}
	if (printer->text(session, value, &text))
		result = text.failed ? PyErr_NoMemory() : PyUnicode_DecodeUTF8(text.data ? text.data : "", (Py_ssize_t)text.size, "backslashreplace");
	buffer_free(&text);
	return result;
}

/* An object of one of the two classes that SELF, which finds printers, has for attributes. */
static PyObject *printed(PyObject *self, struct session *session, const struct printer *printer, PyObject *value)
{
	PyObject *text = shown(session, printer, value);
	PyObject *result = text ? PyObject_CallMethod(self, printer->members ? "_with_members" : "_text_only", NULL) : NULL;

	if (result && (PyObject_SetAttrString(result, "_text", text) < 0 || PyObject_SetAttrString(result, "_value", value) < 0))
		Py_CLEAR(result);
	Py_XDECREF(text);
	return result;
}

/* `set vmcore printers auto': for a person at a console; a front end has trees of its own. */
static bool are_on(const struct plugin *plugin)
{
	const char *wanted = plugin->settings.printers;

	if (wanted && strcmp(wanted, "auto") != 0)
		return strcmp(wanted, "on") == 0;
	return !plugin->mi && !plugin->dap && !plugin->has_ui;
}

/* `disable pretty-printer global vmcore;list_head' says so in SELF.subprinters. */
static bool is_enabled(PyObject *self, const struct printer *printer)
{
	PyObject *list = PyObject_GetAttrString(self, "subprinters");
	bool enabled = true;

	for (Py_ssize_t i = 0; list && i < PyList_Size(list); i++) {
		PyObject *name = PyObject_GetAttrString(PyList_GetItem(list, i), "name"), *is;

		if (name && PyUnicode_CompareWithASCIIString(name, printer->type) == 0) {
			is = PyObject_GetAttrString(PyList_GetItem(list, i), "enabled");
			enabled = is && PyObject_IsTrue(is) == 1;
			Py_XDECREF(is);
		}
		Py_XDECREF(name);
	}
	Py_XDECREF(list);
	return enabled && !PyErr_Occurred();
}

static PyObject *find_and_print(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct printer *printer;
	PyObject *value, *result = NULL;

	if (!plugin || !PyArg_ParseTuple(args, "O", &value))
		return NULL;
	printer = plugin->session && are_on(plugin) ? find_for(plugin, value) : NULL;
	if (printer && is_enabled(self, printer))
		result = printed(self, plugin->session, printer, value);
	if (!result && PyErr_Occurred()) {
		if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
			return NULL;
		PyErr_Clear(); /* gdb then says itself what is wrong with the value */
	}
	if (!result)
		Py_RETURN_NONE;
	return result;
}

/* --- registering --- */

static PyMethodDef methods[] = {
	{ "__call__", find_and_print, METH_VARARGS, NULL },
	{ 0 },
};

/* For `info pretty-printer', which lists them. */
static PyObject *subprinters(void)
{
	PyObject *module = PyImport_ImportModule("gdb.printing"), *list = module ? PyList_New(0) : NULL;

	for (size_t i = 0; list && i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct printer *printer = tables[i]; list && printer->type; printer++) {
			PyObject *one = PyObject_CallMethod(module, "SubPrettyPrinter", "s", printer->type);

			if (!one || PyList_Append(list, one) < 0)
				Py_CLEAR(list);
			Py_XDECREF(one);
		}
	Py_XDECREF(module);
	return list;
}

/* CLASS.NAME = a class of what METHODS do. */
static bool add_answer_class(PyObject *class, const char *name, const char *full_name, PyMethodDef *of)
{
	PyObject *answer = plugin_base_class((PyObject *)&PyBaseObject_Type, full_name, of);
	/* Made by Python's own type(), so that its objects may have attributes. */
	PyObject *open = answer ? PyObject_CallFunction((PyObject *)&PyType_Type, "s(O){}", full_name, answer) : NULL;
	bool done = open && PyObject_SetAttrString(class, name, open) == 0;

	Py_XDECREF(open);
	Py_XDECREF(answer);
	return done;
}

static bool put(PyObject *object, const char *name, PyObject *value)
{
	bool done = value && PyObject_SetAttrString(object, name, value) == 0;

	Py_XDECREF(value);
	return done;
}

bool register_printers(struct plugin *plugin)
{
	PyObject *base = plugin_base_class((PyObject *)&PyBaseObject_Type, "vmcore.PrintersBase", methods);
	PyObject *class = base ? plugin_class(plugin, base, "Printers", NULL, NULL) : NULL, *object = NULL;
	PyObject *list = gdb_attribute(plugin, "pretty_printers");
	bool done = class && list && add_answer_class(class, "_text_only", "vmcore.PrintedText", text_methods) &&
		    add_answer_class(class, "_with_members", "vmcore.PrintedStructure", members_methods);

	if (done)
		object = PyObject_CallObject(class, NULL);
	done = object && put(object, "name", PyUnicode_FromString("vmcore")) && put(object, "enabled", PyBool_FromLong(1)) &&
	       put(object, "subprinters", subprinters()) && PyList_Append(list, object) == 0;
	Py_XDECREF(object);
	Py_XDECREF(list);
	Py_XDECREF(class);
	Py_XDECREF(base);
	return done;
}
