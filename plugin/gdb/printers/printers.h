/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pretty printers, gdb's own kind: what `print', `info locals' and a front end's tree show of the kernel's types that are numbers, sets and
 * names in structures. `print/r' shows a value without.
 *
 * To add one: a function that says the value as text, or the member that is all there is to it, and a row in the table of the file whose
 * subject it is of. A subject more: a file here, its table below and in printers.c.
 *
 * A printer either knows the text or declines, and gdb shows the members as ever: what cannot be read is never made up. It reads what gdb
 * has of the value by printer_number() and, between session_hold() and session_release(), the dump.
 */
#ifndef VMCORE_GDB_PRINTERS_H
#define VMCORE_GDB_PRINTERS_H

#include "gdb/session.h"

struct printer {
	const char *type; /* the structure's or the typedef's name, without "struct" */
	const char *member; /* that one's value is shown, in the format that was asked for ("refs.counter"); NULL = text() */
	/* Appends the text. False: gdb shows the value by itself; an exception is dropped, but Ctrl-C. */
	bool (*text)(struct session *session, PyObject *value, struct buffer *text);
	bool members; /* what is in the structure stands behind the text */
};

/* Each ends with an empty row. */
extern const struct printer printers_numbers[];
extern const struct printer printers_structures[];

/* VALUE.PATH ("refs.counter"; "": VALUE itself), a new reference; NULL with an exception. */
PyObject *printer_member(PyObject *value, const char *path);
/* The same as a number; negative ones as their 64 bits. False with an exception. */
bool printer_number(PyObject *value, const char *path, uint64_t *number_ret);

#endif
