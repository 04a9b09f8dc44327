// SPDX-License-Identifier: GPL-3.0-or-later
/* Kernel commands run by Python scripts. */
#include "gdb/python/python.h"

#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "gdb/python/output_python.h"
#include "gdb/session.h"

/* The command that TEXT begins with ("ps" or "kernel ps"); *rest_ret is what follows it. */
static const struct command *find_command(const char *text, const char **rest_ret,
					  struct error *error)
{
	static const char prefix[] = "kernel";
	const struct command *command;
	char name[32];
	size_t size;

	text += strspn(text, " \t");
	size = strcspn(text, " \t");
	if (size == strlen(prefix) && !memcmp(text, prefix, size)) {
		text += size;
		text += strspn(text, " \t");
		size = strcspn(text, " \t");
	}
	snprintf(name, sizeof(name), "%.*s", (int)(size < sizeof(name) ? size : 0), text);
	command = command_find(name);
	if (!command)
		error_set(error, ERROR_USAGE,
			  "there is no command `kernel %.*s`; `help kernel` lists them", (int)size,
			  text);
	*rest_ret = text + size;
	return command;
}

/* "incomplete": what the command failed for (struct error's ERROR_PARTIAL), for which a shell would have status 1. */
static bool add_incomplete(PyObject *result, const struct error *error)
{
	PyObject *text;
	bool done;

	if (error->kind != ERROR_PARTIAL || !PyDict_Check(result))
		return true;
	text = PyUnicode_DecodeUTF8(error->text, (Py_ssize_t)strlen(error->text), "replace");
	done = text && PyDict_SetItemString(result, "incomplete", text) == 0;
	Py_XDECREF(text);
	return done;
}

static PyObject *run(struct plugin *plugin, const struct command *command,
		     const struct arguments *arguments, bool numbers, struct error *error)
{
	struct output *output = output_python_new();
	PyObject *result = NULL;

	if (!output)
		return PyErr_NoMemory();
	output_python_set_numbers(output, numbers);
	if (command_run_part(plugin, command, arguments, output, error) && !PyErr_Occurred()) {
		result = output_python_result(output);
		Py_INCREF(result);
		if (!numbers && !add_incomplete(result, error))
			Py_CLEAR(result);
	}
	output_python_free(output);
	return result;
}

PyObject *python_run(struct plugin *plugin, const char *text, bool numbers)
{
	const struct command *command;
	struct arguments arguments;
	struct error error = { 0 };
	PyObject *result = NULL;
	char *storage = NULL;
	const char *rest;
	bool json;

	command = find_command(text, &rest, &error);
	if (command && (command->without_kernel || session_get(plugin, &error)) &&
	    command_parse(command, rest, &arguments, &storage, &json, &error))
		result = run(plugin, command, &arguments, numbers, &error);
	free(storage);
	return result ? result : raise_error(plugin, &error);
}

PyObject *python_rows(struct plugin *plugin, const char *text, const char *key)
{
	PyObject *result = python_run(plugin, text, true), *rows;

	if (!result)
		return NULL;
	rows = PyDict_GetItemString(result, key); /* borrowed */
	Py_XINCREF(rows);
	Py_DECREF(result);
	return rows ? rows : PyErr_Format(PyExc_RuntimeError, "`kernel %s` gave no %s", text, key);
}
