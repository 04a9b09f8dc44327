// SPDX-License-Identifier: GPL-3.0-or-later
/* What a task group is called: the path of its cgroup, or the number of its autogroup. */
#include "kernel/scheduler/runqueue.h"

#include "kernel/tasks/cgroups.h"

bool task_group_path(struct kernel *kernel, uint64_t group, struct buffer *path, struct error *error)
{
	uint64_t cgroup, autogroup, id, root;

	if (kernel_symbol(kernel, "root_task_group", &root, NULL) && group == root) {
		buffer_char(path, '/');
		return true;
	}
	if (types_has_member(kernel->types, "task_group", "autogroup") &&
	    kernel_read_member(kernel, group, "task_group", "autogroup", &autogroup, NULL) && autogroup &&
	    kernel_read_member(kernel, autogroup, "autogroup", "id", &id, NULL)) {
		buffer_printf(path, "/autogroup-%llu", (unsigned long long)id);
		return true;
	}
	if (!kernel_read_member(kernel, group, "task_group", "css.cgroup", &cgroup, error))
		return false;
	if (!cgroup)
		return error_set(error, ERROR_CORRUPT, "the task group at 0x%llx has no cgroup", (unsigned long long)group);
	return cgroup_path(kernel, cgroup, path, error);
}
