// SPDX-License-Identifier: GPL-3.0-or-later
/* The native unwinder, of any machine; unwind.h says what it is for, unwind_row.h where its rows are from. */
#include "kernel/stacks/unwind.h"

#include <stdio.h>

#include "kernel/modules/dynamic_code.h"
#include "kernel/modules/module_frames.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/bad_pointer.h"
#include "kernel/stacks/return_traced.h"
#include "kernel/stacks/unwind_row.h"
#include "kernel/stacks/unwind_table.h"
#include "symbols/cfi/frame_value.h"

/*
 * How often a stack may continue at a lower address: interrupt, exception and NMI stacks lie
 * anywhere. Real nesting is four or five deep; a circle through damaged memory goes on forever.
 */
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

/* --- rules --- */

static bool is_kept(const struct arch *arch, unsigned index)
{
	return index < arch->nr_registers && arch->kept >> index & 1;
}

/* False with *error: it should be there and cannot be read. *KNOWN_RET: it has a value. */
static bool apply_rule(struct unwinder *unwinder, const struct frame_rule *rule, unsigned number, uint64_t cfa,
		       uint64_t *value_ret, bool *known_ret, struct error *error)
{
	const struct frame_values values = values_of(unwinder);
	unsigned size = unwinder->arch->pointer_size;
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
	case FRAME_AT_REGISTER:
		*known_ret = value_of(unwinder, rule->reg, &address);
		return !*known_ret || memory_read_uint(unwinder->kernel->memory, address + rule->offset, size, value_ret, error);
	case FRAME_UNNAMED:
		*known_ret = is_kept(unwinder->arch, by_number(unwinder->arch, number)) && value_of(unwinder, number, value_ret);
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

/* The register that a row's CFA counts from. */
static bool base_register(struct unwinder *unwinder, unsigned number, uint64_t *value_ret)
{
	const struct arch *arch = unwinder->arch;
	unsigned index = by_number(arch, number);

	return value_of(unwinder, number, value_ret) ||
	       error_set(unwinder->error, ERROR_CORRUPT, "its caller is found through %s, which is not known here",
			 index < arch->nr_registers ? arch->registers[index].name : "a register that this machine has not");
}

/* The address that a row computes: a call's CFA, or where the saved registers are. */
static bool row_cfa(struct unwinder *unwinder, const struct frame_row *row, uint64_t *cfa_ret)
{
	const struct frame_values values = values_of(unwinder);
	const struct frame_rule *rule = &row->cfa;
	uint64_t address;
	bool found;

	switch (rule->kind) {
	case FRAME_IS_EXPRESSION:
		found = frame_value(&values, rule->expression, rule->size, NULL, &address, unwinder->error);
		break;
	case FRAME_AT_REGISTER:
		found = base_register(unwinder, rule->reg, &address) &&
			kernel_read_pointer(unwinder->kernel, address + rule->offset, &address, unwinder->error);
		break;
	case FRAME_REGISTER_AT:
		found = base_register(unwinder, rule->reg, &address) &&
			kernel_read_pointer(unwinder->kernel, address, &address, unwinder->error);
		address += found ? rule->offset : 0;
		break;
	default:
		if (!value_of(unwinder, rule->reg, &address) && cfa_from_record(unwinder, row, cfa_ret))
			return true;
		found = base_register(unwinder, rule->reg, &address);
		address += found ? rule->offset : 0;
	}
	if (found && (address % unwinder->arch->pointer_size ||
		      !unwinder->arch->is_kernel_address(unwinder->kernel->memory, address)))
		return error_set(unwinder->error, ERROR_CORRUPT, "its frame would end at 0x%llx, which is no stack",
				 (unsigned long long)address);
	*cfa_ret = address;
	return found;
}

/* --- steps --- */

/* The stack goes on upwards, or on another one a few times. */
static bool check_progress(struct unwinder *unwinder, uint64_t sp, bool may_switch)
{
	uint64_t old = unwinder->registers.value[unwinder->arch->sp];

	if (!is_valid(&unwinder->registers, unwinder->arch->sp) || sp > old || (unwinder->arch->lr && sp == old && unwinder->exact) ||
	    (may_switch && ++unwinder->switches <= MAX_STACK_SWITCHES))
		return true;
	return error_set(unwinder->error, ERROR_CORRUPT, "the stack goes round in a circle: from 0x%llx back to 0x%llx",
			 (unsigned long long)old, (unsigned long long)sp);
}

/*
 * To the caller, whose registers CALLER are but for its pc, RETURN_ADDRESS as it was found: at SLOT of the stack, 0 = in a
 * register. A return address that leads nowhere must not become a frame.
 */
static enum step to_caller(struct unwinder *unwinder, struct registers *caller, uint64_t return_address, uint64_t slot, bool exact)
{
	uint64_t pc = code_address(unwinder, return_address);
	char where[40] = "";

	if (slot && return_is_traced(unwinder->kernel, pc) && !return_original(unwinder->kernel, slot, &pc, unwinder->error))
		return STEP_FAILED;
	set_register(caller, unwinder->arch->pc, pc);
	unwinder->registers = *caller;
	unwinder->exact = exact;
	unwinder->regs_address = 0;
	if (unwind_is_code(unwinder->kernel, pc - 1) || unwind_is_code(unwinder->kernel, pc) ||
	    unwind_row_elsewhere(unwinder->kernel, caller, exact, NULL))
		return STEP_NEXT;
	if (slot)
		snprintf(where, sizeof(where), ", at 0x%llx,", (unsigned long long)slot);
	error_set(unwinder->error, ERROR_CORRUPT, "its return address%s is 0x%llx, and there is no code", where,
		  (unsigned long long)pc);
	return STEP_FAILED;
}

/* A struct pt_regs, or the hardware's part of one, is at ADDRESS. LOST: what is not in it. */
static enum step step_saved(struct unwinder *unwinder, const struct frame_row *row, uint64_t address, uint64_t lost,
			    struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	struct memory *memory = unwinder->kernel->memory;
	struct registers interrupted = { 0 };
	bool whole = row->saved == FRAME_SAVED_PT_REGS;

	if (!whole)
		interrupted = unwinder->registers;	/* all others still have their values */
	if (!(whole ? arch->pt_regs(memory, address, &interrupted, unwinder->error) :
		      arch->trap(memory, address, &interrupted, unwinder->error)))
		return STEP_FAILED;
	interrupted.valid &= ~lost;
	frame->cfa = address + (!whole ? arch->trap_size : arch->pt_regs_size ? arch->pt_regs_size : memory->pt_regs_size);
	if (!arch->is_user(&interrupted) && !check_progress(unwinder, interrupted.value[arch->sp], true))
		return STEP_FAILED;
	unwinder->registers = interrupted;
	unwinder->exact = row->signal;
	unwinder->regs_address = whole ? address : 0;
	return STEP_NEXT;
}

/*
 * Can the caller be on another stack? asm_call_on_stack (5.8 to 5.11, 931b94145981), and do_softirq_own_stack before it, keep
 * the old stack's pointer in the frame pointer, and on top of the new stack, as all do that switch.
 */
static bool switches_stack(struct unwinder *unwinder, const struct frame_row *row)
{
	const struct arch *arch = unwinder->arch;
	uint64_t top;

	if (row->signal || row->switches)
		return true;
	return row->cfa.kind == FRAME_REGISTER && row->cfa.reg == arch->registers[arch->fp].dwarf &&
	       is_valid(&unwinder->registers, arch->sp) &&
	       kernel_read_pointer(unwinder->kernel, unwinder->registers.value[arch->sp], &top, NULL) &&
	       top == unwinder->registers.value[arch->fp];
}

/* Found by the frame record (cfa_from_record): that makes the stack pointer known, which the row counts from. */
static void note_sp(struct unwinder *unwinder, const struct frame_row *row, uint64_t cfa, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;

	if (is_valid(&unwinder->registers, arch->sp) || row->cfa.kind != FRAME_REGISTER ||
	    by_number(arch, row->cfa.reg) != arch->sp)
		return;
	set_register(&unwinder->registers, arch->sp, cfa - (uint64_t)row->cfa.offset);
	frame->registers = unwinder->registers;
	frame->sp = unwinder->registers.value[arch->sp];
}

static enum step step_row(struct unwinder *unwinder, const struct frame_row *row, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	struct registers caller = { 0 };
	uint64_t cfa, value, slot;
	bool known;

	if (row->rules[row->return_column].kind == FRAME_UNDEFINED)
		return STEP_END;
	if (!row_cfa(unwinder, row, &cfa))
		return STEP_FAILED;
	note_sp(unwinder, row, cfa, frame);
	if (row->saved != FRAME_SAVED_NOTHING)
		return step_saved(unwinder, row, cfa, 0, frame);
	if (!check_progress(unwinder, cfa, switches_stack(unwinder, row)))
		return STEP_FAILED;
	frame->cfa = cfa;
	for (unsigned i = 0; i < arch->nr_registers; i++) {
		int number = arch->registers[i].dwarf;

		/* Whether it is needed further up is another question, so the loss of one is not an end. */
		if (number >= 0 && number < FRAME_MAX_REGISTERS && i != arch->pc &&
		    (row->rules[number].kind != FRAME_UNNAMED || is_kept(arch, i)) &&
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
	slot = row->rules[row->return_column].kind == FRAME_AT_CFA ? cfa + row->rules[row->return_column].offset : 0;
	return to_caller(unwinder, &caller, value, slot, row->signal);
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
	return to_caller(unwinder, &caller, value, arch->lr ? 0 : sp, false);
}

static const struct frame_row whole_pt_regs = { .saved = FRAME_SAVED_PT_REGS, .signal = true };

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
	if (arch->record_pt_regs && arch->record_pt_regs(fp))
		return step_saved(unwinder, &whole_pt_regs, arch->record_pt_regs(fp), 0, frame);
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
	return to_caller(unwinder, &caller, pc, fp + arch->record_pc, false);
}

/* Where entry code has the struct pt_regs: at its stack pointer, or found by its frame record. */
static bool find_pt_regs(struct unwinder *unwinder, uint64_t *address_ret, uint64_t *lost_ret)
{
	const struct arch *arch = unwinder->arch;
	struct member record;

	*lost_ret = 0;
	if (arch->find_pt_regs && is_valid(&unwinder->registers, arch->sp))
		return arch->find_pt_regs(unwinder->kernel->memory, unwinder->registers.value[arch->sp], address_ret, lost_ret) ||
		       error_set(unwinder->error, ERROR_CORRUPT,
				 "the registers that this entry code saved are not at its stack pointer, 0x%llx",
				 (unsigned long long)unwinder->registers.value[arch->sp]);
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
	uint64_t address, lost;

	return find_pt_regs(unwinder, &address, &lost) ? step_saved(unwinder, &whole_pt_regs, address, lost, frame) : STEP_FAILED;
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
	return to_caller(unwinder, &caller, pc, next + arch->chain_pc, false);
}

/* What the caller's frame, if it is the only one so far, has as the return address. */
static bool saved_return(struct unwinder *unwinder, uint64_t *saved_ret)
{
	const struct arch *arch = unwinder->arch;
	struct kernel *kernel = unwinder->kernel;
	uint64_t next;

	if (arch->back_chain)
		return kernel_read_pointer(kernel, unwinder->registers.value[arch->sp] + arch->back_chain, &next, NULL) &&
		       kernel_read_pointer(kernel, next + arch->chain_pc, saved_ret, NULL);
	return is_valid(&unwinder->registers, arch->fp) &&
	       kernel_read_pointer(kernel, unwinder->registers.value[arch->fp] + arch->record_pc, saved_ret, NULL);
}

/*
 * Interrupted code of which nothing is known, on a machine with a link register: has it a frame of its own? The link register
 * says so if it leads into the function itself, which has called somebody then, or if what the back chain or the frame record
 * says that it was saved as is still in it. Else it is where the function returns to.
 */
static bool has_frame(struct unwinder *unwinder, uint64_t address)
{
	const struct arch *arch = unwinder->arch;
	uint64_t back = code_address(unwinder, unwinder->registers.value[arch->lr]), saved;
	struct module *module;
	const struct symtab *symbols;
	const struct symbol *function = kernel_lookup(unwinder->kernel, address, &symbols, &module);

	if (!is_valid(&unwinder->registers, arch->lr) || !unwind_is_code(unwinder->kernel, back) ||
	    kernel_lookup(unwinder->kernel, back, &symbols, &module) == function)
		return true;
	return saved_return(unwinder, &saved) && code_address(unwinder, saved) == back;
}

/* --- code without call frame information --- */

/* Frame records, where the function that has ADDRESS keeps one. */
static enum step step_function(struct unwinder *unwinder, uint64_t address, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	const struct symtab *symbols;
	struct module *module;
	const struct symbol *function;
	uint64_t offset;

	if (!arch->record_at)
		return step_record(unwinder, frame, !arch->lr);
	function = kernel_lookup(unwinder->kernel, address, &symbols, &module);
	offset = function ? address - function->address : 0;
	switch (function ? arch->record_at(unwinder->kernel->memory, address - offset, address) : ARCH_RECORD_NONE) {
	case ARCH_RECORD_CALLED:
		return step_leaf(unwinder, frame);
	case ARCH_RECORD_PUSHED:
		unwinder->registers.value[arch->sp] += arch->pointer_size;
		return step_leaf(unwinder, frame);
	case ARCH_RECORD_SET:
		return step_record(unwinder, frame, true);
	case ARCH_RECORD_NONE:
		break;
	}
	/* What ORC could have said, and why it does not. */
	if (arch->orc_bases && unwind_load_orc(unwinder->kernel, unwinder->error))
		error_set(unwinder->error, ERROR_CORRUPT, "it has neither unwind information nor a frame pointer");
	return STEP_FAILED;
}

/* Has the file that its code is from call frame information? Then what it leaves out is assembly. */
static bool has_tables(struct unwinder *unwinder, struct module *module)
{
	return module ? module_frame_table(unwinder->kernel, module, NULL) != NULL : unwinder->kernel->vmlinux_path != NULL;
}

static enum step step_without_row(struct unwinder *unwinder, uint64_t address, struct frame *frame)
{
	const struct arch *arch = unwinder->arch;
	struct module *module = module_at(unwinder->kernel, address);

	switch (unwind_code_kind(unwinder->kernel, address)) {
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
	if (arch->record_at)
		return step_function(unwinder, address, frame);
	/*
	 * What has called somebody is no leaf; nor need code be one of which there is no file. Where calls push, the caller's stack
	 * begins behind the record.
	 */
	if (unwinder->exact && (has_tables(unwinder, module) || (arch->lr && !has_frame(unwinder, address))))
		return step_leaf(unwinder, frame);
	return arch->back_chain ? step_back_chain(unwinder, frame) : step_record(unwinder, frame, !arch->lr);
}

/* From the current frame to its caller; fills in FRAME's cfa. */
static enum step step(struct unwinder *unwinder, struct frame *frame)
{
	/* A return address can be the start of the next function: what matters is the call before it. */
	uint64_t address = unwinder->exact ? frame->pc : frame->pc - 1;
	struct frame_row row;

	switch (unwind_row(unwinder->kernel, &unwinder->registers, unwinder->exact, &row, unwinder->error)) {
	case UNWIND_ROW:
		return step_row(unwinder, &row, frame);
	case UNWIND_NO_ROW:
		return step_without_row(unwinder, address, frame);
	case UNWIND_NO_CODE:
		break;
	}
	return STEP_FAILED;
}

static enum frame_kind current_kind(const struct unwinder *unwinder, bool first)
{
	if (unwinder->arch->is_user(&unwinder->registers))
		return FRAME_USER;
	/*
	 * Only an interrupt, an exception or a note has the mode (x86's cs); a task switch saves the callee-saved
	 * registers.
	 */
	if (first)
		return is_valid(&unwinder->registers, unwinder->arch->mode) ? FRAME_INTERRUPTED : FRAME_CALL;
	return unwinder->exact ? FRAME_INTERRUPTED : FRAME_CALL;
}

static enum unwind_end fail(struct unwinder *unwinder, size_t count, const struct frame *frame)
{
	char name[256], why[128];

	if (frame->kind == FRAME_INTERRUPTED && bad_pointer(unwinder->kernel, frame->pc, frame->sp, why, sizeof(why)))
		snprintf(name, sizeof(name), "0x%llx: %s", (unsigned long long)frame->pc, why);
	else if (!kernel_symbolize(unwinder->kernel,
			      frame->kind == FRAME_CALL && frame->pc ? frame->pc - 1 : frame->pc,
			      name, sizeof(name)))
		snprintf(name, sizeof(name), "0x%llx", (unsigned long long)frame->pc);
	error_prefix(unwinder->error, "the stack cannot be followed beyond frame %zu (%.200s)",
		     count, name);
	return UNWIND_FAILED;
}

/* Can a stack be followed from here? Where calls leave their return address in a register a frame record alone will do. */
static bool is_start(const struct arch *arch, const struct registers *registers)
{
	return is_valid(registers, arch->pc) && (is_valid(registers, arch->sp) || (arch->lr && is_valid(registers, arch->fp)));
}

static enum unwind_end follow(struct unwinder *unwinder, struct frame *frames, size_t max, size_t *count_ret)
{
	const struct arch *arch = unwinder->arch;

	*count_ret = 0;
	if (!is_start(arch, &unwinder->registers)) {
		error_set(unwinder->error, ERROR_CORRUPT,
			  "the registers to start from have no pc or no stack pointer");
		return UNWIND_FAILED;
	}
	while (*count_ret < max) {
		struct frame *frame = &frames[*count_ret];

		*frame = (struct frame){
			.kind = current_kind(unwinder, *count_ret == 0),
			.pc = unwinder->registers.value[arch->pc],
			.sp = unwinder->registers.value[arch->sp],
			.regs_address = unwinder->regs_address,
			.registers = unwinder->registers,
		};
		++*count_ret;
		if (frame->kind == FRAME_USER)
			return UNWIND_COMPLETE;
		switch (step(unwinder, frame)) {
		case STEP_NEXT:
			break;
		case STEP_END:
			return UNWIND_COMPLETE;
		case STEP_FAILED:
			return fail(unwinder, *count_ret - 1, frame);
		}
	}
	error_set(unwinder->error, ERROR_NONE, "the stack has more than %zu frames", max);
	return UNWIND_MORE;
}

/*
 * A new task, which has never run, is at the very start of ret_from_fork: nobody has called there, and what stands before it is another
 * function.
 */
static bool is_new_task(struct kernel *kernel, const struct registers *registers)
{
	uint64_t pc = registers->value[kernel->arch->pc];
	const struct symbol *symbol = is_valid(registers, kernel->arch->pc) && unwind_is_end(kernel, pc) ? symtab_lookup(kernel->symbols, pc) : NULL;

	return symbol && symbol->address == pc;
}

enum unwind_end unwind(struct kernel *kernel, const struct registers *registers,
		       struct frame *frames, size_t max, size_t *count_ret, struct error *error)
{
	struct error ignored;
	struct unwinder unwinder = {
		.kernel = kernel,
		.arch = kernel->arch,
		.registers = *registers,
		/* A task that was switched out is behind a call. */
		.exact = kernel->arch->switch_exact || is_valid(registers, kernel->arch->mode) || is_new_task(kernel, registers),
		.error = error ? error : &ignored,
	};

	return follow(&unwinder, frames, max, count_ret);
}

bool unwind_caller(struct kernel *kernel, const struct registers *registers, bool exact, struct registers *caller_ret)
{
	struct error ignored;
	struct unwinder unwinder = { .kernel = kernel, .arch = kernel->arch, .registers = *registers, .exact = exact,
				     .error = &ignored };
	/* The caller's own frame as well: what it keeps where says what its stack pointer is, see row_cfa(). */
	struct frame frames[2];
	size_t count;

	if (!exact)
		unwinder.registers.valid &= ~(1ull << kernel->arch->mode);
	follow(&unwinder, frames, 2, &count);
	if (count == 2)
		*caller_ret = frames[1].registers;
	return count == 2;
}
