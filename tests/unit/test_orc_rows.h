/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One ORC row of every kind the unwinder knows, for hand-made code: 0x100 bytes of it each. */
#ifndef VMCORE_TEST_ORC_ROWS_H
#define VMCORE_TEST_ORC_ROWS_H

#include "symbols/cfi/orc.h"

static struct orc_row orc_rows[] = {
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 8 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 0x28 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_BP, .sp_offset = 16, .bp_base = ORC_BASE_PREV_SP, .bp_offset = -16 },
	{ .type = ORC_TYPE_PT_REGS, .sp_base = ORC_BASE_SP, .signal = true },
	{ .type = ORC_TYPE_END },
	{ .type = ORC_TYPE_UNKNOWN },
	{ .type = ORC_TYPE_IRET, .sp_base = ORC_BASE_SP, .signal = true },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP_INDIRECT, .sp_offset = 8 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_R10 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_BP_INDIRECT, .sp_offset = -8 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = 0 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_SP, .sp_offset = -8 },
	{ .type = ORC_TYPE_FRAME, .sp_base = ORC_BASE_BP, .sp_offset = 0, .bp_base = ORC_BASE_BP, .bp_offset = 8 },
	{ .type = ORC_TYPE_PT_REGS, .sp_base = ORC_BASE_DI, .signal = true },
	{ .type = ORC_TYPE_END },
};

#define NR_ORC_ROWS (sizeof(orc_rows) / sizeof(orc_rows[0]))
static uint64_t orc_addresses[NR_ORC_ROWS];	/* to be filled in */

#endif
