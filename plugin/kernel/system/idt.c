// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/system/idt.h"

#define VECTORS 256	/* the machine's */

/*
 * How a kernel describes a gate. Where the descriptor is two words, a and b, the fields are where the hardware has them; Intel SDM,
 * volume 3, "IDT Descriptors".
 */
static const struct layout {
	const char *low, *middle, *high, *type, *level, *present, *stack;
} layouts[] = {
	{ "offset_low", "offset_middle", "offset_high", "bits.type", "bits.dpl", "bits.p", "bits.ist" },
	{ "offset_low", "offset_middle", "offset_high", "type", "dpl", "p", "ist" },
};

static bool read_words(struct kernel *kernel, uint64_t address, struct gate *gate, struct error *error)
{
	uint64_t a, b;

	if (!kernel_read_member(kernel, address, "gate_desc", "a", &a, error) || !kernel_read_member(kernel, address, "gate_desc", "b", &b, error))
		return false;
	gate->handler = (a & 0xffff) | (b & 0xffff0000);
	gate->type = b >> 8 & 0xf;
	gate->level = b >> 13 & 3;
	gate->present = b >> 15 & 1;
	return true;
}

static bool read_fields(struct kernel *kernel, uint64_t address, const struct layout *layout, struct gate *gate, struct error *error)
{
	uint64_t low, middle, high = 0, type, level, present, stack = 0;

	if (!kernel_read_member(kernel, address, "gate_desc", layout->low, &low, error) ||
	    !kernel_read_member(kernel, address, "gate_desc", layout->middle, &middle, error) ||
	    !kernel_read_member(kernel, address, "gate_desc", layout->type, &type, error) ||
	    !kernel_read_member(kernel, address, "gate_desc", layout->level, &level, error) ||
	    !kernel_read_member(kernel, address, "gate_desc", layout->present, &present, error) ||
	    !kernel_read_member(kernel, address, "gate_desc", layout->stack, &stack, error))
		return false;
	/* Only addresses of 64 bits have an upper half. */
	if (types_has_member(kernel->types, "gate_desc", layout->high) &&
	    !kernel_read_member(kernel, address, "gate_desc", layout->high, &high, error))
		return false;
	gate->handler = (low & 0xffff) | (middle & 0xffff) << 16 | (high & 0xffffffff) << 32;
	gate->type = type;
	gate->level = level;
	gate->present = present;
	gate->stack = stack;
	return true;
}

static bool read_gate(struct kernel *kernel, uint64_t address, struct gate *gate)
{
	if (types_has_member(kernel->types, "gate_desc", "a"))
		return read_words(kernel, address, gate, &gate->why);
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (types_has_member(kernel->types, "gate_desc", layouts[i].type))
			return read_fields(kernel, address, &layouts[i], gate, &gate->why);
	return error_set(&gate->why, ERROR_NO_MEMBER, "how this kernel describes a gate (gate_desc) is not known");
}

bool gate_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct gate *gate), void *context, struct error *error)
{
	const struct symbol *table = symtab_find(kernel->symbols, "idt_table");
	uint64_t size;

	if (!table)
		return error_set(error, ERROR_NO_SYMBOL, kernel_names_data(kernel) ? "this machine has no table of gates (idt_table)"
									       : "the kernel's symbols are of code alone, idt_table is not known");
	if (!types_size(kernel->types, "gate_desc", &size, error))
		return false;
	for (unsigned vector = 0; vector < VECTORS; vector++) {
		struct gate gate = { .vector = vector };

		gate.known = read_gate(kernel, table->address + vector * size, &gate);
		if (!callback(context, &gate))
			break;
	}
	return true;
}
