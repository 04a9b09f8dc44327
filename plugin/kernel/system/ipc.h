/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * System V's shared memory, semaphores and message queues of a namespace, and who waits at them.
 *
 * To add a fact: a line of the enumeration and a row in ipc.c's table.
 */
#ifndef VMCORE_KERNEL_IPC_H
#define VMCORE_KERNEL_IPC_H

#include "kernel/kernel.h"

enum ipc_kind { IPC_SEMAPHORES, IPC_QUEUES, IPC_MEMORY, NR_IPC_KINDS }; /* in the order of ipc_namespace.ids */

enum ipc_fact {
	IPC_ID, IPC_KEY, IPC_UID, IPC_GID, IPC_CUID, IPC_CGID, IPC_MODE,
	IPC_CTIME,				/* seconds since 1970, as all of them; 0 = never */
	IPC_COUNT,				/* semaphores of the set, messages in the queue, attachments of the memory */
	IPC_BYTES,				/* of the memory; in the queue */
	IPC_MAX_BYTES,				/* of the queue */
	IPC_LAST_TIME,				/* semop(), msgsnd(), shmat() */
	IPC_OTHER_TIME,				/* msgrcv(), shmdt() */
	IPC_PID,				/* who made the memory; who sent last */
	IPC_LAST_PID,				/* who attached or detached last; who received last */
	IPC_FILE,				/* struct file of the memory */
	IPC_INODE, IPC_RESIDENT, IPC_SWAPPED,	/* of it; bytes */
	NR_IPC_FACTS
};

struct ipc_object {
	enum ipc_kind kind;
	uint64_t address;
	uint64_t facts[NR_IPC_FACTS];
	uint32_t known;		/* bit per enum ipc_fact */
	struct error damage;	/* ERROR_NONE, or why one that there should be is not known: the first reason */
};

static inline bool ipc_knows(const struct ipc_object *object, enum ipc_fact fact)
{
	return object->known >> fact & 1;
}

/* The initial namespace, or that of the task_struct at TASK if it is not 0. */
bool ipc_namespace_find(struct kernel *kernel, uint64_t task, uint64_t *address_ret, struct error *error);
/* All of one kind in the namespace at ADDRESS, by number; *counted_ret: how many the kernel says there are. As xarray_for_each(). */
bool ipc_for_each(struct kernel *kernel, uint64_t address, enum ipc_kind kind, uint64_t *counted_ret,
		  bool (*callback)(void *context, const struct ipc_object *object, struct error *error), void *context, struct error *error);

struct ipc_semaphore {
	uint64_t number;
	int64_t value;
	uint64_t pid;		/* who changed it last; 0 = nobody */
};
/* Each semaphore of a set. */
bool ipc_semaphores_for_each(struct kernel *kernel, const struct ipc_object *object,
			     bool (*callback)(void *context, const struct ipc_semaphore *semaphore, struct error *error), void *context,
			     struct error *error);

struct ipc_message {
	uint64_t address, size;
	int64_t type;
};
/* Each message in a queue, the first that would be received first. */
bool ipc_messages_for_each(struct kernel *kernel, const struct ipc_object *object,
			   bool (*callback)(void *context, const struct ipc_message *message, struct error *error), void *context,
			   struct error *error);

enum ipc_wait { IPC_SEMOP, IPC_RECEIVE, IPC_SEND };

struct ipc_waiter {
	enum ipc_wait wait;
	uint64_t task;		/* task_struct */
	uint64_t semaphore;	/* the operation that cannot be done: of which semaphore, and what is added to it */
	int64_t operation;
	bool operation_known;
	int64_t type;		/* the message that is wanted */
	uint64_t size;		/* of the one that is to be sent */
};
/* Who waits at a set of semaphores or a queue. */
bool ipc_waiters_for_each(struct kernel *kernel, const struct ipc_object *object,
			  bool (*callback)(void *context, const struct ipc_waiter *waiter, struct error *error), void *context,
			  struct error *error);

#endif
