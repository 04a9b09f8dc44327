// SPDX-License-Identifier: GPL-3.0-or-later
/* What the kernel's struct pid says of a task; task.h and task_ways.h have the contracts. */
#include "kernel/tasks/namespaces.h"
#include "kernel/tasks/task_ways.h"

#define MAX_LEVEL 32	/* MAX_PID_NS_LEVEL */

/* Where a task and its struct pid have each other. */
struct pid_links {
	struct member pid;	/* in task_struct: the pointer */
	struct member node;	/* in task_struct: what the struct pid's list of tasks points to */
};

static bool find_links(struct kernel *kernel, struct pid_links *links, struct error *error)
{
	/* Until 2c4704756cab, 4.19, both in pids[PIDTYPE_PID], a struct pid_link. */
	if (types_member(kernel->types, "task_struct", "pids", &links->pid, NULL)) {
		struct member pid;

		if (!types_member(kernel->types, "pid_link", "pid", &pid, error) ||
		    !types_member(kernel->types, "pid_link", "node", &links->node, error))
			return false;
		pid.offset += links->pid.offset;
		links->node.offset += links->pid.offset;
		links->pid = pid;
		return true;
	}
	return types_member(kernel->types, "task_struct", "thread_pid", &links->pid, error) &&
	       types_member(kernel->types, "task_struct", "pid_links", &links->node, error);
}

/* The task's number in the namespace that is LEVEL below the initial one. */
static bool read_number(struct kernel *kernel, uint64_t pid, uint64_t level, uint32_t *pid_ret, struct error *error)
{
	struct member numbers, number;
	uint64_t value, size;

	if (!types_member(kernel->types, "pid", "numbers", &numbers, error) ||
	    !types_member(kernel->types, "upid", "nr", &number, error) || !types_size(kernel->types, "upid", &size, error) ||
	    !kernel_read_field(kernel, pid + numbers.offset + level * size, &number, &value, error))
		return false;
	*pid_ret = value;
	return true;
}

bool pid_number(struct kernel *kernel, uint64_t pid, uint32_t *number_ret, struct error *error)
{
	return read_number(kernel, pid, 0, number_ret, error);
}

/* The task's struct pid, and how deep its namespace is. */
static bool own_pid(struct kernel *kernel, const struct task *task, uint64_t *pid_ret, uint64_t *level_ret, struct error *error)
{
	struct pid_links links;

	if (!find_links(kernel, &links, error) || !kernel_read_field(kernel, task->address, &links.pid, pid_ret, error))
		return false;
	if (!*pid_ret)
		return error_set(error, ERROR_NOT_MAPPED, "it has no pid any more");
	if (!kernel_read_member(kernel, *pid_ret, "pid", "level", level_ret, error))
		return false;
	return *level_ret <= MAX_LEVEL ||
	       error_set(error, ERROR_CORRUPT, "its pid namespace is said to be %llu deep", (unsigned long long)*level_ret);
}

bool task_namespace_pid(struct kernel *kernel, const struct task *task, uint32_t *pid_ret, uint32_t *level_ret,
			struct error *error)
{
	uint64_t pid, level;

	if (!own_pid(kernel, task, &pid, &level, error) || !read_number(kernel, pid, level, pid_ret, error))
		return false;
	*level_ret = level;
	return true;
}

bool task_pids(struct kernel *kernel, const struct task *task, uint32_t *numbers, size_t max, size_t *count_ret, struct error *error)
{
	uint64_t pid, level;

	if (!own_pid(kernel, task, &pid, &level, error))
		return false;
	if (level >= max)
		return error_set(error, ERROR_CORRUPT, "its pid namespace is %llu deep", (unsigned long long)level);
	for (uint64_t i = 0; i <= level; i++)
		if (!read_number(kernel, pid, i, &numbers[i], error))
			return false;
	*count_ret = level + 1;
	return true;
}

bool task_pid_namespace(struct kernel *kernel, const struct task *task, uint64_t *address_ret, struct error *error)
{
	struct member numbers;
	uint64_t pid, level, size;

	return own_pid(kernel, task, &pid, &level, error) && types_member(kernel->types, "pid", "numbers", &numbers, error) &&
	       types_size(kernel->types, "upid", &size, error) &&
	       kernel_read_member(kernel, pid + numbers.offset + level * size, "upid", "ns", address_ret, error);
}

/* By a struct pid that says in turn that it is this task's. */
static bool confirmed_pid(struct kernel *kernel, uint64_t task, uint32_t *pid_ret)
{
	struct pid_links links;
	struct member tasks;
	uint64_t pid, node;

	return find_links(kernel, &links, NULL) && types_member(kernel->types, "pid", "tasks", &tasks, NULL) &&
	       kernel_read_field(kernel, task, &links.pid, &pid, NULL) && pid &&
	       kernel_read_pointer(kernel, pid + tasks.offset, &node, NULL) && node == task + links.node.offset &&
	       read_number(kernel, pid, 0, pid_ret, NULL) && *pid_ret && *pid_ret <= TASK_MAX_PID;
}

static bool is_consistent(const struct task *task)
{
	if (task->pid > TASK_MAX_PID)
		return false;
	if (!task_knows(task, TASK_TGID))
		return true;
	return task->tgid <= TASK_MAX_PID && (!task_knows(task, TASK_GROUP_LEADER) ||
					     (task->pid == task->tgid) == (task->group_leader == task->address));
}

void task_correct_pid(struct kernel *kernel, struct task *task)
{
	uint32_t pid, tgid;

	if (is_consistent(task))
		return;
	if (confirmed_pid(kernel, task->address, &pid) && pid != task->pid) {
		task_add_damage(task, "its task_struct says pid %u, its struct pid says %u", task->pid, pid);
		task->pid = pid;
	}
	/* A process has its leader's number. */
	if (task_knows(task, TASK_TGID) && task_knows(task, TASK_GROUP_LEADER) &&
	    confirmed_pid(kernel, task->group_leader, &tgid) && tgid != task->tgid) {
		task_add_damage(task, "its task_struct says tgid %u, its leader's struct pid says %u", task->tgid, tgid);
		task->tgid = tgid;
	}
}
