// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/frame_value.h"

#include <dwarf.h>

#include "base/cursor.h"

#define MAX_DEPTH 16	/* what compilers and our own rows write needs three */

struct machine {
	const struct frame_values *values;
	struct cursor cursor;
	uint64_t stack[MAX_DEPTH];
	unsigned depth;
	bool failed;		/* the expression makes no sense */
	struct error *error;
};

/* A signed number of SIZE bytes. */
static uint64_t take_signed(struct machine *machine, size_t size)
{
	uint64_t value = cursor_uint(&machine->cursor, size);

	return value >> (size * 8 - 1) & 1 ? value | ~0ull << size * 8 : value;
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
	int64_t offset = cursor_sleb(&machine->cursor);
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
	case DW_OP_addr: push(machine, cursor_uint(&machine->cursor, machine->values->address_size)); return true;
	case DW_OP_const1u: push(machine, cursor_uint(&machine->cursor, 1)); return true;
	case DW_OP_const1s: push(machine, take_signed(machine, 1)); return true;
	case DW_OP_const2u: push(machine, cursor_uint(&machine->cursor, 2)); return true;
	case DW_OP_const2s: push(machine, take_signed(machine, 2)); return true;
	case DW_OP_const4u: push(machine, cursor_uint(&machine->cursor, 4)); return true;
	case DW_OP_const4s: push(machine, take_signed(machine, 4)); return true;
	case DW_OP_const8u:
	case DW_OP_const8s: push(machine, cursor_uint(&machine->cursor, 8)); return true;
	case DW_OP_constu: push(machine, cursor_uleb(&machine->cursor)); return true;
	case DW_OP_consts: push(machine, cursor_sleb(&machine->cursor)); return true;
	}
	return false;
}

static void calculate(struct machine *machine, uint8_t code)
{
	uint64_t right = pop(machine), left;

	switch (code) {
	case DW_OP_dup: push(machine, right); push(machine, right); return;
	case DW_OP_drop: return;
	case DW_OP_plus_uconst: push(machine, right + cursor_uleb(&machine->cursor)); return;
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
		return push_register(machine, cursor_uleb(&machine->cursor));
	case DW_OP_deref:
		return push_memory(machine, machine->values->address_size);
	case DW_OP_deref_size:
		return push_memory(machine, cursor_uint(&machine->cursor, 1));
	case DW_OP_nop:
		return true;
	}
	calculate(machine, code);
	return true;
}

bool frame_value(const struct frame_values *values, const uint8_t *expression, size_t size, const uint64_t *initial,
		 uint64_t *value_ret, struct error *error)
{
	struct machine machine = { .values = values, .error = error,
				   .cursor = { .at = expression, .end = expression + size,
					       .big_endian = values->big_endian } };

	if (initial)
		push(&machine, *initial);
	while (machine.cursor.at < machine.cursor.end && !machine.failed)
		if (!operate(&machine, cursor_uint(&machine.cursor, 1)))
			return false;
	*value_ret = pop(&machine);
	if (machine.failed || machine.cursor.failed)
		return error_set(error, ERROR_CORRUPT, "its unwind information makes no sense");
	return true;
}
