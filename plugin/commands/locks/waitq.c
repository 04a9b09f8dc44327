// SPDX-License-Identifier: GPL-3.0-or-later
/* waitq: who waits in a wait queue. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "kernel/locks/wait_queue.h"
#include "kernel/modules/symbolize.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 's', NULL, "a swait_queue_head, the simple kind; of STRUCT.MEMBER that is known" },
	{ 0 }
};

enum { PID, TASK, STATE, CPU, ENTRY, EXCLUSIVE, COMM, FUNCTION, PRIVATE };

static const struct column columns[] = {
	[PID] = { "pid", "PID", 7, COLUMN_RIGHT },
	[TASK] = { "task", "TASK", 16, COLUMN_ADDRESS },
	[STATE] = { "state", "ST", 2, COLUMN_LEFT },
	[CPU] = { "cpu", NULL, 0, COLUMN_JSON_ONLY },
	[ENTRY] = { "entry", "ENTRY", 16, COLUMN_ADDRESS },
	[EXCLUSIVE] = { "exclusive", "EXCL", 4, COLUMN_LEFT },
	[COMM] = { "comm", "COMMAND", 15, COLUMN_LEFT },
	[FUNCTION] = { "function", "FUNCTION", 0, COLUMN_FUNCTION },
	[PRIVATE] = { "private", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
};
static const struct shape waiters_shape = { "waiters", SHAPE_TABLE, columns, ARRAY_SIZE(columns) };

static const struct column queue_columns[] = {
	{ "address", "WAIT QUEUE: %", 16, COLUMN_ADDRESS },
	{ "name", "%", 0, 0 },
	{ "simple", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape queue_shape = { "queues", SHAPE_HEADING, queue_columns, ARRAY_SIZE(queue_columns) };

struct waitq {
	struct kernel *kernel;
	struct output *output;
};

static bool show_waiter(void *context, const struct wait_queue_entry *entry)
{
	struct waitq *waitq = context;
	struct output *output = waitq->output;

	if (!output_row(output))
		return false;
	output_address(output, ENTRY, entry->address);
	output_address(output, PRIVATE, entry->private);
	if (entry->task) {
		output_uint(output, PID, entry->task->pid);
		output_address(output, TASK, entry->task->address);
		task_state_cell(waitq->kernel, output, STATE, entry->task);
		task_cpu_cell(output, CPU, entry->task);
		task_comm_cell(output, COMM, entry->task);
	}
	if (entry->flags_known)
		output_bool(output, EXCLUSIVE, entry->exclusive, NULL);
	return !entry->func_known || function_cell(waitq->kernel, output, FUNCTION, entry->func);
}

/* STRUCT.MEMBER ADDRESS, or the address itself. */
static bool find_head(struct waitq *waitq, const struct arguments *arguments, const struct host *host, uint64_t *head_ret, bool *simple_ret,
		      struct error *error)
{
	const char *word = arguments->words[0], *dot = strchr(word, '.'), *kind;
	uint64_t offset, address;
	char *type;

	*simple_ret = has_option(arguments, 's');
	if (arguments->nr_words == 1)
		return parse_address(waitq->kernel, host, waitq->output, "waitq", word, head_ret, error);
	if (!dot || dot == word || !dot[1])
		return error_set(error, ERROR_USAGE, "waitq: %s is no STRUCT.MEMBER", word);
	type = strndup(word, dot - word);
	if (!type)
		return error_no_memory(error, "words", strlen(word));
	kind = wait_queue_head_of(waitq->kernel, type, dot + 1, &offset, error);
	free(type);
	if (!kind)
		return error_prefix(error, "waitq");
	*simple_ret = !strcmp(kind, "swait_queue_head");
	if (!parse_address(waitq->kernel, host, waitq->output, "waitq", arguments->words[1], &address, error))
		return false;
	*head_ret = address + offset;
	return true;
}

static bool waitq_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		      struct error *error)
{
	struct waitq waitq = { kernel, output };
	struct task_table *table;
	char name[256];
	uint64_t head;
	bool simple, whole;

	if (!arguments->nr_words || arguments->nr_words > 2)
		return error_set(error, ERROR_USAGE, "waitq: which one? waitq [-s] ADDRESS, or STRUCT.MEMBER and the structure's ADDRESS");
	if (!tasks_get(kernel, &table, error) || !find_head(&waitq, arguments, host, &head, &simple, error))
		return false;
	output_begin(output, &queue_shape);
	output_row(output);
	output_address(output, 0, head);
	if (kernel_symbolize(kernel, head, name, sizeof(name)))
		output_string(output, 1, name);
	output_bool(output, 2, simple, NULL);
	output_begin(output, &waiters_shape);
	whole = wait_queue_for_each(kernel, head, simple, show_waiter, &waitq, error);
	output_end(output);
	output_end(output);
	if (!whole && error->kind != ERROR_INTERRUPTED && error->kind != ERROR_NO_MEMORY) {
		error->kind = ERROR_PARTIAL;
		error_prefix(error, "waitq");
	}
	return whole;
}

static const char help[] =
	"The waiters in a wait queue's list: the task, its state, the entry, whether only\n"
	"one of its like is woken (EXCL), and the function that wakes it. Waiters that\n"
	"are no tasks, as epoll's, have `-' for it. ADDRESS is that of a wait_queue_head;\n"
	"with STRUCT.MEMBER that of the structure that has it, or a completion, as\n"
	"MEMBER. Who waits for what, the other way round, is `kernel locks -a'.\n"
	"\n"
	"JSON: \"queues\" with \"waiters\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel waitq kauditd_wait\n"
	"WAIT QUEUE: ffffffffa4fd7660  kauditd_wait\n"
	"    PID        TASK        ST       ENTRY        EXCL  COMMAND          FUNCTION\n"
	"     40  ff30301fc1370000  IN  ff588cfec016fe98  no    kauditd          autor...\n"
	"(gdb) kernel waitq pipe_inode_info.rd_wait ff30301fc1bab0c0\n";

static const struct mi_name mi_names[] = { { "wait-queue", NULL }, { 0 } };

const struct command command_waitq = {
	.name = "waitq",
	.mi = mi_names,
	.summary = "Show who waits in a wait queue.",
	.usage = "waitq [-s] ADDRESS | STRUCT.MEMBER ADDRESS",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = waitq_run,
};
