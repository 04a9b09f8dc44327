// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/frame_value.h"

#include <dwarf.h>

#define MAX_DEPTH 16	/* what compilers and our own rows write needs three */

struct machine {
	const struct frame_values *values;
	const uint8_t *at, *end;
	uint64_t stack[MAX_DEPTH];
	unsigned depth;
	bool failed;		/* the expression makes no sense */
	struct error *error;
};

static uint64_t take(struct machine *machine, size_t size, bool is_signed)
{
	uint64_t value = 0;

	if ((size_t)(machine->end - machine->at) < size) {
		machine->failed = true;
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)machine->at[machine->values->big_endian ? size - 1 - i : i] << 8 * i;
	machine->at += size;
	if (is_signed && size < 8 && value >> (size * 8 - 1) & 1)
		value |= ~0ull << size * 8;
	return value;
}

static uint64_t take_leb(struct machine *machine, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = take(machine, 1, false);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && !machine->failed);
	if (is_signed && byte & 0x40 && shift < 64)
		value |= ~0ull << shift;
	return value;
}

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == MAX_DEPTH)
		machine->failed = true;
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	if (machine->depth == 0) {
		machine->failed = true;
		return 0;
	}
	return machine->stack[--machine->depth];
}

static bool push_register(struct machine *machine, unsigned number)
{
	int64_t offset = (int64_t)take_leb(machine, true);
	uint64_t value;

	if (!machine->values->value(machine->values->context, number, &value))
		return error_set(machine->error, ERROR_CORRUPT,
				 "its caller is found through register %u (DWARF), which is not known here", number);
	push(machine, value + offset);
	return true;
}

static bool push_memory(struct machine *machine, size_t size)
{
	uint64_t address = pop(machine), value = 0;

	if (machine->failed)
		return true;
	if (!machine->values->read(machine->values->context, address, size, &value, machine->error))
		return false;
	push(machine, value);
	return true;
}

/* Numbers that stand in the expression; false if CODE is none of these. */
static bool push_constant(struct machine *machine, uint8_t code)
{
	if (code >= DW_OP_lit0 && code <= DW_OP_lit31) {
		push(machine, code - DW_OP_lit0);
		return true;
	}
	switch (code) {
	case DW_OP_addr: push(machine, take(machine, machine->values->address_size, false)); return true;
	case DW_OP_const1u: push(machine, take(machine, 1, false)); return true;
	case DW_OP_const1s: push(machine, take(machine, 1, true)); return true;
	case DW_OP_const2u: push(machine, take(machine, 2, false)); return true;
	case DW_OP_const2s: push(machine, take(machine, 2, true)); return true;
	case DW_OP_const4u: push(machine, take(machine, 4, false)); return true;
	case DW_OP_const4s: push(machine, take(machine, 4, true)); return true;
	case DW_OP_const8u:
	case DW_OP_const8s: push(machine, take(machine, 8, false)); return true;
	case DW_OP_constu: push(machine, take_leb(machine, false)); return true;
	case DW_OP_consts: push(machine, take_leb(machine, true)); return true;
	}
	return false;
}

static void calculate(struct machine *machine, uint8_t code)
{
	uint64_t right = pop(machine), left;

	switch (code) {
	case DW_OP_dup: push(machine, right); push(machine, right); return;
	case DW_OP_drop: return;
	case DW_OP_plus_uconst: push(machine, right + take_leb(machine, false)); return;
	case DW_OP_neg: push(machine, -right); return;
	case DW_OP_not: push(machine, ~right); return;
	}
	left = pop(machine);
	switch (code) {
	case DW_OP_plus: push(machine, left + right); break;
	case DW_OP_minus: push(machine, left - right); break;
	case DW_OP_mul: push(machine, left * right); break;
	case DW_OP_and: push(machine, left & right); break;
	case DW_OP_or: push(machine, left | right); break;
	case DW_OP_xor: push(machine, left ^ right); break;
	case DW_OP_shl: push(machine, right < 64 ? left << right : 0); break;
	case DW_OP_shr: push(machine, right < 64 ? left >> right : 0); break;
	case DW_OP_swap: push(machine, right); push(machine, left); break;
	case DW_OP_ge: push(machine, (int64_t)left >= (int64_t)right); break;
	case DW_OP_lt: push(machine, (int64_t)left < (int64_t)right); break;
	case DW_OP_eq: push(machine, left == right); break;
	default: machine->failed = true;
	}
}

static bool operate(struct machine *machine, uint8_t code)
{
	if (code >= DW_OP_breg0 && code <= DW_OP_breg31)
		return push_register(machine, code - DW_OP_breg0);
	if (push_constant(machine, code))
		return true;
	switch (code) {
	case DW_OP_bregx:
		return push_register(machine, take_leb(machine, false));
	case DW_OP_deref:
		return push_memory(machine, machine->values->address_size);
	case DW_OP_deref_size:
		return push_memory(machine, take(machine, 1, false));
	case DW_OP_nop:
		return true;
	}
	calculate(machine, code);
	return true;
}

bool frame_value(const struct frame_values *values, const uint8_t *expression, size_t size, const uint64_t *initial,
		 uint64_t *value_ret, struct error *error)
{
	struct machine machine = { .values = values, .at = expression, .end = expression + size, .error = error };

	if (initial)
		push(&machine, *initial);
	while (machine.at < machine.end && !machine.failed)
		if (!operate(&machine, take(&machine, 1, false)))
			return false;
	*value_ret = pop(&machine);
	if (machine.failed)
		return error_set(error, ERROR_CORRUPT, "its unwind information makes no sense");
	return true;
}
