// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The classes of what vmcore.tasks() and the like return. An object's attributes are the members of
 * its row, which simply is its __dict__; getters and methods come on top.
 */
#include "gdb/python/python.h"

#include <string.h>

#include "gdb/session.h"

#define MAX_SHOWN 2
#define MAX_HEX	  3

/* A member of the row and what the attribute is called. */
struct rename {
	const char *member, *attribute;
};

struct class
{
	const char *name;
	const char *doc;
	const struct rename *renames; /* ends with NULL; NULL = none */
	const char *type;	      /* of what .value points to; NULL = there is no .value */
	const char *shown[MAX_SHOWN]; /* members that repr() shows */
	PyGetSetDef *getters;
	PyMethodDef *methods;
	const char *hex[MAX_HEX]; /* members that are hexadecimal text, but numbers for Python */
};

/* --- which dump --- */

static unsigned long long serial_of(struct session *session)
{
	if (!session->serial)
		session->serial = ++session->plugin->nr_sessions;
	return session->serial;
}

bool python_set_dump(struct session *session, PyObject *object)
{
	PyObject *serial = PyLong_FromUnsignedLongLong(serial_of(session));
	int status = serial ? PyObject_SetAttrString(object, "_dump", serial) : -1;

	Py_XDECREF(serial);
	return status == 0;
}

struct session *python_session(struct plugin *plugin)
{
	struct error error = { 0 };
	struct session *session = session_get(plugin, &error);

	if (!session)
		raise_error(plugin, &error);
	return session;
}

struct session *python_session_of(struct plugin *plugin, PyObject *self)
{
	struct error error = { 0 };
	uint64_t serial;

	if (!python_member(self, "_dump", &serial))
		return NULL;
	if (plugin->session && serial_of(plugin->session) == serial)
		return plugin->session;
	error_set(&error, ERROR_USAGE, "this is of a dump that was closed");
	raise_error(plugin, &error);
	return NULL;
}

bool python_member(PyObject *self, const char *name, uint64_t *value_ret)
{
	PyObject *value = PyObject_GetAttrString(self, name);
	bool done = value && value_to_u64(value, value_ret);

	Py_XDECREF(value);
	return done;
}

/* --- what objects can do --- */

static PyObject *get_value(PyObject *self, void *closure)
{
	struct plugin *plugin = plugin_of(self);
	const struct class *class = class_pointer(self);
	struct error error = { 0 };
	struct session *session;
	uint64_t address;

	(void)closure;
	session = plugin && class ? python_session_of(plugin, self) : NULL;
	if (!session || !python_member(self, "address", &address))
		return NULL;
	if (!session_attach(session, &error)) /* gdb is about to be asked for types and memory */
		return raise_error(plugin, &error);
	return gdb_pointer(plugin, address, class->type);
}

static PyObject *task_at(struct plugin *plugin, uint64_t address)
{
	PyObject *rows, *row;
	char text[40];

	snprintf(text, sizeof(text), "ps %llx", (unsigned long long)address);
	rows = python_rows(plugin, text, "tasks");
	row = rows ? PyList_GetItem(rows, 0) : NULL; /* borrowed */
	Py_XINCREF(row);
	Py_XDECREF(rows);
	return row ? python_object(plugin, PYTHON_TASK, row) : NULL;
}

static PyObject *get_cpu_task(PyObject *self, void *closure)
{
	struct plugin *plugin = plugin_of(self);
	uint64_t address;

	(void)closure;
	if (!plugin || !python_session_of(plugin, self) ||
	    !python_member(self, "task_address", &address))
		return NULL;
	if (!address)
		Py_RETURN_NONE;
	return task_at(plugin, address);
}

/* The list FRAMES (stolen; NULL: pass the exception on) as a Stack, which also says why it ends. */
static PyObject *make_stack(struct plugin *plugin, PyObject *frames, PyObject *end)
{
	PyObject *stack = frames ? PyObject_CallFunctionObjArgs(plugin->python_stack, frames, NULL) : NULL;

	if (stack && PyObject_SetAttrString(stack, "end", end) < 0)
		Py_CLEAR(stack);
	Py_XDECREF(frames);
	return stack;
}

/* As a list, but an empty one is its reason. */
static PyObject *stack_repr(PyObject *self, PyObject *args)
{
	PyObject *end = PyObject_GetAttrString(self, "end"), *text = NULL, *list;

	(void)args;
	if (end && end != Py_None && PyList_Size(self) == 0) {
		text = PyUnicode_FromFormat("<vmcore.Stack, none: %S>", end);
	} else if (end) {
		list = PyList_GetSlice(self, 0, PyList_Size(self)); /* a plain one */
		text = list ? PyObject_Repr(list) : NULL;
		Py_XDECREF(list);
	}
	Py_XDECREF(end);
	return text;
}

static PyMethodDef stack_methods[] = {
	{ "__repr__", stack_repr, METH_NOARGS, NULL },
	{ 0 },
};

bool python_add_class(struct plugin *plugin, PyObject *module, PyObject *base, const char *name, const char *doc, PyObject **class_ret)
{
	PyObject *class = base ? plugin_class(plugin, base, name, doc, NULL) : NULL;

	Py_XDECREF(base);
	*class_ret = class;
	Py_XINCREF(class);
	return class && PyModule_AddObject(module, name, class) == 0;
}

static bool make_stack_class(struct plugin *plugin, PyObject *module)
{
	PyObject *base = plugin_base_class((PyObject *)&PyList_Type, "vmcore.StackBase", stack_methods);

	return python_add_class(plugin, module, base, "Stack", "A stack: a list of Frame, and end: why it is not complete, or None.",
				&plugin->python_stack) &&
	       PyObject_SetAttrString(plugin->python_stack, "end", Py_None) == 0;
}

static PyObject *task_stack(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *rows, *row, *frames, *end, *result;
	uint64_t address;
	char text[40];

	(void)args;
	if (!plugin || !python_session_of(plugin, self) ||
	    !python_member(self, "address", &address))
		return NULL;
	snprintf(text, sizeof(text), "bt %llx", (unsigned long long)address);
	rows = python_rows(plugin, text, "tasks");
	if (!rows)
		return NULL;
	row = PyList_GetItem(rows, 0); /* borrowed, like frames and end */
	frames = row ? PyDict_GetItemString(row, "frames") : NULL;
	end = row ? PyDict_GetItemString(row, "end") : NULL;
	PyErr_Clear();
	if (frames && PyList_Check(frames))
		Py_INCREF(frames);
	else
		frames = PyList_New(0);
	result = make_stack(plugin, python_objects(plugin, PYTHON_FRAME, frames), end ? end : Py_None);
	Py_DECREF(rows);
	return result;
}

static PyObject *task_read(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *address_object;
	uint64_t task, address;
	Py_ssize_t size;

	if (!plugin || !PyArg_ParseTuple(args, "On", &address_object, &size) ||
	    !python_session_of(plugin, self) || !value_to_u64(address_object, &address) ||
	    !python_member(self, "address", &task))
		return NULL;
	return python_read(plugin, PYTHON_TASK_MEMORY, task, address, size);
}

/* What `kernel COMMAND ADDRESS' prints of the task SELF under KEY. */
static PyObject *task_rows(PyObject *self, enum python_kind kind, const char *command, const char *outer, const char *key)
{
	struct plugin *plugin = plugin_of(self);
	uint64_t address;
	char text[60];

	if (!plugin || !python_session_of(plugin, self) || !python_member(self, "address", &address))
		return NULL;
	snprintf(text, sizeof(text), "%s %llx", command, (unsigned long long)address);
	return python_list(plugin, kind, text, outer, key);
}

static PyObject *task_vmas(PyObject *self, PyObject *args)
{
	(void)args;
	return task_rows(self, PYTHON_VMA, "vm", "tasks", "vmas");
}

static PyObject *task_files(PyObject *self, PyObject *args)
{
	(void)args;
	return task_rows(self, PYTHON_FILE, "files", "tasks", "files");
}

static PyObject *task_mounts(PyObject *self, PyObject *args)
{
	(void)args;
	return task_rows(self, PYTHON_MOUNT, "mount -n", NULL, "mounts");
}

static PyObject *cache_objects(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	uint64_t address;
	char text[60];

	(void)args;
	if (!plugin || !python_session_of(plugin, self) || !python_member(self, "address", &address))
		return NULL;
	snprintf(text, sizeof(text), "kmem -S %llx", (unsigned long long)address);
	return python_list(plugin, PYTHON_SLAB_OBJECT, text, NULL, "objects");
}

static PyGetSetDef value_getters[] = {
	{ "value", get_value, NULL, "the gdb.Value of the pointer to the kernel's structure",
	  NULL },
	{ 0 },
};

static PyGetSetDef cpu_getters[] = {
	{ "task", get_cpu_task, NULL, "the Task it was running, None if that is not known", NULL },
	{ 0 },
};

static PyMethodDef no_methods[] = { { 0 } };

static PyMethodDef task_methods[] = {
	{ "stack", task_stack, METH_NOARGS,
	  "stack() -> list of Frame, innermost first; as `kernel bt`: without inlined functions. "
	  "Its attribute `end' is why it is not complete, or why there is none; None = it is" },
	{ "read", task_read, METH_VARARGS,
	  "read(address, size) -> bytes of the process's memory; raises MissingMemory" },
	{ "vmas", task_vmas, METH_NOARGS, "vmas() -> list of VMA: its address space" },
	{ "files", task_files, METH_NOARGS, "files() -> list of File: what it has open" },
	{ "mounts", task_mounts, METH_NOARGS, "mounts() -> list of Mount: of its namespace" },
	{ 0 },
};

static PyMethodDef cache_methods[] = {
	{ "objects", cache_objects, METH_NOARGS, "objects() -> list of SlabObject: all of its, in use or free" },
	{ 0 },
};

static const struct rename task_renames[] = { { "task", "address" },
					      { "stack", "stack_address" },
					      { 0 } };

#define ADDRESS_IS(member) (const struct rename[]){ { member, "address" }, { 0 } }

static const struct class classes[PYTHON_NR_KINDS] = {
	[PYTHON_TASK] = { "Task",
			  "A task: the members of `kernel ps -j` (pid, tgid, ppid, comm, state, cpu, "
			  "kernel_thread, rss_bytes, ...), address, value and stack().",
			  task_renames,
			  "struct task_struct",
			  { "pid", "comm" },
			  value_getters,
			  task_methods },
	[PYTHON_FRAME] = { "Frame",
			   "A stack frame: the members of `kernel bt -j` (level, pc, sp, function, "
			   "offset, module, kind, exact).",
			   NULL,
			   NULL,
			   { "level", "function" },
			   NULL,
			   no_methods },
	[PYTHON_CPU] = { "CPU",
			 "A CPU: number, online, panicked, registers (a dict of those that are known), "
			 "registers_source (\"cpu-note\": exact, \"inferred\", None), task_address "
			 "(0 = not known), task, and task_inferred_from (None, or what says that it "
			 "ran that task).",
			 NULL,
			 NULL,
			 { "number" },
			 cpu_getters,
			 no_methods },
	[PYTHON_MODULE] = { "Module",
			    "A loaded module: the members of `kernel mod -j` (name, base, size, "
			    "build_id, refcount, ...), address and value (struct module *).",
			    NULL,
			    "struct module",
			    { "name" },
			    value_getters,
			    no_methods },
	[PYTHON_RECORD] = { "LogRecord",
			    "A record of the kernel's log: the members of `kernel log -j` (seq, "
			    "timestamp_ns, time, level, facility, caller, text, ...).",
			    NULL,
			    NULL,
			    { "timestamp_ns", "text" },
			    NULL,
			    no_methods },
	[PYTHON_SYSTEM] = { "System",
			    "The crashed machine: the members of `kernel sys -j` (release, version, "
			    "panic, cpus, tasks, uptime_ns, taints, ...).",
			    NULL,
			    NULL,
			    { "nodename", "release" },
			    NULL,
			    no_methods },
	[PYTHON_SLAB_CACHE] = { "SlabCache",
				"A slab cache: the members of `kernel kmem -s -j` (name, object_size, slabs, ...; its objects are nr_objects), address, value (struct "
				"kmem_cache *) and objects().",
				(const struct rename[]){ { "cache", "address" }, { "objects", "nr_objects" }, { 0 } }, "struct kmem_cache", { "name" }, value_getters, cache_methods },
	[PYTHON_SLAB_OBJECT] = { "SlabObject",
				 "An object of a slab cache: the members of `kernel kmem -S -j` (state, slab, cache, ...), address and value (void *).",
				 ADDRESS_IS("object"), "void", { "address", "state" }, value_getters, no_methods },
	[PYTHON_VMA] = { "VMA", "A piece of an address space: the members of `kernel vm -j` (start, end, flags, permissions, name, ...), pid, address and value.",
			 ADDRESS_IS("vma"), "struct vm_area_struct", { "start", "name" }, value_getters, no_methods, { "start", "end", "flags" } },
	[PYTHON_FILE] = { "File", "An open file: the members of `kernel files -j` (fd, path, type, position, ...), pid, address and value (struct file *).",
			  ADDRESS_IS("file"), "struct file", { "fd", "path" }, value_getters, no_methods },
	[PYTHON_MOUNT] = { "Mount", "A mount: the members of `kernel mount -n -j` (mount_point, type, source, ...), address and value (struct mount *).",
			   ADDRESS_IS("mount"), "struct mount", { "mount_point", "type" }, value_getters, no_methods },
	[PYTHON_RUNQUEUE] = { "RunQueue", "A CPU's run queue: the members of `kernel runq -j` (cpu, nr_running, queued, ...), address and value (struct rq *).",
			      ADDRESS_IS("runqueue"), "struct rq", { "cpu", "nr_running" }, value_getters, no_methods },
	[PYTHON_TIMER] = { "Timer",
			   "A timer of a CPU's wheel: the members of `kernel timer -j` (expires, function, ...), cpu, address and value (struct "
			   "timer_list *).",
			   ADDRESS_IS("timer"), "struct timer_list", { "expires", "function" }, value_getters, no_methods },
	[PYTHON_WAIT] = { "Wait",
			  "Who waits for whom: the members of `kernel locks -a -j` (pid, kind, object, holder_pid, depth, ...), address and value of the "
			  "task (struct task_struct *).",
			  ADDRESS_IS("task"), "struct task_struct", { "pid", "kind" }, value_getters, no_methods },
};

/* <vmcore.Task pid=1 comm='init'> */
static PyObject *object_repr(PyObject *self)
{
	const struct class *class = class_pointer(self);
	PyObject *text = class ? PyUnicode_FromFormat("<vmcore.%s", class->name) : NULL;

	for (size_t i = 0; text && i < MAX_SHOWN && class->shown[i]; i++) {
		PyObject *value = PyObject_GetAttrString(self, class->shown[i]);
		PyObject *longer = value ? PyUnicode_FromFormat("%U %s=%R", text, class->shown[i],
								value)
					 : NULL;

		Py_XDECREF(value);
		Py_DECREF(text);
		text = longer;
	}
	if (text) {
		PyObject *whole = PyUnicode_FromFormat("%U>", text);

		Py_DECREF(text);
		text = whole;
	}
	return text;
}

/* --- making them --- */

/* The C part of a class; a heap class derived from it has the plugin and a __dict__ per object. */
static PyObject *base_class(const struct class *class)
{
	static PyGetSetDef none[] = { { 0 } };
	PyType_Slot slots[] = {
		{ Py_tp_methods, class->methods },
		{ Py_tp_getset, class->getters ? class->getters : none },
		{ Py_tp_repr, object_repr },
		{ 0 },
	};
	PyType_Spec spec = {
		.name = "vmcore.Object",
		.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
		.slots = slots,
	};

	return PyType_FromSpec(&spec);
}

bool python_make_classes(struct plugin *plugin, PyObject *module)
{
	for (size_t i = 0; i < PYTHON_NR_KINDS; i++) {
		PyObject *base = base_class(&classes[i]), *class = NULL;
		PyObject *name = PyUnicode_FromString("vmcore");

		if (base)
			class = plugin_class(plugin, base, classes[i].name, classes[i].doc,
					     &classes[i]);
		if (class && name)
			PyObject_SetAttrString(class, "__module__", name);
		Py_XDECREF(name);
		Py_XDECREF(base);
		plugin->python_classes[i] = class;
		Py_XINCREF(class);
		if (!class || PyModule_AddObject(module, classes[i].name, class) < 0)
			return false;
	}
	return make_stack_class(plugin, module);
}

static bool rename_members(PyObject *row, const struct rename *rename)
{
	for (; rename && rename->member; rename++) {
		PyObject *value = PyDict_GetItemString(row, rename->member);

		if (!value || PyDict_SetItemString(row, rename->attribute, value) < 0 ||
		    PyDict_DelItemString(row, rename->member) < 0)
			return false;
	}
	return true;
}

static bool convert_hex(PyObject *row, const char *const *members)
{
	for (size_t i = 0; i < MAX_HEX && members[i]; i++) {
		PyObject *text = PyDict_GetItemString(row, members[i]), *number; /* borrowed */
		int status;

		if (!text || !PyUnicode_Check(text))
			continue;
		number = PyObject_CallFunction((PyObject *)&PyLong_Type, "Oi", text, 16);
		status = number ? PyDict_SetItemString(row, members[i], number) : -1;
		Py_XDECREF(number);
		if (status < 0)
			return false;
	}
	return true;
}

PyObject *python_object(struct plugin *plugin, enum python_kind kind, PyObject *row)
{
	struct session *session = python_session(plugin);
	PyObject *object = NULL, *serial = NULL;

	if (session && rename_members(row, classes[kind].renames) && convert_hex(row, classes[kind].hex))
		serial = PyLong_FromUnsignedLongLong(serial_of(session));
	if (serial && PyDict_SetItemString(row, "_dump", serial) == 0)
		object = PyObject_CallObject(plugin->python_classes[kind], NULL);
	if (object && PyObject_SetAttrString(object, "__dict__", row) < 0)
		Py_CLEAR(object);
	Py_XDECREF(serial);
	Py_DECREF(row);
	return object;
}

PyObject *python_objects(struct plugin *plugin, enum python_kind kind, PyObject *rows)
{
	PyObject *list = rows ? PyList_New(0) : NULL;

	for (Py_ssize_t i = 0; list && i < PyList_Size(rows); i++) {
		PyObject *row = PyList_GetItem(rows, i), *object;

		Py_INCREF(row);
		object = python_object(plugin, kind, row);
		if (!object || PyList_Append(list, object) < 0)
			Py_CLEAR(list);
		Py_XDECREF(object);
	}
	Py_XDECREF(rows);
	return list;
}
