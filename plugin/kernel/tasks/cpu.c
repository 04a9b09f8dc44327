// SPDX-License-Identifier: GPL-3.0-or-later
/* What each CPU was doing; cpu.h says where that comes from. */
#include "kernel/tasks/cpu.h"

#include <stdlib.h>

#include "kernel/tasks/cpu_internal.h"
#include "kernel/tasks/task.h"

bool cpu_in_mask(struct kernel *kernel, const char *mask, unsigned number, bool *in_ret, struct error *error)
{
	const struct symbol *symbol = kernel_cpu_mask(kernel, mask);

	if (symbol)
		return kernel_test_bit(kernel, symbol->address, number, in_ret, error);
	/* A kernel that was built without SMP has no masks. */
	*in_ret = number == 0;
	return (kernel->nr_cpu_ids == 1 && kernel_names_data(kernel)) || error_set(error, ERROR_CORRUPT, "the kernel has no symbol __cpu_%s_mask", mask);
}

static void read_online(struct collection *collection)
{
	for (unsigned cpu = 0; cpu < collection->kernel->nr_cpu_ids; cpu++) {
		struct cpu *this = &collection->candidates[cpu].cpu;

		this->online_unknown = !cpu_in_mask(collection->kernel, "online", cpu, &this->online, NULL);
		this->online &= !this->online_unknown;
		collection->online_unknown |= this->online_unknown;
	}
	/* Somebody ran the kernel until it ended: a mask that says otherwise says nothing. */
	for (unsigned cpu = 0; cpu < collection->kernel->nr_cpu_ids; cpu++)
		if (collection->candidates[cpu].cpu.online)
			return;
	for (unsigned cpu = 0; cpu < collection->kernel->nr_cpu_ids; cpu++)
		collection->candidates[cpu].cpu.online_unknown = true;
	collection->online_unknown = true;
}

bool cpu_was_offline(struct kernel *kernel, unsigned number)
{
	const struct cpu *cpu = cpu_find(kernel, number);
	bool online;

	return !(cpu && cpu->online_unknown) && cpu_in_mask(kernel, "online", number, &online, NULL) && !online;
}

/* A per-CPU pointer, or one in the per-CPU structure SYMBOL. 0 = not known. */
static uint64_t per_cpu_pointer(struct kernel *kernel, const struct cpu *cpu, const char *symbol,
				const char *type, const char *member)
{
	uint64_t address, value;

	if (!kernel_per_cpu(kernel, symbol, cpu->number, &address, NULL))
		return 0;
	if (type ? kernel_read_member(kernel, address, type, member, &value, NULL) :
		   kernel_read_pointer(kernel, address, &value, NULL))
		return value;
	return 0;
}

/* Does the run queue say itself that it is another CPU's? Then the offset that led to it is wrong. */
static bool is_foreign(struct kernel *kernel, const struct cpu *cpu)
{
	uint64_t queue, number;

	return kernel_per_cpu(kernel, "runqueues", cpu->number, &queue, NULL) &&
	       kernel_read_member(kernel, queue, "rq", "cpu", &number, NULL) && number != cpu->number;
}

static uint64_t plausible(struct kernel *kernel, uint64_t task)
{
	return task % kernel->arch->pointer_size == 0 && kernel->arch->is_kernel_address(kernel->memory, task) ? task : 0;
}

/* The current and the idle task; the kernel has the address of each in two places. */
static void read_tasks(struct kernel *kernel, struct candidate *candidate)
{
	struct cpu *cpu = &candidate->cpu;

	candidate->foreign = is_foreign(kernel, cpu);
	if (candidate->foreign)
		return;
	cpu->task = plausible(kernel, per_cpu_pointer(kernel, cpu, "runqueues", "rq", "curr"));
	/* x86's current; in struct pcpu_hot from e57ef2ed97c1, 6.2, to 6.14. */
	if (!cpu->task)
		cpu->task = plausible(kernel, per_cpu_pointer(kernel, cpu, "current_task", NULL, NULL));
	if (!cpu->task)
		cpu->task = plausible(kernel, per_cpu_pointer(kernel, cpu, "pcpu_hot", "pcpu_hot",
							     "current_task"));
	cpu->idle = plausible(kernel, per_cpu_pointer(kernel, cpu, "runqueues", "rq", "idle"));
	if (!cpu->idle)		/* kernel/smpboot.c */
		cpu->idle = plausible(kernel, per_cpu_pointer(kernel, cpu, "idle_threads", NULL, NULL));
}

/*
 * A CPU that was never started still has what its per-CPU data were made with: current_task is init_task, which the boot CPU
 * runs. Where both were online who is right is not known.
 */
static void give_up_shared_tasks(struct collection *collection)
{
	unsigned count = collection->kernel->nr_cpu_ids;

	for (unsigned i = 0; i < count; i++) {
		struct cpu *cpu = &collection->candidates[i].cpu;

		for (unsigned other = 0; cpu->task && !cpu->online && other < count; other++) {
			const struct cpu *runs_it = &collection->candidates[other].cpu;

			if (other == i || runs_it->task != cpu->task || !runs_it->online)
				continue;
			cpu->not_its = cpu->task;
			cpu->task = 0;
		}
	}
}

/* Stale: where the CPU's current task was last switched out. */
static void registers_from_task(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t at;

	if (!cpu->task || !task_switched_at(kernel, cpu->task, &at, NULL))
		return;
	cpu->registers.valid = 0;
	if (kernel->arch->task_registers(kernel->memory, at, &cpu->registers, NULL))
		cpu->registers_source = CPU_REGISTERS_SAVED;
	else
		cpu->registers.valid = 0;
}

/*
 * panic_cpu: every panic (1717f2096b54, 4.5); crashing_cpu: x86's crash shutdown. Both -1 where
 * nothing happened.
 */
static void find_panicked(struct collection *collection)
{
	static const char *const names[] = { "panic_cpu", "crashing_cpu" };
	struct kernel *kernel = collection->kernel;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t cpu;

		if (kernel_read_variable(kernel, names[i], 4, &cpu, NULL) &&
		    cpu < kernel->nr_cpu_ids) {
			collection->candidates[cpu].cpu.panicked = true;
			return;
		}
	}
}

static bool keep(const struct cpu *cpu)
{
	return cpu->online || cpu->registers_source == CPU_REGISTERS_NOTE || cpu->panicked || (cpu->online_unknown && cpu->task);
}

static bool store(struct collection *collection, struct error *error)
{
	struct kernel *kernel = collection->kernel;
	size_t count = 0;

	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		count += keep(&collection->candidates[cpu].cpu);
	kernel->cpus = calloc(count + 1, sizeof(*kernel->cpus));
	if (!kernel->cpus)
		return error_no_memory(error, "CPUs", count * sizeof(*kernel->cpus));
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++)
		if (keep(&collection->candidates[cpu].cpu))
			kernel->cpus[kernel->nr_cpus++] = collection->candidates[cpu].cpu;
	return true;
}

bool cpus_load(struct kernel *kernel, struct error *error)
{
	struct collection collection = { .kernel = kernel };
	bool done = false;

	collection.candidates = calloc(kernel->nr_cpu_ids + 1, sizeof(*collection.candidates));
	collection.used = calloc(kernel->dump->nr_notes + 1, sizeof(*collection.used));
	if (!collection.candidates || !collection.used) {
		error_no_memory(error, "CPUs", kernel->nr_cpu_ids * sizeof(*collection.candidates));
		goto out;
	}
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		collection.candidates[cpu].cpu.number = cpu;
		read_tasks(kernel, &collection.candidates[cpu]);
	}
	read_online(&collection);
	give_up_shared_tasks(&collection);
	cpu_notes(&collection);
	find_panicked(&collection);
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		struct cpu *this = &collection.candidates[cpu].cpu;

		if (keep(this) && this->registers_source == CPU_REGISTERS_NONE)
			registers_from_task(kernel, this);
	}
	done = store(&collection, error);
out:
	free(collection.candidates);
	free(collection.used);
	return done;
}

void cpus_free(struct kernel *kernel)
{
	free(kernel->cpus);
	kernel->cpus = NULL;
	kernel->nr_cpus = 0;
}

bool cpu_task_reason(struct kernel *kernel, const struct cpu *cpu, struct error *error)
{
	uint64_t queue, value;

	if (cpu->task && !cpu->inferred_from)
		return error_set(error, ERROR_CORRUPT, "its current task, 0x%llx, is not among the known tasks",
				 (unsigned long long)cpu->task);
	if (cpu->not_running)
		return error_set(error, ERROR_CORRUPT, "the run queue names a task that was not running, 0x%llx",
				 (unsigned long long)cpu->not_running);
	if (cpu->not_its)
		return error_set(error, ERROR_CORRUPT,
				 "its current task is not known: it is offline, and what it says, 0x%llx, is another CPU's",
				 (unsigned long long)cpu->not_its);
	if (!kernel_per_cpu(kernel, "runqueues", cpu->number, &queue, error) ||
	    !kernel_read_member(kernel, queue, "rq", "curr", &value, error))
		return error_prefix(error, "its current task is not known");
	return error_set(error, ERROR_CORRUPT,
			 "its current task is not known: what should be its run queue, at 0x%llx, %s",
			 (unsigned long long)queue,
			 is_foreign(kernel, cpu) ? "is not" : "has none");
}

struct cpu *cpu_find(struct kernel *kernel, unsigned number)
{
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (kernel->cpus[i].number == number)
			return &kernel->cpus[i];
	return NULL;
}

struct cpu *cpu_panicked(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->nr_cpus; i++)
		if (kernel->cpus[i].panicked)
			return &kernel->cpus[i];
	return kernel->nr_cpus ? &kernel->cpus[0] : NULL;
}
