// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>

#include "kernel/files/files.h"
#include "kernel/network/network.h"
#include "kernel/network/sockets.h"
#include "kernel/tasks/task.h"

struct search {
	struct kernel *kernel;
	struct socket_owners *owners;
	const struct task *task;
	struct error *damage, fatal;
};

static bool each_file(void *context, const struct open_file *file)
{
	struct search *search = context;
	struct socket_owners *owners = search->owners;

	if (!file->known)
		return network_damage(search->damage, &file->why, &search->fatal);
	if (!file->private_data || !file_is(search->kernel, file, "socket_file_ops"))
		return true;
	if (owners->count == owners->room) {
		size_t room = owners->room ? owners->room * 2 : 256;
		struct socket_owner *more = realloc(owners->owners, room * sizeof(*more));

		if (!more)
			return error_no_memory(&search->fatal, "who has sockets open", room * sizeof(*more));
		owners->owners = more;
		owners->room = room;
	}
	owners->owners[owners->count++] = (struct socket_owner){ .socket = file->private_data, .task = search->task, .fd = file->fd };
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct socket_owner *left = a, *right = b;

	if (left->socket != right->socket)
		return left->socket < right->socket ? -1 : 1;
	if (left->task->pid != right->task->pid)
		return left->task->pid < right->task->pid ? -1 : 1;
	return left->fd < right->fd ? -1 : left->fd > right->fd;
}

/* A thread shares its leader's table, unless it left it. */
static bool shares(struct kernel *kernel, const struct task *task)
{
	uint64_t files, its;

	return task_knows(task, TASK_GROUP_LEADER) && task->group_leader != task->address &&
	       kernel_read_member(kernel, task->address, "task_struct", "files", &files, NULL) &&
	       kernel_read_member(kernel, task->group_leader, "task_struct", "files", &its, NULL) && files == its;
}

bool socket_owners_read(struct kernel *kernel, struct socket_owners *owners, struct error *damage, struct error *error)
{
	struct search search = { .kernel = kernel, .owners = owners, .damage = damage };
	struct task_table *table;
	uint64_t operations;

	*owners = (struct socket_owners){ 0 };
	/* By it a file is known to be a socket's; without it nobody's would be. */
	if (!kernel_symbol(kernel, "socket_file_ops", &operations, error) || !tasks_get(kernel, &table, error))
		return false;
	for (size_t i = 0; i < table->count; i++) {
		struct error why = { .kind = ERROR_NONE };

		if (!kernel_step(kernel, "files", i, table->count, error))
			return false;
		search.task = &table->tasks[i];
		if (!shares(kernel, search.task) && !files_for_each(kernel, search.task, each_file, &search, &why) &&
		    !network_damage(damage, &why, error))
			return false;
		if (search.fatal.kind != ERROR_NONE) {
			*error = search.fatal;
			return false;
		}
	}
	if (table->damage && damage->kind == ERROR_NONE)
		error_set(damage, ERROR_CORRUPT, "there may be more tasks: %s", table->damage);
	if (owners->count)
		qsort(owners->owners, owners->count, sizeof(*owners->owners), compare);
	return true;
}

const struct socket_owner *socket_owners_find(const struct socket_owners *owners, uint64_t socket)
{
	size_t low = 0, high = owners->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->owners[middle].socket < socket)
			low = middle + 1;
		else
			high = middle;
	}
	return low < owners->count && owners->owners[low].socket == socket ? &owners->owners[low] : NULL;
}

void socket_owners_free(struct socket_owners *owners)
{
	free(owners->owners);
	*owners = (struct socket_owners){ 0 };
}
