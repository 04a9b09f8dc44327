// SPDX-License-Identifier: GPL-3.0-or-later
#include "commands/tasks/task_cells.h"

#include <string.h>

#include "kernel/tasks/task.h"

bool task_comm_cell(struct output *output, size_t column, const struct task *task)
{
	return !task_knows(task, TASK_COMM) ||
	       output_bytes(output, column, task->comm, strnlen(task->comm, sizeof(task->comm)));
}

bool task_cpu_cell(struct output *output, size_t column, const struct task *task)
{
	return !task_knows(task, TASK_CPU) || output_uint(output, column, task->cpu);
}

bool task_state_cell(struct kernel *kernel, struct output *output, size_t column, const struct task *task)
{
	return !task_state_known(task) || output_string(output, column, task_state_letters(kernel, task));
}

bool task_state_name_cell(struct kernel *kernel, struct output *output, size_t column, const struct task *task)
{
	/* Whether it was running or about to is known only with the CPUs. */
	return !task_state_known(task) || (!task->state && !task->exit_state && !task_knows(task, TASK_ON_CPU)) ||
	       output_string(output, column, task_state_name(kernel, task));
}

bool task_cells(struct output *output, const struct task *task)
{
	return output_uint(output, 0, task->pid) && output_address(output, 1, task->address) &&
	       task_cpu_cell(output, 2, task) && task_comm_cell(output, 3, task);
}

void task_damage_notes(struct output *output, const struct task *const *tasks, size_t count)
{
	const struct task *first = NULL;
	size_t damaged = 0;

	for (size_t i = 0; i < count; i++) {
		if (!tasks[i]->damage)
			continue;
		if (!damaged++)
			first = tasks[i];
	}
	if (damaged == 1)
		output_note(output, "PID %u: %s", first->pid, first->damage);
	else if (damaged)
		output_note(output, "of %zu tasks a part is damaged or not known; PID %u: %s", damaged, first->pid, first->damage);
}

bool task_cells_cpu(struct output *output, unsigned cpu)
{
	return output_uint(output, 2, cpu);
}
