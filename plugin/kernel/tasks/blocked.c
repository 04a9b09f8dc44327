// SPDX-License-Identifier: GPL-3.0-or-later
/* Which task waits for what: its stack, what it is in, and the chain of owners; see blocked.h. */
#include "kernel/tasks/blocked.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/tasks/blocked_locks.h"
#include "kernel/modules/module.h"
#include "kernel/tasks/task.h"

/* Code that waits for a lock of this kind, or only is on the way to it. */
struct range {
	uint64_t start, end;
	enum lock_kind kind;
};

struct lock_functions {
	struct range *ranges; /* sorted by start */
	size_t count, capacity;
	uint64_t sched_start, sched_end; /* the scheduler and what sleeps: .sched.text */
};

/* Names up to the first dot (.constprop.0, .isra.0) that begin like this wait for such a lock. */
static const struct {
	const char *prefix;
	bool whole; /* the whole name, not only its beginning */
	enum lock_kind kind;
} functions[] = {
	{ "__mutex_lock", false, LOCK_MUTEX },
	{ "__ww_mutex_lock", false, LOCK_MUTEX },
	{ "mutex_lock", false, LOCK_MUTEX },
	{ "ww_mutex_lock", false, LOCK_MUTEX },
	{ "rwsem_down_read", false, LOCK_RWSEM },
	{ "rwsem_down_write", false, LOCK_RWSEM },
	{ "__down_read", false, LOCK_RWSEM },
	{ "__down_write", false, LOCK_RWSEM },
	{ "down_read", false, LOCK_RWSEM },
	{ "down_write", false, LOCK_RWSEM },
	{ "___down_common", true, LOCK_SEMAPHORE },
	{ "__down_common", true, LOCK_SEMAPHORE },
	{ "__down", true, LOCK_SEMAPHORE },
	{ "__down_interruptible", true, LOCK_SEMAPHORE },
	{ "__down_killable", true, LOCK_SEMAPHORE },
	{ "__down_timeout", true, LOCK_SEMAPHORE },
	{ "down", true, LOCK_SEMAPHORE },
	{ "down_interruptible", true, LOCK_SEMAPHORE },
	{ "down_killable", true, LOCK_SEMAPHORE },
	{ "down_timeout", true, LOCK_SEMAPHORE },
	{ "rt_mutex_", false, LOCK_RT_MUTEX },
	{ "__rt_mutex_", false, LOCK_RT_MUTEX },
	{ "rwbase_", false, LOCK_RT_MUTEX },
};

const char *lock_kind_name(enum lock_kind kind)
{
	static const char *const names[NR_LOCK_KINDS] = { "", "mutex", "rw_semaphore", "semaphore",
							  "rt_mutex" };

	return names[kind];
}

static enum lock_kind function_kind(const char *name)
{
	size_t size = strcspn(name, ".");

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		size_t prefix = strlen(functions[i].prefix);

		if (size >= prefix && (!functions[i].whole || size == prefix) &&
		    !memcmp(name, functions[i].prefix, prefix))
			return functions[i].kind;
	}
	return LOCK_NONE;
}

static bool add_range(struct lock_functions *all, const struct symbol *symbol, enum lock_kind kind,
		      struct error *error)
{
	struct range *ranges = array_room(all->ranges, all->count, &all->capacity, sizeof(*ranges),
					  "names of locks", error);

	if (!ranges)
		return false;
	all->ranges = ranges;
	all->ranges[all->count++] = (struct range){ symbol->address, symbol->address + symbol->size,
						    kind };
	return true;
}

bool blocked_begin(struct kernel *kernel, struct blocked_list *list, struct error *error)
{
	struct lock_functions *all = calloc(1, sizeof(*all));

	*list = (struct blocked_list){ .functions = all };
	if (!all)
		return error_no_memory(error, "names of locks", sizeof(*all));
	/* Both or neither: without them only the locks' own functions are passed over. */
	if (!kernel_symbol(kernel, "__sched_text_start", &all->sched_start, NULL) ||
	    !kernel_symbol(kernel, "__sched_text_end", &all->sched_end, NULL))
		all->sched_end = all->sched_start = 0;
	for (size_t i = 0; i < symtab_count(kernel->symbols); i++) {
		const struct symbol *symbol = symtab_get(kernel->symbols, i);
		enum lock_kind kind = (symbol->letter | 0x20) == 't' && symbol->size
					      ? function_kind(symbol->name)
					      : LOCK_NONE;

		if (kind != LOCK_NONE && !add_range(all, symbol, kind, error))
			return false;
	}
	return true;
}

void blocked_end(struct blocked_list *list)
{
	if (list->functions)
		free(list->functions->ranges);
	free(list->functions);
	free(list->items);
	*list = (struct blocked_list){ 0 };
}

/* Symbols come by address, so the ranges are sorted; they may nest where names share code. */
static enum lock_kind kind_at(const struct lock_functions *all, uint64_t pc)
{
	size_t low = array_up_to(all->ranges, all->count, sizeof(*all->ranges),
				 offsetof(struct range, start), pc);

	return low && pc < all->ranges[low - 1].end ? all->ranges[low - 1].kind : LOCK_NONE;
}

static bool in_scheduler(const struct lock_functions *all, uint64_t pc)
{
	return pc >= all->sched_start && pc < all->sched_end;
}

/*
 * Passes over the scheduler's and the locks' functions at the top. The frames' pcs are return
 * addresses, so the call is before them. *end_ret: one past the last frame of a lock's function.
 */
static enum lock_kind look_at_stack(const struct lock_functions *all, const struct frame *frames,
				    size_t count, struct blocked *blocked, size_t *end_ret)
{
	enum lock_kind found = LOCK_NONE;
	size_t i;

	*end_ret = 0;
	for (i = 0; i < count && frames[i].kind == FRAME_CALL; i++) {
		enum lock_kind kind = kind_at(all, frames[i].pc - 1);

		if (kind == LOCK_NONE && !in_scheduler(all, frames[i].pc - 1))
			break;
		if (kind != LOCK_NONE) {
			if (found == LOCK_NONE)
				found = kind;
			*end_ret = i + 1;
		}
	}
	blocked->caller = i;
	/* Who called the scheduler is beyond where the stack was lost. */
	blocked->waits_in = i == count ? count : i ? i - 1 : 0;
	return found;
}

/* Uninterruptible sleep that counts as load: not idle kernel threads, not the frozen. */
static bool is_blocked_state(struct kernel *kernel, const struct task *task)
{
	return !task->on_cpu && !strcmp(task_state_letters(kernel, task), "UN");
}

bool blocked_add(struct kernel *kernel, struct blocked_list *list, const struct task *task,
		 const struct frame *frames, size_t count, const struct blocked **added_ret,
		 struct error *error)
{
	struct blocked blocked = { .task = task }, *items;
	enum lock_kind hint;
	size_t end;

	if (added_ret)
		*added_ret = NULL;
	if (task->on_cpu || task->exit_state || task->idle || !task->state)
		return true;
	hint = look_at_stack(list->functions, frames, count, &blocked, &end);
	if (!lock_of_task(kernel, &blocked) && hint != LOCK_NONE && end && frames[end - 1].cfa)
		lock_on_stack(kernel, &blocked, hint, frames[0].sp, frames[end - 1].cfa);
	if (!blocked.lock && !is_blocked_state(kernel, task))
		return true;
	/* The lock itself was not found, but what the task is in waits for one. */
	if (blocked.kind == LOCK_NONE && hint != LOCK_NONE) {
		blocked.kind = hint;
		blocked.inferred = true;
	}
	items = array_room(list->items, list->count, &list->capacity, sizeof(*items),
			   "blocked tasks", error);
	if (!items)
		return false;
	list->items = items;
	list->items[list->count] = blocked;
	if (added_ret)
		*added_ret = &list->items[list->count];
	list->count++;
	return true;
}

/* --- chains --- */

static int compare_tasks(const void *left, const void *right)
{
	const struct blocked *a = *(const struct blocked *const *)left;
	const struct blocked *b = *(const struct blocked *const *)right;

	return a->task < b->task ? -1 : a->task > b->task;
}

static struct blocked *find(struct blocked **sorted, size_t count, const struct task *task)
{
	const struct blocked wanted = { .task = task }, *key = &wanted;
	struct blocked **found = bsearch(&key, sorted, count, sizeof(*sorted), compare_tasks);

	return found ? *found : NULL;
}

void blocked_connect(struct blocked_list *list)
{
	struct blocked **sorted = calloc(list->count + 1, sizeof(*sorted));

	if (!sorted)
		return; /* each alone is still true */
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = &list->items[i];
	qsort(sorted, list->count, sizeof(*sorted), compare_tasks);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].owner)
			list->items[i].next = find(sorted, list->count, list->items[i].owner);
	free(sorted);
	for (size_t i = 0; i < list->count; i++) {
		struct blocked *start = &list->items[i];
		const struct blocked *at = start;

		/* A hint does not prove a deadlock. */
		for (size_t steps = 0;
		     at && !at->owner_is_hint && steps <= list->count && !start->deadlock;
		     steps++) {
			at = at->next;
			start->deadlock = at == start;
		}
	}
}
