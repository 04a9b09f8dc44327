// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which task a CPU ran, where its run queue does not say: by the task's own kernel stack, or by the
 * task's mark that it is running (task_struct.on_cpu). Marked as inferred.
 */
#include "kernel/stacks/unwind.h"
#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

#define MAX_FRAMES 64	/* an interrupt's and an exception's stack are shorter */

static bool is_known(const struct task_table *table, uint64_t address)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->tasks[i].address == address)
			return true;
	return false;
}

/* Through interrupt and exception stacks down to a task's. */
static const struct task *by_stack(struct kernel *kernel, const struct task_table *table,
				   const struct registers *registers)
{
	struct frame frames[MAX_FRAMES];
	struct error ignored = { 0 };
	size_t count = 0;

	unwind(kernel, registers, frames, MAX_FRAMES, &count, &ignored);
	for (size_t i = 0; i < count; i++) {
		const struct task *task = frames[i].kind == FRAME_USER ?
						  NULL : task_on_stack(kernel, table, frames[i].sp);

		if (task)
			return task;
		/* What interrupted user space is at the very end of the task's stack. */
		task = frames[i].cfa ? task_on_stack(kernel, table, frames[i].cfa - 1) : NULL;
		if (task)
			return task;
	}
	return NULL;
}

/* The task's own word: is it running? False: that cannot be read. */
static bool is_marked(struct kernel *kernel, uint64_t task, bool *marked_ret)
{
	uint64_t running;

	if (!kernel_read_member(kernel, task, "task_struct", "on_cpu", &running, NULL))
		return false;
	*marked_ret = running != 0;
	return true;
}

/* The one task that is marked as running there; NULL if there is none, or more. */
static const struct task *by_mark(struct kernel *kernel, const struct task_table *table, unsigned cpu)
{
	const struct task *found = NULL;

	for (size_t i = 0; i < table->count; i++) {
		const struct task *task = &table->tasks[i];
		bool running;

		if (task->cpu != cpu || !is_marked(kernel, task->address, &running) || !running)
			continue;
		if (found)
			return NULL;
		found = task;
	}
	return found;
}

/*
 * The task on whose stack the CPU is, if that is marked as running and the one that the run queue names is not. (While tasks are
 * switched the stack is still the last one's, but then both are marked.)
 */
static const struct task *contradicts(struct kernel *kernel, const struct task_table *table, const struct cpu *cpu)
{
	unsigned sp = kernel->arch->sp;
	const struct task *task;
	bool named, found;

	if (cpu->registers_source != CPU_REGISTERS_NOTE || !(cpu->registers.valid >> sp & 1))
		return NULL;
	task = task_on_stack(kernel, table, cpu->registers.value[sp]);
	return task && task->address != cpu->task && is_marked(kernel, cpu->task, &named) &&
	       is_marked(kernel, task->address, &found) && found && !named ? task : NULL;
}

void cpus_infer_tasks(struct kernel *kernel, const struct task_table *table)
{
	for (size_t i = 0; i < kernel->nr_cpus; i++) {
		struct cpu *cpu = &kernel->cpus[i];
		const struct task *task = NULL;

		if (cpu->task && is_known(table, cpu->task)) {
			task = contradicts(kernel, table, cpu);
			if (!task)
				continue;
			cpu->not_running = cpu->task;
		} else if (cpu->registers_source == CPU_REGISTERS_NOTE) {
			task = by_stack(kernel, table, &cpu->registers);
		}
		cpu->inferred_from = "the stack it was on";
		if (!task && !cpu->task) {
			task = by_mark(kernel, table, cpu->number);
			cpu->inferred_from = "the task's mark that it is running there";
		}
		if (task)
			cpu->task = task->address;
		else
			cpu->inferred_from = NULL;
	}
}
