/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The few calls into gdb's Python that everything here is made of, with our way of failing.
 */
#ifndef VMCORE_GDB_GLUE_H
#define VMCORE_GDB_GLUE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "base/buffer.h"
#include "base/error.h"

struct plugin;

/* Runs a gdb command and swallows what it prints; OUTPUT (may be NULL) gets it. */
bool gdb_execute(struct plugin *plugin, struct buffer *output, struct error *error,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Appends FILE in quotes: one word to gdb's commands, whatever is in it. */
void gdb_quote(struct buffer *command, const char *file);
/* Runs "COMMAND FILE OPTIONS", whatever is in FILE; what gdb prints is swallowed. */
bool gdb_execute_file(struct plugin *plugin, struct error *error, const char *command,
		      const char *file, const char *options);
/* Runs a gdb command with its output going to the person. */
bool gdb_execute_visible(struct plugin *plugin, const char *command, struct error *error);
/*
 * Runs a gdb command as if the person, or a front end, had given it: what it prints and MI's records of what changes go where they
 * belong. (gdb 18 puts those records into the string where a command's output is caught.) False with a Python exception.
 */
bool gdb_execute_live(struct plugin *plugin, const char *command, bool from_tty);
/* gdb's own text is on its way, before what others write. */
void gdb_flush(struct plugin *plugin);
/* Writes through gdb's pager, or to the shell behind the command (gdb/terminal/shell.h). False with a Python exception pending if the person quit it, or
 * without one if the shell reads no more. */
bool gdb_write(struct plugin *plugin, const char *text, size_t size);
bool gdb_printf(struct plugin *plugin, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * The same for what nobody asked for by a command: what was opened, warnings. In batch mode it goes
 * to stderr, so that a script finds on stdout what its commands print and nothing else.
 */
bool gdb_announce(struct plugin *plugin, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A setting's value as text that `set NAME VALUE` takes back ("unlimited" for None, on/off for
 * booleans). */
bool gdb_setting(struct plugin *plugin, const char *name, struct buffer *value);
/* gdb's major version out of "13.1" or "Red Hat Enterprise Linux 14.2-3.el9"; 0 = unknown. */
unsigned gdb_major_version(struct plugin *plugin);
/* Is a command of this name there already? */
bool gdb_has_command(struct plugin *plugin, const char *name);
/* A new reference to gdb.NAME, or NULL with an exception. */
PyObject *gdb_attribute(struct plugin *plugin, const char *name);

/* Turns the pending Python exception into *error. Ctrl-C becomes ERROR_INTERRUPTED. Returns false.
 */
bool error_from_python(struct error *error);
/* The pending Python exception, put aside while another way is tried. */
struct put_aside {
	PyObject *type, *value, *trace;
};
void exception_put_aside(struct put_aside *aside);
/* Afterwards: BACK, it is pending again in place of whatever is; else it is gone. */
void exception_settle(struct put_aside *aside, bool back);
/* Drops the pending Python exception, if any, but not a Ctrl-C: the next poll for it finds it
 * again. */
void forget_exception(void);
/* Turns *error into a Python exception that gdb prints as one plain line (or as Quit). Returns
 * NULL. */
PyObject *raise_error(struct plugin *plugin, const struct error *error);

/* The gdb.Value (TYPE *)ADDRESS, TYPE "struct task_struct"; NULL with an exception. */
PyObject *gdb_pointer(struct plugin *plugin, uint64_t address, const char *type);
/* The same of a gdb.Type. */
PyObject *gdb_pointer_to(struct plugin *plugin, uint64_t address, PyObject *type);
/*
 * The gdb.Type called TYPE, a str; "struct" in front of it may be left out. With MEMBER, a str ("tasks", "se.run_node"; NULL: none) also
 * where in it that is. NULL with gdb's exception. By gdb's own types, so that modules' are there, too.
 */
PyObject *gdb_container(struct plugin *plugin, PyObject *type, PyObject *member, uint64_t *offset_ret);
/* The unsigned 64-bit number of a gdb.Value or int, of what is no number its address; false with an exception. */
bool value_to_u64(PyObject *value, uint64_t *number_ret);

#endif
