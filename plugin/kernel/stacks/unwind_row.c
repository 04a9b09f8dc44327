// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/stacks/unwind_row.h"

#include "kernel/modules/dynamic_code.h"
#include "kernel/modules/module.h"
#include "kernel/modules/symbolize.h"
#include "kernel/stacks/bad_pointer.h"
#include "kernel/stacks/dynamic_rows.h"
#include "kernel/stacks/frame_info.h"
#include "kernel/stacks/return_traced.h"
#include "kernel/stacks/unwind.h"
#include "kernel/stacks/unwind_table.h"
#include "symbols/cfi/code_row.h"
#include "symbols/cfi/orc_frame.h"
#include "symbols/cfi/prologue.h"

#define MAX_RECORD 65536	/* bytes between a stack pointer and a frame record */

bool unwind_is_code(struct kernel *kernel, uint64_t address)
{
	return kernel_is_text(kernel, address) || module_at(kernel, address) || dynamic_code_at(kernel, address);
}

bool unwind_is_return_address(struct kernel *kernel, uint64_t address, uint64_t *pc_ret)
{
	uint64_t pc;

	if (!kernel_read_pointer(kernel, address, &pc, NULL) || !unwind_is_code(kernel, pc) ||
	    (return_is_traced(kernel, pc) && !return_original(kernel, address, &pc, NULL)))
		return false;
	if (pc_ret)
		*pc_ret = pc;
	return true;
}

static bool is_valid(const struct registers *registers, unsigned index)
{
	return registers->valid >> index & 1;
}

/* Of a machine whose calls push: the return address is below the CFA. */
static void call_row(const struct arch *arch, unsigned base, int64_t offset, struct frame_row *row)
{
	if (!row)
		return;
	orc_frame_start(arch, row);
	row->cfa = (struct frame_rule){ .kind = FRAME_REGISTER, .reg = arch->registers[base].dwarf, .offset = offset };
	row->rules[row->return_column] = (struct frame_rule){ .kind = FRAME_AT_CFA, .offset = -(int64_t)arch->pointer_size };
	row->rules[arch->registers[arch->fp].dwarf].kind = FRAME_SAME;
}

bool unwind_row_elsewhere(struct kernel *kernel, const struct registers *registers, bool exact, struct frame_row *row)
{
	const struct arch *arch = kernel->arch;
	unsigned word = arch->pointer_size;
	uint64_t sp = registers->value[arch->sp], fp = registers->value[arch->fp];

	if (arch->lr || !is_valid(registers, arch->sp))
		return false;
	if (exact && unwind_is_return_address(kernel, sp, NULL) &&
	    bad_pointer(kernel, registers->value[arch->pc], sp, NULL, 0)) {
		call_row(arch, arch->sp, word, row);
		return true;
	}
	if (!is_valid(registers, arch->fp) || fp % word || fp < sp || fp - sp >= MAX_RECORD ||
	    !unwind_is_return_address(kernel, fp + arch->record_pc, NULL))
		return false;
	call_row(arch, arch->fp, 2 * word, row);
	if (row)
		row->rules[arch->registers[arch->fp].dwarf] = (struct frame_rule){ .kind = FRAME_AT_CFA,
										   .offset = arch->record_fp - 2 * (int64_t)word };
	return true;
}

/* Is the instruction before PC a call of FUNCTION, or of what is behind the landing pad that it begins with? */
static bool is_call_of(struct kernel *kernel, uint64_t pc, uint64_t function)
{
	const struct arch *arch = kernel->arch;
	uint8_t code[ARCH_MAX_CALL];
	uint64_t target;

	return arch->call_target && memory_read(kernel->memory, pc - arch->call_size, code, arch->call_size, NULL) &&
	       arch->call_target(code, pc, &target) && (target == function || target == function + 4);
}

/*
 * A C function without ORC or .debug_frame: what its first instructions say, if that leads to a
 * call of it.
 */
static bool row_from_prologue(struct kernel *kernel, const struct registers *registers, uint64_t address, struct frame_row *row)
{
	const struct symbol *symbol = symtab_lookup(kernel->symbols, address);
	uint64_t sp = registers->value[kernel->arch->sp], caller;
	uint8_t code[PROLOGUE_MAX];
	struct orc_row orc;
	size_t length;

	return kernel->arch->call_target && symbol && memory_read(kernel->memory, symbol->address, code, sizeof(code), NULL) &&
	       prologue_row(kernel->arch, code, sizeof(code), &orc, &length) && address >= symbol->address + length &&
	       kernel_read_pointer(kernel, sp + orc.sp_offset - kernel->arch->pointer_size, &caller, NULL) &&
	       is_call_of(kernel, caller, symbol->address) && orc_frame(kernel->arch, &orc, row);
}

enum arch_code_kind unwind_code_kind(struct kernel *kernel, uint64_t address)
{
	const struct symtab *symbols;
	struct module *module;
	const struct symbol *symbol = kernel_lookup(kernel, address, &symbols, &module);

	return symbol && !module ? code_row_kind(kernel->arch, kernel->symbols, symbol->name) : ARCH_CODE_LEAF;
}

bool unwind_is_end(struct kernel *kernel, uint64_t address)
{
	return unwind_code_kind(kernel, address) == ARCH_CODE_END;
}

/* No ORC, or none for this code. */
static enum unwind_found row_without_orc(struct kernel *kernel, uint64_t address, struct frame_row *row)
{
	if (kernel->arch->code_first && unwind_code_kind(kernel, address) != ARCH_CODE_LEAF)
		return UNWIND_NO_ROW;
	return frame_info_row(kernel, address, row) ? UNWIND_ROW : UNWIND_NO_ROW;
}

/* By ORC's row FOUND, which may be NULL, of the frame at PC. */
static enum unwind_found by_orc(struct kernel *kernel, const struct orc_row *found, uint64_t pc, struct frame_row *row,
				struct error *error)
{
	if (!found)
		error_set(error, ERROR_CORRUPT, "0x%llx has no unwind information", (unsigned long long)pc);
	else if (found->type == ORC_TYPE_UNKNOWN)
		error_set(error, ERROR_CORRUPT, "the kernel has no unwind information for this code");
	else if (orc_frame(kernel->arch, found, row))
		return UNWIND_ROW;
	else
		error_set(error, ERROR_CORRUPT, "its unwind information makes no sense");
	return UNWIND_NO_CODE;
}

static enum unwind_found text_row(struct kernel *kernel, const struct registers *registers, uint64_t address,
				  struct frame_row *row, struct error *error)
{
	const struct orc_row *found;

	if (!unwind_load_orc(kernel, NULL))
		return row_without_orc(kernel, address, row);
	found = orc_find(&kernel->orc, address);
	if ((!found || found->type == ORC_TYPE_UNKNOWN) &&
	    (frame_info_row(kernel, address, row) ||
	     (!kernel->vmlinux_path && row_from_prologue(kernel, registers, address, row))))
		return UNWIND_ROW;
	return by_orc(kernel, found, registers->value[kernel->arch->pc], row, error);
}

static enum unwind_found module_row(struct kernel *kernel, const struct registers *registers, struct module *module,
				    uint64_t address, struct frame_row *row, struct error *error)
{
	const struct orc_table *table;

	if (!unwind_load_orc(kernel, NULL))
		return row_without_orc(kernel, address, row);
	if (!module_orc(kernel, module, &table, error))
		return UNWIND_NO_CODE;
	return by_orc(kernel, orc_find(table, address), registers->value[kernel->arch->pc], row, error);
}

/* Why there is no row: what PC is in is nobody's, or whose it is has been lost with the modules. */
static void no_code(struct kernel *kernel, const struct registers *registers, struct error *error)
{
	const struct arch *arch = kernel->arch;
	uint64_t pc = registers->value[arch->pc], sp = registers->value[arch->sp];
	struct module_list *modules;
	struct error why = { .kind = ERROR_NONE };

	if (is_valid(registers, arch->sp) && !arch->is_kernel_address(kernel->memory, sp))
		error_set(error, ERROR_CORRUPT,
			  "neither that nor the stack pointer, 0x%llx, is the kernel's: firmware had the CPU, or it was "
			  "just starting", (unsigned long long)sp);
	else if (!modules_get(kernel, &modules, &why) || modules->damage)
		error_set(error, ERROR_EXCLUDED, "0x%llx is not in the kernel's own code, and of the modules not all are known: %s",
			  (unsigned long long)pc, why.kind == ERROR_NONE ? modules->damage : why.text);
	else
		error_set(error, ERROR_CORRUPT, "0x%llx is neither in the kernel nor in a module, so there is no unwind information",
			  (unsigned long long)pc);
}

enum unwind_found unwind_row(struct kernel *kernel, const struct registers *registers, bool exact, struct frame_row *row,
			     struct error *error)
{
	const struct arch *arch = kernel->arch;
	/* A return address can be the start of the next function: what matters is the call before it. */
	uint64_t pc = registers->value[arch->pc], address = exact ? pc : pc - 1;
	struct module *module;
	const struct orc_table *table;

	if (kernel_is_text(kernel, address))
		return text_row(kernel, registers, address, row, error);
	module = module_at(kernel, address);
	if (module)
		return module_row(kernel, registers, module, address, row, error);
	if (dynamic_code_at(kernel, address) && unwind_load_orc(kernel, NULL)) {
		table = dynamic_rows(kernel);
		return by_orc(kernel, table ? orc_find(table, address) : NULL, pc, row, error);
	}
	if (unwind_row_elsewhere(kernel, registers, exact, row))
		return UNWIND_ROW;
	if (dynamic_code_at(kernel, address))
		return UNWIND_NO_ROW;
	no_code(kernel, registers, error);
	return UNWIND_NO_CODE;
}

bool unwind_is_call(struct kernel *kernel, uint64_t pc)
{
	struct registers registers = { .valid = 1ull << kernel->arch->pc };
	struct frame_row row;

	/* Only a companion that is made of ORC marks what was called as a signal's (symbols/cfi/cfi.h). */
	if (!unwind_load_orc(kernel, NULL))
		return false;
	registers.value[kernel->arch->pc] = pc;
	return unwind_is_code(kernel, pc - 1) && unwind_row(kernel, &registers, false, &row, NULL) == UNWIND_ROW && !row.signal &&
	       row.saved == FRAME_SAVED_NOTHING && row.rules[row.return_column].kind != FRAME_UNDEFINED;
}
