// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who holds a futex: what user space has written where the kernel will look for it, too.
 *
 * A robust or priority-inheriting mutex has its holder's tid in the word, with FUTEX_WAITERS once somebody waits; a robust one is also in
 * the list that its holder has registered by set_robust_list(), which the kernel walks when that ends. Other mutexes have no more in the
 * word than that they are taken.
 */
#include "kernel/locks/waits_internal.h"

#include "kernel/tasks/namespaces.h"
#include "kernel/tasks/task.h"

/* include/uapi/linux/futex.h */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ROBUST_LIST_LIMIT 2048
#define PI_BIT 1u	/* in a robust list's pointers */

struct search {
	struct kernel *kernel;
	struct wait *wait;
	uint64_t root;		/* of the waiter's page tables */
	uint64_t namespace;	/* of pids, the waiter's */
	uint32_t tid;		/* in there */
};

static bool read_user(const struct search *search, uint64_t address, size_t size, uint64_t *value_ret)
{
	uint8_t bytes[8];

	if (!memory_read_user(search->kernel->memory, search->root, address, bytes, size, NULL))
		return false;
	*value_ret = memory_decode(search->kernel->memory, bytes, size);
	return true;
}

/* Has TASK, a thread of the same process, the futex in its robust list? */
static bool in_robust_list(const struct search *search, const struct task *task)
{
	unsigned word = search->kernel->arch->pointer_size;
	/* In a structure of its own where the kernel has one of its futexes. */
	const char *path = types_has_member(search->kernel->types, "task_struct", "futex.robust_list") ? "futex.robust_list" : "robust_list";
	uint64_t mask = word == 8 ? UINT64_MAX : UINT32_MAX, head, entry, offset;

	/* struct robust_list_head: the list, the futex's distance from an entry, and one that is just being taken or given back. */
	if (!kernel_read_member(search->kernel, task->address, "task_struct", path, &head, NULL) || !head ||
	    !read_user(search, head, word, &entry) || !read_user(search, head + word, word, &offset))
		return false;
	for (int i = 0; i < ROBUST_LIST_LIMIT && entry && (entry & ~(uint64_t)PI_BIT) != head; i++) {
		entry &= ~(uint64_t)PI_BIT;
		if (((entry + offset) & mask) == search->wait->user)
			return true;
		if (!read_user(search, entry, word, &entry))
			return false;
	}
	return false;
}

static bool is_holder(const struct search *search, const struct task *task)
{
	uint64_t namespace;
	uint32_t pid, level;

	return task_namespace_pid(search->kernel, task, &pid, &level, NULL) && pid == search->tid &&
	       task_pid_namespace(search->kernel, task, &namespace, NULL) && namespace == search->namespace;
}

/* In the initial namespace the tid is the pid; in another one all tasks are asked, which is why the last answer is kept. */
static const struct task *holder(const struct search *search, struct wait_owners *owners, const struct task_table *table)
{
	uint32_t pid, level;

	if (task_namespace_pid(search->kernel, search->wait->task, &pid, &level, NULL) && !level)
		return task_find_pid(search->kernel, search->tid);
	if (owners->tid == search->tid && owners->namespace == search->namespace)
		return owners->of_tid;
	owners->tid = search->tid;
	owners->namespace = search->namespace;
	owners->of_tid = NULL;
	for (size_t i = 0; i < table->count && !owners->of_tid; i++)
		if (!table->tasks[i].idle && is_holder(search, &table->tasks[i]))
			owners->of_tid = &table->tasks[i];
	return owners->of_tid;
}

bool futex_owner(struct kernel *kernel, struct wait_owners *owners, struct wait *wait, struct error *error)
{
	struct search search = { .kernel = kernel, .wait = wait };
	struct task_table *table;
	const struct task *task;
	uint64_t word;
	bool robust;

	if (!tasks_get(kernel, &table, error))
		return false;
	if (!task_user_root(kernel, wait->task, &search.root, NULL) || !read_user(&search, wait->user, 4, &word)) {
		wait->owner_unknown = true;
		return true;
	}
	search.tid = word & FUTEX_TID_MASK;
	if (!(word & FUTEX_WAITERS) || !search.tid || search.tid > TASK_MAX_PID)
		return true;
	if (!task_pid_namespace(kernel, wait->task, &search.namespace, NULL)) {
		wait->owner_unknown = true;
		return true;
	}
	task = holder(&search, owners, table);
	if (!task || task == wait->task)
		return true;
	wait->owner = task;
	/* Lists of other processes are in other memory. */
	robust = task->mm && task->mm == wait->task->mm && in_robust_list(&search, task);
	/* What a program keeps in a futex is its own affair: without the list that this is a tid is a guess. */
	wait->owner_is_hint = !robust;
	return true;
}
