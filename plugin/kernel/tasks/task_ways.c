// SPDX-License-Identifier: GPL-3.0-or-later
/* Other ways to tasks; task_ways.h says when. */
#include "kernel/tasks/task_ways.h"

#include <stdlib.h>

#include "kernel/containers.h"

/* --- pids --- */

struct pid_walk {
	struct kernel *kernel;
	struct member first;		/* in struct pid: tasks[PIDTYPE_PID] */
	struct member link;		/* in task_struct: pid_links[PIDTYPE_PID] */
	task_taker *taker;
	void *context;
	struct error damage;		/* a struct pid that could not be read: the first */
};

static bool each_pid(void *context, uint64_t index, uint64_t pid, struct error *error)
{
	struct pid_walk *walk = context;
	struct error reason;
	uint64_t node;

	if (!kernel_read_pointer(walk->kernel, pid + walk->first.offset, &node, &reason)) {
		if (walk->damage.kind == ERROR_NONE)
			walk->damage = reason;
		return true;
	}
	/* A pid outlives its task while somebody refers to it. */
	return !node || index > UINT32_MAX || walk->taker(walk->context, node - walk->link.offset, index, error);
}

bool task_ways_pids(struct kernel *kernel, task_taker *taker, void *context, struct error *error)
{
	struct pid_walk walk = { .kernel = kernel, .taker = taker, .context = context };
	struct member idr;
	uint64_t namespace;

	if (!kernel_symbol(kernel, "init_pid_ns", &namespace, error) ||
	    !types_member(kernel->types, "pid_namespace", "idr.idr_rt", &idr, error) ||
	    !types_member(kernel->types, "pid", "tasks", &walk.first, error) ||
	    !types_member(kernel->types, "task_struct", "pid_links", &walk.link, error) ||	/* 2c4704756cab, 4.19 */
	    !xarray_for_each(kernel, namespace + idr.offset, each_pid, &walk, error))
		return false;
	if (walk.damage.kind == ERROR_NONE)
		return true;
	if (error)
		*error = walk.damage;
	return false;
}

/* --- links --- */

/* The members of task_links that lead to another list_head of the same member, and the one that leads back. */
struct link {
	uint64_t to, offset;		/* the pointer; of the list_head in task_struct */
	bool forward;
	size_t next, prev;		/* offsets in struct task_links */
};

/* The neighbour's pointer back to us. */
static bool points_back(struct task_reader *reader, uint64_t neighbour, const struct link *link, uint64_t own)
{
	struct task_links links;
	struct task task;
	uint64_t back;

	if (neighbour % reader->kernel->arch->pointer_size || !reader->kernel->arch->is_kernel_address(reader->kernel->memory, neighbour) ||
	    !task_read(reader, neighbour, &task, &links, NULL))
		return false;
	free(task.damage);
	back = *(const uint64_t *)((const uint8_t *)&links + (link->forward ? link->prev : link->next));
	return back == own;
}

bool task_ways_links(struct task_reader *reader, uint64_t address, task_taker *taker, void *context,
		     struct error *error)
{
	struct task_links links;
	struct task task;

	if (!task_read(reader, address, &task, &links, NULL))
		return true;
	free(task.damage);
#define BOTH_WAYS(next_, prev_, offset_) \
	{ links.next_, offset_, true, offsetof(struct task_links, next_), offsetof(struct task_links, prev_) }, \
	{ links.prev_, offset_, false, offsetof(struct task_links, next_), offsetof(struct task_links, prev_) }
	const struct link all[] = {
		BOTH_WAYS(next, prev, reader->tasks_offset),
		BOTH_WAYS(thread_next, thread_prev, reader->thread_node_offset),
		BOTH_WAYS(sibling_next, sibling_prev, reader->sibling_offset),
	};
#undef BOTH_WAYS
	/* Of these lists the heads point back, too: they must be known to be told apart. That of tasks is a task's. */
	const uint64_t heads[] = {
		UINT64_MAX, UINT64_MAX,
		links.signal ? links.signal + reader->thread_head_offset : 0,
		links.signal ? links.signal + reader->thread_head_offset : 0,
		task.parent ? task.parent + reader->children_offset : 0,
		task.parent ? task.parent + reader->children_offset : 0,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct link *link = &all[i];

		if (link->to && link->offset && heads[i] && link->to != heads[i] && points_back(reader, link->to - link->offset, link, address + link->offset) &&
		    !taker(context, link->to - link->offset, 0, error))
			return false;
	}
	/* Its first child: the list's head is in the parent. */
	if (links.children_next && reader->sibling_offset && links.children_next != address + reader->children_offset) {
		const struct link child = { links.children_next, reader->sibling_offset, true,
					    offsetof(struct task_links, sibling_next),
					    offsetof(struct task_links, sibling_prev) };

		if (points_back(reader, child.to - child.offset, &child, address + reader->children_offset) &&
		    !taker(context, child.to - child.offset, 0, error))
			return false;
	}
	return (!task.parent || taker(context, task.parent, 0, error)) &&
	       (!task.group_leader || taker(context, task.group_leader, 0, error));
}
