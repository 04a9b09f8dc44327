// SPDX-License-Identifier: GPL-3.0-or-later
/* Which tasks wait, and in which function; see waits.h. */
#include "kernel/locks/waits.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/locks/waits_internal.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/unwind.h"
#include "kernel/tasks/blocked.h"
#include "kernel/tasks/task.h"

#define MAX_FRAMES 40	/* what a task waits in is at the top */
#define MAX_DEPTH  12	/* so deep is the function that waits, at most */

/* Functions whose names up to the first dot begin like this wait for such a thing, in a frame of theirs. */
static const struct {
	const char *prefix;
	enum wait_kind kind;
} functions[] = {
	{ "wait_for_completion", WAIT_COMPLETION },
	{ "wait_for_common", WAIT_COMPLETION },
	{ "__wait_for_common", WAIT_COMPLETION },
	{ "do_wait_for_common", WAIT_COMPLETION },
	{ "out_of_line_wait_on_bit", WAIT_BIT },
	{ "__wait_on_bit", WAIT_BIT },
	{ "folio_wait_bit", WAIT_FOLIO },
	{ "__folio_lock", WAIT_FOLIO },
	{ "folio_put_wait_locked", WAIT_FOLIO },
	{ "wait_on_page_bit", WAIT_FOLIO },
	{ "__lock_page", WAIT_FOLIO },
	{ "put_and_wait_on_page_locked", WAIT_FOLIO },
	{ "migration_entry_wait_on_locked", WAIT_FOLIO },
	{ "softleaf_entry_wait_on_locked", WAIT_FOLIO },
	{ "futex_wait", WAIT_FUTEX },
	{ "__futex_wait", WAIT_FUTEX },
};

/* Names of the scheduler and its timeouts: what called these is what a person wants to know. */
static const char *const sleepers[] = { "schedule", "__schedule", "io_schedule", "preempt_schedule", "bit_wait", "do_nanosleep", "context_switch",
					"__switch_to", "switch_to", "__cond_resched", NULL };

const char *wait_kind_name(enum wait_kind kind)
{
	static const char *const names[NR_WAIT_KINDS] = {
		[WAIT_UNKNOWN] = "unknown",	[WAIT_MUTEX] = "mutex",		      [WAIT_RWSEM] = "rw_semaphore", [WAIT_SEMAPHORE] = "semaphore",
		[WAIT_RT_MUTEX] = "rt_mutex",	[WAIT_COMPLETION] = "completion",     [WAIT_KTHREAD_STOP] = "kthread_stop",
		[WAIT_VFORK] = "vfork",		[WAIT_FLUSH_WORK] = "flush_work",     [WAIT_BIT] = "bit",	     [WAIT_FOLIO] = "folio",
		[WAIT_FUTEX] = "futex",		[WAIT_JOIN] = "join",		      [WAIT_QUEUE] = "wait_queue",
	};

	return names[kind];
}

enum wait_kind wait_kind_base(enum wait_kind kind)
{
	switch (kind) {
	case WAIT_KTHREAD_STOP:
	case WAIT_VFORK:
	case WAIT_FLUSH_WORK: return WAIT_COMPLETION;
	case WAIT_JOIN: return WAIT_FUTEX;
	default: return kind;
	}
}

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static enum wait_kind function_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (begins(name, functions[i].prefix))
			return functions[i].kind;
	return WAIT_UNKNOWN;
}

static bool is_sleeper(const char *name)
{
	for (const char *const *at = sleepers; *at; at++)
		if (begins(name, *at))
			return true;
	return false;
}

struct stack {
	struct frame frames[MAX_FRAMES];
	size_t count;
	enum wait_kind kind;	/* what the functions at the top wait for */
	uint64_t end;		/* of the frame that has the waiter; 0 = not known */
	uint64_t caller_end;	/* of the first frame that is not the scheduler's */
};

/* The frames' pcs are return addresses, so the call is before them. */
static void look_at_stack(struct kernel *kernel, struct stack *stack, struct wait *wait)
{
	size_t first = 0, last = 0;
	bool found = false;

	stack->kind = WAIT_UNKNOWN;
	stack->end = stack->caller_end = 0;
	for (size_t i = 0; i < stack->count && i < MAX_DEPTH && stack->frames[i].kind == FRAME_CALL; i++) {
		const struct symtab *symbols;
		struct module *module;
		const struct symbol *symbol = kernel_lookup(kernel, stack->frames[i].pc - 1, &symbols, &module);
		enum wait_kind kind = symbol ? function_kind(symbol->name) : WAIT_UNKNOWN;

		if (first == i && symbol && kind == WAIT_UNKNOWN && is_sleeper(symbol->name))
			first = i + 1;
		if (kind == WAIT_UNKNOWN || (found && stack->kind != kind))
			continue;
		found = true;
		stack->kind = kind;
		stack->end = stack->frames[i].cfa;
		last = i;
	}
	if (first < stack->count && stack->frames[first].kind == FRAME_CALL)
		stack->caller_end = stack->frames[first].cfa;
	first = found ? last : first;
	/* Where the stack was lost in there, what it waits in may be further out. */
	if (found && last + 1 == stack->count)
		return;
	if (first < stack->count && stack->frames[first].kind == FRAME_CALL) {
		wait->waits_in = stack->frames[first].pc;
		if (first + 1 < stack->count && stack->frames[first + 1].kind == FRAME_CALL)
			wait->caller = stack->frames[first + 1].pc;
	}
}

/* What it waits in, and who called that. */
static void place_of_blocked(struct wait *wait, const struct blocked *blocked, const struct stack *stack)
{
	/* Where the stack was lost in a lock's functions, what called them is not known, and so not which of them it was. */
	wait->waits_in = blocked->waits_in < stack->count ? stack->frames[blocked->waits_in].pc : 0;
	wait->caller = blocked->caller != blocked->waits_in && blocked->caller < stack->count &&
				       stack->frames[blocked->caller].kind != FRAME_USER
			       ? stack->frames[blocked->caller].pc
			       : 0;
}

static void from_blocked(struct wait *wait, const struct blocked *blocked, const struct stack *stack)
{
	static const enum wait_kind kinds[NR_LOCK_KINDS] = {
		[LOCK_MUTEX] = WAIT_MUTEX, [LOCK_RWSEM] = WAIT_RWSEM, [LOCK_SEMAPHORE] = WAIT_SEMAPHORE, [LOCK_RT_MUTEX] = WAIT_RT_MUTEX
	};

	wait->kind = kinds[blocked->kind];
	wait->for_read = blocked->for_read;
	wait->for_write = blocked->for_write;
	wait->inferred = blocked->inferred;
	wait->object = blocked->lock;
	wait->owner = blocked->owner;
	/* Which lock it is is not known, so nor is who has it. */
	wait->owner_unknown = blocked->owner_unknown || !blocked->lock;
	wait->owner_is_hint = blocked->owner_is_hint;
	place_of_blocked(wait, blocked, stack);
}

/* False: it is not whole, *WHY says why. What there is of it is right. */
static bool unwind_task(struct kernel *kernel, const struct task *task, struct stack *stack, struct error *why)
{
	struct registers registers = { 0 };

	stack->count = 0;
	return task_registers(kernel, task, &registers, NULL, why) &&
	       unwind(kernel, &registers, stack->frames, MAX_FRAMES, &stack->count, why) != UNWIND_FAILED;
}

struct reading {
	struct kernel *kernel;
	struct waits *waits;
	struct blocked_list locks;
	struct wait_owners owners;
	struct stack stack;
	bool all;
};

static bool keep(struct waits *waits, const struct wait *wait, struct error *error)
{
	struct wait *items = array_room(waits->items, waits->count, &waits->capacity, sizeof(*items), "waiting tasks", error);

	if (!items)
		return false;
	waits->items = items;
	waits->items[waits->count++] = *wait;
	return true;
}

/* What is no lock. *keep_ret: it belongs to what was asked for. */
static bool other_wait(struct reading *reading, struct wait *wait, bool uninterruptible, bool *keep_ret, struct error *error)
{
	const struct stack *stack = &reading->stack;
	uint64_t start = stack->frames[0].sp;

	wait->kind = stack->kind;
	if (wait->kind != WAIT_UNKNOWN) {
		wait->inferred = true;
		wait->owner_unknown = !stack->end || !wait_object(reading->kernel, wait, start, stack->end);
		if (!wait->owner_unknown && !wait_owner(reading->kernel, &reading->owners, wait, error))
			return false;
	} else if (uninterruptible || reading->all) {
		wait->kind = WAIT_QUEUE;
		wait->inferred = true;
		if (!stack->caller_end || !wait_object(reading->kernel, wait, start, stack->caller_end)) {
			wait->kind = WAIT_UNKNOWN;
			wait->inferred = false;
		}
	}
	*keep_ret = uninterruptible || wait->owner || (reading->all && wait->kind != WAIT_UNKNOWN);
	return true;
}

/* A stack that is not whole, or a list that leads into a page that is not there. */
static void lose(struct waits *waits, const struct error *why)
{
	if (!waits->stacks_unknown++)
		waits->why = *why;
}

static bool look_at_task(struct reading *reading, struct wait *wait, bool uninterruptible, struct error *error)
{
	struct error why = { .kind = ERROR_NONE };
	bool whole = unwind_task(reading->kernel, wait->task, &reading->stack, &why), keeping = uninterruptible;
	const struct blocked *blocked = NULL;

	if (reading->stack.count) {
		look_at_stack(reading->kernel, &reading->stack, wait);
		reading->locks.count = 0;
		if (!blocked_add(reading->kernel, &reading->locks, wait->task, reading->stack.frames, reading->stack.count, &blocked, error))
			return false;
		keeping = true;
		if (blocked && blocked->kind != LOCK_NONE)
			from_blocked(wait, blocked, &reading->stack);
		else if (!other_wait(reading, wait, uninterruptible, &keeping, error))
			return false;
	}
	if ((uninterruptible || reading->all) && !wait->object && !wait->user && (!whole || wait->unread)) {
		if (whole)
			error_set(&why, ERROR_EXCLUDED, "the list that it waits in leads to a page that is not in the dump");
		wait->owner_unknown = true;
		lose(reading->waits, &why);
	}
	return !keeping || keep(reading->waits, wait, error);
}

static bool add_task(struct reading *reading, const struct task *task, struct error *error)
{
	struct wait wait = { .task = task, .bit = -1 };

	if (task->on_cpu || task->idle || (task_knows(task, TASK_EXIT_STATE) && task->exit_state))
		return true;
	if (!task_state_known(task)) {
		reading->waits->states_unknown++;
		return true;
	}
	return !task->state || look_at_task(reading, &wait, !strcmp(task_state_letters(reading->kernel, task), "UN"), error);
}

bool waits_read(struct kernel *kernel, bool all, struct waits *waits, struct error *error)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	struct task_table *table;
	bool done;

	*waits = (struct waits){ 0 };
	if (!reading)
		return error_no_memory(error, "waiting tasks", sizeof(*reading));
	reading->kernel = kernel;
	reading->waits = waits;
	reading->all = all;
	done = tasks_get(kernel, &table, error) && blocked_begin(kernel, &reading->locks, error);
	for (size_t i = 0; done && i < table->count; i++)
		done = kernel_step(kernel, "looking who waits", i, table->count, error) && add_task(reading, &table->tasks[i], error);
	done = done && waits_connect(waits, error);
	wait_owners_free(&reading->owners);
	blocked_end(&reading->locks);
	free(reading);
	return done;
}

void waits_free(struct waits *waits)
{
	free(waits->items);
	*waits = (struct waits){ 0 };
}
