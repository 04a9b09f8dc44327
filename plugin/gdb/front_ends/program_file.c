// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `file FILE`, which is also MI's -file-exec-and-symbols and what gdb's DAP adapter begins with: where FILE is a vmlinux, gdb finds
 * our index of it, whoever loads it (attach/index.c). Before a dump is named nobody asks us otherwise, and gdb would index vmlinux
 * itself, for longer than some front ends wait.
 *
 * gdb's own is the two commands `exec-file' and `symbol-file' with the same words (file_command() in source.c of 10 to 18); so is
 * this.
 */
#include "gdb/session.h"

#include <stdlib.h>

#include "base/files.h"

/* The first word that is no option, as exec-file takes it; malloc'ed, NULL = none. */
static char *file_of(struct plugin *plugin, const char *text)
{
	PyObject *words = PyObject_CallMethod(plugin->gdb, "string_to_argv", "s", text);
	char *file = NULL;

	for (Py_ssize_t i = 0; words && !file && i < PyList_Size(words); i++) {
		PyObject *bytes = PyUnicode_EncodeFSDefault(PyList_GetItem(words, i));

		if (bytes && *PyBytes_AsString(bytes) != '-')
			file = files_expand_home(PyBytes_AsString(bytes));
		Py_XDECREF(bytes);
	}
	Py_XDECREF(words);
	forget_exception();
	return file;
}

static bool run(struct plugin *plugin, const char *command, const char *text, bool from_tty)
{
	struct buffer line = { 0 };
	bool done;

	buffer_printf(&line, "%s %s", command, text);
	done = line.failed ? PyErr_NoMemory() != NULL : gdb_execute_live(plugin, line.data, from_tty);
	buffer_free(&line);
	return done;
}

static PyObject *file_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	struct error error = { 0 };
	PyObject *from_tty;
	const char *text;
	bool prepared, done;
	char *file;

	if (!plugin || !PyArg_ParseTuple(args, "sO", &text, &from_tty))
		return NULL;
	Py_XDECREF(PyObject_CallMethod(self, "dont_repeat", NULL));
	forget_exception();
	file = file_of(plugin, text);
	prepared = file && index_before_file(plugin, file);
	free(file);
	forget_exception();
	done = run(plugin, "exec-file", text, from_tty == Py_True) && run(plugin, "symbol-file", text, from_tty == Py_True);
	if (!done)
		error_from_python(&error); /* gdb would say of its own error that it "occurred in Python" */
	if (prepared)
		index_after_file(plugin);
	if (!done)
		return raise_error(plugin, &error);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "invoke", file_invoke, METH_VARARGS, NULL },
	{ 0 },
};

bool register_program_file(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Command", "vmcore.ProgramFile", methods);
	bool done = base && plugin_take_over(plugin, base, "file", "gdb finds a Linux kernel's index in its cache, which is written if it is not there.", NULL);

	Py_XDECREF(base);
	return done;
}
