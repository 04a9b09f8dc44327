// SPDX-License-Identifier: GPL-3.0-or-later
/* Following stacks by rows; unwind_rows.h says whose. */
#include "kernel/stacks/unwind_rows.h"

#include <stdio.h>

#include "kernel/modules/module_frames.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/frame_info.h"
#include "symbols/cfi/code_row.h"
#include "symbols/cfi/frame_value.h"

/* As in unwind.c: real nesting is four or five deep. */
#define MAX_STACK_SWITCHES 16

enum step { STEP_NEXT, STEP_END, STEP_FAILED };

struct unwinder {
	struct kernel *kernel;
	const struct arch *arch;
	struct registers registers;	/* of the current frame */
	bool exact;			/* its pc is where it was, not where it will return to */
	uint64_t regs_address;		/* the pt_regs that they came from */
	unsigned switches;
	struct error *error;
};

/* --- registers --- */

static bool is_valid(const struct registers *registers, unsigned index)
{
	return registers->valid >> index & 1;
}

static void set_register(struct registers *registers, unsigned index, uint64_t value)
{
	registers->value[index] = value;
	registers->valid |= 1ull << index;
}

/* The register of a DWARF number; arch->nr_registers if there is none. */
static unsigned by_number(const struct arch *arch, unsigned number)
{
	unsigned index = 0;

	/* Mostly the number is the index. */
	if (number < arch->nr_registers && arch->registers[number].dwarf == (int)number)
		return number;
	while (index < arch->nr_registers && arch->registers[index].dwarf != (int)number)
		index++;
	return index;
}

static bool value_of(void *context, unsigned number, uint64_t *value_ret)
{
	const struct unwinder *unwinder = context;
	unsigned index = by_number(unwinder->arch, number);

	if (index >= unwinder->arch->nr_registers || !is_valid(&unwinder->registers, index))
		return false;
	*value_ret = unwinder->registers.value[index];
	return true;
}

static bool read_word(void *context, uint64_t address, size_t size, uint64_t *value_ret, struct error *error)
{
	const struct unwinder *unwinder = context;

	return memory_read_uint(unwinder->kernel->memory, address, size, value_ret, error);
}

static struct frame_values values_of(struct unwinder *unwinder)
{
	return (struct frame_values){ .value = value_of, .read = read_word, .context = unwinder,
				      .address_size = unwinder->arch->pointer_size,
				      .big_endian = unwinder->arch->big_endian };
}

/* What lies in memory or in the link register as a return address. */
static uint64_t code_address(const struct unwinder *unwinder, uint64_t value)
{
	return unwinder->arch->code_address ? unwinder->arch->code_address(unwinder->kernel->memory, value) : value;
}

static bool is_code(struct kernel *kernel, uint64_t address)
{
	return kernel_is_text(kernel, address) || module_at(kernel, address);
}

/* --- rules --- */

/* False with *error: it should be there and cannot be read. *KNOWN_RET: it has a value. */
static bool apply_rule(struct unwinder *unwinder, const struct frame_rule *rule, unsigned number, uint64_t cfa,
		       uint64_t *value_ret, bool *known_ret, struct error *error)
{
	const struct frame_values values = values_of(unwinder);
	unsigned size = unwinder->arch->pointer_size, index = by_number(unwinder->arch, number);
	uint64_t address;

	*known_ret = true;
	switch (rule->kind) {
	case FRAME_AT_CFA:
		return memory_read_uint(unwinder->kernel->memory, cfa + rule->offset, size, value_ret, error);
	case FRAME_IS_CFA:
		*value_ret = cfa + rule->offset;
		return true;
	case FRAME_AT_EXPRESSION:
		return frame_value(&values, rule->expression, rule->size, &cfa, &address, error) &&
		       memory_read_uint(unwinder->kernel->memory, address, size, value_ret, error);
	case FRAME_IS_EXPRESSION:
		return frame_value(&values, rule->expression, rule->size, &cfa, value_ret, error);
	case FRAME_REGISTER:
		*known_ret = value_of(unwinder, rule->reg, value_ret);
		return true;
	case FRAME_UNNAMED:
		*known_ret = index < unwinder->arch->nr_registers && unwinder->arch->kept >> index & 1 &&
			     value_of(unwinder, number, value_ret);
		return true;
	case FRAME_SAME:
		*known_ret = value_of(unwinder, number, value_ret);
		return true;
	}
	*known_ret = false;
	return true;
}

/*
 * Behind a frame that only its record led out of, the stack pointer is not known. But the frame pointer is, and points to where
 * the row says that the caller's was saved.
 */
static bool cfa_from_record(struct unwinder *unwinder, const struct frame_row *row, uint64_t *cfa_ret)
{
	const struct arch *arch = unwinder->arch;
	const struct frame_rule *saved = &row->rules[arch->registers[arch->fp].dwarf];

	if (arch->back_chain || saved->kind != FRAME_AT_CFA || unwinder->exact || !is_valid(&unwinder->registers, arch->fp))
		return false;
	*cfa_ret = unwinder->registers.value[arch->fp] + arch->record_fp - saved->offset;
	return true;
}

static bool row_cfa(struct unwinder *unwinder, const struct frame_row *row, uint64_t *cfa_ret)
{
	const struct frame_values values = values_of(unwinder);

	if (row->cfa.kind == FRAME_IS_EXPRESSION) {
		if (!frame_value(&values, row->cfa.expression, row->cfa.size, NULL, cfa_ret, unwinder->error))
			return false;
	} else if (value_of(unwinder, row->cfa.reg, cfa_ret)) {
		*cfa_ret += row->cfa.offset;
	} else if (cfa_from_record(unwinder, row, cfa_ret)) {
		return true;
	} else {
		return error_set(unwinder->error, ERROR_CORRUPT,
				 "its caller is found through register %u (DWARF), which is not known here", row->cfa.reg);
	}
	if (*cfa_ret % unwinder->arch->pointer_size ||
	    !unwinder->arch->is_kernel_address(unwinder->kernel->memory, *cfa_ret))
		return error_set(unwinder->error, ERROR_CORRUPT, "its frame would end at 0x%llx, which is no stack",
				 (unsigned long long)*cfa_ret);
	return true;
}

/* --- steps --- */

/* The stack goes on upwards, or on another one a few times. */
static bool check_progress(struct unwinder *unwinder, uint64_t sp, bool may_switch)
{
	uint64_t old = unwinder->registers.value[unwinder->arch->sp];

	if (!is_valid(&unwinder->registers, unwinder->arch->sp) || sp > old || (sp == old && unwinder->exact) ||
	    (may_switch && ++unwinder->switches <= MAX_STACK_SWITCHES))
		return true;
	return error_set(unwinder->error, ERROR_CORRUPT, "the stack goes round in a circle: from 0x%llx back to 0x%llx",
			 (unsigned long long)old, (unsigned long long)sp);
}

/* To the caller, whose registers CALLER are but for its pc, RETURN_ADDRESS as it was found. */
static enum step to_caller(struct unwinder *unwinder, struct registers *caller, uint64_t return_address, bool exact)
{
	uint64_t pc = code_address(unwinder, return_address);

	if (!is_code(unwinder->kernel, pc - 1) && !is_code(unwinder->kernel, pc)) {
		error_set(unwinder->error, ERROR_CORRUPT, "its return address is 0x%llx, and there is no code",
			  (unsigned long long)pc);
		return STEP_FAILED;
	}
	set_register(caller, unwinder->arch->pc, pc);
	unwinder->registers = *caller;
	unwinder->exact = exact;
	unwinder->regs_address = 0;
	return STEP_NEXT;
}

static enum step step_row(struct unwinder *unwinder, const struct frame_row *row, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	struct registers caller = { 0 };
	uint64_t cfa, value;
	bool known;

	if (row->rules[row->return_column].kind == FRAME_UNDEFINED)
		return STEP_END;
	if (!row_cfa(unwinder, row, &cfa) || !check_progress(unwinder, cfa, row->signal || row->switches))
		return STEP_FAILED;
	frame->cfa = cfa;
	for (unsigned i = 0; i < arch->nr_registers; i++) {
		int number = arch->registers[i].dwarf;

		/* Whether it is needed further up is another question, so the loss of one is not an end. */
		if (number >= 0 && number < FRAME_MAX_REGISTERS && i != arch->pc &&
		    apply_rule(unwinder, &row->rules[number], number, cfa, &value, &known, NULL) && known)
			set_register(&caller, i, value);
	}
	/* Where the ABI has the stack pointer among the registers that a callee keeps it was set above. */
	if (row->rules[arch->registers[arch->sp].dwarf].kind == FRAME_UNNAMED && !(arch->kept >> arch->sp & 1))
		set_register(&caller, arch->sp, cfa);
	/* A return column that nothing is said of is a link register that still holds it. */
	if (row->rules[row->return_column].kind == FRAME_UNNAMED)
		known = value_of(unwinder, row->return_column, &value);
	else if (!apply_rule(unwinder, &row->rules[row->return_column], row->return_column, cfa, &value, &known,
			     unwinder->error))
		return STEP_FAILED;
	if (!known) {
		error_set(unwinder->error, ERROR_CORRUPT, "its return address is in a register that is not known here");
		return STEP_FAILED;
	}
	return to_caller(unwinder, &caller, value, row->signal);
}

/* Nothing was pushed: what the call left in the registers, or on top of the stack, is still there. */
static enum step step_leaf(struct unwinder *unwinder, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	struct registers caller = unwinder->registers;
	uint64_t value, sp = caller.value[arch->sp];

	caller.valid &= arch->kept | 1ull << arch->sp;
	if (arch->lr) {
		if (!is_valid(&unwinder->registers, arch->lr)) {
			error_set(unwinder->error, ERROR_CORRUPT, "its return address is in a register that is not known here");
			return STEP_FAILED;
		}
		value = unwinder->registers.value[arch->lr];
	} else {
		if (!kernel_read_pointer(unwinder->kernel, sp, &value, unwinder->error))
			return STEP_FAILED;
		set_register(&caller, arch->sp, sp + arch->pointer_size);
	}
	frame->cfa = is_valid(&caller, arch->sp) ? caller.value[arch->sp] : 0;
	return to_caller(unwinder, &caller, value, false);
}

/* By the frame record that fp points to. SP_KNOWN: the caller's stack begins behind it, and can be another one. */
static enum step step_record(struct unwinder *unwinder, struct frame *frame, bool sp_known)
{
	const struct arch *arch = unwinder->arch;
	struct registers caller = { 0 };
	unsigned word = arch->pointer_size;
	uint64_t fp = unwinder->registers.value[arch->fp], next, pc;

	if (!is_valid(&unwinder->registers, arch->fp)) {
		error_set(unwinder->error, ERROR_CORRUPT, "it has no unwind information, and its frame pointer is not known");
		return STEP_FAILED;
	}
	if (fp % word || !arch->is_kernel_address(unwinder->kernel->memory, fp)) {
		error_set(unwinder->error, ERROR_CORRUPT,
			  "it has no unwind information, and its frame pointer is 0x%llx, which is none", (unsigned long long)fp);
		return STEP_FAILED;
	}
	if (!kernel_read_pointer(unwinder->kernel, fp + arch->record_fp, &next, unwinder->error) ||
	    !kernel_read_pointer(unwinder->kernel, fp + arch->record_pc, &pc, unwinder->error))
		return STEP_FAILED;
	if (next <= fp && ++unwinder->switches > MAX_STACK_SWITCHES) {
		error_set(unwinder->error, ERROR_CORRUPT, "the frame records go round in a circle, back to 0x%llx",
			  (unsigned long long)next);
		return STEP_FAILED;
	}
	set_register(&caller, arch->fp, next);
	frame->cfa = fp + 2 * word;
	if (sp_known)
		set_register(&caller, arch->sp, frame->cfa);
	return to_caller(unwinder, &caller, pc, false);
}

/* Where entry code has the struct pt_regs: at its stack pointer, or found by its frame record. */
static bool find_pt_regs(struct unwinder *unwinder, uint64_t *address_ret)
{
	const struct arch *arch = unwinder->arch;
	struct member record;

	if (is_valid(&unwinder->registers, arch->sp)) {
		*address_ret = unwinder->registers.value[arch->sp] + arch->entry_base;
		return true;
	}
	if (arch->record_member && is_valid(&unwinder->registers, arch->fp) &&
	    types_member(unwinder->kernel->types, "pt_regs", arch->record_member, &record, NULL)) {
		*address_ret = unwinder->registers.value[arch->fp] - record.offset;
		return true;
	}
	return error_set(unwinder->error, ERROR_CORRUPT, "the registers it saved cannot be found: its stack pointer is not known");
}

static enum step step_entry(struct unwinder *unwinder, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	struct registers interrupted = { 0 };
	uint64_t address;

	if (!find_pt_regs(unwinder, &address) ||
	    !arch->pt_regs(unwinder->kernel->memory, address, &interrupted, unwinder->error) ||
	    (!arch->is_user(&interrupted) && !check_progress(unwinder, interrupted.value[arch->sp], true)))
		return STEP_FAILED;
	frame->cfa = address + (arch->pt_regs_size ? arch->pt_regs_size : unwinder->kernel->memory->pt_regs_size);
	unwinder->registers = interrupted;
	unwinder->exact = true;
	unwinder->regs_address = address;
	return STEP_NEXT;
}

/* By the back chain: the caller's stack pointer, or 0 where entry code begins. */
static enum step step_back_chain(struct unwinder *unwinder, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	uint64_t sp = unwinder->registers.value[arch->sp], next, pc;
	struct registers caller = { 0 };

	if (!is_valid(&unwinder->registers, arch->sp)) {
		error_set(unwinder->error, ERROR_CORRUPT, "it has no unwind information, and its stack pointer is not known");
		return STEP_FAILED;
	}
	if (!kernel_read_pointer(unwinder->kernel, sp + arch->back_chain, &next, unwinder->error))
		return STEP_FAILED;
	if (!next)
		return step_entry(unwinder, frame);
	if (!check_progress(unwinder, next, true) ||
	    !kernel_read_pointer(unwinder->kernel, next + arch->chain_pc, &pc, unwinder->error))
		return STEP_FAILED;
	set_register(&caller, arch->sp, next);
	frame->cfa = next + arch->leaf_cfa;
	return to_caller(unwinder, &caller, pc, false);
}

/*
 * Interrupted code of which nothing is known, on a machine with a back chain: has it a frame of its own? The link register says
 * so if it leads into the function itself, which has called somebody then, or if what the back chain says that it was saved as
 * is still in it. Else it is where the function returns to.
 */
static bool has_frame(struct unwinder *unwinder, uint64_t address)
{
	const struct arch *arch = unwinder->arch;
	uint64_t back = unwinder->registers.value[arch->lr], next, saved;
	struct module *module;
	const struct symtab *symbols;
	const struct symbol *function = kernel_lookup(unwinder->kernel, address, &symbols, &module);

	if (!is_valid(&unwinder->registers, arch->lr) || !is_code(unwinder->kernel, back) ||
	    kernel_lookup(unwinder->kernel, back, &symbols, &module) == function)
		return true;
	return kernel_read_pointer(unwinder->kernel, unwinder->registers.value[arch->sp] + arch->back_chain, &next, NULL) &&
	       kernel_read_pointer(unwinder->kernel, next + arch->chain_pc, &saved, NULL) && saved == back;
}

/* --- code without call frame information --- */

/* What the machine says of the code at ADDRESS by its name. */
static enum arch_code_kind kind_at(struct unwinder *unwinder, uint64_t address)
{
	const struct symtab *symbols;
	struct module *module;
	const struct symbol *symbol = kernel_lookup(unwinder->kernel, address, &symbols, &module);

	return symbol && !module ? code_row_kind(unwinder->arch, symbol->name) : ARCH_CODE_LEAF;
}

static enum step step_without_row(struct unwinder *unwinder, uint64_t address, struct frame *frame)
{
	struct module *module = module_at(unwinder->kernel, address);

	switch (kind_at(unwinder, address)) {
	case ARCH_CODE_ENTRY:
		return step_entry(unwinder, frame);
	case ARCH_CODE_END:
		return STEP_END;
	case ARCH_CODE_SWITCH:
		return step_record(unwinder, frame, true);
	case ARCH_CODE_UNSAVED:
		error_set(unwinder->error, ERROR_CORRUPT,
			  "it was just entered and has not saved the registers of what it interrupted, which nobody knows");
		return STEP_FAILED;
	case ARCH_CODE_LEAF:
		break;
	}
	/*
	 * What has called somebody is no leaf; nor need a module's code be one, of which there is no file. Where calls push, the
	 * caller's stack begins behind the record.
	 */
	if (unwinder->exact && (!module || module_frame_table(unwinder->kernel, module, NULL) ||
				(unwinder->arch->back_chain && !has_frame(unwinder, address))))
		return step_leaf(unwinder, frame);
	return unwinder->arch->back_chain ? step_back_chain(unwinder, frame) :
					       step_record(unwinder, frame, !unwinder->arch->lr);
}

static enum step step(struct unwinder *unwinder, struct frame *frame)
{
	/* A return address can be the start of the next function: what matters is the call before it. */
	uint64_t address = unwinder->exact ? frame->pc : frame->pc - 1;
	struct frame_row row;

	if (!is_code(unwinder->kernel, address)) {
		error_set(unwinder->error, ERROR_CORRUPT, "0x%llx is neither in the kernel nor in a module",
			  (unsigned long long)frame->pc);
		return STEP_FAILED;
	}
	if (unwinder->arch->code_first && kind_at(unwinder, address) != ARCH_CODE_LEAF)
		return step_without_row(unwinder, address, frame);
	if (frame_info_row(unwinder->kernel, address, &row))
		return step_row(unwinder, &row, frame);
	return step_without_row(unwinder, address, frame);
}

static enum frame_kind current_kind(const struct unwinder *unwinder, bool first)
{
	if (unwinder->arch->is_user(&unwinder->registers))
		return FRAME_USER;
	if (first)
		return is_valid(&unwinder->registers, unwinder->arch->mode) ? FRAME_INTERRUPTED : FRAME_CALL;
	return unwinder->exact ? FRAME_INTERRUPTED : FRAME_CALL;
}

static enum unwind_end fail(struct unwinder *unwinder, size_t count, const struct frame *frame)
{
	char name[256];

	if (!kernel_symbolize(unwinder->kernel, frame->kind == FRAME_CALL && frame->pc ? frame->pc - 1 : frame->pc, name,
			      sizeof(name)))
		snprintf(name, sizeof(name), "0x%llx", (unsigned long long)frame->pc);
	error_prefix(unwinder->error, "the stack cannot be followed beyond frame %zu (%.200s)", count, name);
	return UNWIND_FAILED;
}

enum unwind_end unwind_rows(struct kernel *kernel, const struct registers *registers, struct frame *frames, size_t max,
			    size_t *count_ret, struct error *error)
{
	struct error ignored;
	struct unwinder unwinder = { .kernel = kernel, .arch = kernel->arch, .registers = *registers,
				     .error = error ? error : &ignored };

	*count_ret = 0;
	/* A task that was switched out is behind a call. */
	unwinder.exact = is_valid(registers, kernel->arch->mode);
	while (*count_ret < max) {
		struct frame *frame = &frames[*count_ret];

		*frame = (struct frame){ .kind = current_kind(&unwinder, *count_ret == 0),
					 .pc = unwinder.registers.value[kernel->arch->pc],
					 .sp = unwinder.registers.value[kernel->arch->sp],
					 .regs_address = unwinder.regs_address, .registers = unwinder.registers };
		++*count_ret;
		if (frame->kind == FRAME_USER)
			return UNWIND_COMPLETE;
		switch (step(&unwinder, frame)) {
		case STEP_NEXT:
			break;
		case STEP_END:
			return UNWIND_COMPLETE;
		case STEP_FAILED:
			return fail(&unwinder, *count_ret - 1, frame);
		}
	}
	error_set(error, ERROR_NONE, "the stack has more than %zu frames", max);
	return UNWIND_MORE;
}
