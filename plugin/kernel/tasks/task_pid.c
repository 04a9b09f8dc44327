// SPDX-License-Identifier: GPL-3.0-or-later
/* What the kernel's struct pid says of a task; task.h and task_ways.h have the contracts. */
#include "kernel/tasks/task_ways.h"

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

bool task_namespace_pid(struct kernel *kernel, const struct task *task, uint32_t *pid_ret, uint32_t *level_ret,
			struct error *error)
{
	struct pid_links links;
	uint64_t pid, level;

	if (!find_links(kernel, &links, error) || !kernel_read_field(kernel, task->address, &links.pid, &pid, error))
		return false;
	if (!pid)
		return error_set(error, ERROR_NOT_MAPPED, "it has no pid any more");
	if (!kernel_read_member(kernel, pid, "pid", "level", &level, error))
		return false;
	if (level > 32)		/* MAX_PID_NS_LEVEL */
		return error_set(error, ERROR_CORRUPT, "its pid namespace is said to be %llu deep", (unsigned long long)level);
	if (!read_number(kernel, pid, level, pid_ret, error))
		return false;
	*level_ret = level;
	return true;
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
