// SPDX-License-Identifier: GPL-3.0-or-later
#include "gdb/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "dump/file.h"
#include "kernel/open/open.h"
#include "kernel/stacks/unwind.h"
#include "kernel/tasks/cpu.h"
#include "kernel/system/system.h"
#include "kernel/tasks/task.h"
#include "target/server.h"

#define CACHE_LINE 1024	/* "dcache line-size" in attach/attach.c */
#define NULL_PAGE  4096 /* what is read below is meant to be a member of what is not there */

void session_hold(struct session *session)
{
	pthread_mutex_lock(&session->kernel->lock);
	session->kernel->caller_context = session;
	session->kernel->interrupted = session_interrupted;
}

void session_release(struct session *session)
{
	session->kernel->interrupted = NULL;
	pthread_mutex_unlock(&session->kernel->lock);
}

void session_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct session *session = context;

	progress_show(&session->progress, what, done, total);
}

bool session_interrupted(void *context)
{
	(void)context;
	return PyErr_CheckSignals() != 0; /* leaves KeyboardInterrupt pending */
}

struct patience session_patience(struct session *session)
{
	return (struct patience){ session_interrupted, session_progress, session };
}

struct session *session_get(struct plugin *plugin, struct error *error)
{
	if (plugin->bare)
		error_set(error, ERROR_USAGE,
			  "%s is open as physical memory only; `kernel dump' says why, `kernel rd -p' and "
			  "`kernel search -p' work with that",
			  plugin->bare->dump->files[0]->path);
	else if (!plugin->session)
		error_set(error, ERROR_USAGE,
			  "no kernel dump is open; open one with: target vmcore FILE");
	return plugin->session;
}

void session_path(struct session *session, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", session->directory, name);
}

static bool make_directory(struct session *session, struct error *error)
{
	const char *base = getenv("TMPDIR");
	bool usable = base && *base && strlen(base) < 40 && access(base, W_OK | X_OK) == 0;

	/* As other programs do with a TMPDIR that is none. */
	return files_make_temporary(usable ? base : "/tmp", "gdb-vmcore.", session->directory, sizeof(session->directory),
				    &session->directory_lock, error);
}

/* Frees all that is not gdb's. */
static void session_free(struct session *session)
{
	sources_restore(session, false);
	server_stop(session->server);
	vmcore_target_free(session->target);
	kernel_close(session->kernel);
	if (session->directory[0])
		files_remove_directory(session->directory);
	if (session->directory_lock >= 0)
		close(session->directory_lock);
	for (size_t i = 0; i < session->nr_saved; i++)
		free(session->saved[i].value);
	buffer_free(&session->libraries);
	free(session->file);
	free(session->explanation);
	free(session);
}

/*
 * WHY to the person, in one write: gdb waits for the server meanwhile, and has no line half written. A front end that speaks MI gets
 * a record of the log, since what comes by stderr many show nowhere; one that speaks DAP an event, when its request is done.
 */
static void explain(struct session *session, enum explain how, const char *why)
{
	struct buffer line = { 0 };

	if (session->plugin->dap) {
		free(__atomic_exchange_n(&session->explanation, strdup(why), __ATOMIC_ACQ_REL));
		return;
	}
	if (!session->plugin->mi) {
		dprintf(STDERR_FILENO, "%s%s\n", how == EXPLAIN_ON_NEW_LINE ? "\n" : "", why);
		return;
	}
	buffer_string(&line, "&\"");
	for (const char *at = why; *at; at++) {
		if (*at == '"' || *at == '\\')
			buffer_char(&line, '\\');
		buffer_char(&line, (unsigned char)*at < ' ' ? ' ' : *at);
	}
	buffer_string(&line, "\\n\"\n");
	if (!line.failed)
		dprintf(STDOUT_FILENO, "%s", line.data);
	buffer_free(&line);
}

/*
 * Of memory gdb reads whole lines of its cache (attach.c sets their size); where that fails it asks again for what it was asked for. That
 * is what is explained, not the line.
 */
static bool is_cache_line(uint64_t address, size_t size)
{
	return size == CACHE_LINE && address % CACHE_LINE == 0;
}

/* Does ADDRESS lie in [START, END)? *SIZE bytes from it on are cut off where that begins. */
static bool is_within(uint64_t address, size_t *size, uint64_t start, uint64_t end)
{
	if (address < start && address + *size > start)
		*size = start - address;
	return address >= start && address < end;
}

/*
 * A variable that is not where it was linked: what can be read there, if anything, is not it, and the person did not mean that. (Who wants
 * to see the memory has `rd'.) Per-CPU variables the kernel copied at boot for each CPU; what was needed for the boot alone it gave back.
 * NULL: nothing is wrong with ADDRESS. *READ: it may be read all the same.
 */
static const char *not_a_variables(struct kernel *kernel, uint64_t address, size_t *size, bool *read)
{
	uint64_t start, end;

	*read = true;
	if (kernel_per_cpu_section(kernel, &start, &end) && is_within(address, size, start, end)) {
		/* Where the section is linked at 0 a process may have memory there; the first page is NULL's. */
		*read = !kernel->arch->is_kernel_address(kernel->memory, address);
		return address < NULL_PAGE ? NULL : "per-CPU variables are linked there, and each CPU has its own: print $per_cpu(NAME, 1), or kernel p NAME:a";
	}
	if (kernel_given_back(kernel, address, *size, &start, &end) && is_within(address, size, start, end)) {
		*read = false;
		return "what was only for the boot (__init, __initdata) was there, and the kernel has given that memory back; rd shows what it has now";
	}
	return NULL;
}

/*
 * The server's reads with the reason of a failure told to the person: gdb says no more than "Cannot
 * access memory at address ...". One report per command that reads memory by address
 * (see hooks.c), or probing reads would flood the terminal. Runs in the server's thread, so not
 * through gdb's output.
 */
static size_t read_and_explain(void *context, uint64_t thread, uint64_t address, void *buffer,
			       size_t size, struct error *error)
{
	struct vmcore_target *target = context;
	struct session *session = target->context;
	struct error why = { 0 };
	size_t wanted = size, done = 0;
	bool read;
	const char *why_not = not_a_variables(session->kernel, address, &wanted, &read);

	if (read)
		done = vmcore_target_ops.read_memory(context, thread, address, buffer, wanted, &why);
	else
		error_set(&why, ERROR_NOT_MAPPED, "0x%llx has nothing of what was linked there", (unsigned long long)address);
	if (why_not && !done) {
		error_add(&why, "; ");
		error_add(&why, why_not);
	}
	if (error)
		*error = why;
	if (!done && size && !is_cache_line(address, size)) {
		int how = __atomic_exchange_n(&session->explain_next, EXPLAIN_NOT, __ATOMIC_RELAXED);

		if (how != EXPLAIN_NOT)
			explain(session, how, why.text);
	}
	return done;
}

char *session_take_explanation(struct session *session)
{
	return __atomic_exchange_n(&session->explanation, NULL, __ATOMIC_ACQ_REL);
}

void session_explain_next_failure(struct session *session, bool midline)
{
	__atomic_store_n(&session->explain_next, midline ? EXPLAIN_ON_NEW_LINE : EXPLAIN,
			 __ATOMIC_RELAXED);
}

static const char *libraries(void *context, size_t *size_ret)
{
	struct session *session = context;

	*size_ret = session->libraries.size;
	return session->libraries.data;
}

static bool start_server(struct session *session, char *path, size_t size, struct error *error)
{
	session->ops = vmcore_target_ops;
	session->ops.read_memory = read_and_explain;
	if (!vmcore_target_new(session->kernel, threads_wanted(session->plugin),
			       &session->target, error))
		return false;
	session->target->libraries = libraries;
	session->target->context = session;
	session->server = server_start(&session->ops, session->target, path, size, error);
	return session->server != NULL;
}

static bool open_kernel(struct session *session, const char *const *files, size_t nr_files,
			struct error *error)
{
	struct plugin *plugin = session->plugin;
	struct patience watch = session_patience(session);
	const char *system_map = plugin->settings.system_map;
	struct kernel_source source = { .force = plugin->settings.force_vmlinux,
					.system_map = system_map && *system_map ? system_map
										: NULL };
	struct dump *dump;
	char *vmlinux;
	bool done;

	done = dump_open_watched(files, nr_files, &watch, &dump, error);
	progress_hide(&session->progress);
	if (!done)
		return false;
	dump->zero_excluded = plugin->settings.zero_excluded;
	done = find_vmlinux(session, dump, &vmlinux, error);
	if (done && !vmlinux && attach_forbids_own(plugin))
		done = error_set(error, ERROR_USAGE,
				 "which kernel? Give gdb its vmlinux with debug information: `file "
				 "/path/to/vmlinux', then `target vmcore' again; or let the dump "
				 "describe itself: `set vmcore symbols auto'");
	if (!done) {
		dump_close(dump);
		return false;
	}
	source.vmlinux = vmlinux;
	dump->watch = &watch; /* all of memory may have to be searched */
	done = kernel_open(dump, &source, &session->kernel, error);
	progress_hide(&session->progress);
	if (done) {
		dump->watch = NULL;
		session->kernel->find_module_file = modules_find_for_kernel;
		session->kernel->find_context = session;
	}
	free(vmlinux);
	return done;
}

static bool connect_to(struct plugin *plugin, const char *path, struct error *error)
{
	char command[300];

	if (!plugin->mi)
		return gdb_execute(plugin, NULL, error, "target remote %s", path);
	snprintf(command, sizeof(command), "target remote %s", path);
	return gdb_execute_live(plugin, command, false) || error_from_python(error);
}

/* From here on gdb is changed; a failure is undone by session_close(). */
static bool connect_gdb(struct session *session, struct error *error)
{
	struct plugin *plugin = session->plugin;
	char path[256];

	if (!attach_check_machine(session, error) || !make_directory(session, error) || !attach_settings(session, error) ||
	    !attach_symbols(session, error) || !modules_describe(session, error) ||
	    !start_server(session, path, sizeof(path), error))
		return false;
	sources_attach(session);
	modules_expect_stacks(session);
	vmcore_target_set_connecting(session->target, true);
	/* gdb would print the frame it stopped in; announce() does that better, after the modules
	 * are there. */
	gdb_execute(plugin, NULL, NULL, "set suppress-cli-notifications on");
	session->connected = connect_to(plugin, path, error);
	gdb_execute(plugin, NULL, NULL, "set suppress-cli-notifications off");
	vmcore_target_set_connecting(session->target, false);
	/* The pc that was made up for gdb to connect, see vmcore_target.c. */
	gdb_execute(plugin, NULL, NULL, "maintenance flush register-cache");
	/* Where gdb has no program it does not ask for libraries by itself. */
	if (session->connected && !session->kernel->vmlinux_path)
		gdb_execute(plugin, NULL, NULL, "sharedlibrary");
	if (!session->connected)
		return false;
	attach_hide_program(plugin);
	threads_refresh(plugin);
	for (size_t i = 0; i < session->kernel->nr_cpus; i++)
		modules_load_for_stack(session, &session->kernel->cpus[i].registers);
	forget_exception();
	return true;
}

bool session_attach(struct session *session, struct error *error)
{
	if (!session->attached) {
		session->attached = true;
		connect_gdb(session, &session->attach_error);
	}
	if (session->attach_error.kind == ERROR_NONE)
		return true;
	if (error)
		*error = session->attach_error;
	return false;
}

/* How many tasks there are at least, and the first reason: `kernel sys' has all of them. */
static void describe_damage(const struct task_table *tasks, struct buffer *text)
{
	const char *end = strstr(tasks->damage, "; ");

	if (tasks->count)
		buffer_printf(text, ", at least %zu tasks (the list breaks off: ", tasks->count);
	else
		buffer_string(text, ", no task can be read (");
	buffer_printf(text, "%.*s%s)", end ? (int)(end - tasks->damage) : (int)strlen(tasks->damage), tasks->damage,
		      end ? "; `kernel sys' says more" : "");
}

/* The dump and what killed the kernel, in a line or two. */
static void describe(struct session *session, struct buffer *text)
{
	const struct kernel *kernel = session->kernel;
	const struct dump *dump = kernel->dump;
	bool compressed = dump->compression[0] && strcmp(dump->compression, "none");
	struct system_info info;
	struct task_table *tasks = NULL;
	struct error why = { 0 };

	buffer_printf(text, "%s: %s%s%s, Linux %s, %zu CPU%s", session->file,
		      dump->variant[0] ? dump->variant : dump->format->name, compressed ? " " : "",
		      compressed ? dump->compression : "", kernel->release, kernel->nr_cpus,
		      kernel->nr_cpus == 1 ? "" : "s");
	if (tasks_get(session->kernel, &tasks, &why) && tasks->damage)
		describe_damage(tasks, text);
	else if (tasks)
		buffer_printf(text, ", %zu tasks", tasks->count);
	else
		buffer_printf(text, ", no tasks (%s)", why.text);
	buffer_string(text, "\n");
	if (system_info(session->kernel, &info, NULL) && info.panic[0])
		buffer_printf(text, "%s\n", info.panic);
	else if (info.panic_hint[0])
		buffer_printf(text, "%s (by what is left of the log)\n", info.panic_hint);
	for (size_t i = 0; i < dump->nr_files; i++)
		if (dump->files[i]->unpacked_now)
			buffer_printf(text, "%s was unpacked to %s (%" PRIu64 " MB), and stays there\n",
				      dump->files[i]->path, dump->files[i]->unpacked_path,
				      dump->files[i]->raw_size >> 20);
	attach_describe_own(session, text);
	threads_describe(session, text);
	sources_describe(session, text);
	if (dump->doubt[0])
		buffer_printf(text, "warning: %s\n", dump->doubt);
	if (dump->flags & DUMP_INCOMPLETE)
		buffer_string(text,
			      "warning: the dump is incomplete: its writer ran out of space\n");
	if (dump->flags & DUMP_TRUNCATED)
		buffer_string(text, "warning: the dump is shorter than its headers say; what is "
				    "missing reads as truncated\n");
}

/*
 * What a person wants to see first. In a script (-batch) it goes to stderr, so that what the
 * script's own commands print can be read by machines.
 */
static void announce(struct session *session)
{
	/* Without the source line: it is seldom there, and gdb 16 and later make a warning of that.
	 */
	static const char frame[] = "with print frame-info location -- frame";
	struct plugin *plugin = session->plugin;
	struct buffer text = { 0 };

	describe(session, &text);
	if (plugin->batch && session->attached)
		gdb_execute(plugin, &text, NULL, frame);
	if (!text.failed)
		gdb_announce(plugin, "%s", text.data);
	buffer_free(&text);
	forget_exception();
	if (session->attached && !plugin->batch)
		gdb_execute_visible(plugin, frame, NULL);
}

/*
 * No kernel in it, or none that we know: what memory there is can still be looked at. Not where the
 * person only has to say it better (another vmlinux), nor in place of a dump that did open.
 */
static void keep_bare(struct plugin *plugin, const char *const *files, size_t nr_files,
		      struct error *error)
{
	struct patience watch = { .interrupted = session_interrupted };
	struct dump *dump;

	if (plugin->session || error->kind == ERROR_INTERRUPTED || error->kind == ERROR_IO)
		return;
	/*
	 * gdb would answer `print init_task.comm` out of the vmlinux file, as if that were the dump's. Without an executable it has the
	 * names and the types and no memory, and says so.
	 */
	attach_hide_program(plugin);
	forget_exception();
	if (!dump_open_watched(files, nr_files, &watch, &dump, NULL))
		return;
	dump->zero_excluded = plugin->settings.zero_excluded;
	session_close_bare(plugin);
	if (!kernel_open_bare(dump, error->text, &plugin->bare, NULL))
		return;
	if (!strstr(error->text, files[0]))
		error_prefix(error, "%s", files[0]);
	if (dump->flags & DUMP_TRUNCATED && !strstr(error->text, "truncated"))
		error_add(error, "; the dump is truncated: it is shorter than its headers say");
	error_add(error, "; its physical memory can be read with `kernel rd -p' and "
			 "`kernel search -p', `kernel dump' describes it");
}

void session_close_bare(struct plugin *plugin)
{
	kernel_close(plugin->bare);
	plugin->bare = NULL;
}

bool session_open(struct plugin *plugin, const char *const *files, size_t nr_files, bool spare_gdb,
		  struct error *error)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return error_no_memory(error, "the session", sizeof(*session));
	session->plugin = plugin;
	session->directory_lock = -1;
	session->file = strdup(files[0]);
	if (!open_kernel(session, files, nr_files, error)) {
		session_free(session);
		/* Python must not be called with Ctrl-C pending; raise_error() raises it again. */
		if (error->kind == ERROR_INTERRUPTED)
			PyErr_Clear();
		attach_symbols_alone(plugin);
		keep_bare(plugin, files, nr_files, error);
		return false;
	}
	session_close_bare(plugin);
	session_close(plugin);
	plugin->session = session;
	frame_filter_enable(plugin, true);
	if (!spare_gdb && !session_attach(session, error)) {
		session_close(plugin);
		keep_bare(plugin, files, nr_files, error);
		return false;
	}
	announce(session);
	return true;
}

void session_close(struct plugin *plugin)
{
	struct session *session = plugin->session;

	if (!session)
		return;
	if (session->connected) {
		/* Ends in session_disconnected() through gdb's event, where gdb has that event. */
		gdb_execute(plugin, NULL, NULL, "disconnect");
		if (!plugin->session)
			return;
	}
	session_disconnected(plugin);
}

void session_disconnected(struct plugin *plugin)
{
	struct session *session = plugin->session;

	if (!session)
		return;
	plugin->session = NULL;
	frame_filter_enable(plugin, false);
	if (session->attached && !plugin->quitting) {
		sources_restore(session, true);
		attach_restore_settings(session);
		attach_restore_symbols(session);
	}
	session_free(session);
}

/* The server's thread that gdb has selected; NULL = none. */
static const struct thread *selected_thread(struct session *session)
{
	PyObject *thread = PyObject_CallMethod(session->plugin->gdb, "selected_thread", NULL);
	PyObject *ptid = thread && thread != Py_None ? PyObject_GetAttrString(thread, "ptid")
						     : NULL;
	PyObject *lwp = ptid ? PyTuple_GetItem(ptid, 1) : NULL; /* borrowed */
	const struct thread *found = NULL;
	uint64_t id;

	if (lwp && value_to_u64(lwp, &id))
		found = vmcore_target_thread(session->target, id);
	forget_exception();
	Py_XDECREF(ptid);
	Py_XDECREF(thread);
	return found;
}

uint64_t session_selected_thread(struct session *session)
{
	const struct thread *thread = selected_thread(session);

	return thread ? thread->id : 0;
}

uint64_t session_selected_task(struct session *session)
{
	const struct thread *thread = session->target ? selected_thread(session) : NULL;
	const struct cpu *cpu;

	if (session->attached)
		return thread && thread->task ? thread->task->address : 0;
	/* the one that gdb will select */
	cpu = cpu_panicked(session->kernel);
	return cpu ? cpu->task : 0;
}

const struct cpu *session_selected_cpu(struct session *session)
{
	const struct thread *thread = session->target ? selected_thread(session) : NULL;

	if (session->attached)
		return thread ? thread->cpu : NULL;
	return cpu_panicked(session->kernel);
}

/* What keeps the selected thread's stack from being followed to its end. */
static void why_stack_ends(struct session *session, bool follow, char *text, size_t size)
{
	const struct thread *thread = session->target ? selected_thread(session) : NULL;
	struct kernel *kernel = session->kernel;
	struct frame *frames = follow ? calloc(UNWIND_MAX_FRAMES, sizeof(*frames)) : NULL;
	struct registers registers;
	struct error error = { .text = "" };
	size_t count;

	pthread_mutex_lock(&kernel->lock);
	if (thread && vmcore_target_ops.registers(session->target, thread->id, &registers, &error) && frames &&
	    unwind(kernel, &registers, frames, UNWIND_MAX_FRAMES, &count, &error) != UNWIND_FAILED)
		error.text[0] = 0;
	pthread_mutex_unlock(&kernel->lock);
	snprintf(text, size, "%s", error.text);
	free(frames);
}

void session_why_no_stack(struct session *session, char *text, size_t size)
{
	why_stack_ends(session, false, text, size);
}

void session_why_stack_ends(struct session *session, char *text, size_t size)
{
	why_stack_ends(session, true, text, size);
}

bool session_thread_is_switched_out(struct session *session)
{
	const struct thread *thread = session->target ? selected_thread(session) : NULL;

	return thread && !thread->cpu;
}
