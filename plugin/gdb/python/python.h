/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `import vmcore` gives to Python scripts inside of gdb: python_module.c has the functions and
 * their documentation, python_run.c runs commands, python_objects.c makes their rows objects,
 * python_cpus.c and python_read.c do what no command does, python_walk.c has the kernel's containers.
 *
 * There is one truth: a task, a module, a log record is the row that the command prints with -j, as
 * an object; only addresses are numbers. An object holds Python values and addresses, no pointer
 * into C, and the number of the dump it is of: what needs the dump fails once that is closed.
 *
 * To add a kind of object: a row in the table in python_objects.c, a function in python_module.c.
 */
#ifndef VMCORE_GDB_PYTHON_H
#define VMCORE_GDB_PYTHON_H

#include "gdb/plugin.h"

struct kernel;

enum python_kind {
	PYTHON_TASK,
	PYTHON_FRAME,
	PYTHON_CPU,
	PYTHON_MODULE,
	PYTHON_RECORD,
	PYTHON_SYSTEM,
	PYTHON_SLAB_CACHE,
	PYTHON_SLAB_OBJECT,
	PYTHON_VMA,
	PYTHON_FILE,
	PYTHON_MOUNT,
	PYTHON_RUNQUEUE,
	PYTHON_TIMER,
	PYTHON_WAIT,
	PYTHON_NR_KINDS,
};

/* Everything returns new references, or NULL with an exception. */

/*
 * Runs "ps -k": the object that -j prints, a dict. NUMBERS: addresses are ints, not "0x...".
 * python_run.c.
 */
PyObject *python_run(struct plugin *plugin, const char *text, bool numbers);
/* The rows of it under KEY: a list of dicts, or the one dict of a command with one object. */
PyObject *python_rows(struct plugin *plugin, const char *text, const char *key);

/* Makes the classes, attributes of MODULE; python_objects.c. */
bool python_make_classes(struct plugin *plugin, PyObject *module);
/* An object with the members of ROW, which it takes over (a reference is stolen). */
PyObject *python_object(struct plugin *plugin, enum python_kind kind, PyObject *row);
/* A list of them of a list of rows (stolen; NULL: pass the exception on). */
PyObject *python_objects(struct plugin *plugin, enum python_kind kind, PyObject *rows);
/*
 * The same, with what is missing: of what `kernel TEXT` prints the rows under KEY, or where OUTER is given those of each row there; a list
 * with the attribute `notes'. python_lists.c.
 */
PyObject *python_list(struct plugin *plugin, enum python_kind kind, const char *text, const char *outer, const char *key);
/* Makes a class NAME of BASE (stolen; NULL: with an exception set), an attribute of MODULE; *class_ret, a reference to keep. */
bool python_add_class(struct plugin *plugin, PyObject *module, PyObject *base, const char *name, const char *doc, PyObject **class_ret);
/* The class of such lists. */
bool python_make_list_class(struct plugin *plugin, PyObject *module);
/* SELF[NAME] as a number. False with an exception. */
bool python_member(PyObject *self, const char *name, uint64_t *value_ret);
/*
 * The session that SELF is of; NULL with an exception if its dump was closed, also if another one
 * is open now.
 */
struct session *python_session_of(struct plugin *plugin, PyObject *self);
/* OBJECT is of this session's dump. */
bool python_set_dump(struct session *session, PyObject *object);
/* The open one, NULL with an exception. */
struct session *python_session(struct plugin *plugin);

/* vmcore.cpus(); python_cpus.c. */
PyObject *python_cpus(struct plugin *plugin);

/* vmcore.MissingMemory; python_read.c. */
bool python_make_exception(struct plugin *plugin, PyObject *module);
/* Raises it where *error says that memory is missing, else as raise_error(). Returns NULL. */
PyObject *python_raise_read_error(struct plugin *plugin, const struct error *error);
/* vmcore.list_for_each() and its like, and pages(); python_walk.c. */
bool python_make_walkers(struct plugin *plugin, PyObject *module);
/* Bytes of the kernel's memory, of physical memory, or (TASK: a task_struct's address) of a
 * process. */
enum python_space { PYTHON_KERNEL, PYTHON_PHYSICAL, PYTHON_TASK_MEMORY };
PyObject *python_read(struct plugin *plugin, enum python_space space, uint64_t task,
		      uint64_t address, Py_ssize_t size);

/* The functions and the documentation; python_module.c. */
bool register_python(struct plugin *plugin, PyObject *module);

#endif
