/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The crashed machine's CPUs and tasks as gdb's threads.
 *
 * Order (gdb numbers threads by it, and those numbers are what people type): first every CPU, as
 * the task it was running, then every other task. A task that was running is only its CPU's thread.
 *
 * Ids are stable and tell what they are when gdb prints them in decimal ("Thread 10001234"):
 *	CPU n				1 + n
 *	task with pid p			10,000,000 + p	(PID_MAX_LIMIT is 4,194,304)
 *	idle task of CPU n, not running	20,000,000 + n	(all have pid 0)
 *	anything else			30,000,000 + its place among the tasks: pids that repeat or are no
 *					pids, in damaged memory
 *
 * Where there are more tasks than the person wants as threads, the ones worth a look are taken: see
 * interest() in threads.c.
 *
 * 0 and -1 are the protocol's own. gdb 17 and later show "CPU 0" and "pid 1234" instead (id_str).
 */
#ifndef VMCORE_TARGET_THREADS_H
#define VMCORE_TARGET_THREADS_H

#include "base/buffer.h"
#include "kernel/tasks/cpu.h"
#include "kernel/kernel.h"
#include "kernel/tasks/task.h"

#define THREAD_ID_TASK 10000000ull
#define THREAD_ID_IDLE 20000000ull
#define THREAD_ID_OTHER 30000000ull

struct thread {
	uint64_t id;
	const struct cpu *cpu;		/* NULL = not running */
	const struct task *task;	/* NULL = a CPU whose task is not known */
	struct registers *registers;	/* read on demand, then kept */
	uint64_t user_root;		/* the same, 0 = not read yet */
};

struct threads {
	struct thread *list;
	size_t count;
	uint32_t *by_id;		/* open hash: index + 1 into list, 0 = empty */
	size_t by_id_size;		/* power of two */
	size_t left_out;		/* tasks that are no threads: there were more than wanted */
	char *damage;			/* NULL, or why tasks are missing */
};

/*
 * At most MAX_TASKS tasks beside the CPUs; SIZE_MAX for all. Tasks that cannot be read are
 * `damage`, not an error.
 */
bool threads_load(struct threads *threads, struct kernel *kernel, size_t max_tasks,
		  struct error *error);
void threads_free(struct threads *threads);
struct thread *threads_find(struct threads *threads, uint64_t id);
/*
 * "CPU 0, pid 1234, running (RU), task 0xffff888000000000": what `info threads` shows in
 * parentheses.
 */
void thread_text(struct kernel *kernel, const struct thread *thread, struct buffer *text);
/* The first COUNT of the list as gdb wants it: a single bad byte would lose all of it. */
void threads_xml(struct kernel *kernel, const struct threads *threads, size_t count,
		 struct buffer *xml);
/*
 * Appends TEXT for XML 1.0 and for a terminal: markup escaped, what is no printable UTF-8 as '?'.
 */
void xml_append(struct buffer *xml, const char *text);

#endif
