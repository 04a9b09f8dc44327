// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/softirqs.h"

/* Where the bits are, per CPU: the first of these that the kernel has. */
static const struct place {
	const char *symbol;	/* a per-CPU variable */
	const char *type;	/* its type, or NULL: it is the mask itself */
	const char *member;
	bool pointers;		/* an array of pointers by CPU instead */
} places[] = {
	{ "__softirq_pending", NULL, NULL, false },
	{ "pcpu_hot", "pcpu_hot", "softirq_pending", false },
	{ "irq_stat", "irq_cpustat_t", "__softirq_pending", false },
	{ "lowcore_ptr", "lowcore", "softirq_pending", true },
};

static bool read_count(struct kernel *kernel, unsigned *count_ret, struct error *error)
{
	struct member counts;

	if (!types_member(kernel->types, "kernel_stat", "softirqs", &counts, error))
		return false;
	if (!counts.count || counts.count > SOFTIRQ_MAX)
		return error_set(error, ERROR_CORRUPT, "kernel_stat.softirqs has %llu entries", (unsigned long long)counts.count);
	*count_ret = counts.count;
	return true;
}

bool softirqs_read(struct kernel *kernel, struct softirqs *softirqs, struct error *error)
{
	const struct symbol *names = symtab_find(kernel->symbols, "softirq_to_name");
	const struct symbol *actions = symtab_find(kernel->symbols, "softirq_vec");
	uint64_t pointer, size;

	*softirqs = (struct softirqs){ 0 };
	if (!read_count(kernel, &softirqs->count, error))
		return false;
	for (unsigned i = 0; i < softirqs->count; i++) {
		struct softirq *item = &softirqs->items[i];
		struct error why = { 0 };

		if (!names)
			error_set(&why, ERROR_NO_SYMBOL, "the kernel's symbols have no softirq_to_name");
		else if (kernel_read_pointer(kernel, names->address + (uint64_t)i * kernel->arch->pointer_size, &pointer, &why) &&
			 !memory_read_string(kernel->memory, pointer, item->name, sizeof(item->name), &why))
			*item->name = '\0';
		if (why.kind == ERROR_NONE && !actions)
			error_set(&why, ERROR_NO_SYMBOL, "the kernel's symbols have no softirq_vec");
		item->function_known = actions && types_size(kernel->types, "softirq_action", &size, &why) &&
				       kernel_read_member(kernel, actions->address + i * size, "softirq_action", "action", &item->function, &why);
		if (softirqs->damage.kind == ERROR_NONE)
			softirqs->damage = why;
	}
	return true;
}

bool softirq_count(struct kernel *kernel, unsigned number, unsigned cpu, uint64_t *count_ret, struct error *error)
{
	struct member counts;
	uint64_t address;

	return types_member(kernel->types, "kernel_stat", "softirqs", &counts, error) && kernel_per_cpu(kernel, "kstat", cpu, &address, error) &&
	       memory_read_uint(kernel->memory, address + counts.offset + number * counts.element_size, counts.element_size, count_ret, error);
}

bool softirq_pending(struct kernel *kernel, unsigned cpu, uint64_t *mask_ret, struct error *error)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct place *place = &places[i];
		const struct symbol *symbol = symtab_find(kernel->symbols, place->symbol);
		uint64_t address;

		if (!symbol || (place->type && !types_has_member(kernel->types, place->type, place->member)))
			continue;
		if (!place->pointers && !kernel_per_cpu(kernel, place->symbol, cpu, &address, error))
			return false;
		if (place->pointers &&
		    !kernel_read_pointer(kernel, symbol->address + (uint64_t)cpu * kernel->arch->pointer_size, &address, error))
			return false;
		if (place->type)
			return kernel_read_member(kernel, address, place->type, place->member, mask_ret, error);
		/* Where there is no more than kallsyms, symbols have no size. */
		return symbol->size == 2 || symbol->size == 4
			       ? memory_read_uint(kernel->memory, address, symbol->size, mask_ret, error)
			       : error_set(error, ERROR_UNSUPPORTED, "%s has a size of %llu bytes", place->symbol, (unsigned long long)symbol->size);
	}
	return error_set(error, ERROR_NO_SYMBOL, "where this kernel keeps its pending soft interrupts is not known");
}

bool softirq_thread(struct kernel *kernel, unsigned cpu, uint64_t *task_ret, struct error *error)
{
	uint64_t address;

	return kernel_per_cpu(kernel, "ksoftirqd", cpu, &address, error) && kernel_read_pointer(kernel, address, task_ret, error);
}
