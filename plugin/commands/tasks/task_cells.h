/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line that names a task, the same in every command:
 *	PID: 1234     TASK: ffff888003c8a000  CPU: 2    COMMAND: "bash"
 * A shape starts its columns with TASK_COLUMNS, a row begins with task_cells(); own columns are
 *numbered from TASK_CELLS on.
 */
#ifndef VMCORE_COMMANDS_TASK_CELLS_H
#define VMCORE_COMMANDS_TASK_CELLS_H

#include "commands/output.h"

struct task;

#define TASK_COLUMNS \
	{ "pid", "PID: %", 7, COLUMN_LEFT }, \
	{ "task", "TASK: %", 16, COLUMN_ADDRESS }, \
	{ "cpu", "CPU: %", 3, COLUMN_LEFT }, \
	{ "comm", "COMMAND: \"%\"", 0, COLUMN_LEFT }
#define TASK_CELLS 4

/* The cells themselves, in a row that is open. */
bool task_cells(struct output *output, const struct task *task);
/* The same for a CPU whose task is not known: but for its number they stay empty. */
bool task_cells_cpu(struct output *output, unsigned cpu);

#endif
