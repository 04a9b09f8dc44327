// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/irqs.h"

#include <string.h>

#include "kernel/containers.h"

#define MAX_STATIC (1u << 20)

struct walk {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct irq *irq, struct error *error);
	void *context;
};

static void lose(struct irq *irq, const struct error *why)
{
	if (irq->damage.kind == ERROR_NONE)
		irq->damage = *why;
}

/* False: it is not known. */
static bool read_number(struct kernel *kernel, struct irq *irq, const char *path, uint64_t *value_ret)
{
	struct error why = { 0 };

	if (kernel_read_member(kernel, irq->address, "irq_desc", path, value_ret, &why))
		return true;
	lose(irq, &why);
	return false;
}

/* The text that the pointer at ADDRESS leads to; a null pointer is none. */
static void text_of(struct kernel *kernel, struct irq *irq, uint64_t address, char *text)
{
	struct error why = { 0 };

	if (address && !memory_read_string(kernel->memory, address, text, IRQ_NAME, &why)) {
		*text = 0;
		lose(irq, &why);
	}
}

static void read_chip(struct kernel *kernel, struct irq *irq)
{
	struct error why = { 0 };
	uint64_t name;

	if (!read_number(kernel, irq, "irq_data.chip", &irq->chip) || !irq->chip)
		return;
	if (kernel_read_member(kernel, irq->chip, "irq_chip", "name", &name, &why))
		text_of(kernel, irq, name, irq->chip_name);
	else
		lose(irq, &why);
}

static bool one_irq(struct walk *walk, uint64_t number, uint64_t address, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	struct irq irq = { .number = number, .address = address };
	uint64_t name;

	if (!kernel_check_interrupt(kernel, error))
		return false;
	read_chip(kernel, &irq);
	irq.hwirq_known = types_has_member(kernel->types, "irq_data", "domain") && read_number(kernel, &irq, "irq_data.domain", &irq.domain) &&
			  irq.domain && read_number(kernel, &irq, "irq_data.hwirq", &irq.hwirq);
	irq.action_known = read_number(kernel, &irq, "action", &irq.action);
	irq.handler_known = read_number(kernel, &irq, "handle_irq", &irq.handler);
	if (read_number(kernel, &irq, "name", &name))
		text_of(kernel, &irq, name, irq.flow);
	return walk->callback(walk->context, &irq, error);
}

static bool in_xarray(void *context, uint64_t index, uint64_t entry, struct error *error)
{
	return one_irq(context, index, entry, error);
}

static bool in_maple(void *context, uint64_t first, uint64_t last, uint64_t entry, struct error *error)
{
	(void)last;
	return one_irq(context, first, entry, error);
}

/* An array of them, where a kernel is not SPARSE_IRQ. */
static bool in_array(struct walk *walk, const struct symbol *symbol, struct error *error)
{
	uint64_t size, count;

	if (!types_size(walk->kernel->types, "irq_desc", &size, error))
		return false;
	count = size ? symbol->size / size : 0;
	for (uint64_t i = 0; i < count && i < MAX_STATIC; i++)
		if (!one_irq(walk, i, symbol->address + i * size, error))
			return false;
	return true;
}

bool irq_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct irq *irq, struct error *error), void *context,
		  struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context };
	const struct symbol *symbol;

	/* A maple tree since 6.5 (721255b9826b), before that a radix tree or an xarray, which are walked alike. */
	if ((symbol = symtab_find(kernel->symbols, "sparse_irqs")))
		return maple_for_each(kernel, symbol->address, in_maple, &walk, error);
	if ((symbol = symtab_find(kernel->symbols, "irq_desc_tree")))
		return xarray_for_each(kernel, symbol->address, in_xarray, &walk, error);
	if ((symbol = symtab_find(kernel->symbols, "irq_desc")))
		return in_array(&walk, symbol, error);
	return error_set(error, ERROR_NO_SYMBOL, "the kernel's symbols have none of sparse_irqs, irq_desc_tree and irq_desc: its interrupts are not known");
}

static bool one_action(struct kernel *kernel, struct irq_action *action, uint64_t *next_ret, struct error *error)
{
	uint64_t name;

	if (!kernel_read_member(kernel, action->address, "irqaction", "handler", &action->handler, error) ||
	    !kernel_read_member(kernel, action->address, "irqaction", "thread_fn", &action->thread_fn, error) ||
	    !kernel_read_member(kernel, action->address, "irqaction", "thread", &action->thread, error) ||
	    !kernel_read_member(kernel, action->address, "irqaction", "dev_id", &action->device, error) ||
	    !kernel_read_member(kernel, action->address, "irqaction", "flags", &action->flags, error) ||
	    !kernel_read_member(kernel, action->address, "irqaction", "name", &name, error) ||
	    !kernel_read_member(kernel, action->address, "irqaction", "next", next_ret, error))
		return false;
	return !name || memory_read_string(kernel->memory, name, action->name, sizeof(action->name), error);
}

bool irq_action_for_each(struct kernel *kernel, const struct irq *irq,
			 bool (*callback)(void *context, const struct irq_action *action, struct error *error), void *context,
			 struct error *error)
{
	uint64_t next = irq->action;

	for (unsigned i = 0; next; i++) {
		struct irq_action action = { .address = next };

		if (i == IRQ_MAX_ACTIONS)
			return error_set(error, ERROR_CORRUPT, "interrupt %llu has more than %d handlers: their list is damaged",
					 (unsigned long long)irq->number, IRQ_MAX_ACTIONS);
		if (!one_action(kernel, &action, &next, error))
			return error_prefix(error, "the handlers of interrupt %llu", (unsigned long long)irq->number);
		if (!callback(context, &action, error))
			return false;
	}
	return true;
}

bool irq_count(struct kernel *kernel, const struct irq *irq, unsigned cpu, uint64_t *count_ret, struct error *error)
{
	struct member member;
	uint64_t pointer, address;

	if (!types_member(kernel->types, "irq_desc", "kstat_irqs", &member, error) ||
	    !kernel_read_field(kernel, irq->address, &member, &pointer, error) ||
	    !kernel_per_cpu_pointer(kernel, pointer, cpu, &address, error))
		return false;
	/* A structure since 6.10 (86d2a2f51fba) */
	if (!strcmp(member.type_name, "irqstat"))
		return kernel_read_member(kernel, address, "irqstat", "cnt", count_ret, error);
	return memory_read_uint(kernel->memory, address, 4, count_ret, error);
}

/* The bits of the cpumask_var_t that irq_desc.PATH is: a pointer where CPUMASK_OFFSTACK is set. */
static bool mask_address(struct kernel *kernel, const struct irq *irq, const char *path, uint64_t *address_ret, struct error *error)
{
	struct member member;

	if (!types_member(kernel->types, "irq_desc", path, &member, error))
		return false;
	if (member.kind == TYPE_POINTER)
		return kernel_read_field(kernel, irq->address, &member, address_ret, error);
	*address_ret = irq->address + member.offset;
	return true;
}

bool irq_affinity(struct kernel *kernel, const struct irq *irq, bool effective, struct buffer *text, struct error *error)
{
	/* In irq_data until 4.3 (9df872faa7e1) */
	const char *path = effective ? "irq_common_data.effective_affinity"
				     : types_has_member(kernel->types, "irq_desc", "irq_common_data.affinity") ? "irq_common_data.affinity"
													       : "irq_data.affinity";
	unsigned first = 0, cpu;
	bool before = false, set;
	uint64_t mask;

	if (!mask_address(kernel, irq, path, &mask, error))
		return false;
	for (cpu = 0; cpu <= kernel->nr_cpu_ids; cpu++, before = set) {
		set = false;
		if (cpu < kernel->nr_cpu_ids && !kernel_test_bit(kernel, mask, cpu, &set, error))
			return false;
		if (set && !before)
			first = cpu;
		if (set || !before)
			continue;
		buffer_printf(text, "%s%u", text->size ? "," : "", first);
		if (cpu - 1 > first)
			buffer_printf(text, "-%u", cpu - 1);
	}
	return true;
}
