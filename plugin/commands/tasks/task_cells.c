// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/tasks/task_cells.h"

#include <string.h>

#include "kernel/tasks/task.h"

bool task_cells(struct output *output, const struct task *task)
{
	return output_uint(output, 0, task->pid) && output_address(output, 1, task->address) &&
	       output_uint(output, 2, task->cpu) &&
	       output_bytes(output, 3, task->comm, strnlen(task->comm, sizeof(task->comm)));
}

bool task_cells_cpu(struct output *output, unsigned cpu)
{
	return output_uint(output, 2, cpu);
}
