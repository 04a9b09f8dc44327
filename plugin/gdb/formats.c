// SPDX-License-Identifier: GPL-3.0-or-later
/* `show vmcore formats`: what this build reads, on this machine. */
#include "dump/dump.h"
#include "dump/foreign.h"
#include "gdb/plugin.h"

static PyObject *formats_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	char library[400];

	(void)args;
	if (!plugin)
		return NULL;
	for (size_t i = 0; dump_formats[i]; i++) {
		const struct dump_format *format = dump_formats[i];

		if (!gdb_printf(plugin, "%-17s %s\n", format->name, format->description))
			return NULL;
		if (format != &dump_format_foreign)
			continue;
		foreign_describe(library, sizeof(library));
		if (!gdb_printf(plugin, "%-17s here: %s\n", "", library))
			return NULL;
	}
	gdb_printf(
		plugin,
		"Each can also be in makedumpfile's flattened form. `kernel dump FILE' says what "
		"a file is.\n");
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "invoke", formats_invoke, METH_VARARGS, NULL },
	{ 0 },
};

static const char doc[] = "Show which formats of kernel dumps can be read.\n"
			  "Usage: show vmcore formats\n"
			  "\n"
			  "Rare ones are read by libkdumpfile, if this machine has it; what that\n"
			  "version can do is tried out and shown.";

bool register_formats(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Command", "vmcore.FormatsCommand", methods);
	PyObject *class = base ? plugin_class(plugin, base, "show_vmcore_formats", doc, NULL)
			       : NULL;
	PyObject *group = gdb_attribute(plugin, "COMMAND_DATA");
	PyObject *complete = gdb_attribute(plugin, "COMPLETE_NONE"), *command = NULL;

	if (class && group && complete)
		command = PyObject_CallFunction(class, "sOO", "show vmcore formats", group,
						complete);
	Py_XDECREF(base);
	Py_XDECREF(class);
	Py_XDECREF(group);
	Py_XDECREF(complete);
	Py_XDECREF(command);
	return command != NULL;
}
