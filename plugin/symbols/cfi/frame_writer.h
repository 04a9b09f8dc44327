/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rows (symbols/cfi/frame_table.h) into a .debug_frame section, for any machine: what gdb unwinds with is what the native
 * unwinder does.
 *
 * Where a machine signs its return addresses (arch->code_address, memory->code_mask), a rule for the pc is written with every
 * row: the return address with the mask's bits set. gdb 13 to 18 take that alike, whatever they know of signatures.
 */
#ifndef VMCORE_SYMBOLS_FRAME_WRITER_H
#define VMCORE_SYMBOLS_FRAME_WRITER_H

#include "arch/arch.h"
#include "base/buffer.h"
#include "symbols/cfi/frame_table.h"

struct frame_writer {
	const struct arch *arch;
	uint64_t code_mask;		/* 0 = return addresses are not signed */
	struct buffer section;		/* the result */
	unsigned return_column;
	size_t cie[2];			/* where the CIEs are: [1] has augmentation "S" */
	bool open;			/* in an FDE */
	bool is_signal;			/* of its CIE */
	size_t fde;			/* where it starts */
	uint64_t start, row_start, end;
	struct frame_row row;		/* its last one */
	size_t nr_fdes;
};

/* RETURN_COLUMN: the DWARF number that rows have as theirs. */
void frame_writer_start(struct frame_writer *writer, const struct arch *arch, uint64_t code_mask, unsigned return_column);
/* ROW holds from START to END; in ascending order within an FDE. Continues the open FDE where it can. */
void frame_writer_add(struct frame_writer *writer, uint64_t start, uint64_t end, const struct frame_row *row);
/* Ends the last FDE. */
void frame_writer_finish(struct frame_writer *writer);

#endif
