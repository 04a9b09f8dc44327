// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The native unwinder; unwind.h says what it is for, symbols/cfi/orc.h what a row means.
 * Reference for the semantics of rows: arch/x86/kernel/unwind_orc.c's unwind_next_frame(),
 * described there in comments.
 */
#include "kernel/stacks/unwind.h"

#include <stdio.h>
#include <string.h>

#include "kernel/modules/dynamic_code.h"
#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/bad_pointer.h"
#include "kernel/stacks/dynamic_rows.h"
#include "kernel/stacks/return_traced.h"
#include "kernel/stacks/unwind_dwarf.h"
#include "kernel/stacks/unwind_rows.h"
#include "kernel/stacks/unwind_table.h"
#include "symbols/cfi/prologue.h"

/*
 * How often a stack may continue at a lower address: interrupt, exception and NMI stacks lie
 * anywhere. Real nesting is four or five deep; a circle through damaged memory goes on forever.
 */
#define MAX_STACK_SWITCHES 16

enum step { STEP_NEXT, STEP_END, STEP_FAILED };

struct unwinder {
	struct kernel *kernel;
	struct registers registers;	/* of the current frame */
	bool exact;			/* its pc is where it was, not where it will return to */
	/* the pt_regs that the current frame's registers came from */
	uint64_t regs_address;
	unsigned switches;
	struct error *error;
};

static bool is_valid(const struct registers *registers, unsigned index)
{
	return registers->valid >> index & 1;
}

static void set_register(struct registers *registers, unsigned index, uint64_t value)
{
	registers->value[index] = value;
	registers->valid |= 1ull << index;
}

static bool is_code(struct kernel *kernel, uint64_t address)
{
	return kernel_is_text(kernel, address) || module_at(kernel, address) || dynamic_code_at(kernel, address);
}

bool unwind_is_code(struct kernel *kernel, uint64_t address)
{
	return is_code(kernel, address);
}

bool unwind_is_return_address(struct kernel *kernel, uint64_t address, uint64_t *pc_ret)
{
	uint64_t pc;

	if (!kernel_read_pointer(kernel, address, &pc, NULL) || !is_code(kernel, pc) ||
	    (return_is_traced(kernel, pc) && !return_original(kernel, address, &pc, NULL)))
		return false;
	if (pc_ret)
		*pc_ret = pc;
	return true;
}

/*
 * Code outside of vmlinux and the modules. Two cases are worth a row of their own:
 *  - a call through a bad pointer, bad_pointer.h;
 *  - BPF programs, which are always compiled with a frame pointer.
 * Both only if a return address is where it should be.
 */
static bool row_without_table(struct unwinder *unwinder, uint64_t pc, struct orc_row *row)
{
	struct kernel *kernel = unwinder->kernel;
	uint64_t sp = unwinder->registers.value[X86_RSP], bp = unwinder->registers.value[X86_RBP];

	if (unwinder->exact && unwind_is_return_address(kernel, sp, NULL) && bad_pointer(kernel, pc, sp, NULL, 0)) {
		*row = (struct orc_row){ .type = ORC_TYPE_FRAME,
					 .sp_base = ORC_BASE_SP,
					 .sp_offset = 8 };
		return true;
	}
	if (is_valid(&unwinder->registers, X86_RBP) && bp % 8 == 0 && bp >= sp && bp - sp < 65536 &&
	    unwind_is_return_address(kernel, bp + 8, NULL)) {
		*row = (struct orc_row){ .type = ORC_TYPE_FRAME,
					 .sp_base = ORC_BASE_BP,
					 .sp_offset = 16,
					 .bp_base = ORC_BASE_PREV_SP,
					 .bp_offset = -16 };
		return true;
	}
	return false;
}

/* Is the instruction before PC a call of FUNCTION? */
static bool is_call_of(struct kernel *kernel, uint64_t pc, uint64_t function)
{
	uint8_t code[5];
	int32_t distance;
	uint64_t target;

	if (!memory_read(kernel->memory, pc - sizeof(code), code, sizeof(code), NULL) ||
	    code[0] != 0xe8)
		return false;
	memcpy(&distance, code + 1, 4);
	target = pc + (int64_t)distance;
	return target == function || target == function + 4;	/* behind its endbr64 */
}

/*
 * A C function without ORC or .debug_frame: what its first instructions say, if that leads to a
 * call of it.
 */
static bool row_from_prologue(struct unwinder *unwinder, uint64_t address, struct orc_row *row)
{
	struct kernel *kernel = unwinder->kernel;
	const struct symbol *symbol = symtab_lookup(kernel->symbols, address);
	uint64_t sp = unwinder->registers.value[X86_RSP], caller;
	uint8_t code[PROLOGUE_MAX];
	size_t length;

	return symbol && memory_read(kernel->memory, symbol->address, code, sizeof(code), NULL) &&
	       prologue_row(code, sizeof(code), row, &length) &&
	       address >= symbol->address + length &&
	       kernel_read_pointer(kernel, sp + row->sp_offset - 8, &caller, NULL) &&
	       is_call_of(kernel, caller, symbol->address);
}

static bool find_row(struct unwinder *unwinder, uint64_t pc, struct orc_row *row)
{
	struct kernel *kernel = unwinder->kernel;
	/*
	 * A return address can be the start of the next function: what matters is the call before
	 * it.
	 */
	uint64_t address = unwinder->exact ? pc : pc - 1;
	const struct orc_row *found = NULL;
	const struct orc_table *table;
	struct module *module;

	if (kernel_is_text(kernel, address)) {
		if (!unwind_load_orc(kernel, unwinder->error))
			return false;
		found = orc_find(&kernel->orc, address);
		if ((!found || found->type == ORC_TYPE_UNKNOWN) &&
		    (unwind_dwarf_row(kernel, address, row) ||
		     (!kernel->vmlinux_path && row_from_prologue(unwinder, address, row))))
			return true;
	} else if ((module = module_at(kernel, address))) {
		if (!module_orc(kernel, module, &table, unwinder->error))
			return false;
		found = orc_find(table, address);
	} else if (dynamic_code_at(kernel, address)) {
		table = dynamic_rows(kernel);
		found = table ? orc_find(table, address) : NULL;
	} else if (row_without_table(unwinder, pc, row)) {
		return true;
	} else if (!kernel->arch->is_kernel_address(kernel->memory, unwinder->registers.value[X86_RSP])) {
		return error_set(unwinder->error, ERROR_CORRUPT,
				 "neither that nor the stack pointer, 0x%llx, is the kernel's: firmware had the CPU, or it was "
				 "just starting", (unsigned long long)unwinder->registers.value[X86_RSP]);
	} else {
		return error_set(unwinder->error, ERROR_CORRUPT,
				 "0x%llx is neither in the kernel nor in a module, so there is no "
				 "unwind information",
				 (unsigned long long)pc);
	}
	if (!found)
		return error_set(unwinder->error, ERROR_CORRUPT, "0x%llx has no unwind information",
				 (unsigned long long)pc);
	*row = *found;
	return true;
}

bool unwind_is_call(struct kernel *kernel, uint64_t pc)
{
	struct error ignored;
	struct unwinder unwinder = { .kernel = kernel, .error = &ignored };
	struct orc_row row;

	return is_code(kernel, pc - 1) && find_row(&unwinder, pc, &row) && row.type == ORC_TYPE_FRAME &&
	       !row.signal;
}

/* The value of the register that a row's offset is relative to. */
static bool base_register(struct unwinder *unwinder, uint8_t base, uint64_t *value_ret)
{
	static const struct { uint8_t index; const char *name; } registers[] = {
		[ORC_BASE_SP] = { X86_RSP, "rsp" }, [ORC_BASE_SP_INDIRECT] = { X86_RSP, "rsp" },
		[ORC_BASE_BP] = { X86_RBP, "rbp" }, [ORC_BASE_BP_INDIRECT] = { X86_RBP, "rbp" },
		[ORC_BASE_DI] = { X86_RDI, "rdi" }, [ORC_BASE_DX] = { X86_RDX, "rdx" },
		[ORC_BASE_R10] = { X86_R10, "r10" }, [ORC_BASE_R13] = { X86_R13, "r13" },
		[ORC_BASE_AX] = { X86_RAX, "rax" },
	};

	if (base >= sizeof(registers) / sizeof(registers[0]) || !registers[base].name)
		return error_set(unwinder->error, ERROR_CORRUPT,
				 "its unwind information makes no sense");
	if (!is_valid(&unwinder->registers, registers[base].index))
		return error_set(unwinder->error, ERROR_CORRUPT,
				 "its caller is found through %s, which is not known here",
				 registers[base].name);
	*value_ret = unwinder->registers.value[registers[base].index];
	return true;
}

/* The address that a row computes: a call's CFA, or where the saved registers are. */
static bool row_address(struct unwinder *unwinder, const struct orc_row *row, uint64_t *address_ret)
{
	struct kernel *kernel = unwinder->kernel;
	uint64_t address;

	if (!base_register(unwinder, row->sp_base, &address))
		return false;
	if (row->sp_base == ORC_BASE_SP_INDIRECT && row->type == ORC_TYPE_FRAME) {
		/*
		 * The word on top of the new stack is the old stack's pointer (since 5.12,
		 * aafeb14e9da2).
		 */
		if (!kernel_read_pointer(kernel, address, &address, unwinder->error))
			return false;
		address += row->sp_offset;
	} else {
		address += row->sp_offset;
		/* BP_INDIRECT, and how entry code up to 5.7 pointed to pt_regs on another stack. */
		if ((row->sp_base == ORC_BASE_BP_INDIRECT ||
		     row->sp_base == ORC_BASE_SP_INDIRECT) &&
		    !kernel_read_pointer(kernel, address, &address, unwinder->error))
			return false;
	}
	if (address % 8 || !kernel->arch->is_kernel_address(kernel->memory, address))
		return error_set(unwinder->error, ERROR_CORRUPT,
				 "its frame would end at 0x%llx, which is no stack",
				 (unsigned long long)address);
	*address_ret = address;
	return true;
}

/* Where the stack may go on: upwards, or to another stack a few times. */
static bool check_progress(struct unwinder *unwinder, uint64_t sp, bool may_switch)
{
	uint64_t old = unwinder->registers.value[X86_RSP];

	if (sp > old || (may_switch && ++unwinder->switches <= MAX_STACK_SWITCHES))
		return true;
	return error_set(unwinder->error, ERROR_CORRUPT,
			 "the stack goes round in a circle: from 0x%llx back to 0x%llx",
			 (unsigned long long)old, (unsigned long long)sp);
}

static bool restore_bp(struct unwinder *unwinder, const struct orc_row *row, uint64_t cfa,
		       struct registers *caller)
{
	const struct registers *registers = &unwinder->registers;
	uint64_t address, bp;

	switch (row->bp_base) {
	case ORC_BASE_PREV_SP:
		address = cfa + row->bp_offset;
		break;
	case ORC_BASE_BP:
		address = registers->value[X86_RBP] + row->bp_offset;
		if (is_valid(registers, X86_RBP))
			break;
		return true;
	default:
		if (is_valid(registers, X86_RBP))
			set_register(caller, X86_RBP, registers->value[X86_RBP]);
		return true;
	}
	/* Whether rbp is needed further up is another question, so its loss is not an end. */
	if (kernel_read_pointer(unwinder->kernel, address, &bp, NULL))
		set_register(caller, X86_RBP, bp);
	return true;
}

/* A return address that leads nowhere must not become a frame. */
static bool check_return_address(struct unwinder *unwinder, uint64_t address, uint64_t pc)
{
	struct orc_row row;

	if (is_code(unwinder->kernel, pc - 1) || is_code(unwinder->kernel, pc) ||
	    row_without_table(unwinder, pc, &row))
		return true;
	return error_set(unwinder->error, ERROR_CORRUPT,
			 "its return address, at 0x%llx, is 0x%llx, and there is no code",
			 (unsigned long long)address, (unsigned long long)pc);
}

/*
 * Can the caller be on another stack? asm_call_on_stack (5.8 to 5.11, 931b94145981), and
 * do_softirq_own_stack before it, keep the old stack's pointer in rbp, and on top of the new stack,
 * as all do that switch.
 */
static bool switches_stack(struct unwinder *unwinder, const struct orc_row *row)
{
	const struct registers *registers = &unwinder->registers;
	uint64_t top;

	if (row->sp_base == ORC_BASE_SP_INDIRECT || row->sp_base == ORC_BASE_BP_INDIRECT)
		return true;
	return row->sp_base == ORC_BASE_BP &&
	       kernel_read_pointer(unwinder->kernel, registers->value[X86_RSP], &top, NULL) &&
	       top == registers->value[X86_RBP];
}

static enum step step_call(struct unwinder *unwinder, const struct orc_row *row,
			   struct frame *frame)
{
	struct registers caller = { 0 };
	uint64_t cfa, pc;

	if (!row_address(unwinder, row, &cfa) ||
	    !check_progress(unwinder, cfa, switches_stack(unwinder, row)) ||
	    !kernel_read_pointer(unwinder->kernel, cfa - 8, &pc, unwinder->error) ||
	    (return_is_traced(unwinder->kernel, pc) &&
	     !return_original(unwinder->kernel, cfa - 8, &pc, unwinder->error)) ||
	    !restore_bp(unwinder, row, cfa, &caller))
		return STEP_FAILED;
	frame->cfa = cfa;
	set_register(&caller, X86_RIP, pc);
	set_register(&caller, X86_RSP, cfa);
	unwinder->registers = caller;
	unwinder->exact = row->signal;
	unwinder->regs_address = 0;
	return check_return_address(unwinder, cfa - 8, pc) ? STEP_NEXT : STEP_FAILED;
}

/* The hardware's part of an exception frame, in the order it is pushed in reverse. */
static bool read_iret(struct unwinder *unwinder, uint64_t address, struct registers *registers)
{
	static const uint8_t order[] = { X86_RIP, X86_CS, X86_EFLAGS, X86_RSP, X86_SS };
	uint8_t data[sizeof(order) * 8];

	if (!memory_read(unwinder->kernel->memory, address, data, sizeof(data), unwinder->error))
		return false;
	for (size_t i = 0; i < sizeof(order); i++) {
		uint64_t value = memory_decode(unwinder->kernel->memory, data + i * 8, 8);

		/* Above the selectors FRED keeps event data (6.9). */
		if (order[i] == X86_CS || order[i] == X86_SS)
			value &= 0xffff;
		set_register(registers, order[i], value);
	}
	return true;
}

static enum step step_registers(struct unwinder *unwinder, const struct orc_row *row,
				struct frame *frame)
{
	const struct arch *arch = unwinder->kernel->arch;
	struct registers interrupted = { 0 };
	uint64_t address;

	if (!row_address(unwinder, row, &address))
		return STEP_FAILED;
	if (row->type == ORC_TYPE_PT_REGS) {
		if (!arch->pt_regs(unwinder->kernel->memory, address, &interrupted,
				   unwinder->error))
			return STEP_FAILED;
		frame->cfa = address + arch->pt_regs_size;
	} else {
		/* All others still have their values. */
		interrupted = unwinder->registers;
		if (!read_iret(unwinder, address, &interrupted))
			return STEP_FAILED;
		frame->cfa = address + 5 * 8;
	}
	if (!arch->is_user(&interrupted) &&
	    !check_progress(unwinder, interrupted.value[X86_RSP], true))
		return STEP_FAILED;
	unwinder->registers = interrupted;
	unwinder->exact = row->signal;
	unwinder->regs_address = row->type == ORC_TYPE_PT_REGS ? address : 0;
	return STEP_NEXT;
}

/* From the current frame to its caller; fills in FRAME's cfa. */
static enum step step(struct unwinder *unwinder, struct frame *frame)
{
	struct orc_row row;

	if (!find_row(unwinder, frame->pc, &row))
		return STEP_FAILED;
	switch (row.type) {
	case ORC_TYPE_END:
		return STEP_END;
	case ORC_TYPE_FRAME:
		return step_call(unwinder, &row, frame);
	case ORC_TYPE_PT_REGS:
	case ORC_TYPE_IRET:
		return step_registers(unwinder, &row, frame);
	}
	error_set(unwinder->error, ERROR_CORRUPT,
		  "the kernel has no unwind information for this code");
	return STEP_FAILED;
}

static enum frame_kind current_kind(const struct unwinder *unwinder, bool first)
{
	if (unwinder->kernel->arch->is_user(&unwinder->registers))
		return FRAME_USER;
	/*
	 * Only an interrupt, an exception or a note has cs; a task switch saves the callee-saved
	 * registers.
	 */
	if (first)
		return is_valid(&unwinder->registers, X86_CS) ? FRAME_INTERRUPTED : FRAME_CALL;
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

enum unwind_end unwind(struct kernel *kernel, const struct registers *registers,
		       struct frame *frames, size_t max, size_t *count_ret, struct error *error)
{
	struct error ignored;
	struct unwinder unwinder = {
		.kernel = kernel,
		.registers = *registers,
		.exact = true,
		.error = error ? error : &ignored,
	};

	*count_ret = 0;
	if (!is_valid(registers, kernel->arch->pc) || !is_valid(registers, kernel->arch->sp)) {
		error_set(error, ERROR_CORRUPT,
			  "the registers to start from have no pc or no stack pointer");
		return UNWIND_FAILED;
	}
	if (kernel->arch->code)
		return unwind_rows(kernel, registers, frames, max, count_ret, error);
	while (*count_ret < max) {
		struct frame *frame = &frames[*count_ret];

		*frame = (struct frame){
			.kind = current_kind(&unwinder, *count_ret == 0),
			.pc = unwinder.registers.value[X86_RIP],
			.sp = unwinder.registers.value[X86_RSP],
			.regs_address = unwinder.regs_address,
			.registers = unwinder.registers,
		};
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
