// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/scheduler/runqueue.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/containers.h"

#define MAX_DEPTH 64		/* task groups in each other */
#define MAX_RT_LISTS 200	/* MAX_RT_PRIO is 100 */

struct walk {
	struct kernel *kernel;
	struct runqueue *queue;
	struct visited *seen;	/* entities and queues */
	/* of the queue that is being walked */
	uint64_t cfs_rq, group;
	unsigned list;
	size_t depth;
	bool throttled;
	uint64_t task_se, se_node, rt_node, task_rt, task_dl, dl_node;
};

const char *runqueue_class_name(enum runqueue_class class)
{
	static const char *const names[] = { "stop", "deadline", "rt", "fair", "ext" };

	return names[class];
}

/* A reason why not all is there: the first one is kept. False where that ends it all. */
static bool damaged(struct walk *walk, const struct error *why)
{
	if (walk->queue->damage.kind == ERROR_NONE)
		walk->queue->damage = *why;
	return why->kind != ERROR_INTERRUPTED && why->kind != ERROR_NO_MEMORY;
}

static bool member_at(struct walk *walk, const char *type, const char *path, uint64_t *offset_ret, struct error *error)
{
	struct member member;

	if (!types_member(walk->kernel->types, type, path, &member, error))
		return false;
	*offset_ret = member.offset;
	return true;
}

/* TYPE.PATH, where this kernel has it and it can be read. */
static bool known(struct walk *walk, uint64_t address, const char *type, const char *path, uint64_t *value_ret)
{
	return types_has_member(walk->kernel->types, type, path) &&
	       kernel_read_member(walk->kernel, address, type, path, value_ret, NULL);
}

/* Is ADDRESS met for the first time? */
static bool first_time(struct walk *walk, uint64_t address, const char *what, struct error *error)
{
	enum visited_result result = address ? visited_add(walk->seen, address) : VISITED_BEFORE;

	if (result == VISITED_NO_MEMORY)
		return error_no_memory(error, "the run queue", sizeof(address));
	if (result == VISITED_BEFORE)
		return error_set(error, ERROR_CORRUPT, "CPU %u's run queue leads to %s at 0x%llx twice", walk->queue->cpu, what,
				 (unsigned long long)address);
	return true;
}

static struct runqueue_entry *add_task(struct walk *walk, enum runqueue_class class, uint64_t task, struct error *error)
{
	struct runqueue *queue = walk->queue;
	void *grown = array_room(queue->entries, queue->nr_entries, &queue->entries_capacity, sizeof(*queue->entries),
				 "a list of queued tasks", error);

	if (!grown)
		return NULL;
	queue->entries = grown;
	queue->entries[queue->nr_entries] = (struct runqueue_entry){
		.class = class, .task = task, .group = walk->group, .throttled = walk->throttled,
	};
	return &queue->entries[queue->nr_entries++];
}

/* --- CFS and EEVDF: a tree of entities for each task group; the one that runs is outside of it --- */

static bool fair_queue(struct walk *walk, uint64_t cfs_rq, struct error *error);

static bool fair_entity(struct walk *walk, uint64_t entity, bool current, struct error *error)
{
	struct runqueue_entry *entry;
	uint64_t child = 0, delayed;

	if (!first_time(walk, entity, "an entity", error))
		return false;
	if (types_has_member(walk->kernel->types, "sched_entity", "my_q") &&
	    !kernel_read_member(walk->kernel, entity, "sched_entity", "my_q", &child, error))
		return false;
	if (child) {
		struct walk below = *walk;
		struct error why = { 0 };
		bool whole;

		below.depth++;
		whole = fair_queue(&below, child, &why);
		return whole || damaged(walk, &why) || (*error = why, false);
	}
	entry = add_task(walk, RUNQUEUE_FAIR, entity - walk->task_se, error);
	if (!entry)
		return false;
	entry->current = current;
	if (kernel_read_member(walk->kernel, entity, "sched_entity", "vruntime", &entry->vruntime, NULL))
		entry->known |= RUNQUEUE_VRUNTIME;
	if (known(walk, entity, "sched_entity", "deadline", &entry->deadline))
		entry->known |= RUNQUEUE_DEADLINE_AT;
	entry->delayed = known(walk, entity, "sched_entity", "sched_delayed", &delayed) && delayed;
	return true;
}

static bool fair_tree_entity(void *context, uint64_t entity, struct error *error)
{
	return fair_entity(context, entity, false, error);
}

/* Tasks that have been throttled one by one; since 6.18 (e1fad12dcb66). */
static bool fair_limbo_task(void *context, uint64_t task, struct error *error)
{
	struct walk *walk = context;
	bool throttled = walk->throttled, whole;

	walk->throttled = true;
	whole = fair_entity(walk, task + walk->task_se, false, error);
	walk->throttled = throttled;
	return whole;
}

static bool fair_limbo(struct walk *walk, uint64_t cfs_rq, struct error *error)
{
	uint64_t head, node;

	if (!member_at(walk, "cfs_rq", "throttled_limbo_list", &head, NULL))
		return true;
	return member_at(walk, "task_struct", "throttle_node", &node, error) &&
	       list_for_each(walk->kernel, cfs_rq + head, node, fair_limbo_task, walk, error);
}

/* What is known of the queue itself; the group it is of. */
static bool fair_group(struct walk *walk, uint64_t cfs_rq, struct error *error)
{
	struct runqueue *queue = walk->queue;
	void *grown = array_room(queue->groups, queue->nr_groups, &queue->groups_capacity, sizeof(*queue->groups),
				 "a list of task groups", error);
	struct runqueue_group group = { .cfs_rq = cfs_rq, .depth = walk->depth };
	uint64_t value;

	if (!grown)
		return false;
	queue->groups = grown;
	if (known(walk, cfs_rq, "cfs_rq", "tg", &value))
		group.group = value;
	/* h_nr_running up to 6.13 (736c55a02c47) */
	if (known(walk, cfs_rq, "cfs_rq", "h_nr_queued", &group.queued) || known(walk, cfs_rq, "cfs_rq", "h_nr_running", &group.queued))
		group.known |= RUNQUEUE_QUEUED;
	if (known(walk, cfs_rq, "cfs_rq", "load.weight", &group.weight))
		group.known |= RUNQUEUE_WEIGHT;
	if (known(walk, cfs_rq, "cfs_rq", "runtime_enabled", &value) && value &&
	    known(walk, cfs_rq, "cfs_rq", "runtime_remaining", (uint64_t *)&group.runtime))
		group.known |= RUNQUEUE_RUNTIME;
	group.throttled = known(walk, cfs_rq, "cfs_rq", "throttled", &value) && value;
	walk->group = group.group;
	/* Where tasks are throttled one by one those that are still in the tree run on to the end of their system call. */
	if (group.throttled && !types_has_member(walk->kernel->types, "cfs_rq", "throttled_limbo_list"))
		walk->throttled = true;
	queue->groups[queue->nr_groups++] = group;
	return true;
}

static bool fair_queue(struct walk *walk, uint64_t cfs_rq, struct error *error)
{
	struct error why = { 0 };
	uint64_t current, tree;

	if (walk->depth > MAX_DEPTH)
		return error_set(error, ERROR_CORRUPT, "CPU %u's task groups lie more than %d deep in each other", walk->queue->cpu, MAX_DEPTH);
	if (!first_time(walk, cfs_rq, "a queue", error) || !fair_group(walk, cfs_rq, error) ||
	    !member_at(walk, "cfs_rq", "tasks_timeline", &tree, error))
		return false;
	if ((!kernel_read_member(walk->kernel, cfs_rq, "cfs_rq", "curr", &current, &why) ||
	     (current && !fair_entity(walk, current, true, &why))) && !damaged(walk, &why)) {
		*error = why;
		return false;
	}
	return rbtree_for_each(walk->kernel, cfs_rq + tree, walk->se_node, fair_tree_entity, walk, error) &&
	       fair_limbo(walk, cfs_rq, error);
}

/* A throttled group's entity was taken out of the tree above it, so its queue is found by its group only. */
static bool throttled_group(void *context, uint64_t group, struct error *error)
{
	struct walk *walk = context;
	struct kernel *kernel = walk->kernel;
	uint64_t queues, cfs_rq, throttled;
	struct walk below = *walk;
	struct member member;

	if (!kernel_check_interrupt(kernel, error) || !types_member(kernel->types, "task_group", "cfs_rq", &member, error) ||
	    !kernel_read_field(kernel, group, &member, &queues, error))
		return false;
	/* An array of pointers by CPU; one per-CPU structure in kernels of 7.x. */
	if (!strcmp(member.type_name, "cfs_rq")) {
		if (!kernel_per_cpu_pointer(kernel, queues, walk->queue->cpu, &cfs_rq, error))
			return false;
	} else if (!kernel_read_pointer(kernel, queues + walk->queue->cpu * kernel->arch->pointer_size, &cfs_rq, error)) {
		return false;
	}
	if (!cfs_rq || visited_has(walk->seen, cfs_rq) ||
	    !kernel_read_member(kernel, cfs_rq, "cfs_rq", "throttled", &throttled, NULL) || !throttled)
		return true;
	below.depth = 1;
	return fair_queue(&below, cfs_rq, error);
}

static bool throttled_groups(struct walk *walk, struct error *error)
{
	uint64_t head, node;

	if (!types_has_member(walk->kernel->types, "cfs_rq", "throttled"))
		return true;
	return kernel_symbol(walk->kernel, "task_groups", &head, error) &&
	       member_at(walk, "task_group", "list", &node, error) &&
	       list_for_each(walk->kernel, head, node, throttled_group, walk, error);
}

static bool fair(struct walk *walk, struct error *error)
{
	struct error why = { 0 };
	struct walk top;
	uint64_t offset;
	bool whole;

	if (!member_at(walk, "rq", "cfs", &offset, error) || !member_at(walk, "task_struct", "se", &walk->task_se, error) ||
	    !member_at(walk, "sched_entity", "run_node", &walk->se_node, error))
		return false;
	top = *walk;
	whole = fair_queue(&top, walk->queue->address + offset, &why);
	if (!whole && !damaged(walk, &why)) {
		*error = why;
		return false;
	}
	return throttled_groups(walk, error);
}

/* --- real time: a list for each priority; the one that runs stays in it --- */

static bool rt_queue(struct walk *walk, uint64_t rt_rq, struct error *error);

static bool rt_entity(void *context, uint64_t entity, struct error *error)
{
	struct walk *walk = context;
	struct runqueue_entry *entry;
	uint64_t child = 0;

	if (!first_time(walk, entity, "an entity", error))
		return false;
	if (known(walk, entity, "sched_rt_entity", "my_q", &child) && child) {
		struct walk below = *walk;

		below.depth++;
		return rt_queue(&below, child, error);
	}
	entry = add_task(walk, RUNQUEUE_RT, entity - walk->task_rt, error);
	if (!entry)
		return false;
	entry->list = walk->list;
	entry->known |= RUNQUEUE_LIST;
	return true;
}

static bool rt_queue(struct walk *walk, uint64_t rt_rq, struct error *error)
{
	struct member lists;
	uint64_t throttled;

	if (walk->depth > MAX_DEPTH)
		return error_set(error, ERROR_CORRUPT, "CPU %u's real-time groups lie more than %d deep in each other", walk->queue->cpu,
				 MAX_DEPTH);
	if (!first_time(walk, rt_rq, "a queue", error) || !types_member(walk->kernel->types, "rt_rq", "active.queue", &lists, error))
		return false;
	walk->throttled = walk->throttled || (known(walk, rt_rq, "rt_rq", "rt_throttled", &throttled) && throttled);
	for (unsigned i = 0; i < lists.count && i < MAX_RT_LISTS; i++) {
		struct error why = { 0 };

		walk->list = i;
		if (!list_for_each(walk->kernel, rt_rq + lists.offset + i * lists.element_size, walk->rt_node, rt_entity, walk, &why) &&
		    !damaged(walk, &why)) {
			*error = why;
			return false;
		}
	}
	return true;
}

static bool real_time(struct walk *walk, struct error *error)
{
	struct walk top = *walk;
	uint64_t offset;

	if (!member_at(walk, "rq", "rt", &offset, error) || !member_at(walk, "task_struct", "rt", &top.task_rt, error) ||
	    !member_at(walk, "sched_rt_entity", "run_list", &top.rt_node, error))
		return false;
	return rt_queue(&top, walk->queue->address + offset, error);
}

/* --- deadline: a tree; the one that runs stays in it --- */

static bool deadline_entity(void *context, uint64_t entity, struct error *error)
{
	struct walk *walk = context;
	struct runqueue_entry *entry;
	uint64_t server = 0;

	if (!first_time(walk, entity, "an entity", error))
		return false;
	/* Since 6.8 (63ba8422f876) an entity may be what lets other classes run. */
	if (types_has_member(walk->kernel->types, "sched_dl_entity", "dl_server") &&
	    !kernel_read_member(walk->kernel, entity, "sched_dl_entity", "dl_server", &server, error))
		return false;
	entry = add_task(walk, RUNQUEUE_DEADLINE, server ? 0 : entity - walk->task_dl, error);
	if (!entry)
		return false;
	if (kernel_read_member(walk->kernel, entity, "sched_dl_entity", "deadline", &entry->deadline, NULL))
		entry->known |= RUNQUEUE_DEADLINE_AT;
	return true;
}

static bool deadline(struct walk *walk, struct error *error)
{
	uint64_t offset, tree;

	/* rb_root up to 4.13 (2161573ecd69) */
	return member_at(walk, "rq", "dl", &offset, error) &&
	       (member_at(walk, "dl_rq", "root", &tree, NULL) || member_at(walk, "dl_rq", "rb_root", &tree, error)) &&
	       member_at(walk, "task_struct", "dl", &walk->task_dl, error) &&
	       member_at(walk, "sched_dl_entity", "rb_node", &walk->dl_node, error) &&
	       rbtree_for_each(walk->kernel, walk->queue->address + offset + tree, walk->dl_node, deadline_entity, walk, error);
}

/* --- sched_ext: the BPF scheduler has queues of its own, but every runnable task is on one list as well --- */

static bool ext_task(void *context, uint64_t task, struct error *error)
{
	struct walk *walk = context;

	return first_time(walk, task, "a task", error) && add_task(walk, RUNQUEUE_EXT, task, error);
}

static bool ext(struct walk *walk, struct error *error)
{
	uint64_t head, node;

	if (!member_at(walk, "rq", "scx.runnable_list", &head, NULL))
		return true;
	return member_at(walk, "task_struct", "scx.runnable_node", &node, error) &&
	       list_for_each(walk->kernel, walk->queue->address + head, node, ext_task, walk, error);
}

/* --- the stopper: the CPU's own, above all others --- */

static bool stop(struct walk *walk, struct error *error)
{
	uint64_t task;
	bool queued;

	if (!types_has_member(walk->kernel->types, "rq", "stop"))
		return true;
	if (!kernel_read_member(walk->kernel, walk->queue->address, "rq", "stop", &task, error))
		return false;
	if (!task)
		return true;
	if (!runqueue_task_queued(walk->kernel, task, &queued, error))
		return false;
	return !queued || add_task(walk, RUNQUEUE_STOP, task, error);
}

/* --- together --- */

bool runqueue_task_queued(struct kernel *kernel, uint64_t task, bool *queued_ret, struct error *error)
{
	uint64_t value;

	if (!kernel_read_member(kernel, task, "task_struct", "on_rq", &value, error))
		return false;
	*queued_ret = value == 1;	/* TASK_ON_RQ_QUEUED; 2 is on its way to another CPU */
	return true;
}

bool runqueue_read(struct kernel *kernel, unsigned cpu, struct runqueue *queue, struct error *error)
{
	static bool (*const classes[])(struct walk *walk, struct error *error) = { stop, deadline, real_time, fair, ext };
	struct visited seen = { 0 };
	struct walk walk = { .kernel = kernel, .queue = queue, .seen = &seen };
	bool going = true;

	*queue = (struct runqueue){ .cpu = cpu };
	if (!kernel_per_cpu(kernel, "runqueues", cpu, &queue->address, error))
		return false;
	queue->nr_known = known(&walk, queue->address, "rq", "nr_running", &queue->nr_running);
	queue->clock_known = known(&walk, queue->address, "rq", "clock", &queue->clock);
	queue->current_known = known(&walk, queue->address, "rq", "curr", &queue->current);
	known(&walk, queue->address, "rq", "idle", &queue->idle);
	for (size_t i = 0; going && i < sizeof(classes) / sizeof(*classes); i++) {
		struct error why = { 0 };

		walk.group = 0;
		walk.depth = 0;
		walk.throttled = false;
		if (!classes[i](&walk, &why) && !damaged(&walk, &why)) {
			if (error)
				*error = why;
			going = false;
		}
	}
	visited_free(&seen);
	for (size_t i = 0; i < queue->nr_entries; i++)
		if (queue->current_known && queue->entries[i].task == queue->current)
			queue->entries[i].current = true;
	return going;
}

size_t runqueue_counted(const struct runqueue *queue)
{
	size_t count = 0;

	for (size_t i = 0; i < queue->nr_entries; i++)
		count += queue->entries[i].task && !queue->entries[i].throttled;
	return count;
}

void runqueue_free(struct runqueue *queue)
{
	free(queue->entries);
	free(queue->groups);
	*queue = (struct runqueue){ 0 };
}
