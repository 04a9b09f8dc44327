// SPDX-License-Identifier: GPL-3.0-or-later
#include "symbols/cfi/prologue.h"

#include "arch/instructions.h"

bool prologue_row(const struct arch *arch, const uint8_t *code, size_t size, struct orc_row *row, size_t *length_ret)
{
	struct arch_prologue found;

	if (!arch->instructions || !arch->instructions->prologue(code, size, &found))
		return false;
	*row = (struct orc_row){ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = found.cfa };
	if (found.fp) {
		row->bp_base = ORC_BASE_PREV_SP;
		row->bp_offset = found.fp;
	}
	*length_ret = found.length;
	return true;
}
