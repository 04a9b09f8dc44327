/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing a .debug_frame section: what a frame's registers are, row by row, as DWARF instructions
 * (DWARF 5, 6.4; register numbers from the System V psABI for x86-64, figure 3.36).
 *
 * A row is a `struct cfi_state`; the writer emits what changed since the row before. There are two
 * CIEs: one for ordinary code and one with augmentation "S": a frame in such code was not called by
 * the one below, it interrupted it.
 */
#ifndef VMCORE_SYMBOLS_CFI_FRAME_H
#define VMCORE_SYMBOLS_CFI_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum {
	DWARF_RAX, DWARF_RDX, DWARF_RCX, DWARF_RBX, DWARF_RSI, DWARF_RDI, DWARF_RBP, DWARF_RSP,
	DWARF_R8, DWARF_R9, DWARF_R10, DWARF_R11, DWARF_R12, DWARF_R13, DWARF_R14, DWARF_R15,
	DWARF_RIP,
	/* From here on the index is ours; cfi_frame.c has the psABI's number. */
	CFI_EFLAGS, CFI_CS, CFI_SS,
	CFI_NR_REGISTERS
};

enum cfi_rule_kind {
	CFI_SAME,		/* not changed by this frame */
	CFI_UNDEFINED,		/* lost; for rip: there is no caller */
	CFI_AT_CFA,		/* saved at CFA + offset */
	CFI_AT_REGISTER,	/* saved at reg + offset */
	CFI_IS_CFA,		/* is the CFA itself */
	CFI_UNREADABLE,		/* saved where nothing can be read; see cfi_frame.c */
};

struct cfi_rule {
	uint8_t kind;		/* enum cfi_rule_kind */
	uint8_t reg;		/* DWARF number, 0 to 15 */
	int32_t offset;
};

struct cfi_state {
	/* CFA = reg + offset, or with deref: *(reg + inner) + offset */
	uint8_t cfa_reg;
	bool cfa_deref;
	int32_t cfa_inner, cfa_offset;
	struct cfi_rule rules[CFI_NR_REGISTERS];
};

struct cfi_frame_writer {
	struct buffer section;		/* the result */
	size_t cie[2];			/* where the CIEs are: [0] calls, [1] signal frames */
	bool open;			/* in an FDE */
	bool signal;
	size_t fde;			/* where it starts in section */
	uint64_t pc, row_pc, end;	/* its start, its last row, its end so far */
	struct cfi_state state;		/* of its last row */
	size_t nr_fdes;
};

/* The state right after a call: CFA = rsp + 8, rip at CFA - 8, rsp = CFA, all others the same. */
struct cfi_state cfi_state_call(void);

/* Starts the section: writes the CIEs. */
void cfi_frame_start(struct cfi_frame_writer *writer);
/* [START, END) has STATE. Continues the open FDE where it can. Calls must be in ascending order. */
void cfi_frame_add(struct cfi_frame_writer *writer, uint64_t start, uint64_t end, bool signal,
		   const struct cfi_state *state);
/* Ends the last FDE. */
void cfi_frame_finish(struct cfi_frame_writer *writer);

#endif
