// SPDX-License-Identifier: GPL-3.0-or-later
/* foreach: a command for one task after the other. */
#include "commands/tasks/foreach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/tasks/task_cells.h"

static const struct option options[] = { { 0 } };

enum { TEXT = TASK_CELLS };

static const struct column columns[] = {
	TASK_COLUMNS,
	[TEXT] = { "output", "\n%", 0, COLUMN_RAW },
};
static const struct shape shape = { "foreach", SHAPE_HEADING, columns, ARRAY_SIZE(columns) };

/* Of a command that begins with the task's line itself: for people that is enough. */
static const struct column silent_columns[] = {
	{ "pid", NULL, 0, COLUMN_JSON_ONLY },
	{ "task", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	{ "cpu", NULL, 0, COLUMN_JSON_ONLY },
	{ "comm", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape silent_shape = { "foreach", SHAPE_HEADING, silent_columns, ARRAY_SIZE(silent_columns) };

struct foreach {
	struct kernel *kernel;
	struct output *output;
	struct foreach_host host;
	const struct command *command;	/* NULL = one of gdb's */
	const char *text;		/* what is behind its name; gdb's as a whole */
	struct foreach_rest rest;
	size_t failed;
	struct error first;
	bool stopped;
};

/* Ours: with the task as its word, or, where its words are something else, as the selected task. */
static bool run_ours(struct foreach *foreach, const struct task *task, struct error *error)
{
	struct arguments arguments;
	char address[24], *storage;
	bool json, done;

	/* -j was taken out of the line before. */
	if (!command_parse(foreach->command, foreach->text, &arguments, &storage, &json, error))
		return false;
	snprintf(address, sizeof(address), "%llx", (unsigned long long)task->address);
	if (foreach->command->words == COMPLETE_TASK && arguments.nr_words < COMMAND_MAX_WORDS)
		arguments.words[arguments.nr_words++] = address;
	done = foreach->command->run(foreach->kernel, &arguments, foreach->output, &foreach->host.host, error);
	free(storage);
	return done;
}

static bool run_gdbs(struct foreach *foreach, struct error *error)
{
	const struct host *below = foreach->host.below;
	struct buffer text = { 0 };
	bool done;

	if (!foreach_host_select(&foreach->host, error))
		return false;
	done = below->execute(below->context, foreach->text, &text, error);
	if (text.size && !output_bytes(foreach->output, TEXT, text.data, text.size))
		foreach->stopped = true;
	buffer_free(&text);
	return done;
}

/* False: Ctrl-C, or what is typed is wrong, for every task alike. */
static bool one_task(struct foreach *foreach, const struct task *task, struct error *error)
{
	struct error why = { 0 };

	foreach->host.task = task;
	if (!output_row(foreach->output) || !task_cells(foreach->output, task)) {
		foreach->stopped = true;
		return true;
	}
	if (foreach->command ? run_ours(foreach, task, &why) : run_gdbs(foreach, &why))
		return true;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY || (foreach->command && why.kind == ERROR_USAGE)) {
		*error = why;
		return false;
	}
	if (!foreach->failed++)
		foreach->first = why;
	if (!output_note(foreach->output, "PID %u: %s", task->pid, why.text))
		foreach->stopped = true;
	return true;
}

static bool each_task(struct foreach *foreach, const struct task_list *list, struct error *error)
{
	bool quiet = foreach->command && foreach->command->words == COMPLETE_TASK;
	bool done = true;

	output_begin(foreach->output, quiet ? &silent_shape : &shape);
	for (size_t i = 0; done && i < list->count && !foreach->stopped; i++)
		done = kernel_step(foreach->kernel, "tasks", i, list->count, error) && one_task(foreach, list->tasks[i], error);
	foreach_host_done(&foreach->host);
	if (!done)
		return false;
	if (!list->count)
		output_note(foreach->output, "no task%s is what was asked for", foreach->rest.undecided || foreach->rest.damage ? " that is known" : "");
	if (foreach->rest.undecided)
		output_note(foreach->output, "of %zu more tasks it is not known whether they are like that", foreach->rest.undecided);
	if (foreach->rest.damage)
		output_note(foreach->output, "there may be more tasks: %s", foreach->rest.damage);
	output_end(foreach->output);
	if (foreach->failed)
		return error_set(error, ERROR_PARTIAL, "foreach: of %zu tasks %zu failed; the first: %s", list->count, foreach->failed,
				 foreach->first.text);
	return !foreach->rest.incomplete || error_set(error, ERROR_PARTIAL, "foreach: the list of tasks is not complete");
}

/* TEXT is the command with what is behind it; one of ours stands without `kernel', which is a kind of task here. */
static bool find_command(struct foreach *foreach, const char *text, struct error *error)
{
	size_t size = strcspn(text, " \t");
	char *name = strndup(text, size);

	if (!name)
		return error_no_memory(error, "a command's name", size);
	foreach->command = command_find(name);
	foreach->text = foreach->command ? text + size : text;
	free(name);
	if (!*text)
		return error_set(error, ERROR_USAGE, "foreach: which command? foreach [SELECTOR...] COMMAND: foreach user files");
	if (foreach->command && foreach->command->line)
		return error_set(error, ERROR_USAGE, "foreach: not in itself");
	if (!foreach->command && (!foreach->host.below || !foreach->host.below->execute))
		return error_set(error, ERROR_USAGE, "foreach: %s is no kernel command, and there is no gdb to ask", text);
	return true;
}

static bool foreach_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
			struct error *error)
{
	struct foreach foreach = { .kernel = kernel, .output = output };
	struct error missing = { 0 };
	struct task_list list = { 0 };
	struct buffer line = { 0 };
	const char *text;
	bool done;

	foreach_host_init(&foreach.host, host);
	if (!join_words(arguments, &line, error))
		return false;
	if (!line.data)
		return error_set(error, ERROR_USAGE, "foreach: which command? foreach [SELECTOR...] COMMAND: foreach user files");
	done = foreach_select(kernel, line.data, &list, &foreach.rest, &text, &missing) || missing.kind == ERROR_PARTIAL;
	if (!done)
		*error = missing;
	done = done && task_list_check(&list, error) && find_command(&foreach, text, error) && each_task(&foreach, &list, error);
	task_list_free(&list);
	buffer_free(&line);
	if (done && missing.kind != ERROR_NONE) {
		*error = missing;
		return false;
	}
	return done;
}

static const char help[] =
	"SELECTORs are PIDs, task_struct addresses, names, 'regular expressions' (\\\\name\n"
	"where a name is also something else), and, to narrow that or all tasks down:\n"
	"kernel, user, gleader (leaders of thread groups), active (on a CPU), states as\n"
	"in the column ST of ps. COMMAND is one of ours, without `kernel' before it,\n"
	"or any of gdb's, which is run with the task's thread selected; a word that is a\n"
	"command of ours is never taken for a task's name.\n"
	"\n"
	"-j, anywhere, gives one document: \"foreach\", for each task what the command\n"
	"has, or \"output\" of gdb's.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel foreach rig-signals files -R 1\n"
	"PID: 199      TASK: ff2ec9fe8248a0c0  CPU: 3    COMMAND: \"rig-signals\"\n"
	"ROOT: /  CWD: /  EXE: /bin/workload\n"
	" FD        FILE             DENTRY            INODE        TYPE  PATH\n"
	"  1  ff2ec9fe819f8600  ff2ec9fe820bbd80  ff2ec9febf41d2f0  REG   /oracle/info...\n";

static const struct mi_name mi_names[] = { { "foreach", NULL }, { 0 } };

const struct command command_foreach = {
	.name = "foreach",
	.mi = mi_names,
	.summary = "Run a command for each of the tasks chosen.",
	.usage = "foreach [-j] [SELECTOR...] COMMAND [ARGUMENT...]",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.line = true,
	.run = foreach_run,
};
