// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What kernel commands may ask of gdb (struct host).
 *
 * A command runs with the kernel locked. Anything here that can make gdb read memory or registers
 * lets go of the lock meanwhile, since gdb's read waits for the server's thread, which takes it.
 */
#include "commands/command.h"
#include "gdb/session.h"
#include "kernel/modules/module.h"
#include "kernel/stacks/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Lets the server's thread at the kernel while gdb works for us. It must not poll Python for Ctrl-C
 * meanwhile.
 */
void host_let_go(struct session *session)
{
	session->kernel->interrupted = NULL;
	pthread_mutex_unlock(&session->kernel->lock);
}

void host_take_back(struct session *session)
{
	pthread_mutex_lock(&session->kernel->lock);
	session->kernel->interrupted = session_interrupted;
}

/* A language that the person has chosen stays. */
static bool language_c(struct plugin *plugin)
{
	struct buffer language = { 0 };
	bool automatic = gdb_setting(plugin, "language", &language) && language.data && strncmp(language.data, "auto", 4) == 0;

	buffer_free(&language);
	return automatic && gdb_execute(plugin, NULL, NULL, "set language c");
}

bool host_ask(struct session *session, bool *language_changed, struct error *error)
{
	*language_changed = false;
	host_let_go(session);
	if (!session_attach(session, error))
		return false;
	*language_changed = language_c(session->plugin);
	return true;
}

void host_ask_end(struct session *session, bool language_changed)
{
	if (language_changed)
		gdb_execute(session->plugin, NULL, NULL, "set language auto");
	host_take_back(session);
}

static size_t source(void *context, uint64_t pc, bool exact,
		     const struct source_frame **frames_ret)
{
	struct session *session = context;
	struct kernel *kernel = session->kernel;
	uint64_t address = exact ? pc : pc - 1;
	struct module *module = kernel_is_text(kernel, address) ? NULL : module_at(kernel, address);

	if (module && !module->debug_searched) {
		modules_find_debug(session, module, NULL);
		forget_exception(); /* Ctrl-C is for the command */
	}
	return kernel_source(kernel, address, frames_ret);
}

static bool evaluate(void *context, const char *expression, uint64_t *value_ret,
		     struct error *error)
{
	struct session *session = context;
	PyObject *value = NULL;
	bool changed, done = host_ask(session, &changed, error);

	if (done) {
		value = PyObject_CallMethod(session->plugin->gdb, "parse_and_eval", "s",
					    expression);
		done = (value && value_to_u64(value, value_ret)) || error_from_python(error);
	}
	Py_XDECREF(value);
	host_ask_end(session, changed);
	return done;
}

/* format_string()'s arguments. */
static PyObject *print_options(const char *format)
{
	bool lines = *format == '+';
	/* Raw: the same text whether gdb has the types or the dump. */
	PyObject *options = lines ? Py_BuildValue("{sOsO}", "raw", Py_True, "pretty_structs", Py_True) : Py_BuildValue("{sO}", "raw", Py_True);
	PyObject *letter = options && format[lines] ? PyUnicode_FromString(format + lines) : NULL;

	if (letter)
		PyDict_SetItemString(options, "format", letter);
	Py_XDECREF(letter);
	return options;
}

static bool print(void *context, const char *expression, const char *format, struct buffer *text, struct error *error)
{
	struct session *session = context;
	PyObject *value = NULL, *method = NULL, *options = NULL, *nothing = NULL, *string = NULL, *bytes = NULL;
	bool changed, done = host_ask(session, &changed, error);

	if (done) {
		value = PyObject_CallMethod(session->plugin->gdb, "parse_and_eval", "s", expression);
		method = value ? PyObject_GetAttrString(value, "format_string") : NULL;
		options = print_options(format);
		nothing = PyTuple_New(0);
		string = method && options && nothing ? PyObject_Call(method, nothing, options) : NULL;
		bytes = string ? PyUnicode_AsEncodedString(string, "utf-8", "backslashreplace") : NULL;
		done = bytes || error_from_python(error);
	}
	if (done)
		buffer_append(text, PyBytes_AsString(bytes), PyBytes_Size(bytes));
	Py_XDECREF(bytes);
	Py_XDECREF(string);
	Py_XDECREF(nothing);
	Py_XDECREF(options);
	Py_XDECREF(method);
	Py_XDECREF(value);
	host_ask_end(session, changed);
	return done;
}

/* What select_task() came from, and the threads of all tasks. */
struct selection {
	PyObject *before, *threads;	/* gdb.InferiorThread or None; a tuple */
};

static bool selection_begin(struct session *session, struct selection *selection)
{
	PyObject *inferior = PyObject_CallMethod(session->plugin->gdb, "selected_inferior", NULL);

	selection->before = inferior ? PyObject_CallMethod(session->plugin->gdb, "selected_thread", NULL) : NULL;
	selection->threads = selection->before ? PyObject_CallMethod(inferior, "threads", NULL) : NULL;
	Py_XDECREF(inferior);
	return selection->threads;
}

/* The thread with the server's ID; borrowed, NULL = none, or with a Python exception. */
static PyObject *thread_of(const struct selection *selection, uint64_t id)
{
	for (Py_ssize_t i = 0; i < PyTuple_Size(selection->threads); i++) {
		PyObject *thread = PyTuple_GetItem(selection->threads, i);
		PyObject *ptid = thread ? PyObject_GetAttrString(thread, "ptid") : NULL;
		PyObject *lwp = ptid ? PyTuple_GetItem(ptid, 1) : NULL; /* borrowed */
		bool found = lwp && PyLong_AsUnsignedLongLong(lwp) == id;

		Py_XDECREF(ptid);
		if (found)
			return thread;
		if (PyErr_Occurred())
			break;
	}
	return NULL;
}

static bool switch_to(PyObject *thread)
{
	PyObject *result = thread && thread != Py_None ? PyObject_CallMethod(thread, "switch", NULL) : NULL;

	Py_XDECREF(result);
	return result;
}

static bool select_thread(struct session *session, struct selection *selection, uint64_t task, struct error *error)
{
	uint64_t id = session->target ? vmcore_target_thread_of(session->target, task) : 0;
	PyObject *thread;

	if (!selection->threads && !selection_begin(session, selection))
		return error_from_python(error);
	thread = id ? thread_of(selection, id) : NULL;
	if (!thread && !PyErr_Occurred())
		return error_set(error, ERROR_UNSUPPORTED, "the task is none of gdb's threads; `set vmcore threads all' makes all of them that");
	return switch_to(thread) || error_from_python(error);
}

static bool select_task(void *context, void **state, uint64_t task, struct error *error)
{
	struct session *session = context;
	struct selection *selection = state && *state ? *state : calloc(1, sizeof(*selection));
	bool done = true;

	if (state)
		*state = selection;
	if (!selection)
		return error_no_memory(error, "the threads", sizeof(*selection));
	host_let_go(session);
	if (task)
		done = session_attach(session, error) && select_thread(session, selection, task, error);
	else if (selection->before && !switch_to(selection->before))
		forget_exception();
	if (!task || !state) {
		Py_XDECREF(selection->before);
		Py_XDECREF(selection->threads);
		free(selection);
		if (state)
			*state = NULL;
	}
	host_take_back(session);
	return done;
}

static bool execute(void *context, const char *line, struct buffer *text, struct error *error)
{
	struct session *session = context;
	bool done;

	host_let_go(session);
	done = session_attach(session, error) && gdb_execute(session->plugin, text, error, "%s", line);
	host_take_back(session);
	return done;
}

static uint64_t selected_task(void *context)
{
	return session_selected_task(context);
}

static const struct cpu *selected_cpu(void *context)
{
	return session_selected_cpu(context);
}

/* LOAD: its debug information, FROM a file or a directory if that is not NULL; else that is taken away. */
static bool change_module(struct session *session, uint64_t address, bool load, const char *from, struct error *error)
{
	struct module *module = module_of(session->kernel, address);
	bool done;

	if (!module)
		return error_set(error, ERROR_USAGE, "the crashed kernel had no module at 0x%" PRIx64, address);
	host_let_go(session);
	done = session_attach(session, error) &&
	       (load ? modules_load_debug_from(session, module, from, error) : modules_unload_debug(session, module, error));
	host_take_back(session);
	return done;
}

static bool load_module(void *context, uint64_t address, const char *from, struct error *error)
{
	return change_module(context, address, true, from, error);
}

static bool unload_module(void *context, uint64_t address, struct error *error)
{
	return change_module(context, address, false, NULL, error);
}

static unsigned width(void *context)
{
	struct session *session = context;
	struct buffer value = { 0 };
	unsigned columns = 0;

	if (gdb_setting(session->plugin, "width", &value) && value.data)
		sscanf(value.data, "%u", &columns);
	buffer_free(&value);
	return columns;
}

void host_init(struct host *host, struct session *session)
{
	*host = (struct host){
		.source = source,
		.evaluate = evaluate,
		.print = print,
		.select_task = select_task,
		.execute = execute,
		.type = host_type,
		.layout = host_layout,
		.disassemble = host_disassemble,
		.selected_task = selected_task,
		.selected_cpu = selected_cpu,
		.load_module = load_module,
		.unload_module = unload_module,
		.width = width,
		.interrupted = session_interrupted,
		.progress = session_progress,
		.context = session,
	};
}
