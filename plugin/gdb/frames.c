// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The frame filter: gives frames their names back.
 *
 * Entry code that has a struct pt_regs is a signal frame to gdb (symbols/cfi/cfi.h says why), and gdb
 * prints such frames as
 * "<signal handler called>". The kernel engineer wants asm_sysvec_apic_timer_interrupt.
 *
 * The function of a livepatch gets the one that it replaces, and a replaced one the newer.
 *
 * And it says why a stack ends: where a frame filter is in use gdb keeps that for itself.
 */
#include "gdb/session.h"
#include "kernel/modules/livepatch.h"
#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/unwind.h"

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
 * Does FRAME, to gdb, interrupt the next older one? Entry code does. Functions that switch stacks are marked so,
 * too, or gdb would not follow them down (symbols/cfi/cfi.c), but they were called.
 */
static bool interrupts(struct plugin *plugin, PyObject *frame)
{
	PyObject *pc_object;
	uint64_t pc;
	bool call = false;

	if (!is_type(plugin, frame, "SIGTRAMP_FRAME"))
		return false;
	pc_object = PyObject_CallMethod(frame, "pc", NULL);
	if (pc_object && plugin->session && value_to_u64(pc_object, &pc)) {
		pthread_mutex_lock(&plugin->session->kernel->lock);
		call = unwind_is_call(plugin->session->kernel, pc);
		pthread_mutex_unlock(&plugin->session->kernel->lock);
	}
	Py_XDECREF(pc_object);
	forget_exception();
	return !call;
}

/*
 * The address to look a name up for: a return address can be the first of the next function, if the
 * call is the last instruction (it does not return). But what was interrupted, and the innermost
 * frame, are where they are.
 */
static uint64_t name_address(struct plugin *plugin, PyObject *frame, uint64_t pc)
{
	PyObject *newer = PyObject_CallMethod(frame, "newer", NULL);
	bool called = newer && newer != Py_None && !interrupts(plugin, newer);

	Py_XDECREF(newer);
	forget_exception();
	return called ? pc - 1 : pc;
}

/* The function's place in a frame whose pc is not known: why not. */
static PyObject *unavailable(struct plugin *plugin)
{
	char why[512] = "";

	if (plugin && plugin->session)
		session_why_no_stack(plugin->session, why, sizeof(why));
	return why[0] ? PyUnicode_FromFormat("<unavailable: %s>", why) :
			PyUnicode_FromString("<unavailable>");
}

/* NAME, of the function that PC is in, as it is (a new reference), or with what a livepatch did to it. NULL: an exception. */
static PyObject *with_livepatch(struct session *session, PyObject *frame, uint64_t pc, PyObject *name)
{
	PyObject *type = PyObject_CallMethod(frame, "type", NULL);
	PyObject *inlined = type ? gdb_attribute(session->plugin, "INLINE_FRAME") : NULL;
	bool whole = inlined && PyObject_RichCompareBool(type, inlined, Py_EQ) == 0;
	char text[600] = "";

	Py_XDECREF(inlined);
	Py_XDECREF(type);
	forget_exception();
	pthread_mutex_lock(&session->kernel->lock);
	if (whole)
		livepatch_text(session->kernel, pc, text, sizeof(text));
	pthread_mutex_unlock(&session->kernel->lock);
	if (text[0])
		return PyUnicode_FromFormat("%S [%s]", name, text);
	Py_INCREF(name);
	return name;
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
	char why[512];
	uint64_t pc;

	(void)args;
	if (function && !pc_object)
		result = unavailable(plugin);
	if (!plugin || !base || !signal || !value_to_u64(pc_object, &pc))
		goto out;
	if (plugin->session && function == Py_None &&
	    name_address(plugin, frame, pc) == pc &&
	    frame_bad_pointer(plugin->session, frame, pc, why, sizeof(why)))
		result = PyUnicode_FromFormat("(%s)", why);
	else if (plugin->session &&
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
	if (plugin->session && result && PyUnicode_Check(result)) {
		PyObject *name = result;

		result = with_livepatch(plugin->session, frame, name_address(plugin, frame, pc), name);
		Py_DECREF(name);
	}
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
 * then the one after the call. Three kinds:
 *  - entry code that called a C function: a signal frame for what it does to its caller, but itself
 * called as usual;
 *  - the first frame of a task that was switched out: it will go on after __schedule()'s call of
 * __switch_to_asm(); but a new task, which has never run, at the start of ret_from_fork;
 *  - what called a function that switches stacks.
 */
static bool is_after_call(struct plugin *plugin, PyObject *frame, uint64_t pc)
{
	PyObject *newer = PyObject_CallMethod(frame, "newer", NULL);
	bool result = false;

	if (newer == Py_None)
		result = session_thread_is_switched_out(plugin->session) &&
			 !is_function_start(plugin->session, pc);
	else if (newer && is_type(plugin, frame, "SIGTRAMP_FRAME"))
		result = !interrupts(plugin, newer);
	else if (newer && is_type(plugin, newer, "SIGTRAMP_FRAME"))
		result = !interrupts(plugin, newer);
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

/*
 * Does FRAME stand in code where stacks end? That is no error, though an unwinder in Python (bad_pointers.c) has no way to tell
 * gdb so: where the kernel has freed the code gdb finds the same frame again (arm64's CPU 0).
 */
static bool is_end(struct plugin *plugin, PyObject *frame)
{
	PyObject *pc_object = PyObject_CallMethod(frame, "pc", NULL);
	struct session *session = plugin->session;
	uint64_t pc;
	bool end = false;

	if (pc_object && session && value_to_u64(pc_object, &pc)) {
		pc = name_address(plugin, frame, pc);
		pthread_mutex_lock(&session->kernel->lock);
		end = unwind_is_end(session->kernel, pc);
		pthread_mutex_unlock(&session->kernel->lock);
	}
	Py_XDECREF(pc_object);
	forget_exception();
	return end;
}

/* "Backtrace stopped: ...", as gdb has it, if FRAME (a gdb.Frame) is the last one and its stack broke off. */
static bool say_end(struct plugin *plugin, PyObject *frame)
{
	PyObject *reason = PyObject_CallMethod(frame, "unwind_stop_reason", NULL);
	/* The first of gdb's reasons that are errors (unwind_stop_reasons.def). */
	PyObject *first_error = gdb_attribute(plugin, "FRAME_UNWIND_UNAVAILABLE");
	PyObject *text = NULL, *bytes = NULL;
	char why[512] = "";
	bool done = true;

	if (reason && first_error && PyObject_RichCompareBool(reason, first_error, Py_GE) == 1 && !is_end(plugin, frame))
		text = PyObject_CallMethod(plugin->gdb, "frame_stop_reason_string", "O", reason);
	bytes = text ? PyUnicode_AsUTF8String(text) : NULL;
	forget_exception();
	if (bytes && plugin->session)
		session_why_stack_ends(plugin->session, why, sizeof(why));
	if (bytes)
		done = gdb_printf(plugin, "Backtrace stopped: %s%s%s\n", PyBytes_AsString(bytes),
				  why[0] ? ": " : "", why);
	Py_XDECREF(bytes);
	Py_XDECREF(text);
	Py_XDECREF(first_error);
	Py_XDECREF(reason);
	return done;
}

/* The iterator that the filter gives to gdb: the decorated frames of another one, and then why it ends. */
static PyObject *iterator_next(PyObject *self)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *frames = plugin ? PyObject_GetAttrString(self, "frames") : NULL;
	PyObject *wrapper = (PyObject *)class_pointer(self);
	PyObject *frame = frames && wrapper ? PyIter_Next(frames) : NULL, *decorated = NULL, *last;

	Py_XDECREF(frames);
	if (frame) {
		decorated = PyObject_CallFunctionObjArgs(wrapper, frame, NULL);
		Py_DECREF(frame);
		if (decorated && PyObject_SetAttrString(self, "last", decorated) < 0)
			Py_CLEAR(decorated);
		return decorated;
	}
	if (PyErr_Occurred())
		return NULL;
	/* All were shown: where gdb itself would say it. */
	last = PyObject_GetAttrString(self, "last");
	frame = last && last != Py_None ? PyObject_CallMethod(last, "inferior_frame", NULL) : NULL;
	forget_exception();
	if (frame)
		say_end(plugin, frame);
	Py_XDECREF(frame);
	Py_XDECREF(last);
	return NULL;
}

/* filter(iterator): every frame wrapped in VmcoreFrame; the filter's class_pointer() makes the iterator. */
static PyObject *filter_filter(PyObject *self, PyObject *iterator)
{
	struct plugin *plugin = plugin_of(self);
	PyObject *class = (PyObject *)class_pointer(self);
	PyObject *result;

	if (!plugin || !class)
		return NULL;
	if (!plugin->session) {
		Py_INCREF(iterator);
		return iterator;
	}
	result = PyObject_CallObject(class, NULL);
	if (result && (PyObject_SetAttrString(result, "frames", iterator) < 0 ||
		       PyObject_SetAttrString(result, "last", Py_None) < 0))
		Py_CLEAR(result);
	return result;
}

/* The class of that iterator, whose class_pointer() is the class WRAPPER. */
static PyObject *iterator_class(struct plugin *plugin, PyObject *wrapper)
{
	PyType_Slot slots[] = {
		{ Py_tp_iter, PyObject_SelfIter },
		{ Py_tp_iternext, iterator_next },
		{ 0 },
	};
	PyType_Spec spec = {
		.name = "vmcore.FrameIterator",
		.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
		.slots = slots,
	};
	PyObject *base = PyType_FromSpec(&spec);
	PyObject *class = base ? plugin_class(plugin, base, "vmcore_frame_iterator", NULL, wrapper) : NULL;

	Py_XDECREF(base);
	return class;
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

void frame_filter_enable(struct plugin *plugin, bool enable)
{
	if (plugin->frame_filter)
		set_attribute(plugin->frame_filter, "enabled", PyBool_FromLong(enable));
	forget_exception();
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
	PyObject *iterator = frame ? iterator_class(plugin, frame) : NULL;
	PyObject *filter_base = plugin_base_class((PyObject *)&PyBaseObject_Type,
						  "vmcore.FilterBase", filter_methods);
	PyObject *filter_class = iterator && filter_base
					 ? plugin_class(
						   plugin, filter_base, "vmcore_frame_filter",
						   "Names the kernel's entry code in backtraces.",
						   iterator)
					 : NULL;
	PyObject *filter = filter_class ? PyObject_CallObject(filter_class, NULL) : NULL;
	PyObject *filters = gdb_attribute(plugin, "frame_filters");
	bool done = filter && filters &&
		    set_attribute(filter, "name", PyUnicode_FromString("vmcore")) &&
		    set_attribute(filter, "enabled", PyBool_FromLong(0)) &&
		    set_attribute(filter, "priority", PyLong_FromLong(100)) &&
		    PyDict_SetItemString(filters, "vmcore", filter) == 0;

	Py_XDECREF(filters);
	plugin->frame_filter = filter;
	Py_XDECREF(filter_class);
	Py_XDECREF(filter_base);
	Py_XDECREF(module);
	return done;
}
