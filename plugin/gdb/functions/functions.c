// SPDX-License-Identifier: GPL-3.0-or-later
/* What all convenience functions share: their arguments, their errors, and how gdb gets them. */
#include "gdb/functions/functions.h"

#include <string.h>

#include "commands/output.h"

static const struct function *const tables[] = { functions_tasks, functions_memory, functions_files };

bool function_numbers(PyObject *args, size_t count, uint64_t *numbers)
{
	Py_ssize_t given = PyTuple_Size(args);

	if (given != (Py_ssize_t)count) {
		PyErr_Format(PyExc_TypeError, "takes %zu argument%s, not %zd", count, count == 1 ? "" : "s", given);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (!value_to_u64(PyTuple_GetItem(args, i), &numbers[i]))
			return false;
	return true;
}

static PyObject *function_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct function *function = class_pointer(self);
	struct error error = { 0 };
	struct session *session;
	PyObject *result;

	if (!plugin || !function)
		return NULL;
	session = session_get(plugin, &error);
	result = session && session_attach(session, &error) ? function->call(session, args, &error)
							    : NULL;
	if (result)
		return result;
	/* What Python says of wrong arguments, with what is right before it: "$task(PID): ..." */
	if (error.kind == ERROR_NONE && PyErr_Occurred()) {
		error_from_python(&error);
		if (error.kind != ERROR_INTERRUPTED)
			error_prefix(&error, "%.*s", (int)strcspn(function->doc, ":"),
				     function->doc);
	}
	return error.kind != ERROR_NONE ? raise_error(plugin, &error) : NULL;
}

static PyMethodDef methods[] = {
	{ "invoke", function_invoke, METH_VARARGS, NULL },
	{ 0 },
};

static bool register_one(struct plugin *plugin, PyObject *base, const struct function *function)
{
	PyObject *class = plugin_class(plugin, base, "vmcore_function", function->doc, function);
	PyObject *object = class ? PyObject_CallFunction(class, "s", function->name) : NULL;

	Py_XDECREF(class);
	Py_XDECREF(object);
	return object != NULL;
}

bool register_functions(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Function", "vmcore.Function", methods);
	bool done = base != NULL;

	for (size_t i = 0; done && i < ARRAY_SIZE(tables); i++)
		for (const struct function *function = tables[i]; done && function->name; function++)
			done = register_one(plugin, base, function);
	Py_XDECREF(base);
	return done;
}
