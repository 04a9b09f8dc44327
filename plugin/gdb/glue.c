// SPDX-License-Identifier: GPL-3.0-or-later
#include "gdb/plugin.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/output.h"
#include "gdb/terminal/shell.h"

PyObject *gdb_attribute(struct plugin *plugin, const char *name)
{
	return PyObject_GetAttrString(plugin->gdb, name);
}

/* gdb.execute(COMMAND, from_tty=False, to_string=TO_STRING): a new reference or NULL. */
static PyObject *execute(struct plugin *plugin, const char *command, bool to_string)
{
	return PyObject_CallMethod(plugin->gdb, "execute", "sOO", command, Py_False,
				   to_string ? Py_True : Py_False);
}

/* Is LINE a record of MI's: =thread-created,id="1" or *stopped,...? */
static bool is_mi_record(const char *line)
{
	size_t name = strspn(line + (*line != '\0'), "abcdefghijklmnopqrstuvwxyz-");

	return (*line == '=' || *line == '*') && name > 2 && line[1 + name] == ',';
}

/*
 * TEXT, what a command printed, is added to OUTPUT (may be NULL). gdb 18 puts what MI says of changes there, too; the front end
 * would never hear of threads and stops: those lines go where gdb's own go.
 */
static void take_output(struct plugin *plugin, const char *text, struct buffer *output)
{
	while (*text) {
		size_t size = strcspn(text, "\n");

		size += text[size] == '\n';
		if (plugin->mi && is_mi_record(text)) {
			fwrite(text, 1, size, stdout);
			fflush(stdout);
		} else if (output) {
			buffer_append(output, text, size);
		}
		text += size;
	}
}

bool gdb_execute(struct plugin *plugin, struct buffer *output, struct error *error,
		 const char *format, ...)
{
	struct buffer command = { 0 };
	PyObject *result, *bytes;
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (!text)
		return error_no_memory(error, "a gdb command", 0);
	buffer_string(&command, text);
	free(text);
	result = execute(plugin, command.data, true);
	buffer_free(&command);
	if (!result && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
		/*
		 * The command was done, its output is no text: in MI gdb 18 breaks up the bytes of
		 * the emoji that it puts before a warning.
		 */
		PyErr_Clear();
		return true;
	}
	if (!result)
		return error_from_python(error);
	if ((output || plugin->mi) && (bytes = PyUnicode_AsUTF8String(result))) {
		take_output(plugin, PyBytes_AsString(bytes), output);
		Py_DECREF(bytes);
	}
	PyErr_Clear();
	Py_DECREF(result);
	return true;
}

/* From gdb's own buffer to stdout's. */
static void flush_gdb(struct plugin *plugin)
{
	PyObject *result = PyObject_CallMethod(plugin->gdb, "flush", NULL);

	Py_XDECREF(result);
	forget_exception();
}

void gdb_flush(struct plugin *plugin)
{
	flush_gdb(plugin);
	fflush(stdout);
}

bool gdb_output_arrived(struct plugin *plugin, struct error *error)
{
	flush_gdb(plugin);
	/* gdb writes through this very stdout, and asks nobody how it went. */
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	if (plugin->output_lost) /* its cause may be gone from errno by now */
		return false;
	plugin->output_lost = true;
	return error_set(error, ERROR_IO, "cannot write to the standard output%s%s",
			 errno ? ": " : "", errno ? strerror(errno) : "");
}

void gdb_quote(struct buffer *command, const char *file)
{
	buffer_char(command, '"');
	for (; *file; file++) {
		if (*file == '"' || *file == '\\')
			buffer_char(command, '\\');
		buffer_char(command, *file);
	}
	buffer_char(command, '"');
}

bool gdb_execute_file(struct plugin *plugin, struct error *error, const char *command,
		      const char *file, const char *options)
{
	struct buffer quoted = { 0 };
	bool done;

	gdb_quote(&quoted, file);
	done = quoted.failed ? error_no_memory(error, "a gdb command", quoted.size)
			     : gdb_execute(plugin, NULL, error, "%s %s %s", command, quoted.data,
					   options);
	buffer_free(&quoted);
	return done;
}

bool gdb_execute_visible(struct plugin *plugin, const char *command, struct error *error)
{
	struct buffer text = { 0 };
	PyObject *result;
	bool done;

	/*
	 * In MI gdb 18 lets the command print past MI's stream records. Where no terminal is there
	 * are no colours to be lost by the detour.
	 */
	if (!isatty(STDOUT_FILENO)) {
		done = gdb_execute(plugin, &text, error, "%s", command);
		if (done && text.size && !gdb_write(plugin, text.data, text.size))
			done = error_from_python(error);
		buffer_free(&text);
		return done;
	}
	result = execute(plugin, command, false);
	if (!result)
		return error_from_python(error);
	Py_DECREF(result);
	return true;
}

unsigned gdb_major_version(struct plugin *plugin)
{
	PyObject *version = gdb_attribute(plugin, "VERSION");
	PyObject *bytes = version ? PyUnicode_AsUTF8String(version) : NULL;
	const char *text = bytes ? PyBytes_AsString(bytes) : "";
	unsigned major = 0;
	char dot;

	for (; *text; text += strcspn(text, " "), text += *text == ' ')
		if (sscanf(text, "%u%c", &major, &dot) == 2 && dot == '.')
			break;
	if (!*text)
		major = 0;
	Py_XDECREF(bytes);
	Py_XDECREF(version);
	forget_exception();
	return major;
}

bool gdb_execute_live(struct plugin *plugin, const char *command, bool from_tty)
{
	struct buffer text = { 0 };
	struct error error = { 0 };
	PyObject *result;

	if (plugin->mi && gdb_major_version(plugin) > 16) {
		bool done = gdb_execute(plugin, &text, &error, "%s", command);

		if (done && text.size)
			done = gdb_write(plugin, text.data, text.size);
		else if (!done)
			raise_error(plugin, &error);
		buffer_free(&text);
		return done;
	}
	result = PyObject_CallMethod(plugin->gdb, "execute", "sOO", command, from_tty ? Py_True : Py_False, Py_False);
	Py_XDECREF(result);
	return result != NULL;
}

/* STREAM NULL: gdb's stdout. */
static bool write_to(struct plugin *plugin, PyObject *stream, const char *text, size_t size)
{
	PyObject *string, *result;

	if (PyErr_Occurred()) /* Ctrl-C: what was buffered is not wanted any more, and Python
				 forbids calls now */
		return false;
	string = PyUnicode_DecodeUTF8(text, size, "backslashreplace");
	if (!string)
		return false;
	result = stream ? PyObject_CallMethod(plugin->gdb, "write", "OO", string, stream)
			: PyObject_CallMethod(plugin->gdb, "write", "O", string);
	Py_DECREF(string);
	Py_XDECREF(result);
	return result != NULL;
}

bool gdb_write(struct plugin *plugin, const char *text, size_t size)
{
	return plugin->shell ? shell_write(plugin->shell, text, size) : write_to(plugin, NULL, text, size);
}

static bool print_to(struct plugin *plugin, PyObject *stream, const char *format, va_list args)
{
	char *text;
	int size = vasprintf(&text, format, args);
	struct buffer escaped = { 0 };
	bool done, last = false;

	if (size < 0)
		return false;
	/* Names of the dump's are in it: nothing may move the cursor but our own newlines. */
	for (char *line = text, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		else
			last = true;
		output_escape(&escaped, line, strlen(line));
		buffer_string(&escaped, last ? "" : "\n");
	}
	done = escaped.failed || !escaped.size || write_to(plugin, stream, escaped.data, escaped.size);
	buffer_free(&escaped);
	free(text);
	return done;
}

bool gdb_printf(struct plugin *plugin, const char *format, ...)
{
	va_list args;
	bool done;

	va_start(args, format);
	done = print_to(plugin, NULL, format, args);
	va_end(args);
	return done;
}

bool gdb_announce(struct plugin *plugin, const char *format, ...)
{
	PyObject *stream = plugin->batch ? gdb_attribute(plugin, "STDERR") : NULL;
	va_list args;
	bool done;

	va_start(args, format);
	done = print_to(plugin, stream, format, args);
	va_end(args);
	Py_XDECREF(stream);
	return done;
}

bool gdb_setting(struct plugin *plugin, const char *name, struct buffer *value)
{
	PyObject *object = PyObject_CallMethod(plugin->gdb, "parameter", "s", name);
	PyObject *text, *bytes;

	if (!object) {
		PyErr_Clear(); /* this gdb has no such setting */
		return false;
	}
	if (object == Py_None) {
		buffer_string(value, "unlimited");
	} else if (PyBool_Check(object)) {
		buffer_string(value, object == Py_True ? "on" : "off");
	} else {
		text = PyObject_Str(object);
		bytes = text ? PyUnicode_AsUTF8String(text) : NULL;
		if (bytes)
			buffer_string(value, PyBytes_AsString(bytes));
		Py_XDECREF(bytes);
		Py_XDECREF(text);
	}
	PyErr_Clear();
	Py_DECREF(object);
	return true;
}

bool gdb_has_command(struct plugin *plugin, const char *name)
{
	return gdb_execute(plugin, NULL, NULL, "help %s", name);
}

bool error_from_python(struct error *error)
{
	PyObject *type, *value, *trace, *text, *bytes;
	bool interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);

	PyErr_Fetch(&type, &value, &trace);
	if (interrupted) {
		error_set(error, ERROR_INTERRUPTED, "interrupted");
	} else {
		text = value ? PyObject_Str(value) : NULL;
		bytes = text ? PyUnicode_AsUTF8String(text) : NULL;
		error_set(error, ERROR_UNSUPPORTED, "%s",
			  bytes ? PyBytes_AsString(bytes) : "gdb failed");
		Py_XDECREF(bytes);
		Py_XDECREF(text);
	}
	PyErr_Clear();
	if (interrupted && !error) /* nobody would hear of it */
		PyErr_SetInterrupt();
	Py_XDECREF(type);
	Py_XDECREF(value);
	Py_XDECREF(trace);
	return false;
}

void exception_put_aside(struct put_aside *aside)
{
	PyErr_Fetch(&aside->type, &aside->value, &aside->trace);
}

void exception_settle(struct put_aside *aside, bool back)
{
	if (back) {
		PyErr_Restore(aside->type, aside->value, aside->trace);
		return;
	}
	Py_XDECREF(aside->type);
	Py_XDECREF(aside->value);
	Py_XDECREF(aside->trace);
}

PyObject *raise_error(struct plugin *plugin, const struct error *error)
{
	PyObject *class, *text;

	if (error->kind == ERROR_INTERRUPTED) {
		if (!PyErr_Occurred())
			PyErr_SetNone(PyExc_KeyboardInterrupt);
		return NULL;
	}
	if (PyErr_Occurred()) /* q at the pager */
		return NULL;
	class = gdb_attribute(plugin, "GdbError");
	/* A sentence may quote what a damaged dump has for a name: any bytes. */
	text = class ? PyUnicode_DecodeUTF8(error->text, strlen(error->text), "backslashreplace")
		     : NULL;
	if (text)
		PyErr_SetObject(class, text);
	Py_XDECREF(text);
	Py_XDECREF(class);
	return NULL;
}

void forget_exception(void)
{
	bool interrupted = PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);

	PyErr_Clear();
	if (interrupted)
		PyErr_SetInterrupt();
}

/* Of a function, an array or a structure the address is meant. NULL with the exception that is there already. */
static PyObject *address_of(PyObject *value)
{
	PyObject *address, *number = NULL;
	struct put_aside aside;

	exception_put_aside(&aside);
	address = PyObject_GetAttrString(value, "address");	/* None: it is in no memory */
	if (address && address != Py_None)
		number = PyNumber_Long(address);
	Py_XDECREF(address);
	PyErr_Clear();
	exception_settle(&aside, !number);
	return number;
}

/* 1.5, as a number of Python's or of gdb's. */
static bool is_fraction(PyObject *value)
{
	PyObject *number = PyLong_Check(value) ? NULL : PyNumber_Float(value);
	double real = number ? PyFloat_AsDouble(number) : 0;

	Py_XDECREF(number);
	forget_exception();	/* it is none at all */
	return real != floor(real);
}

bool value_to_u64(PyObject *value, uint64_t *number_ret)
{
	PyObject *number;

	/* Rounding would be a guess. */
	if (PyFloat_Check(value) || is_fraction(value)) {
		PyErr_SetString(PyExc_TypeError, "an integer is wanted, not a floating-point number");
		return false;
	}
	number = PyNumber_Long(value);
	if (!number && !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		number = address_of(value);
	if (!number)
		return false;
	/* Addresses come as negative numbers, too; more than 64 bits are none. */
	*number_ret = PyLong_AsUnsignedLongLong(number);
	if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError)) {
		PyErr_Clear();
		*number_ret = (uint64_t)PyLong_AsLongLong(number);
	}
	Py_DECREF(number);
	return !PyErr_Occurred();
}

PyObject *gdb_pointer_to(struct plugin *plugin, uint64_t address, PyObject *type)
{
	PyObject *pointer = PyObject_CallMethod(type, "pointer", NULL);
	PyObject *number = pointer ? PyObject_CallMethod(plugin->gdb, "Value", "K", (unsigned long long)address) : NULL;
	PyObject *value = number ? PyObject_CallMethod(number, "cast", "O", pointer) : NULL;

	Py_XDECREF(number);
	Py_XDECREF(pointer);
	return value;
}

PyObject *gdb_pointer(struct plugin *plugin, uint64_t address, const char *type)
{
	PyObject *found = PyObject_CallMethod(plugin->gdb, "lookup_type", "s", type);
	PyObject *value = found ? gdb_pointer_to(plugin, address, found) : NULL;

	Py_XDECREF(found);
	return value;
}

/* *OFFSET_RET of MEMBER ("a.b[1]") in the type that is called so; false with an exception. */
static bool offset_of(struct plugin *plugin, PyObject *type, PyObject *member, uint64_t *offset_ret)
{
	PyObject *expression = PyUnicode_FromFormat("&((%U *)0)->%U", type, member);
	PyObject *offset = expression ? PyObject_CallMethod(plugin->gdb, "parse_and_eval", "O", expression) : NULL;
	bool done = offset && value_to_u64(offset, offset_ret);

	Py_XDECREF(offset);
	Py_XDECREF(expression);
	return done;
}

PyObject *gdb_container(struct plugin *plugin, PyObject *type, PyObject *member, uint64_t *offset_ret)
{
	PyObject *full, *found = NULL;
	struct put_aside aside;

	*offset_ret = 0;
	if (!member || offset_of(plugin, type, member, offset_ret))
		found = PyObject_CallMethod(plugin->gdb, "lookup_type", "O", type);
	if (found || !PyErr_ExceptionMatches(PyExc_Exception))
		return found;
	/* "list_head" where gdb wants "struct list_head"; if that is none either, what gdb said of the name as it was given counts. */
	exception_put_aside(&aside);
	full = PyUnicode_FromFormat("struct %U", type);
	if (full && (!member || offset_of(plugin, full, member, offset_ret)))
		found = PyObject_CallMethod(plugin->gdb, "lookup_type", "O", full);
	Py_XDECREF(full);
	exception_settle(&aside, !found);
	return found;
}
