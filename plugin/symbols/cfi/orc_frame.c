// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/orc_frame.h"

#include <string.h>

static unsigned number_of(const struct arch *arch, unsigned index)
{
	return arch->registers[index].dwarf;
}

void orc_frame_start(const struct arch *arch, struct frame_row *row)
{
	memset(row, 0, sizeof(*row));
	row->return_column = number_of(arch, arch->lr ? arch->lr : arch->pc);
	/* ORC knows the stack pointer and the frame pointer alone. */
	for (unsigned i = 0; i < arch->nr_registers; i++)
		if (arch->kept >> i & 1)
			row->rules[number_of(arch, i)].kind = FRAME_UNDEFINED;
}

static bool set_cfa(const struct arch *arch, const struct orc_row *orc, struct frame_row *row)
{
	bool call = orc->type == ORC_TYPE_FRAME;

	if (orc->sp_base <= ORC_BASE_PREV_SP || orc->sp_base >= ORC_NR_BASES)
		return false;
	row->cfa = (struct frame_rule){ .kind = FRAME_REGISTER, .reg = number_of(arch, arch->orc_bases[orc->sp_base]),
					.offset = orc->sp_offset };
	/*
	 * The word on top of the new stack is the old stack's pointer (since 5.12, aafeb14e9da2). BP_INDIRECT, and how entry code
	 * up to 5.7 pointed to pt_regs on another stack, have the offset inside.
	 */
	if (orc->sp_base == ORC_BASE_SP_INDIRECT)
		row->cfa.kind = call ? FRAME_REGISTER_AT : FRAME_AT_REGISTER;
	else if (orc->sp_base == ORC_BASE_BP_INDIRECT)
		row->cfa.kind = FRAME_AT_REGISTER;
	row->switches = orc->sp_base == ORC_BASE_SP_INDIRECT || orc->sp_base == ORC_BASE_BP_INDIRECT;
	return true;
}

bool orc_frame(const struct arch *arch, const struct orc_row *orc, struct frame_row *row)
{
	struct frame_rule *fp = &row->rules[number_of(arch, arch->fp)];

	orc_frame_start(arch, row);
	row->signal = orc->signal;
	switch (orc->type) {
	case ORC_TYPE_END:
		row->rules[row->return_column].kind = FRAME_UNDEFINED;
		return true;
	case ORC_TYPE_PT_REGS:
		row->saved = FRAME_SAVED_PT_REGS;
		break;
	case ORC_TYPE_IRET:
		row->saved = FRAME_SAVED_TRAP;
		break;
	case ORC_TYPE_FRAME:
		row->rules[row->return_column] = (struct frame_rule){ .kind = FRAME_AT_CFA, .offset = -(int64_t)arch->pointer_size };
		break;
	default:
		return false;
	}
	if (orc->bp_base == ORC_BASE_PREV_SP)
		*fp = (struct frame_rule){ .kind = FRAME_AT_CFA, .offset = orc->bp_offset };
	else if (orc->bp_base == ORC_BASE_BP)
		*fp = (struct frame_rule){ .kind = FRAME_AT_REGISTER, .reg = number_of(arch, arch->fp), .offset = orc->bp_offset };
	else
		fp->kind = FRAME_SAME;
	return set_cfa(arch, orc, row);
}
