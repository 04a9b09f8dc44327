// SPDX-License-Identifier: GPL-3.0-or-later
/* sig: the signals of tasks: what is pending, blocked, ignored and caught, and who sent what. */
#include <inttypes.h>
#include <string.h>

#include "commands/command.h"
#include "commands/tasks/task_cells.h"
#include "commands/tasks/task_list.h"
#include "kernel/tasks/signals.h"
#include "kernel/tasks/task.h"

static const struct option options[] = {
	{ 'a', NULL, "all actions, also those that were left at their default" },
	{ 'g', NULL, "of all threads of the process; what it has as a whole is shown once" },
	{ 'l', NULL, "instead: the signals with their numbers" },
	{ 's', "MASK", "instead: the signals that are in this set, as in SigBlk of /proc/PID/status" },
	{ 0 }
};

enum { SIGNAL = TASK_CELLS, SIGHAND };

static const struct column task_columns[] = {
	TASK_COLUMNS,
	[SIGNAL] = { "signal", "\nSIGNAL_STRUCT: %", 16, COLUMN_ADDRESS },
	[SIGHAND] = { "sighand", "SIGHAND_STRUCT: %", 16, COLUMN_ADDRESS },
};
static const struct shape task_shape = { "tasks", SHAPE_HEADING, task_columns, ARRAY_SIZE(task_columns) };

enum { SET, MASK, NAMES };

static const struct column set_columns[] = {
	[SET] = { "set", "SET", 7, COLUMN_LEFT },
	[MASK] = { "mask", "MASK", 16, COLUMN_LEFT },
	[NAMES] = { "signals", "SIGNALS", 0, COLUMN_LEFT },
};
static const struct shape sets_shape = { "sets", SHAPE_TABLE, set_columns, ARRAY_SIZE(set_columns) };
static const struct shape mask_shape = { "set", SHAPE_RECORD, &set_columns[MASK], 2 };

enum { ACTION_NUMBER, ACTION_NAME, ACTION_ADDRESS, ACTION_HANDLER, ACTION_MASK, ACTION_FLAGS };

static const struct column action_columns[] = {
	[ACTION_NUMBER] = { "number", "SIG", 3, COLUMN_RIGHT },
	[ACTION_NAME] = { "name", "NAME", 11, COLUMN_LEFT },
	[ACTION_ADDRESS] = { "sigaction", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[ACTION_HANDLER] = { "handler", "HANDLER", 16, COLUMN_LEFT },
	[ACTION_MASK] = { "mask", "MASK", 16, COLUMN_LEFT },
	[ACTION_FLAGS] = { "flags", "FLAGS", 0, COLUMN_LEFT },
};
static const struct shape actions_shape = { "actions", SHAPE_TABLE, action_columns, ARRAY_SIZE(action_columns) };

enum { QUEUE, NUMBER, NAME, SIGQUEUE, CODE, CODE_NAME, SENDER_PID, SENDER_UID, VALUE, FAULT };

static const struct column queue_columns[] = {
	[QUEUE] = { "queue", "QUEUE", 6, COLUMN_LEFT },
	[NUMBER] = { "number", "SIG", 3, COLUMN_RIGHT },
	[NAME] = { "name", NULL, 0, COLUMN_JSON_ONLY },
	[SIGQUEUE] = { "sigqueue", "SIGQUEUE", 16, COLUMN_ADDRESS },
	[CODE] = { "code", NULL, 0, COLUMN_JSON_ONLY },
	[CODE_NAME] = { "code_name", "CODE", 10, COLUMN_LEFT },
	[SENDER_PID] = { "sender_pid", "PID", 7, COLUMN_RIGHT },
	[SENDER_UID] = { "sender_uid", "UID", 5, COLUMN_RIGHT },
	[VALUE] = { "value", "VALUE", 5, COLUMN_RIGHT },
	[FAULT] = { "fault", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
};
static const struct shape queue_shape = { "queued", SHAPE_TABLE, queue_columns, ARRAY_SIZE(queue_columns) };

static const struct column list_columns[] = {
	{ "number", "[%]", 4, COLUMN_LEFT },
	{ "name", "%", 0, COLUMN_LEFT },
};
static const struct shape list_shape = { "signals", SHAPE_PLAIN, list_columns, ARRAY_SIZE(list_columns) };

struct sig {
	struct kernel *kernel;
	struct output *output;
	const struct task *task;
	const char *queue;
	bool all, stopped;
	bool threads;		/* -g: of another thread of the process before only what is its own */
	uint64_t process;	/* the signal_struct of the task before */
	size_t damaged;
	struct error fatal;
};

static bool set_cells(struct output *output, size_t mask, size_t names, uint64_t set)
{
	struct buffer text = { 0 };
	bool more;

	signal_set_names(set, &text);
	more = output_printf(output, mask, "%016" PRIx64, set) && output_bytes(output, names, text.data ? text.data : "", text.size);
	buffer_free(&text);
	return more;
}

static bool sets(struct sig *sig, const struct signals *signals, bool own)
{
	const struct {
		const char *name;
		uint64_t set;
		unsigned fact;
	} all[] = {
		{ "pending", signals->pending, SIGNALS_PENDING }, { "blocked", signals->blocked, SIGNALS_BLOCKED },
		{ "shared", signals->shared, SIGNALS_SHARED }, { "ignored", signals->ignored, SIGNALS_ACTIONS },
		{ "caught", signals->caught, SIGNALS_ACTIONS },
	};
	bool more = output_begin(sig->output, &sets_shape);

	for (size_t i = 0; more && i < (own ? 2 : ARRAY_SIZE(all)); i++) {
		more = output_row(sig->output) && output_string(sig->output, SET, all[i].name);
		if (more && signals->known & all[i].fact)
			more = set_cells(sig->output, MASK, NAMES, all[i].set);
	}
	return output_end(sig->output) && more;
}

static bool action_row(struct sig *sig, unsigned number, const struct signal_action *action)
{
	struct output *output = sig->output;
	struct buffer flags = { 0 };
	char name[SIGNAL_NAME];
	bool more;

	signal_name(number, name);
	signal_flags_text(action->flags, &flags);
	more = output_row(output) && output_uint(output, ACTION_NUMBER, number) && output_string(output, ACTION_NAME, name) &&
	       output_address(output, ACTION_ADDRESS, action->address) &&
	       (action->handler > 1 ? output_printf(output, ACTION_HANDLER, "%0*" PRIx64, output_address_digits(output), action->handler)
				    : output_string(output, ACTION_HANDLER, action->handler ? "SIG_IGN" : "SIG_DFL")) &&
	       output_printf(output, ACTION_MASK, "%016" PRIx64, action->mask) &&
	       output_bytes(output, ACTION_FLAGS, flags.data ? flags.data : "", flags.size);
	buffer_free(&flags);
	return more;
}

static bool actions(struct sig *sig, const struct signals *signals)
{
	bool more = output_begin(sig->output, &actions_shape);

	for (unsigned i = 0; more && i < signals->count; i++)
		if (sig->all || signals->actions[i].handler || signals->actions[i].flags)
			more = action_row(sig, i + 1, &signals->actions[i]);
	return output_end(sig->output) && more;
}

static bool entry_row(void *context, const struct signal_entry *entry, struct error *error)
{
	struct sig *sig = context;
	struct output *output = sig->output;
	const char *code = signal_code_name(entry);
	char name[SIGNAL_NAME];
	bool more;

	if (!kernel_check_interrupt(sig->kernel, error))
		return false;
	signal_name(entry->number, name);
	more = output_row(output) && output_string(output, QUEUE, sig->queue) && output_int(output, NUMBER, entry->number) &&
	       output_string(output, NAME, name) && output_address(output, SIGQUEUE, entry->address) && output_int(output, CODE, entry->code) &&
	       (code ? output_string(output, CODE_NAME, code) : output_printf(output, CODE_NAME, "%d", entry->code));
	if (more && entry->has_sender)
		more = output_uint(output, SENDER_PID, entry->pid) && output_uint(output, SENDER_UID, entry->uid);
	if (more && entry->has_value)
		more = output_uint(output, VALUE, entry->value);
	if (more && entry->has_address)
		more = output_address(output, FAULT, entry->fault);
	sig->stopped = sig->stopped || !more;
	return more;
}

static void queued(struct sig *sig, const struct signals *signals, bool own)
{
	const struct {
		const char *name;
		uint64_t pending;
	} all[] = { { "thread", signals->own_pending }, { "shared", signals->shared_pending } };

	if (!output_begin(sig->output, &queue_shape)) {
		sig->stopped = true;
		return;
	}
	for (size_t i = 0; i < (own ? 1 : ARRAY_SIZE(all)) && !sig->stopped && !sig->fatal.kind; i++) {
		struct error why = { 0 };

		sig->queue = all[i].name;
		if (!all[i].pending || signal_queue_for_each(sig->kernel, all[i].pending, entry_row, sig, &why))
			continue;
		if (why.kind == ERROR_INTERRUPTED)
			sig->fatal = why;
		sig->damaged++;
		output_note(sig->output, "more may be queued: %s", why.text);
	}
	if (!output_end(sig->output))
		sig->stopped = true;
}

static void one_task(struct sig *sig, const struct task *task)
{
	struct output *output = sig->output;
	struct signals signals;
	bool more = output_row(output) && task_cells(output, task);
	bool own;

	signals_read(sig->kernel, task, &signals);
	own = sig->threads && signals.signal && signals.signal == sig->process;
	sig->process = signals.signal;
	if (more && signals.signal)
		more = output_address(output, SIGNAL, signals.signal);
	if (more && signals.sighand)
		more = output_address(output, SIGHAND, signals.sighand);
	if (more && signals.damage.kind != ERROR_NONE) {
		sig->damaged++;
		more = output_note(output, "not all is known: %s", signals.damage.text);
	} else if (more && !signals.sighand) {
		more = output_note(output, "it has exited: nothing is done with signals any more");
	}
	sig->stopped = !more || !sets(sig, &signals, own) || (!own && !actions(sig, &signals));
	if (!sig->stopped)
		queued(sig, &signals, own);
}

/* The threads of the processes that the tasks of LIST are in, each process once. */
static bool whole_groups(struct kernel *kernel, struct task_list *list, struct error *error)
{
	struct task_list groups = { 0 };
	struct task_table *table;

	if (!tasks_get(kernel, &table, error))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		bool before = false;

		for (size_t j = 0; !before && j < i; j++)
			before = list->tasks[j]->tgid == list->tasks[i]->tgid;
		for (size_t j = 0; !before && j < table->count; j++)
			if (table->tasks[j].tgid == list->tasks[i]->tgid && table->tasks[j].idle == list->tasks[i]->idle)
				task_list_add(&groups, &table->tasks[j]);
	}
	task_list_free(list);
	*list = groups;
	return true;
}

static bool show_list(struct output *output)
{
	char name[SIGNAL_NAME];
	bool more = output_begin(output, &list_shape);

	for (unsigned i = 1; more && i <= SIGNALS_MAX; i++) {
		signal_name(i, name);
		more = output_row(output) && output_uint(output, 0, i) && output_string(output, 1, name);
	}
	output_end(output);
	return true;
}

static bool show_mask(struct output *output, const char *text, struct error *error)
{
	uint64_t mask;

	if (!parse_hex("sig", text, &mask, error))
		return false;
	output_begin(output, &mask_shape);
	set_cells(output, MASK - MASK, NAMES - MASK, mask);
	output_end(output);
	return true;
}

static bool sig_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	struct sig sig = { .kernel = kernel, .output = output, .all = has_option(arguments, 'a'),
			   .threads = has_option(arguments, 'g') };
	struct error partial = { 0 };
	struct task_list list = { 0 };
	bool done;

	if (has_option(arguments, 'l') || has_option(arguments, 's')) {
		if (arguments->nr_words)
			return error_set(error, ERROR_USAGE, "sig: -l and -s are of no task");
		return has_option(arguments, 'l') ? show_list(output) : show_mask(output, option_value(arguments, 's'), error);
	}
	done = task_list_select(&list, kernel, arguments, host, "sig", &partial) || partial.kind == ERROR_PARTIAL;
	if (!done)
		*error = partial;
	if (done && has_option(arguments, 'g'))
		done = whole_groups(kernel, &list, error);
	done = done && task_list_check(&list, error);
	if (done)
		output_begin(output, &task_shape);
	for (size_t i = 0; done && i < list.count && !sig.stopped && !sig.fatal.kind; i++)
		one_task(&sig, list.tasks[i]);
	if (done)
		output_end(output);
	task_list_free(&list);
	if (!done)
		return false;
	if (sig.damaged && !sig.fatal.kind && !partial.kind)
		error_set(&partial, ERROR_PARTIAL, "sig: of %zu tasks not all is known", sig.damaged);
	if (sig.fatal.kind || partial.kind)
		*error = sig.fatal.kind ? sig.fatal : partial;
	return !sig.fatal.kind && !partial.kind;
}

static const char help[] =
	"Without words: of gdb's selected thread. The sets are the thread's own pending\n"
	"signals, what it blocks, what is pending for the process (shared), and what the\n"
	"process ignores and catches; then what is done with each that was not left at\n"
	"its default, and what is queued, with its sender's PID and UID. VALUE is what\n"
	"sigqueue() or a timer sent along.\n"
	"\n"
	"SIGRTMIN is the kernel's, 32; what programs call so is 34, since glibc keeps\n"
	"two for itself.\n"
	"\n"
	"JSON: \"tasks\", each with \"sets\", \"actions\" and \"queued\"; -l \"signals\"; -s \"set\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel sig rig-signals\n"
	"PID: 199      TASK: ff2ec9fe8248a0c0  CPU: 3    COMMAND: \"rig-signals\"\n"
	"SIGNAL_STRUCT: ff2ec9fe825b9680  SIGHAND_STRUCT: ff2ec9fe825b39c0\n"
	"SET      MASK              SIGNALS\n"
	"pending  0000000000000000\n"
	"blocked  0000001000000200  SIGUSR1 SIGRTMIN+5\n"
	"shared   0000001000000200  SIGUSR1 SIGRTMIN+5\n"
	"ignored  0000000000000001  SIGHUP\n"
	"caught   0000000000000800  SIGUSR2\n"
	"SIG  NAME         HANDLER           MASK              FLAGS\n"
	"  1  SIGHUP       SIG_IGN           0000000000000001  SA_RESTORER|SA_RESTART\n"
	" 12  SIGUSR2      0000000000401f90  0000000000000800  SA_RESTORER|SA_RESTART\n"
	"QUEUE   SIG      SIGQUEUE      CODE            PID    UID  VALUE\n"
	"shared   10  ff2ec9fe95be6500  SI_USER         199      0      -\n"
	"shared   37  ff2ec9fe95be65a0  SI_QUEUE        199      0     77\n";

static const struct mi_name mi_names[] = { { "signals", NULL }, { 0 } };

const struct command command_sig = {
	.name = "sig",
	.mi = mi_names,
	.summary = "Show the signals of tasks.",
	.usage = "sig [-a] [-g] [PID|TASK|COMMAND...] | sig -l | sig -s MASK",
	.help = help,
	.options = options,
	.words = COMPLETE_TASK,
	.run = sig_run,
};
