// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/lockups.h"

#include "kernel/tasks/task.h"

#define NEED_RESCHED 0x80000000u

/* Where the count is, per CPU: the first of these that the kernel has. Else it is the task's. */
static const struct place {
	const char *symbol;	/* a per-CPU variable */
	const char *type;	/* its type, or NULL: it is the count itself */
	const char *member;
	bool pointers;		/* an array of pointers by CPU instead */
} places[] = {
	{ "__preempt_count", NULL, NULL, false },
	{ "pcpu_hot", "pcpu_hot", "preempt_count", false },
	{ "lowcore_ptr", "lowcore", "preempt_count", true },
};

/* A variable at ADDRESS of a known size; of one that kallsyms alone has, the low half, which the other half never makes wrong. */
static bool read_number(struct kernel *kernel, const struct symbol *symbol, uint64_t address, uint64_t *value_ret, struct error *error)
{
	if (!symbol->size_inferred && (symbol->size == 4 || symbol->size == 8))
		return memory_read_uint(kernel->memory, address, symbol->size, value_ret, error);
	if (symbol->size_inferred && symbol->size >= 4 && !kernel->arch->big_endian)
		return memory_read_uint(kernel->memory, address, 4, value_ret, error);
	return error_set(error, ERROR_UNSUPPORTED, "the size of %s is not known", symbol->name);
}

static void keep_first(struct error *damage, const struct error *why)
{
	if (damage->kind == ERROR_NONE)
		*damage = *why;
}

/* SIZE 0: as large as the symbol is. False where the kernel has none of this name, or it cannot be read, which DAMAGE then says. */
static bool read_per_cpu(struct kernel *kernel, const char *name, unsigned cpu, size_t size, uint64_t *value_ret, struct error *damage)
{
	const struct symbol *symbol = symtab_find(kernel->symbols, name);
	struct error why = { 0 };
	uint64_t address;

	if (!symbol)
		return false;
	if (kernel_per_cpu(kernel, name, cpu, &address, &why) && (size ? memory_read_uint(kernel->memory, address, size, value_ret, &why)
									: read_number(kernel, symbol, address, value_ret, &why)))
		return true;
	keep_first(damage, &why);
	return false;
}

static bool read_global(struct kernel *kernel, const char *name, size_t size, uint64_t *value_ret, struct error *damage)
{
	struct error why = { 0 };

	if (!symtab_find(kernel->symbols, name))
		return false;
	if (kernel_read_variable(kernel, name, size, value_ret, &why))
		return true;
	keep_first(damage, &why);
	return false;
}

void lockup_limits(struct kernel *kernel, struct lockup_limits *limits)
{
	*limits = (struct lockup_limits){ .exists = symtab_find(kernel->symbols, "watchdog_touch_ts") };
	limits->threshold_known = read_global(kernel, "watchdog_thresh", 4, &limits->threshold, &limits->damage);
	limits->enabled_known = read_global(kernel, "watchdog_enabled", kernel->arch->pointer_size, &limits->enabled, &limits->damage);
}

void lockup_state(struct kernel *kernel, unsigned cpu, struct lockup_state *state)
{
	size_t word = kernel->arch->pointer_size;

	*state = (struct lockup_state){ 0 };
	state->touch_known = read_per_cpu(kernel, "watchdog_touch_ts", cpu, word, &state->touch, &state->damage);
	state->report_known = read_per_cpu(kernel, "watchdog_report_ts", cpu, word, &state->report, &state->damage);
	state->ticks_known = read_per_cpu(kernel, "hrtimer_interrupts", cpu, 0, &state->ticks, &state->damage);
	state->checked_known = read_per_cpu(kernel, "hrtimer_interrupts_saved", cpu, 0, &state->checked, &state->damage);
}

/* PREEMPT_BITS 8, SOFTIRQ_BITS 8 of which the lowest is "serving", HARDIRQ_BITS 4, NMI_BITS 4 (1 in kernels before 5.8). */
void preempt_count_decode(uint64_t value, struct preempt_count *count_ret)
{
	uint64_t raw = value & 0xffffffff & ~(uint64_t)NEED_RESCHED;

	*count_ret = (struct preempt_count){
		.raw = raw,
		.preempt = raw & 0xff,
		.softirq = raw >> 8 & 1,
		.bh_off = raw >> 9 & 0x7f,
		.hardirq = raw >> 16 & 0xf,
		.nmi = raw >> 20 & 0xf,
		.other = raw >> 24,
	};
}

/* The task's own: in its task_struct, or in the thread_info at the end of its stack. */
static bool task_count(struct kernel *kernel, const struct cpu *cpu, uint64_t *value_ret, struct error *error)
{
	static const char *const members[] = { "thread_info.preempt.count", "thread_info.preempt_count" };
	const struct task *task;

	if (!cpu->task)
		return cpu_task_reason(kernel, cpu, error);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (types_has_member(kernel->types, "task_struct", members[i]))
			return kernel_read_member(kernel, cpu->task, "task_struct", members[i], value_ret, error);
	if (!types_has_member(kernel->types, "thread_info", "preempt_count"))
		return error_set(error, ERROR_NO_MEMBER, "where this kernel keeps the preempt count is not known");
	task = task_find_address(kernel, cpu->task);
	if (!task || !task_knows(task, TASK_STACK))
		return error_set(error, ERROR_CORRUPT, "the stack of the task at 0x%llx is not known", (unsigned long long)cpu->task);
	return kernel_read_member(kernel, task->stack, "thread_info", "preempt_count", value_ret, error);
}

bool cpu_preempt_count(struct kernel *kernel, const struct cpu *cpu, struct preempt_count *count_ret, struct error *error)
{
	uint64_t address, value;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct place *place = &places[i];
		const struct symbol *symbol = symtab_find(kernel->symbols, place->symbol);

		if (!symbol || (place->type && !types_has_member(kernel->types, place->type, place->member)))
			continue;
		if (place->pointers ? !kernel_read_pointer(kernel, symbol->address + (uint64_t)cpu->number * kernel->arch->pointer_size, &address, error)
				    : !kernel_per_cpu(kernel, place->symbol, cpu->number, &address, error))
			return false;
		if (place->type ? !kernel_read_member(kernel, address, place->type, place->member, &value, error)
				: !memory_read_uint(kernel->memory, address, 4, &value, error))
			return false;
		preempt_count_decode(value, count_ret);
		return true;
	}
	if (!task_count(kernel, cpu, &value, error))
		return false;
	preempt_count_decode(value, count_ret);
	return true;
}
