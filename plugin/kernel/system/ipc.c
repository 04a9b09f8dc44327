// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/ipc.h"

#include "kernel/containers.h"
#include "kernel/files/mapping.h"
#include "kernel/tasks/task.h"

#define MAX_SEMAPHORES 65536	/* of a set: IPC's own limit is SEMMSL, 32000 unless somebody raised it */

static const struct kind {
	const char *type;
	const char *permissions;	/* the kern_ipc_perm in it, which is what the namespace has */
} kinds[NR_IPC_KINDS] = {
	[IPC_SEMAPHORES] = { "sem_array", "sem_perm" },
	[IPC_QUEUES] = { "msg_queue", "q_perm" },
	[IPC_MEMORY] = { "shmid_kernel", "shm_perm" },
};

#define IN(kind) (1u << (kind))
#define IN_ALL (IN(IPC_SEMAPHORES) | IN(IPC_QUEUES) | IN(IPC_MEMORY))

/* Where a fact is; of several rows for one the first that the kernel has. */
static const struct place {
	enum ipc_fact fact;
	unsigned kinds;
	const char *path;	/* behind kern_ipc_perm where it is in all of them */
} places[] = {
	{ IPC_ID, IN_ALL, "id" },
	{ IPC_KEY, IN_ALL, "key" },
	{ IPC_UID, IN_ALL, "uid" },
	{ IPC_GID, IN_ALL, "gid" },
	{ IPC_CUID, IN_ALL, "cuid" },
	{ IPC_CGID, IN_ALL, "cgid" },
	{ IPC_MODE, IN_ALL, "mode" },
	{ IPC_CTIME, IN(IPC_SEMAPHORES), "sem_ctime" },
	{ IPC_CTIME, IN(IPC_QUEUES), "q_ctime" },
	{ IPC_CTIME, IN(IPC_MEMORY), "shm_ctim" },
	{ IPC_COUNT, IN(IPC_SEMAPHORES), "sem_nsems" },
	{ IPC_COUNT, IN(IPC_QUEUES), "q_qnum" },
	{ IPC_COUNT, IN(IPC_MEMORY), "shm_nattch" },
	{ IPC_BYTES, IN(IPC_QUEUES), "q_cbytes" },
	{ IPC_BYTES, IN(IPC_MEMORY), "shm_segsz" },
	{ IPC_MAX_BYTES, IN(IPC_QUEUES), "q_qbytes" },
	{ IPC_LAST_TIME, IN(IPC_QUEUES), "q_stime" },
	{ IPC_LAST_TIME, IN(IPC_MEMORY), "shm_atim" },
	{ IPC_OTHER_TIME, IN(IPC_QUEUES), "q_rtime" },
	{ IPC_OTHER_TIME, IN(IPC_MEMORY), "shm_dtim" },
	{ IPC_PID, IN(IPC_QUEUES), "q_lspid" },
	{ IPC_PID, IN(IPC_MEMORY), "shm_cprid" },
	{ IPC_LAST_PID, IN(IPC_QUEUES), "q_lrpid" },
	{ IPC_LAST_PID, IN(IPC_MEMORY), "shm_lprid" },
	{ IPC_FILE, IN(IPC_MEMORY), "shm_file" },
};

/* The number in the initial namespace that a member of TYPE says, of which a struct pid may have to be asked. */
static bool read_pid(struct kernel *kernel, uint64_t address, const struct member *member, uint64_t *pid_ret, struct error *error)
{
	uint64_t value;
	uint32_t number = 0;

	if (!kernel_read_field(kernel, address, member, &value, error))
		return false;
	if (member->kind == TYPE_POINTER && value && !pid_number(kernel, value, &number, error))
		return false;
	*pid_ret = member->kind == TYPE_POINTER ? number : value;
	return true;
}

static void learn(struct ipc_object *object, enum ipc_fact fact, uint64_t value)
{
	object->facts[fact] = value;
	object->known |= 1u << fact;
}

static void lose(struct ipc_object *object, const struct error *why)
{
	if (object->damage.kind == ERROR_NONE)
		object->damage = *why;
}

static void read_place(struct kernel *kernel, struct ipc_object *object, uint64_t permissions, const struct place *place)
{
	/* A struct pid since 4.17, before that its number. */
	bool is_pid = place->fact == IPC_PID || place->fact == IPC_LAST_PID;
	bool common = place->kinds == IN_ALL;
	uint64_t value, address = common ? permissions : object->address;
	struct error why = { 0 };
	struct member member;

	if (types_member(kernel->types, common ? "kern_ipc_perm" : kinds[object->kind].type, place->path, &member, &why) &&
	    (is_pid ? read_pid(kernel, address, &member, &value, &why) : kernel_read_field(kernel, address, &member, &value, &why)))
		learn(object, place->fact, value);
	else
		lose(object, &why);
}

/* Its pages as /proc/sysvipc/shm counts them; of huge ones it is not known what a kernel counts. */
static bool read_pages(struct kernel *kernel, struct ipc_object *object, struct error *error)
{
	uint64_t inode, address, operations, size = memory_page_size(kernel->memory), swapped;
	struct member vfs_inode;
	const struct symbol *huge = symtab_find(kernel->symbols, "hugetlbfs_file_operations");
	struct mapping mapping;

	if (!kernel_read_member(kernel, object->facts[IPC_FILE], "file", "f_inode", &inode, error))
		return false;
	learn(object, IPC_INODE, inode);
	if (!kernel_read_member(kernel, object->facts[IPC_FILE], "file", "f_op", &operations, error))
		return false;
	if (huge && operations == huge->address)
		return true;
	if (!mapping_of_inode(kernel, inode, &address, error) || !mapping_read(kernel, address, &mapping, error))
		return false;
	learn(object, IPC_RESIDENT, mapping.nr_pages * size);
	/* Without CONFIG_SHMEM it is ramfs, which has no swap. */
	if (!types_member(kernel->types, "shmem_inode_info", "vfs_inode", &vfs_inode, NULL))
		return true;
	if (!kernel_read_member(kernel, inode - vfs_inode.offset, "shmem_inode_info", "swapped", &swapped, error))
		return false;
	learn(object, IPC_SWAPPED, swapped * size);
	return true;
}

static bool last_operation(struct kernel *kernel, const struct ipc_object *object, uint64_t *time_ret, struct error *error);

struct walk {
	struct kernel *kernel;
	enum ipc_kind kind;
	uint64_t offset;	/* of the kern_ipc_perm */
	bool (*callback)(void *context, const struct ipc_object *object, struct error *error);
	void *context;
};

static bool one_object(void *context, uint64_t index, uint64_t entry, struct error *error)
{
	struct walk *walk = context;
	struct ipc_object object = { .kind = walk->kind, .address = entry - walk->offset };
	struct error why = { 0 };
	uint64_t time;

	(void)index;
	if (!kernel_check_interrupt(walk->kernel, error))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (places[i].kinds & IN(walk->kind))
			read_place(walk->kernel, &object, entry, &places[i]);
	if (walk->kind == IPC_MEMORY && object.facts[IPC_FILE] && !read_pages(walk->kernel, &object, &why))
		lose(&object, &why);
	if (walk->kind == IPC_SEMAPHORES) {
		if (last_operation(walk->kernel, &object, &time, &why))
			learn(&object, IPC_LAST_TIME, time);
		else
			lose(&object, &why);
	}
	return walk->callback(walk->context, &object, error);
}

bool ipc_namespace_find(struct kernel *kernel, uint64_t task, uint64_t *address_ret, struct error *error)
{
	uint64_t proxy;

	if (!task)
		return kernel_symbol(kernel, "init_ipc_ns", address_ret, error);
	if (!kernel_read_member(kernel, task, "task_struct", "nsproxy", &proxy, error))
		return false;
	if (!proxy)
		return error_set(error, ERROR_NOT_MAPPED, "the task is in no namespace any more: it has exited");
	return kernel_read_member(kernel, proxy, "nsproxy", "ipc_ns", address_ret, error);
}

bool ipc_for_each(struct kernel *kernel, uint64_t address, enum ipc_kind kind, uint64_t *counted_ret,
		  bool (*callback)(void *context, const struct ipc_object *object, struct error *error), void *context, struct error *error)
{
	struct walk walk = { .kernel = kernel, .kind = kind, .callback = callback, .context = context };
	struct member ids, idr, root, permissions;

	if (!types_member(kernel->types, "ipc_namespace", "ids", &ids, error) || !types_member(kernel->types, "ipc_ids", "ipcs_idr", &idr, error) ||
	    !types_member(kernel->types, "idr", "idr_rt", &root, error) ||
	    !types_member(kernel->types, kinds[kind].type, kinds[kind].permissions, &permissions, error))
		return false;
	if (ids.count != NR_IPC_KINDS)
		return error_set(error, ERROR_UNSUPPORTED, "this kernel's ipc_namespace has %llu kinds of objects instead of %d",
				 (unsigned long long)ids.count, NR_IPC_KINDS);
	walk.offset = permissions.offset;
	address += ids.offset + kind * ids.element_size;
	return kernel_read_member(kernel, address, "ipc_ids", "in_use", counted_ret, error) &&
	       xarray_for_each(kernel, address + idr.offset + root.offset, one_object, &walk, error);
}

/* --- semaphores --- */

/* Where a set has its semaphores. Behind it since 4.13, before that a pointer said where. */
static bool semaphores_at(struct kernel *kernel, const struct ipc_object *object, uint64_t *first_ret, uint64_t *size_ret, struct error *error)
{
	struct member semaphores;

	if (!ipc_knows(object, IPC_COUNT))
		return error_set(error, ERROR_NOT_MAPPED, "how many semaphores it has is not known: %s", object->damage.text);
	if (object->facts[IPC_COUNT] > MAX_SEMAPHORES)
		return error_set(error, ERROR_CORRUPT, "a set of %llu semaphores", (unsigned long long)object->facts[IPC_COUNT]);
	if (!types_size(kernel->types, "sem", size_ret, error))
		return false;
	if (!types_member(kernel->types, "sem_array", "sems", &semaphores, NULL))
		return kernel_read_member(kernel, object->address, "sem_array", "sem_base", first_ret, error);
	*first_ret = object->address + semaphores.offset;
	return true;
}

/* The latest of its semaphores' times; the set had it for all of them until 3.12. */
static bool last_operation(struct kernel *kernel, const struct ipc_object *object, uint64_t *time_ret, struct error *error)
{
	uint64_t first, size, time;
	struct member member;

	*time_ret = 0;
	if (types_has_member(kernel->types, "sem_array", "sem_otime"))
		return kernel_read_member(kernel, object->address, "sem_array", "sem_otime", time_ret, error);
	if (!types_member(kernel->types, "sem", "sem_otime", &member, error) || !semaphores_at(kernel, object, &first, &size, error))
		return false;
	for (uint64_t i = 0; i < object->facts[IPC_COUNT]; i++) {
		if (!kernel_read_field(kernel, first + i * size, &member, &time, error))
			return false;
		if (time > *time_ret)
			*time_ret = time;
	}
	return true;
}

bool ipc_semaphores_for_each(struct kernel *kernel, const struct ipc_object *object,
			     bool (*callback)(void *context, const struct ipc_semaphore *semaphore, struct error *error), void *context,
			     struct error *error)
{
	uint64_t first, size, value;
	struct member values, pids;

	if (!types_member(kernel->types, "sem", "semval", &values, error) || !types_member(kernel->types, "sem", "sempid", &pids, error) ||
	    !semaphores_at(kernel, object, &first, &size, error))
		return false;
	for (uint64_t i = 0; i < object->facts[IPC_COUNT]; i++) {
		struct ipc_semaphore semaphore = { .number = i };

		if (!kernel_read_field(kernel, first + i * size, &values, &value, error) ||
		    !read_pid(kernel, first + i * size, &pids, &semaphore.pid, error))
			return error_prefix(error, "semaphore %llu", (unsigned long long)i);
		semaphore.value = (int64_t)value;
		if (!callback(context, &semaphore, error))
			return error->kind == ERROR_NONE;
	}
	return true;
}

/* --- who waits --- */

struct waiting {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct ipc_waiter *waiter, struct error *error);
	void *context;
	bool stopped;
};

static bool tell(struct waiting *waiting, const struct ipc_waiter *waiter, struct error *error)
{
	waiting->stopped = !waiting->callback(waiting->context, waiter, error);
	return !waiting->stopped;
}

/* The sembuf at which the kernel stopped; an older kernel keeps none, and there a single operation is it. */
static void read_operation(struct kernel *kernel, uint64_t queue, struct ipc_waiter *waiter)
{
	uint64_t operation = 0, count, value;

	if (types_has_member(kernel->types, "sem_queue", "blocking")) {
		if (!kernel_read_member(kernel, queue, "sem_queue", "blocking", &operation, NULL))
			return;
	} else if (!kernel_read_member(kernel, queue, "sem_queue", "nsops", &count, NULL) || count != 1 ||
		   !kernel_read_member(kernel, queue, "sem_queue", "sops", &operation, NULL)) {
		return;
	}
	if (operation && kernel_read_member(kernel, operation, "sembuf", "sem_num", &waiter->semaphore, NULL) &&
	    kernel_read_member(kernel, operation, "sembuf", "sem_op", &value, NULL)) {
		waiter->operation = (int64_t)value;
		waiter->operation_known = true;
	}
}

static bool one_semop(void *context, uint64_t entry, struct error *error)
{
	struct waiting *waiting = context;
	struct ipc_waiter waiter = { .wait = IPC_SEMOP };

	if (!kernel_read_member(waiting->kernel, entry, "sem_queue", "sleeper", &waiter.task, error))
		return false;
	read_operation(waiting->kernel, entry, &waiter);
	return tell(waiting, &waiter, error);
}

static bool one_receiver(void *context, uint64_t entry, struct error *error)
{
	struct waiting *waiting = context;
	struct ipc_waiter waiter = { .wait = IPC_RECEIVE };
	uint64_t type;

	if (!kernel_read_member(waiting->kernel, entry, "msg_receiver", "r_tsk", &waiter.task, error) ||
	    !kernel_read_member(waiting->kernel, entry, "msg_receiver", "r_msgtype", &type, error))
		return false;
	waiter.type = (int64_t)type;
	return tell(waiting, &waiter, error);
}

static bool one_sender(void *context, uint64_t entry, struct error *error)
{
	struct waiting *waiting = context;
	struct ipc_waiter waiter = { .wait = IPC_SEND };

	/* Not every kernel keeps its size. */
	if (!kernel_read_member(waiting->kernel, entry, "msg_sender", "tsk", &waiter.task, error))
		return false;
	if (types_has_member(waiting->kernel->types, "msg_sender", "msgsz") &&
	    !kernel_read_member(waiting->kernel, entry, "msg_sender", "msgsz", &waiter.size, error))
		return false;
	return tell(waiting, &waiter, error);
}

/* LIST of the TYPE at ADDRESS, if the kernel has it, with entries that hang in it by LINK. */
static bool one_list(struct waiting *waiting, uint64_t address, const char *type, const char *list, const char *entry, const char *link,
		     bool (*callback)(void *context, uint64_t entry, struct error *error), struct error *error)
{
	struct member head, node;

	if (waiting->stopped || !types_has_member(waiting->kernel->types, type, list))
		return true;
	return types_member(waiting->kernel->types, type, list, &head, error) && types_member(waiting->kernel->types, entry, link, &node, error) &&
	       list_for_each(waiting->kernel, address + head.offset, node.offset, callback, waiting, error);
}

/* What alters and what waits for zero, of the set for operations on several and of each semaphore; one list of each until 3.11. */
static bool semops(struct waiting *waiting, uint64_t address, const char *type, struct error *error)
{
	static const char *const lists[] = { "pending_alter", "pending_const", "sem_pending" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (!one_list(waiting, address, type, lists[i], "sem_queue", "list", one_semop, error))
			return false;
	return true;
}

bool ipc_waiters_for_each(struct kernel *kernel, const struct ipc_object *object,
			  bool (*callback)(void *context, const struct ipc_waiter *waiter, struct error *error), void *context,
			  struct error *error)
{
	struct waiting waiting = { .kernel = kernel, .callback = callback, .context = context };
	uint64_t first, size;

	if (object->kind == IPC_QUEUES)
		return one_list(&waiting, object->address, "msg_queue", "q_receivers", "msg_receiver", "r_list", one_receiver, error) &&
		       one_list(&waiting, object->address, "msg_queue", "q_senders", "msg_sender", "list", one_sender, error);
	if (object->kind != IPC_SEMAPHORES)
		return true;
	if (!semops(&waiting, object->address, "sem_array", error) || !semaphores_at(kernel, object, &first, &size, error))
		return false;
	for (uint64_t i = 0; i < object->facts[IPC_COUNT]; i++)
		if (!semops(&waiting, first + i * size, "sem", error))
			return false;
	return true;
}

struct messages {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct ipc_message *message, struct error *error);
	void *context;
};

static bool one_message(void *context, uint64_t entry, struct error *error)
{
	struct messages *messages = context;
	struct ipc_message message = { .address = entry };
	uint64_t type;

	if (!kernel_check_interrupt(messages->kernel, error) || !kernel_read_member(messages->kernel, entry, "msg_msg", "m_type", &type, error) ||
	    !kernel_read_member(messages->kernel, entry, "msg_msg", "m_ts", &message.size, error))
		return false;
	message.type = (int64_t)type;
	return messages->callback(messages->context, &message, error);
}

bool ipc_messages_for_each(struct kernel *kernel, const struct ipc_object *object,
			   bool (*callback)(void *context, const struct ipc_message *message, struct error *error), void *context,
			   struct error *error)
{
	struct messages messages = { .kernel = kernel, .callback = callback, .context = context };
	struct member head, node;

	return types_member(kernel->types, "msg_queue", "q_messages", &head, error) &&
	       types_member(kernel->types, "msg_msg", "m_list", &node, error) &&
	       list_for_each(kernel, object->address + head.offset, node.offset, one_message, &messages, error);
}
