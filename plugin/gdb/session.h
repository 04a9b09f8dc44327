/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One attached dump: from `target vmcore FILE` to the end of the connection.
 */
#ifndef VMCORE_GDB_SESSION_H
#define VMCORE_GDB_SESSION_H

#include "gdb/plugin.h"
#include "gdb/terminal/progress.h"
#include "kernel/kernel.h"
#include "target/vmcore_target.h"

struct module;
struct sources;

#define SESSION_MAX_SETTINGS 24

enum explain { EXPLAIN_NOT, EXPLAIN, EXPLAIN_ON_NEW_LINE };

struct saved_setting {
	const char *name;
	char *value;
};

struct session {
	struct plugin *plugin;
	struct kernel *kernel;
	struct vmcore_target *target;
	struct server *server;
	struct target_ops ops;	 /* vmcore_target_ops with our explanation of failed reads */
	int explain_next;	 /* enum explain: tell the person why the next read fails; atomic */
	char *explanation;	 /* that, for the adapter's next event; atomic, owned */
	char directory[64];	 /* private, temporary: the files made for gdb; "" = none yet */
	int directory_lock;	 /* says that its owner lives; -1 = none */
	char *file;		 /* as the person named it */
	struct buffer libraries; /* qXfer:libraries:read */
	struct saved_setting saved[SESSION_MAX_SETTINGS];
	size_t nr_saved;
	struct sources *sources; /* what gdb was told of source files; NULL = nothing */
	unsigned long long serial; /* tells it from others; 0 = not given yet */
	struct progress progress; /* of the command that runs */
	bool attached;	/* gdb has been changed for it, or that failed: see attach_error */
	bool connected; /* gdb's side of the connection is up */
	struct error attach_error;
	bool index_switched_on; /* gdb's index cache was off */
	bool index_reload;	/* gdb has to forget vmlinux before it looks into the cache */
};

/*
 * `target vmcore FILES...`: session.c. Replaces the session that is open, if the new one opens.
 * SPARE_GDB: only kernel commands will follow, which read the dump themselves; gdb is then not
 * given it before something asks for that.
 */
bool session_open(struct plugin *plugin, const char *const *files, size_t nr_files, bool spare_gdb,
		  struct error *error);
/*
 * Gives gdb the dump, if it has not got it yet: symbols, threads, memory. To be called before gdb
 * is asked about the dump; without the kernel's lock.
 */
bool session_attach(struct session *session, struct error *error);
/* Ends it: disconnects gdb, restores the settings, removes the files, frees everything. */
void session_close(struct plugin *plugin);
/* gdb has dropped the connection by itself (`detach`, `disconnect`, another target). */
void session_disconnected(struct plugin *plugin);
/* Lets go of a dump in which no kernel was recognized. */
void session_close_bare(struct plugin *plugin);
/* NULL with *error set if no dump is open. gdb need not have it: session_attach(). */
struct session *session_get(struct plugin *plugin, struct error *error);
/*
 * For reading the dump in gdb's thread, where no command does: takes the kernel's lock, and Ctrl-C is answered. gdb must not be asked for
 * anything before session_release(), since its reads take the lock, too.
 */
void session_hold(struct session *session);
void session_release(struct session *session);
/* For kernel->progress. */
void session_progress(void *context, const char *what, uint64_t done, uint64_t total);
/* Has Ctrl-C been pressed? For kernel->interrupted, in the thread that holds the GIL only. */
bool session_interrupted(void *context);
/* Both, for what asks no kernel. */
struct patience session_patience(struct session *session);
/* The next failing read is explained on stderr; MIDLINE: gdb will have begun a line by then. */
void session_explain_next_failure(struct session *session, bool midline);
/* Where gdb is a DAP adapter: what was not said on stderr, malloc'ed; NULL = nothing. */
char *session_take_explanation(struct session *session);
/* The task that gdb's selected thread stands for, as a task_struct address; 0 = none. */
uint64_t session_selected_task(struct session *session);
/* The CPU that the selected thread is, or will be; NULL if it is none. */
const struct cpu *session_selected_cpu(struct session *session);
/* The server's id of the thread that gdb has selected; 0 = none. */
uint64_t session_selected_thread(struct session *session);
/* Is it one that was not running on a CPU? */
bool session_thread_is_switched_out(struct session *session);

/* What gdb must know and be set to: attach.c. */
bool attach_check_machine(struct session *session, struct error *error);
bool attach_settings(struct session *session, struct error *error);
void attach_restore_settings(struct session *session);
/* Last, when gdb has all it wants of its program: takes that away until attach_restore_symbols(). */
void attach_hide_program(struct plugin *plugin);
/* vmlinux as gdb's program again, where it was linked; our own files go. */
void attach_restore_symbols(struct session *session);
/* Moves vmlinux's symbols to where the kernel ran, and adds the CFI companion. */
bool attach_symbols(struct session *session, struct error *error);
/* The dump did not open: if we were to load vmlinux with it, gdb gets it as its symbol file at
 * least. */
void attach_symbols_alone(struct plugin *plugin);
/* Makes PATH the path of NAME in the session's directory. */
void session_path(struct session *session, const char *name, char *path, size_t size);
/* Gives the loaded file OBJFILE_PATH the separate debug file DEBUG_PATH. */
bool attach_separate_debug(struct plugin *plugin, const char *objfile_path, const char *debug_path,
			   struct error *error);
/*
 * The vmlinux to use, malloc'ed: the one gdb has, or one that fits the dump; NULL in *path_ret
 * where there is none, which is no error. find.c.
 */
bool find_vmlinux(struct session *session, const struct dump *dump, char **path_ret,
		  struct error *error);
/*
 * The dump's own description in vmlinux's place: attach_own.c. Does the person want it (set vmcore
 * symbols), or rule it out?
 */
bool attach_wants_own(const struct plugin *plugin);
bool attach_forbids_own(const struct plugin *plugin);
bool attach_own(struct session *session, struct error *error);
/* To be called before vmlinux's symbols are added: NULL has then no name (symbols/cfi/per_cpu_names.h). */
void attach_per_cpu_names(struct session *session);
/* Says so, and what is missing. */
void attach_describe_own(struct session *session, struct buffer *text);
/* The file gdb has as vmlinux, malloc'ed; NULL if none. */
char *attach_current_vmlinux(struct plugin *plugin);

/*
 * Sees to it that gdb finds an index of vmlinux when it loads that, or tells the person that gdb
 * makes its own: index.c. LOADED: it has loaded it already. False if interrupted.
 */
bool index_prepare(struct session *session, bool loaded, struct error *error);
/*
 * The same where no dump is open yet and gdb is to load FILE, which may be a vmlinux. True: index_after_file() is to be called when
 * it has.
 */
bool index_before_file(struct plugin *plugin, const char *file);
void index_after_file(struct plugin *plugin);
/* gdb has loaded vmlinux. */
void index_restore(struct session *session);

/*
 * How many tasks are threads of gdb: threads.c. TEXT is what `set vmcore threads` takes: auto, cpus,
 * all or a number.
 */
bool threads_parse(const char *text, size_t *max_ret, struct error *error);
size_t threads_wanted(const struct plugin *plugin);
/* Makes gdb read the list of threads now. */
void threads_refresh(struct plugin *plugin);
/* The setting has changed: so does the open dump. */
bool threads_apply(struct plugin *plugin, struct error *error);
/* Says so where tasks are left out. */
void threads_describe(const struct session *session, struct buffer *text);

/*
 * Was the kernel at PC, of FRAME (a gdb.Frame), where it has no code? TEXT gets what is there instead.
 * bad_pointers.c.
 */
bool frame_bad_pointer(struct session *session, PyObject *frame, uint64_t pc, char *text, size_t size);
/* Why the selected thread has no stack, as one sentence; "" if it has one. */
void session_why_no_stack(struct session *session, char *text, size_t size);
/* Why the selected thread's stack is not complete, as `kernel bt` has it; "" if it is. */
void session_why_stack_ends(struct session *session, char *text, size_t size);

/* Modules as gdb sees them: modules.c. */
bool modules_describe(struct session *session, struct error *error);
/* Looks for the debug file of MODULE: module->debug_path. NULL with *error set if there is none. */
const char *modules_find_debug(struct session *session, struct module *module, struct error *error);
/* The same for kernel->find_module_file; CONTEXT is the session. */
void modules_find_for_kernel(void *context, struct module *module);
/* Gives gdb the debug file of MODULE, if there is one and it has not got it yet. */
bool modules_load_debug(struct session *session, struct module *module, struct error *error);
/* The same with the file FROM, or with what is in the directory FROM before all others; NULL: as above. */
bool modules_load_debug_from(struct session *session, struct module *module, const char *from, struct error *error);
/* Takes the debug file from gdb. It is not loaded again before somebody asks for it by modules_load_debug_from(). */
bool modules_unload_debug(struct session *session, struct module *module, struct error *error);
/* What a companion file has to say of this machine. attach.c. */
struct companion companion_of(const struct kernel *kernel);
/*
 * While gdb connects: gives each module on a CPU's stack its debug file as soon as gdb has the module. What gdb announces when it
 * has connected then has the source line.
 */
void modules_expect_stacks(struct session *session);
/* gdb has loaded the file PATH: is it such a module? */
void modules_loaded(struct session *session, const char *path);
/* Does so for every module on the stack that starts at REGISTERS. */
void modules_load_for_stack(struct session *session, const struct registers *registers);
/* The same for gdb's selected thread: before `bt` and the like. */
void modules_load_for_thread(struct session *session);

/*
 * Where gdb finds the source of what the dump's kernel and its modules are made of: source.c. What is found out of `set vmcore
 * source-path' and in the standard places is gdb's from sources_attach() to sources_restore().
 */
void sources_attach(struct session *session);
/* The same for FILE, a module's debug file that gdb gets now. */
void sources_module(struct session *session, const char *file);
/* TELL_GDB: takes it back; else it is only forgotten. */
void sources_restore(struct session *session, bool tell_gdb);
/* The setting has changed: so does the open dump. */
bool sources_apply(struct plugin *plugin, struct error *error);
/* Says once what to set where no source is found. */
void sources_describe(struct session *session, struct buffer *text);

/* What commands may ask of gdb: host.c. */
struct host;
void host_init(struct host *host, struct session *session);
/* For what of it is in other files: the server's thread may have the kernel while gdb works for us. */
void host_let_go(struct session *session);
void host_take_back(struct session *session);
/*
 * The same for a question: attaches the dump, and the language is C until host_ask_end(), whatever the selected frame is: in one of
 * assembly (s390x's idle task, entry code) gdb finds no `struct'. host_ask_end() is owed where host_ask() failed, too.
 */
bool host_ask(struct session *session, bool *language_changed, struct error *error);
void host_ask_end(struct session *session, bool language_changed);
bool host_disassemble(void *context, uint64_t start, uint64_t end, uint64_t count,
		      bool (*callback)(void *context, uint64_t address, unsigned size, bool from_file, const char *text), void *callback_context,
		      struct error *error);
bool host_type(void *context, const char *expression, struct buffer *text, struct error *error);
struct layout;
bool host_layout(void *context, const char *name, struct layout *layout_ret, struct error *error);

#endif
