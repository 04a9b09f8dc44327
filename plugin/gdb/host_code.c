// SPDX-License-Identifier: GPL-3.0-or-later
/* gdb's disassembler, for struct host. */
#include "commands/command.h"
#include "gdb/session.h"

/* One instruction that gdb has taken apart, a dict. */
static bool hand_over(PyObject *instruction, bool from_file, instruction_callback *callback, void *context, uint64_t *next_ret)
{
	PyObject *address = PyDict_GetItemString(instruction, "addr"), *length = PyDict_GetItemString(instruction, "length");
	PyObject *text = PyDict_GetItemString(instruction, "asm");	/* all borrowed */
	PyObject *bytes = text ? PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") : NULL;
	uint64_t at, size;
	bool more = false;

	if (bytes && address && length && value_to_u64(address, &at) && value_to_u64(length, &size)) {
		*next_ret = at + size;
		more = callback(context, at, size, from_file, PyBytes_AsString(bytes));
	}
	Py_XDECREF(bytes);
	return more;
}

/* Up to COUNT of them from *START on, which moves behind the last. False: with an exception, or nobody wants more. */
static bool take_apart(PyObject *architecture, uint64_t *start, uint64_t end, uint64_t count, bool from_file,
		       instruction_callback *callback, void *context, uint64_t *done)
{
	/* No end is the end of all, which is in the range. */
	PyObject *list = PyObject_CallMethod(architecture, "disassemble", "KKK", (unsigned long long)*start, (unsigned long long)end - 1,
					     (unsigned long long)count);
	Py_ssize_t size = list ? PySequence_Size(list) : 0;
	bool more = list != NULL;

	for (Py_ssize_t i = 0; more && i < size; i++) {
		PyObject *instruction = PySequence_GetItem(list, i);

		more = instruction && hand_over(instruction, from_file, callback, context, start);
		Py_XDECREF(instruction);
		++*done;
	}
	Py_XDECREF(list);
	return more;
}

/* Where the dump has no memory gdb may take read-only sections from the file. */
static bool from_file(struct session *session, PyObject *architecture, uint64_t *start, uint64_t end, instruction_callback *callback,
		      void *context, uint64_t *done)
{
	struct buffer setting = { 0 };
	struct put_aside aside;
	bool more = false, known = gdb_setting(session->plugin, "trust-readonly-sections", &setting) && setting.data;

	if (known && gdb_execute(session->plugin, NULL, NULL, "set trust-readonly-sections on")) {
		more = take_apart(architecture, start, end, 1, true, callback, context, done);
		exception_put_aside(&aside);
		gdb_execute(session->plugin, NULL, NULL, "set trust-readonly-sections %s", setting.data);
		exception_settle(&aside, true);
	}
	buffer_free(&setting);
	return more;
}

static bool disassemble(struct session *session, uint64_t start, uint64_t end, uint64_t count, instruction_callback *callback,
			void *context, struct error *error)
{
	PyObject *inferior = PyObject_CallMethod(session->plugin->gdb, "selected_inferior", NULL);
	PyObject *architecture = inferior ? PyObject_CallMethod(inferior, "architecture", NULL) : NULL;
	uint64_t done = 0;
	bool more = architecture != NULL;

	/* All at once, or where that fails one by one: gdb gives nothing of what is before the one that cannot be read. */
	if (more && !take_apart(architecture, &start, end, count, false, callback, context, &done)) {
		more = !done && PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
		while (more && done < count && (!end || start < end)) {
			PyErr_Clear();
			more = take_apart(architecture, &start, end, 1, false, callback, context, &done);
			if (!more && PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
				PyErr_Clear();
				more = from_file(session, architecture, &start, end, callback, context, &done);
			}
		}
	}
	Py_XDECREF(architecture);
	Py_XDECREF(inferior);
	return PyErr_Occurred() ? error_from_python(error) : more || error_no_memory(error, "instructions", done);
}

bool host_disassemble(void *context, uint64_t start, uint64_t end, uint64_t count, instruction_callback *callback, void *callback_context,
		      struct error *error)
{
	struct session *session = context;
	bool done;

	host_let_go(session);
	done = session_attach(session, error) && disassemble(session, start, end, count, callback, callback_context, error);
	host_take_back(session);
	return done;
}
