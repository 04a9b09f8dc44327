// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Rows out of .debug_frame; unwind_dwarf.h says what for. Register numbers: System V psABI for
 * x86-64, figure 3.36.
 */
#include "kernel/stacks/unwind_dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>

#include "symbols/elf/elf_file.h"

enum { DWARF_RBP = 6, DWARF_RSP = 7, DWARF_RIP = 16 };

struct unwind_dwarf {
	struct elf_file file;
	Dwarf *dwarf;
	Dwarf_CFI *cfi;		/* belongs to dwarf; NULL = the file has none, or cannot be read */
};

static struct unwind_dwarf *open_dwarf(const char *path)
{
	struct unwind_dwarf *dwarf = calloc(1, sizeof(*dwarf));

	if (!dwarf || !elf_file_open(&dwarf->file, path, NULL)) {
		free(dwarf);
		return NULL;
	}
	dwarf->dwarf = dwarf_begin_elf(dwarf->file.elf, DWARF_C_READ, NULL);
	if (dwarf->dwarf)
		dwarf->cfi = dwarf_getcfi(dwarf->dwarf);
	return dwarf;
}

static void close_dwarf(void *value)
{
	struct unwind_dwarf *dwarf = value;

	if (dwarf->dwarf)
		dwarf_end(dwarf->dwarf);
	elf_file_close(&dwarf->file);
	free(dwarf);
}

static const struct kernel_slot dwarf_slot = { close_dwarf };

/* Opened at the first call; NULL = there is none. */
static struct unwind_dwarf *get_dwarf(struct kernel *kernel)
{
	struct unwind_dwarf *dwarf = kernel_kept(kernel, &dwarf_slot);

	if (dwarf || !kernel->vmlinux_path)
		return dwarf;
	dwarf = open_dwarf(kernel->vmlinux_path);
	return dwarf && kernel_keep(kernel, &dwarf_slot, dwarf, NULL) ? dwarf : NULL;
}

/* CFA = register + offset, with rsp or rbp. */
static bool row_cfa(Dwarf_Frame *frame, struct orc_row *row)
{
	Dwarf_Op *ops;
	size_t count;
	int64_t offset;

	if (dwarf_frame_cfa(frame, &ops, &count) != 0 || count != 1)
		return false;
	switch (ops[0].atom) {
	case DW_OP_bregx:
		if (ops[0].number != DWARF_RSP && ops[0].number != DWARF_RBP)
			return false;
		row->sp_base = ops[0].number == DWARF_RSP ? ORC_BASE_SP : ORC_BASE_BP;
		offset = ops[0].number2;
		break;
	case DW_OP_breg0 + DWARF_RSP:
	case DW_OP_breg0 + DWARF_RBP:
		row->sp_base = ops[0].atom == DW_OP_breg0 + DWARF_RSP ? ORC_BASE_SP : ORC_BASE_BP;
		offset = ops[0].number;
		break;
	default:
		return false;
	}
	row->sp_offset = offset;
	return row->sp_offset == offset;
}

/* A register saved at CFA + *OFFSET_RET. *SAME_RET: not saved because not changed. */
static bool register_rule(Dwarf_Frame *frame, int number, int64_t *offset_ret, bool *same_ret)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	*same_ret = false;
	if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0)
		return false;
	if (count == 0) {
		*same_ret = ops == NULL;	/* otherwise undefined */
		return *same_ret;
	}
	if (ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	*offset_ret = 0;
	if (count == 1)
		return true;
	*offset_ret = (int64_t)ops[1].number;
	if (count == 2)
		return ops[1].atom == DW_OP_plus_uconst;
	return (ops[1].atom == DW_OP_consts || ops[1].atom == DW_OP_constu) &&
	       ops[2].atom == DW_OP_plus;
}

static bool make_row(Dwarf_Frame *frame, struct orc_row *row)
{
	int64_t offset;
	bool same;

	*row = (struct orc_row){ .type = ORC_TYPE_FRAME };
	if (!row_cfa(frame, row))
		return false;
	/* In a row the return address is always just below the CFA. */
	if (!register_rule(frame, DWARF_RIP, &offset, &same) || same || offset != -8)
		return false;
	if (!register_rule(frame, DWARF_RBP, &offset, &same))
		return false;
	if (!same) {
		row->bp_base = ORC_BASE_PREV_SP;
		row->bp_offset = offset;
		return row->bp_offset == offset;
	}
	return true;
}

bool unwind_dwarf_row(struct kernel *kernel, uint64_t address, struct orc_row *row)
{
	struct unwind_dwarf *dwarf = get_dwarf(kernel);
	Dwarf_Frame *frame = NULL;
	bool made;

	if (!dwarf || !dwarf->cfi ||
	    dwarf_cfi_addrframe(dwarf->cfi, address - kernel->memory->kaslr_offset, &frame) != 0)
		return false;
	made = make_row(frame, row);
	free(frame);
	return made;
}
