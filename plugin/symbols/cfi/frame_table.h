/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a .debug_frame says, row by row: DWARF 5, 6.4, for any machine.
 *
 * libdw has an evaluator of its own, but knows a machine's private instructions only in later versions (arm64's
 * DW_CFA_AARCH64_negate_ra_state is SPARC's window save to 0.188, which spoils the row). Here they are passed over: whoever
 * asks for a row takes a return address through arch->code_address().
 */
#ifndef VMCORE_SYMBOLS_FRAME_TABLE_H
#define VMCORE_SYMBOLS_FRAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define FRAME_MAX_REGISTERS 128	/* DWARF numbers; a kernel's machines stay below 100 */

enum frame_rule_kind {
	FRAME_UNNAMED,		/* nothing is said: kept, if the ABI has its callee keep it */
	FRAME_SAME,
	FRAME_UNDEFINED,	/* of the return column: the stack ends */
	FRAME_AT_CFA,		/* saved at CFA + offset */
	FRAME_IS_CFA,		/* is CFA + offset */
	FRAME_REGISTER,		/* is in register `reg` */
	FRAME_AT_EXPRESSION,	/* saved where the expression, begun with the CFA on its stack, says */
	FRAME_IS_EXPRESSION,
	FRAME_AT_REGISTER,	/* saved at register `reg' + offset: *(reg + offset) */
	FRAME_REGISTER_AT,	/* is *(reg) + offset */
};

/* What a row's CFA is the address of, in place of a call's end. */
enum frame_saved {
	FRAME_SAVED_NOTHING,
	FRAME_SAVED_PT_REGS,	/* a whole struct pt_regs */
	FRAME_SAVED_TRAP,	/* the hardware's part of one (arch->trap) */
};

struct frame_rule {
	uint8_t kind;			/* enum frame_rule_kind */
	uint16_t reg;
	int64_t offset;
	const uint8_t *expression;	/* DWARF operations, in the section's own bytes */
	size_t size;
};

struct frame_row {
	struct frame_rule cfa;		/* FRAME_REGISTER: reg + offset, FRAME_IS_EXPRESSION, FRAME_AT_REGISTER or FRAME_REGISTER_AT */
	uint8_t saved;			/* enum frame_saved */
	unsigned return_column;
	bool signal;			/* augmentation "S": the frame below was interrupted */
	bool switches;			/* the frame below is on another stack, which can be further down */
	struct frame_rule rules[FRAME_MAX_REGISTERS];	/* by DWARF number */
};

struct frame_table;

/*
 * DATA, SIZE: a whole .debug_frame, as it is in the file, kept by the caller as long as the table; addresses in it of
 * ADDRESS_SIZE bytes, already relocated. Entries that make no sense are left out.
 */
bool frame_table_open(const uint8_t *data, size_t size, unsigned address_size, bool big_endian,
		      struct frame_table **table_ret, struct error *error);
void frame_table_close(struct frame_table *table);	/* NULL is fine */

/* The row in force at ADDRESS; false if no entry covers it, or its instructions cannot be followed. */
bool frame_table_row(const struct frame_table *table, uint64_t address, struct frame_row *row);
/* All rows in order of their addresses: ROW holds from START to END. A callback that returns false ends its entry's. */
typedef bool frame_row_callback(void *context, uint64_t start, uint64_t end, const struct frame_row *row);
void frame_table_each_row(const struct frame_table *table, frame_row_callback *callback, void *context);
/* Code that was compiled to run on another stack for a while, link-time addresses: see struct arch_switch. */
struct frame_switch {
	uint64_t start, end;
	struct frame_rule cfa;		/* FRAME_REGISTER, FRAME_REGISTER_AT: in place of the stack pointer; or all of it */
};
/*
 * Makes rows that are reckoned from register SP right for these, sorted by start, kept by the caller as long as the table. The
 * third: all rows of the entries that have one, or of ALL.
 */
void frame_table_set_switches(struct frame_table *table, unsigned sp, const struct frame_switch *switches, size_t count);
void frame_table_each_switched_row(const struct frame_table *table, bool all, frame_row_callback *callback, void *context);

/* Is there an entry? *end_ret: where that answer ends. */
bool frame_table_covers(const struct frame_table *table, uint64_t address, uint64_t *end_ret);

#endif
