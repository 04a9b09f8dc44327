// SPDX-License-Identifier: GPL-3.0-or-later
/* What a task group is called: the path of its cgroup, or the number of its autogroup. */
#include "kernel/scheduler/runqueue.h"

#include <string.h>

#define MAX_DEPTH 64	/* a cgroup's; the kernel has no limit, people do */
#define MAX_NAME  256

static bool node_path(struct kernel *kernel, uint64_t node, struct buffer *path, struct error *error)
{
	/* Since 6.15 (633488947ef6) the parent is read under RCU, and its name has underscores. */
	const char *parent = types_has_member(kernel->types, "kernfs_node", "__parent") ? "__parent" : "parent";
	char names[MAX_DEPTH][MAX_NAME];
	uint64_t up, name;
	size_t depth = 0;

	for (;; node = up) {
		if (!kernel_read_member(kernel, node, "kernfs_node", parent, &up, error))
			return false;
		if (!up)
			break;
		if (depth == MAX_DEPTH)
			return error_set(error, ERROR_CORRUPT, "the cgroup lies more than %d deep, or in a circle", MAX_DEPTH);
		if (!kernel_read_member(kernel, node, "kernfs_node", "name", &name, error) ||
		    !memory_read_string(kernel->memory, name, names[depth], MAX_NAME, error))
			return false;
		depth++;
	}
	if (!depth)
		buffer_char(path, '/');
	while (depth--) {
		buffer_char(path, '/');
		buffer_string(path, names[depth]);
	}
	return true;
}

bool task_group_path(struct kernel *kernel, uint64_t group, struct buffer *path, struct error *error)
{
	uint64_t cgroup, node, autogroup, id, root;

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
	return kernel_read_member(kernel, cgroup, "cgroup", "kn", &node, error) && node_path(kernel, node, path, error);
}
