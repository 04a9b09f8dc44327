// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * crash's names: lines as a user of crash types them.
 *
 * A Python command called `list' or `set' would take gdb's own away for good, and with `set' all that is below it. So no command is
 * taken over: a line is translated before gdb sees it. `bt' becomes `kernel bt', `set 1' `kernel set 1', `gdb bt' gdb's own; what crash
 * does not know stays as it is. Lines come by `kernel-crash LINE' (the launcher's -ex with --crash), `kernel-crash-file FILE' (crash's
 * -i FILE) and, with `set vmcore crash-names on', from the prompt: this then reads the lines itself, before gdb would.
 */
#include "gdb/plugin.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"

/* crash's own aliases, and what it calls otherwise than gdb does. */
static const struct {
	const char *name, *line;
} aliases[] = {
	{ "man", "help" }, { "?", "help" }, { "q", "quit" }, { "exit", "quit" }, { "hex", "set radix 16" }, { "dec", "set radix 10" },
	{ "sf", "set scroll off" }, { "sn", "set scroll on" }, { "g", "gdb" }, { "px", "p -x" }, { "pd", "p -d" }, { "for", "foreach" },
	{ "size", "*" }, { "last", "ps -l" }, { "h", "show commands" }, { "history", "show commands" },
};

/* `set' with what only crash's has. */
static const struct {
	const char *crash, *line;
} settings[] = {
	{ "scroll on", "set pagination on" }, { "scroll off", "set pagination off" }, { "radix 16", "set output-radix 16" },
	{ "radix 10", "set output-radix 10" }, { "hex", "set output-radix 16" }, { "dec", "set output-radix 10" },
	{ "zero_excluded on", "set vmcore zero-excluded on" }, { "zero_excluded off", "set vmcore zero-excluded off" },
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Is the word of SIZE letters at TEXT this one? */
static bool is_word(const char *text, size_t size, const char *word)
{
	return strlen(word) == size && !strncmp(text, word, size);
}

/* `set' of crash's: alone, of a task (a PID, an address), -c CPU, -p. All else is gdb's. */
static void translate_set(const char *rest, struct buffer *line)
{
	size_t size = strcspn(rest, " \t");
	bool hex = size > 0;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(rest, settings[i].crash)) {
			buffer_string(line, settings[i].line);
			return;
		}
	for (size_t i = strncmp(rest, "0x", 2) ? 0 : 2; i < size; i++)
		hex = hex && isxdigit((unsigned char)rest[i]);
	buffer_printf(line, "%sset %s", (!*rest || *rest == '-' || (hex && !rest[size + strspn(rest + size, " \t")])) ? "kernel " : "", rest);
}

/* TEXT without blanks at its ends, and an alias as what it stands for. */
static void expand(const char *text, struct buffer *line)
{
	const char *rest;
	size_t size;

	text = skip_blanks(text);
	size = strcspn(text, " \t\r\n");
	rest = text;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (is_word(text, size, aliases[i].name)) {
			buffer_string(line, aliases[i].line);
			rest = text + size;
			break;
		}
	size = strlen(rest);
	while (size && strchr(" \t\r\n", rest[size - 1]))
		size--;
	buffer_append(line, rest, size);
	buffer_char(line, '\0');
}

/* Is the word of SIZE letters at TEXT a command of ours? */
static bool is_ours(const char *text, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)(size < sizeof(name) ? size : 0), text);
	return *name && command_find(name);
}

/* The command line of gdb's that TEXT stands for; nothing for a comment. */
static void translate(const char *text, struct buffer *line)
{
	struct buffer expanded = { 0 };
	const char *name, *rest;
	size_t size;

	expand(text, &expanded);
	line->failed |= expanded.failed;
	name = expanded.failed ? "" : expanded.data;
	size = *name == '*' ? 1 : strcspn(name, " \t");
	rest = skip_blanks(name + size);
	if (*name == '!')
		buffer_printf(line, "shell %s", name + 1);
	else if (*name == '<')
		buffer_printf(line, "kernel-crash-file %s", skip_blanks(name + 1));
	else if (*name == '*')
		buffer_printf(line, "kernel * %s", rest);
	else if (is_word(name, size, "gdb"))
		buffer_string(line, rest);
	else if (is_word(name, size, "set"))
		translate_set(rest, line);
	else if (is_word(name, size, "help") && is_ours(rest, strcspn(rest, " \t")))
		buffer_printf(line, "help kernel %s", rest);
	else if (*name && *name != '#')
		buffer_printf(line, "%s%s", is_ours(name, size) ? "kernel " : "", name);
	buffer_free(&expanded);
}

/* Runs TEXT as crash would take it. False with a Python exception. */
static bool run_line(struct plugin *plugin, const char *text, bool from_tty)
{
	struct buffer line = { 0 };
	bool done;

	translate(text, &line);
	if (line.failed) {
		PyErr_NoMemory();
		buffer_free(&line);
		return false;
	}
	done = !line.size || gdb_execute_live(plugin, line.data, from_tty);
	buffer_free(&line);
	return done;
}

static PyObject *line_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *from_tty;
	const char *text;

	if (!plugin || !PyArg_ParseTuple(args, "sO", &text, &from_tty) || !run_line(plugin, text, false))
		return NULL;
	Py_RETURN_NONE;
}

/* An error does not end the file, as it does not in crash; it is shown, and the file then counts as failed. Ctrl-C and `quit' do. */
static bool run_file_line(struct plugin *plugin, const char *line, unsigned *failed)
{
	struct error why = { 0 };

	if (run_line(plugin, line, false))
		return true;
	if (!PyErr_ExceptionMatches(PyExc_Exception))
		return false;
	error_from_python(&why);
	if (why.kind == ERROR_INTERRUPTED) {
		raise_error(plugin, &why);
		return false;
	}
	gdb_flush(plugin);
	fprintf(stderr, "%s\n", why.text);
	++*failed;
	return true;
}

static PyObject *file_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	struct error error = { 0 };
	unsigned failed = 0;
	PyObject *from_tty;
	const char *path;
	char *line = NULL;
	size_t room = 0;
	bool going = true;
	FILE *file;

	if (!plugin || !PyArg_ParseTuple(args, "sO", &path, &from_tty))
		return NULL;
	file = fopen(path, "re");
	if (!file) {
		error_set(&error, ERROR_IO, "%s: %s", *path ? path : "kernel-crash-file", *path ? strerror(errno) : "which file?");
		return raise_error(plugin, &error);
	}
	while (going && getline(&line, &room, file) >= 0)
		going = run_file_line(plugin, line, &failed);
	free(line);
	fclose(file);
	if (!going)
		return NULL;
	if (failed) {
		error_set(&error, ERROR_PARTIAL, "%s: %u of its commands failed", path, failed);
		return raise_error(plugin, &error);
	}
	Py_RETURN_NONE;
}

/* One line from the person, by gdb's readline; NULL at the end of the input, or with an exception. */
static PyObject *read_line(struct plugin *plugin)
{
	PyObject *builtins = PyEval_GetBuiltins(), *input = builtins ? PyDict_GetItemString(builtins, "input") : NULL; /* borrowed */
	PyObject *line = input ? PyObject_CallFunction(input, "s", "crash> ") : NULL;

	(void)plugin;
	if (!line && PyErr_ExceptionMatches(PyExc_EOFError))
		PyErr_Clear();
	return line;
}

/* What was said of a failed line, as gdb would have. */
static void show_error(struct plugin *plugin)
{
	struct error why = { 0 };

	error_from_python(&why);
	gdb_flush(plugin);
	fprintf(stderr, "%s\n", why.kind == ERROR_INTERRUPTED ? "Quit" : why.text);
}

/* gdb.events.before_prompt: as long as crash's names count the lines are read here. */
static PyObject *before_prompt(PyObject *self, PyObject *unused)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, "vmcore.plugin");

	(void)unused;
	if (!plugin)
		return NULL;
	if (plugin->mi || plugin->dap || plugin->batch || plugin->reading_crash_lines)
		Py_RETURN_NONE;
	plugin->reading_crash_lines = true;
	while (plugin->settings.crash_names && !plugin->quitting) {
		PyObject *line = read_line(plugin), *bytes = line ? PyUnicode_AsUTF8String(line) : NULL;

		Py_XDECREF(line);
		if (!bytes && !PyErr_Occurred()) {
			plugin->settings.crash_names = false;
			gdb_execute_live(plugin, "quit", false);
			break;
		}
		if ((!bytes || !run_line(plugin, PyBytes_AsString(bytes), true)) && PyErr_Occurred())
			show_error(plugin);
		Py_XDECREF(bytes);
	}
	plugin->reading_crash_lines = false;
	Py_RETURN_NONE;
}

static PyMethodDef line_methods[] = { { "invoke", line_invoke, METH_VARARGS, NULL }, { 0 } };
static PyMethodDef file_methods[] = { { "invoke", file_invoke, METH_VARARGS, NULL }, { 0 } };
static PyMethodDef prompt_method = { "vmcore_before_prompt", before_prompt, METH_NOARGS, NULL };

static bool register_command(struct plugin *plugin, const char *base_name, PyMethodDef *methods, const char *name, const char *doc)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Command", base_name, methods);
	PyObject *class = base ? plugin_class(plugin, base, "crash_command", doc, NULL) : NULL;
	PyObject *group = gdb_attribute(plugin, "COMMAND_OBSCURE");
	PyObject *command = class && group ? PyObject_CallFunction(class, "sO", name, group) : NULL;

	Py_XDECREF(group);
	Py_XDECREF(class);
	Py_XDECREF(base);
	Py_XDECREF(command);
	return command != NULL;
}

bool register_crash_names(struct plugin *plugin)
{
	return register_command(plugin, "vmcore.CrashLine", line_methods, "kernel-crash",
				"Part of gdb-vmcore: runs a line as crash takes it (help set vmcore crash-names).") &&
	       register_command(plugin, "vmcore.CrashFile", file_methods, "kernel-crash-file",
				"Part of gdb-vmcore: runs a file of crash's commands (help set vmcore crash-names).") &&
	       plugin_connect_event(plugin, "before_prompt", &prompt_method);
}
