// SPDX-License-Identifier: GPL-3.0-or-later
/* Encoding .debug_frame; see cfi_frame.h. */
#include "symbols/cfi/cfi_frame.h"

#include <dwarf.h>
#include <string.h>

#define DATA_ALIGN (-8)

/*
 * For a caller that is not known: an address that nothing maps (bit 63 set and bit 62 not is not
 * canonical with any number of page table levels). gdb 13.1 then ends the stack with "Backtrace
 * stopped: Cannot access memory at address 0x8000000000000000". It has to be rip that cannot be
 * read: with such a CFA, gdb could not even select the frame.
 */
#define NOWHERE 0x8000000000000000ULL

static const uint8_t dwarf_numbers[CFI_NR_REGISTERS] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	[CFI_EFLAGS] = 49, [CFI_CS] = 51, [CFI_SS] = 52,
};

struct cfi_state cfi_state_call(void)
{
	struct cfi_state state = { .cfa_reg = DWARF_RSP, .cfa_offset = 8 };

	state.rules[DWARF_RIP] = (struct cfi_rule){ .kind = CFI_AT_CFA, .offset = -8 };
	state.rules[DWARF_RSP] = (struct cfi_rule){ .kind = CFI_IS_CFA };
	return state;
}

/* A DWARF expression as a block: its length, then its bytes. */
static void put_block(struct buffer *buffer, struct buffer *expression)
{
	buffer_uleb(buffer, expression->size);
	buffer_append(buffer, expression->data, expression->size);
	if (expression->failed)
		buffer->failed = true;
	buffer_free(expression);
}

static void put_cfa(struct buffer *buffer, const struct cfi_state *state)
{
	struct buffer expression = { 0 };

	if (!state->cfa_deref && state->cfa_offset >= 0) {
		buffer_char(buffer, DW_CFA_def_cfa);
		buffer_uleb(buffer, state->cfa_reg);
		buffer_uleb(buffer, state->cfa_offset);
		return;
	}
	buffer_char(&expression, DW_OP_breg0 + state->cfa_reg);
	buffer_sleb(&expression, state->cfa_deref ? state->cfa_inner : state->cfa_offset);
	if (state->cfa_deref) {
		buffer_char(&expression, DW_OP_deref);
		if (state->cfa_offset) {
			buffer_char(&expression, DW_OP_consts);
			buffer_sleb(&expression, state->cfa_offset);
			buffer_char(&expression, DW_OP_plus);
		}
	}
	buffer_char(buffer, DW_CFA_def_cfa_expression);
	put_block(buffer, &expression);
}

static void put_at_cfa(struct buffer *buffer, unsigned reg, int32_t offset)
{
	int32_t factored = offset / DATA_ALIGN;

	if (offset % DATA_ALIGN) {
		/* The CFA is on the expression's stack. */
		struct buffer expression = { 0 };

		buffer_char(&expression, DW_OP_consts);
		buffer_sleb(&expression, offset);
		buffer_char(&expression, DW_OP_plus);
		buffer_char(buffer, DW_CFA_expression);
		buffer_uleb(buffer, reg);
		put_block(buffer, &expression);
	} else if (factored < 0) {
		buffer_char(buffer, DW_CFA_offset_extended_sf);
		buffer_uleb(buffer, reg);
		buffer_sleb(buffer, factored);
	} else if (reg < 64) {
		buffer_char(buffer, DW_CFA_offset | reg);
		buffer_uleb(buffer, factored);
	}
}

static void put_rule(struct buffer *buffer, unsigned reg, const struct cfi_rule *rule)
{
	const uint64_t nowhere = NOWHERE;
	struct buffer expression = { 0 };

	switch (rule->kind) {
	case CFI_SAME:
	case CFI_UNDEFINED:
		buffer_char(buffer, rule->kind == CFI_SAME ? DW_CFA_same_value : DW_CFA_undefined);
		buffer_uleb(buffer, reg);
		break;
	case CFI_AT_CFA:
		put_at_cfa(buffer, reg, rule->offset);
		break;
	case CFI_AT_REGISTER:
		buffer_char(&expression, DW_OP_breg0 + rule->reg);
		buffer_sleb(&expression, rule->offset);
		buffer_char(buffer, DW_CFA_expression);
		buffer_uleb(buffer, reg);
		put_block(buffer, &expression);
		break;
	case CFI_UNREADABLE:
		buffer_char(&expression, DW_OP_const8u);
		buffer_append(&expression, &nowhere, 8);
		buffer_char(buffer, DW_CFA_expression);
		buffer_uleb(buffer, reg);
		put_block(buffer, &expression);
		break;
	case CFI_IS_CFA:
		buffer_char(buffer, DW_CFA_val_offset);
		buffer_uleb(buffer, reg);
		buffer_uleb(buffer, 0);
		break;
	}
}

static bool same_cfa(const struct cfi_state *a, const struct cfi_state *b)
{
	return a->cfa_reg == b->cfa_reg && a->cfa_deref == b->cfa_deref &&
		a->cfa_offset == b->cfa_offset &&
	       (!a->cfa_deref || a->cfa_inner == b->cfa_inner);
}

static bool same_rule(const struct cfi_rule *a, const struct cfi_rule *b)
{
	return a->kind == b->kind && a->reg == b->reg && a->offset == b->offset;
}

static bool same_state(const struct cfi_state *a, const struct cfi_state *b)
{
	for (unsigned i = 0; i < CFI_NR_REGISTERS; i++)
		if (!same_rule(&a->rules[i], &b->rules[i]))
			return false;
	return same_cfa(a, b);
}

/* What turns state OLD into NEW. */
static void put_changes(struct buffer *buffer, const struct cfi_state *old,
			const struct cfi_state *new)
{
	if (!same_cfa(old, new))
		put_cfa(buffer, new);
	for (unsigned i = 0; i < CFI_NR_REGISTERS; i++)
		if (!same_rule(&old->rules[i], &new->rules[i]))
			put_rule(buffer, dwarf_numbers[i], &new->rules[i]);
}

static void put_advance(struct buffer *buffer, uint64_t delta)
{
	for (; delta > UINT32_MAX; delta -= UINT32_MAX) {
		const uint32_t most = UINT32_MAX;

		buffer_char(buffer, DW_CFA_advance_loc4);
		buffer_append(buffer, &most, 4);
	}
	if (delta < 0x40) {
		buffer_char(buffer, DW_CFA_advance_loc | delta);
	} else if (delta <= UINT8_MAX) {
		buffer_char(buffer, DW_CFA_advance_loc1);
		buffer_append(buffer, &(uint8_t){ delta }, 1);
	} else if (delta <= UINT16_MAX) {
		buffer_char(buffer, DW_CFA_advance_loc2);
		buffer_append(buffer, &(uint16_t){ delta }, 2);
	} else {
		buffer_char(buffer, DW_CFA_advance_loc4);
		buffer_append(buffer, &(uint32_t){ delta }, 4);
	}
}

/* Pads the entry at START and fills in its length. DW_CFA_nop is 0. */
static void end_entry(struct buffer *buffer, size_t start)
{
	uint32_t length;

	buffer_align(buffer, 8);
	length = buffer->size - start - 4;
	if (!buffer->failed)
		memcpy(buffer->data + start, &length, 4);
}

static size_t put_cie(struct buffer *buffer, const char *augmentation)
{
	static const uint8_t callee_saved[] = { DWARF_RBX, DWARF_RBP, DWARF_R12, DWARF_R13,
						DWARF_R14, DWARF_R15 };
	const struct cfi_state nothing = { 0 }, call = cfi_state_call();
	size_t start = buffer->size;

	buffer_append(buffer, &(uint32_t){ 0 }, 4);
	buffer_append(buffer, &(uint32_t){ 0xffffffff }, 4);	/* a CIE, 32-bit DWARF */
	buffer_char(buffer, 3);					/* version */
	buffer_append(buffer, augmentation, strlen(augmentation) + 1);
	buffer_uleb(buffer, 1);					/* code alignment */
	buffer_sleb(buffer, DATA_ALIGN);
	buffer_uleb(buffer, DWARF_RIP);
	/*
	 * The standard has no default rule; gdb takes an unnamed register as unchanged, and so do
	 * we in `nothing`.
	 */
	put_changes(buffer, &nothing, &call);
	/* Others (elfutils, drgn) do not: name those that matter. */
	for (size_t i = 0; i < sizeof(callee_saved); i++)
		put_rule(buffer, callee_saved[i], &call.rules[callee_saved[i]]);
	end_entry(buffer, start);
	return start;
}

void cfi_frame_start(struct cfi_frame_writer *writer)
{
	*writer = (struct cfi_frame_writer){ 0 };
	writer->cie[0] = put_cie(&writer->section, "");
	writer->cie[1] = put_cie(&writer->section, "S");
}

void cfi_frame_finish(struct cfi_frame_writer *writer)
{
	struct buffer *buffer = &writer->section;
	uint64_t size = writer->end - writer->pc;

	if (!writer->open)
		return;
	writer->open = false;
	end_entry(buffer, writer->fde);
	if (!buffer->failed)
		memcpy(buffer->data + writer->fde + 16, &size, 8);
}

static void start_fde(struct cfi_frame_writer *writer, uint64_t pc, bool signal)
{
	struct buffer *buffer = &writer->section;

	cfi_frame_finish(writer);
	writer->open = true;
	writer->nr_fdes++;
	writer->signal = signal;
	writer->fde = buffer->size;
	writer->pc = writer->row_pc = pc;
	writer->state = cfi_state_call();
	buffer_append(buffer, &(uint32_t){ 0 }, 4);		/* length, filled in by end_entry */
	buffer_append(buffer, &(uint32_t){ writer->cie[signal] }, 4);
	buffer_append(buffer, &pc, 8);
	buffer_append(buffer, &(uint64_t){ 0 }, 8);		/* size, by cfi_frame_finish */
}

void cfi_frame_add(struct cfi_frame_writer *writer, uint64_t start, uint64_t end, bool signal,
		   const struct cfi_state *state)
{
	if (start >= end)
		return;
	if (!writer->open || writer->end != start || writer->signal != signal)
		start_fde(writer, start, signal);
	writer->end = end;
	if (same_state(&writer->state, state))
		return;
	if (start != writer->row_pc)
		put_advance(&writer->section, start - writer->row_pc);
	put_changes(&writer->section, &writer->state, state);
	writer->row_pc = start;
	writer->state = *state;
}
