// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * MI commands: `-vmcore-tasks` and what else the commands in command_table are called in MI. They
 * take the options and words of the command and answer with the object that -j prints:
 *
 *	-vmcore-tasks -k kswapd0
 *	^done,tasks=[{active="n",pid="35",...}]
 *
 * MI knows strings, lists and tuples, so: a number is its decimal digits, an address "0x...", a
 * boolean is "y" or "n" as in gdb's own results, and what JSON has as null is left out.
 *
 * gdb prints a result's strings in the host's character set and fails on what that lacks (LANG=C);
 * such characters become \xNN and \uNNNN here.
 */
#include "commands/command.h"
#include "gdb/python/output_python.h"
#include "gdb/session.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_LIST (COMMAND_MAX_WORDS * 2) /* options come to the words */

static PyObject *plain(PyObject *value, const char *charset);

static PyObject *plain_dict(PyObject *dict, const char *charset)
{
	PyObject *copy = PyDict_New(), *key, *value;
	Py_ssize_t at = 0;

	while (copy && PyDict_Next(dict, &at, &key, &value)) {
		PyObject *item = value == Py_None ? NULL : plain(value, charset);

		if (value != Py_None && (!item || PyDict_SetItem(copy, key, item) < 0)) {
			Py_DECREF(copy);
			copy = NULL;
		}
		Py_XDECREF(item);
	}
	return copy;
}

static PyObject *plain_list(PyObject *list, const char *charset)
{
	PyObject *copy = PyList_New(0);

	for (Py_ssize_t i = 0; copy && i < PyList_Size(list); i++) {
		PyObject *item = plain(PyList_GetItem(list, i), charset);

		if (!item || PyList_Append(copy, item) < 0) {
			Py_DECREF(copy);
			copy = NULL;
		}
		Py_XDECREF(item);
	}
	return copy;
}

static PyObject *plain_string(PyObject *string, const char *charset)
{
	PyObject *bytes = PyUnicode_AsEncodedString(string, charset, "backslashreplace");
	PyObject *copy = bytes ? PyUnicode_FromEncodedObject(bytes, charset, "strict") : NULL;

	Py_XDECREF(bytes);
	return copy;
}

/* VALUE of a command's result as MI can say it; a new reference, or NULL with an exception. */
static PyObject *plain(PyObject *value, const char *charset)
{
	if (PyDict_Check(value))
		return plain_dict(value, charset);
	if (PyList_Check(value))
		return plain_list(value, charset);
	if (PyUnicode_Check(value))
		return plain_string(value, charset);
	if (PyBool_Check(value))
		return PyUnicode_FromString(value == Py_True ? "y" : "n");
	return PyObject_Str(value);
}

static PyObject *plain_result(struct plugin *plugin, struct output *output)
{
	PyObject *name = PyObject_CallMethod(plugin->gdb, "host_charset", NULL);
	PyObject *bytes = name ? PyUnicode_AsUTF8String(name) : NULL;
	PyObject *result = bytes ? plain(output_python_result(output), PyBytes_AsString(bytes))
				 : NULL;

	Py_XDECREF(bytes);
	Py_XDECREF(name);
	return result;
}

static PyObject *run(struct plugin *plugin, const struct command *command, const char *const *list,
		     size_t count)
{
	struct arguments arguments;
	struct error error = { 0 };
	struct output *output;
	PyObject *result = NULL;

	if ((!command->without_kernel && !session_get(plugin, &error)) ||
	    !command_parse_list(command, list, count, &arguments, &error))
		return raise_error(plugin, &error);
	output = output_python_new();
	if (!output)
		return PyErr_NoMemory();
	/* A frontend wants what there is; a note says what is missing. */
	if (command_run_part(plugin, command, &arguments, output, &error))
		result = plain_result(plugin, output);
	else
		raise_error(plugin, &error);
	output_python_free(output);
	return result;
}

/* What a MICommand's class carries. */
struct binding {
	const struct command *command;
	const struct mi_name *name;
};

static PyObject *mi_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct binding *binding = class_pointer(self);
	const char *list[MAX_LIST];
	PyObject *keep[MAX_LIST], *words, *result = NULL;
	size_t preset, count = 0;

	if (!plugin || !binding || !PyArg_ParseTuple(args, "O", &words))
		return NULL;
	preset = binding->name->preset != NULL;
	if (preset)
		list[0] = binding->name->preset;
	if (PyList_Size(words) > (Py_ssize_t)(MAX_LIST - preset))
		return PyErr_Format(PyExc_ValueError, "more than %d words", MAX_LIST - (int)preset);
	for (; (Py_ssize_t)count < PyList_Size(words); count++) {
		keep[count] = PyUnicode_EncodeFSDefault(PyList_GetItem(words, count));
		if (!keep[count])
			break;
		list[preset + count] = PyBytes_AsString(keep[count]);
	}
	if (!PyErr_Occurred())
		result = run(plugin, binding->command, list, preset + count);
	while (count)
		Py_DECREF(keep[--count]);
	return result;
}

static PyMethodDef mi_methods[] = {
	{ "invoke", mi_invoke, METH_VARARGS, NULL },
	{ 0 },
};

static bool make_mi_command(struct plugin *plugin, PyObject *base, const struct command *command,
			    const struct mi_name *name)
{
	struct binding *binding = malloc(sizeof(*binding)); /* gdb keeps the command for good */
	PyObject *class, *object = NULL;
	char full[64];

	if (!binding)
		return PyErr_NoMemory() != NULL;
	*binding = (struct binding){ command, name };
	snprintf(full, sizeof(full), "-vmcore-%s", name->name);
	class = plugin_class(plugin, base, "mi_command", command->summary, binding);
	if (class)
		object = PyObject_CallFunction(class, "s", full);
	Py_XDECREF(class);
	Py_XDECREF(object); /* gdb keeps its own reference */
	return object != NULL;
}

bool register_mi(struct plugin *plugin)
{
	PyObject *base;
	bool done;

	/* Came with gdb 12. Before, a front end has -interpreter-exec console "kernel ps -j". */
	if (!PyObject_HasAttrString(plugin->gdb, "MICommand"))
		return true;
	base = plugin_gdb_base_class(plugin, "MICommand", "vmcore.MICommand", mi_methods);
	done = base != NULL;
	for (size_t i = 0; command_table[i] && done; i++)
		for (const struct mi_name *name = command_table[i]->mi; name && name->name && done;
		     name++)
			done = make_mi_command(plugin, base, command_table[i], name);
	Py_XDECREF(base);
	return done;
}
