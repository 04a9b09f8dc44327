// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `core-file FILE` and `target core FILE`, which is also MI's `-target-select core FILE`: what front ends send for "open a core
 * file". Where FILE is a kernel's dump they do what `target vmcore FILE` does; every other core is gdb's.
 *
 * A command of gdb's is gone once Python has redefined it, and its aliases go over to the new one (do_add_cmd in
 * cli/cli-decode.c). A function pointer to the very same code is left in one more place: `record full restore FILE` calls
 * core_file_command() and then puts a record target on top of the core, which `record stop` takes away (record-full.c; the same in
 * 13, 16 and 18). Seen from outside only MI's =record-started and =record-stopped tell.
 */
#include "gdb/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "dump/dump.h"

#define RESTORE "record full restore"

/* The path, if TEXT is the name of a kernel's dump, malloc'ed; else NULL. */
static char *dump_named(const char *text)
{
	char *path = files_expand_home(text);

	if (path && dump_probe(path))
		return path;
	free(path);
	return NULL;
}

/* The same where TEXT may be in quotes (gdb 18), or not, whatever is in it (before). */
static char *dump_of(struct plugin *plugin, const char *text)
{
	PyObject *words, *bytes = NULL;
	char *path = dump_named(text);

	if (path)
		return path;
	words = PyObject_CallMethod(plugin->gdb, "string_to_argv", "s", text);
	if (words && PyList_Size(words) == 1)
		bytes = PyUnicode_EncodeFSDefault(PyList_GetItem(words, 0));
	if (bytes)
		path = dump_named(PyBytes_AsString(bytes));
	Py_XDECREF(bytes);
	Py_XDECREF(words);
	forget_exception();
	return path;
}

static bool open_dump(struct plugin *plugin, const char *path, struct error *error)
{
	struct buffer quoted = { 0 };
	bool done;

	gdb_quote(&quoted, path);
	done = quoted.failed ? error_no_memory(error, "the dump's name", 0) : target_open(plugin, quoted.data, error);
	buffer_free(&quoted);
	return done;
}

/* Is the core file one that gdb has opened? */
static bool gdb_has_core(struct plugin *plugin)
{
	PyObject *inferior = PyObject_CallMethod(plugin->gdb, "selected_inferior", NULL);
	PyObject *connection = inferior ? PyObject_GetAttrString(inferior, "connection") : NULL;
	PyObject *type = connection && connection != Py_None ? PyObject_GetAttrString(connection, "type") : NULL;
	bool core = type && PyUnicode_CompareWithASCIIString(type, "core") == 0;

	Py_XDECREF(type);
	Py_XDECREF(connection);
	Py_XDECREF(inferior);
	forget_exception();
	return core;
}

/* gdb's own core_file_command(). False with a Python exception. */
static bool open_gdbs(struct plugin *plugin, const char *text, PyObject *from_tty)
{
	struct buffer command = { 0 };
	bool done;

	buffer_printf(&command, RESTORE " %s", text);
	if (command.failed)
		return PyErr_NoMemory() != NULL;
	done = gdb_execute_live(plugin, command.data, from_tty == Py_True);
	buffer_free(&command);
	if (done)
		gdb_execute(plugin, NULL, NULL, "record stop");
	return done;
}

/* `core-file` alone: none from now on. */
static bool close_core(struct plugin *plugin, PyObject *from_tty)
{
	if (plugin->session)
		session_close(plugin);
	else if (gdb_has_core(plugin))
		return gdb_execute_live(plugin, "detach", from_tty == Py_True);
	else if (from_tty == Py_True)
		gdb_printf(plugin, "No core file now.\n");
	return !PyErr_Occurred();
}

/* Of which command the class is. */
static const bool is_target = true, is_core_file = false;

static PyObject *core_file_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const bool *target = class_pointer(self);
	struct error error = { 0 };
	PyObject *from_tty;
	const char *text;
	char *dump;
	bool done;

	if (!plugin || !target || !PyArg_ParseTuple(args, "sO", &text, &from_tty))
		return NULL;
	Py_XDECREF(PyObject_CallMethod(self, "dont_repeat", NULL));
	forget_exception();
	if (!*text && *target)
		error_set(&error, ERROR_USAGE, "No core file specified.%s",
			  plugin->session || gdb_has_core(plugin) ? "  (Use `detach' to stop debugging a core file.)" : "");
	dump = *text ? dump_of(plugin, text) : NULL;
	if (dump)
		done = open_dump(plugin, dump, &error);
	else if (!error.kind)
		done = *text ? open_gdbs(plugin, text, from_tty) : close_core(plugin, from_tty);
	else
		done = false;
	free(dump);
	/* gdb would say of its own error that it "occurred in Python". */
	if (!error.kind && PyErr_Occurred())
		error_from_python(&error);
	if (!strncmp(error.text, "error in command: ", 18)) /* MI, gdb 18: what it was is in the log */
		error_set(&error, ERROR_IO, "gdb cannot open %s as a core file", text);
	if (!done || error.kind)
		return raise_error(plugin, &error);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "invoke", core_file_invoke, METH_VARARGS, NULL },
	{ 0 },
};

bool register_core_file(struct plugin *plugin)
{
	static const char opens[] = "A Linux kernel's crash dump is opened as by `target vmcore'.";
	PyObject *base;
	bool done;

	if (!gdb_has_command(plugin, RESTORE))
		return true; /* then gdb's stay as they are */
	base = plugin_gdb_base_class(plugin, "Command", "vmcore.CoreFile", methods);
	done = base && plugin_take_over(plugin, base, "core-file", opens, &is_core_file) &&
	       plugin_take_over(plugin, base, "target core", opens, &is_target);
	Py_XDECREF(base);
	return done;
}
