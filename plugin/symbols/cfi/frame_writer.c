// SPDX-License-Identifier: GPL-3.0-or-later
/* Encoding rows; see frame_writer.h. DWARF 5, 6.4.2. */
#include "symbols/cfi/frame_writer.h"

#include <dwarf.h>
#include <string.h>

#include "base/bytes.h"

/* --- numbers --- */

static void put_number(struct frame_writer *writer, struct buffer *buffer, uint64_t value, size_t size)
{
	buffer_number(buffer, value, size, writer->arch->big_endian);
}

/* Over what is there. */
static void set_number(struct frame_writer *writer, size_t at, uint64_t value, size_t size)
{
	if (!writer->section.failed)
		bytes_put((uint8_t *)writer->section.data + at, size, writer->arch->big_endian, value);
}

static void put_block(struct buffer *buffer, const void *data, size_t size)
{
	buffer_uleb(buffer, size);
	buffer_append(buffer, data, size);
}

/* --- rules --- */

/* Data alignment: minus the word. */
static void put_offset(struct frame_writer *writer, unsigned reg, int64_t offset, bool is_value)
{
	struct buffer *buffer = &writer->section;
	int64_t factored = offset / -(int64_t)writer->arch->pointer_size;

	if (is_value)
		buffer_char(buffer, DW_CFA_val_offset_sf);
	else if (factored >= 0 && reg < 64)
		buffer_char(buffer, DW_CFA_offset | reg);
	else
		buffer_char(buffer, DW_CFA_offset_extended_sf);
	if (!is_value && factored >= 0 && reg < 64) {
		buffer_uleb(buffer, factored);
		return;
	}
	buffer_uleb(buffer, reg);
	buffer_sleb(buffer, factored);
}

static void put_expression(struct buffer *buffer, uint8_t code, unsigned reg, const void *data, size_t size)
{
	buffer_char(buffer, code);
	buffer_uleb(buffer, reg);
	put_block(buffer, data, size);
}

/* An offset that is no multiple of a word; the CFA is on the expression's stack. */
static void put_odd_offset(struct frame_writer *writer, unsigned reg, int64_t offset, bool is_value)
{
	struct buffer expression = { 0 };

	buffer_char(&expression, DW_OP_consts);
	buffer_sleb(&expression, offset);
	buffer_char(&expression, DW_OP_plus);
	put_expression(&writer->section, is_value ? DW_CFA_val_expression : DW_CFA_expression, reg, expression.data,
		       expression.size);
	writer->section.failed |= expression.failed;
	buffer_free(&expression);
}

static void put_rule(struct frame_writer *writer, unsigned reg, const struct frame_rule *rule)
{
	struct buffer *buffer = &writer->section;
	bool is_value = rule->kind == FRAME_IS_CFA;

	switch (rule->kind) {
	case FRAME_AT_CFA:
	case FRAME_IS_CFA:
		if (rule->offset % writer->arch->pointer_size)
			put_odd_offset(writer, reg, rule->offset, is_value);
		else
			put_offset(writer, reg, rule->offset, is_value);
		break;
	case FRAME_UNDEFINED:
		buffer_char(buffer, DW_CFA_undefined);
		buffer_uleb(buffer, reg);
		break;
	case FRAME_REGISTER:
		buffer_char(buffer, DW_CFA_register);
		buffer_uleb(buffer, reg);
		buffer_uleb(buffer, rule->reg);
		break;
	case FRAME_AT_EXPRESSION:
	case FRAME_IS_EXPRESSION:
		put_expression(buffer, rule->kind == FRAME_AT_EXPRESSION ? DW_CFA_expression : DW_CFA_val_expression, reg,
			       rule->expression, rule->size);
		break;
	default:	/* unnamed is what our CIE has for it: nothing, which gdb takes as unchanged */
		buffer_char(buffer, DW_CFA_same_value);
		buffer_uleb(buffer, reg);
	}
}

/* *(reg) + offset */
static void put_cfa_at(struct buffer *buffer, const struct frame_rule *cfa)
{
	struct buffer expression = { 0 };

	buffer_char(&expression, (char)DW_OP_bregx);
	buffer_uleb(&expression, cfa->reg);
	buffer_sleb(&expression, 0);
	buffer_char(&expression, DW_OP_deref);
	buffer_char(&expression, DW_OP_consts);
	buffer_sleb(&expression, cfa->offset);
	buffer_char(&expression, DW_OP_plus);
	buffer_char(buffer, DW_CFA_def_cfa_expression);
	put_block(buffer, expression.data, expression.size);
	buffer->failed |= expression.failed;
	buffer_free(&expression);
}

static void put_cfa(struct frame_writer *writer, const struct frame_rule *cfa)
{
	struct buffer *buffer = &writer->section;

	if (cfa->kind == FRAME_IS_EXPRESSION) {
		buffer_char(buffer, DW_CFA_def_cfa_expression);
		put_block(buffer, cfa->expression, cfa->size);
	} else if (cfa->kind == FRAME_REGISTER_AT) {
		put_cfa_at(buffer, cfa);
	} else if (cfa->offset >= 0) {
		buffer_char(buffer, DW_CFA_def_cfa);
		buffer_uleb(buffer, cfa->reg);
		buffer_uleb(buffer, cfa->offset);
	} else {
		buffer_char(buffer, DW_CFA_def_cfa_sf);
		buffer_uleb(buffer, cfa->reg);
		buffer_sleb(buffer, cfa->offset / -(int64_t)writer->arch->pointer_size);
	}
}

/*
 * The pc: the return address, as RULE has it, with the mask's bits set. Nothing for one that ends the stack or that the row
 * gives a rule of its own.
 */
static void put_pc(struct frame_writer *writer, const struct frame_rule *rule)
{
	unsigned word = writer->arch->pointer_size;
	struct buffer expression = { 0 };

	switch (rule->kind) {
	case FRAME_AT_CFA:
		buffer_char(&expression, DW_OP_consts);
		buffer_sleb(&expression, rule->offset);
		buffer_char(&expression, DW_OP_plus);
		buffer_char(&expression, DW_OP_deref);
		break;
	case FRAME_UNNAMED:
	case FRAME_SAME:
		buffer_char(&expression, (char)DW_OP_bregx);
		buffer_uleb(&expression, writer->return_column);
		buffer_sleb(&expression, 0);
		break;
	case FRAME_REGISTER:
		buffer_char(&expression, (char)DW_OP_bregx);
		buffer_uleb(&expression, rule->reg);
		buffer_sleb(&expression, 0);
		break;
	default:
		return;
	}
	buffer_char(&expression, word == 8 ? DW_OP_const8u : DW_OP_const4u);
	put_number(writer, &expression, writer->code_mask, word);
	buffer_char(&expression, DW_OP_or);
	put_expression(&writer->section, DW_CFA_val_expression, writer->arch->registers[writer->arch->pc].dwarf,
		       expression.data, expression.size);
	writer->section.failed |= expression.failed;
	buffer_free(&expression);
}

/* --- rows --- */

static bool same_rule(const struct frame_rule *a, const struct frame_rule *b)
{
	return a->kind == b->kind && a->reg == b->reg && a->offset == b->offset && a->expression == b->expression;
}

static bool same_row(const struct frame_row *a, const struct frame_row *b)
{
	for (unsigned i = 0; i < FRAME_MAX_REGISTERS; i++)
		if (!same_rule(&a->rules[i], &b->rules[i]))
			return false;
	return same_rule(&a->cfa, &b->cfa);
}

/* What turns row OLD into NEW. */
static void put_changes(struct frame_writer *writer, const struct frame_row *old, const struct frame_row *new)
{
	unsigned pc = writer->arch->registers[writer->arch->pc].dwarf;
	bool own_pc = new->rules[pc].kind != FRAME_UNNAMED;

	if (!same_rule(&old->cfa, &new->cfa))
		put_cfa(writer, &new->cfa);
	for (unsigned i = 0; i < FRAME_MAX_REGISTERS; i++)
		if (!same_rule(&old->rules[i], &new->rules[i]) && (i != pc || own_pc))
			put_rule(writer, i, &new->rules[i]);
	if (writer->code_mask && !own_pc && pc != writer->return_column &&
	    (!same_rule(&old->rules[writer->return_column], &new->rules[writer->return_column]) ||
	     old->rules[pc].kind != FRAME_UNNAMED))
		put_pc(writer, &new->rules[writer->return_column]);
}

static void put_advance(struct frame_writer *writer, uint64_t delta)
{
	struct buffer *buffer = &writer->section;

	if (delta < 0x40) {
		buffer_char(buffer, DW_CFA_advance_loc | delta);
		return;
	}
	buffer_char(buffer, delta <= UINT8_MAX ? DW_CFA_advance_loc1 :
			    delta <= UINT16_MAX ? DW_CFA_advance_loc2 : DW_CFA_advance_loc4);
	put_number(writer, buffer, delta, delta <= UINT8_MAX ? 1 : delta <= UINT16_MAX ? 2 : 4);
}

/* Pads the entry at START, with DW_CFA_nop, which is 0, and fills in its length. */
static void end_entry(struct frame_writer *writer, size_t start)
{
	buffer_align(&writer->section, writer->arch->pointer_size);
	set_number(writer, start, writer->section.size - start - 4, 4);
}

/* What a row is before anything is said of it: nothing. */
static const struct frame_row nothing;

static size_t put_cie(struct frame_writer *writer, bool signal)
{
	struct buffer *buffer = &writer->section;
	size_t start = buffer->size;

	put_number(writer, buffer, 0, 4);
	put_number(writer, buffer, 0xffffffff, 4);	/* a CIE, 32-bit DWARF */
	buffer_char(buffer, 3);				/* version */
	buffer_append(buffer, signal ? "S" : "", signal ? 2 : 1);
	buffer_uleb(buffer, 1);				/* code alignment */
	buffer_sleb(buffer, -(int64_t)writer->arch->pointer_size);
	buffer_uleb(buffer, writer->return_column);
	if (writer->code_mask)
		put_pc(writer, &nothing.rules[0]);
	for (unsigned i = 0; writer->arch->gdb_keeps_nothing && i < writer->arch->nr_registers; i++)
		if (writer->arch->kept >> i & 1) {
			buffer_char(buffer, DW_CFA_same_value);
			buffer_uleb(buffer, writer->arch->registers[i].dwarf);
		}
	end_entry(writer, start);
	return start;
}

void frame_writer_start(struct frame_writer *writer, const struct arch *arch, uint64_t code_mask, unsigned return_column)
{
	*writer = (struct frame_writer){ .arch = arch, .code_mask = code_mask, .return_column = return_column };
	writer->cie[0] = put_cie(writer, false);
	writer->cie[1] = put_cie(writer, true);
}

void frame_writer_finish(struct frame_writer *writer)
{
	unsigned word = writer->arch->pointer_size;

	if (!writer->open)
		return;
	writer->open = false;
	end_entry(writer, writer->fde);
	set_number(writer, writer->fde + 8 + word, writer->end - writer->start, word);
}

static void start_fde(struct frame_writer *writer, uint64_t start, bool is_signal)
{
	struct buffer *buffer = &writer->section;
	unsigned word = writer->arch->pointer_size;

	frame_writer_finish(writer);
	writer->open = true;
	writer->nr_fdes++;
	writer->fde = buffer->size;
	writer->start = writer->row_start = start;
	writer->row = nothing;
	writer->is_signal = is_signal;
	put_number(writer, buffer, 0, 4);		/* length, by end_entry */
	put_number(writer, buffer, writer->cie[is_signal], 4);
	put_number(writer, buffer, start, word);
	put_number(writer, buffer, 0, word);		/* size, by frame_writer_finish */
}

void frame_writer_add(struct frame_writer *writer, uint64_t start, uint64_t end, const struct frame_row *row)
{
	/* gdb lets the stack go down behind a signal's frame alone. */
	bool is_signal = row->signal || row->switches;

	if (start >= end)
		return;
	if (!writer->open || writer->end != start || writer->is_signal != is_signal ||
	    start - writer->row_start > UINT32_MAX)
		start_fde(writer, start, is_signal);
	writer->end = end;
	if (same_row(&writer->row, row))
		return;
	if (start != writer->row_start)
		put_advance(writer, start - writer->row_start);
	put_changes(writer, &writer->row, row);
	writer->row_start = start;
	writer->row = *row;
}
