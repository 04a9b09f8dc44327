// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/cpu_stacks.h"

#include <stdlib.h>

#include "kernel/tasks/cpu.h"
#include "kernel/tasks/task.h"

/* What is at the address that a row leads to. */
enum kind {
	LOWEST,		/* a pointer to the stack's lowest address */
	TOP,		/* a pointer to its end, or to its last word (x86_64 from 5.12, 951c2a51ae75) */
	INSIDE,		/* a pointer into the stack, which is aligned by its size */
	MEMORY,		/* the stack itself */
};

/*
 * Each CPU's, in variables of its own, or in a structure of such a variable. In pcpu_hot from 6.2 to 6.14. WITH and WITHOUT, NULL or a
 * per-CPU symbol or member of the same structure, tell apart what has one name and another meaning.
 */
struct row {
	const char *name;
	const char *symbol;
	const char *type, *member;	/* NULL = the variable is it */
	const char *with, *without;
	enum kind kind;
	uint64_t size;			/* 0 = as a task's */
};

static const struct row rows[] = {
	/* i386, which has a second one for softirqs */
	{ "IRQ", "hardirq_stack_ptr", NULL, NULL, "softirq_stack_ptr", NULL, LOWEST, 0 },
	{ "softirq", "softirq_stack_ptr", NULL, NULL, NULL, NULL, LOWEST, 0 },
	{ "IRQ", "pcpu_hot", "pcpu_hot", "hardirq_stack_ptr", "softirq_stack_ptr", NULL, LOWEST, 0 },
	{ "softirq", "pcpu_hot", "pcpu_hot", "softirq_stack_ptr", NULL, NULL, LOWEST, 0 },
	{ "IRQ", "hardirq_stack", NULL, NULL, "softirq_stack", NULL, LOWEST, 0 },		/* to 5.1 */
	{ "softirq", "softirq_stack", NULL, NULL, "hardirq_stack", NULL, LOWEST, 0 },
	/* x86_64 */
	{ "IRQ", "hardirq_stack_ptr", NULL, NULL, NULL, "softirq_stack_ptr", TOP, 0 },
	{ "IRQ", "pcpu_hot", "pcpu_hot", "hardirq_stack_ptr", NULL, "softirq_stack_ptr", TOP, 0 },
	{ "IRQ", "irq_stack_union", NULL, NULL, NULL, NULL, MEMORY, 0 },			/* to 5.1 */
	/* arm64 */
	{ "IRQ", "irq_stack_ptr", NULL, NULL, NULL, "irq_stack_union", LOWEST, 0 },
	{ "overflow", "overflow_stack", NULL, NULL, NULL, NULL, MEMORY, 4096 },
	{ "SDEI", "sdei_stack_normal_ptr", NULL, NULL, NULL, NULL, LOWEST, 0 },
	{ "critical SDEI", "sdei_stack_critical_ptr", NULL, NULL, NULL, NULL, LOWEST, 0 },
};

/* x86_64's for exceptions, from 5.2 (019b17b3ffe4) in the structure that a per-CPU pointer leads to. */
static const struct {
	const char *name, *member;
} exceptions[] = {
	{ "double fault", "DF_stack" }, { "NMI", "NMI_stack" }, { "debug", "DB_stack" }, { "machine check", "MCE_stack" },
	{ "VC exception", "VC_stack" }, { "VC2 exception", "VC2_stack" },
};

/* s390x's, in each CPU's lowcore. */
static const struct {
	const char *name, *member;
} lowcore[] = {
	{ "IRQ", "async_stack" }, { "NODAT", "nodat_stack" }, { "machine check", "mcck_stack" }, { "restart", "restart_stack" },
	{ "panic", "panic_stack" },
};

#define MAX_PER_CPU 16
#define MAX_SIZE (1024 * 1024)

struct collection {
	struct kernel *kernel;
	struct cpu_stacks *stacks;
	uint64_t task_size;
	unsigned cpu;
	size_t first;		/* of this CPU */
};

static void lost(struct collection *collection, const char *name, const struct error *why)
{
	struct cpu_stacks *stacks = collection->stacks;

	if (stacks->damage.kind == ERROR_NONE)
		error_set(&stacks->damage, why->kind, "where the %s stack of CPU %u is: %s", name, collection->cpu, why->text);
}

static void add(struct collection *collection, const char *name, uint64_t start, uint64_t size)
{
	struct kernel *kernel = collection->kernel;
	struct cpu_stacks *stacks = collection->stacks;
	struct error why;

	if (!start)
		return;		/* this CPU was never given one */
	if (stacks->count - collection->first >= MAX_PER_CPU || !size || size > MAX_SIZE || start % kernel->arch->pointer_size ||
	    start > UINT64_MAX - size || !kernel->arch->is_kernel_address(kernel->memory, start) ||
	    !kernel->arch->is_kernel_address(kernel->memory, start + size - 1)) {
		error_set(&why, ERROR_CORRUPT, "0x%llx is no stack", (unsigned long long)start);
		lost(collection, name, &why);
		return;
	}
	stacks->stacks[stacks->count++] = (struct cpu_stack){ name, collection->cpu, start, start + size };
}

static void add_pointer(struct collection *collection, const char *name, uint64_t at, enum kind kind, uint64_t size)
{
	struct kernel *kernel = collection->kernel;
	struct error why;
	uint64_t value;

	if (kind == MEMORY) {
		add(collection, name, at, size);
		return;
	}
	if (!kernel_read_pointer(kernel, at, &value, &why)) {
		lost(collection, name, &why);
		return;
	}
	if (kind == INSIDE && value)
		value &= ~(size - 1);
	else if (kind == TOP && value)
		value = ((value + 2 * kernel->arch->pointer_size - 1) & -(2 * (uint64_t)kernel->arch->pointer_size)) - size;
	add(collection, name, value, size);
}

static bool exists(struct kernel *kernel, const struct row *row, const char *name)
{
	return row->type ? types_has_member(kernel->types, row->type, name) : kernel_symbol(kernel, name, &(uint64_t){ 0 }, NULL);
}

static bool applies(struct kernel *kernel, const struct row *row)
{
	return kernel_symbol(kernel, row->symbol, &(uint64_t){ 0 }, NULL) && (!row->type || exists(kernel, row, row->member)) &&
	       (!row->with || exists(kernel, row, row->with)) && (!row->without || !exists(kernel, row, row->without));
}

static void add_row(struct collection *collection, const struct row *row)
{
	struct kernel *kernel = collection->kernel;
	struct member member = { 0 };
	struct error why;
	uint64_t at;

	if (!applies(kernel, row))
		return;
	if (!kernel_per_cpu(kernel, row->symbol, collection->cpu, &at, &why) ||
	    (row->type && !types_member(kernel->types, row->type, row->member, &member, &why)))
		lost(collection, row->name, &why);
	else
		add_pointer(collection, row->name, at + member.offset, row->kind, row->size ? row->size : collection->task_size);
}

static void add_exceptions(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;
	struct cpu_stacks *stacks = collection->stacks;
	struct member member;
	struct error why;
	uint64_t at, base;

	if (!kernel_symbol(kernel, "cea_exception_stacks", &at, NULL)) {
		if (kernel_symbol(kernel, "orig_ist", &at, NULL))	/* before 5.2 */
			stacks->exceptions_untold = true;
		return;
	}
	if (!kernel_per_cpu(kernel, "cea_exception_stacks", collection->cpu, &at, &why) || !kernel_read_pointer(kernel, at, &base, &why)) {
		lost(collection, "exception", &why);
		return;
	}
	for (size_t i = 0; base && i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (types_member(kernel->types, "cea_exception_stacks", exceptions[i].member, &member, NULL))
			add(collection, exceptions[i].name, base + member.offset, member.size);
}

static void add_lowcore(struct collection *collection)
{
	struct kernel *kernel = collection->kernel;
	struct member member;
	struct error why;
	uint64_t at, base;

	if (!kernel_symbol(kernel, "lowcore_ptr", &at, NULL))
		return;
	if (!kernel_read_pointer(kernel, at + (uint64_t)collection->cpu * kernel->arch->pointer_size, &base, &why)) {
		lost(collection, "IRQ", &why);
		return;
	}
	for (size_t i = 0; base && i < sizeof(lowcore) / sizeof(lowcore[0]); i++)
		if (types_member(kernel->types, "lowcore", lowcore[i].member, &member, NULL))
			add_pointer(collection, lowcore[i].name, base + member.offset, INSIDE, collection->task_size);
}

static void free_stacks(void *value)
{
	struct cpu_stacks *stacks = value;

	free(stacks->stacks);
	free(stacks);
}

static const struct kernel_slot slot = { .free = free_stacks };

bool cpu_stacks_get(struct kernel *kernel, const struct cpu_stacks **stacks_ret, struct error *error)
{
	struct cpu_stacks *stacks = kernel_kept(kernel, &slot);
	struct collection collection = { .kernel = kernel, .task_size = task_stack_size(kernel) };

	*stacks_ret = stacks;
	if (stacks)
		return true;
	stacks = calloc(1, sizeof(*stacks));
	if (stacks)
		stacks->stacks = calloc(kernel->nr_cpus * MAX_PER_CPU + 1, sizeof(*stacks->stacks));
	if (!stacks || !stacks->stacks) {
		free(stacks);
		return error_no_memory(error, "the CPUs' stacks", kernel->nr_cpus);
	}
	collection.stacks = stacks;
	for (size_t i = 0; i < kernel->nr_cpus; i++) {
		collection.cpu = kernel->cpus[i].number;
		collection.first = stacks->count;
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			add_row(&collection, &rows[j]);
		add_exceptions(&collection);
		add_lowcore(&collection);
	}
	*stacks_ret = stacks;
	return kernel_keep(kernel, &slot, stacks, error);
}

const struct cpu_stack *cpu_stack_at(struct kernel *kernel, uint64_t address)
{
	const struct cpu_stacks *stacks;

	if (!cpu_stacks_get(kernel, &stacks, NULL))
		return NULL;
	for (size_t i = 0; i < stacks->count; i++)
		if (address >= stacks->stacks[i].start && address < stacks->stacks[i].end)
			return &stacks->stacks[i];
	return NULL;
}
