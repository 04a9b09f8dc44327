// SPDX-License-Identifier: GPL-3.0-or-later
/* report: what every CPU was doing, who waits for whom, and where all tasks are. */
#include "commands/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/tasks/task_cells.h"
#include "kernel/modules/symbolize.h"
#include "kernel/tasks/blocked.h"
#include "kernel/tasks/cpu.h"

#define NSEC_PER_SEC 1000000000ull
#define MAX_CHAIN    32

/* --- CPUs --- */

static void panicked(struct report *report, const struct cpu *cpu)
{
	static const struct column columns[] = {
		{ "cpu", "PANICKED CPU", 0, 0 },
		{ "pid", "PID", 0, 0 },
		{ "task", "TASK", 0, COLUMN_ADDRESS },
		{ "comm", "COMMAND", 0, COLUMN_HIGHLIGHT },
	};
	static const struct shape shape = { "panicked", SHAPE_LIST, columns, ARRAY_SIZE(columns) };
	const struct task *task = task_find_address(report->kernel, cpu->task);

	output_begin(report->output, &shape);
	output_uint(report->output, 0, cpu->number);
	if (task) {
		output_uint(report->output, 1, task->pid);
		output_address(report->output, 2, task->address);
		task_comm_cell(report->output, 3, task);
	}
	output_end(report->output);
}

/* The one that panicked comes first: it is what everybody wants to see. */
static void panicked_first(struct task_list *list, uint64_t address)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct task *task = list->tasks[i];

		if (task->address != address)
			continue;
		memmove(&list->tasks[1], &list->tasks[0], i * sizeof(list->tasks[0]));
		list->tasks[0] = task;
		return;
	}
}

/* CPUs whose task is not known: the one that panicked, or all others. */
static bool lone_cpus(struct report *report, bool panicked)
{
	const struct bt *bt = report->bt;

	for (size_t i = 0; i < bt->nr_lone; i++)
		if (bt->lone[i].cpu->panicked == panicked && !bt_cpu(report->bt, bt->lone[i].cpu))
			return false;
	return true;
}

bool report_cpus(struct report *report, struct error *error)
{
	static const char what[] = "naming source lines";
	const struct cpu *cpu = cpu_panicked(report->kernel);
	struct task_list list = { 0 };
	bool done;

	if (cpu && cpu->panicked)
		panicked(report, cpu);
	report->cpus_shape = bt_task_shape;
	report->cpus_shape.key = "cpus";
	report->bt->lines = true;
	done = bt_add_cpus(report->bt, "all", &list, error) && task_list_check(&list, error);
	if (done && cpu && cpu->panicked)
		panicked_first(&list, cpu->task);
	if (done)
		output_begin(report->output, &report->cpus_shape);
	done = done && lone_cpus(report, true);
	for (size_t i = 0; i < list.count && done; i++)
		done = kernel_step(report->kernel, what, i, list.count, error) &&
		       bt_task(report->bt, list.tasks[i]);
	done = done && lone_cpus(report, false);
	if (done)
		output_end(report->output);
	task_list_free(&list);
	return done;
}

/* --- blocked tasks --- */

enum {
	BLOCKED_STATE = TASK_CELLS,
	BLOCKED_STATE_NAME,
	BLOCKED_ELAPSED,
	BLOCKED_WAITS_IN,
	BLOCKED_CALLER,
	BLOCKED_LINE,
	BLOCKED_KIND,
	BLOCKED_WANTS,
	BLOCKED_LOCK,
	BLOCKED_LOCK_NAME,
	BLOCKED_INFERRED,
	BLOCKED_HOLDER_KNOWN,
	BLOCKED_DEADLOCK,
	BLOCKED_HOLDER_TEXT,
	BLOCKED_END,
	NR_BLOCKED
};

static const struct column blocked_columns[NR_BLOCKED] = {
	TASK_COLUMNS,
	[BLOCKED_STATE] = { "state", "\n    %", 0, COLUMN_LEFT },
	[BLOCKED_STATE_NAME] = { "state_name", "", 0, COLUMN_JSON_ONLY },
	[BLOCKED_ELAPSED] = { "elapsed_ns", "last ran % before the end", 0, COLUMN_LEFT },
	[BLOCKED_WAITS_IN] = { "waits_in", "\n    waits in %", 0, COLUMN_FUNCTION },
	[BLOCKED_CALLER] = { "called_by", "called by %", 0, COLUMN_FUNCTION },
	[BLOCKED_LINE] = { "line", "at %", 0, COLUMN_LEFT },
	[BLOCKED_KIND] = { "lock_kind", "\n    for a %", 0, COLUMN_LEFT },
	[BLOCKED_WANTS] = { "lock_wanted_for", "to %", 0, COLUMN_LEFT },
	[BLOCKED_LOCK] = { "lock", "at %", 0, COLUMN_ADDRESS },
	[BLOCKED_LOCK_NAME] = { "lock_name", "(%)", 0, COLUMN_LEFT },
	[BLOCKED_INFERRED] = { "inferred", "", 0, COLUMN_JSON_ONLY },
	[BLOCKED_HOLDER_KNOWN] = { "holder_known", "", 0, COLUMN_JSON_ONLY },
	[BLOCKED_DEADLOCK] = { "deadlock", "", 0, COLUMN_JSON_ONLY },
	[BLOCKED_HOLDER_TEXT] = { "holder_text", "\n    %", 0,
				  COLUMN_TEXT_ONLY | COLUMN_HIGHLIGHT },
	[BLOCKED_END] = { "end", "     stack ends: %", 0, COLUMN_LEFT },
};
static const struct shape blocked_shape = { "blocked", SHAPE_HEADING, blocked_columns, NR_BLOCKED };

static const char *text_of(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

/* Then it waits for something, whether that is in the list or not. */
static bool sleeps_uninterruptibly(struct report *report, const struct task *task)
{
	return !strcmp(task_state_letters(report->kernel, task), "UN");
}

/* "held by PID 186 "holder" (IN), which waits for PID 12 "b" (UN): a deadlock" */
static void holder_text(struct report *report, const struct blocked *blocked, struct buffer *text)
{
	const struct blocked *at = blocked;
	const struct task *last = NULL;

	for (size_t i = 0; i < MAX_CHAIN && at && at->owner; i++) {
		const struct task *owner = at->owner;

		last = owner;
		buffer_string(text, i ? ", who waits for what is " : "");
		buffer_string(text, at->owner_is_hint ? "last known to be held by" : "held by");
		buffer_printf(text, " PID %u \"%.*s\" (%s)", owner->pid,
			      (int)strnlen(owner->comm, sizeof(owner->comm)), owner->comm,
			      task_state_letters(report->kernel, owner));
		at = at->next;
		if (at == blocked)
			break;
	}
	if (at && at != blocked && !at->owner && (at->owner_unknown || !at->lock))
		buffer_string(text, ", who waits for something of which the holder is not known");
	if (!at && last && sleeps_uninterruptibly(report, last))
		buffer_string(text, ", and what that one waits for is not known");
	if (at == blocked && !at->owner && at->owner_unknown)
		buffer_string(text, "its holder is not known");
	if (!blocked->lock && blocked->kind != LOCK_NONE)
		buffer_string(text, "which one is not known");
	if (blocked->deadlock)
		buffer_string(text, ": a deadlock");
	if (blocked->inferred && blocked->kind != LOCK_NONE)
		buffer_printf(text, "%sinferred from the stack", text->size ? "; " : "");
}

/* Whom it waits for: the holder, whom that waits for, and so on: array "waits_for". */
static void waits_for(struct report *report, const struct blocked *blocked)
{
	static const struct column columns[] = {
		{ "pid", "", 0, COLUMN_JSON_ONLY },
		{ "task", "", 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
		{ "comm", "", 0, COLUMN_JSON_ONLY },
		{ "state", "", 0, COLUMN_JSON_ONLY },
		{ "hint", "", 0, COLUMN_JSON_ONLY },
	};
	static const struct shape shape = { "waits_for", SHAPE_PLAIN, columns,
					    ARRAY_SIZE(columns) };
	struct output *out = report->output;
	const struct blocked *at = blocked;

	output_begin(out, &shape);
	for (size_t i = 0; i < MAX_CHAIN && at && at->owner && output_row(out); i++) {
		output_uint(out, 0, at->owner->pid);
		output_address(out, 1, at->owner->address);
		task_comm_cell(out, 2, at->owner);
		task_state_cell(report->kernel, out, 3, at->owner);
		output_bool(out, 4, at->owner_is_hint, NULL);
		at = at->next;
		if (at == blocked)
			break;
	}
	output_end(out);
}

/* Does nothing that cannot be read keep it from being a deadlock? What is waited for may be it, where nobody knows what that is. */
static bool chain_is_known(struct report *report, const struct blocked *blocked)
{
	for (size_t i = 0; i < MAX_CHAIN && blocked; i++, blocked = blocked->next) {
		const struct task *owner = blocked->owner;

		if (blocked->owner_unknown || !blocked->lock || (owner && !task_knows(owner, TASK_STATE)) ||
		    (owner && !blocked->next && sleeps_uninterruptibly(report, owner)))
			return false;
	}
	return true;
}

static void lock_cells(struct report *report, const struct blocked *blocked)
{
	struct output *out = report->output;
	struct buffer text = { 0 };
	char name[256];

	if (blocked->kind != LOCK_NONE)
		output_string(out, BLOCKED_KIND, lock_kind_name(blocked->kind));
	if (blocked->for_read || blocked->for_write)
		output_string(out, BLOCKED_WANTS, blocked->for_read ? "read" : "write");
	if (blocked->lock) {
		output_address(out, BLOCKED_LOCK, blocked->lock);
		if (kernel_symbolize(report->kernel, blocked->lock, name, sizeof(name)))
			output_string(out, BLOCKED_LOCK_NAME, name);
	}
	if (blocked->kind != LOCK_NONE)
		output_bool(out, BLOCKED_INFERRED, blocked->inferred, NULL);
	if (blocked->lock)
		output_bool(out, BLOCKED_HOLDER_KNOWN, !blocked->owner_unknown, NULL);
	if (blocked->deadlock || chain_is_known(report, blocked))
		output_bool(out, BLOCKED_DEADLOCK, blocked->deadlock, NULL);
	holder_text(report, blocked, &text);
	if (text.size)
		output_string(out, BLOCKED_HOLDER_TEXT, text_of(&text));
	buffer_free(&text);
}

static void place_cells(struct report *report, const struct blocked *blocked)
{
	struct bt *bt = report->bt;
	const struct frame *frames = bt->stack.frames;
	const struct source_frame *source;
	const struct place *place;
	char text[512];
	size_t count;

	if (blocked->waits_in >= bt->stack.count || blocked->caller >= bt->stack.count)
		return;
	place = bt_place(bt, frames[blocked->waits_in].pc, true);
	if (place->symbol)
		output_string(report->output, BLOCKED_WAITS_IN, place->symbol->name);
	if (blocked->caller == blocked->waits_in || frames[blocked->caller].kind == FRAME_USER)
		return;
	place = bt_place(bt, frames[blocked->caller].pc, true);
	output_string(report->output, BLOCKED_CALLER,
		      bt_place_text(place, frames[blocked->caller].pc, text, sizeof(text)));
	count = host_source(bt->host, frames[blocked->caller].pc, false, &source);
	if (count && source_frame_place(&source[count - 1], text, sizeof(text)))
		output_string(report->output, BLOCKED_LINE, text);
}

static bool blocked_row(struct report *report, const struct blocked *blocked, uint64_t now)
{
	struct output *out = report->output;
	const struct task *task = blocked->task;
	uint64_t elapsed = now > task->last_run ? now - task->last_run : 0;
	const char *end;

	if (!output_row(out))
		return false;
	bt_unwind(report->bt, task);
	task_cells(out, task);
	task_state_cell(report->kernel, out, BLOCKED_STATE, task);
	task_state_name_cell(report->kernel, out, BLOCKED_STATE_NAME, task);
	if (now && task->last_run)
		output_uint_as(out, BLOCKED_ELAPSED, elapsed, "%llu.%03llu s",
			       (unsigned long long)(elapsed / NSEC_PER_SEC),
			       (unsigned long long)(elapsed % NSEC_PER_SEC / 1000000));
	place_cells(report, blocked);
	lock_cells(report, blocked);
	waits_for(report, blocked);
	bt_frames(report->bt, true);
	end = bt_end(report->bt);
	return !end || output_string(out, BLOCKED_END, end);
}

/* Deadlocks first, then who has not run for longest. */
static int compare_blocked(const void *left, const void *right)
{
	const struct blocked *a = *(const struct blocked *const *)left;
	const struct blocked *b = *(const struct blocked *const *)right;

	if (a->deadlock != b->deadlock)
		return a->deadlock ? -1 : 1;
	if (a->task->last_run != b->task->last_run)
		return a->task->last_run < b->task->last_run ? -1 : 1;
	return a->task->pid < b->task->pid ? -1 : a->task->pid > b->task->pid;
}

/* UNKNOWN: so many tasks' states could not be read. */
static bool show_blocked(struct report *report, struct blocked_list *list, size_t unknown, struct error *error)
{
	uint64_t now = tasks_scheduler_now(report->kernel);
	const struct blocked **order = calloc(list->count + 1, sizeof(*order));
	bool done = order != NULL;

	if (!order)
		return error_no_memory(error, "blocked tasks", list->count * sizeof(*order));
	blocked_connect(list);
	for (size_t i = 0; i < list->count; i++)
		order[i] = &list->items[i];
	qsort(order, list->count, sizeof(*order), compare_blocked);
	output_begin(report->output, &blocked_shape);
	for (size_t i = 0; i < list->count && done; i++)
		done = kernel_step(report->kernel, "blocked tasks", i, list->count, error) &&
		       blocked_row(report, order[i], now);
	if (done)
		output_end(report->output);
	if (done && list->count && !now)
		output_note(report->output, "the run queues' clocks could not be read, so nobody knows how long ago a task "
					    "last ran");
	if (done && unknown)
		output_note(report->output, "whether %zu task%s blocked is not known: the state could not be read", unknown,
			    unknown == 1 ? " was" : "s were");
	else if (done && !list->count)
		output_note(report->output, "no task was blocked");
	free(order);
	return done;
}

/* --- all stacks --- */

bool report_tasks(struct report *report, struct error *error)
{
	struct blocked_list blocked = { 0 };
	struct task_list list = { 0 };
	struct bt *bt = report->bt;
	struct group_table *groups = bt_groups_new(error);
	size_t unknown = 0;
	bool done = groups && bt_add_all(bt, &list, error) && task_list_check(&list, error) &&
		    blocked_begin(report->kernel, &blocked, error);

	bt->lines = false;
	for (size_t i = 0; i < list.count && done; i++) {
		done = kernel_step(report->kernel, "unwinding", i, list.count, error);
		if (!done)
			break;
		unknown += !task_state_known(list.tasks[i]);
		bt_unwind(bt, list.tasks[i]);
		done = bt_groups_put(bt, groups, true, error) &&
		       blocked_add(report->kernel, &blocked, list.tasks[i], bt->stack.frames,
				   bt->stack.count, NULL, error);
	}
	done = done && show_blocked(report, &blocked, unknown, error);
	if (done) {
		output_heading(report->output, "All tasks' stacks");
		bt_groups_show(bt, groups, true);
	}
	blocked_end(&blocked);
	bt_groups_free(groups);
	task_list_free(&list);
	return done;
}
