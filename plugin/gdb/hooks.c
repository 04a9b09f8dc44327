// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where gdb's own commands need a word from us first, and how we learn that the connection went
 * away.
 *
 * gdb runs `define hook-NAME` before NAME, `hookpost-NAME` behind it, in the console, in scripts and in MI. Ours run one
 * hidden command, which does nothing while no dump is open. A hook that fails stops the command.
 */
#include "gdb/session.h"

#include <string.h>

enum hook_kind {
	HOOK_STACK,   /* walks the stack: modules on it get their debug files */
	HOOK_READ,    /* reads memory by address: say why if that fails */
	HOOK_EXAMINE, /* the same, and has begun a line with the address when it fails */
	HOOK_RESUME,  /* would let the machine go on */
	HOOK_RUN,     /* would throw the dump away, to start a program or as one */
	HOOK_QUIT,    /* would ask "Quit anyway?" about a process that never was */
	HOOK_UI,      /* makes a front end's channel (termdebug), after the one stop that a dump has */
	HOOK_FRAME,   /* behind it: such a channel is told where we are */
};

static const struct hook {
	const char *command;
	enum hook_kind kind;
} hooks[] = {
	{ "backtrace", HOOK_STACK },
	{ "frame", HOOK_STACK },
	{ "up", HOOK_STACK },
	{ "info", HOOK_STACK },
	{ "x", HOOK_EXAMINE },
	{ "print", HOOK_READ },
	{ "output", HOOK_READ },
	{ "printf", HOOK_READ },
	{ "dump", HOOK_READ },
	{ "find", HOOK_READ },
	{ "continue", HOOK_RESUME },
	{ "step", HOOK_RESUME },
	{ "next", HOOK_RESUME },
	{ "stepi", HOOK_RESUME },
	{ "nexti", HOOK_RESUME },
	{ "until", HOOK_RESUME },
	{ "advance", HOOK_RESUME },
	{ "finish", HOOK_RESUME },
	{ "jump", HOOK_RESUME },
	{ "signal", HOOK_RESUME },
	{ "reverse-continue", HOOK_RESUME },
	{ "reverse-step", HOOK_RESUME },
	{ "reverse-next", HOOK_RESUME },
	{ "reverse-stepi", HOOK_RESUME },
	{ "reverse-finish", HOOK_RESUME },
	{ "run", HOOK_RUN },
	{ "start", HOOK_RUN },
	{ "starti", HOOK_RUN },
	{ "attach", HOOK_RUN },
	{ "kill", HOOK_RUN },
	{ "quit", HOOK_QUIT },
	{ "new-ui", HOOK_UI },
	{ "frame", HOOK_FRAME },
};

/* Every channel gets =thread-selected with the frame, but only where that becomes another one. */
static void announce_frame(struct plugin *plugin)
{
	bool quiet = gdb_execute(plugin, NULL, NULL, "set suppress-cli-notifications on"); /* 13 */

	if (gdb_execute(plugin, NULL, NULL, "up"))
		gdb_execute(plugin, NULL, NULL, "down");
	else if (gdb_execute(plugin, NULL, NULL, "down"))
		gdb_execute(plugin, NULL, NULL, "up");
	if (quiet)
		gdb_execute(plugin, NULL, NULL, "set suppress-cli-notifications off");
}

static bool run_hook(struct plugin *plugin, const struct hook *hook, struct error *error)
{
	struct session *session = plugin->session;

	if (hook->kind != HOOK_QUIT && !session_attach(session, error))
		return false;
	switch (hook->kind) {
	case HOOK_STACK: modules_load_for_thread(session); break;
	case HOOK_READ:
	case HOOK_EXAMINE: session_explain_next_failure(session, hook->kind == HOOK_EXAMINE); break;
	case HOOK_RESUME:
		return error_set(error, ERROR_USAGE,
				 "%s: this is a crash dump, the machine cannot go on",
				 hook->command);
	case HOOK_RUN:
		return error_set(
			error, ERROR_USAGE,
			"%s: this is a crash dump, nothing runs in it; `detach` closes it first",
			hook->command);
	case HOOK_QUIT:
		plugin->quitting = true;
		session_close(plugin);
		break;
	case HOOK_UI: break;
	case HOOK_FRAME:
		if (plugin->has_ui)
			announce_frame(plugin);
		break;
	}
	return true;
}

static PyObject *hook_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct hook *hook = class_pointer(self);
	struct error error = { 0 };

	(void)args;
	if (!plugin || !hook)
		return NULL;
	plugin->has_ui |= hook->kind == HOOK_UI;
	if (hook->kind != HOOK_UI && plugin->session && !run_hook(plugin, hook, &error))
		return raise_error(plugin, &error);
	forget_exception(); /* a Ctrl-C is meant for the command that comes */
	Py_RETURN_NONE;
}

/* gdb's events.connection_removed and events.gdb_exiting. */
static PyObject *connection_removed(PyObject *self, PyObject *event)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, "vmcore.plugin");
	PyObject *connection, *type, *bytes;
	bool ours = false;

	if (!plugin)
		return NULL;
	connection = PyObject_GetAttrString(event, "connection");
	type = connection ? PyObject_GetAttrString(connection, "type") : NULL;
	bytes = type ? PyUnicode_AsUTF8String(type) : NULL;
	if (bytes)
		ours = !strcmp(PyBytes_AsString(bytes), "remote");
	Py_XDECREF(bytes);
	Py_XDECREF(type);
	Py_XDECREF(connection);
	PyErr_Clear();
	if (ours && plugin->session && plugin->session->connected) {
		plugin->session->connected = false;
		session_disconnected(plugin);
	}
	Py_RETURN_NONE;
}

/* gdb.events.new_objfile */
static PyObject *new_objfile(PyObject *self, PyObject *event)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, "vmcore.plugin");
	PyObject *objfile, *name, *bytes;

	if (!plugin)
		return NULL;
	if (!plugin->session || plugin->session->connected)
		Py_RETURN_NONE;
	objfile = PyObject_GetAttrString(event, "new_objfile");
	name = objfile ? PyObject_GetAttrString(objfile, "filename") : NULL;
	bytes = name && name != Py_None ? PyUnicode_EncodeFSDefault(name) : NULL;
	forget_exception();
	if (bytes)
		modules_loaded(plugin->session, PyBytes_AsString(bytes));
	Py_XDECREF(bytes);
	Py_XDECREF(name);
	Py_XDECREF(objfile);
	forget_exception();
	Py_RETURN_NONE;
}

/* The end of gdb however it came about: our files go away. */
static PyObject *exiting(PyObject *self, PyObject *event)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, "vmcore.plugin");

	(void)event;
	if (plugin) {
		plugin->quitting = true;
		session_close(plugin);
	}
	PyErr_Clear();
	Py_RETURN_NONE;
}

static PyMethodDef event_methods[] = {
	{ "vmcore_connection_removed", connection_removed, METH_O, NULL },
	{ "vmcore_exiting", exiting, METH_O, NULL },
	{ "vmcore_new_objfile", new_objfile, METH_O, NULL },
};

bool plugin_connect_event(struct plugin *plugin, const char *name, PyMethodDef *method)
{
	PyObject *events = gdb_attribute(plugin, "events");
	PyObject *event = events ? PyObject_GetAttrString(events, name) : NULL;
	PyObject *capsule = PyCapsule_New(plugin, "vmcore.plugin", NULL);
	PyObject *function = capsule ? PyCFunction_New(method, capsule) : NULL;
	PyObject *result = event && function ? PyObject_CallMethod(event, "connect", "O", function)
					     : NULL;

	if (!event)
		PyErr_Clear();
	Py_XDECREF(result);
	Py_XDECREF(function);
	Py_XDECREF(capsule);
	Py_XDECREF(event);
	Py_XDECREF(events);
	return !PyErr_Occurred();
}

static PyMethodDef hook_methods[] = {
	{ "invoke", hook_invoke, METH_VARARGS, NULL },
	{ 0 },
};

static bool register_hook(struct plugin *plugin, PyObject *base, const struct hook *hook)
{
	const char *when = hook->kind == HOOK_FRAME ? "hookpost" : "hook";
	PyObject *class = plugin_class(
		plugin, base, "vmcore_hook",
		"Part of the kernel dump debugger; runs with a command of gdb's.", hook);
	PyObject *group = gdb_attribute(plugin, "COMMAND_OBSCURE"), *name = NULL, *command = NULL;
	bool done;

	name = PyUnicode_FromFormat("kernel-%s-%s", when, hook->command);
	if (class && group && name)
		command = PyObject_CallFunctionObjArgs(class, name, group, NULL);
	done = command != NULL;
	Py_XDECREF(class);
	Py_XDECREF(group);
	Py_XDECREF(name);
	Py_XDECREF(command);
	return done && gdb_execute(plugin, NULL, NULL, "define %s-%s\nkernel-%s-%s\nend", when, hook->command, when, hook->command);
}

bool register_hooks(struct plugin *plugin)
{
	PyObject *base = plugin_gdb_base_class(plugin, "Command", "vmcore.Hook", hook_methods);
	bool done = base && plugin_connect_event(plugin, "connection_removed", &event_methods[0]) &&
		    plugin_connect_event(plugin, "gdb_exiting", &event_methods[1]) &&
		    plugin_connect_event(plugin, "new_objfile", &event_methods[2]);

	for (size_t i = 0; done && i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (!register_hook(plugin, base, &hooks[i]))
			PyErr_Clear(); /* this gdb has no such command */
	Py_XDECREF(base);
	return done;
}
