// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loading: makes the `vmcore` module and registers everything with gdb, once per process.
 */
#include "gdb/command_line.h"
#include "gdb/python/python.h"

#include <stdlib.h>
#include <string.h>

#define PLUGIN_CAPSULE	"vmcore.plugin"
#define POINTER_CAPSULE "vmcore.pointer"

struct plugin *plugin_of(PyObject *self)
{
	PyObject *capsule = PyObject_GetAttrString(self, "_vmcore_plugin");
	struct plugin *plugin = capsule ? PyCapsule_GetPointer(capsule, PLUGIN_CAPSULE) : NULL;

	Py_XDECREF(capsule);
	return plugin;
}

const void *class_pointer(PyObject *self)
{
	PyObject *capsule = PyObject_GetAttrString(self, "_vmcore_pointer");
	const void *pointer = capsule ? PyCapsule_GetPointer(capsule, POINTER_CAPSULE) : NULL;

	Py_XDECREF(capsule);
	return pointer;
}

/* Puts VALUE (stolen) into DICT; false if it is NULL or cannot be stored. */
static bool put(PyObject *dict, const char *key, PyObject *value)
{
	int status = value ? PyDict_SetItemString(dict, key, value) : -1;

	Py_XDECREF(value);
	return status == 0;
}

PyObject *plugin_class(struct plugin *plugin, PyObject *base, const char *name, const char *doc,
		       const void *pointer)
{
	PyObject *dict = PyDict_New(), *class = NULL;

	if (dict && put(dict, "_vmcore_plugin", PyCapsule_New(plugin, PLUGIN_CAPSULE, NULL)) &&
	    (!doc || put(dict, "__doc__", PyUnicode_FromString(doc))) &&
	    (!pointer ||
	     put(dict, "_vmcore_pointer", PyCapsule_New((void *)pointer, POINTER_CAPSULE, NULL))))
		class = PyObject_CallFunction((PyObject *)&PyType_Type, "s(O)O", name, base, dict);
	Py_XDECREF(dict);
	return class;
}

PyObject *plugin_base_class(PyObject *base, const char *name, PyMethodDef *methods)
{
	PyType_Slot slots[] = { { Py_tp_methods, methods }, { 0 } };
	PyType_Spec spec = {
		.name = name,
		.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
		.slots = slots,
	};
	PyObject *bases = base ? PyTuple_Pack(1, base) : NULL;
	PyObject *class = bases ? PyType_FromSpecWithBases(&spec, bases) : NULL;

	Py_XDECREF(bases);
	return class;
}

PyObject *plugin_gdb_base_class(struct plugin *plugin, const char *base_name, const char *name,
				PyMethodDef *methods)
{
	PyObject *base = gdb_attribute(plugin, base_name);
	PyObject *class = plugin_base_class(base, name, methods);

	Py_XDECREF(base);
	return class;
}

static PyModuleDef vmcore_module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "vmcore",
	.m_size = -1,
};

/* For plugin_of() in the module's functions. */
static bool put_capsule(struct plugin *plugin, PyObject *module)
{
	PyObject *capsule = PyCapsule_New(plugin, PLUGIN_CAPSULE, NULL);
	int status = capsule ? PyObject_SetAttrString(module, "_vmcore_plugin", capsule) : -1;

	Py_XDECREF(capsule);
	return status == 0;
}

static bool register_all(struct plugin *plugin, PyObject *module)
{
	return register_parameters(plugin) && register_formats(plugin) &&
	       register_commands(plugin) && register_mi(plugin) && register_dap(plugin) &&
	       register_functions(plugin) && register_frame_filter(plugin) &&
	       register_unwinder(plugin) &&
	       register_hooks(plugin) && register_python(plugin, module) &&
	       register_batch(plugin);
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
	module = PyModule_Create(&vmcore_module);
	/* From here on gdb holds pointers to the plugin, so it is never freed. */
	if (!module || !put_capsule(plugin, module) || !register_all(plugin, module) ||
	    PyDict_SetItemString(modules, "vmcore", module) < 0) {
		Py_XDECREF(module);
		return NULL;
	}
	return module;
}
