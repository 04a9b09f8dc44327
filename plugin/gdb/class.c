// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Classes of gdb's (gdb.Command, gdb.Parameter ...) with methods in C: how one is made, and how its methods find the plugin and
 * what they are for. Whatever is registered is built on these; the list of it is in register.c.
 */
#include "gdb/plugin.h"

#define PLUGIN_CAPSULE	"vmcore.plugin"
#define POINTER_CAPSULE "vmcore.pointer"

PyObject *plugin_capsule(struct plugin *plugin)
{
	return PyCapsule_New(plugin, PLUGIN_CAPSULE, NULL);
}

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

	if (dict && put(dict, "_vmcore_plugin", plugin_capsule(plugin)) &&
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

/* gdb's own words about the command NAME, and one of ours. */
static bool describe(struct plugin *plugin, const char *name, const char *more, struct buffer *doc)
{
	if (!gdb_execute(plugin, doc, NULL, "help %s", name))
		return false;
	while (!doc->failed && doc->size && doc->data[doc->size - 1] == '\n')
		doc->data[--doc->size] = '\0';
	buffer_printf(doc, "\n\n%s", more);
	return !doc->failed;
}

bool plugin_take_over(struct plugin *plugin, PyObject *base, const char *name, const char *more, const void *pointer)
{
	struct buffer doc = { 0 };
	PyObject *class = describe(plugin, name, more, &doc) ? plugin_class(plugin, base, "taken_over", doc.data, pointer) : NULL;
	PyObject *group = gdb_attribute(plugin, "COMMAND_FILES");
	PyObject *complete = gdb_attribute(plugin, "COMPLETE_FILENAME");
	PyObject *command = class && group && complete ?
				    PyObject_CallFunction(class, "sOO", name, group, complete) : NULL;

	buffer_free(&doc);
	Py_XDECREF(class);
	Py_XDECREF(group);
	Py_XDECREF(complete);
	Py_XDECREF(command);
	return !PyErr_Occurred();
}
