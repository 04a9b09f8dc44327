/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Other ways to tasks than the lists from init_task, for when those break off, and to their pids. Private to task.c.
 *
 * To add one: a function here with this contract, and a line in other_ways() in task.c, which says how many it found.
 */
#ifndef VMCORE_KERNEL_TASK_WAYS_H
#define VMCORE_KERNEL_TASK_WAYS_H

#include "kernel/tasks/task_read.h"

/* Takes a task that may be one: false = stop, with *error set (no memory, interrupted). What cannot be one it passes over. */
typedef bool task_taker(void *context, uint64_t address, uint32_t pid, struct error *error);

/* Every pid of the initial namespace: init_pid_ns.idr, since 4.15 (95846ecf9dac). PID is what the IDR has it under. */
bool task_ways_pids(struct kernel *kernel, task_taker *taker, void *context, struct error *error);
/*
 * Where the task at ADDRESS leads to: the lists it is on, its parent, children and leader. A neighbour on a list must point back, since
 * a list's head lies in a structure of another kind. PID is 0: not known.
 */
bool task_ways_links(struct task_reader *reader, uint64_t address, task_taker *taker, void *context,
		     struct error *error);

/*
 * Where a task's pid, tgid and leader contradict each other: what the struct pids say that point back to it and to its leader, with a
 * sentence in task->damage. Where those cannot be read either, it stays as it is. task_pid.c.
 */
void task_correct_pid(struct kernel *kernel, struct task *task);

#endif
