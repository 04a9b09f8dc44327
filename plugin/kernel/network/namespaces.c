// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/network/network.h"

#include <stdio.h>

#include "kernel/containers.h"
#include "kernel/tasks/task.h"

bool network_damage(struct error *damage, const struct error *why, struct error *error)
{
	if (why->kind == ERROR_INTERRUPTED || why->kind == ERROR_NO_MEMORY) {
		if (error)
			*error = *why;
		return false;
	}
	if (damage->kind == ERROR_NONE)
		*damage = *why;
	return true;
}

bool network_of_task(struct kernel *kernel, const struct task *task, uint64_t *net_ret, struct error *error)
{
	uint64_t proxy;

	if (!kernel_read_member(kernel, task->address, "task_struct", "nsproxy", &proxy, error))
		return false;
	if (!proxy)
		return error_set(error, ERROR_USAGE, "PID %u has exited: it is in no namespace any more", task->pid);
	return kernel_read_member(kernel, proxy, "nsproxy", "net_ns", net_ret, error);
}

/* By its name, or, where the kernel's symbols have none of data, as that of CPU 0's idle task, which never leaves it. */
bool network_initial(struct kernel *kernel, uint64_t *net_ret, struct error *error)
{
	const struct task *idle;
	struct task_table *table;

	if (kernel_symbol(kernel, "init_net", net_ret, error))
		return true;
	if (kernel_names_data(kernel) || !tasks_get(kernel, &table, NULL) || !(idle = task_find_pid(kernel, 0)))
		return false;
	return network_of_task(kernel, idle, net_ret, error);
}

struct search {
	uint64_t address;
	bool found;
};

static bool is_it(void *context, uint64_t net, struct error *error)
{
	struct search *search = context;

	(void)error;
	search->found = net == search->address;
	return !search->found;
}

bool network_exists(struct kernel *kernel, uint64_t address, bool *exists_ret, struct error *error)
{
	struct search search = { .address = address };
	struct error why = { .kind = ERROR_NONE };
	struct member member;
	uint64_t list, initial;

	if (network_initial(kernel, &initial, NULL) && initial == address) {
		*exists_ret = true;
		return true;
	}
	if (!kernel_symbol(kernel, "net_namespace_list", &list, error) || !types_member(kernel->types, "net", "list", &member, error))
		return false;
	if (!list_for_each(kernel, list, member.offset, is_it, &search, &why)) {
		if (error)
			*error = why;
		return false;
	}
	*exists_ret = search.found;
	return true;
}

bool network_of(struct kernel *kernel, uint64_t address, const char *type, const char *member, uint64_t *net_ret, struct error *error)
{
	struct member whole;
	char path[64];

	snprintf(path, sizeof(path), "%s.net", member);
	if (types_has_member(kernel->types, type, path))
		return kernel_read_member(kernel, address, type, path, net_ret, error);
	if (types_member(kernel->types, type, member, &whole, NULL) && whole.kind == TYPE_STRUCT) /* without CONFIG_NET_NS it is empty */
		return network_initial(kernel, net_ret, error);
	return kernel_read_member(kernel, address, type, member, net_ret, error);
}
