// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/code_row.h"

#include <dwarf.h>
#include <string.h>

#include "symbols/symtab.h"

static bool is_called(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return strncmp(pattern, name, length - 1) == 0;
	return strcmp(pattern, name) == 0;
}

enum arch_code_kind code_row_kind(const struct arch *arch, const struct symtab *symtab, const char *name)
{
	for (const struct arch_code *code = arch->code; code->name; code++)
		if (is_called(code->name, name) && !(code->unless && symtab_find(symtab, code->unless)))
			return code->kind;
	return ARCH_CODE_LEAF;
}

static int number_of(const struct arch *arch, unsigned index)
{
	return arch->registers[index].dwarf;
}

static void set(struct frame_row *row, int number, uint8_t kind, int64_t offset)
{
	if (number >= 0 && number < FRAME_MAX_REGISTERS)
		row->rules[number] = (struct frame_rule){ .kind = kind, .offset = offset };
}

static void entry_row(const struct arch *arch, uint64_t size, struct frame_row *row)
{
	row->signal = true;
	row->cfa.offset = arch->entry_base + size;
	for (unsigned i = 0; i < arch->nr_saved; i++)
		set(row, number_of(arch, arch->saved[i].index),
		    arch->saved[i].offset == ARCH_NO_OFFSET ? FRAME_UNDEFINED : FRAME_AT_CFA,
		    (int64_t)arch->saved[i].offset - (int64_t)size);
	if (arch->user_mark)
		row->rules[number_of(arch, arch->pc)] = (struct frame_rule){ .kind = FRAME_IS_EXPRESSION, .expression = arch->saved_pc,
									     .size = arch->saved_pc_size };
}

/* What the call left: in registers, or on top of the stack. */
static void leaf_row(const struct arch *arch, struct frame_row *row)
{
	row->cfa.offset = arch->lr ? arch->leaf_cfa : arch->pointer_size;
	if (!arch->lr)
		set(row, row->return_column, FRAME_AT_CFA, -(int64_t)arch->pointer_size);
}

static void switch_row(const struct arch *arch, struct frame_row *row)
{
	int size = 2 * arch->pointer_size;

	/* A signal's: only then may the stack go down for gdb. */
	row->signal = true;
	row->cfa.reg = number_of(arch, arch->fp);
	row->cfa.offset = size;
	set(row, number_of(arch, arch->fp), FRAME_AT_CFA, arch->record_fp - size);
	set(row, row->return_column, FRAME_AT_CFA, arch->record_pc - size);
}

/* An address that no machine maps: what is saved there cannot be read, and says so. */
static const uint8_t nowhere[] = { DW_OP_const8u, 0, 0, 0, 0, 0, 0, 0, 0x80 };

void code_row(const struct arch *arch, enum arch_code_kind kind, uint64_t pt_regs_size, unsigned return_column,
	      struct frame_row *row)
{
	*row = (struct frame_row){ .return_column = return_column };
	row->cfa = (struct frame_rule){ .kind = FRAME_REGISTER, .reg = number_of(arch, arch->sp) };
	switch (kind) {
	case ARCH_CODE_ENTRY:
		entry_row(arch, pt_regs_size, row);
		break;
	case ARCH_CODE_SWITCH:
		switch_row(arch, row);
		break;
	case ARCH_CODE_UNSAVED:
		row->rules[number_of(arch, arch->pc)] = (struct frame_rule){ .kind = FRAME_AT_EXPRESSION,
									     .expression = nowhere, .size = sizeof(nowhere) };
		break;
	case ARCH_CODE_END:
		set(row, return_column, FRAME_UNDEFINED, 0);
		break;
	case ARCH_CODE_LEAF:
		leaf_row(arch, row);
		break;
	}
}
