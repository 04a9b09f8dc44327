// SPDX-License-Identifier: GPL-3.0-or-later
/* Who has to do what a completion or a futex is waited for: whose address it is that the kernel has in another task. */
#include "kernel/locks/waits_internal.h"

#include <stdlib.h>

#include "base/array.h"
#include "kernel/containers.h"
#include "kernel/stacks/unwind.h"
#include "kernel/tasks/task.h"

#define PF_WQ_WORKER 0x20u /* since 2.6.36 */
#define MAX_BARRIERS 64	   /* behind one work: so many tasks that flush it */

/* ADDRESS is done with when TASK ends, or leaves its mm: of ends a kernel address, of exits a user one. */
struct named {
	uint64_t address;
	const struct task *task;
};

static int compare(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static bool add(struct named **items, size_t *count, size_t *room, uint64_t address, const struct task *task, struct error *error)
{
	struct named *grown = array_room(*items, *count, room, sizeof(*grown), "tasks that are waited for", error);

	if (!grown)
		return false;
	*items = grown;
	grown[(*count)++] = (struct named){ address, task };
	return true;
}

/*
 * vfork_done of who was started by vfork(); kernel threads have it point to the `exited' of their struct kthread, which is what
 * kthread_stop() waits for. The kernel clears the word at clear_child_tid as a thread exits, and wakes the futex there.
 */
static bool fill(struct kernel *kernel, struct wait_owners *owners, struct error *error)
{
	struct member end, exit;
	bool has_end = types_member(kernel->types, "task_struct", "vfork_done", &end, NULL);
	bool has_exit = types_member(kernel->types, "task_struct", "clear_child_tid", &exit, NULL);
	struct task_table *table;
	uint64_t address;

	if (owners->filled)
		return true;
	owners->filled = true;
	owners->incomplete = !has_end || !has_exit;
	if (!tasks_get(kernel, &table, error))
		return false;
	for (size_t i = 0; i < table->count; i++) {
		const struct task *task = &table->tasks[i];

		if (!kernel_check_interrupt(kernel, error))
			return false;
		if (has_end && !kernel_read_field(kernel, task->address, &end, &address, NULL))
			owners->incomplete = true;
		else if (has_end && address && !add(&owners->ends, &owners->nr_ends, &owners->room_ends, address, task, error))
			return false;
		if (has_exit && !kernel_read_field(kernel, task->address, &exit, &address, NULL))
			owners->incomplete = true;
		else if (has_exit && address && task->mm && !add(&owners->exits, &owners->nr_exits, &owners->room_exits, address, task, error))
			return false;
	}
	if (owners->nr_ends)
		qsort(owners->ends, owners->nr_ends, sizeof(*owners->ends), compare);
	if (owners->nr_exits)
		qsort(owners->exits, owners->nr_exits, sizeof(*owners->exits), compare);
	return true;
}

/* Of the waiter's own process if MM is not 0. NULL: none, or more than one. */
static const struct task *find(const struct named *items, size_t count, uint64_t address, uint64_t mm, const struct task *except)
{
	size_t at = array_up_to(items, count, sizeof(*items), offsetof(struct named, address), address);
	const struct task *found = NULL;

	for (; at && items[at - 1].address == address; at--) {
		const struct task *task = items[at - 1].task;

		if (task == except || (mm && task->mm != mm))
			continue;
		if (found)
			return NULL;
		found = task;
	}
	return found;
}

/* --- flush_work() --- */

struct barrier {
	struct kernel *kernel;
	uint64_t entry;		/* its work's list_head */
	bool found;
};

static bool is_barrier(void *context, uint64_t entry, struct error *error)
{
	struct barrier *barrier = context;

	(void)error;
	barrier->found = entry == barrier->entry;
	return !barrier->found;
}

/* A worker is what its thread was started with: kthread_data(), which the kernel looks at itself in wq_worker_sleeping(). */
static bool worker_of(struct kernel *kernel, const struct task *task, uint64_t *worker_ret)
{
	uint64_t kthread;

	/* 5.17, e32cf5dfbe22; before, kernel threads had it in set_child_tid, which they have no other use for */
	return (kernel_read_member(kernel, task->address, "task_struct", "worker_private", &kthread, NULL) ||
		kernel_read_member(kernel, task->address, "task_struct", "set_child_tid", &kthread, NULL)) &&
	       kthread && kernel_read_member(kernel, kthread, "kthread", "data", worker_ret, NULL) && *worker_ret;
}

/* What the worker of TASK runs, if the barrier is what it has to do next. Whose list cannot be read may be the one. */
static void look_at_worker(struct kernel *kernel, const struct task *task, const struct member *scheduled, uint64_t entry, struct wait *wait)
{
	struct barrier barrier = { kernel, entry, false };
	uint64_t worker;

	if (!worker_of(kernel, task, &worker) || (!list_for_each(kernel, worker + scheduled->offset, 0, is_barrier, &barrier, NULL) &&
						  !barrier.found)) {
		wait->owner_unknown = true;
		return;
	}
	if (!barrier.found)
		return;
	wait->owner = task;
	if (!kernel_read_member(kernel, worker, "worker", "current_func", &wait->function, NULL))
		wait->function = 0;
}

/* The work that the barrier at BARRIER is behind, in the list of those that nobody runs yet; other barriers may stand between them. */
static void queued_before(struct kernel *kernel, uint64_t barrier, struct wait *wait)
{
	uint64_t own, entry, function;
	struct member link;

	if (!types_member(kernel->types, "work_struct", "entry", &link, NULL) ||
	    !kernel_read_member(kernel, barrier, "wq_barrier", "work.func", &own, NULL) ||
	    !kernel_read_member(kernel, barrier, "wq_barrier", "work.entry.prev", &entry, NULL))
		return;
	for (int i = 0; i < MAX_BARRIERS; i++) {
		if (!kernel_read_member(kernel, entry - link.offset, "work_struct", "func", &function, NULL) || !unwind_is_code(kernel, function))
			return;
		if (function != own) {
			wait->function = function;
			return;
		}
		if (!kernel_read_member(kernel, entry, "list_head", "prev", &entry, NULL))
			return;
	}
}

/*
 * A flush's barrier lies on the stack of who waits, with the completion in it. If it waits for work that runs it is in the list of what its
 * worker has to do next; else it is behind the work in the list of those that nobody runs yet.
 */
static bool flushed_work(struct kernel *kernel, struct wait *wait)
{
	struct member done, link, scheduled;
	uint64_t barrier, task;
	struct task_table *table;

	if (!types_member(kernel->types, "wq_barrier", "done", &done, NULL) ||
	    !types_member(kernel->types, "wq_barrier", "work.entry", &link, NULL) ||
	    !types_member(kernel->types, "worker", "scheduled", &scheduled, NULL))
		return false;
	barrier = wait->object - done.offset;
	if (barrier < wait->task->stack || barrier - wait->task->stack >= task_stack_size(kernel) ||
	    !kernel_read_member(kernel, barrier, "wq_barrier", "task", &task, NULL) || task != wait->task->address ||
	    !tasks_get(kernel, &table, NULL))
		return false;
	for (size_t i = 0; i < table->count && !wait->owner; i++)
		if ((table->tasks[i].flags & PF_WQ_WORKER) && table->tasks[i].kernel_thread)
			look_at_worker(kernel, &table->tasks[i], &scheduled, barrier + link.offset, wait);
	if (wait->owner)
		wait->owner_unknown = false;
	else
		queued_before(kernel, barrier, wait);
	return true;
}

bool wait_owner(struct kernel *kernel, struct wait_owners *owners, struct wait *wait, struct error *error)
{
	if (wait->kind != WAIT_COMPLETION && wait->kind != WAIT_FUTEX)
		return true;
	if (!fill(kernel, owners, error))
		return false;
	if (wait->kind == WAIT_COMPLETION && wait->object) {
		wait->owner = find(owners->ends, owners->nr_ends, wait->object, 0, wait->task);
		if (wait->owner)
			wait->kind = wait->owner->kernel_thread ? WAIT_KTHREAD_STOP : WAIT_VFORK;
		else if (flushed_work(kernel, wait))
			wait->kind = WAIT_FLUSH_WORK;
	} else if (wait->kind == WAIT_FUTEX && wait->user) {
		wait->owner = find(owners->exits, owners->nr_exits, wait->user, wait->task->mm, wait->task);
		if (wait->owner)
			wait->kind = WAIT_JOIN;
		else if (!futex_owner(kernel, owners, wait, error))
			return false;
	}
	if (!wait->owner && owners->incomplete)
		wait->owner_unknown = true;
	return true;
}

void wait_owners_free(struct wait_owners *owners)
{
	free(owners->ends);
	free(owners->exits);
	*owners = (struct wait_owners){ 0 };
}
