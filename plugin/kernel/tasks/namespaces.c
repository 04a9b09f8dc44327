// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/tasks/namespaces.h"

#include "kernel/tasks/task.h"

/* The first member of struct nsproxy that the kernel has leads there; without one, the task's pid or its credentials do. */
static const struct {
	const char *name, *type, *members[2];
} kinds[NR_NAMESPACES] = {
	[NS_MNT] = { "mnt", "mnt_namespace", { "mnt_ns" } },
	[NS_NET] = { "net", "net", { "net_ns" } },
	[NS_PID] = { "pid", "pid_namespace", { NULL } },
	/* Called pid_ns up to 3.11. */
	[NS_PID_CHILDREN] = { "pid_for_children", "pid_namespace", { "pid_ns_for_children", "pid_ns" } },
	[NS_UTS] = { "uts", "uts_namespace", { "uts_ns" } },
	[NS_IPC] = { "ipc", "ipc_namespace", { "ipc_ns" } },
	[NS_USER] = { "user", "user_namespace", { NULL } },
	[NS_CGROUP] = { "cgroup", "cgroup_namespace", { "cgroup_ns" } },
	[NS_TIME] = { "time", "time_namespace", { "time_ns" } },
	[NS_TIME_CHILDREN] = { "time_for_children", "time_namespace", { "time_ns_for_children" } },
};

const char *namespace_name(enum namespace_kind kind)
{
	return kinds[kind].name;
}

static const char *member_of(struct kernel *kernel, enum namespace_kind kind)
{
	for (size_t i = 0; i < 2; i++)
		if (kinds[kind].members[i] && types_has_member(kernel->types, "nsproxy", kinds[kind].members[i]))
			return kinds[kind].members[i];
	return NULL;
}

bool namespace_exists(struct kernel *kernel, enum namespace_kind kind)
{
	return !kinds[kind].members[0] || member_of(kernel, kind);
}

/* In a structure of its own since 3.19; before that, the number alone. */
static bool read_inode(struct kernel *kernel, enum namespace_kind kind, uint64_t address, uint32_t *inode_ret, struct error *error)
{
	const char *path = types_has_member(kernel->types, kinds[kind].type, "ns.inum") ? "ns.inum" : "proc_inum";
	uint64_t value;

	if (!kernel_read_member(kernel, address, kinds[kind].type, path, &value, error))
		return false;
	*inode_ret = value;
	return true;
}

static bool through_proxy(struct kernel *kernel, const struct task *task, enum namespace_kind kind, uint64_t *address_ret, struct error *error)
{
	const char *member = member_of(kernel, kind);
	uint64_t proxy;

	if (!member)
		return error_set(error, ERROR_NO_MEMBER, "this kernel has no namespaces of the kind %s", kinds[kind].name);
	if (!kernel_read_member(kernel, task->address, "task_struct", "nsproxy", &proxy, error))
		return false;
	if (!proxy)
		return error_set(error, ERROR_NOT_MAPPED, "it has exited and is in no namespaces any more");
	return kernel_read_member(kernel, proxy, "nsproxy", member, address_ret, error);
}

static bool through_credentials(struct kernel *kernel, const struct task *task, uint64_t *address_ret, struct error *error)
{
	uint64_t credentials;

	return kernel_read_member(kernel, task->address, "task_struct", "real_cred", &credentials, error) &&
	       kernel_read_member(kernel, credentials, "cred", "user_ns", address_ret, error);
}

bool task_namespace(struct kernel *kernel, const struct task *task, enum namespace_kind kind, uint32_t *inode_ret, struct error *error)
{
	uint64_t address;

	if (kind == NS_PID ? !task_pid_namespace(kernel, task, &address, error)
			   : kind == NS_USER ? !through_credentials(kernel, task, &address, error) : !through_proxy(kernel, task, kind, &address, error))
		return false;
	if (!address)
		return error_set(error, ERROR_NOT_MAPPED, "it is in no namespace of the kind %s", kinds[kind].name);
	return read_inode(kernel, kind, address, inode_ret, error);
}
