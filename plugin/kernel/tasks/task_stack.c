// SPDX-License-Identifier: GPL-3.0-or-later
/* Where kernel stacks are; task.h has the contract. */
#include "kernel/tasks/task.h"

#define MAX_STACK_SIZE (1024 * 1024)	/* more is damage */

/*
 * The union has it; where the types do not know the union, the linker's marks around the first
 * task's stack do (0500871f21b2; renamed by 8f69cba096b5).
 */
uint64_t task_stack_size(struct kernel *kernel)
{
	uint64_t size, start, end;

	if (types_size(kernel->types, "thread_union", &size, NULL) && size &&
	    size <= MAX_STACK_SIZE)
		return size;
	if ((kernel_symbol(kernel, "__start_init_stack", &start, NULL) &&
	     kernel_symbol(kernel, "__end_init_stack", &end, NULL)) ||
	    (kernel_symbol(kernel, "__start_init_task", &start, NULL) &&
	     kernel_symbol(kernel, "__end_init_task", &end, NULL)))
		if (end > start && end - start <= MAX_STACK_SIZE)
			return end - start;
	return kernel->arch->stack_size;
}

const struct task *task_on_stack(struct kernel *kernel, const struct task_table *table, uint64_t address)
{
	uint64_t size = task_stack_size(kernel);

	for (size_t i = 0; i < table->count; i++)
		if (table->tasks[i].stack && address - table->tasks[i].stack < size)
			return &table->tasks[i];
	return NULL;
}
