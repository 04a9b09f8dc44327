// SPDX-License-Identifier: GPL-3.0-or-later
/* ipcs: System V's shared memory, semaphores and message queues, what is in them and who waits. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/system/ipc.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'm', NULL, "shared memory" },
	{ 'M', NULL, "shared memory, by what of it is in memory and in swap, and who made it" },
	{ 's', NULL, "sets of semaphores" },
	{ 'q', NULL, "message queues" },
	{ 'n', "TASK", "of this task's namespace instead of the initial one" },
	{ 0 }
};

enum { ADDRESS, KEY, ID, UID, PERMISSIONS, GID, CUID, CGID, CTIME, COMMON };

#define COMMON_COLUMNS(title) \
	[ADDRESS] = { "address", title, 16, COLUMN_ADDRESS }, \
	[KEY] = { "key", "KEY", 8, COLUMN_LEFT }, \
	[ID] = { "id", "ID", 6, COLUMN_RIGHT }, \
	[UID] = { "uid", "UID", 5, COLUMN_RIGHT }, \
	[PERMISSIONS] = { "mode", "PERMS", 5, COLUMN_RIGHT }, \
	[GID] = { "gid", NULL, 0, COLUMN_JSON_ONLY }, \
	[CUID] = { "creator_uid", NULL, 0, COLUMN_JSON_ONLY }, \
	[CGID] = { "creator_gid", NULL, 0, COLUMN_JSON_ONLY }, \
	[CTIME] = { "changed", NULL, 0, COLUMN_JSON_ONLY }

enum { BYTES = COMMON, ATTACHED, STATUS, RESIDENT, SWAPPED, CREATOR, LAST, INODE, FILE_ADDRESS, ATTACHED_AT, DETACHED_AT };

#define MEMORY_JSON \
	[FILE_ADDRESS] = { "file", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY }, \
	[ATTACHED_AT] = { "last_attached", NULL, 0, COLUMN_JSON_ONLY }, \
	[DETACHED_AT] = { "last_detached", NULL, 0, COLUMN_JSON_ONLY }

static const struct column memory_columns[] = {
	COMMON_COLUMNS("SHMID_KERNEL"),
	[BYTES] = { "bytes", "BYTES", 10, COLUMN_RIGHT },
	[ATTACHED] = { "attached", "NATTCH", 6, COLUMN_RIGHT },
	[STATUS] = { "status", "STATUS", 0, COLUMN_LEFT },
	[RESIDENT] = { "resident_bytes", NULL, 0, COLUMN_JSON_ONLY },
	[SWAPPED] = { "swapped_bytes", NULL, 0, COLUMN_JSON_ONLY },
	[CREATOR] = { "creator_pid", NULL, 0, COLUMN_JSON_ONLY },
	[LAST] = { "last_pid", NULL, 0, COLUMN_JSON_ONLY },
	[INODE] = { "inode", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	MEMORY_JSON,
};
static const struct shape memory_shape = { "shared_memory", SHAPE_TABLE, memory_columns, ARRAY_SIZE(memory_columns) };

static const struct column detail_columns[] = {
	[ADDRESS] = { "address", "SHMID_KERNEL", 16, COLUMN_ADDRESS },
	[KEY] = { "key", NULL, 0, COLUMN_JSON_ONLY },
	[ID] = { "id", "ID", 6, COLUMN_RIGHT },
	[UID] = { "uid", NULL, 0, COLUMN_JSON_ONLY },
	[PERMISSIONS] = { "mode", NULL, 0, COLUMN_JSON_ONLY },
	[GID] = { "gid", NULL, 0, COLUMN_JSON_ONLY },
	[CUID] = { "creator_uid", NULL, 0, COLUMN_JSON_ONLY },
	[CGID] = { "creator_gid", NULL, 0, COLUMN_JSON_ONLY },
	[CTIME] = { "changed", NULL, 0, COLUMN_JSON_ONLY },
	[BYTES] = { "bytes", "BYTES", 10, COLUMN_RIGHT },
	[ATTACHED] = { "attached", NULL, 0, COLUMN_JSON_ONLY },
	[STATUS] = { "status", NULL, 0, COLUMN_JSON_ONLY },
	[RESIDENT] = { "resident_bytes", "RESIDENT", 10, COLUMN_RIGHT },
	[SWAPPED] = { "swapped_bytes", "SWAPPED", 8, COLUMN_RIGHT },
	[CREATOR] = { "creator_pid", "CPID", 7, COLUMN_RIGHT },
	[LAST] = { "last_pid", "LPID", 7, COLUMN_RIGHT },
	[INODE] = { "inode", "INODE", 16, COLUMN_ADDRESS },
	MEMORY_JSON,
};
static const struct shape detail_shape = { "shared_memory", SHAPE_TABLE, detail_columns, ARRAY_SIZE(detail_columns) };

enum { SEMAPHORES = COMMON, OPERATION_AT };

static const struct column semaphore_columns[] = {
	COMMON_COLUMNS("SEM_ARRAY"),
	[SEMAPHORES] = { "nr_semaphores", "NSEMS", 10, COLUMN_RIGHT },
	[OPERATION_AT] = { "last_operation", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape semaphore_shape = { "semaphores", SHAPE_TABLE, semaphore_columns, ARRAY_SIZE(semaphore_columns) };

enum { QUEUE_BYTES = COMMON, MESSAGES, MAX_BYTES, SENDER, RECEIVER, SENT_AT, RECEIVED_AT };

static const struct column queue_columns[] = {
	COMMON_COLUMNS("MSG_QUEUE"),
	[QUEUE_BYTES] = { "bytes", "USED-BYTES", 10, COLUMN_RIGHT },
	[MESSAGES] = { "nr_messages", "MESSAGES", 8, COLUMN_RIGHT },
	[MAX_BYTES] = { "max_bytes", NULL, 0, COLUMN_JSON_ONLY },
	[SENDER] = { "last_sender_pid", NULL, 0, COLUMN_JSON_ONLY },
	[RECEIVER] = { "last_receiver_pid", NULL, 0, COLUMN_JSON_ONLY },
	[SENT_AT] = { "last_sent", NULL, 0, COLUMN_JSON_ONLY },
	[RECEIVED_AT] = { "last_received", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape queue_shape = { "queues", SHAPE_TABLE, queue_columns, ARRAY_SIZE(queue_columns) };

enum { VALUE_NUMBER, VALUE, VALUE_PID };

static const struct column value_columns[] = {
	[VALUE_NUMBER] = { "number", "     semaphore %", 5, COLUMN_LEFT },
	[VALUE] = { "value", "value %", 5, COLUMN_LEFT },
	[VALUE_PID] = { "last_pid", "last changed by PID %", 0, COLUMN_LEFT },
};
static const struct shape values_shape = { "values", SHAPE_PLAIN, value_columns, ARRAY_SIZE(value_columns) };

enum { MESSAGE, MESSAGE_TYPE, MESSAGE_SIZE };

static const struct column message_columns[] = {
	[MESSAGE] = { "address", "     message %", 16, COLUMN_ADDRESS },
	[MESSAGE_TYPE] = { "type", "type %", 5, COLUMN_LEFT },
	[MESSAGE_SIZE] = { "size", "size %", 0, COLUMN_LEFT },
};
static const struct shape messages_shape = { "messages", SHAPE_PLAIN, message_columns, ARRAY_SIZE(message_columns) };

enum { WAITER_PID, WAITER_TASK, WAITER_COMM, WAITS, WAIT_NUMBER, WAIT_OPERATION, WAIT_TYPE, WAIT_SIZE };

static const struct column waiter_columns[] = {
	[WAITER_PID] = { "pid", "     waits: PID %", 7, COLUMN_LEFT },
	[WAITER_TASK] = { "task", "", 16, COLUMN_ADDRESS },
	[WAITER_COMM] = { "comm", "\"%\"", 0, COLUMN_LEFT },
	[WAITS] = { "waits_to", "to %", 0, COLUMN_LEFT },
	[WAIT_NUMBER] = { "number", "on %", 0, COLUMN_LEFT },
	[WAIT_OPERATION] = { "operation", "by %", 0, COLUMN_LEFT },
	[WAIT_TYPE] = { "type", "type %", 0, COLUMN_LEFT },
	[WAIT_SIZE] = { "size", "size %", 0, COLUMN_LEFT },
};
static const struct shape waiters_shape = { "waiters", SHAPE_PLAIN, waiter_columns, ARRAY_SIZE(waiter_columns) };

struct ipcs {
	struct kernel *kernel;
	struct output *output;
	const struct arguments *arguments;
	bool found[COMMAND_MAX_WORDS];	/* which words named something */
	bool any;
	size_t damaged;
	struct error first;
	bool stopped;
	bool unknown_task;
};

static void lose(struct ipcs *ipcs, const struct error *why)
{
	if (!ipcs->damaged++)
		ipcs->first = *why;
}

static void put(struct output *output, size_t column, const struct ipc_object *object, enum ipc_fact fact)
{
	if (ipc_knows(object, fact))
		output_uint(output, column, object->facts[fact]);
}

static void put_address(struct output *output, size_t column, const struct ipc_object *object, enum ipc_fact fact)
{
	if (ipc_knows(object, fact) && object->facts[fact])
		output_address(output, column, object->facts[fact]);
}

static void common_cells(struct output *output, const struct ipc_object *object)
{
	output_address(output, ADDRESS, object->address);
	if (ipc_knows(object, IPC_KEY))
		output_uint_as(output, KEY, (uint32_t)object->facts[IPC_KEY], "%08" PRIx32, (uint32_t)object->facts[IPC_KEY]);
	put(output, ID, object, IPC_ID);
	put(output, UID, object, IPC_UID);
	put(output, GID, object, IPC_GID);
	put(output, CUID, object, IPC_CUID);
	put(output, CGID, object, IPC_CGID);
	put(output, CTIME, object, IPC_CTIME);
	if (ipc_knows(object, IPC_MODE))
		output_uint_as(output, PERMISSIONS, object->facts[IPC_MODE] & 0777, "%" PRIo64, object->facts[IPC_MODE] & 0777);
}

/* SHM_DEST and SHM_LOCKED of linux/shm.h are bits above the permissions. */
static void memory_cells(struct output *output, const struct ipc_object *object)
{
	static const char *const names[] = { "", "dest", "locked", "dest,locked" };

	put(output, BYTES, object, IPC_BYTES);
	put(output, ATTACHED, object, IPC_COUNT);
	if (ipc_knows(object, IPC_MODE))
		output_string(output, STATUS, names[object->facts[IPC_MODE] >> 9 & 3]);
	put(output, RESIDENT, object, IPC_RESIDENT);
	put(output, SWAPPED, object, IPC_SWAPPED);
	put(output, CREATOR, object, IPC_PID);
	put(output, LAST, object, IPC_LAST_PID);
	put_address(output, FILE_ADDRESS, object, IPC_FILE);
	put_address(output, INODE, object, IPC_INODE);
	put(output, ATTACHED_AT, object, IPC_LAST_TIME);
	put(output, DETACHED_AT, object, IPC_OTHER_TIME);
	if (ipc_knows(object, IPC_INODE) && !ipc_knows(object, IPC_RESIDENT) && object->damage.kind == ERROR_NONE)
		output_note(output, "it is of huge pages: how much of it is in memory is not counted here");
}

static void queue_cells(struct output *output, const struct ipc_object *object)
{
	put(output, QUEUE_BYTES, object, IPC_BYTES);
	put(output, MESSAGES, object, IPC_COUNT);
	put(output, MAX_BYTES, object, IPC_MAX_BYTES);
	put(output, SENDER, object, IPC_PID);
	put(output, RECEIVER, object, IPC_LAST_PID);
	put(output, SENT_AT, object, IPC_LAST_TIME);
	put(output, RECEIVED_AT, object, IPC_OTHER_TIME);
}

static bool value_row(void *context, const struct ipc_semaphore *semaphore, struct error *error)
{
	struct ipcs *ipcs = context;
	bool more = output_row(ipcs->output) && output_uint(ipcs->output, VALUE_NUMBER, semaphore->number) &&
		    output_int(ipcs->output, VALUE, semaphore->value) && output_uint(ipcs->output, VALUE_PID, semaphore->pid);

	(void)error;
	ipcs->stopped = !more;
	return more;
}

static bool message_row(void *context, const struct ipc_message *message, struct error *error)
{
	struct ipcs *ipcs = context;
	bool more = output_row(ipcs->output) && output_address(ipcs->output, MESSAGE, message->address) &&
		    output_int(ipcs->output, MESSAGE_TYPE, message->type) && output_uint(ipcs->output, MESSAGE_SIZE, message->size);

	(void)error;
	ipcs->stopped = !more;
	return more;
}

static bool waiter_row(void *context, const struct ipc_waiter *waiter, struct error *error)
{
	static const char *const names[] = { [IPC_SEMOP] = "semop", [IPC_RECEIVE] = "receive", [IPC_SEND] = "send" };
	struct ipcs *ipcs = context;
	struct output *output = ipcs->output;
	const struct task *task = task_find_address(ipcs->kernel, waiter->task);

	(void)error;
	ipcs->stopped = !output_row(output);
	output_address(output, WAITER_TASK, waiter->task);
	if (task) {
		output_uint(output, WAITER_PID, task->pid);
		task_comm_cell(output, WAITER_COMM, task);
	} else {
		ipcs->unknown_task = true;
		output_note(output, "the task at 0x%" PRIx64 " that waits is not among those that can be read", waiter->task);
	}
	output_string(output, WAITS, names[waiter->wait]);
	if (waiter->wait == IPC_SEMOP && waiter->operation_known) {
		output_uint(output, WAIT_NUMBER, waiter->semaphore);
		output_int(output, WAIT_OPERATION, waiter->operation);
	}
	if (waiter->wait == IPC_RECEIVE)
		output_int(output, WAIT_TYPE, waiter->type);
	if (waiter->wait == IPC_SEND)
		output_uint(output, WAIT_SIZE, waiter->size);
	return !ipcs->stopped;
}

/* What is in it (only where it was named), and who waits. */
static void show_inside(struct ipcs *ipcs, const struct ipc_object *object)
{
	struct error why = { 0 }, waiting = { 0 };

	if (ipcs->arguments->nr_words && object->kind == IPC_SEMAPHORES) {
		output_begin(ipcs->output, &values_shape);
		ipc_semaphores_for_each(ipcs->kernel, object, value_row, ipcs, &why);
		output_end(ipcs->output);
	}
	if (ipcs->arguments->nr_words && object->kind == IPC_QUEUES) {
		output_begin(ipcs->output, &messages_shape);
		ipc_messages_for_each(ipcs->kernel, object, message_row, ipcs, &why);
		output_end(ipcs->output);
	}
	if (why.kind != ERROR_NONE) {
		output_note(ipcs->output, "not all that is in it is known: %s", why.text);
		lose(ipcs, &why);
	}
	if (object->kind == IPC_MEMORY || ipcs->stopped)
		return;
	output_begin(ipcs->output, &waiters_shape);
	ipc_waiters_for_each(ipcs->kernel, object, waiter_row, ipcs, &waiting);
	output_end(ipcs->output);
	if (waiting.kind != ERROR_NONE) {
		output_note(ipcs->output, "not all that wait are known: %s", waiting.text);
		lose(ipcs, &waiting);
	}
}

static bool is_wanted(struct ipcs *ipcs, const struct ipc_object *object)
{
	bool any = !ipcs->arguments->nr_words;

	for (size_t i = 0; i < ipcs->arguments->nr_words; i++) {
		const char *word = ipcs->arguments->words[i];
		char *end, *end_hex;
		uint64_t number = strtoull(word, &end, 10), address = strtoull(word, &end_hex, 16);

		if ((!*end && ipc_knows(object, IPC_ID) && object->facts[IPC_ID] == number) || (!*end_hex && object->address == address))
			any = ipcs->found[i] = true;
	}
	/* It may be the one that is asked for. */
	if (!any && !ipc_knows(object, IPC_ID) && object->damage.kind != ERROR_NONE)
		lose(ipcs, &object->damage);
	return any;
}

static bool one_object(void *context, const struct ipc_object *object, struct error *error)
{
	struct ipcs *ipcs = context;

	(void)error;
	if (!is_wanted(ipcs, object))
		return true;
	ipcs->any = true;
	ipcs->stopped = !output_row(ipcs->output);
	common_cells(ipcs->output, object);
	if (object->kind == IPC_MEMORY) {
		memory_cells(ipcs->output, object);
	} else if (object->kind == IPC_QUEUES) {
		queue_cells(ipcs->output, object);
	} else {
		put(ipcs->output, SEMAPHORES, object, IPC_COUNT);
		put(ipcs->output, OPERATION_AT, object, IPC_LAST_TIME);
	}
	if (object->damage.kind != ERROR_NONE) {
		output_note(ipcs->output, "not all of 0x%" PRIx64 " is known: %s", object->address, object->damage.text);
		lose(ipcs, &object->damage);
	}
	if (!ipcs->stopped)
		show_inside(ipcs, object);
	return !ipcs->stopped;
}

struct counting {
	struct ipcs *ipcs;
	uint64_t count;
};

static bool count_object(void *context, const struct ipc_object *object, struct error *error)
{
	struct counting *counting = context;

	counting->count++;
	return one_object(counting->ipcs, object, error);
}

/* False: it was interrupted. */
static bool show(struct ipcs *ipcs, uint64_t space, enum ipc_kind kind, const struct shape *shape, struct error *error)
{
	struct counting counting = { .ipcs = ipcs };
	struct error why = { 0 };
	uint64_t counted;
	bool whole;

	if (ipcs->stopped || !output_begin(ipcs->output, shape))
		return true;
	whole = ipc_for_each(ipcs->kernel, space, kind, &counted, count_object, &counting, &why);
	output_end(ipcs->output);
	if (whole && !ipcs->stopped && counting.count != counted)
		output_note(ipcs->output, "the kernel counts %" PRIu64 " of them (%s), its table has %" PRIu64, counted, shape->key, counting.count);
	if (whole)
		return true;
	if (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY) {
		*error = why;
		return false;
	}
	output_note(ipcs->output, "there may be more (%s): %s", shape->key, why.text);
	lose(ipcs, &why);
	return true;
}

static bool find_namespace(struct kernel *kernel, const char *word, uint64_t *space_ret, struct error *error)
{
	struct task_list list = { 0 };
	bool done = !word || select_tasks(kernel, &word, 1, task_list_add, &list, error);

	done = done && ipc_namespace_find(kernel, word && list.count ? list.tasks[0]->address : 0, space_ret, error);
	task_list_free(&list);
	return done || error_prefix(error, "ipcs");
}

static bool ipcs_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	struct ipcs ipcs = { .kernel = kernel, .output = output, .arguments = arguments };
	bool memory = has_option(arguments, 'm') || has_option(arguments, 'M'), semaphores = has_option(arguments, 's');
	bool queues = has_option(arguments, 'q'), all = !memory && !semaphores && !queues;
	struct task_table *table;
	uint64_t space;

	(void)host;
	if (!tasks_get(kernel, &table, error) || !find_namespace(kernel, option_value(arguments, 'n'), &space, error))
		return false;
	if (((memory || all) && !show(&ipcs, space, IPC_MEMORY, has_option(arguments, 'M') ? &detail_shape : &memory_shape, error)) ||
	    ((semaphores || all) && !show(&ipcs, space, IPC_SEMAPHORES, &semaphore_shape, error)) ||
	    ((queues || all) && !show(&ipcs, space, IPC_QUEUES, &queue_shape, error)))
		return false;
	if (ipcs.stopped)
		return true;
	if (ipcs.damaged)
		return error_set(error, ERROR_PARTIAL, "ipcs: not all is known: %s", ipcs.first.text);
	if (ipcs.unknown_task)
		return error_set(error, ERROR_PARTIAL, "ipcs: not all tasks that wait could be read");
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (!ipcs.found[i])
			return error_set(error, ipcs.any ? ERROR_PARTIAL : ERROR_USAGE,
					 "ipcs: %s is neither the number nor the address of what is listed without it", arguments->words[i]);
	return true;
}

static const char help[] =
	"All three kinds, or those that the options ask for, and who waits at them. WORD\n"
	"is a number (ID) or an address; then a set's values and a queue's messages are\n"
	"shown as well. STATUS: \"dest\" is gone when the last has detached, \"locked\"\n"
	"stays in memory.\n"
	"\n"
	"JSON: \"shared_memory\", \"semaphores\", \"queues\" (as asked for; times in seconds\n"
	"since 1970, 0 = never).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel ipcs -s -q 0\n"
	"   SEM_ARRAY      KEY           ID    UID  PERMS       NSEMS\n"
	"ff30301fc1a42200  0000521b       0      0    600           3\n"
	"     semaphore 0     value 0     last changed by PID 0\n"
	"     semaphore 1     value 9     last changed by PID 204\n"
	"     semaphore 2     value 0     last changed by PID 0\n"
	"     waits: PID 204     ff30301fc1fcc180 \"rig-ipc\" to semop on 0 by -1\n"
	"   MSG_QUEUE      KEY           ID    UID  PERMS  USED-BYTES  MESSAGES\n"
	"ff30301fc1b27300  0000521a       0      0    600          12         1\n"
	"     message ff30301fc58a73c0 type 5     size 12\n";

static const struct mi_name mi_names[] = { { "ipc", NULL }, { 0 } };

const struct command command_ipcs = {
	.name = "ipcs",
	.mi = mi_names,
	.summary = "Show System V's shared memory, semaphores and message queues.",
	.usage = "ipcs [-m|-M] [-s] [-q] [-n TASK] [WORD...]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = ipcs_run,
};
