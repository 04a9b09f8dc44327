// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `gdb -i=dap`: what gdb's adapter for the Debug Adapter Protocol (its Python package gdb.dap, 14
 * and later) has to be told of dumps.
 *
 * It attaches to a process, to `target remote TARGET` or (17 and later) to a core file, and to
 * nothing else. So an attach request whose target is a file, or whose coreFile is a kernel dump,
 * becomes `target vmcore`: an editor needs {"program": VMLINUX, "target": VMCORE} and no more.
 *
 * It takes every new thread for a sign that the program runs, and then refuses requests until
 * something stops; tasks become threads after the one stop that a dump ever has.
 *
 * It says yes to `continue` and waits. A request that would let the machine go on fails here.
 *
 * Of a thread it tells the name only, in no order (16): here the rest follows, by number, so that
 * the CPUs come first.
 *
 * It lets a whole scope fail if one pointer in it is unknown (16): a sleeping task keeps only some
 * registers, and a kernel is full of arguments that were optimized out. The same with its globals.
 *
 * It refuses to read a range of which a part is missing; here what is before that is read, and the
 * reason is said.
 *
 * All of this is inside of gdb.dap, which promises nothing: what is not there as we know it is left
 * alone.
 */
#include "gdb/session.h"

#include "dump/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One of gdb.dap's functions that we stand before. */
struct wrapped {
	struct plugin *plugin;
	const char *name;
	PyObject *original; /* owned, for good */
};

#define WRAPPED "vmcore.dap"

/* The attribute NAME of gdb's MODULE: a new reference, or NULL, without an exception. */
static PyObject *dap_attribute(const char *module, const char *name)
{
	PyObject *found = PyDict_GetItemString(PyImport_GetModuleDict(), module); /* borrowed */
	PyObject *value = found ? PyObject_GetAttrString(found, name) : NULL;

	PyErr_Clear();
	return value;
}

/* Raises gdb.dap's exception for what is to be told to the client. */
static PyObject *raise_refusal(const char *text)
{
	PyObject *class = dap_attribute("gdb.dap.startup", "DAPException");
	PyObject *string = PyUnicode_DecodeUTF8(text, strlen(text), "backslashreplace");

	if (string)
		PyErr_SetObject(class ? class : PyExc_RuntimeError, string);
	Py_XDECREF(string);
	Py_XDECREF(class);
	return NULL;
}

/* In the adapter's own thread; it holds the GIL, so a session does not come or go meanwhile. */
static PyObject *refuse(PyObject *self, PyObject *args, PyObject *keywords)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	char text[128];

	if (!wrapped)
		return NULL;
	if (!wrapped->plugin->session)
		return PyObject_Call(wrapped->original, args, keywords);
	snprintf(text, sizeof(text), "%s: this is a crash dump, the machine cannot go on",
		 wrapped->name);
	return raise_refusal(text);
}

/* A client that ends may ask to kill what it debugs; gdb would fail and stay. */
static PyObject *disconnect(PyObject *self, PyObject *args, PyObject *keywords)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);

	if (!wrapped)
		return NULL;
	if (wrapped->plugin->session && keywords &&
	    PyDict_SetItemString(keywords, "terminateDebuggee", Py_False) < 0)
		return NULL;
	return PyObject_Call(wrapped->original, args, keywords);
}

/*
 * Does an adapter that is to connect to TARGET mean a dump? A file that is not there, or the parts
 * of a split set, with commas between them, are one: gdb would take that for the name of a serial
 * line, and say nothing when it finds none (16).
 */
static bool is_dump(const char *target)
{
	struct stat status;

	if (stat(target, &status) == 0)
		return S_ISREG(status.st_mode);
	return *target == '/' || !strpbrk(target, ":|");
}

/* TEXT without the backslashes that gdb.dap puts before blanks, quotes and backslashes; malloc'ed. */
static char *unescape(const char *text)
{
	char *plain = strdup(text), *to = plain;

	while (plain && (*to = *text)) {
		if (*text == '\\' && text[1])
			*to = *++text;
		text++, to++;
	}
	return plain;
}

/*
 * The dump that the adapter means by COMMAND, with which it attaches, malloc'ed; NULL if that is no
 * matter of ours.
 */
static char *dump_of(const char *command)
{
	static const char remote[] = "target remote ", core[] = "core-file ";
	char *path;

	if (!strncmp(command, remote, strlen(remote)))
		return is_dump(command + strlen(remote)) ? strdup(command + strlen(remote)) : NULL;
	if (strncmp(command, core, strlen(core)))
		return NULL;
	path = unescape(command + strlen(core));
	if (path && dump_probe(path))
		return path;
	free(path);
	return NULL;
}

/* gdb.dap.startup.exec_and_log(), as gdb.dap.launch calls it. */
static PyObject *attach_command(PyObject *self, PyObject *args, PyObject *keywords)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *command = PyTuple_Size(args) ? PyTuple_GetItem(args, 0) : NULL;
	PyObject *bytes = command && PyUnicode_Check(command) ? PyUnicode_EncodeFSDefault(command)
							      : NULL;
	char *dump = bytes ? dump_of(PyBytes_AsString(bytes)) : NULL;
	struct buffer target = { 0 };
	struct error error = { 0 };
	bool done;

	PyErr_Clear();
	Py_XDECREF(bytes);
	if (!wrapped || !dump)
		return wrapped ? PyObject_Call(wrapped->original, args, keywords) : NULL;
	buffer_string(&target, "target vmcore ");
	gdb_quote(&target, dump);
	free(dump);
	done = !target.failed && gdb_execute_visible(wrapped->plugin, target.data, &error);
	buffer_free(&target);
	if (!done)
		return raise_refusal(error.text);
	Py_RETURN_NONE;
}

/* gdb.dap.threads._thread_name(): "init: CPU 0, panicked, pid 1, running (RU)". */
static PyObject *thread_name(PyObject *self, PyObject *args)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *name = wrapped ? PyObject_CallObject(wrapped->original, args) : NULL;
	PyObject *details, *parts, *full;

	if (!name || !PyUnicode_Check(name) || !wrapped->plugin->session)
		return name;
	details = PyObject_GetAttrString(PyTuple_GetItem(args, 0), "details");
	parts = details && PyUnicode_Check(details)
			? PyObject_CallMethod(details, "partition", "s", ", task ")
			: NULL;
	full = parts ? PyUnicode_FromFormat("%U: %U", name, PyTuple_GetItem(parts, 0)) : NULL;
	Py_XDECREF(parts);
	Py_XDECREF(details);
	if (!full) {
		PyErr_Clear();
		return name;
	}
	Py_DECREF(name);
	return full;
}

/* Sorts the response to `threads`: {"threads": [{"id": 1, ...}, ...]}. */
static bool sort_threads(PyObject *body)
{
	PyObject *list = PyDict_Check(body) ? PyDict_GetItemString(body, "threads") : NULL;
	PyObject *module = PyImport_ImportModule("operator");
	PyObject *key = module ? PyObject_CallMethod(module, "itemgetter", "s", "id") : NULL;
	PyObject *keywords = key ? Py_BuildValue("{s:O}", "key", key) : NULL;
	PyObject *sort = list && keywords ? PyObject_GetAttrString(list, "sort") : NULL;
	PyObject *none = PyTuple_New(0);
	PyObject *result = sort && none ? PyObject_Call(sort, none, keywords) : NULL;
	bool done = result != NULL;

	Py_XDECREF(result);
	Py_XDECREF(none);
	Py_XDECREF(sort);
	Py_XDECREF(keywords);
	Py_XDECREF(key);
	Py_XDECREF(module);
	return done;
}

/* DICT[KEY] = VALUE (stolen). */
static bool store(PyObject *dict, const char *key, PyObject *value)
{
	bool done = value && PyDict_SetItemString(dict, key, value) == 0;

	Py_XDECREF(value);
	return done;
}

/* The attribute NAME of one of the adapter's objects, which is called _NAME since 18; NULL with an exception. */
static PyObject *attribute_of(PyObject *object, const char *name)
{
	PyObject *value = PyObject_GetAttrString(object, name);
	char hidden[32];

	if (value || !PyErr_ExceptionMatches(PyExc_AttributeError))
		return value;
	PyErr_Clear();
	snprintf(hidden, sizeof(hidden), "_%s", name);
	return PyObject_GetAttrString(object, hidden);
}

/* Of a structure those members that are known. What is not there at all fails; as ONE_OF_MANY, a variable of a scope, it says why. */
static PyObject *text_of_unknown(PyObject *value, bool one_of_many)
{
	PyObject *text = PyObject_CallMethod(value, "format_string", NULL);
	struct error error = { 0 };

	if (text || !one_of_many || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return text;
	error_from_python(&error);
	return PyUnicode_FromFormat("<error: %s>", error.text);
}

/* What gdb.dap says of a variable whose value is unknown, as 18 says it; NULL with an exception. */
static PyObject *unknown_variable(PyObject *variable)
{
	PyObject *value = attribute_of(variable, "value"), *result = PyDict_New();
	PyObject *type = value ? PyObject_GetAttrString(value, "type") : NULL;
	PyObject *key = attribute_of(variable, "result_name");
	/* "result" is what was evaluated. */
	PyObject *text = value && key ? text_of_unknown(value, PyUnicode_CompareWithASCIIString(key, "value") == 0) : NULL;
	bool done = result && type && key && text && PyDict_SetItem(result, key, text) == 0 &&
		    store(result, "name", attribute_of(variable, "name")) &&
		    store(result, "type", PyObject_Str(type)) &&
		    store(result, "variablesReference", PyLong_FromLong(0));

	Py_XDECREF(text);
	Py_XDECREF(key);
	Py_XDECREF(type);
	Py_XDECREF(value);
	if (done)
		return result;
	Py_XDECREF(result);
	return NULL;
}

/* gdb.dap.varref.VariableReference.to_object(). */
static PyObject *describe_variable(PyObject *self, PyObject *args)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *result = wrapped ? PyObject_CallObject(wrapped->original, args) : NULL;
	struct put_aside aside;

	if (result || !wrapped || !wrapped->plugin->session ||
	    PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return result;
	exception_put_aside(&aside);
	result = unknown_variable(PyTuple_GetItem(args, 0));
	exception_settle(&aside, !result);
	return result;
}

/* (name, "<error: why>") of the symbol, for the list of globals; NULL with an exception. */
static PyObject *unknown_global(PyObject *args, const char *why)
{
	PyObject *list = attribute_of(PyTuple_GetItem(args, 0), "var_list");
	PyObject *symbol = list ? PyObject_GetItem(list, PyTuple_GetItem(args, 1)) : NULL;
	PyObject *name = symbol ? PyObject_GetAttrString(symbol, "name") : NULL;
	PyObject *class = name ? dap_attribute("gdb", "Value") : NULL;
	PyObject *text = class ? PyUnicode_FromFormat("<error: %s>", why) : NULL;
	PyObject *value = text ? PyObject_CallFunctionObjArgs(class, text, NULL) : NULL;
	PyObject *pair = value ? PyTuple_Pack(2, name, value) : NULL;

	Py_XDECREF(value);
	Py_XDECREF(text);
	Py_XDECREF(class);
	Py_XDECREF(name);
	Py_XDECREF(symbol);
	Py_XDECREF(list);
	return pair;
}

/* gdb.dap.globalvars._Globals.fetch_one_child(): one variable that has no value (the kernel's current_stack_pointer) fails the scope. */
static PyObject *fetch_global(PyObject *self, PyObject *args)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *result = wrapped ? PyObject_CallObject(wrapped->original, args) : NULL;
	struct error error = { 0 };

	if (result || !wrapped || !wrapped->plugin->session || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return result;
	error_from_python(&error);
	return unknown_global(args, error.text);
}

/* The response to readMemory; MISSING bytes behind DATA could not be read. */
static PyObject *memory_response(uint64_t address, PyObject *data, uint64_t missing)
{
	PyObject *module = PyImport_ImportModule("base64"), *response = NULL;
	PyObject *encoded = module ? PyObject_CallMethod(module, "b64encode", "O", data) : NULL;
	char where[32];

	snprintf(where, sizeof(where), "0x%" PRIx64, address);
	if (encoded)
		response = Py_BuildValue("{s:s,s:s,s:K}", "address", where, "data",
					 PyBytes_AsString(encoded), "unreadableBytes",
					 (unsigned long long)missing);
	Py_XDECREF(encoded);
	Py_XDECREF(module);
	return response;
}

/* The first of SIZE bytes at ADDRESS, as far as they can be read, as the selected thread sees them. */
static PyObject *read_readable(struct session *session, uint64_t address, uint64_t size)
{
	uint64_t thread = session_selected_thread(session), done;
	PyObject *buffer = PyBytes_FromStringAndSize(NULL, size), *data, *response;
	struct error error = { 0 };

	if (!buffer)
		return NULL;
	pthread_mutex_lock(&session->kernel->lock);
	done = vmcore_target_ops.read_memory(session->target, thread, address,
					     PyBytes_AsString(buffer), size, &error);
	pthread_mutex_unlock(&session->kernel->lock);
	data = done ? PyBytes_FromStringAndSize(PyBytes_AsString(buffer), done)
		    : raise_refusal(error.text);
	Py_DECREF(buffer);
	if (!data)
		return NULL;
	if (done < size)
		gdb_announce(session->plugin, "%s\n", error.text);
	response = memory_response(address, data, size - done);
	Py_DECREF(data);
	return response;
}

/* The number in DICT[NAME], in any base if it is a string; *NUMBER_RET stays if there is none. */
static bool number_of(PyObject *dict, const char *name, uint64_t *number_ret)
{
	PyObject *value = PyDict_GetItemString(dict, name), *number; /* value: borrowed */
	bool done;

	if (!value)
		return true;
	number = PyUnicode_Check(value)
			 ? PyObject_CallFunction((PyObject *)&PyLong_Type, "Oi", value, 0)
			 : PyNumber_Long(value);
	done = number && value_to_u64(number, number_ret);
	Py_XDECREF(number);
	return done;
}

/* readMemory in gdb's own thread; SELF is (the wrapped request, its arguments). */
static PyObject *read_again(PyObject *self, PyObject *args)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(PyTuple_GetItem(self, 0), WRAPPED);
	PyObject *keywords = PyTuple_GetItem(self, 1);
	uint64_t address = 0, offset = 0, count = 0;

	(void)args;
	if (!wrapped || !number_of(keywords, "memoryReference", &address) ||
	    !number_of(keywords, "offset", &offset) || !number_of(keywords, "count", &count))
		return NULL;
	if (!wrapped->plugin->session)
		return raise_refusal("the dump was closed");
	return read_readable(wrapped->plugin->session, address + offset, count);
}

static PyMethodDef read_again_method = { "vmcore_read_again", read_again, METH_NOARGS, NULL };

/* Has read_again() run in gdb's thread, and waits for what it returns or raises. */
static PyObject *ask_gdb_again(PyObject *wrapped, PyObject *keywords)
{
	PyObject *send = dap_attribute("gdb.dap.server", "send_gdb_with_response");
	PyObject *bound = Py_BuildValue("(OO)", wrapped, keywords);
	PyObject *function = bound ? PyCFunction_New(&read_again_method, bound) : NULL;
	PyObject *result = send && function ? PyObject_CallFunctionObjArgs(send, function, NULL)
					    : NULL;

	Py_XDECREF(function);
	Py_XDECREF(bound);
	Py_XDECREF(send);
	return result;
}

/* In the adapter's own thread, as refuse(). */
static PyObject *read_memory(PyObject *self, PyObject *args, PyObject *keywords)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *result = wrapped ? PyObject_Call(wrapped->original, args, keywords) : NULL;
	struct put_aside aside;
	PyObject *missing;

	if (result || !wrapped || !wrapped->plugin->session || !keywords)
		return result;
	exception_put_aside(&aside);
	missing = gdb_attribute(wrapped->plugin, "MemoryError");
	if (missing && PyErr_GivenExceptionMatches(aside.type, missing))
		result = ask_gdb_again(self, keywords);
	exception_settle(&aside, !result && !PyErr_Occurred());
	Py_XDECREF(missing);
	return result;
}

/* {"category": "important", "output": TEXT} */
static void send_output(const char *text)
{
	PyObject *send = dap_attribute("gdb.dap.server", "send_event");
	PyObject *line = PyUnicode_FromFormat("%s\n", text);
	PyObject *body = line ? Py_BuildValue("{s:s,s:O}", "category", "important", "output", line) : NULL;
	PyObject *result = send && body ? PyObject_CallFunction(send, "sO", "output", body) : NULL;

	Py_XDECREF(result);
	Py_XDECREF(body);
	Py_XDECREF(line);
	Py_XDECREF(send);
	PyErr_Clear();
}

/* In the adapter's own thread: what a person typed, and why it found no memory. */
static PyObject *evaluate(PyObject *self, PyObject *args, PyObject *keywords)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *result = wrapped ? PyObject_Call(wrapped->original, args, keywords) : NULL;
	char *why = wrapped && wrapped->plugin->session ? session_take_explanation(wrapped->plugin->session) : NULL;
	struct put_aside aside;

	if (why) {
		exception_put_aside(&aside);
		send_output(why);
		exception_settle(&aside, true);
	}
	free(why);
	return result;
}

static PyObject *threads(PyObject *self, PyObject *args, PyObject *keywords)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *body = wrapped ? PyObject_Call(wrapped->original, args, keywords) : NULL;

	if (body && wrapped->plugin->session && !sort_threads(body))
		PyErr_Clear();
	return body;
}

/*
 * gdb.dap.events.thread_event(). Clients ask for all threads when they hear of the stop; some do so again at each thread that starts.
 * Those of a dump are all there before the stop.
 */
static PyObject *thread_event(PyObject *self, PyObject *args)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *send, *result;

	if (!wrapped)
		return NULL;
	if (!wrapped->plugin->session || wrapped->plugin->session->connected)
		return PyObject_CallObject(wrapped->original, args);
	send = dap_attribute("gdb.dap.events", "send_process_event_once"); /* as the original does */
	result = send ? PyObject_CallObject(send, NULL) : NULL;
	Py_XDECREF(send);
	Py_XDECREF(result);
	PyErr_Clear();
	Py_RETURN_NONE;
}

/* gdb.events.new_thread, after the adapter's own listener. */
static PyObject *new_thread(PyObject *self, PyObject *event)
{
	struct wrapped *wrapped = PyCapsule_GetPointer(self, WRAPPED);
	PyObject *events = PyDict_GetItemString(PyImport_GetModuleDict(), "gdb.dap.events");

	(void)event;
	if (wrapped && wrapped->plugin->session && events)
		PyObject_SetAttrString(events, "inferior_running", Py_False);
	PyErr_Clear();
	Py_RETURN_NONE;
}

/* The function METHOD that stands before ORIGINAL (stolen; may be NULL); NULL with an exception. */
static PyObject *wrap(struct plugin *plugin, PyMethodDef *method, const char *name,
		      PyObject *original)
{
	struct wrapped *wrapped = malloc(sizeof(*wrapped));
	PyObject *capsule, *function;

	if (!wrapped)
		return PyErr_NoMemory();
	*wrapped = (struct wrapped){ plugin, name, original };
	capsule = PyCapsule_New(wrapped, WRAPPED, NULL);
	function = capsule ? PyCFunction_New(method, capsule) : NULL;
	Py_XDECREF(capsule);
	return function;
}

#define KEYWORDS(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef refuse_method = { "vmcore_refuse", KEYWORDS(refuse),
				     METH_VARARGS | METH_KEYWORDS, NULL };
static PyMethodDef disconnect_method = { "vmcore_disconnect", KEYWORDS(disconnect),
					 METH_VARARGS | METH_KEYWORDS, NULL };
static PyMethodDef threads_method = { "vmcore_threads", KEYWORDS(threads),
				      METH_VARARGS | METH_KEYWORDS, NULL };
static PyMethodDef memory_method = { "vmcore_read_memory", KEYWORDS(read_memory),
				     METH_VARARGS | METH_KEYWORDS, NULL };
static PyMethodDef evaluate_method = { "vmcore_evaluate", KEYWORDS(evaluate),
				       METH_VARARGS | METH_KEYWORDS, NULL };
static PyMethodDef name_method = { "vmcore_thread_name", thread_name, METH_VARARGS, NULL };
static PyMethodDef variable_method = { "vmcore_variable", describe_variable, METH_VARARGS, NULL };
static PyMethodDef global_method = { "vmcore_global", fetch_global, METH_VARARGS, NULL };
static PyMethodDef attach_method = { "vmcore_attach", KEYWORDS(attach_command),
				     METH_VARARGS | METH_KEYWORDS, NULL };
static PyMethodDef thread_event_method = { "vmcore_thread_event", thread_event, METH_VARARGS, NULL };
static PyMethodDef new_thread_method = { "vmcore_new_thread", new_thread, METH_O, NULL };

/* Puts METHOD before the request NAME. */
static bool wrap_request(struct plugin *plugin, PyObject *commands, const char *name,
			 PyMethodDef *method)
{
	PyObject *original = PyDict_GetItemString(commands, name); /* borrowed */
	PyObject *function;
	bool done;

	if (!original)
		return true;
	Py_INCREF(original);
	function = wrap(plugin, method, name, original);
	done = function && PyDict_SetItemString(commands, name, function) == 0;
	Py_XDECREF(function);
	return done;
}

static bool wrap_requests(struct plugin *plugin)
{
	static const char *const refused[] = { "continue", "next",     "stepIn",
					       "stepOut",  "stepBack", "reverseContinue" };
	PyObject *commands = dap_attribute("gdb.dap.server", "_commands");
	bool done = true;

	if (commands && PyDict_Check(commands)) {
		for (size_t i = 0; done && i < sizeof(refused) / sizeof(refused[0]); i++)
			done = wrap_request(plugin, commands, refused[i], &refuse_method);
		done = done && wrap_request(plugin, commands, "threads", &threads_method) &&
		       wrap_request(plugin, commands, "readMemory", &memory_method) &&
		       wrap_request(plugin, commands, "evaluate", &evaluate_method) &&
		       wrap_request(plugin, commands, "disconnect", &disconnect_method);
	}
	Py_XDECREF(commands);
	return done;
}

/* Puts METHOD before the function NAME of gdb's MODULE. */
static bool wrap_function(struct plugin *plugin, const char *module, const char *name,
			  PyMethodDef *method)
{
	PyObject *found = PyDict_GetItemString(PyImport_GetModuleDict(), module); /* borrowed */
	PyObject *original = dap_attribute(module, name);
	PyObject *function = original ? wrap(plugin, method, name, original) : NULL;
	bool done = !original || (function && PyObject_SetAttrString(found, name, function) == 0);

	Py_XDECREF(function);
	return done;
}

/* The METHOD called NAME of the class CLASS_NAME in MODULE; a partialmethod, since what C defines gets no object before its arguments. */
static bool wrap_method(struct plugin *plugin, const char *module, const char *class_name, const char *name, PyMethodDef *method)
{
	PyObject *functools = PyImport_ImportModule("functools");
	PyObject *class = dap_attribute(module, class_name);
	PyObject *original = class ? PyObject_GetAttrString(class, name) : NULL;
	PyObject *function = original ? wrap(plugin, method, name, original) : NULL;
	PyObject *bound = functools && function ? PyObject_CallMethod(functools, "partialmethod", "O", function) : NULL;
	bool done = !original || (bound && PyObject_SetAttrString(class, name, bound) == 0);

	if (done)
		PyErr_Clear();
	Py_XDECREF(bound);
	Py_XDECREF(function);
	Py_XDECREF(class);
	Py_XDECREF(functools);
	return done;
}

static bool watch_threads(struct plugin *plugin)
{
	PyObject *events = gdb_attribute(plugin, "events");
	PyObject *event = events ? PyObject_GetAttrString(events, "new_thread") : NULL;
	PyObject *function = event ? wrap(plugin, &new_thread_method, "new_thread", NULL) : NULL;
	PyObject *result = function ? PyObject_CallMethod(event, "connect", "O", function) : NULL;
	bool done = result != NULL;

	Py_XDECREF(result);
	Py_XDECREF(function);
	Py_XDECREF(event);
	Py_XDECREF(events);
	return done;
}

bool register_dap(struct plugin *plugin)
{
	if (!PyDict_GetItemString(PyImport_GetModuleDict(), "gdb.dap"))
		return true; /* the usual: gdb is not an adapter */
	plugin->dap = true;
	return wrap_requests(plugin) && watch_threads(plugin) &&
	       wrap_function(plugin, "gdb.dap.launch", "exec_and_log", &attach_method) &&
	       wrap_function(plugin, "gdb.dap.events", "thread_event", &thread_event_method) &&
	       wrap_function(plugin, "gdb.dap.threads", "_thread_name", &name_method) &&
	       wrap_method(plugin, "gdb.dap.globalvars", "_Globals", "fetch_one_child", &global_method) &&
	       wrap_method(plugin, "gdb.dap.varref", "VariableReference", "to_object", &variable_method);
}
