/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One task_struct into one struct task. Private to task.c.
 *
 * A task_struct is 9 KiB over three pages and there may be 30,000 of them, so the members wanted
 * are resolved once, put into a few spans, and each task costs one memory read per span. To have
 * one more member: a field in struct task (or task_links) and a row in the table in task_read.c.
 */
#ifndef VMCORE_KERNEL_TASK_READ_H
#define VMCORE_KERNEL_TASK_READ_H

#include "kernel/tasks/task.h"

#define TASK_MAX_FIELDS 40

/* Where a task leads to: raw list pointers (addresses of list_heads), 0 = not known. */
struct task_links {
	uint64_t next, prev;			/* tasks */
	uint64_t thread_next, thread_prev;	/* thread_node */
	uint64_t sibling_next, sibling_prev;	/* sibling: a list that its parent heads with `children` */
	uint64_t children_next;
	uint64_t signal;
};

struct task_span {
	uint64_t start, end;		/* offsets in task_struct */
};

struct task_reader {
	struct kernel *kernel;
	struct member members[TASK_MAX_FIELDS];
	uint64_t present;		/* bit I: members[I] exists in this kernel */
	struct task_span spans[TASK_MAX_FIELDS];
	size_t nr_spans;
	uint8_t *image;			/* a task_struct's start; only the spans are filled in */
	size_t image_size;
	uint64_t tasks_offset, thread_node_offset;	/* in task_struct */
	uint64_t sibling_offset, children_offset;	/* the same; 0 = not known */
	uint64_t thread_head_offset;			/* in signal_struct */
	bool cpu_on_stack;		/* thread_info lies at the bottom of the task's stack, its CPU at: */
	struct member stack_cpu;
	uint64_t cputime_unit;		/* ns of a unit of utime and stime; 0 = not known */
};

bool task_reader_open(struct task_reader *reader, struct kernel *kernel, struct error *error);
void task_reader_close(struct task_reader *reader);
/*
 * Reads the task at ADDRESS. What cannot be read stays 0, is not among task->known and is named in task->damage; false if its
 * pid or its links are not there, which means that there is no task to speak of.
 */
bool task_read(struct task_reader *reader, uint64_t address, struct task *task,
	       struct task_links *links, struct error *error);
/* One more sentence of what is wrong with the task; if there is no memory for that, none. */
void task_add_damage(struct task *task, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
