// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From a waiting task to its lock and the lock's owner.
 *
 * Waiters of a lock are on a list. Up to 7.0 or so its head is in the lock (`wait_list`); then the
 * lock got a pointer to the first waiter (`first_waiter`), and the ring has no head any more: there
 * the way from the waiter to the lock is only known from the task_struct.
 */
#include "kernel/tasks/blocked_locks.h"

#include <string.h>

#include "kernel/tasks/task.h"

#define MAX_WAITERS 4096   /* on one lock: more is damage, or too much to follow for one task */
#define MAX_SCAN    0x8000 /* bytes of stack that frames of lock functions can have */

/*
 * Low bits of an owner. mutex: MUTEX_FLAGS (locking/mutex.h); rw_semaphore: RWSEM_READER_OWNED and
 * _NONSPINNABLE (locking/rwsem.c); rt_mutex: RT_MUTEX_HAS_WAITERS.
 */
#define MUTEX_FLAGS	    7u
#define RWSEM_READER_OWNED  1u
#define RWSEM_FLAGS	    7u
#define RWSEM_WRITER_LOCKED 1u /* of its count */
#define RT_MUTEX_FLAGS	    1u

/* enum rwsem_waiter_type */
enum { WAITING_FOR_WRITE, WAITING_FOR_READ };

/* Low bits of task_struct.blocker: BLOCKER_TYPE_* of linux/hung_task.h. */
#define BLOCKER_MASK 3u

static const struct lock_type {
	const char *lock, *waiter;
} lock_types[NR_LOCK_KINDS] = {
	[LOCK_MUTEX] = { "mutex", "mutex_waiter" },
	[LOCK_RWSEM] = { "rw_semaphore", "rwsem_waiter" },
	[LOCK_SEMAPHORE] = { "semaphore", "semaphore_waiter" },
};

static bool read_pointer_member(struct kernel *kernel, uint64_t address, const char *type,
				const char *path, uint64_t *value_ret)
{
	return kernel_read_member(kernel, address, type, path, value_ret, NULL);
}

/* --- the owner --- */

static void set_owner(struct kernel *kernel, struct blocked *blocked, uint64_t address, bool hint)
{
	/* It is read as an atomic_long_t, which has a sign. */
	if (kernel->arch->pointer_size == 4)
		address = (uint32_t)address;
	blocked->owner = address ? task_find_address(kernel, address) : NULL;
	blocked->owner_unknown = address && !blocked->owner;
	blocked->owner_is_hint = blocked->owner && hint;
}

static void read_rwsem_owner(struct kernel *kernel, struct blocked *blocked)
{
	uint64_t owner, count;

	if (!read_pointer_member(kernel, blocked->lock, "rw_semaphore", "owner.counter", &owner) ||
	    !read_pointer_member(kernel, blocked->lock, "rw_semaphore", "count.counter", &count)) {
		blocked->owner_unknown = true;
		return;
	}
	/* A reader leaves its name when it takes the lock, and does not take it away. */
	if (owner & RWSEM_READER_OWNED)
		set_owner(kernel, blocked, owner & ~(uint64_t)RWSEM_FLAGS, true);
	else if (count & RWSEM_WRITER_LOCKED)
		set_owner(kernel, blocked, owner & ~(uint64_t)RWSEM_FLAGS, false);
}

static void read_owner(struct kernel *kernel, struct blocked *blocked)
{
	uint64_t owner;

	switch (blocked->kind) {
	case LOCK_MUTEX:
		if (read_pointer_member(kernel, blocked->lock, "mutex", "owner.counter", &owner))
			set_owner(kernel, blocked, owner & ~(uint64_t)MUTEX_FLAGS, false);
		else
			blocked->owner_unknown = true;
		break;
	case LOCK_RWSEM: read_rwsem_owner(kernel, blocked); break;
	case LOCK_SEMAPHORE:
		/* 6.16+: who took it last; anybody may give it back */
		if (read_pointer_member(kernel, blocked->lock, "semaphore", "last_holder", &owner))
			set_owner(kernel, blocked, owner, true);
		else
			blocked->owner_unknown = types_has_member(kernel->types, "semaphore", "last_holder");
		break;
	case LOCK_RT_MUTEX:
		if (read_pointer_member(kernel, blocked->lock, "rt_mutex_base", "owner", &owner) ||
		    read_pointer_member(kernel, blocked->lock, "rt_mutex", "owner", &owner))
			set_owner(kernel, blocked, owner & ~(uint64_t)RT_MUTEX_FLAGS, false);
		else
			blocked->owner_unknown = true;
		break;
	default: break;
	}
}

/* --- waiters --- */

struct waiter_layout {
	struct member list, task, head, first;
	uint64_t size;
	bool has_head, has_first; /* what the lock has */
};

static bool waiter_layout(struct kernel *kernel, enum lock_kind kind, struct waiter_layout *layout)
{
	const struct lock_type *type = &lock_types[kind];

	if (!type->lock ||
	    !types_member(kernel->types, type->waiter, "list", &layout->list, NULL) ||
	    !types_member(kernel->types, type->waiter, "task", &layout->task, NULL) ||
	    !types_size(kernel->types, type->waiter, &layout->size, NULL))
		return false;
	layout->has_head = types_member(kernel->types, type->lock, "wait_list", &layout->head,
					NULL);
	layout->has_first = types_member(kernel->types, type->lock, "first_waiter", &layout->first,
					 NULL);
	return layout->has_head || layout->has_first;
}

static bool list_neighbour(struct kernel *kernel, uint64_t node, const char *which,
			   uint64_t *address_ret)
{
	return kernel_read_member(kernel, node, "list_head", which, address_ret, NULL) &&
	       *address_ret && !(*address_ret % kernel->arch->pointer_size);
}

/* Do both neighbours of list NODE point back at it? */
static bool is_linked(struct kernel *kernel, uint64_t node, uint64_t *next_ret)
{
	uint64_t previous, back;

	return list_neighbour(kernel, node, "next", next_ret) &&
	       list_neighbour(kernel, node, "prev", &previous) &&
	       list_neighbour(kernel, *next_ret, "prev", &back) && back == node &&
	       list_neighbour(kernel, previous, "next", &back) && back == node;
}

/* Does NODE of a list belong to a waiter: on the stack of the task that it names? */
static bool is_waiter(struct kernel *kernel, const struct waiter_layout *layout, uint64_t node,
		      uint64_t stack_size)
{
	uint64_t waiter = node - layout->list.offset, address;
	const struct task *task;

	if (!kernel_read_field(kernel, waiter, &layout->task, &address, NULL))
		return false;
	task = task_find_address(kernel, address);
	return task && waiter >= task->stack && waiter - task->stack < stack_size;
}

static uint64_t stack_size_of(struct kernel *kernel)
{
	uint64_t size;

	return types_size(kernel->types, "thread_union", &size, NULL) ? size : 0x4000;
}

/* The lock that the list of WAITER begins in: its one node that is no waiter. 0 = not found. */
static uint64_t head_of_list(struct kernel *kernel, const struct waiter_layout *layout,
			     uint64_t waiter)
{
	uint64_t start = waiter + layout->list.offset, node = start, next, head = 0;
	uint64_t stack_size = stack_size_of(kernel);

	for (size_t i = 0; i < MAX_WAITERS; i++) {
		if (!is_linked(kernel, node, &next))
			return 0;
		node = next;
		if (node == start)
			return head ? head - layout->head.offset : 0;
		if (is_waiter(kernel, layout, node, stack_size))
			continue;
		if (head) /* two heads: no list of waiters */
			return 0;
		head = node;
	}
	return 0;
}

/* What a struct rwsem_waiter says of what its task wants. */
static void read_wish(struct kernel *kernel, struct blocked *blocked, uint64_t waiter)
{
	uint64_t type;

	if (blocked->kind != LOCK_RWSEM ||
	    !kernel_read_member(kernel, waiter, "rwsem_waiter", "type", &type, NULL))
		return;
	blocked->for_write = type == WAITING_FOR_WRITE;
	blocked->for_read = type == WAITING_FOR_READ;
}

bool lock_on_stack(struct kernel *kernel, struct blocked *blocked, enum lock_kind kind,
		   uint64_t start, uint64_t end)
{
	uint64_t stack_size = stack_size_of(kernel), stack = blocked->task->stack, word, next, lock;
	uint64_t word_size = kernel->arch->pointer_size;
	struct waiter_layout layout = { 0 };

	start = (start + word_size - 1) & ~(word_size - 1);
	if (!waiter_layout(kernel, kind, &layout) || !layout.has_head || start < stack ||
	    end <= start || end - start > MAX_SCAN || end - stack > stack_size)
		return false;
	for (uint64_t at = start; at + layout.size <= end; at += word_size) {
		if (!kernel_read_pointer(kernel, at + layout.task.offset, &word, NULL) ||
		    word != blocked->task->address ||
		    !is_linked(kernel, at + layout.list.offset, &next))
			continue;
		lock = head_of_list(kernel, &layout, at);
		if (!lock)
			continue;
		blocked->kind = kind;
		blocked->lock = lock;
		blocked->inferred = true;
		read_wish(kernel, blocked, at);
		read_owner(kernel, blocked);
		return true;
	}
	return false;
}

/* --- what the task_struct says --- */

/* Every kernel with PI futexes has it; on PREEMPT_RT it is what all locks come down to. */
static bool rt_mutex_of_task(struct kernel *kernel, struct blocked *blocked)
{
	uint64_t task = blocked->task->address, waiter, of, lock;

	if (!read_pointer_member(kernel, task, "task_struct", "pi_blocked_on", &waiter) ||
	    !waiter || !read_pointer_member(kernel, waiter, "rt_mutex_waiter", "task", &of) ||
	    of != task || !read_pointer_member(kernel, waiter, "rt_mutex_waiter", "lock", &lock) ||
	    !lock)
		return false;
	blocked->kind = LOCK_RT_MUTEX;
	blocked->lock = lock;
	return true;
}

static bool blocker_of_task(struct kernel *kernel, struct blocked *blocked)
{
	static const enum lock_kind kinds[BLOCKER_MASK + 1] = { LOCK_MUTEX, LOCK_SEMAPHORE,
								LOCK_RWSEM, LOCK_RWSEM };
	uint64_t task = blocked->task->address, blocker;

	if (!read_pointer_member(kernel, task, "task_struct", "blocker", &blocker) || !blocker)
		return false;
	blocked->kind = kinds[blocker & BLOCKER_MASK];
	blocked->lock = blocker & ~(uint64_t)BLOCKER_MASK;
	blocked->for_read = (blocker & BLOCKER_MASK) == 2;
	blocked->for_write = (blocker & BLOCKER_MASK) == 3;
	return true;
}

/* With lock debugging it once was the waiter; then it became the mutex itself. */
static bool mutex_of_task(struct kernel *kernel, struct blocked *blocked)
{
	struct member member;
	uint64_t address;
	struct waiter_layout layout = { 0 };

	if (!types_member(kernel->types, "task_struct", "blocked_on", &member, NULL) ||
	    !kernel_read_field(kernel, blocked->task->address, &member, &address, NULL) ||
	    !address || address % kernel->arch->pointer_size)
		return false;
	if (!strcmp(member.type_name, "mutex_waiter"))
		address = waiter_layout(kernel, LOCK_MUTEX, &layout) && layout.has_head
				  ? head_of_list(kernel, &layout, address)
				  : 0;
	else if (strcmp(member.type_name, "mutex"))
		return false;
	blocked->kind = LOCK_MUTEX;
	blocked->lock = address;
	return address != 0;
}

bool lock_of_task(struct kernel *kernel, struct blocked *blocked)
{
	if (!rt_mutex_of_task(kernel, blocked) && !blocker_of_task(kernel, blocked) &&
	    !mutex_of_task(kernel, blocked)) {
		blocked->kind = LOCK_NONE;
		blocked->lock = 0;
		return false;
	}
	read_owner(kernel, blocked);
	return true;
}
