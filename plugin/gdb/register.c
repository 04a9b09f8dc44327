// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loading: makes the `vmcore` module and registers everything with gdb, once per process.
 */
#include "gdb/command_line.h"
#include "gdb/python/python.h"

#include <stdlib.h>
#include <string.h>

static PyModuleDef vmcore_module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "vmcore",
	.m_size = -1,
};

/* For plugin_of() in the module's functions. */
static bool put_capsule(struct plugin *plugin, PyObject *module)
{
	PyObject *capsule = plugin_capsule(plugin);
	int status = capsule ? PyObject_SetAttrString(module, "_vmcore_plugin", capsule) : -1;

	Py_XDECREF(capsule);
	return status == 0;
}

static bool register_all(struct plugin *plugin, PyObject *module)
{
	return register_parameters(plugin) && register_formats(plugin) &&
	       register_commands(plugin) && register_mi(plugin) && register_dap(plugin) &&
	       register_core_file(plugin) && register_program_file(plugin) &&
	       register_functions(plugin) && register_printers(plugin) && register_frame_filter(plugin) &&
	       register_unwinder(plugin) &&
	       register_hooks(plugin) && register_python(plugin, module) &&
	       register_batch(plugin) && register_crash_names(plugin);
}

/*
 * Where the locale knows ASCII only (LC_ALL=C: cron, containers) gdb refuses to hand a Python command words with other letters in
 * them, the path of a dump say. What is ASCII in UTF-8 stays as it is; Python does the same with such a locale (PEP 538). Whoever
 * sets another one afterwards has it.
 */
static void take_all_letters(struct plugin *plugin)
{
	PyObject *name = PyObject_CallMethod(plugin->gdb, "host_charset", NULL);
	PyObject *text = name ? PyUnicode_AsASCIIString(name) : NULL;
	const char *charset = text ? PyBytes_AsString(text) : NULL;

	if (charset && (strcmp(charset, "ANSI_X3.4-1968") == 0 || strcmp(charset, "ASCII") == 0 || strcmp(charset, "US-ASCII") == 0))
		gdb_execute(plugin, NULL, NULL, "set host-charset UTF-8");
	Py_XDECREF(text);
	Py_XDECREF(name);
	forget_exception();
}

PyObject *plugin_load(void)
{
	PyObject *modules = PyImport_GetModuleDict(); /* borrowed */
	PyObject *module = PyDict_GetItemString(modules, "vmcore");
	struct plugin *plugin;

	if (module) { /* loaded the other way before */
		Py_INCREF(module);
		return module;
	}
	relaunch_with_target();
	plugin = calloc(1, sizeof(*plugin));
	if (!plugin)
		return PyErr_NoMemory();
	plugin->gdb = PyImport_ImportModule("gdb");
	if (!plugin->gdb) {
		free(plugin);
		PyErr_SetString(PyExc_ImportError,
				"vmcore only works inside gdb: gdb -ex 'python import vmcore'");
		return NULL;
	}
	plugin->batch = command_line_is_batch();
	plugin->mi = command_line_is_mi();
	take_all_letters(plugin);
	module = PyModule_Create(&vmcore_module);
	/* From here on gdb holds pointers to the plugin, so it is never freed. */
	if (!module || !put_capsule(plugin, module) || !register_all(plugin, module) ||
	    PyDict_SetItemString(modules, "vmcore", module) < 0) {
		Py_XDECREF(module);
		return NULL;
	}
	return module;
}
