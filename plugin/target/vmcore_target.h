/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A struct kernel as what gdb connects to: the target_ops over CPUs, tasks and the dump's memory.
 *
 *	vmcore_target_new(kernel, SIZE_MAX, &target, error);
 *	server = server_start(&vmcore_target_ops, target, path, sizeof(path), error);
 *	... gdb.execute("target remote PATH") ...
 *	server_stop(server);
 *	vmcore_target_free(target);
 *
 * The thread list and everything slow is made by vmcore_target_new(), in the caller's thread: gdb
 * waits for a reply only so long (`set remotetimeout`), and Ctrl-C is polled only there.
 *
 * kernel->lock is taken around each packet. A command must not make gdb read memory or registers
 * (evaluate an expression) while it holds that lock: gdb would wait for a reply that waits for the
 * lock. It then gets an error after a moment, not a deadlock.
 */
#ifndef VMCORE_TARGET_VMCORE_TARGET_H
#define VMCORE_TARGET_VMCORE_TARGET_H

#include "kernel/kernel.h"
#include "target/target.h"
#include "target/threads.h"

struct vmcore_target {
	struct kernel *kernel;
	struct threads threads;
	struct buffer xml;		/* of threads */
	struct buffer first_xml;	/* of those that gdb sees while it connects */
	bool connecting;		/* atomic; vmcore_target_set_connecting() */

	/* Of the glue; both optional and called from the server's thread. */
	const char *(*libraries)(void *context, size_t *size_ret);
	void (*disconnected)(void *context);
	void *context;
};

/*
 * KERNEL stays the caller's. MAX_TASKS: how many tasks beside the CPUs become threads, SIZE_MAX =
 * all.
 */
bool vmcore_target_new(struct kernel *kernel, size_t max_tasks, struct vmcore_target **target_ret,
		       struct error *error);
/*
 * Another number of tasks as threads, while gdb is connected: it sees them when it reads the list
 * next. The threads that stay keep their ids. Failed, all is as it was. Not while TARGET is used by
 * another thread: hold kernel->lock.
 */
bool vmcore_target_set_max(struct vmcore_target *target, size_t max_tasks, struct error *error);
/*
 * While gdb connects it sees only the CPUs of a dump with very many threads. It asks for the list twice meanwhile, and compares
 * the second with the first one thread by thread (remote_target::update_thread_list), which takes as long as the rest of attaching
 * for 30,000 tasks. Of a usual one it sees all before it announces the stop: what comes later some front ends take to run.
 */
void vmcore_target_set_connecting(struct vmcore_target *target, bool connecting);
/* After server_stop(). NULL is fine. */
void vmcore_target_free(struct vmcore_target *target);

/*
 * gdb's thread (its ptid's lwp) of a task or CPU, for commands like `kernel thread PID`; 0 = not a
 * thread.
 */
uint64_t vmcore_target_thread_of(const struct vmcore_target *target, uint64_t task_address);
/* And back: NULL = no such thread. */
const struct thread *vmcore_target_thread(struct vmcore_target *target, uint64_t id);

extern const struct target_ops vmcore_target_ops;	/* context: struct vmcore_target */

#endif
