// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The frame filter: gives frames their names back.
 *
 * Entry code that has a struct pt_regs is a signal frame to gdb (symbols/cfi/cfi.h says why), and gdb
 * prints such frames as
 * "<signal handler called>". The kernel engineer wants asm_sysvec_apic_timer_interrupt.
 */
#include "gdb/session.h"
#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"

/* The symbol at PC in the dump's own tables, as a new str; NULL without an exception if there is
 * none. */
static PyObject *symbol_name(struct session *session, uint64_t pc, bool with_module)
{
	struct kernel *kernel = session->kernel;
	const struct symbol *symbol;
	PyObject *result = NULL;
	struct module *module;
	char name[256];

	pthread_mutex_lock(&kernel->lock);
	symbol = kernel_symbolize(kernel, pc, name, sizeof(name));
	module = symbol && with_module ? module_at(kernel, pc) : NULL;
	if (module)
		result = PyUnicode_FromFormat("%s [%s]", symbol->name, module->name);
	else if (symbol)
		result = PyUnicode_FromFormat("%s", symbol->name); /* any bytes */
	pthread_mutex_unlock(&kernel->lock);
	return result;
}

/* Whether FRAME_OBJECT, a gdb.Frame, is of TYPE ("SIGTRAMP_FRAME"). */
static bool is_type(struct plugin *plugin, PyObject *frame, const char *type)
{
	PyObject *own = PyObject_CallMethod(frame, "type", NULL),
		 *wanted = gdb_attribute(plugin, type);
	bool equal = own && wanted && PyObject_RichCompareBool(own, wanted, Py_EQ) == 1;

	Py_XDECREF(own);
	Py_XDECREF(wanted);
	return equal;
}

/*
 * The pc of the frame of SELF, a new reference; NULL without an exception if it has none: a
 * zombie's registers, say, went with its stack, and gdb's own decorator would raise.
 */
static PyObject *frame_pc(PyObject *self)
{
	PyObject *frame = PyObject_CallMethod(self, "inferior_frame", NULL);
	PyObject *pc = frame ? PyObject_CallMethod(frame, "pc", NULL) : NULL;

	Py_XDECREF(frame);
	if (!pc)
		forget_exception();
	return pc;
}

/* VmcoreFrame.address() */
static PyObject *frame_address(PyObject *self, PyObject *args)
{
	PyObject *pc = frame_pc(self);

	(void)args;
	if (!pc)
		Py_RETURN_NONE;
	return pc;
}

/*
 * The address to look a name up for: a return address can be the first of the next function, if the
 * call is the last instruction (it does not return). But what was interrupted, and the innermost
 * frame, are where they are.
 */
static uint64_t name_address(struct plugin *plugin, PyObject *frame, uint64_t pc)
{
	PyObject *newer = PyObject_CallMethod(frame, "newer", NULL);
	bool called = newer && newer != Py_None && !is_type(plugin, newer, "SIGTRAMP_FRAME");

	Py_XDECREF(newer);
	forget_exception();
	return called ? pc - 1 : pc;
}

/* VmcoreFrame.function(): the symbol for a signal frame and where gdb has no function, else what
 * the base class says. */
static PyObject *frame_function(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *base = (PyObject *)class_pointer(self);
	PyObject *frame = PyObject_CallMethod(self, "inferior_frame", NULL);
	PyObject *function = frame ? PyObject_CallMethod(frame, "function", NULL) : NULL;
	PyObject *pc_object = function ? frame_pc(self) : NULL;
	PyObject *type = pc_object ? PyObject_CallMethod(frame, "type", NULL) : NULL;
	PyObject *signal = type ? gdb_attribute(plugin, "SIGTRAMP_FRAME") : NULL;
	PyObject *result = NULL;
	uint64_t pc;

	(void)args;
	if (function && !pc_object)
		result = PyUnicode_FromString("<unavailable>");
	if (!plugin || !base || !signal || !value_to_u64(pc_object, &pc))
		goto out;
	if (plugin->session &&
	    (function == Py_None || PyObject_RichCompareBool(type, signal, Py_EQ) == 1)) {
		result = symbol_name(plugin->session, name_address(plugin, frame, pc),
				     function == Py_None);
		if (!result && !PyErr_Occurred() && function == Py_None) {
			/* User space: gdb's name if the person loaded the program's symbols. */
			result = PyObject_CallMethod(frame, "name", NULL);
			if (result == Py_None) {
				Py_DECREF(result);
				result = PyUnicode_FromString("??");
			}
		}
	}
	if (!result && !PyErr_Occurred())
		result = PyObject_CallMethod(base, "function", "O", self);
out:
	Py_XDECREF(signal);
	Py_XDECREF(type);
	Py_XDECREF(pc_object);
	Py_XDECREF(function);
	Py_XDECREF(frame);
	return result;
}

static bool is_function_start(struct session *session, uint64_t pc)
{
	const struct symbol *symbol;
	char name[256];
	bool start;

	pthread_mutex_lock(&session->kernel->lock);
	symbol = kernel_symbolize(session->kernel, pc, name, sizeof(name));
	start = symbol && symbol->address == pc;
	pthread_mutex_unlock(&session->kernel->lock);
	return start;
}

/*
 * Is the frame's pc a return address that gdb takes for the pc of an interrupted frame? Its line is
 * then the one after the call. Two kinds:
 *  - entry code that called a C function: a signal frame for what it does to its caller, but itself
 * called as usual;
 *  - the first frame of a task that was switched out: it will go on after __schedule()'s call of
 * __switch_to_asm(); but a new task, which has never run, at the start of ret_from_fork.
 */
static bool is_after_call(struct plugin *plugin, PyObject *frame, uint64_t pc)
{
	PyObject *newer = PyObject_CallMethod(frame, "newer", NULL);
	bool result = false;

	if (newer == Py_None)
		result = session_thread_is_switched_out(plugin->session) &&
			 !is_function_start(plugin->session, pc);
	else if (newer && is_type(plugin, frame, "SIGTRAMP_FRAME"))
		result = !is_type(plugin, newer, "SIGTRAMP_FRAME");
	Py_XDECREF(newer);
	forget_exception();
	return result;
}

/* gdb's symtab and line of the instruction before FRAME's pc, a new reference; NULL if its pc will
 * do. */
static PyObject *call_line(struct plugin *plugin, PyObject *self)
{
	PyObject *frame = PyObject_CallMethod(self, "inferior_frame", NULL), *pc_object = NULL,
		 *sal = NULL;
	uint64_t pc;

	if (frame && plugin->session)
		pc_object = PyObject_CallMethod(frame, "pc", NULL);
	if (pc_object && value_to_u64(pc_object, &pc) && is_after_call(plugin, frame, pc))
		sal = PyObject_CallMethod(plugin->gdb, "find_pc_line", "K",
					  (unsigned long long)pc - 1);
	Py_XDECREF(pc_object);
	Py_XDECREF(frame);
	forget_exception();
	return sal;
}

/* VmcoreFrame.line() */
static PyObject *frame_line(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *base = (PyObject *)class_pointer(self), *sal, *line;

	(void)args;
	if (!plugin || !base)
		return NULL;
	sal = call_line(plugin, self);
	if (!sal)
		return PyObject_CallMethod(base, "line", "O", self);
	line = PyObject_GetAttrString(sal, "line");
	Py_DECREF(sal);
	if (line && PyObject_IsTrue(line) == 0) { /* not known: gdb would print 0 */
		Py_DECREF(line);
		Py_INCREF(Py_None);
		line = Py_None;
	}
	return line;
}

/* VmcoreFrame.filename(): not our temporary file of a module without debug information; function()
 * names the module. */
static PyObject *frame_filename(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *base = (PyObject *)class_pointer(self);
	PyObject *pc = plugin && base ? frame_pc(self) : NULL;
	PyObject *sal = pc ? call_line(plugin, self) : NULL;
	PyObject *symtab = sal ? PyObject_GetAttrString(sal, "symtab") : NULL;
	PyObject *name = NULL, *prefix;

	(void)args;
	if (!pc && plugin && base)
		Py_RETURN_NONE;
	if (symtab && symtab != Py_None)
		name = PyObject_GetAttrString(symtab, "filename");
	else if (plugin && base)
		name = PyObject_CallMethod(base, "filename", "O", self);
	Py_XDECREF(symtab);
	Py_XDECREF(sal);
	Py_XDECREF(pc);
	if (name && PyUnicode_Check(name) && plugin->session && plugin->session->directory[0]) {
		prefix = PyUnicode_FromString(plugin->session->directory);
		if (prefix && PyUnicode_Tailmatch(name, prefix, 0, PY_SSIZE_T_MAX, -1) == 1) {
			Py_DECREF(name);
			Py_INCREF(Py_None);
			name = Py_None;
		}
		Py_XDECREF(prefix);
	}
	return name;
}

/* filter(iterator): every frame wrapped in VmcoreFrame, which is this filter's class_pointer(). */
static PyObject *filter_filter(PyObject *self, PyObject *iterator)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *wrapper = (PyObject *)class_pointer(self);
	PyObject *builtins, *result;

	if (!plugin || !wrapper)
		return NULL;
	if (!plugin->session) {
		Py_INCREF(iterator);
		return iterator;
	}
	builtins = PyImport_ImportModule("builtins");
	result = builtins ? PyObject_CallMethod(builtins, "map", "OO", wrapper, iterator) : NULL;
	Py_XDECREF(builtins);
	return result;
}

static PyMethodDef frame_methods[] = {
	{ "address", frame_address, METH_NOARGS, NULL },
	{ "function", frame_function, METH_NOARGS, NULL },
	{ "filename", frame_filename, METH_NOARGS, NULL },
	{ "line", frame_line, METH_NOARGS, NULL },
	{ 0 },
};

static PyMethodDef filter_methods[] = {
	{ "filter", filter_filter, METH_O, NULL },
	{ 0 },
};

static bool set_attribute(PyObject *object, const char *name, PyObject *value)
{
	int status = value ? PyObject_SetAttrString(object, name, value) : -1;

	Py_XDECREF(value);
	return status == 0;
}

bool register_frame_filter(struct plugin *plugin)
{
	PyObject *module = PyImport_ImportModule("gdb.FrameDecorator");
	PyObject *decorator = module ? PyObject_GetAttrString(module, "FrameDecorator") : NULL;
	PyObject *frame_base = decorator ? plugin_base_class(decorator, "vmcore.FrameBase",
							     frame_methods)
					 : NULL;
	/* The classes live as long as gdb does: these references are kept on purpose. */
	PyObject *frame = frame_base ? plugin_class(plugin, frame_base, "vmcore_frame", NULL,
						    decorator)
				     : NULL;
	PyObject *filter_base = plugin_base_class((PyObject *)&PyBaseObject_Type,
						  "vmcore.FilterBase", filter_methods);
	PyObject *filter_class = frame && filter_base
					 ? plugin_class(
						   plugin, filter_base, "vmcore_frame_filter",
						   "Names the kernel's entry code in backtraces.",
						   frame)
					 : NULL;
	PyObject *filter = filter_class ? PyObject_CallObject(filter_class, NULL) : NULL;
	PyObject *filters = gdb_attribute(plugin, "frame_filters");
	bool done = filter && filters &&
		    set_attribute(filter, "name", PyUnicode_FromString("vmcore")) &&
		    set_attribute(filter, "enabled", PyBool_FromLong(1)) &&
		    set_attribute(filter, "priority", PyLong_FromLong(100)) &&
		    PyDict_SetItemString(filters, "vmcore", filter) == 0;

	Py_XDECREF(filters);
	Py_XDECREF(filter);
	Py_XDECREF(filter_class);
	Py_XDECREF(filter_base);
	Py_XDECREF(module);
	return done;
}
