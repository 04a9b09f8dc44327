// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ORC rows to call frame information, and the files that carry it to gdb; see cfi.h.
 *
 * Decisions, with what they rest on:
 *  - SP_INDIRECT rows are stack switches in inline assembly of C functions, which the compiler
 *    knows nothing of, so they override the function's own FDE, exactly for the row's addresses.
 *    BP_INDIRECT rows are gcc's realigned stacks, where the compiler's own description is right and
 *    knows more registers: they count only where there is no FDE.
 *  - "S" comes from the row's signal bit, not from its type: after int3 the pc is behind the
 *    instruction, so pt_regs there are not a signal frame (since 6.3 ORC says so). And stack
 *    switches have it wherever gdb would otherwise take the stack for a broken one, because it goes
 *    down between two ordinary frames. What called such a function is then an interrupted one to
 *    gdb: its line is the one after the call, which gdb/frames.c puts right.
 *  - A row without unwind information gets a rip that cannot be read, so gdb stops there with an
 *    error. With no FDE at all gdb (13.1) guesses a caller by reading the prologue, and prints a
 *    wrong one; with rip undefined the stack would end as if it were complete. Only inside of
 *    symbols: the padding between functions needs nothing.
 *  - Callee-saved registers: ORC knows rbp alone. Assembly does not change the others in nearly all
 *    cases, so they are kept there. A C function without an FDE may have saved them anywhere on its
 *    frame, so they are lost, unless the frame has no room for them.
 */
#include "symbols/cfi/cfi.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "symbols/cfi/cfi_convert.h"
#include "symbols/symtab.h"

/*
 * struct pt_regs (arch/x86/include/asm/ptrace.h); the last five words are what the CPU pushes
 * itself.
 */
#define PT_REGS_SIZE 168
#define IRET_SIZE 40

static const uint8_t callee_saved[] = { DWARF_RBX, DWARF_R12, DWARF_R13, DWARF_R14, DWARF_R15 };

/* --- one row --- */

static bool set_cfa(struct cfi_state *state, const struct orc_row *row)
{
	static const int8_t registers[] = {
		[ORC_BASE_NONE] = -1, [ORC_BASE_PREV_SP] = -1,
		[ORC_BASE_SP] = DWARF_RSP, [ORC_BASE_BP] = DWARF_RBP,
		[ORC_BASE_DI] = DWARF_RDI, [ORC_BASE_DX] = DWARF_RDX, [ORC_BASE_R10] = DWARF_R10,
		[ORC_BASE_R13] = DWARF_R13, [ORC_BASE_SP_INDIRECT] = DWARF_RSP,
		[ORC_BASE_BP_INDIRECT] = DWARF_RBP, [ORC_BASE_AX] = DWARF_RAX,
	};

	if (row->sp_base >= sizeof(registers) || registers[row->sp_base] < 0)
		return false;
	state->cfa_reg = registers[row->sp_base];
	state->cfa_deref = row->sp_base == ORC_BASE_SP_INDIRECT ||
		row->sp_base == ORC_BASE_BP_INDIRECT;
	state->cfa_inner = row->sp_base == ORC_BASE_BP_INDIRECT ? row->sp_offset : 0;
	state->cfa_offset = row->sp_base == ORC_BASE_BP_INDIRECT ? 0 : row->sp_offset;
	return true;
}

static void set_rbp(struct cfi_state *state, const struct orc_row *row)
{
	struct cfi_rule *rbp = &state->rules[DWARF_RBP];

	if (row->bp_base == ORC_BASE_PREV_SP)
		*rbp = (struct cfi_rule){ .kind = CFI_AT_CFA, .offset = row->bp_offset };
	else if (row->bp_base == ORC_BASE_BP)
		*rbp = (struct cfi_rule){ .kind = CFI_AT_REGISTER, .reg = DWARF_RBP,
					  .offset = row->bp_offset };
	else if (row->bp_base != ORC_BASE_NONE)
		*rbp = (struct cfi_rule){ .kind = CFI_UNDEFINED };
}

/* Where a pt_regs, or its last five words, that ends at the CFA has each register. */
static void set_saved_registers(struct cfi_state *state, bool all)
{
	static const uint8_t order[] = {	/* downwards from the end; orig_rax has no number */
		CFI_SS, DWARF_RSP, CFI_EFLAGS, CFI_CS, DWARF_RIP, CFI_NR_REGISTERS,
		DWARF_RDI, DWARF_RSI, DWARF_RDX, DWARF_RCX, DWARF_RAX,
		DWARF_R8, DWARF_R9, DWARF_R10, DWARF_R11,
		DWARF_RBX, DWARF_RBP, DWARF_R12, DWARF_R13, DWARF_R14, DWARF_R15,
	};
	size_t count = all ? sizeof(order) : IRET_SIZE / 8;

	for (size_t i = 0; i < count; i++)
		if (order[i] < CFI_NR_REGISTERS)
			state->rules[order[i]] = (struct cfi_rule){ .kind = CFI_AT_CFA,
								    .offset = -8 * ((int)i + 1) };
}

/*
 * Has the frame no room for a saved register beside the return address, and rbp where that is
 * saved?
 */
static bool is_tiny_frame(const struct orc_row *row)
{
	int words = row->sp_offset / 8 - 1;

	return row->sp_base == ORC_BASE_SP && words - (row->bp_base == ORC_BASE_PREV_SP) <= 0;
}

static struct cfi_state convert_row(const struct orc_row *row, bool callee_saved_kept)
{
	struct cfi_state state = cfi_state_call();

	if (row->type == ORC_TYPE_END) {
		state.rules[DWARF_RIP] = (struct cfi_rule){ .kind = CFI_UNDEFINED };
		return state;
	}
	if (row->type == ORC_TYPE_UNKNOWN || !set_cfa(&state, row)) {
		state = cfi_state_call();
		state.rules[DWARF_RIP] = (struct cfi_rule){ .kind = CFI_UNREADABLE };
		return state;
	}
	switch (row->type) {
	case ORC_TYPE_PT_REGS:
		state.cfa_offset += PT_REGS_SIZE;
		set_saved_registers(&state, true);
		break;
	case ORC_TYPE_IRET:
		state.cfa_offset += IRET_SIZE;
		set_saved_registers(&state, false);
		set_rbp(&state, row);
		break;
	default:
		set_rbp(&state, row);
		for (size_t i = 0; i < sizeof(callee_saved); i++)
			if (!callee_saved_kept && !is_tiny_frame(row))
				state.rules[callee_saved[i]] =
					(struct cfi_rule){ .kind = CFI_UNDEFINED };
	}
	return state;
}

/* --- all rows --- */

/* The end of the code that ADDRESS is in; 0 if it is in none. */
static uint64_t code_end(const struct conversion *conversion, uint64_t address)
{
	size_t low = array_up_to(conversion->code, conversion->nr_code, sizeof(*conversion->code),
				 offsetof(struct code_range, end), address);

	return low < conversion->nr_code && conversion->code[low].start <= address ?
		conversion->code[low].end : 0;
}

/*
 * Not in a function, or in the nops before one that 6.2+ gives a name of their own (9f2899fe36a6):
 * never executed.
 */
static bool is_padding(const struct conversion *conversion, uint64_t address)
{
	const struct symbol *symbol = symtab_lookup(conversion->symtab, address);

	return !symbol || strncmp(symbol->name, "__pfx_", 6) == 0;
}

/*
 * asm_call_on_stack (5.8 to 5.11, 931b94145981), also known as asm_call_sysvec_on_stack and
 * asm_call_irq_on_stack, and before that do_softirq_own_stack keep the old stack's pointer in rbp.
 * That may be lower, which gdb takes for a broken stack unless the frame is a signal's.
 */
static bool may_go_down(const struct conversion *conversion, const struct orc_row *row,
			uint64_t address)
{
	const struct symbol *symbol;

	if (!conversion->symtab || row->type != ORC_TYPE_FRAME || row->sp_base != ORC_BASE_BP)
		return false;
	symbol = symtab_lookup(conversion->symtab, address);
	return symbol && ((strncmp(symbol->name, "asm_call_", 9) == 0 &&
			   strstr(symbol->name, "on_stack")) ||
			  strcmp(symbol->name, "do_softirq_own_stack") == 0);
}

/*
 * ftrace_caller, ftrace_regs_caller, and the copies that an ops has of them, are called where a function starts: its
 * arguments are in registers still, which an ordinary call would not leave alone. They have been saved, but since which
 * instruction the rows do not say.
 */
static void lose_arguments(const struct conversion *conversion, uint64_t address, struct cfi_state *state)
{
	static const uint8_t arguments[] = { DWARF_RAX, DWARF_RDX, DWARF_RCX, DWARF_RSI, DWARF_RDI, DWARF_R8, DWARF_R9,
					     DWARF_R10, DWARF_R11 };
	const struct symbol *symbol = conversion->symtab ? symtab_lookup(conversion->symtab, address) : NULL;

	if (!symbol || (strncmp(symbol->name, "ftrace_caller", 13) != 0 &&
			strncmp(symbol->name, "ftrace_regs_caller", 18) != 0 &&
			strcmp(symbol->name, "ftrace_trampoline") != 0))
		return;
	for (size_t i = 0; i < sizeof(arguments); i++)
		state->rules[arguments[i]] = (struct cfi_rule){ .kind = CFI_UNDEFINED };
}

/* Code that nothing else describes. */
static void add_uncovered(struct conversion *conversion, const struct orc_row *row, uint64_t start,
			  uint64_t end)
{
	/*
	 * The stack may go down where it is switched. gdb takes that for a broken one unless the
	 * frame is a signal's, or inlined functions stand between, which only vmlinux's DWARF has.
	 */
	bool signal = row->signal ||
		      (!conversion->file && row->sp_base == ORC_BASE_SP_INDIRECT);
	struct cfi_state state;

	if (conversion->symtab && is_padding(conversion, start) && is_padding(conversion, end - 1))
		return;
	state = convert_row(row, conversion->callee_saved_kept);
	if (row->type == ORC_TYPE_FRAME)
		lose_arguments(conversion, start, &state);
	cfi_frame_add(&conversion->frames, start, end,
		      signal || may_go_down(conversion, row, start), &state);
}

/*
 * Code that has an FDE. The registers' rules in it may change within the row; the compiler saves
 * them at the start of a function and stack switches are not there, so the rules at the row's start
 * hold for all of it.
 */
static void add_override(struct conversion *conversion, const struct orc_row *row, uint64_t start,
			 uint64_t end)
{
	struct cfi_state state;

	if (row->sp_base != ORC_BASE_SP_INDIRECT)
		return;
	state = convert_row(row, true);
	if (row->type == ORC_TYPE_FRAME)
		cfi_cover_rules(&conversion->cover, conversion->file, start, &state);
	/*
	 * The other stack may be below this one (an idle task's is), and gdb stops there unless an
	 * inlined function's frame stands between. All of a row is one piece of inline assembly.
	 */
	cfi_frame_add(&conversion->frames, start, end,
		      row->signal || !cfi_cover_is_inlined(&conversion->cover, conversion->file, start),
		      &state);
}

void cfi_convert(struct conversion *conversion)
{
	const struct orc_table *table = conversion->table;

	cfi_frame_start(&conversion->frames);
	for (size_t i = 0; table && i < table->count; i++) {
		uint64_t start = table->addresses[i], end = code_end(conversion, start);

		if (i + 1 < table->count && table->addresses[i + 1] < end)
			end = table->addresses[i + 1];
		while (start < end) {
			uint64_t piece_end;
			bool covered = cfi_cover_contains(&conversion->cover, start, &piece_end);

			if (piece_end > end)
				piece_end = end;
			if (covered)
				add_override(conversion, &table->rows[i], start, piece_end);
			else
				add_uncovered(conversion, &table->rows[i], start, piece_end);
			start = piece_end;
		}
	}
	cfi_frame_finish(&conversion->frames);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct code_range *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

bool cfi_convert_save(const struct conversion *conversion, struct elf_writer *writer)
{
	const struct buffer *section = &conversion->frames.section;
	const Elf64_Shdr header = { .sh_type = SHT_PROGBITS, .sh_addralign = 8 };

	return !section->failed && elf_writer_add(writer, ".debug_frame", &header, section->data,
						  section->size);
}

void cfi_convert_free(struct conversion *conversion)
{
	cfi_cover_free(&conversion->cover);
	buffer_free(&conversion->frames.section);
	free(conversion->code);
}

/* --- vmlinux's companion --- */

/*
 * Copies the sections that are in memory as empty ones, so that gdb relocates the file like the
 * original; notes code.
 */
static bool copy_sections(struct conversion *conversion, struct elf_writer *writer,
			  struct error *error)
{
	const struct elf_file *file = conversion->file;
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	conversion->code = calloc(file->nr_sections + 1, sizeof(*conversion->code));
	if (!conversion->code)
		return error_no_memory(error, "sections",
				       file->nr_sections * sizeof(*conversion->code));
	while ((section = elf_nextscn(file->elf, section)) &&
	       conversion->nr_code < file->nr_sections) {
		Elf64_Shdr copy = { .sh_type = SHT_NOBITS };

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC))
			continue;
		copy.sh_flags = header.sh_flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR);
		copy.sh_addr = header.sh_addr;
		copy.sh_size = header.sh_size;
		copy.sh_addralign = header.sh_addralign;
		elf_writer_add(writer, elf_file_section_name(file, &header), &copy, NULL, 0);
		if ((header.sh_flags & SHF_EXECINSTR) &&
		    header.sh_addr + header.sh_size > header.sh_addr)
			conversion->code[conversion->nr_code++] =
				(struct code_range){ header.sh_addr,
						     header.sh_addr + header.sh_size };
	}
	qsort(conversion->code, conversion->nr_code, sizeof(*conversion->code), compare_ranges);
	return true;
}

bool cfi_write_companion(const struct arch *arch, const char *vmlinux, const struct orc_table *table,
			 const struct symtab *symtab, const char *path, struct error *error)
{
	struct conversion conversion = { .table = table, .symtab = symtab };
	struct elf_writer writer = { .arch = arch };
	struct elf_file file;
	bool ok;

	if (!elf_file_open(&file, vmlinux, error))
		return false;
	conversion.file = &file;
	ok = cfi_cover_read(&conversion.cover, &file, error) &&
		copy_sections(&conversion, &writer, error);
	if (ok) {
		conversion.callee_saved_kept = conversion.cover.count != 0;
		cfi_convert(&conversion);
		ok = cfi_convert_save(&conversion, &writer) ||
			error_no_memory(error, "call frame information", 0);
	}
	ok = ok && elf_writer_save(&writer, path, error);
	elf_writer_free(&writer);
	cfi_convert_free(&conversion);
	elf_file_close(&file);
	return ok;
}

/* --- user space --- */

bool cfi_write_user_end(const struct arch *arch, uint64_t user_end, const char *path, struct error *error)
{
	/*
	 * gdb wants a text section, but one that covered user space would hide those of a user
	 * program.
	 */
	const Elf64_Shdr text = { .sh_type = SHT_NOBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				  .sh_addralign = 1 };
	const struct orc_row end_row = { .type = ORC_TYPE_END };
	struct cfi_state call = cfi_state_call(), end = convert_row(&end_row, true);
	struct conversion conversion = { 0 };
	struct elf_writer writer = { .arch = arch };
	bool ok;

	cfi_frame_start(&conversion.frames);
	/*
	 * A call through a NULL pointer is like the start of a function: the return address is on
	 * top of the stack.
	 */
	cfi_frame_add(&conversion.frames, 0, 1, false, &call);
	cfi_frame_finish(&conversion.frames);
	cfi_frame_add(&conversion.frames, 1, user_end, false, &end);
	cfi_frame_finish(&conversion.frames);
	elf_writer_add(&writer, ".text", &text, NULL, 0);
	ok = cfi_convert_save(&conversion, &writer) ? elf_writer_save(&writer, path, error) :
						error_no_memory(error, "call frame information", 0);
	elf_writer_free(&writer);
	cfi_convert_free(&conversion);
	return ok;
}
