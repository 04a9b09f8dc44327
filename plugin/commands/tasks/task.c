// SPDX-License-Identifier: GPL-3.0-or-later
/* task: the task_struct and thread_info of tasks, or members of them, as `struct' shows them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "commands/data/layout.h"
#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'R', "MEMBERS", "only these: of the task_struct or the thread_info, with commas between" },
	{ 'x', NULL, "numbers in hexadecimal" },
	{ 'd', NULL, "numbers in decimal" },
	{ 0 }
};

static const struct column task_columns[] = { TASK_COLUMNS };
static const struct shape task_shape = { "tasks", SHAPE_HEADING, task_columns, ARRAY_SIZE(task_columns) };

static const struct column type_columns[] = { { "type", "%:", 0, 0 } };
static const struct shape type_shape = { "types", SHAPE_PLAIN, type_columns, ARRAY_SIZE(type_columns) };

enum { TASK_STRUCT, THREAD_INFO, NR_TYPES };

struct show {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	/* "task_struct.pid,comm" and "thread_info.flags": what struct is asked for; empty = nothing */
	struct buffer words[NR_TYPES];
	size_t shown;
	struct error why; /* of the first that failed, ERROR_NONE so far */
};

static const char *const type_names[NR_TYPES] = { "task_struct", "thread_info" };

/* Each of the MEMBERS goes to the structure that has it; one that both have is the task_struct's. */
static bool choose_members(struct show *show, const char *members, const struct layout *layouts, struct error *error)
{
	for (const char *member = members; *member;) {
		size_t size = strcspn(member, ","), first = strcspn(member, ".,[-");
		int type;

		for (type = 0; type < NR_TYPES && !layout_find(&layouts[type], member, first); type++)
			;
		if (type == NR_TYPES)
			return error_set(error, ERROR_USAGE, "task: neither task_struct nor thread_info has a member \"%.*s\"",
					 (int)(first < 100 ? first : 100), member);
		if (show->words[type].size)
			buffer_printf(&show->words[type], ",%.*s", (int)size, member);
		else
			buffer_printf(&show->words[type], "%s.%.*s", type_names[type], (int)size, member);
		member += size + (member[size] == ',');
	}
	return true;
}

static bool choose(struct show *show, struct error *error)
{
	const char *members = option_value(show->arguments, 'R');
	struct layout layouts[NR_TYPES] = { 0 };
	bool done = true;

	if (!members) {
		for (int type = 0; type < NR_TYPES; type++)
			buffer_string(&show->words[type], type_names[type]);
	} else if (!members[strspn(members, ",")]) {
		done = error_set(error, ERROR_USAGE, "task: -R: which members?");
	} else {
		for (int type = 0; type < NR_TYPES && done; type++)
			done = show->host->layout(show->host->context, type_names[type], &layouts[type], error);
		done = done && choose_members(show, members + strspn(members, ","), layouts, error);
		for (int type = 0; type < NR_TYPES; type++)
			layout_free(&layouts[type]);
	}
	for (int type = 0; type < NR_TYPES; type++)
		if (done && show->words[type].failed)
			done = error_no_memory(error, "members", 0);
	return done;
}

/* In the task_struct since 4.9 (c65eacbe290b) where the machine has it so; else at the stack's lower end. */
static bool thread_info_at(struct kernel *kernel, const struct task *task, uint64_t *address_ret)
{
	struct member member;

	if (types_member(kernel->types, "task_struct", "thread_info", &member, NULL) && member.kind == TYPE_STRUCT) {
		*address_ret = task->address + member.offset;
		return true;
	}
	*address_ret = task->stack;
	return task_knows(task, TASK_STACK) && task->stack;
}

/* `struct' shows it. False: Ctrl-C, or no more output. */
static bool show_structure(struct show *show, int type, uint64_t address, struct error *error)
{
	struct arguments arguments = { .nr_words = 2, .options = command_struct.options };
	static const char letters[] = "xd";
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	arguments.words[0] = show->words[type].data;
	arguments.words[1] = text;
	for (size_t i = 0; command_struct.options[i].letter; i++)
		if (strchr(letters, command_struct.options[i].letter) && has_option(show->arguments, command_struct.options[i].letter))
			arguments.flags |= 1ull << i;
	if (command_struct.run(show->kernel, &arguments, show->output, show->host, error)) {
		show->shown++;
		return true;
	}
	if (error->kind == ERROR_INTERRUPTED || error->kind == ERROR_NONE)
		return false;
	show->shown += error->kind == ERROR_PARTIAL;
	if (show->why.kind == ERROR_NONE)
		show->why = *error;
	return true;
}

static bool show_task(struct show *show, const struct task *task, struct error *error)
{
	bool more = output_row(show->output) && task_cells(show->output, task) && output_begin(show->output, &type_shape);

	for (int type = 0; type < NR_TYPES && more; type++) {
		uint64_t address = task->address;

		if (!show->words[type].size)
			continue;
		more = output_row(show->output) && output_printf(show->output, 0, "struct %s", type_names[type]);
		if (!more)
			break;
		if (type == THREAD_INFO && !thread_info_at(show->kernel, task, &address)) {
			if (show->why.kind == ERROR_NONE)
				error_set(&show->why, ERROR_NOT_MAPPED, "where the thread_info of PID %u is is not known", task->pid);
			continue;
		}
		more = show_structure(show, type, address, error);
	}
	return output_end(show->output) && more;
}

static bool task_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct show show = { .kernel = kernel, .arguments = arguments, .host = host, .output = output };
	struct error missing = { .kind = ERROR_NONE };
	struct task_list list = { 0 };
	bool done;

	*error = (struct error){ .kind = ERROR_NONE };
	if (!host || !host->print || !host->layout)
		return error_set(error, ERROR_USAGE, "task: types are not known here");
	if (!task_list_select(&list, kernel, arguments, host, "task", &missing) && missing.kind != ERROR_PARTIAL)
		done = error_set(error, missing.kind, "%s", missing.text);
	else
		done = task_list_check(&list, error) && choose(&show, error);
	if (done) {
		output_begin(output, &task_shape);
		for (size_t i = 0; i < list.count && done; i++)
			done = kernel_check_interrupt(kernel, error) && show_task(&show, list.tasks[i], error);
		output_end(output);
		done = done || error->kind == ERROR_NONE;
	}
	if (done && show.why.kind != ERROR_NONE) {
		*error = show.why;
		if (show.shown)
			error->kind = ERROR_PARTIAL;
		done = false;
	} else if (done && missing.kind != ERROR_NONE) {
		*error = missing;
		done = false;
	}
	for (int type = 0; type < NR_TYPES; type++)
		buffer_free(&show.words[type]);
	task_list_free(&list);
	return done;
}

static const char help[] =
	"The task_struct and the thread_info of tasks, in gdb's words; without words of\n"
	"the one that is selected. With -R members of them: a member may be a member's\n"
	"member, se.vruntime, comm[0]. `kernel foreach' has it for many tasks.\n"
	"\n"
	"JSON: \"tasks\" with \"types\", each with \"structures\" as of `struct'.\n"
	"\n"
	"Example:\n"
	"(gdb) kernel task -R pid,comm,se.vruntime,status 1\n"
	"PID: 1        TASK: ff30301fc11f4180  CPU: 0    COMMAND: \"init\"\n"
	"struct task_struct:\n"
	"  pid = 1\n"
	"  comm = \"init\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\"\n"
	"  se.vruntime = 1035446302\n"
	"struct thread_info:\n"
	"  status = 0\n";

static const struct mi_name mi_names[] = { { "task", NULL }, { 0 } };

const struct command command_task = {
	.name = "task",
	.mi = mi_names,
	.summary = "Show the task_struct and thread_info of tasks.",
	.usage = "task [-R MEMBERS] [-x|-d] [PID|TASK|COMMAND]...",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = task_run,
};
