// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb.Command objects: `target vmcore`, the prefix `kernel` and everything in command_table.
 *
 * One C class does for all kernel commands; each is a subclass of it that carries its struct
 * command.
 */
#include "base/files.h"
#include "commands/command.h"
#include "gdb/command_line.h"
#include "gdb/python/output_python.h"
#include "gdb/session.h"
#include "gdb/terminal/shell.h"
#include "gdb/terminal/style.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/task.h"

#include <stdlib.h>
#include <string.h>

/* Where a command's text goes. */
struct terminal {
	struct plugin *plugin;
	struct styles styles;
};

static bool write_text(void *context, const char *text, size_t size)
{
	struct terminal *terminal = context;

	if (terminal->plugin->session)
		progress_hide(&terminal->plugin->session->progress);
	return gdb_write(terminal->plugin, text, size);
}

static const char *style_text(void *context, unsigned column_flag)
{
	struct terminal *terminal = context;

	return styles_escape(&terminal->styles, column_flag);
}

static void bare_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	progress_show(context, what, done, total);
}

/* Addresses are shown as wide as the machine has them; KERNEL can be NULL, or of a machine that is not known. */
static void set_address_digits(struct output *output, const struct kernel *kernel)
{
	output->address_digits = kernel && kernel->arch ? 2 * kernel->arch->pointer_size : 0;
}

/* No dump is open, or one without a kernel. */
static bool run_without_session(struct plugin *plugin, const struct command *command, const struct arguments *arguments,
				struct output *output, struct error *error)
{
	struct progress progress = { 0 };
	struct host host = { .interrupted = session_interrupted, .progress = bare_progress, .context = &progress };
	struct kernel *kernel = plugin->bare;
	bool done;

	if (kernel) {
		kernel->interrupted = session_interrupted;
		kernel->progress = bare_progress;
		kernel->caller_context = &progress;
	}
	set_address_digits(output, kernel);
	done = command->run(kernel, arguments, output, &host, error);
	progress_hide(&progress);
	if (kernel) {
		kernel->interrupted = NULL;
		kernel->progress = NULL;
	}
	return done;
}

bool command_run(struct plugin *plugin, const struct command *command,
		 const struct arguments *arguments, struct output *output, struct error *error)
{
	struct session *session = plugin->session;
	struct kernel *kernel;
	struct host host;
	bool done;

	if (!session)
		return run_without_session(plugin, command, arguments, output, error);
	kernel = session->kernel;
	host_init(&host, session);
	pthread_mutex_lock(&kernel->lock);
	session->progress = (struct progress){ 0 };
	kernel->caller_context = session;
	kernel->interrupted = session_interrupted;
	kernel->progress = plugin->shell && plugin->shell->piped ? NULL : session_progress;
	set_address_digits(output, kernel);
	done = command->run(kernel, arguments, output, &host, error);
	kernel->interrupted = NULL;
	kernel->progress = NULL;
	progress_hide(&session->progress);
	pthread_mutex_unlock(&kernel->lock);
	return done;
}

bool command_run_part(struct plugin *plugin, const struct command *command,
		      const struct arguments *arguments, struct output *output, struct error *error)
{
	if (command_run(plugin, command, arguments, output, error))
		return true;
	return error->kind == ERROR_PARTIAL && output_note(output, "%s", error->text);
}

static bool run_text(struct plugin *plugin, const struct command *command,
		     const struct arguments *arguments, struct error *error)
{
	struct terminal terminal = { .plugin = plugin };
	struct output *output = output_text_new(write_text, style_text, &terminal);
	bool done;

	if (!output)
		return error_no_memory(error, "the output", 0);
	if (!plugin->shell)
		styles_read(plugin, &terminal.styles);
	done = command_run(plugin, command, arguments, output, error);
	/* What was said before an error stays visible. */
	if (!output_text_flush(output) && done)
		done = error_set(error, ERROR_INTERRUPTED, "interrupted");
	output_text_free(output);
	return done;
}

/* -j -o FILE: the same JSON into a file. */
static bool write_json_file(struct output *output, struct plugin *plugin, const char *file,
			    struct error *error)
{
	struct buffer json = { 0 };
	bool done = output_python_json(output, &json, error);

	if (done && json.failed)
		done = error_no_memory(error, "the JSON", json.size);
	done = done && files_write_named(file, json.data, json.size, error);
	if (done)
		gdb_printf(plugin, "written: %s  size: %zu kB\n", file, (json.size + 1023) / 1024);
	buffer_free(&json);
	return done;
}

static bool run_json(struct plugin *plugin, const struct command *command,
		     const struct arguments *arguments, struct error *error)
{
	const char *file = command->file_option ? option_value(arguments, command->file_option) :
						  NULL;
	struct output *output = output_python_new();
	bool done, partial;

	if (file && !strcmp(file, "-"))
		file = NULL;
	if (!output)
		return error_no_memory(error, "the output", 0);
	partial = !command_run(plugin, command, arguments, output, error);
	/* A part of the answer is printed like the whole; that it is one, it says itself. */
	if (partial && error->kind == ERROR_PARTIAL)
		output_note(output, "%s", error->text);
	done = (!partial || error->kind == ERROR_PARTIAL) &&
	       (file ? write_json_file(output, plugin, file, error) :
		       output_python_write_json(output, plugin, error));
	output_python_free(output);
	return done && !partial;
}

/* Parses TEXT and runs the command. */
static bool run_line(struct plugin *plugin, const struct command *command, const char *text, struct error *error)
{
	struct arguments arguments;
	char *storage = NULL;
	bool json, done;

	done = (command->without_kernel || session_get(plugin, error)) &&
	       command_parse(command, text, &arguments, &storage, &json, error) &&
	       (json ? run_json : run_text)(plugin, command, &arguments, error);
	free(storage);
	return done;
}

/* The same with the shell's PART of TEXT behind it. */
static bool run_into_shell(struct plugin *plugin, const struct command *command, const char *text, const char *part,
			   struct error *error)
{
	char *words = strndup(text, part - text);
	struct shell shell;
	struct error ignored = { 0 };
	bool done;

	if (!words)
		return error_no_memory(error, "a command line", strlen(text));
	if (!shell_open(plugin, part, &shell, error)) {
		free(words);
		return false;
	}
	plugin->shell = &shell;
	done = run_line(plugin, command, words, error);
	plugin->shell = NULL;
	free(words);
	if (shell.gone && !session_interrupted(NULL) && !PyErr_Occurred())
		done = true;
	return shell_close(plugin, &shell, done ? error : &ignored) && done;
}

static PyObject *invoke(struct plugin *plugin, const struct command *command, const char *text)
{
	struct error error = { 0 };
	const char *part = shell_part(text);
	bool done;

	done = part ? run_into_shell(plugin, command, text, part, &error) : run_line(plugin, command, text, &error);
	if (done && plugin->batch)
		done = gdb_output_arrived(plugin, &error) || !error.kind;
	if (!done || PyErr_Occurred())
		return raise_error(plugin, &error);
	Py_RETURN_NONE;
}

static PyObject *kernel_command_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct command *command = class_pointer(self);
	PyObject *from_tty;
	const char *text;

	if (!plugin || !command || !PyArg_ParseTuple(args, "sO", &text, &from_tty))
		return NULL;
	return invoke(plugin, command, text);
}

/*
 * What completion works with. gdb breaks words at more characters than our commands do ('-', '/'):
 * of our word it takes the first SKIP bytes as settled and wants only what follows them.
 */
struct completion_word {
	PyObject *list;	  /* of the answers */
	const char *word; /* the whole of what is there of our word */
	size_t skip;
};

/* Offers STRING if it starts with the word. */
static void offer(const struct completion_word *complete, const char *string)
{
	PyObject *item;

	if (strncmp(string, complete->word, strlen(complete->word)))
		return;
	string += complete->skip;
	item = PyUnicode_DecodeUTF8(string, strlen(string), "backslashreplace");
	if (item)
		PyList_Append(complete->list, item);
	Py_XDECREF(item);
}

static void offer_tasks(const struct completion_word *complete, struct kernel *kernel)
{
	struct task_table *table;
	char pid[16];

	if (!tasks_get(kernel, &table, NULL))
		return;
	for (size_t i = 0; i < table->count; i++) {
		snprintf(pid, sizeof(pid), "%u", table->tasks[i].pid);
		offer(complete, pid);
		if (complete->word[0] && !strchr(table->tasks[i].comm, ' '))
			offer(complete, table->tasks[i].comm);
	}
}

static void offer_modules(const struct completion_word *complete, struct kernel *kernel)
{
	struct module_list *modules;

	if (modules_get(kernel, &modules, NULL))
		for (size_t i = 0; i < modules->count; i++)
			offer(complete, modules->modules[i].name);
}

/* Structures and unions, as gdb has them in its index. */
static void offer_types(const struct completion_word *complete, struct plugin *plugin)
{
	static const char *const kinds[] = { "struct", "union" };

	if (complete->word[strspn(complete->word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")])
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct buffer lines = { 0 };
		char *rest = NULL, *line;
		size_t before = strlen("whatis ") + strlen(kinds[i]) + 1;

		if (gdb_execute(plugin, &lines, NULL, "complete whatis %s %s", kinds[i], complete->word) && lines.data)
			for (line = strtok_r(lines.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
				if (strlen(line) > before)
					offer(complete, line + before);
		buffer_free(&lines);
	}
	forget_exception();
}

static void offer_options(const struct completion_word *complete, const struct command *command)
{
	struct buffer lines = { 0 };
	char *rest = NULL;

	command_complete_options(command, complete->word, &lines);
	for (char *line = lines.data ? strtok_r(lines.data, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		offer(complete, line);
	buffer_free(&lines);
}

static void offer_words(const struct completion_word *complete, struct session *session,
			const struct command *command)
{
	struct kernel *kernel = session->kernel;

	if (command->words == COMPLETE_TYPE) {	/* gdb reads the dump for it: not with the kernel locked */
		offer_types(complete, session->plugin);
		return;
	}
	pthread_mutex_lock(&kernel->lock);
	if (command->words == COMPLETE_TASK)
		offer_tasks(complete, kernel);
	else if (command->words == COMPLETE_MODULE)
		offer_modules(complete, kernel);
	pthread_mutex_unlock(&kernel->lock);
}

/* Does the word that ends before AT in TEXT want an argument after it: "-C "? */
static bool after_option(const struct command *command, const char *text, size_t at)
{
	size_t end = at, start;

	while (end && strchr(" \t", text[end - 1]))
		end--;
	for (start = end; start && !strchr(" \t", text[start - 1]); start--)
		;
	if (end - start < 2 || text[start] != '-')
		return false;
	for (const struct option *o = command->options; o && o->letter; o++)
		if (o->letter == text[end - 1])
			return o->argument != NULL;
	return false;
}

/* Completion: options after a dash, else what the command's words are. gdb filters nothing, so we
 * do. */
static PyObject *kernel_command_complete(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	const struct command *command = class_pointer(self);
	struct completion_word complete = { 0 };
	PyObject *word_object, *bytes;
	size_t start, size;
	const char *text;

	if (!plugin || !command || !PyArg_ParseTuple(args, "sO", &text, &word_object))
		return NULL;
	if (word_object == Py_None)
		Py_RETURN_NONE; /* gdb asks where words break: where it thinks */
	bytes = PyUnicode_AsUTF8String(word_object);
	complete.list = PyList_New(0);
	if (!bytes || !complete.list)
		return NULL;
	size = strlen(text);
	for (start = size; start && !strchr(" \t", text[start - 1]); start--)
		;
	complete.word = text + start;
	complete.skip = size - start;
	if (strlen(PyBytes_AsString(bytes)) < complete.skip)
		complete.skip -= strlen(PyBytes_AsString(bytes));
	else
		complete.skip = 0;
	if (complete.word[0] == '-')
		offer_options(&complete, command);
	else if (plugin->session && !after_option(command, text, start))
		offer_words(&complete, plugin->session, command);
	Py_DECREF(bytes);
	return complete.list;
}

#define MAX_PARTS 64

/* Words of a Python list of str as C strings, valid while LIST and KEEP live. */
static size_t string_list(PyObject *list, const char **strings, PyObject **keep, size_t max)
{
	size_t count = 0;

	for (Py_ssize_t i = 0; i < PyList_Size(list) && count < max; i++) {
		keep[count] = PyUnicode_EncodeFSDefault(PyList_GetItem(list, i));
		if (!keep[count])
			break;
		strings[count] = PyBytes_AsString(keep[count]);
		count++;
	}
	return count;
}

bool target_open(struct plugin *plugin, const char *text, struct error *error)
{
	PyObject *words = PyObject_CallMethod(plugin->gdb, "string_to_argv", "s", text);
	PyObject *keep[MAX_PARTS];
	const char *files[MAX_PARTS];
	bool done = false;
	size_t count;

	if (!words)
		return error_from_python(error);
	count = string_list(words, files, keep, MAX_PARTS);
	if (!PyErr_Occurred()) {
		if (!count)
			error_set(error, ERROR_USAGE,
				  "target vmcore needs the dump's file name: target vmcore FILE");
		else
			done = session_open(plugin, files, count,
					    command_line_spares_gdb(plugin, text), error);
	}
	while (count)
		Py_DECREF(keep[--count]);
	Py_DECREF(words);
	return done;
}

static PyObject *target_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	struct error error = { 0 };
	PyObject *from_tty;
	const char *text;
	bool done;

	if (!plugin || !PyArg_ParseTuple(args, "sO", &text, &from_tty))
		return NULL;
	done = target_open(plugin, text, &error);
	if (!done || PyErr_Occurred())
		return raise_error(plugin, &error);
	Py_RETURN_NONE;
}

/* `kernel` alone, or with a word that is none of its commands. */
static PyObject *prefix_invoke(PyObject *self, PyObject *args)
{
	struct plugin *plugin = plugin_of(self);
	struct error error = { 0 };
	PyObject *from_tty;
	const char *text;
	bool done;

	if (!plugin || !PyArg_ParseTuple(args, "sO", &text, &from_tty))
		return NULL;
	/* gdb takes no such name for a command. */
	if (*text == '*')
		return invoke(plugin, command_find("struct"), text + 1);
	done = *text ? error_set(&error, ERROR_USAGE,
				 "there is no command `kernel %.*s`; `help kernel` lists them",
				 (int)strcspn(text, " \t"), text)
		     : gdb_execute_visible(plugin, "help kernel", &error);
	if (!done || PyErr_Occurred())
		return raise_error(plugin, &error);
	Py_RETURN_NONE;
}

static PyMethodDef prefix_methods[] = {
	{ "invoke", prefix_invoke, METH_VARARGS, NULL },
	{ 0 },
};

static PyMethodDef kernel_command_methods[] = {
	{ "invoke", kernel_command_invoke, METH_VARARGS, NULL },
	{ "complete", kernel_command_complete, METH_VARARGS, NULL },
	{ 0 },
};

static PyMethodDef target_methods[] = {
	{ "invoke", target_invoke, METH_VARARGS, NULL },
	{ 0 },
};

/* Makes the gdb command NAME of gdb's CLASS ("COMMAND_STATUS"). COMPLETE: "COMPLETE_..." or NULL
 * for our own. */
static bool make_command(struct plugin *plugin, PyObject *base, const char *name, const char *doc,
			 const char *group, const char *complete, bool prefix, const void *pointer)
{
	PyObject *class = plugin_class(plugin, base, "kernel_command", doc, pointer);
	PyObject *group_value = gdb_attribute(plugin, group);
	PyObject *complete_value = complete ? gdb_attribute(plugin, complete) : NULL;
	PyObject *command = NULL;

	if (class && group_value && (!complete || complete_value)) {
		if (complete)
			command = PyObject_CallFunction(class, "sOOO", name, group_value,
							complete_value,
							prefix ? Py_True : Py_False);
		else
			command = PyObject_CallFunction(class, "sO", name, group_value);
	}
	Py_XDECREF(class);
	Py_XDECREF(group_value);
	Py_XDECREF(complete_value);
	Py_XDECREF(command); /* gdb keeps its own reference */
	return command != NULL;
}

/* `kernel NAME`, and NAME alone where gdb has no such command (`bt` is gdb's, and stays so). */
static bool make_kernel_command(struct plugin *plugin, PyObject *base,
				const struct command *command, const char *name, const char *doc)
{
	char prefixed[64];

	snprintf(prefixed, sizeof(prefixed), "kernel %s", name);
	if (!make_command(plugin, base, prefixed, doc, "COMMAND_STATUS", NULL, false, command))
		return false;
	if (gdb_has_command(plugin, name))
		return true;
	buffer_printf(&plugin->bare_names, "%s%s\n", plugin->bare_names.size ? "" : "\n", name);
	return make_command(plugin, base, name, doc, "COMMAND_STATUS", NULL, false, command);
}

static bool make_table(struct plugin *plugin, PyObject *base)
{
	bool done = true;

	for (size_t i = 0; command_table[i] && done; i++) {
		struct buffer doc = { 0 };

		command_help(command_table[i], &doc);
		done = !doc.failed &&
		       make_kernel_command(plugin, base, command_table[i], command_table[i]->name,
					   doc.data) &&
		       (!command_table[i]->alias ||
			make_kernel_command(plugin, base, command_table[i], command_table[i]->alias,
					    doc.data));
		buffer_free(&doc);
	}
	return done;
}

static const char kernel_doc[] =
	"Commands that know the Linux kernel in the dump.\n"
	"\n"
	"Open a dump with `target vmcore FILE`. Then `kernel sys` says what died,\n"
	"`kernel bt` where, `kernel ps` lists the tasks and `kernel log` shows the\n"
	"kernel's log. Each command is also there under its bare name (ps, log, ...)\n"
	"where gdb has no command of that name. With -j a command prints JSON.\n"
	"\n"
	"A command fails (with -batch: status 1) where something that was asked for was\n"
	"not answered: a word that names nothing, a list that breaks off, records that\n"
	"are lost. What there is is shown all the same. A single value that is not known\n"
	"is `-`, in JSON null, and a note says why; that is no failure.\n"
	"\n"
	"The shell may do what stands behind a command, as in crash: `kernel ps | wc -l',\n"
	"`kernel log > FILE', `>> FILE'. Its exit status is in $_shell_exitcode.\n"
	"\n"
	"In JSON a byte that is not UTF-8 is the character U+EF00 plus the byte.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel log -l emerg\n"
	"[   43.932252] Kernel panic - not syncing: sysrq triggered crash";

static const char target_doc[] =
	"Open a Linux kernel crash dump.\n"
	"Usage: target vmcore FILE [FILE]...\n"
	"\n"
	"FILE is an ELF vmcore (a copy of /proc/vmcore, makedumpfile -E, QEMU's\n"
	"dump-guest-memory), a kdump-compressed dump (makedumpfile with any compressor,\n"
	"QEMU's kdump-* formats) or a flattened one; several files, as words or with\n"
	"commas between them, are the parts of a makedumpfile --split set.\n"
	"FILE@ADDRESS[,FILE@ADDRESS...] is raw physical memory (/dev/oldmem, a\n"
	"hypervisor's copy of RAM); ADDRESS, in hexadecimal, is where the file begins.\n"
	"`show vmcore formats` lists them all.\n"
	"\n"
	"The kernel's vmlinux is the one gdb has (its program, `file`), else it is looked\n"
	"for by build-id (`help set vmcore debug-path`); if there is none the dump\n"
	"describes itself: names, types and stacks, but no source lines.\n"
	"\n"
	"Threads 1 to N are then the CPUs, the others the tasks that were not running.\n"
	"The thread that panicked is selected: `bt` shows why.\n"
	"\n"
	"Example:\n"
	"(gdb) file vmlinux\n"
	"(gdb) target vmcore vmcore\n"
	"vmcore: kdump-compressed lzo, Linux 6.1.0-56-cloud-amd64, 4 CPUs, 125 tasks\n"
	"Kernel panic - not syncing: sysrq triggered crash";

bool register_commands(struct plugin *plugin)
{
	PyObject *prefix = plugin_gdb_base_class(plugin, "Command", "vmcore.PrefixCommand",
						 prefix_methods);
	PyObject *kernel = plugin_gdb_base_class(plugin, "Command", "vmcore.KernelCommand",
						 kernel_command_methods);
	PyObject *target = plugin_gdb_base_class(plugin, "Command", "vmcore.TargetCommand",
						 target_methods);
	bool done = prefix && kernel && target &&
		    make_command(plugin, prefix, "kernel", kernel_doc, "COMMAND_STATUS",
				 "COMPLETE_NONE", true, NULL) &&
		    make_command(plugin, target, "target vmcore", target_doc, "COMMAND_FILES",
				 "COMPLETE_FILENAME", false, NULL) &&
		    make_table(plugin, kernel);

	Py_XDECREF(prefix);
	Py_XDECREF(kernel);
	Py_XDECREF(target);
	return done;
}
