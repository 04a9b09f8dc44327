// SPDX-License-Identifier: GPL-3.0-or-later
/* $file(TASK, FD), $path(P), $dentry_path(D). */
#include "gdb/functions/functions.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/files/files.h"
#include "kernel/tasks/task.h"

struct wanted_file {
	uint64_t fd, file;	/* 0 = not found */
};

static bool is_file(void *context, const struct open_file *file)
{
	struct wanted_file *wanted = context;

	if (file->fd == wanted->fd)
		wanted->file = file->file;
	return !wanted->file;
}

static bool find_file(struct kernel *kernel, const struct task *task, uint64_t fd, uint64_t *file_ret, struct error *error)
{
	struct wanted_file wanted = { .fd = fd };

	if (!files_for_each(kernel, task, is_file, &wanted, error) && !wanted.file && error->kind != ERROR_NONE)
		return error_prefix(error, "$file: descriptor %" PRIu64 " of PID %u", fd, task->pid);
	*file_ret = wanted.file;
	return wanted.file || error_set(error, ERROR_USAGE, "$file: PID %u has no descriptor %" PRIu64 " open; `kernel files %u' lists what it has",
					task->pid, fd, task->pid);
}

static PyObject *call_file(struct session *session, PyObject *args, struct error *error)
{
	return function_of_task(session, args, "$file", find_file, "struct file", error);
}

/* --- names --- */

/* Bytes as Python has those of file names: what is not UTF-8 is kept. Frees TEXT. */
static PyObject *text_value(struct buffer *text)
{
	PyObject *value = text->failed ? PyErr_NoMemory() : PyUnicode_DecodeUTF8(text->data ? text->data : "", text->size, "backslashreplace");

	buffer_free(text);
	return value;
}

/* What TYPE (stolen) points to, without typedefs; TYPE itself if it is no pointer. NULL with an exception. */
static PyObject *pointed_to(PyObject *type)
{
	PyObject *plain = type ? PyObject_CallMethod(type, "strip_typedefs", NULL) : NULL;
	PyObject *target = plain ? PyObject_CallMethod(plain, "target", NULL) : NULL, *result;

	if (!target && plain)
		forget_exception();
	result = target ? PyObject_CallMethod(target, "strip_typedefs", NULL) : plain;
	if (target)
		Py_DECREF(plain);
	Py_XDECREF(target);
	Py_XDECREF(type);
	return result;
}

/* Is VALUE a struct of that NAME, or a pointer to one? By its tag: how gdb writes types depends on the frame's language. */
static bool is_a(PyObject *value, const char *name)
{
	PyObject *type = pointed_to(PyObject_GetAttrString(value, "type")), *tag = type ? PyObject_GetAttrString(type, "tag") : NULL;
	bool is = tag && PyUnicode_Check(tag) && PyUnicode_CompareWithASCIIString(tag, name) == 0;

	forget_exception();
	Py_XDECREF(tag);
	Py_XDECREF(type);
	return is;
}

/* Of a struct file, of its path. */
static bool find_path(struct kernel *kernel, uint64_t address, bool of_file, struct path *path, struct error *error)
{
	struct open_file file;

	if (!of_file)
		return path_read(kernel, address, path, error);
	file_read(kernel, address, &file);
	if (!file.known) {
		*error = file.why;
		return error_prefix(error, "$path");
	}
	*path = file.path;
	return true;
}

static PyObject *call_path(struct session *session, PyObject *args, struct error *error)
{
	struct buffer text = { 0 };
	uint64_t address;
	struct path path;
	bool found;

	if (!function_numbers(args, 1, &address))
		return NULL;
	found = is_a(PyTuple_GetItem(args, 0), "file");
	session_hold(session);
	found = find_path(session->kernel, address, found, &path, error) && path_text(session->kernel, &path, &text, error);
	session_release(session);
	if (found)
		return text_value(&text);
	buffer_free(&text);
	return NULL;
}

static PyObject *call_dentry_path(struct session *session, PyObject *args, struct error *error)
{
	struct buffer text = { 0 };
	uint64_t address;
	bool found;

	if (!function_numbers(args, 1, &address))
		return NULL;
	session_hold(session);
	found = dentry_text(session->kernel, address, &text, error);
	session_release(session);
	if (found)
		return text_value(&text);
	buffer_free(&text);
	return NULL;
}

const struct function functions_files[] = {
	{ "file",
	  "$file(TASK, FD): the struct file * of an open descriptor.\n"
	  "TASK: a pid, a task_struct *, a name.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $file(1, 0)->f_flags\n"
	  "$1 = 32768",
	  call_file },
	{ "path",
	  "$path(P): the name of a struct path or struct file.\n"
	  "Or of what a pointer P leads to, as /proc/PID/fd shows it.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $path($file(1, 0))\n"
	  "$1 = \"/dev/null\"\n"
	  "(gdb) print $path($task(1)->fs->pwd)\n"
	  "$2 = \"/\"",
	  call_path },
	{ "dentry_path",
	  "$dentry_path(D): the name of a struct dentry *.\n"
	  "In its own file system, whose root is /.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $dentry_path($file(1, 0)->f_path.dentry)\n"
	  "$1 = \"/null\"",
	  call_dentry_path },
	{ 0 },
};
