/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gdb's convenience functions, $task(PID) and its like, for expressions, conditions, MI and DAP.
 *
 * To add one: a function that turns its arguments into a gdb.Value (gdb's own types, so that `->member' goes on from it) or a text, and a
 * row in the table of the file whose subject it is of. A subject more: a file here, its table below and in functions.c.
 *
 * What reads the dump does so between session_hold() and session_release(), and asks gdb for nothing meanwhile.
 */
#ifndef VMCORE_GDB_FUNCTIONS_H
#define VMCORE_GDB_FUNCTIONS_H

#include "gdb/session.h"

struct task;

struct function {
	const char *name; /* without $ */
	const char *doc;  /* begins with "$name(ARGUMENTS): " */
	/* A new reference; NULL with an exception or *error. The dump is attached. */
	PyObject *(*call)(struct session *session, PyObject *args, struct error *error);
};

/* Each ends with an empty row. */
extern const struct function functions_tasks[];
extern const struct function functions_memory[];
extern const struct function functions_files[];

/* The COUNT arguments as numbers: of what is no number its address. False with an exception, also where there are more or fewer. */
bool function_numbers(PyObject *args, size_t count, uint64_t *numbers);
/*
 * The task_struct that ARGUMENT means: a pid, an address, a task_struct *, a name. NULL: the selected thread's. 0 with an exception or
 * *error.
 */
uint64_t function_task(struct session *session, PyObject *argument, struct error *error);
/*
 * For functions of (TASK, NUMBER): what FIND finds of the task, as a pointer to TYPE. FIND is called with the dump held; NAME ("$vma") is for
 * errors.
 */
typedef bool function_find(struct kernel *kernel, const struct task *task, uint64_t number, uint64_t *address_ret, struct error *error);
PyObject *function_of_task(struct session *session, PyObject *args, const char *name, function_find *find, const char *type, struct error *error);

#endif
