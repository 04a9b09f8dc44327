/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lives as long as the plugin is loaded: the settings and the open dump. One object, made by
 * plugin_load(), reached from every Python callback through a capsule in the callback's class.
 *
 * plugin/gdb/ is the only place that knows CPython or gdb. Each file registers one kind of thing
 * with gdb (commands, parameters, functions, the frame filter, an unwinder, hooks) by a function `bool
 * register_THING(struct plugin *)` that returns false with a Python exception set; register.c calls
 * them all. To add a kind: a new file, such a function, a line in register.c.
 *
 * The rooms: attach/ what gdb is told of a dump (vmlinux, modules, source, threads), front_ends/ MI, DAP, core-file dialogues, python/ the
 * module `vmcore`, functions/ $task() and the like, printers/ what `print' shows of the kernel's types, terminal/ what a person sees (styles, bars, the shell); here the session, the commands, and gdb's own objects.
 */
#ifndef VMCORE_GDB_PLUGIN_H
#define VMCORE_GDB_PLUGIN_H

#include "gdb/glue.h"

struct kernel;
struct session;
struct shell;

struct settings {
	char *module_path; /* set vmcore module-path: directories with .ko files, ':' between */
	char *debug_path;  /* set vmcore debug-path: where vmlinux files are, ':' between */
	char *source_path; /* set vmcore source-path: source trees, ':' between */
	char *system_map;  /* set vmcore system-map; NULL or "" = none */
	char *vmlinux;	   /* set vmcore vmlinux: where gdb has no symbol file; NULL or "" = none */
	/* set vmcore symbols: "auto", "vmlinux" or "dump"; NULL = "auto" */
	char *symbols;
	char *unpack_dir;   /* set vmcore unpack-dir: for compressed dumps; NULL or "" = our cache */
	char *printers;	    /* set vmcore printers: "auto", "on" or "off"; NULL = "auto" */
	char *threads;	    /* set vmcore threads: see threads_parse(); NULL = "auto" */
	bool force_vmlinux; /* set vmcore force-vmlinux */
	bool crash_names;   /* set vmcore crash-names */
	bool zero_excluded; /* set vmcore zero-excluded */
	bool no_shell;	    /* set vmcore shell: nothing behind a command */
};

struct plugin {
	PyObject *gdb;		 /* the module */
	struct session *session; /* the open dump, NULL = none */
	/*
	 * A dump in which no kernel was recognized, for the commands that can do without; NULL
	 * while there is a session.
	 */
	struct kernel *bare;
	char *program; /* what gdb had for one before attach_hide_program() took it away; NULL = none */
	char *vmlinux; /* the last dump's; NULL = none yet. gdb no longer calls it its main file
			  then */
	struct buffer bare_names; /* our commands' names without "kernel": "\nps\nlog\n" */
	PyObject *frame_filter;	  /* the filter of frames.c, or NULL */
	bool quitting;		  /* gdb ends: nothing need be put back */
	bool batch;		  /* gdb runs with -batch */
	bool mi;		  /* a front end drives gdb */
	bool has_ui;		  /* a front end has a channel of its own (new-ui) */
	bool dap;		  /* gdb is an adapter (front_ends/dap.c) */
	bool reading_crash_lines; /* crash_names.c reads the person's lines */
	bool failed;		  /* a command did, see batch.c */
	PyObject *missing_memory;    /* the exception; see python.h, as the next two */
	PyObject *python_classes[16]; /* by enum python_kind */
	PyObject *python_stack;	     /* the class of what Task.stack() returns */
	PyObject *python_list;	     /* of what vmcore.tasks() and the like do */
	PyObject *python_walk;	     /* of what vmcore.list_for_each() and the like do */
	unsigned long long nr_sessions; /* that Python objects were made of */
	struct settings settings;
	struct shell *shell; /* what stands behind the command that runs, which gets its text; NULL = nothing does */
	bool sources_asked_for; /* the person has been told how to name a source tree */
	bool output_lost; /* stdout could not be written, and somebody has said so */
};

/*
 * Has what was printed so far arrived? In -batch a full disk or a closed pipe must not look like success. False with *error
 * set: it has not, said once.
 */
bool gdb_output_arrived(struct plugin *plugin, struct error *error);

/* Registers everything; called once by whichever way in came first. The module `vmcore`, a new
 * reference, or NULL with an exception. */
PyObject *plugin_load(void);

bool register_batch(struct plugin *plugin);
bool register_crash_names(struct plugin *plugin);
/* gdb.events.NAME.connect(METHOD), whose self is a capsule of the plugin; a gdb without that event is fine. */
bool plugin_connect_event(struct plugin *plugin, const char *name, PyMethodDef *method);
bool register_commands(struct plugin *plugin);
bool register_mi(struct plugin *plugin);
bool register_core_file(struct plugin *plugin);
bool register_program_file(struct plugin *plugin);
bool register_dap(struct plugin *plugin);
bool register_parameters(struct plugin *plugin);
bool register_formats(struct plugin *plugin);
bool register_functions(struct plugin *plugin);
bool register_printers(struct plugin *plugin);
bool register_frame_filter(struct plugin *plugin);
/*
 * While a dump is open. Where any filter is enabled gdb prints all frames by Python, and not just as it does itself: a program's
 * `bt' is not ours to change.
 */
void frame_filter_enable(struct plugin *plugin, bool enable);
bool register_unwinder(struct plugin *plugin);
bool register_hooks(struct plugin *plugin);

/* `target vmcore TEXT`. */
bool target_open(struct plugin *plugin, const char *text, struct error *error);

struct command;
struct arguments;
struct output;
/*
 * Runs COMMAND with one renderer; the kernel is locked against the server's thread meanwhile.
 * Where no dump is open, or none with a kernel, only a command that can do without may come here.
 */
bool command_run(struct plugin *plugin, const struct command *command,
		 const struct arguments *arguments, struct output *output, struct error *error);
/* The same for those who want what there is: a part of an answer is one, and a note says what is missing. */
bool command_run_part(struct plugin *plugin, const struct command *command,
		 const struct arguments *arguments, struct output *output, struct error *error);

/* Re-executes gdb if it was started as `gdb VMLINUX VMCORE`; returns if it was not. */
void relaunch_with_target(void);

/* A class NAME ("vmcore.Command") with METHODS, derived from BASE (borrowed; NULL: with an
 * exception set, or pass it on). */
PyObject *plugin_base_class(PyObject *base, const char *name, PyMethodDef *methods);
/* The same, derived from the class that gdb calls BASE ("Command"). */
PyObject *plugin_gdb_base_class(struct plugin *plugin, const char *base, const char *name,
				PyMethodDef *methods);
/*
 * The command that gdb calls NAME is one of ours from now on, of a class made of BASE with POINTER: it takes a file, and its help is
 * gdb's with the sentence MORE. False with an exception.
 */
bool plugin_take_over(struct plugin *plugin, PyObject *base, const char *name, const char *more, const void *pointer);
/* The plugin out of SELF's class; NULL with an exception. */
struct plugin *plugin_of(PyObject *self);
/* What plugin_of() finds it by, as the attribute _vmcore_plugin; a new reference. */
PyObject *plugin_capsule(struct plugin *plugin);
/* Makes a class NAME derived from BASE with the plugin in it, __doc__ DOC, and POINTER (may be
 * NULL) for class_pointer(). */
PyObject *plugin_class(struct plugin *plugin, PyObject *base, const char *name, const char *doc,
		       const void *pointer);
const void *class_pointer(PyObject *self);

#endif
