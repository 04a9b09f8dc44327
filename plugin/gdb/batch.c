// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The exit status of `gdb-vmcore ... -batch`: not 0 if any command failed. gdb's own is that of the
 * last one (and of a Python script that fails, before 16, 0), and it tells nobody that a command
 * failed. So the launcher gives gdb the commands by way of `kernel-batch COMMAND`, which remembers
 * it, and at the end `kernel-batch`, which then ends gdb with status 1. `quit STATUS` in a script
 * is obeyed as ever.
 */
#include "gdb/plugin.h"

#include <stdio.h>
#include <string.h>

/* gdb 13 prints the exception of a Python script and goes on; Python keeps it as sys.last_type. */
static PyObject *last_exception(void)
{
	return PySys_GetObject("last_type"); /* borrowed */
}

static PyObject *run(struct plugin *plugin, const char *command)
{
	static const char target[] = "target vmcore ";
	/* For a file that is not there gdb only warns, unless a person asked for it. */
	PyObject *from_tty = strncmp(command, "source ", 7) ? Py_False : Py_True, *result;
	struct error error = { 0 };

	PySys_SetObject("last_type", NULL);
	/* gdb.execute() takes each line for a command of its own; a file's name may have several. */
	if (!strncmp(command, target, strlen(target)) && strchr(command, '\n')) {
		if (target_open(plugin, command + strlen(target), &error))
			Py_RETURN_NONE;
		plugin->failed = true;
		return raise_error(plugin, &error);
	}
	result = PyObject_CallMethod(plugin->gdb, "execute", "sO", command, from_tty);
	if (!result)
		error_from_python(&error);
	plugin->failed |= !result || last_exception();
	if (!result)
		return raise_error(plugin, &error);
	Py_DECREF(result);
	Py_RETURN_NONE;
}

static PyObject *batch_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	struct error error = { 0 };
	PyObject *from_tty;
	const char *text;

	if (!plugin || !PyArg_ParseTuple(args, "sO", &text, &from_tty))
		return NULL;
	if (!*text && !gdb_output_arrived(plugin, &error)) {
		plugin->failed = true;
		if (error.kind)
			fprintf(stderr, "%s\n", error.text);
	}
	return run(plugin, *text ? text : plugin->failed ? "quit 1" : "quit 0");
}

static PyMethodDef methods[] = {
	{ "invoke", batch_invoke, METH_VARARGS, NULL },
	{ 0 },
};

bool register_batch(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Command", "vmcore.BatchCommand", methods);
	PyObject *class = base ? plugin_class(plugin, base, "batch_command",
					      "Part of gdb-vmcore: runs a command of -batch and "
					      "remembers whether one failed.",
					      NULL)
			       : NULL;
	PyObject *group = gdb_attribute(plugin, "COMMAND_OBSCURE");
	PyObject *command = class && group
				    ? PyObject_CallFunction(class, "sO", "kernel-batch", group)
				    : NULL;

	Py_XDECREF(group);
	Py_XDECREF(class);
	Py_XDECREF(base);
	Py_XDECREF(command); /* gdb keeps its own reference */
	return command != NULL;
}
