// SPDX-License-Identifier: GPL-3.0-or-later
/* The dump's memory as Python's bytes. */
#include "gdb/python/python.h"

#include "gdb/session.h"
#include "kernel/tasks/task.h"

/* Between two looks for Ctrl-C. */
#define CHUNK (1 << 20)

bool python_make_exception(struct plugin *plugin, PyObject *module)
{
	PyObject *base = gdb_attribute(plugin, "MemoryError");
	PyObject *class =
		base ? PyErr_NewExceptionWithDoc(
			       "vmcore.MissingMemory",
			       "That memory is not in the dump; the text says why: excluded, not "
			       "mapped, or truncated.",
			       base, NULL)
		     : NULL;

	Py_XDECREF(base);
	plugin->missing_memory = class;
	Py_XINCREF(class);
	if (class && PyModule_AddObject(module, "MissingMemory", class) == 0)
		return true;
	Py_XDECREF(class);
	return false;
}

PyObject *python_raise_read_error(struct plugin *plugin, const struct error *error)
{
	PyObject *text;

	if (!error_is_missing_memory(error))
		return raise_error(plugin, error);
	text = PyUnicode_DecodeUTF8(error->text, strlen(error->text), "backslashreplace");
	if (text)
		PyErr_SetObject(plugin->missing_memory, text);
	Py_XDECREF(text);
	return NULL;
}

struct source {
	struct kernel *kernel;
	enum python_space space;
	uint64_t root; /* of PYTHON_TASK_MEMORY */
};

static bool read_chunk(const struct source *source, uint64_t address, void *buffer, size_t size,
		       struct error *error)
{
	switch (source->space) {
	case PYTHON_PHYSICAL:
		return dump_read_phys(source->kernel->dump, address, buffer, size, error);
	case PYTHON_TASK_MEMORY:
		return memory_read_user(source->kernel->memory, source->root, address, buffer, size,
					error);
	default: return memory_read(source->kernel->memory, address, buffer, size, error);
	}
}

/* Whose page tables, and is it an address for them? */
static bool find_source(struct source *source, uint64_t task_address, uint64_t address,
			struct error *error)
{
	struct kernel *kernel = source->kernel;
	const struct task *task;
	bool of_kernel;

	if (source->space == PYTHON_PHYSICAL)
		return true;
	of_kernel = kernel->arch->is_kernel_address(kernel->memory, address) &&
		    !(source->space == PYTHON_TASK_MEMORY && kernel->arch->user_mark);
	if (source->space == PYTHON_KERNEL)
		return of_kernel || memory_is_nowhere(kernel->memory, address)
			       ? true
			       : error_set(error, ERROR_USAGE,
					   "0x%llx is not a kernel address; a process's memory is "
					   "read by vmcore.task(PID).read(ADDRESS, SIZE)",
					   (unsigned long long)address);
	if (of_kernel) {
		source->space = PYTHON_KERNEL;
		return true;
	}
	task = task_find_address(kernel, task_address);
	if (!task)
		return error_set(error, ERROR_USAGE, "there is no task at 0x%llx",
				 (unsigned long long)task_address);
	return task_user_root(kernel, task, &source->root, error);
}

static bool read_all(const struct source *source, uint64_t address, char *buffer, size_t size,
		     struct error *error)
{
	struct kernel *kernel = source->kernel;
	bool done = true;

	for (size_t at = 0; done && at < size; at += CHUNK) {
		size_t step = size - at < CHUNK ? size - at : CHUNK;

		pthread_mutex_lock(&kernel->lock);
		done = read_chunk(source, address + at, buffer + at, step, error);
		pthread_mutex_unlock(&kernel->lock);
		if (done && PyErr_CheckSignals())
			done = error_set(error, ERROR_INTERRUPTED, "interrupted");
	}
	return done;
}

PyObject *python_read(struct plugin *plugin, enum python_space space, uint64_t task,
		      uint64_t address, Py_ssize_t size)
{
	struct source source = { .space = space };
	struct error error = { 0 };
	struct session *session;
	PyObject *bytes;
	bool done;

	if (size < 0) {
		PyErr_SetString(PyExc_ValueError, "the size must not be negative");
		return NULL;
	}
	if (space == PYTHON_PHYSICAL && plugin->bare) {
		source.kernel = plugin->bare;
	} else {
		session = python_session(plugin);
		if (!session)
			return NULL;
		source.kernel = session->kernel;
	}
	pthread_mutex_lock(&source.kernel->lock);
	done = find_source(&source, task, address, &error);
	pthread_mutex_unlock(&source.kernel->lock);
	if (!done)
		return python_raise_read_error(plugin, &error);
	bytes = PyBytes_FromStringAndSize(NULL, size);
	if (!bytes)
		return NULL;
	if (read_all(&source, address, PyBytes_AsString(bytes), size, &error))
		return bytes;
	Py_DECREF(bytes);
	return python_raise_read_error(plugin, &error);
}
